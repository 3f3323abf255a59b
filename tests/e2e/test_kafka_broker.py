#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sink kafka against a real broker, Apache Kafka (kafka_broker.py): mock brokers do
not check sequence numbers."""
import json
import sys
import time

import harness
import kafka_broker
import receivers

if kafka_broker.missing():
    print(f"1..0 # SKIP {kafka_broker.missing()}")
    sys.exit(0)


class Kafka(receivers.Case):
    def sink(self, broker, properties=None, **more):
        return {"type": "kafka", "kafka": {"brokers": broker.brokers, "topic": "dns",
                                           "properties": properties or {}}, **more}

    def values(self, broker, count):
        """Reads all values of the topic, until nothing arrives."""
        lines = kafka_broker.Reader(self, broker).order(f"read {count + 1}")
        return [line.split("\t", 1) for line in lines]

    def check_all(self, broker, count):
        self.check_all_once([receivers.serial_of(v) for _, v in self.values(broker, count)], count)

    def test_forms(self):
        """Values are the lines of a file, keys the clients, whatever the compression."""
        broker = kafka_broker.Broker(self)
        capture = harness.PCAPS / "resolver.pcap"
        want = []
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            want += self.dnsloupe("-r", capture, "-w", "1").out.decode().splitlines()
            self.dnsloupe("-r", capture, "-w", "1", "-c", self.config(
                self.sink(broker, {"compression.codec": codec}, key="client")))
        got = self.values(broker, len(want))
        self.assertEqual(sorted(v for _, v in got), sorted(want))
        for key, value in got:
            self.assertEqual(key, json.loads(value)["client"])

    def test_killed(self):
        """kill -9 in mid-stream, twice, with several requests in flight: every value arrives once."""
        broker = kafka_broker.Broker(self)
        load = self.start_load(self.sink(broker, drain_ms=200000), 400000, "-r", "40000")
        for pause in (2, 1):
            time.sleep(pause)
            broker.kill()
            time.sleep(1)
            broker.start()
        m, err = self.end_load(load)
        self.assertIn("is away", err)
        self.assertIn("is back", err)
        self.assertEqual(m["written"], 400000)
        self.check_all(broker, 400000)

    def test_spool(self):
        """Live, the broker is down until the queue is full: the spool stores the rest and delivers it."""
        broker = kafka_broker.Broker(self)
        (self.dir / "spool").mkdir()
        sink = self.sink(broker, queue_mb=4, spool_dir=str(self.dir / "spool"), drain_ms=200000)
        load = self.start_load(sink, 300000, "-l", "-r", "30000")
        time.sleep(2)
        broker.kill()
        time.sleep(3)
        broker.start()
        m, _ = self.end_load(load)
        self.assertGreater(m["spooled"], 0)
        self.assertEqual((m["written"], m["spool_left"]), (300000, 0))
        self.check_all(broker, 300000)


if __name__ == "__main__":
    harness.main()
