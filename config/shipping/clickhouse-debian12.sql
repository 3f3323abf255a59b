-- SPDX-License-Identifier: BSD-3-Clause
-- Tables for the ClickHouse server of Debian 12 (18.16). It cannot read lists of objects, so answers
-- use the gopassivedns schema, one row each; transactions the native schema without sections.
CREATE DATABASE IF NOT EXISTS dns;

-- A sink {"schema": "native", "sections": "none"}. Members without a column are skipped with
-- --input_format_skip_unknown_fields=1.
CREATE TABLE IF NOT EXISTS dns.transactions
(
    ts String,
    time DateTime MATERIALIZED parseDateTimeBestEffort(substring(ts, 1, 19)),
    day Date MATERIALIZED toDate(time),
    sensor String,
    status String,
    proto String,
    client String,
    client_port UInt16,
    server String,
    server_port UInt16,
    id UInt16,
    opcode String,
    qname String,
    qtype String,
    qclass String,
    rcode String,
    flags Array(String),
    query_flags Array(String),
    latency_us Float64,
    tcp_rtt_us Float64,
    retries UInt32,
    query_bytes UInt32,
    reply_bytes UInt32,
    error String,
    error_in String
)
ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, qname, client, time);

-- A sink {"schema": "gopassivedns"}.
CREATE TABLE IF NOT EXISTS dns.answers
(
    query_id UInt16,
    rcode UInt16,
    q String,
    qtype String,
    a String,
    atype String,
    ttl UInt32,
    dst String,
    src String,
    tstamp String,
    time DateTime DEFAULT parseDateTimeBestEffort(substring(tstamp, 1, 19)),
    day Date DEFAULT toDate(parseDateTimeBestEffort(substring(tstamp, 1, 19))),
    elapsed Int64,
    sport String,
    level String,
    bytes UInt32,
    protocol String,
    truncated UInt8,
    aa UInt8,
    rd UInt8,
    ra UInt8
)
ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, q, a, time);

-- From Kafka, where a sink sends the gopassivedns schema to the topic dns-answers. A group starts with the
-- messages that arrive after it joined, unless config.xml has
--   <kafka><auto_offset_reset>earliest</auto_offset_reset></kafka>
CREATE TABLE IF NOT EXISTS dns.answers_queue
(
    query_id UInt16, rcode UInt16, q String, qtype String, a String, atype String, ttl UInt32,
    dst String, src String, tstamp String, elapsed Int64, sport String, level String, bytes UInt32,
    protocol String, truncated UInt8, aa UInt8, rd UInt8, ra UInt8
)
ENGINE = Kafka('localhost:9092', 'dns-answers', 'clickhouse', 'JSONEachRow');

CREATE MATERIALIZED VIEW IF NOT EXISTS dns.answers_feed TO dns.answers AS
SELECT query_id, rcode, q, qtype, a, atype, ttl, dst, src, tstamp,
    parseDateTimeBestEffort(substring(tstamp, 1, 19)) AS time, toDate(time) AS day, -- a view does not set defaults
    elapsed, sport, level, bytes, protocol, truncated, aa, rd, ra
FROM dns.answers_queue;
