#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counters for a statsd server, under gopassivedns's names, as differences."""
import collections
import socket

import harness


class Statsd(harness.Case):
    def run_with(self, *args, **more):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.setblocking(False)
            port = server.getsockname()[1]
            run = self.dnsloupe("--set", f"statsd.host=localhost:{port}", *args, **more)
            counters, gauges = collections.Counter(), {}
            while True:
                try:
                    datagram = server.recv(65536).decode("ascii")
                except BlockingIOError:
                    return run, counters, gauges
                self.assertLessEqual(len(datagram), 1432)
                for line in datagram.split("\n"):
                    name, value = line.split(":")
                    value, kind = value.split("|")
                    if kind == "c":
                        counters[name] += int(value)
                    else:
                        self.assertEqual(kind, "g")
                        gauges[name] = int(value)

    def test_sums(self):
        """The differences add up to the counters at the end."""
        run, counters, gauges = self.run_with(
            "-r", harness.PCAPS / "resolver.pcap", "-r", harness.PCAPS / "unanswered.pcap",
            "-r", harness.PCAPS / "udp6.pcap",
            "--set", "statsd.interval=1", "-w", "1")
        total, start = run.stats["total"], "gopassivedns.golden."
        self.assertEqual(counters[start + "packets"], total["rx"]["packets"])
        self.assertEqual(counters[start + "packets_ipv6"], total["rx"]["ipv6"])
        self.assertEqual(counters[start + "packets_received"], total["rx"]["packets"])
        self.assertEqual(counters[start + "0.dns_lookups"], total["txn"]["answered"])
        self.assertEqual(counters[start + "cache_entries_dropped"], total["txn"]["no_reply"])
        self.assertEqual(counters[start + "reassembed_tcp"], total["reasm"]["tcp_messages"])
        self.assertEqual(gauges, {start + "0.log_depth": 0, start + "incoming_log_depth": 0})
        self.assertGreater(total["txn"]["answered"], 0)

    def test_versions(self):
        """Packets of IPv6 are counted once, with any number of workers; others are not."""
        for name, share in (("udp6", 1), ("tcp6", 1), ("udp4", 0)):
            for workers in ("1", "3"):
                with self.subTest(name=name, workers=workers):
                    run, counters, _ = self.run_with(
                        "-r", harness.PCAPS / f"{name}.pcap", "-w", workers)
                    start = "gopassivedns.golden."
                    packets = run.stats["total"]["rx"]["packets"]
                    self.assertEqual(counters[start + "packets"], packets)
                    self.assertEqual(counters[start + "packets_ipv6"], packets * share)

    def test_prefix(self):
        """Characters of the syntax do not appear in names."""
        _, counters, _ = self.run_with("-r", harness.PCAPS / "udp4.pcap", "--set",
                                       "statsd.prefix=a:b|c")
        self.assertTrue(all(n.startswith("a_b_c.golden.") for n in counters), counters)
        self.assertTrue(counters)

    def test_nobody_there(self):
        """Without a server the run is the same."""
        want = self.dnsloupe("-r", harness.PCAPS / "udp4.pcap", "-w", "1").out
        run = self.dnsloupe("--set", "statsd.host=127.0.0.1:1", "-r",
                            harness.PCAPS / "udp4.pcap", "-w", "1")
        self.assertEqual(run.out, want)

    def test_refused(self):
        self.refuses(["--set", "statsd.host=[::1", "-r", harness.PCAPS / "udp4.pcap"],
                     "statsd.host", code=2)


if __name__ == "__main__":
    harness.main()
