#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Mirror ports, which send each packet twice; and zone transfers, whose reply has many messages."""
import json
import struct

import capture
import harness

WINDOW = ("--set", "txn.duplicate_window_ms=1")


def mirrored(frames):
    """Duplicates every frame 400 nanoseconds later, with another MAC, a VLAN tag and a lower TTL."""
    for f in frames:
        yield f
        data = bytearray(f.data)
        data[:6] = b"\x02\0\0\0\0\x99"
        if data[12:14] == b"\x08\0":
            data[14 + 8] -= 1
        elif data[12:14] == b"\x86\xdd":
            data[14 + 7] -= 1
        else:
            continue
        data[12:12] = b"\x81\x00\x00\x2a"
        yield capture.Frame(f.ns + 400, bytes(data), f.wire + 4)


class Mirror(harness.Case):
    def test_copies(self):
        """With the window, the mirrored capture gives the lines of the original."""
        for name in ("udp4", "udp6", "resolver", "unanswered", "tcp4", "fragments"):
            with self.subTest(name):
                path = harness.PCAPS / f"{name}.pcap"
                link, frames = capture.read_pcap(path)
                twice = self.dir / "twice.pcap"
                twice.write_bytes(capture.pcap(list(mirrored(frames)), link, nano=True))
                want = self.dnsloupe(*WINDOW, "-r", path)
                got = self.dnsloupe(*WINDOW, "-r", twice)
                self.assertEqual(sorted(got.lines), sorted(want.lines))
                if name != "tcp4":
                    self.assertGreater(got.stats["total"]["txn"]["copies"], 10)
                if name in ("udp4", "resolver"):
                    without = self.dnsloupe("-r", twice)
                    self.assertGreater(without.stats["total"]["txn"]["retries"] +
                                       without.stats["total"]["txn"]["no_query"], 50)

    def test_second_reply(self):
        """A forged reply and the real one are both recorded, the later one as a duplicate."""
        frames = capture.pair(0)
        query, reply = frames[0], frames[1]
        other = bytearray(reply.data)
        other[-1] ^= 1  # another address
        frames = [query, reply, capture.Frame(reply.ns + 500_000, bytes(other), reply.wire)]
        path = self.dir / "race.pcap"
        path.write_bytes(capture.pcap(frames))
        run = self.dnsloupe(*WINDOW, "-r", path)
        first, second = run.records
        self.assertEqual([first["status"], second["status"]], ["answered", "duplicate"])
        self.assertEqual(second["ts"], first["ts"])
        self.assertEqual(second["latency_us"], first["latency_us"] + 500)
        self.assertNotEqual(first["answers"], second["answers"])
        self.assertEqual(run.stats["total"]["txn"]["duplicate"], 1)
        self.assertEqual([r["status"] for r in self.dnsloupe("-r", path).records],
                         ["answered", "no_query"])


class Transfer(harness.Case):
    PATH = harness.PCAPS / "axfr.pcap"

    def run_with(self, how):
        return self.dnsloupe("--set", f"txn.transfers={how}", "-r", self.PATH)

    def test_sums(self):
        """The summaries have the totals of the messages."""
        by_message = {}
        for o in self.run_with("messages").records:
            if o["proto"] == "tcp" and "reply_bytes" in o:
                by_message.setdefault((o["client"], o["client_port"], o["id"]), []).append(o)
        sums = [o for o in self.run_with("summary").records if "transfer" in o]
        several = 0
        for o in sums:
            parts = by_message[o["client"], o["client_port"], o["id"]]
            self.assertNotIn("transfer", parts[0])
            t = o["transfer"]
            several += t["messages"] > 1
            self.assertEqual(t["messages"], len(parts))
            self.assertEqual(t["octets"], sum(p["reply_bytes"] for p in parts))
            self.assertEqual(t["records"], sum(len(p["answers"]) for p in parts))
            self.assertEqual(o["latency_us"], parts[0]["latency_us"])
            self.assertNotIn("incomplete", t)
            soa = parts[0]["answers"][0]
            self.assertEqual(soa["type"], "SOA")
            if t["messages"] > 1:
                self.assertEqual(t["serial"], int(soa["data"].split()[2]))
            else:
                self.assertEqual(o["answers"], parts[0]["answers"])
        self.assertGreaterEqual(several, 2)
        self.assertGreaterEqual(len(sums), 5)

    def test_cut(self):
        """A transfer that the end of the capture truncates is recorded as incomplete."""
        link, frames = capture.read_pcap(self.PATH)
        whole = next(o for o in self.run_with("summary").records
                     if o.get("transfer", {}).get("messages", 1) > 5)
        flow = sorted((whole["client_port"], 53))
        mine = [f for f in frames if sorted(struct.unpack_from(">HH", f.data, 34)) == flow]
        self.assertGreater(len(mine), 20)
        path = self.dir / "cut.pcap"
        path.write_bytes(capture.pcap(mine[:len(mine) * 2 // 3], link))
        cut = [o for o in self.dnsloupe("-r", path).records if "transfer" in o]
        self.assertEqual(len(cut), 1, json.dumps(cut))
        self.assertIs(cut[0]["transfer"]["incomplete"], True)
        self.assertLess(cut[0]["transfer"]["messages"], whole["transfer"]["messages"])
        self.assertEqual(cut[0]["transfer"]["serial"], whole["transfer"]["serial"])


if __name__ == "__main__":
    harness.main()
