#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The program is killed with SIGKILL at random points: at the n-th system call of the spool
(tests/support/fault_shim.c), or after a number of octets arrived at the receiver. The next run delivers
every record that was in the spool, and the number of duplicates is bounded (doc/sinks.md)."""
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import capture
import harness
import receivers

SHIM = receivers.BUILD / "tests/bench/fault_shim.so"
COUNT = 3000  # a sink's queue has capacity for all: reading files, it spills at the end
LAST = 9_000_000  # the record of the run that drains the spool
BLOCK = 256 * 1024  # octets of documents that may be delivered twice
POINTS = 4  # of each kind
NAME = re.compile(rb'"qname":"n(\d{7})\.example\.com"')


class Receiver(threading.Thread):
    """Stores the octets of each connection; calls kill() after `limit` octets of all connections."""

    def __init__(self, path, limit=None, kill=None):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(4)
        self.path, self.limit, self.kill = path, limit, kill
        self.data = []
        self.start()

    def run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            with conn:
                self.data.append(b"")
                while piece := conn.recv(1 << 14):
                    self.data[-1] += piece
                    if self.limit and sum(map(len, self.data)) >= self.limit:
                        self.limit = None
                        self.kill()

    def end(self):
        """Returns the complete lines of each connection."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.join(harness.HANG_S)
        assert not self.is_alive(), "a connection stays open behind the end of its run"
        os.unlink(self.path)
        return [data[:data.rfind(b"\n") + 1] for data in self.data]


def numbers(data):
    return [int(n) for n in NAME.findall(data)]


