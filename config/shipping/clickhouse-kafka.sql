-- SPDX-License-Identifier: BSD-3-Clause
-- From Kafka into the table of clickhouse.sql, where a sink sends the native schema to the topic dns.
-- The group may have as many consumers as the topic has partitions.
CREATE TABLE IF NOT EXISTS dns.queue
ENGINE = Kafka
SETTINGS kafka_broker_list = 'localhost:9092',
    kafka_topic_list = 'dns',
    kafka_group_name = 'clickhouse',
    kafka_format = 'JSONEachRow',
    kafka_num_consumers = 1,
    date_time_input_format = 'best_effort',
    input_format_skip_unknown_fields = 1
EMPTY AS SELECT * EXCEPT (inserted) FROM dns.transactions; -- the columns; a queue cannot have defaults

CREATE MATERIALIZED VIEW IF NOT EXISTS dns.feed TO dns.transactions AS
SELECT *, now() AS inserted FROM dns.queue;
