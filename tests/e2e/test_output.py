#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Output: a slow reader loses nothing, and failures are reported."""
import os
import pathlib
import resource
import select
import signal
import struct
import subprocess
import time

import capture
import harness

RESOLVER = harness.PCAPS / "resolver.pcap"
LOAD = 40000  # transactions: about 20 MB of lines, more than can be pending


class Files(harness.Case):
    def test_file(self):
        """-o FILE has the lines of standard output, and replaces an older, longer file."""
        want = self.dnsloupe("-w", "1", "-r", RESOLVER).out
        path = self.dir / "out.jsonl"
        path.write_bytes(bytes(10**6))
        run = self.dnsloupe("-w", "1", "-r", RESOLVER, "-o", path)
        self.assertEqual((run.out, path.read_bytes()), (b"", want))

    def test_amplification(self):
        """Name compression does not turn short messages into long lines, in any schema; omissions are
        recorded and counted."""
        question = b"\1\0" * 127 + b"\0\0\1\0\1"
        answers = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\7" * 400
        ends = ("192.0.2.1", 4000), ("192.0.2.53", 53)
        frames = []
        for i in range(4):
            query = struct.pack(">6H", i, 0x100, 1, 0, 0, 0) + question
            reply = struct.pack(">6H", i, 0x8180, 1, 400, 0, 0) + question + answers
            frames += [capture.udp(i * 2000 + n * 1000, *ends[n], *ends[not n], octets)
                       for n, octets in enumerate((query, reply))]
        wire = len(query) + len(reply)
        path = self.dir / "amplifier.pcap"
        path.write_bytes(capture.pcap(frames))
        for schema in ("native", "gazer", "gazer-record", "gazer-both", "gopassivedns"):
            run = self.dnsloupe("-w", "1", "-r", path, "--sink", f"type=stdout,schema={schema}")
            self.assertLess(len(run.out), 4 * (16384 + 32 * wire + 1024), schema)
            self.assertEqual(run.stats["logger"]["dns"]["omitted_answers"], 4, schema)
            if schema == "native":
                for record in run.records:
                    self.assertEqual(
                        len(record["answers"]) + record["omitted"]["answers"], 400)
        small = self.dnsloupe("-w", "1", "-r", path, "--set", "output.max_bytes=20000",
                              "--set", "output.max_records=5")
        self.assertEqual([len(r["answers"]) for r in small.records], [5] * 4)
        self.assertEqual([r["omitted"] for r in small.records], [{"answers": 395}] * 4)

    def test_summary(self):
        """Standard error has packets, messages, transactions by status, and what was not decoded."""
        run = self.dnsloupe("-r", RESOLVER)
        total = run.stats["total"]
        for words in (f"{total['rx']['packets']} packets", f"{len(run.lines)} records",
                      f"{total['txn']['answered']} answered", f"{total['txn']['no_reply']} no_reply",
                      "packets/s"):
            self.assertIn(words, run.err)
        self.assertEqual(self.dnsloupe("-q", "-r", RESOLVER).err, "")
        self.assertIn("memory", self.dnsloupe("-v", "-r", RESOLVER).err)
        self.assertNotIn("EAL", run.err)
        self.assertIn("EAL", self.dnsloupe("--set", "eal.log=true", "-r", RESOLVER).err)

    def test_no_terminal(self):
        """There is no progress line unless standard error is a terminal."""
        self.assertNotIn("\r", self.dnsloupe("-r", RESOLVER).err)

    def test_stats_to_standard_output(self):
        path = self.dir / "out.jsonl"
        done = subprocess.run([harness.EXE, "-q", "-r", RESOLVER, "-o", path, "--stats", "-"],
                              env=harness.ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              timeout=harness.HANG_S, check=True)
        stats = harness.json.loads(done.stdout)
        self.check_books(stats, whole=True)
        self.assertEqual(stats["logger"]["sink"]["octets"], path.stat().st_size)

    def test_not_writable(self):
        self.refuses(["-r", RESOLVER, "-o", "/nowhere/out.jsonl"], "/nowhere/out.jsonl",
                     "No such file")
        self.refuses(["-r", RESOLVER, "-o", self.dir], self.dir, "directory")

    def test_no_permission(self):
        path = self.dir / "out.jsonl"
        path.touch(mode=0o400)
        if os.getuid() == 0:
            self.skipTest("is root, who may write anything")
        self.refuses(["-r", RESOLVER, "-o", path], path, "Permission denied")

    def test_stats_not_writable(self):
        """If the counters cannot be written, the run fails, with all records."""
        out = self.dir / "out.jsonl"
        done = subprocess.run(
            [harness.EXE, "-q", "-r", RESOLVER, "-o", out, "--stats", "/nowhere/stats.json"],
            env=harness.ENV, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
            timeout=harness.HANG_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"/nowhere/stats.json: No such file", done.stderr)
        self.assertGreater(out.read_bytes().count(b"\n"), 100)

    def test_over_input(self):
        path = self.dir / "in.pcap"
        path.write_bytes(RESOLVER.read_bytes())
        self.refuses(["-r", path, "-o", path], "in.pcap", code=2)
        self.assertEqual(path.read_bytes(), RESOLVER.read_bytes())

    def test_closed(self):
        """Standard output closed before the start."""
        run = self.dnsloupe("-r", RESOLVER, code=1, stdout=None, whole=False,
                            preexec_fn=lambda: os.close(1))
        self.assertEqual(len(run.errors), 1, run.err)


