#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Encrypted DNS: pcaps/encrypted.pcap whole, in parts, off, and against tshark."""
import collections
import shutil
import subprocess

import capture
import harness

PCAP = harness.PCAPS / "encrypted.pcap"
OPTIONS = harness.options(PCAP)
# the members that identify a connection
ENDS = ("client", "client_port", "server", "server_port", "proto")


def sightings(run):
    return [r for r in run.records if r["status"] == "encrypted"]


def ends(record):
    return tuple(record[k] for k in ENDS)


class Sightings(harness.Case):
    def test_off(self):
        """By default encrypted DNS is other traffic, and only plain DNS gives lines."""
        run = self.dnsloupe("-r", PCAP)
        on = self.dnsloupe(*OPTIONS, "-r", PCAP)
        self.assertEqual([r["status"] for r in run.records], ["answered"])
        self.assertEqual(run.lines, [x for x in on.lines if b'"encrypted"' not in x])
        self.assertEqual(run.stats["total"]["packet"]["encrypted"], 0)
        self.assertEqual(set(run.stats["total"]["sight"].values()), {0})
        self.assertGreater(on.stats["total"]["packet"]["encrypted"], 200)

    def test_ports(self):
        """Without resolvers port 443 is ignored; other ports can be configured."""
        run = self.dnsloupe(*OPTIONS[:2], "-r", PCAP)
        self.assertEqual({r["server_port"] for r in sightings(run)}, {853})
        run = self.dnsloupe(*OPTIONS[:2], "--set", "encrypted.ports=443", "-r", PCAP)
        self.assertEqual({r["server_port"] for r in sightings(run)}, {443})
        self.assertIn("198.51.100.20", {r["server"] for r in sightings(run)})
        run = self.dnsloupe(*OPTIONS, "--set", "encrypted.ports=", "-r", PCAP)
        self.assertEqual({r["server_port"] for r in sightings(run)}, {443})
        self.assertNotIn("198.51.100.20", {r["server"] for r in sightings(run)})

    def test_parts(self):
        """With a capture that starts at any packet, each connection has one line."""
        link, frames = capture.read_pcap(PCAP)
        whole = {ends(r): r for r in sightings(self.dnsloupe(*OPTIONS, "-r", PCAP))}
        part = self.dir / "part.pcap"
        for start in range(3, len(frames), 11):
            part.write_bytes(capture.pcap(frames[start:], link))
            got = collections.Counter(
                ends(r) for r in sightings(self.dnsloupe(*OPTIONS, "-r", part)))
            self.assertEqual(set(got.values()) - {1}, set(), start)
            self.assertLessEqual(set(got), set(whole))
            part.write_bytes(capture.pcap(frames[:start], link))
            early = sightings(self.dnsloupe(*OPTIONS, "-r", part))
            self.assertEqual(len(early), len({ends(r) for r in early}))
            for r in early:
                self.assertEqual(r["ts"], whole[ends(r)]["ts"])

    def test_snap(self):
        """A truncated capture has the same connections, without the names behind the captured length."""
        link, frames = capture.read_pcap(PCAP)
        cut = self.dir / "cut.pcap"
        cut.write_bytes(capture.pcap([f._replace(data=f.data[:100]) for f in frames], link))
        whole = sightings(self.dnsloupe(*OPTIONS, "-r", PCAP))
        run = self.dnsloupe(*OPTIONS, "-r", cut)
        self.assertEqual({ends(r) for r in sightings(run)}, {ends(r) for r in whole})
        self.assertGreater(run.stats["total"]["sight"]["cut"], 5)

    def test_few(self):
        """A table that is too small evicts connections, and counts them."""
        run = self.dnsloupe(*OPTIONS, "--set", "encrypted.max=16", "-r", PCAP)
        self.assertEqual(run.stats["total"]["sight"]["forgotten"], 0)
        link, frames = capture.read_pcap(PCAP)
        many = self.dir / "many.pcap"
        copies = []
        for host in range(40):  # other clients: the last octet but one of IPv4 addresses
            for f in frames:
                data = bytearray(f.data)
                if data[12:14] == b"\x08\0":
                    data[28 if data[26:29] == b"\xc0\0\x02" and data[29] < 20 else 32] = host
                    copies.append(f._replace(data=bytes(data)))
        many.write_bytes(capture.pcap(copies, link))
        run = self.dnsloupe(*OPTIONS[:2], "--set", "encrypted.max=16", "-w", "1", "-r", many)
        self.assertGreater(run.stats["total"]["sight"]["forgotten"], 200)

    def test_wrong(self):
        for value, *words in (("192.0.2.1/24", "192.0.2.1/24", "bits behind it are set"),
                              ("192.0.2.53,dns.example", "entry 2", "dns.example"),
                              ("192.0.2.0/33", "0 to 32")):
            self.refuses(["--set", f"encrypted.resolvers={value}", "-r", PCAP],
                         "encrypted.resolvers", *words, code=2)
        self.refuses(["--set", "encrypted.sightings=true", "--set", "dns.ports=53,853", "-r", PCAP],
                     "encrypted.ports", "853", "dns.ports", code=2)

    @harness.unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
    def test_tshark(self):
        """The names that tshark finds in the ClientHellos."""
        want = {}
        fields = ("ip.src", "ipv6.src", "tcp.srcport", "udp.srcport",
                  "tls.handshake.extensions_server_name", "dtls.handshake.extensions_server_name")
        shown = subprocess.run(
            ["tshark", "-n", "-r", str(PCAP), "-Y",
             "tls.handshake.type == 1 || dtls.handshake.type == 1", "-T", "fields",
             *(word for f in fields for word in ("-e", f))],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
        for line in shown.splitlines():
            v4, v6, tcp, udp, name, datagram = line.split("\t")
            want[v4 or v6, int(tcp or udp)] = name or datagram or None
        self.assertGreater(len(want), 10)
        run = self.dnsloupe(*OPTIONS, "-r", PCAP)
        got = {(r["client"], r["client_port"]): r.get("sni") for r in sightings(run)}
        for who, name in want.items():
            self.assertEqual(got[who], name, who)
        self.assertEqual(run.stats["total"]["sight"]["sni"],
                         sum(name is not None for name in want.values()))


if __name__ == "__main__":
    harness.main()
