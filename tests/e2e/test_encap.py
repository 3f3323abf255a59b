#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Encapsulations and link types, in frames made here: messages are decapsulated, and tshark finds the same
names where it decodes the encapsulation by default."""
import shutil
import struct
import subprocess

import capture
import harness

ERF, IPOIB, SUNATM, JUNIPER_ETHER, WLAN, INFINIBAND, RADIOTAP = \
    197, 242, 123, 178, 105, 247, 127
MAC3 = bytes(6) + bytes(6) + bytes(6) + b"\x10\0"
OUTER = "198.51.100.1", "198.51.100.2"


def ip(frame):
    return frame.data[14:]


def kind(frame):
    return frame.data[12:14]


def again(frame, data):
    return capture.Frame(frame.ns, data, len(data))


def ipv4(proto, payload, src=OUTER[0], dst=OUTER[1]):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0)
    head += b"".join(bytes(int(n) for n in a.split(".")) for a in (src, dst))
    return head[:10] + struct.pack(">H", capture.checksum(head)) + head[12:] + payload


def over_udp(header, port, sport=5555, inner=ip):
    def wrap(f):
        payload = header + inner(f)
        return again(f, f.data[:12] + b"\x08\0" + ipv4(
            17, struct.pack(">4H", sport, port, 8 + len(payload), 0) + payload))
    return wrap


def tagged(tag):
    return lambda f: again(f, f.data[:12] + tag + f.data[12:])


def udplite(f):
    """Its checksum covers the header; the pseudo header has the length of the datagram."""
    p = bytearray(ip(f))
    length = len(p) - 20
    p[9] = 136
    p[10:12] = b"\0\0"
    p[10:12] = struct.pack(">H", capture.checksum(bytes(p[:20])))
    p[24:28] = b"\0\x08\0\0"
    p[26:28] = struct.pack(">H", capture.checksum(
        bytes(p[12:20]) + struct.pack(">HH", 136, length) + bytes(p[20:28])))
    return again(f, f.data[:14] + bytes(p))


def esp_null(f):
    """ESP in tunnel mode without encryption, padding to 4, ICV of 12 octets."""
    inner = ip(f)
    pad = -(len(inner) + 2) % 4
    payload = struct.pack(">II", 42, 1) + inner + bytes(range(1, pad + 1)) + \
        bytes([pad, 4]) + bytes(range(12))
    return again(f, f.data[:12] + b"\x08\0" + ipv4(50, payload))


def erf_record(f, kind_of_record, data, padding=b""):
    head = struct.pack("<Q", (f.ns // 10**9 << 32) + (f.ns % 10**9 * 2**32 // 10**9))
    return again(f, head + struct.pack(">BBHHH", kind_of_record, 4, 16 + len(padding + data), 0,
                                       len(data)) + padding + data)


def erf(f):
    return erf_record(f, 2, f.data, b"\0\0")


def infiniband(f):
    """LRH, BTH (UD SEND only, with padding), DETH, IPoIB, then both check sequences."""
    payload = kind(f) + b"\0\0" + ip(f)
    pad = -len(payload) % 4
    body = bytes([0x64, pad << 4]) + b"\xff\xff" + struct.pack(">II", 7, 1) + \
        struct.pack(">II", 0xb1b, 9) + payload + bytes(pad)
    lrh = b"\0\2\0\1" + struct.pack(">HH", (8 + len(body) + 4) // 4, 2)
    return again(f, lrh + body + bytes(6))


def nested(n):
    def wrap(f):
        p = ip(f)
        for _ in range(n):
            p = ipv4(4, p)
        return again(f, f.data[:14] + p)
    return wrap


def subframe(f):
    """A subframe of an A-MSDU (IEEE 802.11-2020 section 9.3.2.2.2), not yet padded."""
    msdu = b"\xaa\xaa\3\0\0\0" + kind(f) + ip(f)
    return f.data[:12] + struct.pack(">H", len(msdu)) + msdu


def amsdu(frames, fcs=b"", control=b"\x88\1"):
    """One 802.11 QoS data frame from all of them."""
    body = b""
    for f in frames:
        body += bytes(-len(body) % 4) + subframe(f)
    return capture.Frame(frames[0].ns, control + b"\0\0" + MAC3 + b"\x80\0" + body + fcs,
                         len(MAC3) + 6 + len(body) + len(fcs))


def fragments(f, at=24):
    """An IPv4 datagram in two fragments."""
    p = ip(f)
    for start, data, more in (0, p[20:20 + at], 0x2000), (at // 8, p[20 + at:], 0):
        head = p[:2] + struct.pack(">HHH", 20 + len(data), f.ns & 0xffff, more | start) + p[8:]
        yield again(f, f.data[:14] + head[:20] + data)


NULL_CIPHER = ["-o", "esp.enable_null_encryption_decode_heuristic:TRUE"]
# name: (link type, function that encapsulates, tunnel of the record, options with which tshark decodes
# it, or None: it cannot)
CASES = {
    "erf": (ERF, erf, None, []),
    "ipoib": (IPOIB, lambda f: again(f, bytes(40) + kind(f) + b"\0\0" + ip(f)), None, []),
    # tshark 4.0 has no link type 247, but reads the same octets in a record of ERF.
    "infiniband": (INFINIBAND, infiniband, None, None),
    "infiniband_in_erf": (ERF, lambda f: erf_record(f, 21, infiniband(f).data), None, []),
    "sunatm": (SUNATM, lambda f: again(
        f, b"\2\0\0\x20\xaa\xaa\3\0\0\0" + kind(f) + ip(f)), None, []),
    "juniper": (JUNIPER_ETHER, lambda f: again(
        f, b"MGC\x80\0\6\2\1\x1a\3\1\x0e" + f.data), None, []),
    "ttag": (1, tagged(b"\x89\x88" + bytes(6)), None, ["-d", "ethertype==35208,ttag"]),
    "arista": (1, tagged(b"\xd2\x8b\0\1\0\x10" + bytes(8)), None, []),
    "lisp": (1, over_udp(b"\x88\0\0\1\0\0\x2a\1", 4341), "lisp", []),
    # tshark 4.0 does not know GUE. Variant 1 is bare IP; of variant 0 test_gue() removes the header.
    "gue": (1, over_udp(b"\0\4\0\0", 6080), "gue", None),
    "gue_variant_1": (1, over_udp(b"", 6080), "gue", ["-d", "udp.port==6080,ip"]),
    "capwap": (1, over_udp(b"\0\x10\2\0\0\0\0\0", 5247, inner=lambda f: f.data), "capwap", []),
    "capwap_wlan": (1, over_udp(b"\0\x10\3\0\0\0\0\0", 5247, inner=lambda f: (
        b"\1\x08\0\0" + MAC3 + b"\xaa\xaa\3\0\0\0" + kind(f) + ip(f))), "capwap", []),
    "gtp_from_its_port": (1, over_udp(
        b"", 40000, 2152, lambda f: b"\x30\xff" + struct.pack(">HI", len(ip(f)), 9) + ip(f)),
        "gtp", []),
    "geneve_from_its_port": (1, over_udp(b"\0\0\x65\x58\0\0\x2a\0", 40000, 6081,
                                         lambda f: f.data), "geneve", []),
    "udplite": (1, udplite, None, []),
    "esp_null": (1, esp_null, "esp", NULL_CIPHER),
    "ethertype": (1, lambda f: again(f, f.data[:12] + b"\x86\xdd" + ip(f)), None, None),
    "vlans": (1, tagged(b"".join(struct.pack(">HH", 0x8100, i + 1) for i in range(16))), None,
              []),
    "ipip_16": (1, nested(16), "ipip", []),
}


def tshark_names(path, options=()):
    done = subprocess.run(["tshark", "-n", "-r", path, *options, "-Y", "dns", "-T", "fields", "-e",
                           "dns.qry.name"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=harness.HANG_S, check=False)
    return done.stdout.decode().replace(",", " ").split()


class Encapsulations(harness.Case):
    def check(self, case):
        link, wrap, tunnel, seen = CASES[case]
        path = self.dir / f"{case}.pcap"
        path.write_bytes(capture.pcap([wrap(f) for i in range(4) for f in capture.pair(i)], link))
        for workers in "1", "2":
            run = self.dnsloupe("-w", workers, "-r", path, whole=True)
            self.assertEqual([r["status"] for r in run.records], ["answered"] * 4, run.err)
            self.assertEqual(sorted(r["qname"] for r in run.records),
                             [f"n{i}.example.com" for i in range(4)])
            self.assertEqual({r.get("tunnel", {}).get("type") for r in run.records}, {tunnel})
        if seen is not None and shutil.which("tshark"):
            names = tshark_names(path, seen)
            self.assertEqual(len(names), 8)
            self.assertEqual(set(names), {r["qname"] for r in run.records})

    def test_depth(self):
        path = self.dir / "deep.pcap"
        path.write_bytes(capture.pcap([nested(16)(f) for f in capture.pair(1)]))
        run = self.dnsloupe("--set", "packet.max_depth=16", "-r", path, whole=True)
        self.assertEqual(run.records, [])
        self.assertEqual(run.stats["total"]["packet"]["too_deep"], 2)

    def test_gue(self):
        """Without the four octets of GUE's header, tshark sees IP in UDP."""
        self.check("gue")
        if not shutil.which("tshark") or not shutil.which("editcap"):
            self.skipTest("no tshark")
        bare = self.dir / "bare.pcap"
        subprocess.run(["editcap", "-C", "42:4", self.dir / "gue.pcap", bare],
                       stdout=subprocess.DEVNULL, check=True, timeout=harness.HANG_S)
        names = tshark_names(bare, ["-d", "udp.port==6080,ip"])
        self.assertEqual(sorted(names), sorted([f"n{i}.example.com" for i in range(4)] * 2))

    def test_fou(self):
        """Foo over UDP has no well-known port."""
        path = self.dir / "fou.pcap"
        path.write_bytes(capture.pcap([over_udp(b"", 5556)(f) for f in capture.pair(1)]))
        self.assertEqual(self.dnsloupe("-r", path).records, [])
        run = self.dnsloupe("--set", "tunnels.fou=5556", "-r", path)
        self.assertEqual([r["tunnel"]["type"] for r in run.records], ["fou"])

    def test_lengths(self):
        """A UDP length beyond the IP payload, and one that only the frame bounds."""
        path = self.dir / "lengths.pcap"
        query = capture.query(1).data
        beyond = query[:38] + struct.pack(">H", len(query)) + query[40:]
        bare = query[:16] + b"\0\0" + query[18:38] + b"\0\0" + query[40:]
        frames = [capture.Frame(capture.START_NS, d, len(d))
                  for d in (beyond, bare, bare + bytes(144000))]
        path.write_bytes(capture.pcap(frames))
        run = self.dnsloupe("-r", path, whole=True)
        self.assertEqual([r["query_bytes"] for r in run.records], [len(query) - 42])
        self.assertEqual(run.stats["total"]["packet"]["bad_udp"], 2)

    def check_amsdu(self, frames, link, seen, **counters):
        path = self.dir / "amsdu.pcap"
        path.write_bytes(capture.pcap(frames, link))
        lines = None
        for workers in "1", "2", "3":
            run = self.dnsloupe("-w", workers, "-r", path, whole=True)
            self.assertEqual({r["status"] for r in run.records}, {"answered"}, run.err)
            total = run.stats["total"]
            self.assertEqual(total["packet"]["aggregate"], len(frames))
            for key, value in counters.items():
                self.assertEqual(total["reasm"][key], value, key)
            self.assertEqual(lines or sorted(map(str, run.records)),
                             sorted(map(str, run.records)))
            lines = sorted(map(str, run.records))
        if shutil.which("tshark"):
            self.assertEqual(sorted(tshark_names(path)), sorted(seen))
        return run.records

    def test_amsdu(self):
        """A-MSDUs of pairs of many clients: every message in them is decoded, as by tshark."""
        packets = [f for i in range(60) for f in capture.pair(i)]
        for size in 1, 2, 7, 40:
            frames = [amsdu(packets[i:i + size]) for i in range(0, len(packets), size)]
            names = [f"n{i}.example.com" for i in range(60)]
            records = self.check_amsdu(frames, WLAN, names * 2, amsdu_subframes=120,
                                       amsdu_dns=120)
            self.assertEqual(sorted(r["qname"] for r in records), sorted(names))

    def test_amsdu_of_everything(self):
        """A-MSDUs with fragments and ARP, and a frame check sequence behind the last subframe, as radiotap
        announces it."""
        arp = again(capture.query(1), bytes(12) + b"\x08\6" + bytes(28))
        frames = []
        for i in range(6):
            query, reply = capture.pair(i)
            frames.append(amsdu([*fragments(query), arp, reply], bytes(4)))
        radiotap = [again(f, b"\0\0\x09\0\2\0\0\0\x10" + f.data) for f in frames]
        names = [f"n{i}.example.com" for i in range(6)]
        self.check_amsdu(radiotap, RADIOTAP, names * 2, amsdu_subframes=24, amsdu_dns=6,
                         amsdu_fragment=12, amsdu_other=6, frag_dns=6)

    def test_amsdu_in_a_tunnel(self):
        """CAPWAP carries A-MSDUs from an access point, with the octets of frame control swapped, as by Cisco
        and tshark; each record has the tunnel."""
        wrap = over_udp(b"\0\x10\3\0\0\0\0\0", 5247, inner=lambda f: f.data)
        packets = [f for i in range(8) for f in capture.pair(i)]
        frames = []
        for i in range(0, 16, 4):
            inner = amsdu(packets[i:i + 4], control=b"\1\x88")
            outer = wrap(inner).data[12:]
            frames.append(again(inner, packets[i].data[:12] + outer))
        records = self.check_amsdu(frames, 1, [f"n{i}.example.com" for i in range(8)] * 2,
                                   amsdu_subframes=16, amsdu_dns=16)
        self.assertEqual({(r["tunnel"]["type"], r["tunnel"]["src"]) for r in records},
                         {("capwap", OUTER[0])})

    def test_amsdu_cut(self):
        """A snap length that ends within the second subframe: the first is decoded."""
        f = amsdu(list(capture.pair(1)))
        path = self.dir / "cut.pcap"
        path.write_bytes(capture.pcap([capture.Frame(f.ns, f.data[:130], len(f.data))], WLAN))
        run = self.dnsloupe("-r", path, whole=True)
        self.assertEqual([r["status"] for r in run.records], ["no_reply"])
        self.assertEqual(run.stats["total"]["reasm"]["amsdu_other"], 1)

    def test_undecoded(self):
        """A tap encapsulates everything in an unknown EtherType: the warning names it."""
        path = self.dir / "wrapped.pcap"
        frames = [tagged(b"\x81\x37\0\0")(f) for i in range(20) for f in capture.pair(i)]
        path.write_bytes(capture.pcap(frames + [tagged(b"\x88\xcc")(capture.query(1))]))
        for workers in "1", "2":
            run = self.dnsloupe("-w", workers, "-r", path, whole=True)
            self.assertIn("41 other_ethertype (most often 0x8137)", run.err)

    def test_wlan_control(self):
        path = self.dir / "ack.pcap"
        path.write_bytes(capture.pcap([again(capture.query(1), b"\xd4\0\0\0" + bytes(6))], WLAN))
        run = self.dnsloupe("-r", path, whole=True)
        self.assertEqual(run.stats["total"]["packet"]["wlan"], 1)


def add(case):
    setattr(Encapsulations, "test_" + case, lambda self: self.check(case))


for each in CASES:
    if each != "gue":  # test_gue()
        add(each)
if __name__ == "__main__":
    harness.main()
