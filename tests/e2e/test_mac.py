#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""output.mac: the MAC addresses of client and server, over links, tunnels, fragments and TCP, in frames made
here, compared with those that tshark, where it is installed, finds in each frame."""
import ipaddress
import json
import shutil
import struct
import subprocess
import unittest

import capture
import harness

WLAN, DSA = 105, 284
CLIENT, SERVER = "02:00:00:00:aa:01", "02:00:00:00:bb:35"
ACCESS_POINT, OUTER_A, OUTER_B = "02:00:00:00:cc:07", "02:00:00:00:dd:01", "02:00:00:00:dd:02"
ON = "--set", "output.mac=true"


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def between(frame, src, dst):
    """Returns the frame with other MAC addresses."""
    return capture.Frame(frame.ns, octets(dst) + octets(src) + frame.data[12:], frame.wire)


def made(frame, data):
    return capture.Frame(frame.ns, data, len(data))


def pair(i, client=CLIENT, server=SERVER, **more):
    query, reply = capture.pair(i, **more)
    return [between(query, client, server), between(reply, server, client)]


def vlan(frame):
    return made(frame, frame.data[:12] + b"\x81\x00\x00\x2a" + frame.data[12:])


def ipv4_udp(sport, dport, payload, src="198.51.100.1", dst="198.51.100.2"):
    return capture.udp(0, src, sport, dst, dport, payload).data[14:]


def vxlan(frame):
    outer = octets(OUTER_B) + octets(OUTER_A) + b"\x08\x00"
    return made(frame, outer + ipv4_udp(5555, 4789, b"\x08\0\0\0\0\0\x2a\0" + frame.data))


def gre(frame):
    """IP in GRE: the only MAC addresses are the outer ones."""
    inner = frame.data[14:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 24 + len(inner), 0, 0, 64, 47, 0,
                     bytes([198, 51, 100, 1]), bytes([198, 51, 100, 2]))
    return made(frame, frame.data[:14] + ip + b"\0\0\x08\0" + inner)


def wlan(frame, way):
    """IEEE 802.11, table 9-30. way: to (1), from (2) a distribution system, both (3), or neither."""
    da, sa, ap = frame.data[0:6], frame.data[6:12], octets(ACCESS_POINT)
    first, second, third = [(da, sa, ap), (ap, sa, da), (da, ap, sa), (ap, ap, da)][way]
    head = struct.pack(">BBH", 0x08, way, 0) + first + second + third + b"\0\0"
    if way == 3:
        head += sa
    return made(frame, head + b"\xaa\xaa\x03\0\0\0" + frame.data[12:])


def amsdu(frame):
    """A QoS frame to the access point whose payload is an A-MSDU of one subframe."""
    head = struct.pack(">BBH", 0x88, 1, 0) + octets(ACCESS_POINT) + octets(OUTER_A) + octets(OUTER_B) + b"\0\0\x80\0"
    inner = b"\xaa\xaa\x03\0\0\0" + frame.data[12:]
    return made(frame, head + frame.data[:12] + struct.pack(">H", len(inner)) + inner)


def dsa(frame):
    """A tag of a switch between the addresses and the EtherType."""
    return made(frame, frame.data[:12] + b"\xc0\0\0\x2a" + frame.data[12:])


def fragments(frame):
    """An IPv4 datagram in two fragments."""
    ip, payload = frame.data[14:34], frame.data[34:]
    out = []
    for at, part, more in (0, payload[:24], 0x2000), (3, payload[24:], 0):
        head = ip[:2] + struct.pack(">HHH", 20 + len(part), 7, more | at) + ip[8:]
        out.append(made(frame, frame.data[:14] + head + part))
    return out


def segment(ns, src, dst, ends, seq, ack, flags, payload=b""):
    a, b = (ipaddress.ip_address(e[0]).packed for e in ends)
    tcp = struct.pack(">HHIIBBHHH", ends[0][1], ends[1][1], seq, ack, 0x50, flags, 65535, 0, 0)
    tcp += payload
    total = capture.checksum(a + b + struct.pack(">HH", 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + a + b
    ip = ip[:10] + struct.pack(">H", capture.checksum(ip)) + ip[12:]
    data = octets(dst) + octets(src) + b"\x08\x00" + ip + tcp
    return capture.Frame(ns, data, len(data))


def conversation():
    """A query in two segments through two routers, then its reply: the first segment's addresses count."""
    ends = ("192.0.2.1", 4321), ("192.0.2.53", 53)
    back = ends[::-1]
    query = capture.message(7, "tcp.example.com")
    query = struct.pack(">H", len(query)) + query
    reply = capture.message(7, "tcp.example.com", reply=True)
    reply = struct.pack(">H", len(reply)) + reply
    steps = [
        (CLIENT, SERVER, ends, 100, 0, 0x02, b""),
        (SERVER, CLIENT, back, 500, 101, 0x12, b""),
        (CLIENT, SERVER, ends, 101, 501, 0x10, b""),
        (CLIENT, SERVER, ends, 101, 501, 0x18, query[:9]),
        (OUTER_A, OUTER_B, ends, 110, 501, 0x18, query[9:]),
        (OUTER_B, OUTER_A, back, 501, 101 + len(query), 0x18, reply)]
    return [segment(capture.START_NS + i * 10**6, *step) for i, step in enumerate(steps)]


