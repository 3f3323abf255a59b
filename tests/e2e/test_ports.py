#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a port means: other protocols of clients whose own port is one of DNS."""
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
    """An IPv4 frame as two fragments."""
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


class Ports(harness.Case):
    def run_frames(self, frames, *args):
        path = self.dir / "ports.pcap"
        path.write_bytes(capture.pcap(sorted(frames, key=lambda f: f.ns)))
        return self.dnsloupe(*args, "-r", path, whole=True)

    def test_foreign(self):
        """None is a message; what is broken stays one, and DNS on the same ports is read."""
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


if __name__ == "__main__":
    harness.main()
