#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ports: other protocols from clients with a DNS port, ranges of ports, and DNS on any port."""
import struct

import capture
import harness

CLIENT, SERVER = "192.0.2.1", "203.0.113.5"
FOREIGN = {
    "quic": (443, b"\xc3\0\0\0\1\x08" + b"\x11" * 1194),
    "quic_short": (443, b"\x51" * 60),
    "stun": (3478, b"\0\1\0\x08\x21\x12\xa4\x42" + b"\7" * 20),
    "stun_root": (3478, b"\0\1\0\x08\x21\x12\xa4\x42" + bytes(20)),
    "dtls": (4433, b"\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x20" + b"\1" * 32),
    "rtp": (40000, b"\x80\0\0\1\0\0\0\xa0\xde\xad\xbe\xef" + bytes(160)),
    "ntp": (123, b"\x23" + bytes(47)),
    "sip": (5060, b"REGISTER sip:example.com SIP/2.0\r\n\r\n"),
}


def both_ways(i, own_port, other_port, payload, client=CLIENT, server=SERVER):
    ns = capture.START_NS + 1000 * i
    return [capture.udp(ns, client, own_port, server, other_port, payload),
            capture.udp(ns + 500, server, other_port, client, own_port, payload)]


def fragmented(frame):
    """Splits an IPv4 frame into two fragments."""
    head, body = bytearray(frame.data[:34]), frame.data[34:]
    out = []
    for offset, more, part in (0, 0x2000, body[:24]), (24, 0, body[24:]):
        head[16:18] = (20 + len(part)).to_bytes(2, "big")
        head[20:22] = (more | offset // 8).to_bytes(2, "big")
        head[24:26] = b"\0\0"
        head[24:26] = capture.checksum(bytes(head[14:34])).to_bytes(2, "big")
        data = bytes(head) + part
        out.append(capture.Frame(frame.ns, data, len(data)))
    return out


def segment(ns, way, seq, port, payload):
    """Returns a TCP segment of a connection, from the client (way 0) or the server."""
    ends = [(bytes((192, 0, 2, 1)), 41000), (bytes((203, 0, 113, 5)), port)]
    src, dst = (ends if way == 0 else ends[::-1])
    tcp = struct.pack(">HHIIBBHHH", src[1], dst[1], seq, 1000, 0x50, 0x18, 65535, 0, 0) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src[0] + dst[0]
    head = head[:10] + struct.pack(">H", capture.checksum(head)) + head[12:]
    data = bytes(12) + b"\x08\0" + head + tcp
    return capture.Frame(ns, data, len(data))


class Ports(harness.Case):
    def run_frames(self, frames, *args):
        path = self.dir / "ports.pcap"
        path.write_bytes(capture.pcap(sorted(frames, key=lambda f: f.ns)))
        return self.dnsloupe(*args, "-r", path, whole=True)

    def test_foreign(self):
        """Other protocols are not messages; malformed messages are, and DNS on the same ports is decoded."""
        frames = [f for i, own in enumerate((53, 5353, 5355))
                  for k, (other, payload) in enumerate(FOREIGN.values())
                  for f in both_ways(10 * i + k, own, other, payload)]
        frames += [f for k, (other, payload) in enumerate(FOREIGN.values())
                   for f in both_ways(50 + k, 5353, other, payload, "2001:db8::1", "2001:db8::2")]
        broken = capture.message(7, "example.com")[:12] + b"\x7f" * 30
        frames += both_ways(90, 5353, 443, broken)
        frames += [f for i in range(3) for f in capture.pair(i)]
        for workers in "1", "2":
            run = self.run_frames(frames, "-p", "53,5353,5355", "-w", workers)
            statuses = sorted(r["status"] for r in run.records)
            self.assertEqual(statuses, ["answered"] * 3 + ["malformed"] * 2)
            self.assertEqual(run.stats["total"]["packet"]["other_protocol"], 8 * len(FOREIGN))
            self.assertEqual(run.stats["total"]["packet"]["dns"], 8)

    def test_foreign_fragments(self):
        frames = fragmented(both_ways(1, 5353, *FOREIGN["quic"])[0])
        for workers in "1", "2":
            run = self.run_frames(frames, "-p", "5353", "-w", workers)
            self.assertEqual(run.records, [])
            self.assertEqual(run.stats["total"]["reasm"]["frag_other"], 1)
            self.assertEqual(run.stats["total"]["packet"]["fragment"], 2)

    def messages(self, port):
        """Returns transactions on a port: over UDP, over UDP in fragments, over TCP in segments."""
        frames, ns = [], capture.START_NS
        for i in range(3):
            query = capture.message(i, f"u{i}.example.com")
            reply = capture.message(i, f"u{i}.example.com", reply=True)
            ns += 10**6
            frames += [capture.udp(ns, CLIENT, 40000 + i, SERVER, port, query),
                       capture.udp(ns + 500, SERVER, port, CLIENT, 40000 + i, reply)]
        query = capture.message(7, "a-longer-name-for-fragments.example.com")
        frames += fragmented(capture.udp(ns + 1000, CLIENT, 40009, SERVER, port, query))
        stream = [b"", b""]
        for i in range(3):
            query = capture.message(i, f"t{i}.example.com")
            reply = capture.message(i, f"t{i}.example.com", reply=True)
            stream[0] += struct.pack(">H", len(query)) + query
            stream[1] += struct.pack(">H", len(reply)) + reply
        first = 2 + struct.unpack(">H", stream[0][:2])[0]
        parts = [(0, 0, stream[0][:first]), (0, first, stream[0][first:first + 20]),
                 (0, first + 20, stream[0][first + 20:]), (1, 0, stream[1][:10 + first]),
                 (1, 10 + first, stream[1][10 + first:])]
        for k, (way, at, part) in enumerate(parts):
            frames.append(segment(ns + 2000 + k, way, 1000 + at, port, part))
        return frames

    def test_range(self):
        frames = self.messages(5305)
        for ports in "53,5300-5310", "5305", '["5304-5305"]', "any":
            run = self.run_frames(frames, "-p", ports)
            self.assertEqual(len(run.records), 7, ports)
        self.assertEqual(self.run_frames(frames, "-p", "53,5300-5304").records, [])

    def test_any(self):
        """The lines are those with the port configured, except for times of handshakes, with any number
        of workers. Other traffic gives none, and port 53 is decoded as usual."""
        frames = self.messages(9953)
        other = [f for k, (port, payload) in enumerate(FOREIGN.values())
                 for f in both_ways(k, 30000, port, payload)]
        other += [segment(capture.START_NS + k, k & 1, 5000, 443, b"\x16\3\1\0\x30" + b"\1" * 48)
                  for k in range(4)]
        broken = capture.message(7, "example.com")[:12] + b"\x7f" * 30
        named = self.run_frames(frames, "-p", "9953")
        self.assertEqual(sorted(r["status"] for r in named.records),
                         ["answered"] * 6 + ["no_reply"])
        for workers in "1", "2":
            run = self.run_frames(frames + other, "-p", "any", "-w", workers)
            self.assertEqual(sorted(run.lines), sorted(named.lines))
            packet = run.stats["total"]["packet"]
            self.assertEqual(packet["other_port"], 2 * len(FOREIGN))
            self.assertEqual((packet["tcp"], packet["tcp_dns"]), (4, 5))
        self.assertEqual(self.run_frames(frames).records, [])
        run = self.run_frames(both_ways(1, 40000, 53, broken), "-p", "any")
        self.assertEqual([r["status"] for r in run.records], ["malformed"] * 2)

    def test_blind(self):
        """A warning appears if a fifth of all packets has an unknown encapsulation, but not for one."""
        known = [f for i in range(400) for f in capture.pair(i)]
        odd = [capture.Frame(f.ns, f.data[:12] + b"\x12\x34" + f.data[14:], f.wire) for f in known]
        run = self.run_frames(known + odd[:200])
        self.assertIn("200 of 1000 packets (20 %) were not decoded: 200 other_ethertype", run.err)
        for quiet in known + odd[:199], known[:9] + odd[:9]:
            self.assertNotIn("not decoded", self.run_frames(quiet).err)
        self.assertIn("3 of 3 packets (100 %)", self.run_frames(odd[:3]).err)


if __name__ == "__main__":
    harness.main()