def tshark(path):
    """Returns {(id, is a reply): (source, destination)} of each message, from the innermost header; empty for
    a link type that tshark does not know."""
    fields = ("dns.id", "dns.flags.response", "eth.src", "eth.dst", "wlan.sa", "wlan.da", "sll.src.eth")
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-Y", "dns", "-T", "fields", "-E", "separator=|",
         *(w for f in fields for w in ("-e", f))],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        timeout=harness.HANG_S, check=False)
    out = {}
    for line in done.stdout.decode().splitlines():
        ident, reply, *macs = (word.split(",")[-1] for word in line.split("|"))
        src, dst = macs[0] or macs[2] or macs[4], macs[1] or macs[3]
        out[int(ident, 16), reply in ("1", "True")] = src, dst
    return out


CASES = {
    "ethernet": (1, lambda f: f),
    "vlan": (1, vlan),
    "vxlan": (1, vxlan),
    "gre": (1, gre),
    "dsa": (DSA, dsa),
    "wlan_ad_hoc": (WLAN, lambda f: wlan(f, 0)),
    "wlan_to": (WLAN, lambda f: wlan(f, 1)),
    "wlan_from": (WLAN, lambda f: wlan(f, 2)),
    "wlan_bridge": (WLAN, lambda f: wlan(f, 3)),
    "wlan_amsdu": (WLAN, amsdu),
}