class Killed(harness.Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(self.id())
        self.path = self.dir / "socket"
        self.capture, self.one = self.dir / "load.pcap", self.dir / "one.pcap"
        capture.write_load(self.capture, COUNT)
        capture.write_load(self.one, 1, first=LAST)

    def fresh(self, template=None):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.dir))
        if template:
            shutil.copytree(template, folder, dirs_exist_ok=True)
        return folder

    def words(self, folder, source, drain_ms=60000):
        return ["-w", "1", "-r", source, "--sink",
                f"type=stream,path={self.path},drain_ms={drain_ms},"
                f"spool_dir={folder},spool_bytes=67108864"]

    def run_once(self, folder, source, fault=None, drain_ms=60000):
        """Runs to the end, or until the shim kills the run. Returns whether it did."""
        env = dict(harness.ENV, LD_PRELOAD=str(SHIM), FAULT_UNDER=str(folder))
        if fault:
            print("#", self.id(), *fault, flush=True)
            env.update(FAULT_CALL=fault[0], FAULT_AT=str(fault[1]), FAULT_ERRNO="KILL")
        done = subprocess.run(self.command(self.words(folder, source, drain_ms)), env=env,
                              check=False, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=harness.HANG_S)
        self.said = done.stderr.decode()
        if done.returncode != -signal.SIGKILL:
            self.assertIn(done.returncode, (0, 1), self.said)
        return done.returncode == -signal.SIGKILL

    def points(self):
        """Returns some of the calls that the latest run counted, at least one of each kind."""
        counts = {call: int(n) for call, n in re.findall(r"fault: (\w+) (\d+)", self.said)}
        self.assertGreater(len(counts), 3, self.said)
        each = [(call, self.random.randint(1, n)) for call, n in counts.items()]
        some = [(call, self.random.randint(1, counts[call]))
                for call in self.random.choices(sorted(counts), k=POINTS)]
        return sorted({*each, *some})

    def spooled(self, folder):
        return numbers(b"".join(p.read_bytes() for p in sorted(folder.glob("*.spool"))))

    def drain(self, folder):
        """Returns what the next run delivers, in order; its own record is the last."""
        receiver = Receiver(self.path)
        run = self.dnsloupe(*self.words(folder, self.one), env=dict(harness.ENV))
        got = numbers(b"".join(receiver.end()))
        sink, = run.stats["sinks"]
        self.assertEqual(sink["spool_found"] + 1, len(got), run.err)
        self.assertEqual((sink["spool_left"], sink["dropped_damaged"]), (0, 0), run.err)
        self.assertEqual(got.pop(), LAST)
        self.assertEqual(sorted(p.name for p in folder.iterdir() if p.suffix != ".lock"), [])
        return got

    def twice(self, first, rest):
        """Checks that two lists have no more numbers in common than one block can hold."""
        self.assertEqual(len(first), len(set(first)))
        self.assertEqual(len(rest), len(set(rest)))
        doubled = len(set(first) & set(rest))
        self.assertLessEqual(doubled * self.octets, BLOCK + self.octets)
        return doubled

    @property
    def octets(self):
        """Returns the length of a line, which is the same for all."""
        if not hasattr(self, "_octets"):
            line = self.dnsloupe("-r", self.one).out
            self._octets = len(line)
        return self._octets

    def test_while_it_spools(self):
        """The receiver is away: every record in the spool is delivered once, and only the latest ones, which
        were in memory, are lost."""
        folder = self.fresh()
        self.assertFalse(self.run_once(folder, self.capture, drain_ms=1))
        self.assertEqual(self.spooled(folder), list(range(COUNT)))
        kills = 0
        for fault in self.points():
            with self.subTest(fault):
                folder = self.fresh()
                kills += self.run_once(folder, self.capture, fault, drain_ms=1)
                there = self.spooled(folder)
                self.assertEqual(there, list(range(len(there))))
                self.assertEqual(self.drain(folder), there)
        self.assertGreater(kills, POINTS)

    def template(self):
        folder = self.fresh()
        self.run_once(folder, self.capture, drain_ms=1)
        self.assertEqual(len(self.spooled(folder)), COUNT)
        return folder

    def test_while_it_drains(self):
        """Killed at a system call of the spool: all records arrive, at most a block of them twice."""
        template = self.template()
        folder = self.fresh(template)
        receiver = Receiver(self.path)
        self.run_once(folder, self.one)
        self.assertEqual(len(numbers(b"".join(receiver.end()))), COUNT + 1)
        doubled = []
        for fault in self.points():
            with self.subTest(fault):
                folder = self.fresh(template)
                receiver = Receiver(self.path)
                self.run_once(folder, self.one, fault)
                first = [n for n in numbers(b"".join(receiver.end())) if n != LAST]
                rest = self.drain(folder)
                self.assertEqual(sorted({*first, *rest}), list(range(COUNT)))
                doubled.append(self.twice(first, rest))
        print(f"# delivered twice: {doubled}")

    def test_after_octets(self):
        """Killed after a slow receiver read some octets, while the program reads its capture: records that
        are neither delivered nor in the spool were in memory."""
        doubled, lost = [], []
        total = COUNT * self.octets
        for limit in sorted(self.random.sample(range(1, total), POINTS)):
            with self.subTest(octets=limit):
                folder = self.fresh()
                killed = threading.Event()
                process = None

                def kill():
                    process.kill()
                    killed.set()
                ready = threading.Event()
                receiver = Receiver(self.path, limit, lambda: (ready.wait(), kill()))
                process = self.start(*self.words(folder, self.capture), stdin=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
                ready.set()
                self.assertTrue(killed.wait(harness.HANG_S))
                process.wait()
                first = numbers(b"".join(receiver.end()))
                there = self.spooled(folder)
                rest = self.drain(folder)
                self.assertEqual([n for n in rest if n not in first],
                                 [n for n in there if n not in first])
                doubled.append(self.twice(first, rest))
                self.assertLessEqual(set(first) | set(rest), set(range(COUNT)))
                lost.append(COUNT - len({*first, *rest}))
        print(f"# delivered twice: {doubled}; were in memory or not read: {lost}")


if __name__ == "__main__":
    if not os.path.exists(SHIM) or b"__asan_init" in receivers.LOAD.read_bytes():
        print("1..0 # SKIP without the shim, or under a sanitizer")
    else:
        harness.main()
