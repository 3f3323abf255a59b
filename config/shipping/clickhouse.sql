-- SPDX-License-Identifier: BSD-3-Clause
-- Tables for a ClickHouse server of today (24 and later). Lines go in as they are:
--   clickhouse-client --query 'INSERT INTO dns.transactions FORMAT JSONEachRow' < dns.jsonl
CREATE DATABASE IF NOT EXISTS dns;

CREATE TABLE IF NOT EXISTS dns.transactions
(
    ts DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD),
    sensor LowCardinality(String),
    status LowCardinality(String),
    proto LowCardinality(String),
    client IPv6,
    client_port UInt16,
    server IPv6,
    server_port UInt16,
    vlan Array(UInt16),
    transport LowCardinality(String),
    sni String CODEC(ZSTD),
    id UInt16,
    opcode LowCardinality(String),
    qname String CODEC(ZSTD),
    qtype LowCardinality(String),
    qclass LowCardinality(String),
    rcode LowCardinality(String),
    flags Array(LowCardinality(String)),
    query_flags Array(LowCardinality(String)),
    latency_us Nullable(Float64),
    tcp_rtt_us Nullable(Float64),
    retries UInt32,
    query_bytes UInt32,
    reply_bytes UInt32,
    answers Array(Tuple(name String, type String, ttl UInt32, data String)),
    authority Array(Tuple(name String, type String, ttl UInt32, data String)),
    additional Array(Tuple(name String, type String, ttl UInt32, data String)),
    error LowCardinality(String),
    error_in LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (toStartOfHour(ts), qname, client)
TTL toDateTime(ts) + INTERVAL 90 DAY
SETTINGS index_granularity = 8192;

-- Who was told what, once an hour: small, and for ever.
CREATE TABLE IF NOT EXISTS dns.names
(
    hour DateTime('UTC'),
    name String,
    type LowCardinality(String),
    data String,
    times SimpleAggregateFunction(sum, UInt64),
    first SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    last SimpleAggregateFunction(max, DateTime64(9, 'UTC'))
)
ENGINE = AggregatingMergeTree ORDER BY (name, type, data, hour);

CREATE MATERIALIZED VIEW IF NOT EXISTS dns.names_feed TO dns.names AS
SELECT toStartOfHour(toDateTime(ts, 'UTC')) AS hour, rr.1 AS name, rr.2 AS type, rr.4 AS data,
    count() AS times, min(ts) AS first, max(ts) AS last
FROM dns.transactions ARRAY JOIN answers AS rr
GROUP BY hour, name, type, data;
