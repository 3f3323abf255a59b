#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""filter.bpf accepts the packets that tcpdump accepts, on every link type, with any number of workers,
and counts the others."""
import shutil
import subprocess
import unittest

import capture
import harness

# together they use every load and operation that libpcap's compiler generates
EXPRESSIONS = [
    "udp and src net 2001:db8::/32", "net 192.0.2.0/28 and ip[8] > 63", "not port 53",
    "(ip or ip6) and udp dst port 53 and not host 198.51.100.10", "vlan 20 or (vlan and udp)",
    "udp[10] & 0x80 != 0", "udp[2:2] = 53", "udp[8:4] & 0xffff != 0 and udp[4:2] > 40",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "ip[6:2] & 0x1fff = 0 and less 200",
    "(ip[2:2] - ((ip[0] & 0xf) << 2)) / 2 * 3 > 60", "tcp[12] >> 4 > 5 or udp[len - 40] % 3 = 1",
    "greater 120 and (ip proto 47 or udp portrange 1-1023)", "ip[12:4] = ip[16:4] or ip[15] ^ 1 != 4"]


def accepted(path, expression):
    """Returns how many packets of a capture tcpdump accepts; None if it refuses the filter."""
    done = subprocess.run(["tcpdump", "-r", str(path), "-w", "-", expression],
                          capture_output=True, check=False, timeout=harness.HANG_S)
    if done.returncode:
        return None
    data, n, at = done.stdout, 0, 24
    while at < len(data):
        at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
        n += 1
    return n


@unittest.skipUnless(shutil.which("tcpdump"), "tcpdump is not installed")
class LikeTcpdump(harness.Case):
    def compare(self, path, expressions, workers=1):
        asked = 0
        for expression in expressions:
            want = accepted(path, expression)
            run = self.dnsloupe("-w", workers, "-r", path, "--bpf", expression,
                                code=1 if want is None else 0, whole=True)
            if want is None: # the filter is not valid for this link type
                counted = run.stats["total"]["packet"]["filter_unfit"]
                self.assertEqual(counted, run.stats["input"]["frames"], expression)
                self.assertIn(f"{counted} packets were dropped because filter.bpf cannot be applied",
                              run.errors[0])
                continue
            asked += want > 0
            out = run.stats["total"]["packet"]["filtered"]
            self.assertEqual(run.stats["input"]["frames"] - out, want, (path.name, expression))
        return asked

    def test_captures(self):
        some = ["udp port 53", "ip6 or (vlan and udp)"]
        paths = [p for p in harness.captures() if p.suffix == ".pcap"]
        self.assertGreater(sum(self.compare(p, some) for p in paths), len(paths))

    def test_expressions(self):
        asked = set()
        for stem, workers in (("udp4", 1), ("vlan", 3), ("udp6", 1), ("tcp4", 2)):
            path = harness.PCAPS / f"{stem}.pcap"
            for expression in EXPRESSIONS:
                if self.compare(path, [expression], workers):
                    asked.add(expression)
        self.assertEqual(asked, set(EXPRESSIONS), "each accepts packets of some capture")

    def test_link_types(self):
        """A transaction on many link types."""
        frames = capture.pair(1) + capture.pair(2, client="2001:db8::1", server="2001:db8::53")
        for link in (capture.RAW, capture.LOOP, capture.NULL, capture.SLL, capture.SLL2):
            path = self.dir / f"link{link}.pcap"
            path.write_bytes(capture.pcap(capture.relink(frames, link), link))
            self.assertGreater(self.compare(path, ["udp port 53", "ip6", "tcp"]), 0, link)


class Filter(harness.Case):
    def test_mixed_links(self):
        """Each packet is filtered by the program of its link type."""
        four = capture.pair(1) + capture.pair(2)
        links = (capture.ETHERNET, capture.RAW, capture.SLL)
        frames = [f for link in links for f in (capture.relink(four, link)
                                                if link != capture.ETHERNET else four)]
        path = self.dir / "mixed.pcapng"
        path.write_bytes(capture.pcapng(frames, links, pick=lambda i, f: i // 4))
        run = self.dnsloupe("-r", path, "--bpf", "udp dst port 53")
        self.assertEqual(run.stats["total"]["packet"]["filtered"], 6)
        self.assertEqual(run.stats["total"]["packet"]["dns"], 6)
        # only one of the three has link layer addresses
        run = self.dnsloupe("-r", path, "--bpf", "ether src 02:00:00:00:00:01", code=1, whole=True)
        self.assertEqual(run.stats["total"]["packet"]["dns"], 4)
        self.assertGreaterEqual(run.stats["total"]["packet"]["filter_unfit"], 4)

    def test_same_records(self):
        """Accepted packets give the same records."""
        path = harness.PCAPS / "udp4.pcap"
        every = self.dnsloupe("-w", "1", "-r", path)
        some = self.dnsloupe("-w", "1", "-r", path, "--set", "filter.bpf=host 192.0.2.11")
        self.assertEqual(some.out, b"".join(
            x for x in every.lines if b'"192.0.2.11"' in x))
        self.assertEqual(self.dnsloupe("-w", "1", "-r", path, "--bpf", "").out, every.out)

    def test_refused(self):
        path = harness.PCAPS / "udp4.pcap"
        for expression, word in (("prot 53", "syntax error"), ("port", "syntax error"),
                                 ("host nowhere.invalid.", "nowhere"), ("udp)", "syntax error")):
            self.refuses(["-r", path, "--bpf", expression], "filter.bpf:", word, code=2)
            self.refuses(["-r", path, "--check", "--bpf", expression], "filter.bpf:", code=2)


if __name__ == "__main__":
    harness.main()
