#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Matching of replies and queries in special cases: the rules of doc/schemas.md that need a whole capture,
with any number of workers."""
import struct

import capture
import harness

MS = 10**6
CLIENT, SERVER = "192.0.2.1", "192.0.2.53"


class Pairing(harness.Case):
    def lines(self, frames, *args, **more):
        """Returns the records, which are the same with one worker, with several, and from several queues."""
        path = self.dir / "pairing.pcap"
        path.write_bytes(capture.pcap(frames, nano=True))
        one = self.dnsloupe("-w", 1, *args, "-r", path, **more)
        for other in (("-w", 3), ("-w", 4, "--set", "input.queues=3", "--set", "input.seed=5")):
            run = self.dnsloupe(*other, *args, "-r", path, **more)
            self.assertEqual(sorted(run.lines), sorted(one.lines))
        self.total, self.input = one.stats["total"], one.stats["input"]
        return one.records

    def status(self, frames, *args):
        return sorted(r["status"] for r in self.lines(frames, *args))

    def test_no_question(self):
        """A reply without a question and without an error is not accepted over UDP."""
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
        """Returns what becomes of a reply that is stored before its query, with a timestamp so much later."""
        (ask, answer), filler = capture.pair(1), capture.query(2)
        frames = [answer._replace(ns=ask.ns), ask._replace(ns=ask.ns - early_ns), filler]
        got = [r for r in self.lines(frames, *args) if r["id"] != 62]
        return [r.get("latency_us", r["status"]) for r in got]

    def test_stored_first(self):
        """Two taps merged: a reply that is stored before its query answers it if their timestamps are
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

    def clock(self, *times_s):
        """Returns the order in which an open query and later ones expire, in a capture with these times
        in seconds after the first; sets the counters of its input."""
        frames = [capture.query(0)] + [
            capture.query(i + 1, ns=capture.START_NS + round(s * 10**9))
            for i, s in enumerate(times_s)]
        got = self.lines(frames)
        self.assertEqual({r["status"] for r in got}, {"no_reply"})
        return [r["id"] // 31 for r in got]

    def test_clock(self):
        """A single timestamp in the future or the past expires nothing and does not stop the clock, as the
        order in which transactions end shows. One that others confirm moves the clock."""
        day = 86400
        # all are open until the end, and are reported in the order of the capture
        self.assertEqual(self.clock(0.1, day, 0.2, -day, 0.3), [0, 1, 2, 3, 4, 5])
        self.assertEqual(self.input["stamps_odd"], 2)
        for glitch in (day, -day, 601, -601):
            ask, answer = capture.pair(1)
            odd = capture.query(2, ns=ask.ns + glitch * 10**9)
            got = self.lines([ask, odd, answer])
            self.assertEqual(sorted(r["status"] for r in got), ["answered", "no_reply"])
            # a duplicate of an expired query is no retry: the clock still runs
            copies = [ask._replace(ns=ask.ns + s * 10**9) for s in (0, 7, 14)]
            got = self.lines([copies[0], odd, *copies[1:]])
            self.assertEqual([r.get("retries") for r in got], [None] * 4)
        for back in (day, -day):  # three in a row move the clock
            with self.subTest(back):
                far = [back + i for i in range(20)]
                self.assertEqual(self.clock(*far), list(range(21)))
                self.assertEqual(self.input["clock_back"], int(back < 0))
                self.assertEqual(self.input["stamps_odd"], 0)

    def test_other_day(self):
        """Files of days in reverse order: timeouts still work, as fragments show: those of a datagram that
        are further apart than fragments.timeout_ms are not reassembled."""
        tuesday, monday = self.dir / "tuesday.pcap", self.dir / "monday.pcap"
        start = capture.START_NS - 86400 * 10**9
        tuesday.write_bytes(capture.pcap(capture.pair(1)))
        ask = capture.query(5, ns=start + 10**9)
        udp = ask.data[34:]

        def fragment(ns, offset, octets, more):
            head = ask.data[14:16] + struct.pack(">HHH", 20 + len(octets), 77,
                                                 more << 13 | offset // 8) + ask.data[22:24]
            head += b"\0\0" + ask.data[26:34]
            head = head[:10] + struct.pack(">H", capture.checksum(head)) + head[12:]
            data = ask.data[:14] + head + octets
            return capture.Frame(ns, data, len(data))
        for seconds, status in ((1, ["answered", "no_reply"]), (40, ["answered"])):
            fill = [f for i in range(3) for f in capture.pair(100 + i, ns=start + i * 10**6)]
            late = start + seconds * 10**9
            monday.write_bytes(capture.pcap(
                fill + [fragment(start + 10**8, 0, udp[:16], 1), *capture.pair(200, ns=late),
                        fragment(late + 10**7, 16, udp[16:], 0)]))
            for workers in (1, 3):
                run = self.dnsloupe("-w", workers, "-r", tuesday, "-r", monday, whole=False)
                self.assertEqual(sorted({r["status"] for r in run.records}), status)
                self.assertEqual(run.stats["input"]["clock_back"], 1)
                self.assertIn("time went back", run.err)

    LOCAL = ("-p", "53,137,5353,5355")

    def group_results(self, frames):
        """Returns status and server of queries on the local link."""
        return sorted((r["status"], r["server"], r.get("group_query", False))
                      for r in self.lines(frames, *self.LOCAL))

    def test_local_names(self):
        """A query to a group and its replies are one transaction, although their addresses have different
        owners."""
        us = 1000
        ns, (a, b, c) = capture.START_NS, ("192.0.2.1", "192.0.2.9", "192.0.2.8")
        answer = capture.name("printer.local") + bytes.fromhex("0001800100000078 0004 c0000209")
        bare = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0) + answer
        for group, hosts in (("224.0.0.251", (a, b, c)),
                             ("ff02::fb", ("fe80::1", "fe80::9", "fe80::8"))):
            asker, first, second = hosts
            ask = capture.udp(ns, asker, 5353, group, 5353,
                              capture.message(0, "Printer.local", flags=0))
            for to in (group, asker):  # to all; to a client that requests it (QU)
                got = self.group_results([
                    ask, capture.udp(ns + 20 * us, first, 5353, to, 5353, bare),
                    capture.udp(ns + 30 * us, second, 5353, to, 5353, bare),
                    capture.udp(ns + 6 * 10**9, second, 5353, group, 5353, bare)])
                self.assertEqual(got, sorted([
                    ("answered", first, True), ("duplicate", second, True),
                    ("no_query", second, False)]))
        for port, group in ((5355, "224.0.0.252"), (5353, "224.0.0.251")):
            ask = capture.udp(ns, a, 50000, group, port, capture.message(7, "printer"))
            reply = capture.message(7, "printer", reply=True)
            got = self.group_results([ask, capture.udp(ns + us, b, port, a, 50000, reply),
                                      capture.udp(ns + us, c, port, a, 50000, reply)])
            self.assertEqual(got, [("answered", b, True), ("duplicate", c, True)])
            self.assertEqual(self.group_results([ask]), [("no_reply", group, False)])
        label = "FHFAEBEECACACACACACACACACACACACA"
        found = struct.pack(">6H", 9, 0x8500, 0, 1, 0, 0) + capture.name(label) + \
            bytes.fromhex("00200001000000780006 0000c0000209")
        ask = capture.udp(ns, a, 137, "192.0.2.255", 137,
                          capture.message(9, label, 32, flags=0x0110))
        got = self.group_results([ask, capture.udp(ns + us, b, 137, a, 137, found)])
        self.assertEqual(got, [("answered", b, True)])

    def services(self):
        """Yields a function for each service and family that makes the frames of round i: a query to a group
        and its two replies, with timestamps so many ns after the query's."""
        a, b, c = "192.0.2.1", "192.0.2.9", "192.0.2.8"
        six = [f"fe80::{n}" for n in (1, 9, 8)]
        label = "FHFAEBEECACACACACACACACACACACACA"
        rdata = bytes.fromhex("0001800100000078 0004 c0000209")
        bare = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0) + capture.name("printer.local") + rdata
        found = capture.name(label) + bytes.fromhex("00200001000000780006 0000c0000209")

        def mdns(group, hosts, to_group):
            def frames(ns, i, offsets):
                to = group if to_group else hosts[0]
                ask = capture.message(0, "Printer.local", flags=0)
                return [capture.udp(ns, hosts[0], 5353, group, 5353, ask)] + [
                    capture.udp(ns + k, h, 5353, to, 5353, bare)
                    for h, k in zip(hosts[1:], offsets)]
            return frames

        def unicast(port, group):
            def frames(ns, i, offsets):
                reply = capture.message(i, "printer", reply=True)
                return [capture.udp(ns, a, 50000, group, port, capture.message(i, "printer"))] + [
                    capture.udp(ns + k, h, port, a, 50000, reply)
                    for h, k in zip((b, c), offsets)]
            return frames

        def netbios(ns, i, offsets):
            ask = capture.message(i, label, 32, flags=0x0110)
            reply = struct.pack(">6H", i, 0x8500, 0, 1, 0, 0) + found
            return [capture.udp(ns, a, 137, "192.0.2.255", 137, ask)] + [
                capture.udp(ns + k, h, 137, a, 137, reply) for h, k in zip((b, c), offsets)]
        return {"mdns": mdns("224.0.0.251", (a, b, c), True),
                "mdns unicast": mdns("224.0.0.251", (a, b, c), False),
                "mdns ipv6": mdns("ff02::fb", six, True),
                "mdns one-shot": unicast(5353, "224.0.0.251"),
                "llmnr": unicast(5355, "224.0.0.252"), "netbios": netbios}

    def test_local_names_stored_first(self):
        """Replies that are stored before their query to a group: within the bounds of every early
        reply, the first answers and the second is a duplicate."""
        services = self.services()
        for ns, early in ((0, True), (10**9, True), (-2 * MS, True), (10**9 + 1, False),
                          (-2 * MS - 1, False)):
            with self.subTest(ns):
                stored = []
                for i, frames in enumerate(services.values()):
                    ask, *replies = frames(capture.START_NS + i * 10**10, i, (ns, ns))
                    stored += [*replies, ask]
                got = self.lines(stored, *self.LOCAL)
                want = ["answered", "duplicate"] if early else ["no_query"] * 2 + ["no_reply"]
                self.assertEqual(sorted(r["status"] for r in got), sorted(want * len(services)))
                self.assertEqual(self.total["txn"]["early"], early * len(services))
                if early:
                    self.assertEqual({r["latency_us"] for r in got}, {ns / 1000})
                    self.assertTrue(all(r["group_query"] for r in got))

    def test_local_names_two_taps(self):
        """Queries from one tap, replies from another whose clock is behind or ahead, merged by their
        timestamps: the lines are the same except for latencies."""
        for skew in (0, 10**6, -300000, -1000000, -1900000):
            with self.subTest(skew):
                both = []
                for i, frames in enumerate(self.services().values()):
                    for k in range(20):  # the same name repeatedly, as in multicast DNS
                        both += frames(capture.START_NS + i * 10**10 + k * 50 * MS, k,
                                       (100000 + skew, 250000 + skew))
                both.sort(key=lambda f: f.ns)
                got = self.lines(both, *self.LOCAL)
                answered = [r for r in got if r["status"] == "answered"]
                self.assertEqual({round(r["latency_us"] - skew / 1000, 3) for r in answered},
                                 {100.0})
                self.assertEqual((len(answered), len(got)), (6 * 20, 6 * 40))
                self.assertEqual({r["status"] for r in got}, {"answered", "duplicate"})

    def forged(self, *args, true=None, wrong=1):
        """Sends forged replies with a wrong checksum, then the true one. Returns status and the last octet of
        the address, of flagged records and of the others."""
        ask, answer = capture.pair(1)
        bad = answer.data[:40] + b"\x12\x34" + answer.data[42:-1] + b"\x42"
        frames = [ask] + [capture.Frame(ask.ns + 1000 * i, bad, len(bad)) for i in range(wrong)]
        frames += [answer._replace(ns=ask.ns + true)] if true else []
        frames.append(capture.query(9, ns=ask.ns + 4 * 10**9))
        got = [r for r in self.lines(frames, *args) if r["id"] == 31]
        return sorted((r["status"], r["answers"][0]["data"].rsplit(".", 1)[1],
                       r.get("bad_checksum", False)) for r in got if "answers" in r)

    def test_checksum(self):
        """A reply with a wrong UDP checksum answers only if no other does."""
        both = [("answered", "1", False), ("duplicate", "66", True)]
        self.assertEqual(self.forged(true=900 * MS), both)
        self.assertEqual(self.total["txn"]["held"], 1)
        self.assertEqual(self.forged(true=1100 * MS),
                         [("answered", "66", True), ("no_query", "1", False)])
        self.assertEqual(self.forged(), [("answered", "66", True)])
        self.assertEqual(self.forged(wrong=3), [("answered", "66", True)] +
                         [("no_query", "66", True)] * 2)
        self.assertEqual(self.forged("--set", "txn.duplicate_window_ms=50", true=40 * MS), both)
        self.assertEqual(
            self.forged("--set", "txn.duplicate_window_ms=50", true=60 * MS)[0],
            ("answered", "66", True))
        self.assertEqual(self.forged("--set", "packet.checksum=require", true=9 * MS),
                         [("answered", "1", False), ("mismatch", "66", True)])
        self.assertEqual(self.forged("--set", "packet.checksum=ignore", true=9 * MS),
                         [("answered", "66", False), ("no_query", "1", False)])

    def test_unfinished_checksums(self):
        """On the sending host, captured checksums are those of the pseudo-header, or zero."""
        ask, answer = capture.pair(1)
        pseudo = capture.checksum(answer.data[26:34] + struct.pack(
            ">HHH", 0, 17, len(answer.data) - 34)) ^ 0xffff
        for value in (0, pseudo):
            data = answer.data[:40] + struct.pack(">H", value) + answer.data[42:]
            got = self.lines([ask, answer._replace(data=data)])
            self.assertEqual([(r["status"], "bad_checksum" in r) for r in got],
                             [("answered", False)])
            self.assertEqual(self.total["txn"]["held"], 0)
        # a retransmission from the same port: the reply was to the first query
        bad = answer._replace(data=answer.data[:40] + b"\x12\x34" + answer.data[42:])
        again = [f._replace(ns=f.ns + 500 * MS) for f in (ask, bad)]
        got = self.lines([ask, bad, *again])
        self.assertEqual([(r["status"], r.get("retries")) for r in got], [("answered", None)] * 2)

    def test_error_in(self):
        """error_in names the message with the error: an OPT record whose options end too early, in either."""
        ask, answer = capture.pair(1)

        def broken(frame, count):
            opt = b"\0" + struct.pack(">HHIHHH", 41, 1232, 0, 4, 10, 8)  # a cookie without octets
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
