#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sink kafka against librdkafka's mock brokers in a process of their own
(tests/support/kafka_mock.c), which fail on command."""
import json
import sys
import time

import harness
import receivers
from receivers import Mock

if not receivers.MOCK.exists():
    print("1..0 # SKIP this build has no librdkafka")
    sys.exit(0)


class Kafka(receivers.Case):
    def sink(self, mock, properties=None, **more):
        return {"type": "kafka", "kafka": {"brokers": mock.brokers, "topic": "dns",
                                           "properties": properties or {}}, **more}

    def check_read(self, mock, count, most=None):
        """Checks that every document is in the topic, and at most so many twice."""
        # one more than there should be, so that reading continues until nothing arrives
        got = mock.order(f"read {count + 1 if most is None else 10**9}")
        values = [line.split("\t", 1)[1] for line in got]
        serials = [receivers.serial_of(v) for v in values]
        json.loads(values[0])
        if most is None:
            self.check_all_once(serials, count)
        else:
            self.assertEqual(set(serials), set(range(count)))
            self.assertLessEqual(len(serials), most)
        return got


class Forms(Kafka):
    def test_values(self):
        """Each value is one JSON document, the line that a file would hold, without its newline."""
        mock = Mock(self)
        capture = harness.PCAPS / "resolver.pcap"
        want = self.dnsloupe("-r", capture, "-w", "1").out.decode().splitlines()
        self.dnsloupe("-c", self.config(self.sink(mock)), "-r", capture, "-w", "1")
        got = [line.split("\t", 1) for line in mock.order(f"read {len(want)}")]
        self.assertEqual(sorted(v for _, v in got), sorted(want))
        self.assertEqual({k for k, _ in got}, {""})

    def test_keys(self):
        """A key, client or queried name, always has the same partition."""
        for key, member in (("client", "client"), ("qname", "qname")):
            with self.subTest(key=key):
                mock = Mock(self)
                capture = harness.PCAPS / "resolver.pcap"
                want = self.dnsloupe("-r", capture, "-w", "1").records
                self.dnsloupe("-c", self.config(self.sink(mock, key=key)), "-r", capture,
                              "-w", "1")
                got = [line.split("\t", 1) for line in mock.order(f"read {len(want)}")]
                self.assertEqual(len(got), len(want))
                for k, v in got:
                    self.assertEqual(k, json.loads(v)[member])

    def test_avro(self):
        """gopassivedns's Avro form as values."""
        mock = Mock(self)
        self.dnsloupe("-c", self.config(
            self.sink(mock, schema="gopassivedns", encoding="avro")), "-r",
            harness.PCAPS / "udp4.pcap", "-w", "1")
        mock.process.stdin.write(b"read 1\n")
        mock.process.stdin.flush()
        octets = mock.process.stdout.readline()
        self.assertTrue(octets.startswith(b"\t\xc3\x01"), octets[:20])

    def test_properties(self):
        """Compression and any other property are librdkafka's."""
        for codec in ("none", "gzip", "snappy", "lz4"):
            with self.subTest(codec=codec):
                mock = Mock(self)
                # a mock broker stores 5 MiB of a partition
                m, err = self.load(self.sink(mock, {"compression.codec": codec}), 5000)
                self.check_read(mock, 5000)
                self.assertEqual((m["written"], err), (5000, ""))

    def test_refused(self):
        rows = (({}, "kafka.brokers: is missing"), ({"brokers": "a:1"}, "kafka.topic: is missing"),
                ({"properties": {"nonsense": "1"}},
                 "kafka.properties.nonsense: No such configuration property"),
                ({"properties": {"linger.ms": "x"}}, "kafka.properties.linger.ms: Invalid value"),
                # librdkafka reports an alias; the message must also have the configured name
                ({"properties": {"linger.ms": "-5"}},
                 "kafka.properties.linger.ms: Configuration property \"queue.buffering.max.ms\" value"),
                ({"properties": {"linger.ms": 5}}, "kafka.properties: \"linger.ms\" got a number"),
                ({"properties": {"bootstrap.servers": "x"}},
                 "kafka.properties.bootstrap.servers: set the key kafka.brokers instead"))
        for keys, word in rows:
            with self.subTest(word=word):
                if "properties" in keys:
                    keys = {"brokers": "a:1", "topic": "t", **keys}
                self.refuses_sink({"type": "kafka", "kafka": keys}, word)