class Mac(harness.Case):
    def write(self, name, frames, link=1):
        path = self.dir / f"{name}.pcap"
        path.write_bytes(capture.pcap(frames, link))
        return path

    def macs(self, path, *flags):
        """Returns [(client_mac, server_mac)] of all lines, in order; the same with one and two workers."""
        one, two = (sorted(((r["id"], r.get("client_mac"), r.get("server_mac")) for r in self.dnsloupe(
            *ON, "-w", w, "-r", path, *flags, whole=True).records)) for w in ("1", "2"))
        self.assertEqual(one, two)
        return one

    def check(self, case):
        link, wrap = CASES[case]
        frames = [wrap(f) for i in range(1, 5) for f in pair(i, client=f"02:00:00:00:aa:{i:02x}")]
        path = self.write(case, frames, link)
        self.assertEqual(self.macs(path), sorted(
            (i * 31, f"02:00:00:00:aa:{i:02x}", SERVER) for i in range(1, 5)))
        if shutil.which("tshark"):
            seen = tshark(path)
            for ident, client, server in self.macs(path):
                if case != "dsa" or seen: # not every tshark knows its link type
                    self.assertEqual(seen[ident, False], (client, server))
                    self.assertEqual(seen[ident, True], (server, client))

    def test_off(self):
        run = self.dnsloupe("-r", self.write("off", pair(1)), whole=True)
        self.assertEqual([set(r) & {"client_mac", "server_mac"} for r in run.records], [set()])

    def test_one_message(self):
        """A query alone, a reply alone: the directions differ, the members do not."""
        query, reply = pair(1)
        for name, frame in ("query", query), ("reply", reply):
            self.assertEqual(self.macs(self.write(name, [frame])), [(31, CLIENT, SERVER)])

    def test_cooked(self):
        """Each frame has only its source: the query's is the client, the reply's the server."""
        for link in capture.SLL, capture.SLL2:
            frames = capture.relink(pair(1) + pair(2)[:1], link)
            path = self.write(f"cooked{link}", frames, link)
            self.assertEqual(self.macs(path), [(31, CLIENT, SERVER), (62, CLIENT, None)])
            if shutil.which("tshark"):
                self.assertEqual(tshark(path), {(31, False): (CLIENT, ""), (31, True): (SERVER, ""),
                                                (62, False): (CLIENT, "")})

    def test_none(self):
        path = self.write("raw", capture.relink(pair(1), capture.RAW), capture.RAW)
        self.assertEqual(self.macs(path), [(31, None, None)])

    def test_fragments(self):
        query, reply = pair(1)
        path = self.write("fragments", [*fragments(query), *fragments(reply)])
        self.assertEqual(self.macs(path), [(31, CLIENT, SERVER)])

    def test_tcp(self):
        frames = conversation()
        self.assertEqual(self.macs(self.write("tcp", frames)), [(7, CLIENT, SERVER)])
        alone = [*frames[:3], frames[5]] # no query: the reply's segment
        self.assertEqual(self.macs(self.write("tcp_reply", alone)), [(7, OUTER_A, OUTER_B)])

    def test_early_reply(self):
        """A reply that is stored before its query, within the tolerance of timestamps."""
        query, reply = pair(1)
        path = self.write("early", [reply._replace(ns=query.ns), query])
        self.assertEqual(self.macs(path, "--set", "txn.early_ms=10", "--set", "txn.skew_us=1000"),
                         [(31, CLIENT, SERVER)])

    def test_group(self):
        """mDNS: the query's destination is a group; the record's server is the host that replied."""
        ends = "192.0.2.1", 5353, "224.0.0.251", 5353
        asked = capture.message(0, "printer.local", flags=0)
        told = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0) + capture.name("printer.local") + \
            struct.pack(">HHIH4s", 1, 1, 120, 4, bytes([192, 0, 2, 9]))
        query = capture.udp(capture.START_NS, *ends, asked)
        reply = capture.udp(capture.START_NS + 10**6, "192.0.2.9", *ends[1:], told)
        group = "01:00:5e:00:00:fb"
        path = self.write("mdns", [between(query, CLIENT, group), between(reply, SERVER, group)])
        self.assertEqual(self.macs(path, "-p", "5353"), [(0, CLIENT, SERVER)])

    @unittest.skipUnless((harness.PCAPS / "encrypted.pcap").exists(), "no such capture")
    def test_sightings(self):
        path = harness.PCAPS / "encrypted.pcap"
        run = self.dnsloupe(*ON, *harness.options(path), "-r", path, whole=True)
        seen = [r for r in run.records if r["status"] == "encrypted"]
        self.assertGreater(len(seen), 0)
        link, frames = capture.read_pcap(path)
        self.assertEqual(link, 1)
        known = {f.data[:6].hex(":") for f in frames} | {f.data[6:12].hex(":") for f in frames}
        for r in seen:
            self.assertLessEqual({r["client_mac"], r["server_mac"]}, known, json.dumps(r))


def add(case):
    setattr(Mac, "test_" + case, lambda self: self.check(case))


for each in CASES:
    add(each)
if __name__ == "__main__":
    harness.main()