class Full(harness.Case):
    def load(self):
        path = self.dir / "load.pcap"
        capture.write_load(path, LOAD)
        return path

    def no_space(self, *args, **more):
        run = self.dnsloupe(*args, code=1, **more)
        self.assertEqual(len(run.errors), 1, run.err)
        self.assertIn("No space left on device", run.errors[0])
        self.assertIn("dropped: ", run.err)
        sink = run.stats["logger"]["sink"]
        self.assertGreater(sink["dropped_sink"], 0)
        return run

    def test_full_file(self):
        for n in (1, 2):
            run = self.no_space("-w", n, "-r", RESOLVER, "-o", "/dev/full")
            self.assertEqual(run.stats["logger"]["sink"]["written"], 0)

    def test_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            run = self.no_space("-r", RESOLVER, stdout=full)
        self.assertEqual(run.stats["logger"]["sink"]["written"], 0)

    def test_full_endless(self):
        """An output that fails ends the run, even one whose input has no end."""
        process = self.start("-r", "-", "-o", "/dev/full")
        process.stdin.write(capture.pcap(capture.pair(1)))
        self.assertEqual(process.wait(timeout=harness.HANG_S), 1)
        run = self.finish(process, code=1, whole=False)
        self.assertIn("No space left on device", run.errors[0])

    def test_full_stats(self):
        done = subprocess.run(
            [harness.EXE, "-q", "-r", RESOLVER, "--stats", "/dev/full"], env=harness.ENV,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
            timeout=harness.HANG_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left on device", done.stderr)

    def test_small_disk(self):
        """A file system of 64 KiB: complete lines up to its end."""
        disk = self.dir / "disk"
        disk.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if made.returncode != 0:
            self.skipTest("may not mount a file system")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        path = disk / "out.jsonl"
        self.whole_lines(self.no_space("-r", self.load(), "-o", path, whole=False), path)

    def whole_lines(self, run, path):
        out = path.read_bytes()
        self.assertGreater(len(out), 30000)
        self.assertTrue(out.endswith(b"\n"))
        self.assertEqual(out.count(b"\n"), run.stats["logger"]["sink"]["written"])

    def test_file_size_limit(self):
        """The limit on a file's size (ulimit -f), as ordinary user, too."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        path = self.dir / "out.jsonl"
        run = self.dnsloupe("-r", self.load(), "-o", path, code=1, whole=False, preexec_fn=limit)
        self.assertEqual(len(run.errors), 1, run.err)
        self.assertIn("File too large", run.errors[0])
        self.whole_lines(run, path)


class Pipe(harness.Case):
    def load(self, **more):
        path = self.dir / "load.pcap"
        capture.write_load(path, LOAD, **more)
        return path

    def test_reader_gone(self):
        """As `dnsloupe ... | head -n 1`: one error, and a non-zero exit code."""
        for workers in (1, 3):
            process = self.start("-w", workers, "-r", self.load(), stdin=subprocess.DEVNULL)
            self.read_lines(process.stdout, 1)
            process.stdout.close()
            process.stdout = None
            run = self.finish(process, code=1, whole=False)
            self.assertEqual(len(run.errors), 1, run.err)
            self.assertIn("Broken pipe", run.errors[0])
            self.assertGreater(run.stats["logger"]["sink"]["dropped_sink"], 0)

    def test_head(self):
        """The same through a shell."""
        done = subprocess.run(
            ["bash", "-c", 'set -o pipefail; "$0" -q -r "$1" | head -n 1', harness.EXE,
             self.load()], env=harness.ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=harness.HANG_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count(b"\n"), 1)
        errors = [e for e in done.stderr.splitlines() if b"error:" in e]
        self.assertEqual(len(errors), 1, done.stderr)

    def fill(self, process):
        """Waits until the pipe of standard output is full, so that the program blocks."""
        # a pipe is full by pages, not by octets: poll another write end
        end = os.open(f"/proc/self/fd/{process.stdout.fileno()}", os.O_WRONLY)
        try:
            for _ in range(harness.HANG_S * 50):
                if not select.select([], [end], [], 0)[1]:
                    return
                self.assertIsNone(process.poll(), "ended before its output was read")
                time.sleep(0.02)
        finally:
            os.close(end)
        self.fail("the pipe of its output never filled")

    def test_slow_reader(self):
        """A reader that pauses, then reads slowly, then all, gets every record."""
        for workers in (1, 3):
            process = self.start("-w", workers, "--set", "memory.record_mb=1",
                                 "-r", self.load(unanswered=50), stdin=subprocess.DEVNULL)
            self.fill(process)
            slow = b"".join(os.read(process.stdout.fileno(), 100) for _ in range(300))
            run = self.finish(process)
            out = slow + run.out
            self.assertEqual(out.count(b"\n"), LOAD)
            self.assertEqual(run.stats["logger"]["sink"]["written"], LOAD)
            self.assertEqual(run.stats["total"]["record"]["dropped_full"], 0)
            self.assertEqual(run.stats["total"]["txn"]["no_reply"], LOAD // 50)

    def test_pressure_reaches_reader(self):
        """While the output is not read, a bounded amount of input is read from its pipe."""
        process = self.start("-w", "2", "--set", "memory.record_mb=1", "-r", "-",
                             stderr=subprocess.DEVNULL)
        fd = process.stdin.fileno()
        data = self.load().read_bytes()
        self.assertGreater(len(data), 8 << 20)
        os.set_blocking(fd, False)
        at, ready = 0, [fd]
        while at < len(data) and ready:
            # on a slow machine this may end early, and proves less
            _, ready, _ = select.select([], [fd], [], 5)
            if ready:
                at += os.write(fd, data[at:at + 65536])
        self.assertLess(at, len(data), "all input was taken, though nobody reads the output")
        os.set_blocking(fd, True)
        # Now read, while the rest is written.
        pid = os.fork()
        if pid == 0:
            try:
                while at < len(data):
                    at += os.write(fd, data[at:])
            finally:
                os._exit(0)
        process.stdin.close()
        run = self.finish(process)
        os.waitpid(pid, 0)
        self.assertEqual(len(run.lines), LOAD)

    def test_nonblocking(self):
        """Standard output may be a non-blocking pipe."""
        process = self.start("-r", self.load(), stdin=subprocess.DEVNULL, preexec_fn=lambda:
                             os.set_blocking(1, False))
        self.fill(process)
        self.assertEqual(len(self.finish(process).lines), LOAD)


class Signals(harness.Case):
    def begin(self, workers, **more):
        """Starts a run whose input pipe stays open, with one finished transaction and one open query."""
        process = self.start("-w", workers, "-r", "-", **more)
        frames = capture.pair(1) + [capture.query(2)]
        process.stdin.write(capture.pcap(frames))
        line, = self.read_lines(process.stdout, 1)
        self.assertIn(b'"status":"answered"', line)
        return process

    def test_signal(self):
        """INT and TERM end a run: pending records are written, and the counters add up."""
        for number in (signal.SIGINT, signal.SIGTERM):
            for workers in (1, 3):
                with self.subTest(number=number, workers=workers):
                    process = self.begin(workers)
                    process.send_signal(number)
                    # standard input stays open, so that only the signal ends the run
                    code = process.wait(timeout=harness.HANG_S)
                    run = self.finish(process, whole=False)
                    self.assertEqual(code, 0)
                    self.assertEqual([r["status"] for r in run.records], ["no_reply"])
                    self.assertIn("stopping", run.err)
                    self.assertIn("3 packets", run.err)
                    self.assertEqual(run.errors, [])
                    self.assertEqual(run.stats["logger"]["sink"]["written"], 2)

    def test_before_any_packet(self):
        """A signal before the header of the capture arrives ends the run."""
        process = self.start("-v", "-r", "-")
        self.read_lines(process.stderr, 1)
        process.stdin.write(capture.pcap_header()[:10])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=harness.HANG_S), 0)
        self.assertEqual(self.finish(process, whole=False).out, b"")

    def test_in_load(self):
        """A signal in the middle of a large file, with a blocked output: all that was read is written."""
        path = self.dir / "load.pcap"
        capture.write_load(path, LOAD)
        process = self.start("-w", "2", "-r", path, stdin=subprocess.DEVNULL)
        Pipe.fill(self, process)
        process.send_signal(signal.SIGINT)
        self.read_lines(process.stderr, 1)
        run = self.finish(process, whole=False)
        self.check_written(run)
        txn = run.stats["total"]["txn"]
        self.assertEqual(len(run.lines), txn["answered"] + txn["no_reply"] + txn["no_query"])

    def test_second_signal(self):
        """The output blocks, so the first signal cannot end the run: the second does."""
        path = self.dir / "load.pcap"
        capture.write_load(path, LOAD)
        process = self.start("-r", path, stdin=subprocess.DEVNULL)
        Pipe.fill(self, process)
        process.send_signal(signal.SIGINT)
        self.assertIn(b"stopping", self.read_lines(process.stderr, 1)[0])
        time.sleep(1.1)  # within a second it would count as the first
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=harness.HANG_S), 1)
        self.assertIn("second signal", self.finish(process, code=1).errors[0])
        self.assertFalse(pathlib.Path(process.stats).exists())

    def test_signals_together(self):
        """timeout, sudo and shells send a signal twice, or two at once: that counts as one."""
        for signals in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
            path = self.dir / "load.pcap"
            capture.write_load(path, LOAD)
            process = self.start("-r", path, stdin=subprocess.DEVNULL)
            Pipe.fill(self, process)
            process.send_signal(signals[0])
            self.assertIn(b"stopping", self.read_lines(process.stderr, 1)[0])
            process.send_signal(signals[1])
            run = self.finish(process, whole=False)
            self.check_written(run)

    def test_hangup(self):
        """HUP reopens files, as USR1 does, and does not end the run."""
        path, old = self.dir / "records", self.dir / "old"
        process = self.start("-w", "1", "-r", "-", "-o", path,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        process.stdin.write(capture.load_header() + capture.load_piece(1))
        until = time.monotonic() + harness.HANG_S
        while not path.exists() or not path.read_bytes():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)
        path.rename(old)
        process.send_signal(signal.SIGHUP)
        while not path.exists():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)
        self.finish(process)
        self.assertTrue(old.read_bytes())


if __name__ == "__main__":
    harness.main()