class Faults(Kafka):
    # Some 3 MiB compressed: a mock broker deletes the oldest batches of a partition of more than 5 MiB, and
    # the producer may choose one partition for most of them.
    COUNT = 40000

    def test_brokers_restart(self):
        """Each of three brokers stops and restarts: every value arrives once."""
        mock = Mock(self, 3)
        load = self.start_load(self.sink(mock), self.COUNT, "-r", "50000")
        time.sleep(0.5)
        mock.all("down")
        time.sleep(1.5)
        mock.all("up")
        m, err = self.end_load(load)
        self.check_read(mock, self.COUNT)
        self.assertEqual(m["written"], self.COUNT)
        self.assertIn("is away", err)
        self.assertIn("is back", err)

    def test_away_at_first(self):
        mock = Mock(self)
        mock.all("down")
        load = self.start_load(self.sink(mock), 20000)
        line = load.stderr.readline().decode()
        self.assertIn("refused", line)
        mock.all("up")
        self.end_load(load)
        self.check_read(mock, 20000)

    def test_errors_that_pass(self):
        """Timed out, no leader, not enough replicas, not authorized for a while: all is sent again.

        One request at a time: a mock broker accepts a later request of a partition after it failed
        the first, which a broker that checks sequences would not. From that success librdkafka
        concludes that the first, timed out, was stored, too (its log: "implicitly acked by
        subsequent batch success")."""
        for code in (7, 6, 19, 29):
            with self.subTest(code=code):
                mock = Mock(self)
                mock.order(f"errors {code} 4")
                one = {"max.in.flight.requests.per.connection": "1"}
                m, _ = self.load(self.sink(mock, one), self.COUNT)
                self.check_read(mock, self.COUNT)
                self.assertEqual(m["written"], self.COUNT)

    def test_fatal(self):
        """An error that ends an idempotent producer: the sink starts a new one. What was in flight may
        arrive twice."""
        mock = Mock(self)
        mock.order("errors 45 1")  # OUT_OF_ORDER_SEQUENCE_NUMBER
        m, _ = self.load(self.sink(mock), self.COUNT)
        self.check_read(mock, self.COUNT, most=self.COUNT + 20000)
        self.assertEqual(m["written"], self.COUNT)

    def test_slow(self):
        mock = Mock(self)
        mock.order("rtt 1 300")
        m, err = self.load(self.sink(mock), 30000)
        self.check_read(mock, 30000)
        self.assertEqual((m["written"], m["outages"], err), (30000, 0, ""))

    def test_spool(self):
        """Live, the brokers never return: the spool holds all, and the next run delivers it."""
        mock = Mock(self)
        mock.all("down")
        spool = self.dir / "spool"
        spool.mkdir()
        sink = self.sink(mock, spool_dir=str(spool), drain_ms=500)
        m, _ = self.load(sink, 20000, "-l", "-r", "20000")
        self.assertEqual((m["written"], m["spool_left"]), (0, 20000), m)
        mock.all("up")
        sink["drain_ms"] = 60000
        m, _ = self.load(sink, 1000, "-n", "20000")
        self.check_read(mock, 21000)
        self.assertEqual((m["spool_found"], m["spool_left"]), (20000, 0))

    def test_stopped_live(self):
        """Live and without a spool, what does not fit is dropped and counted."""
        mock = Mock(self)
        mock.all("down")
        m, _ = self.load(self.sink(mock, queue_mb=1, drain_ms=300), self.COUNT, "-l", good=False)
        self.assertEqual(m["written"], 0)
        self.assertEqual(m["dropped_queue"] + m["dropped_end"], self.COUNT)


if __name__ == "__main__":
    harness.main()
