#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Receivers that stop reading under live load: capture continues, other sinks lose nothing, records that do
not fit are dropped or spooled, counted and reported, and the rest arrives in order afterwards.

dnsperf queries nsd between namespaces of the test; skipped unless root."""
import json
import signal
import subprocess
import threading
import time

import harness
import netns
import receivers
from receivers import Mock

WHY_NOT = netns.missing()
STOPPED_S = 10  # at least
LINES = 6000  # and until the file has so many more records, more than fit into the queues
RATE = 1000


class Receiver:
    """One of tests/support/receiver.py."""

    def __init__(self, case, kind):
        self.kind, self.path = kind, case.dir / f"{kind}.jsonl"
        where = str(case.dir / f"{kind}.sock")
        self.sink = {"type": kind, "path": where}
        self.process = subprocess.Popen(
            ["/usr/bin/python3", receivers.SUPPORT / "receiver.py", kind, where, self.path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

        def end():
            self.process.kill()
            self.process.communicate()
        case.addCleanup(end)
        case.assertEqual(self.process.stdout.readline(), b"ready\n")

    def records(self, count):
        """Returns what was received; waits a while for so many."""
        until = time.monotonic() + 60
        while self.path.read_bytes().count(b"\n") < count and time.monotonic() < until:
            time.sleep(0.1)
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]


class KafkaReceiver:
    """librdkafka's mock brokers, whose threads stop with their process."""

    def __init__(self, case):
        self.mock = Mock(case, preexec_fn=lambda: case.net.enter("h"))
        self.process = self.mock.process
        self.sink = {"type": "kafka", "kafka": {"brokers": self.mock.brokers, "topic": "dns"}}

    def records(self, count):
        return [json.loads(line.split("\t", 1)[1]) for line in self.mock.order(f"read {count + 1}")]


