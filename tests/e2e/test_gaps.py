#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The clock of a capture: gaps of hours, broken timestamps, and files out of order do not change the
transactions of the conversations before and behind them."""
import collections
import signal
import struct
import time

import capture
import harness

MS, HOUR = 10**6, 3600 * 10**9
SERVER = "192.0.2.53"
ASKS = ("192.0.2.10", 4000, SERVER, 53)


def tcp_conversation(ns):
    """Returns a handshake, and a query and its reply in two segments each."""
    back = ASKS[2:] + ASKS[:2]
    query = capture.message(7, "tcp.example.com")
    reply = capture.message(7, "tcp.example.com", reply=True, answers=[(1, 60, b"\1\2\3\4")])
    query, reply = (struct.pack(">H", len(m)) + m for m in (query, reply))
    push, a = capture.ACK | capture.PSH, ns // MS % 2**31 + 1
    b = a ^ 2**30
    return [
        capture.tcp(ns, *ASKS, a - 1, 0, capture.SYN),
        capture.tcp(ns + 1 * MS, *back, b - 1, a, capture.SYN | capture.ACK),
        capture.tcp(ns + 2 * MS, *ASKS, a, b, capture.ACK),
        capture.tcp(ns + 3 * MS, *ASKS, a, b, push, query[:20]),
        capture.tcp(ns + 4 * MS, *ASKS, a + 20, b, push, query[20:]),
        capture.tcp(ns + 5 * MS, *back, b, a + len(query), push, reply[:30]),
        capture.tcp(ns + 6 * MS, *back, b + 30, a + len(query), push, reply[30:])]


def fragmented_pair(ns):
    ask, answer = capture.pair(40, ns, "192.0.2.11")
    return capture.fragments(ask) + capture.fragments(answer._replace(ns=ns + 5 * MS))


def stored_first(ns):
    """A reply that is stored before its query."""
    ask, answer = capture.pair(41, ns, "192.0.2.12")
    return [answer._replace(ns=ns + 10 * MS), ask]


def retried(ns):
    """Returns a query, its retransmission, and the reply."""
    ask, answer = capture.pair(42, ns, "192.0.2.13")
    return [ask, ask._replace(ns=ns + 1000 * MS), answer._replace(ns=ns + 2000 * MS)]


KINDS = [capture.pair.__name__, "tcp_conversation", "fragmented_pair", "stored_first", "retried"]


def behind(kind, ns):
    """Returns packets of one kind, and later some of others."""
    first = capture.pair(43, ns) if kind == "pair" else globals()[kind](ns)
    return first + capture.pair(44, ns + 4000 * MS) + capture.pair(45, ns + 4100 * MS)


class Gaps(harness.Case):
    def lines(self, *captures, args=()):
        """Counts each line of captures, each a list of frames, that are read in turn."""
        words = []
        for i, frames in enumerate(captures):
            path = self.dir / f"{i}.pcap"
            path.write_bytes(capture.pcap(frames))
            words += ["-r", path]
        run = self.dnsloupe(*args, *words)
        self.input, self.err = run.stats["input"], run.err
        return collections.Counter(run.lines)

    WORKERS = (("-w", 1), ("-w", 3), ("-w", 4, "--set", "input.queues=3"))

    def test_gap(self):
        """What begins right behind a gap does not expire at once."""
        before = capture.pair(1) + [capture.query(2)]
        first = self.lines(before)
        for kind in KINDS:
            with self.subTest(kind):
                after = behind(kind, capture.START_NS + HOUR)
                want = first + self.lines(after)
                for args in self.WORKERS:
                    self.assertEqual(self.lines(before + after, args=args), want)
                    self.assertEqual(self.input["stamps_odd"] + self.input["clock_back"], 0)

    def test_sparse(self):
        """One conversation each hour."""
        parts = [behind(kind, capture.START_NS + i * HOUR) for i, kind in enumerate(2 * KINDS)]
        want = sum((self.lines(p) for p in parts), collections.Counter())
        for args in self.WORKERS:
            self.assertEqual(self.lines(sum(parts, []), args=args), want)
            self.assertEqual(self.input["stamps_odd"], 0)

    def test_out_of_order(self):
        """A file of an earlier day, of a later one, and of the earlier one again."""
        for i, kind in enumerate(KINDS):
            with self.subTest(kind):
                files = [behind(kind, capture.START_NS + h * HOUR) for h in (48, 0, 90, 1)]
                want = sum((self.lines(f) for f in files), collections.Counter())
                self.assertEqual(self.lines(*files, args=self.WORKERS[i % 3]), want)
                self.assertEqual(self.input["clock_back"], 2)
                self.assertIn("time went back", self.err)

    BROKEN = "192.0.2.99"

    def broken(self, ns):
        return capture.query(99, ns, self.BROKEN)

    def others(self, *captures, args=()):
        """Counts the lines without that of broken()."""
        lines = self.lines(*captures, args=args)
        own = [line for line in lines if self.BROKEN.encode() in line]
        self.assertEqual([(lines.pop(line), b'"no_reply"' in line) for line in own], [(1, True)])
        return lines

    def test_glitch(self):
        """A broken timestamp, or two alike, at any place change only their own records."""
        frames = sum((behind(k, capture.START_NS + i * 10**10) for i, k in enumerate(KINDS)), [])
        want = self.lines(frames)
        for at in range(1, len(frames)):
            off, n = (-1)**at * 24 * HOUR, 1 + at // 2 % 2
            odd = [self.broken(frames[at].ns + off)] * n
            with self.subTest(at=at, off=off, n=n):
                self.assertEqual(self.others(frames[:at] + odd + frames[at:],
                                             args=self.WORKERS[at % 3]), want)
                self.assertEqual(self.input["stamps_odd"], n)

    def test_glitch_behind_gap(self):
        """A gap, and a broken timestamp among the first packets behind it."""
        before, odd = capture.pair(1), [self.broken(capture.START_NS + 100 * HOUR)]
        first = self.lines(before)
        for kind in KINDS:
            after = behind(kind, capture.START_NS + HOUR)
            want = first + self.lines(after)
            for at in range(4):
                with self.subTest(kind, at=at):
                    self.assertEqual(self.others(before + after[:at] + odd + after[at:]), want)

    def played(self, workers, *captures):
        """Counts the lines of captures that a device plays at the same time; the last frame of all is the
        reply of pair 500."""
        self.count += 1
        word, out = "net_pcap0", self.dir / f"out{self.count}"
        for i, frames in enumerate(captures):
            path = self.dir / f"{i}.pcap"
            path.write_bytes(capture.pcap(frames))
            word += f",rx_pcap={path}"
        p = self.start("-d", word, "-w", workers, "-o", out, "--idle", "sleep", stdin=None)
        until = time.monotonic() + harness.HANG_S
        while not out.exists() or b"n500.example" not in out.read_bytes():
            self.assertLess(time.monotonic(), until)
            self.assertIsNone(p.poll())
            time.sleep(0.02)
        p.send_signal(signal.SIGTERM)
        run = self.finish(p, whole=False)
        self.rx = run.stats["total"]["rx"]
        return collections.Counter(out.read_bytes().splitlines(keepends=True))

    def test_devices(self):
        """Captures that a device plays, each direction in a queue, with gaps, and with one broken
        timestamp, the first or a later one. Its queue is not read last."""
        frames = sum((behind(kind, capture.START_NS + i * HOUR)
                      for i, kind in enumerate(KINDS)), [])
        frames += capture.pair(500, frames[-1].ns + 3 * HOUR)
        server = bytes(map(int, SERVER.split(".")))
        hands = [[f for f in frames if (f.data[26:30] == server) == way] for way in (True, False)]
        want = self.lines(sorted(frames, key=lambda f: f.ns))
        for workers in (1, 2):
            self.assertEqual(self.played(workers, *hands), want)
            self.assertEqual(self.rx["stamps_odd"], 0)
        self.assertEqual(self.played(1, frames), self.lines(frames))
        for at in (0, 1, len(hands[1]) - 2):
            odd = self.broken(capture.START_NS + 1000 * HOUR)
            mixed = hands[1][:at] + [odd] + hands[1][at:]
            with self.subTest(at=at):
                self.assertEqual(self.played(1 + at % 2, hands[0], mixed), want + self.lines([odd]))
                self.assertEqual(self.rx["stamps_odd"], 1)


if __name__ == "__main__":
    harness.main()
