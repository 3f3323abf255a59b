#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Which reply answers which query, where that is not plain: the rules of doc/schemas.md that need a
whole capture, with any number of workers."""
import struct

import capture
import harness

MS = 10**6
CLIENT, SERVER = "192.0.2.1", "192.0.2.53"


class Pairing(harness.Case):
    def lines(self, frames, *args, **more):
        """The records, the same with one worker, with several, and from several queues."""
        path = self.dir / "pairing.pcap"
        path.write_bytes(capture.pcap(frames, nano=True))
        one = self.dnsloupe("-w", 1, *args, "-r", path, **more)
        for other in (("-w", 3), ("-w", 4, "--set", "input.queues=3", "--set", "input.seed=5")):
            run = self.dnsloupe(*other, *args, "-r", path, **more)
            self.assertEqual(sorted(run.lines), sorted(one.lines))
        self.total = one.stats["total"]
        return one.records

    def status(self, frames, *args):
        return sorted(r["status"] for r in self.lines(frames, *args))

    def test_no_question(self):
        """A reply that repeats no question and reports no error: anybody's, over UDP."""
        ask, answer = capture.pair(1)
        ident = ask.data[42:44]

        def bare(flags, ms):
            return capture.udp(ask.ns + ms * MS, SERVER, 53, CLIENT, 1031,
                               ident + struct.pack(">5H", flags, 0, 0, 0, 0))
        late = answer._replace(ns=ask.ns + 9 * MS)
        got = self.lines([ask, bare(0x8180, 1), late])
        self.assertEqual([r["status"] for r in got], ["mismatch", "answered"])
        self.assertEqual(got[1]["latency_us"], 9000)
        for flags in (0x8181, 0x8185, 0x8380):
            with self.subTest(hex(flags)):
                got = self.lines([ask, bare(flags, 1), late])
                self.assertEqual(got[0]["status"], "answered")
                self.assertEqual(got[0]["latency_us"], 1000)

    def stored_first(self, early_ns, *args):
        """A reply that is stored before its query, whose stamp is so much later."""
        (ask, answer), filler = capture.pair(1), capture.query(2)
        frames = [answer._replace(ns=ask.ns), ask._replace(ns=ask.ns - early_ns), filler]
        got = [r for r in self.lines(frames, *args) if r["id"] != 62]
        return [r.get("latency_us", r["status"]) for r in got]

    def test_stored_first(self):
        """Two taps merged: a reply that is stored before its query answers it, if their stamps are
        near each other."""
        for ns, want in ((0, 0), (10**9, 1e6), (2500, 2.5), (-2 * MS, -2000), (-1, -0.001)):
            with self.subTest(ns):
                self.assertEqual(self.stored_first(ns), [want])
                self.assertEqual(self.total["txn"]["early"], 1)
        for ns in (10**9 + 1, -2 * MS - 1):
            with self.subTest(ns):
                self.assertEqual(sorted(self.stored_first(ns)), ["no_query", "no_reply"])
        keys = ("--set", "txn.early_ms=10", "--set", "txn.skew_us=5")
        self.assertEqual(self.stored_first(10 * MS, *keys), [10000])
        self.assertEqual(len(self.stored_first(10 * MS + 1, *keys)), 2)
        self.assertEqual(self.stored_first(-5000, *keys), [-5])
        self.assertEqual(len(self.stored_first(-5001, *keys)), 2)
        off = ("--set", "txn.early_ms=0", "--set", "txn.skew_us=0")
        self.assertEqual(len(self.stored_first(1, *off)), 2)

    def test_stored_first_many(self):
        """All replies of two merged taps before their queries, of many clients."""
        frames = []
        for i in range(0, 3000, 10):
            pairs = [capture.pair(k, ns=capture.START_NS + k * 10**5) for k in range(i, i + 10)]
            frames += [p[1] for p in pairs] + [p[0] for p in pairs]
        self.assertEqual(set(self.status(frames)), {"answered"})
        self.assertEqual(self.total["txn"]["early"], 3000)

    def test_error_in(self):
        """An error says whose it is: an OPT record whose options end too early, in either."""
        ask, answer = capture.pair(1)

        def broken(frame, count):
            opt = b"\0" + struct.pack(">HHIHHH", 41, 1232, 0, 4, 10, 8)  # a cookie of no octets
            data = frame.data[:52] + struct.pack(">H", count) + frame.data[54:] + opt
            return capture.udp(frame.ns, *((SERVER, 53, CLIENT, 1031) if frame is answer else
                                           (CLIENT, 1031, SERVER, 53)), data[42:])
        for frames, want in (([broken(ask, 1), answer], ("opt", "query")),
                             ([ask, broken(answer, 1)], ("opt", "reply")),
                             ([broken(ask, 1), broken(answer, 1)], ("opt", "reply")),
                             ([ask, answer], (None, None))):
            got = self.lines(frames)
            self.assertEqual([(r.get("error"), r.get("error_in")) for r in got], [want])


if __name__ == "__main__":
    harness.main()