class Stopped(receivers.Case):
    def setUp(self):
        super().setUp()
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        self.net = netns.Network(self.dir)
        self.addCleanup(self.net.close)
        self.net.serve()
        # librdkafka resolves nothing if only the loopback interface has an address
        netns.ip("-n", self.net.names["h"], "addr", "add", "10.53.1.1/32", "dev", "lo")
        self.file = self.dir / "beside.jsonl"

    def lines(self):
        return self.file.read_bytes().count(b"\n")

    def load(self):
        """Runs dnsperf. Returns a function that stops it and returns the queries sent."""
        end, sent = threading.Event(), []

        def work():
            while not end.is_set():
                sent.append(self.net.perf(1, RATE)[0])
        thread = threading.Thread(target=work)
        thread.start()

        def stop():
            end.set()
            thread.join()
            return sum(sent)
        self.addCleanup(stop)
        return stop

    def wait_lines(self, process, count):
        until = time.monotonic() + harness.HANG_S
        while self.lines() < count:
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), until, "received records are not written to the file")
            time.sleep(0.1)

    def stopped(self, process, receivers_):
        """Stops all receivers for a while under load. Returns the queries sent, and the lines written
        before the receivers continued."""
        stop_load = self.load()
        self.wait_lines(process, 500)
        for r in receivers_:
            r.process.send_signal(signal.SIGSTOP)
        begin, end = self.lines(), time.monotonic() + STOPPED_S
        self.wait_lines(process, begin + LINES)
        # the other kinds wait a minute for an acknowledgement
        self.said(process, "sink stream is away: ")
        time.sleep(max(0, end - time.monotonic()))
        stalled = self.lines()
        for r in receivers_:
            r.process.send_signal(signal.SIGCONT)
        self.said(process, "sink stream is back after ")
        self.wait_lines(process, stalled + 500)
        return stop_load(), stalled

    def run_with(self, **more):
        """Runs dnsloupe with a file and all receivers. Returns the run, and each receiver with the
        counters of its sink."""
        made = [Receiver(self, "stream"), Receiver(self, "fluentd")]
        if receivers.MOCK.exists():
            made.append(KafkaReceiver(self))
        conf = self.config({"type": "file", "path": str(self.file), "append": False},
                           *({**r.sink, "queue_mb": 1, "drain_ms": 60000, **more} for r in made))
        p = self.start("-c", conf, "-i", "tap0", "--idle", "sleep", stdin=subprocess.DEVNULL,
                       preexec_fn=lambda: self.net.enter("h"))
        self.said(p, "listening on")
        sent, stalled = self.stopped(p, made)
        p.send_signal(signal.SIGINT)
        run = self.finish(p, whole=False)
        run.err = p.text + run.err
        self.assertNotIn("sink file", p.text)
        run.lines_out = [json.loads(line) for line in self.file.read_bytes().splitlines()]
        run.records_out = [r for r in run.lines_out if r["status"] != "loss"]
        sinks = {s["type"]: s for s in run.stats["sinks"]}
        self.check_reception(run, sent, sinks["file"], stalled)
        return run, [(r, sinks[r.sink["type"]]) for r in made]

    def check_reception(self, run, sent, file, stalled):
        """Nothing was dropped before the sinks, and the file has every record."""
        total, port = run.stats["total"], run.stats["input"]["ports"][0]
        # A busy machine may stop the worker until the kernel's ring overflows: a few packets, which
        # are counted.
        self.assertGreaterEqual(total["txn"]["queries"] + port["missed"], sent)
        self.assertGreater(total["txn"]["queries"], sent * 3 // 4)
        self.assertEqual(total["record"]["dropped_full"], 0)
        self.assertEqual(file["written"], total["record"]["made"])
        self.assertEqual(sum(v for k, v in file.items() if k.startswith("dropped_")), 0)
        self.assertEqual(len(run.records_out), total["record"]["made"])
        self.assertGreater(len(run.lines_out), stalled)

    def check_in_order(self, got, want):
        """Checks that got is want with gaps."""
        rest = iter(want)
        for record in got:
            self.assertTrue(any(record == other for other in rest), record)

    def test_dropped(self):
        run, sinks = self.run_with()
        for r, m in sinks:
            with self.subTest(kind=r.sink["type"]):
                got = [x for x in r.records(m["written"]) if x["status"] != "loss"]
                self.assertEqual(len(got), m["written"])
                self.assertGreater(m["dropped_queue"], 0)
                self.assertEqual(m["written"] + m["dropped_queue"], m["taken"])
                if r.sink["type"] == "kafka":  # which keeps order within a partition
                    text = {json.dumps(x, sort_keys=True) for x in run.lines_out}
                    self.assertEqual(len({json.dumps(x, sort_keys=True) for x in got} & text),
                                     len(got))
                else:
                    self.check_in_order(got, run.records_out)
                # the sink wrote to the end: the last records arrived after the stop
                self.assertIn(run.records_out[-1], got)
        dropped = sum(m["dropped_queue"] for _, m in sinks)
        self.assertIn(f"{dropped} records because the queue of a sink was full", run.err)
        loss = [x for x in run.lines_out if x["status"] == "loss"]
        self.assertEqual(sum(x["sinks"] for x in loss[1::2]), dropped)

    def test_spooled(self):
        spool = self.dir / "spool"
        spool.mkdir()
        # A queue with space for a second of records: a busy machine may not run a sink's thread for
        # so long, and what the queue cannot take is dropped, not spooled.
        run, sinks = self.run_with(spool_dir=str(spool), queue_mb=2)
        for r, m in sinks:
            with self.subTest(kind=r.sink["type"]):
                got = r.records(m["written"])
                self.assertEqual(m["written"], m["taken"])
                self.assertGreater(m["spooled"], 0)
                self.assertEqual(m["spool_left"], 0)
                if r.sink["type"] == "kafka":
                    key = lambda x: json.dumps(x, sort_keys=True)
                    got, want = sorted(got, key=key), sorted(run.records_out, key=key)
                else:
                    want = run.records_out
                self.assertEqual(len(got), len(want))
                for one, other in zip(got, want):
                    self.assertEqual(one, other)
        self.assertNotIn("was full", run.err)
        self.assertRegex(run.err, r"sink stream is back after [\d.]+ s: "
                         r"[1-9]\d* records were spooled, 0 dropped")
        self.assertEqual([x for x in run.lines_out if x["status"] == "loss"], [])


if __name__ == "__main__":
    harness.main()
