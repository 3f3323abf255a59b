-- SPDX-License-Identifier: BSD-3-Clause
-- Tables for a current ClickHouse server (25 and later). Insert lines unchanged:
--   clickhouse-client --date_time_input_format=best_effort \
--       --query 'INSERT INTO dns.transactions FORMAT JSONEachRow' < dns.jsonl
-- Every member of the native schema is a column; a missing member is empty, or NULL where zero would be a
-- value. Addresses are text, as in the lines, so that IPv4 is shown as IPv4; to select a network:
-- isIPAddressInRange(client, '192.0.2.0/24').
CREATE DATABASE IF NOT EXISTS dns;

CREATE TABLE IF NOT EXISTS dns.transactions
(
    ts DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD),
    inserted DateTime('UTC') DEFAULT now() CODEC(DoubleDelta, ZSTD),
    sensor LowCardinality(String),
    status LowCardinality(String),
    proto LowCardinality(String),
    client String CODEC(ZSTD),
    client_port UInt16,
    server LowCardinality(String),
    server_port UInt16,
    group_query Bool,
    client_mac LowCardinality(String),
    server_mac LowCardinality(String),
    vlan Array(UInt16),
    tunnel Tuple(type LowCardinality(String), id Nullable(UInt64), src String, dst String),
    transport LowCardinality(String),
    sni String CODEC(ZSTD),
    id UInt16,
    opcode LowCardinality(String),
    qname String CODEC(ZSTD),
    qname_unicode String CODEC(ZSTD),
    qtype LowCardinality(String),
    qclass LowCardinality(String),
    unicast Bool,
    questions Array(Tuple(name String, type String, class String, unicast Bool)),
    rcode LowCardinality(String),
    flags Array(LowCardinality(String)),
    query_flags Array(LowCardinality(String)),
    latency_us Nullable(Float64),
    evicted Bool,
    tcp_rtt_us Nullable(Float64),
    retries UInt32,
    query_bytes UInt32,
    reply_bytes UInt32,
    bad_checksum Bool,
    ambiguous Array(LowCardinality(String)),
    transfer Tuple(messages UInt32, records UInt64, octets UInt64, serial Nullable(UInt32),
        duration_us Nullable(Float64), incomplete Bool),
    answers Array(Tuple(name String, type LowCardinality(String), class LowCardinality(String), ttl UInt32,
        flush Bool, data String)),
    authority Array(Tuple(name String, type LowCardinality(String), class LowCardinality(String), ttl UInt32,
        flush Bool, data String)),
    additional Array(Tuple(name String, type LowCardinality(String), class LowCardinality(String), ttl UInt32,
        flush Bool, data String)),
    dso Array(Tuple(type String, data String)),
    edns Tuple(version UInt8, udp UInt16, `do` Bool, ecs String, cookie String, nsid String,
        ede Array(Tuple(code UInt16, text String)), keepalive UInt16, padding UInt32,
        options Array(Tuple(code UInt16, name String, value String, data String))),
    query_edns Tuple(version UInt8, udp UInt16, `do` Bool, ecs String, cookie String, nsid String,
        ede Array(Tuple(code UInt16, text String)), keepalive UInt16, padding UInt32,
        options Array(Tuple(code UInt16, name String, value String, data String))),
    shed Array(LowCardinality(String)),
    omitted Tuple(questions UInt16, answers UInt16, authority UInt16, additional UInt16),
    error LowCardinality(String),
    error_in LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (toStartOfHour(ts), qname, client)
-- By the time of the insert, not of the packets: a capture of last year is kept for 90 days, too.
TTL inserted + INTERVAL 90 DAY
SETTINGS index_granularity = 8192;

-- Answers by client, once an hour: small, and kept for ever.
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
SELECT toStartOfHour(toDateTime(ts, 'UTC')) AS hour, rr.name AS name, rr.type AS type, rr.data AS data,
    count() AS times, min(ts) AS first, max(ts) AS last
FROM dns.transactions ARRAY JOIN answers AS rr
GROUP BY hour, name, type, data;
