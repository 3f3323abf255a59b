#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Capture on interfaces between namespaces of the test, where dnsperf queries nsd: the log must have what
dnsperf counts. Skipped unless root."""
import json
import pathlib
import signal
import struct
import subprocess
import threading
import time
import unittest

import capture
import harness
import netns

WHY_NOT = netns.missing()


class Live(harness.Case):
    network = None

    def setUp(self):
        super().setUp()
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        self.net = netns.Network(self.dir)
        self.addCleanup(self.net.close)
        self.out = self.dir / "out.jsonl"

    def listen(self, *args, role="h", out=None, **more):
        """Starts dnsloupe in the hub's namespace and waits until it listens."""
        p = self.start(*args, "-o", out or self.out, "--idle", "sleep", stdin=subprocess.DEVNULL,
                       preexec_fn=lambda: self.net.enter(role), **more)
        self.said(p, "listening on")
        return p

    def stop(self, process, code=0):
        process.send_signal(signal.SIGINT)
        run = self.finish(process, code=code, whole=False)
        run.records_out = [json.loads(line) for line in self.out.read_bytes().splitlines()]
        return run

    def settled(self, process, count):
        """Waits until the output has so many records, or for a limited time."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.out.exists() and self.out.read_bytes().count(b"\n") >= count:
                return
            self.assertIsNone(process.poll())
            time.sleep(0.1)

    def nothing_lost(self, run):
        rx, ports = run.stats["total"]["rx"], run.stats["input"]["ports"]
        self.assertEqual(sum(p["missed"] + p["no_mbuf"] for p in ports), 0)
        self.assertEqual(rx["handoff_lost"], 0)
        self.assertEqual(run.stats["total"]["record"]["dropped_full"], 0)
        self.assertEqual(sum(p["packets"] for p in ports), rx["packets"])

    def complete(self, *args, rate=1000, queries=(), pause=False, **more):
        """Compares the log with the counts of dnsperf. pause: stops the program for a moment."""
        p = self.listen(*args, **more)
        stops = [threading.Timer(at, p.send_signal, [number]) for at, number in (
            (0.6, signal.SIGSTOP), (1, signal.SIGCONT)) if pause]
        for timer in stops:
            timer.start()
        sent, completed, latency = self.net.perf(2, rate, **dict(queries))
        for timer in stops:
            timer.join()
        self.assertGreater(completed, 0)
        self.settled(p, sent)
        run = self.stop(p)
        self.nothing_lost(run)
        asked = [r for r in run.records_out if r["qname"].endswith(".example.com")]
        answered = [r for r in asked if r["status"] == "answered"]
        self.assertEqual(len(asked), sent)
        self.assertEqual(len(answered), completed)
        self.assertEqual({r["status"] for r in asked} - {"answered", "no_reply"}, set())
        # The tap is between client and server, so latencies are less than those of dnsperf, whose
        # figure is a mean; ours varies with the scheduling of the thread.
        ours = sum(r["latency_us"] for r in answered) / len(answered)
        self.assertGreaterEqual(min(r["latency_us"] for r in answered), 0)
        self.assertLess(ours, latency + (500000 if pause else 20000))
        return run

    def test_af_packet(self):
        self.net.serve()
        self.complete("-i", "tap0")

    def test_unanswered(self):
        """Queries that the server drops are recorded, too."""
        self.net.serve(ratelimit=50)
        run = self.complete("-i", "tap0", "--timeout", "1000", rate=500)
        self.assertGreater(run.stats["total"]["txn"]["no_reply"], 0)

    @unittest.skipUnless(netns.has_xdp(), "the kernel has no XDP sockets")
    def test_af_xdp(self):
        # Of libxdp 1.3's xsk_umem__create() 80 octets are left when its port is closed.
        options = harness.ENV.get("ASAN_OPTIONS", "")
        self.addCleanup(harness.ENV.__setitem__, "ASAN_OPTIONS", options)
        harness.ENV["ASAN_OPTIONS"] = options + ":detect_leaks=0"
        self.net.serve()
        self.complete("-d", "net_af_xdp0,iface=tap0")

    def test_queues(self):
        """Several queues (the kernel's fan-out) and workers; many clients."""
        self.net.serve()
        run = self.complete("-i", "tap0", "-w", "3", queries={"c": 8, "T": 1})
        self.assertEqual(run.stats["input"]["ports"][0]["queues"], 3)

    def test_clients(self):
        """Conversations are spread over workers, and each has one owner."""
        self.net.serve()
        p = self.listen("-i", "tap0", "-w", "4")
        for address in netns.CLIENTS:
            self.net.ask("a.example.com", address)
        self.settled(p, len(netns.CLIENTS))
        run = self.stop(p)
        self.assertEqual([r["status"] for r in run.records_out], ["answered"] * len(netns.CLIENTS))
        self.assertGreater(sum(w["txn"]["opened"] > 0 for w in run.stats["workers"]), 1)

    def test_several_inputs(self):
        """An interface and a device at once, at both ends of a veth pair."""
        self.net.serve()
        p = self.listen("-i", "tap0", "-i", "pc")
        self.net.ask("a.example.com")
        self.settled(p, 1)
        run = self.stop(p)
        self.assertEqual(len(run.stats["input"]["ports"]), 2)
        self.assertEqual(sum(q["packets"] > 0 for q in run.stats["input"]["ports"]), 2)

    @unittest.skipUnless(netns.has_mirror(), "the kernel does not mirror packets")
    def test_two_fibres(self):
        """Queries arrive on one interface, replies on another that is polled first. The program stops
        for a moment, so that many replies are processed before their queries."""
        self.net.fibres()
        self.net.serve()
        for workers in (1, 2, 3):
            with self.subTest(workers):
                self.out = self.dir / f"out{workers}.jsonl"
                run = self.complete("-i", "tapr", "-i", "tapq", "-w", workers, "--set",
                                    "txn.reorder_ms=60000", pause=True, queries={"c": 4, "T": 1})
                self.assertEqual(sum(q["packets"] > 0 for q in run.stats["input"]["ports"]), 2)
                self.assertEqual(run.stats["total"]["txn"]["no_query"], 0)
                early = run.stats["total"]["txn"]["early"]
                print(f"# {workers} workers: {early} replies before their queries")

    def conversation(self, ident, *order):
        """Sends a query ("q") and its reply ("r") to their interfaces, in this order."""
        client, server = ("10.54.0.1", 4711), ("10.54.0.2", 53)
        for side in order:
            ends, flags = ((client, server), b"\x01\x00") if side == "q" else \
                ((server, client), b"\x81\x80")
            message = struct.pack(">H", ident) + flags + b"\x00\x01" + bytes(6) + \
                b"\x01v\x00\x00\x01\x00\x01"
            self.net.inject("h", "out" + side, capture.udp(0, *ends[0], *ends[1], message).data)

    @unittest.skipUnless(netns.has_mirror(), "the kernel does not mirror packets")
    def test_fibres_in_turn(self):
        """A reply that is processed first can answer the query if the query's queue was not polled in
        between, and cannot if it was."""
        self.net.fibres()
        for workers in (1, 2):
            with self.subTest(workers):
                self.out = self.dir / f"turn{workers}.jsonl"
                p = self.listen("-i", "tapr", "-i", "tapq", "-w", workers, "--set",
                                "txn.reorder_ms=60000")
                p.send_signal(signal.SIGSTOP)
                while "(dnsloupe) T" not in pathlib.Path(f"/proc/{p.pid}/stat").read_text():
                    time.sleep(0.01)
                self.conversation(1, *"rq")
                p.send_signal(signal.SIGCONT)
                self.settled(p, 1)
                self.conversation(2, "r")
                for ident in (3, 4):
                    self.conversation(ident, *"qr")
                    self.settled(p, ident - 1)
                self.conversation(2, "q")
                self.conversation(5, *"qr")
                self.settled(p, 4)
                run = self.stop(p)
                self.assertEqual(sorted((r["id"], r["status"]) for r in run.records_out), [
                    (1, "answered"), (2, "no_query"), (2, "no_reply"), (3, "answered"),
                    (4, "answered"), (5, "answered")])
                for record in run.records_out:
                    self.assertGreaterEqual(record.get("latency_us", 0), 0)

    def test_timeout_in_silence(self):
        """A query without a reply expires on a silent network."""
        p = self.listen("-i", "tap0", "--timeout", "200", "--set", "txn.reorder_ms=100")
        self.net.ask("silence.example.com", port=5353)
        self.settled(p, 1)
        run = self.stop(p)
        record = [r for r in run.records_out if r["qname"] == "silence.example.com"][0]
        self.assertEqual(record["status"], "no_reply")
        self.assertNotIn("latency_us", record)

    def test_vlan(self):
        """The kernel removes VLAN tags from frames; the record has them."""
        p = self.listen("-i", "tap0")
        query = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x01v\x00\x00\x01\x00\x01"
        frame = bytearray(capture.udp(0, "10.54.0.1", 4711, "10.54.0.2", 53, query).data)
        frame[12:12] = b"\x81\x00\x00\x07"
        self.net.inject("c", "eth0", frame)
        time.sleep(0.5)
        run = self.stop(p)
        self.assertEqual([r["vlan"] for r in run.records_out if r["qname"] == "v"], [[7]])

    def test_down_and_up(self):
        self.net.serve()
        p = self.listen("-i", "tap0")
        self.net.ask("before.example.com")
        self.settled(p, 1)
        netns.ip("-n", self.net.names["h"], "link", "set", "tap0", "down")
        self.said(p, "tap0: the link is down")
        netns.ip("-n", self.net.names["h"], "link", "set", "tap0", "up")
        self.said(p, "tap0: the link is up again")
        self.net.ask("after.example.com")
        self.settled(p, 2)
        run = self.stop(p)
        self.assertEqual([r["qname"] for r in run.records_out],
                         ["before.example.com", "after.example.com"])

    def test_gone(self):
        """The only interface is deleted: the run fails after writing all records."""
        self.net.serve()
        p = self.listen("-i", "tap0")
        self.net.ask("before.example.com")
        self.settled(p, 1)
        netns.ip("-n", self.net.names["h"], "link", "del", "tap0")
        text = self.said(p, "nothing left to listen on")
        self.assertIn("tap0 is gone", text)
        run = self.finish(p, code=1, whole=False)
        self.assertEqual(run.stats["total"]["txn"]["answered"], 1)

    def test_promiscuous_mode_ends(self):
        """The interface is unchanged afterwards."""
        flags = lambda: int(subprocess.run(
            self.net.inside("h", "cat", "/sys/class/net/tap0/flags"), check=True,
            stdout=subprocess.PIPE).stdout, 16) & 0x100
        p = self.listen("-i", "tap0")
        self.assertTrue(flags())
        self.stop(p)
        self.assertFalse(flags())

    @unittest.skipUnless(netns.has_xdp(), "the kernel has no XDP sockets")
    def test_busy(self):
        self.listen("-d", "net_af_xdp0,iface=tap0")
        second = self.start("-d", "net_af_xdp0,iface=tap0", "-o", "/dev/null",
                            preexec_fn=lambda: self.net.enter("h"))
        run = self.finish(second, code=1)
        self.assertIn("net_af_xdp0,iface=tap0", run.errors[-1])

    def test_stalled_reader(self):
        """The output is not read for ten seconds under load: no packet is missed; records that do not
        fit are dropped, counted, and reported in the output."""
        self.net.serve()
        conf = self.dir / "conf.json"
        conf.write_text('{"sinks": [{"type": "stdout", "queue_mb": 1}]}')
        p = self.start("-i", "tap0", "--idle", "sleep", "-c", conf,
                       stdin=subprocess.DEVNULL, preexec_fn=lambda: self.net.enter("h"))
        self.said(p, "listening on")
        sent, _, _ = self.net.perf(10, 1000)
        # it reports the loss, and a second later its end
        out = b""
        while b'"loss":"ends"' not in out:
            out += b"".join(self.read_lines(p.stdout, 1))
        p.send_signal(signal.SIGTERM)
        run = self.finish(p, whole=False)
        lines = [json.loads(x) for x in (out + run.out).splitlines()]
        stats, port = run.stats["total"], run.stats["input"]["ports"][0]
        # A busy machine may stop the worker until the kernel's ring overflows: a few packets, which
        # are counted.
        self.assertGreaterEqual(stats["txn"]["queries"] + port["missed"], sent)
        self.assertGreater(stats["txn"]["queries"], sent * 3 // 4)
        self.assertEqual(stats["record"]["dropped_full"], 0)
        dropped = run.stats["sinks"][0]["dropped_queue"]
        self.assertGreater(dropped, 0)
        loss = [x for x in lines if x["status"] == "loss"]
        self.assertEqual([x["loss"] for x in loss[:2]], ["begins", "ends"])
        self.assertEqual(sum(x["sinks"] for x in loss[1::2]), dropped)
        self.assertEqual(len(lines) - len(loss), stats["record"]["made"] - dropped)
        self.assertIn(f"{dropped} records because the queue of a sink was full", run.err)

    def test_missed(self):
        """The program is stopped for a second: packets that the kernel drops are counted."""
        self.net.serve()
        p = self.listen("-i", "tap0")
        p.send_signal(signal.SIGSTOP)
        sent, completed, _ = self.net.perf(1, 8000)
        p.send_signal(signal.SIGCONT)
        time.sleep(1)
        run = self.stop(p)
        port = run.stats["input"]["ports"][0]
        self.assertGreater(port["missed"], 0)
        self.assertGreaterEqual(port["missed"] + port["packets"], sent + completed)
        self.assertIn(f"{port['missed']} packets missed by the device", run.err)
        self.assertIn("loss", {r["status"] for r in run.records_out})

    def test_second_signal(self):
        """The output blocks: the second signal ends the run at once, with a report of what is pending."""
        self.net.serve()
        p = self.start("-i", "tap0", "--idle", "sleep", stdin=subprocess.DEVNULL,
                       preexec_fn=lambda: self.net.enter("h"))
        self.said(p, "listening on")
        self.net.perf(1, 4000)
        p.send_signal(signal.SIGINT)
        self.said(p, "stopping")
        time.sleep(1.5)  # within a second it would count as the same signal
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(timeout=harness.HANG_S), 1)
        self.said(p, "stopped at once by a second signal: of")


if __name__ == "__main__":
    harness.main()
