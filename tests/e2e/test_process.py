#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Background runs, pid files, variables from a file, and other matters of the process."""
import json
import os
import pathlib
import resource
import signal
import subprocess
import time

import capture
import harness


class PidFile(harness.Case):
    def setUp(self):
        super().setUp()
        self.pid = self.dir / "run.pid"

    def test_life(self):
        """The pid file exists during the run, is refused to another process, and is removed at the end."""
        process = self.start("-r", "-", "--pid-file", self.pid)
        process.stdin.write(capture.load_header() + capture.load_piece(1))
        process.stdin.flush()
        self.wait_for(lambda: self.pid.exists() and self.pid.read_text())
        self.assertEqual(self.pid.read_text(), f"{process.pid}\n")
        other = self.dnsloupe("-r", harness.PCAPS / "udp4.pcap", "--pid-file", self.pid, code=1)
        self.assertEqual(other.out, b"")
        self.assertIn(f"running process, {process.pid}", other.errors[0])
        self.assertEqual(self.pid.read_text(), f"{process.pid}\n")
        self.finish(process)
        self.assertFalse(self.pid.exists())

    def wait_for(self, done):
        until = time.monotonic() + harness.HANG_S
        while not done():
            self.assertLess(time.monotonic(), until, "it never came")
            time.sleep(0.01)

    def test_left_behind(self):
        """A pid file of a dead process, whatever it contains, is replaced."""
        for text in ("", "999999\n", f"{os.getpid()}\n", "nonsense, and long " * 10):
            self.pid.write_text(text)
            self.dnsloupe("-r", harness.PCAPS / "udp4.pcap", "--pid-file", self.pid)
            self.assertFalse(self.pid.exists())

    def test_stopped(self):
        """A signal removes it, as the end of the input does."""
        process = self.start("-r", "-", "--pid-file", self.pid)
        process.stdin.write(capture.load_header() + capture.load_piece(1))
        process.stdin.flush()
        self.wait_for(lambda: self.pid.exists() and self.pid.read_text())
        process.send_signal(signal.SIGTERM)
        self.finish(process, whole=False)
        self.assertFalse(self.pid.exists())

    def test_not_ours(self):
        """A file that replaced it is left alone; one that cannot be opened is an error."""
        process = self.start("-r", "-", "--pid-file", self.pid)
        self.wait_for(lambda: self.pid.exists() and self.pid.read_text())
        self.pid.unlink()
        self.pid.write_text("another\n")
        process.stdin.write(capture.load_header())
        self.finish(process)
        self.assertEqual(self.pid.read_text(), "another\n")
        run = self.dnsloupe("-r", harness.PCAPS / "udp4.pcap", "--pid-file", self.dir / "no/run.pid",
                            code=1)
        self.assertIn("no/run.pid", run.errors[0])
        link = self.dir / "link"
        link.symlink_to(self.dir / "elsewhere")
        run = self.dnsloupe("-r", harness.PCAPS / "udp4.pcap", "--pid-file", link, code=1)
        self.assertFalse((self.dir / "elsewhere").exists())


class Daemon(harness.Case):
    def daemon(self, *args, code=0):
        out = open(self.dir / "out", "wb")
        err = open(self.dir / "err", "wb")
        with out, err:
            done = subprocess.run(self.command(["--daemon", *args], self.dir / "stats"),
                                  env=harness.ENV, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                  check=False, timeout=harness.HANG_S)
        self.assertEqual(done.returncode, code, (self.dir / "err").read_text())

    def test_whole_run(self):
        """The command returns, and the run writes what it writes in the foreground."""
        path = self.dir / "load.pcap"
        capture.write_load(path, 50000)
        self.daemon("-w", "1", "-r", path, "-o", self.dir / "records")
        until = time.monotonic() + harness.HANG_S
        while not harness.read_stats(self.dir / "stats"):
            self.assertLess(time.monotonic(), until, "it never ended")
            time.sleep(0.02)
        front = self.dnsloupe("-w", "1", "-r", path)
        self.assertEqual((self.dir / "records").read_bytes() == front.out, True)

    def test_session(self):
        """The run has its own session, and its pid is in the file."""
        fifo, pid = self.dir / "fifo", self.dir / "run.pid"
        os.mkfifo(fifo)
        keep = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, keep)
        os.write(keep, capture.load_header() + capture.load_piece(1))
        self.daemon("-r", fifo, "-o", self.dir / "records", "--pid-file", pid)
        number = int(pid.read_text())
        self.addCleanup(self.end, number)
        self.assertEqual(os.getsid(number), number)
        self.assertIn("--daemon", pathlib.Path(f"/proc/{number}/cmdline").read_text())
        os.kill(number, signal.SIGTERM)
        until = time.monotonic() + harness.HANG_S
        while pid.exists():
            self.assertLess(time.monotonic(), until, "it does not end")
            time.sleep(0.01)

    @staticmethod
    def end(number):
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def test_failures(self):
        """Errors during the start are printed by the command, with its exit code."""
        self.daemon("-r", self.dir / "missing.pcap", "-o", self.dir / "records", code=1)
        self.assertIn("missing.pcap", (self.dir / "err").read_text())
        self.daemon("-r", harness.PCAPS / "udp4.pcap", "-o", self.dir / "no/where", code=1)
        self.assertIn("no/where", (self.dir / "err").read_text())
        self.daemon("-r", harness.PCAPS / "udp4.pcap", "--set", "workers=x", code=2)


    def test_standard_output(self):
        """Standard output is refused in the background."""
        for args in ((), ("-o", "-"), ("--sink", "type=stdout"),
                     ("-o", self.dir / "records", "--set", "stats.file=-")):
            run = subprocess.run([harness.EXE, "--daemon", "-r", harness.PCAPS / "udp4.pcap", *args],
                                 capture_output=True, check=False, env=harness.ENV,
                                 timeout=harness.HANG_S)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn(b"process.daemon: ", run.stderr)

    def test_pipes(self):
        """The pipes of the parent are closed during the run."""
        fifo, pid = self.dir / "fifo", self.dir / "run.pid"
        os.mkfifo(fifo)
        keep = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, keep)
        run = subprocess.run(
            [harness.EXE, "--daemon", "-r", fifo, "-o", self.dir / "records", "--pid-file", pid],
            capture_output=True, check=False, env=harness.ENV, timeout=harness.HANG_S)
        number = int(pid.read_text())
        self.addCleanup(self.end, number)
        self.assertEqual(run.returncode, 0)
        self.assertTrue(pid.exists())


class Hugepages(harness.Case):
    """Some free pages, but too few: every run starts, however many start at once."""

    def setUp(self):
        super().setUp()
        try:
            harness.own_hugepages(self)
        except OSError as e:
            self.skipTest(f"cannot reserve hugepages: {e}")

    def reserve(self, pages):
        try:
            (harness.HUGEPAGES / "nr_hugepages").write_text(str(pages))
        except OSError as e:
            self.skipTest(f"cannot reserve hugepages: {e}")

    def together(self, config):
        command = [harness.EXE, *config, "-r", harness.PCAPS / "udp4.pcap"]
        want = self.dnsloupe("-w", "1", "-r", harness.PCAPS / "udp4.pcap").out
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=harness.ENV) for _ in range(6)]
        for run in runs:
            out, err = run.communicate(timeout=harness.HANG_S)
            self.assertEqual((run.returncode, out == want), (0, True), err)

    def test_some(self):
        """16 pages."""
        self.reserve(16)
        for _ in range(3):
            self.together(["-w", "1", "--set", "sensor=golden"])

    def test_none_and_many(self):
        for pages in (0, 128):
            self.reserve(pages)
            self.together(["-w", "1", "--set", "sensor=golden"])

    def test_begins_anew(self):
        """Standard input, a pid file and the waiting command survive the second execution."""
        self.reserve(16)
        for k in range(4):
            runs = []
            for i in range(4):
                out, pid = self.dir / f"out{k}.{i}", self.dir / f"pid{k}.{i}"
                runs.append((subprocess.Popen(
                    [harness.EXE, "-v", "-c", "/dev/stdin", "-o", out, "--daemon", "--pid-file", pid],
                    stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.ENV), out))
            conf = json.dumps({"sensor": "golden", "workers": 1,
                               "input": {"files": [str(harness.PCAPS / "udp4.pcap")]}})
            for run, out in runs:
                _, err = run.communicate(conf.encode(), timeout=harness.HANG_S)
                self.assertEqual(run.returncode, 0, err)
        want = self.dnsloupe("-w", "1", "-r", harness.PCAPS / "udp4.pcap").out
        until = time.monotonic() + harness.HANG_S
        for out in [self.dir / f"out{k}.{i}" for k in range(4) for i in range(4)]:
            while not out.exists() or out.read_bytes() != want:
                self.assertLess(time.monotonic(), until, out)
                time.sleep(0.01)


class Descriptors(harness.Case):
    def test_few(self):
        """A limit on open files that is too low is an error; a sufficient one is not."""
        for limit in (*range(8, 20), 24, 32, 64):
            run = self.dnsloupe(
                "-w", "1", "-r", harness.PCAPS / "udp4.pcap", code=None, preexec_fn=lambda n=limit:
                resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
            if run.code:
                self.assertEqual(len(run.errors), 1, run.err)
                self.assertIn("RLIMIT_NOFILE", run.errors[0])
                self.assertEqual(run.err.count("\n"), 1, run.err)
            else:
                self.assertEqual(len(run.lines), 49)
        self.assertEqual(run.code, 0)

    def test_soft(self):
        """The soft limit is raised as needed."""
        run = self.dnsloupe("-w", "8", "-r", harness.PCAPS / "udp4.pcap", preexec_fn=lambda:
                            resource.setrlimit(resource.RLIMIT_NOFILE, (16, 256)))
        self.assertEqual(len(run.lines), 49)

    def test_closed(self):
        """Closed standard streams are not reused for other files."""
        for closed in ((0,), (2,), (0, 2), (1,), (0, 1, 2)):
            out = self.dir / "records"
            stats = self.dir / "stats"
            code = subprocess.call(
                self.command(["-r", harness.PCAPS / "udp4.pcap", "-o", out], stats),
                env=harness.ENV, stderr=subprocess.DEVNULL,
                preexec_fn=lambda c=closed: [os.close(fd) for fd in c])
            self.assertEqual((code, out.read_bytes().count(b"\n")), (0, 49))
            self.check_books(harness.read_stats(stats), True)
        for args in (["-r", harness.PCAPS / "udp4.pcap"], ["-r", "-", "-o", self.dir / "none"]):
            code = subprocess.call(self.command(args), env=harness.ENV, stderr=subprocess.DEVNULL,
                                   preexec_fn=lambda: [os.close(fd) for fd in (0, 1)])
            self.assertEqual(code, 1)

    def test_unread_messages(self):
        """A standard error that is not read does not block the run; lost messages are counted."""
        r, w = os.pipe()
        self.addCleanup(os.close, r)
        os.set_blocking(w, False)
        try:
            while os.write(w, bytes(4096)):
                pass
        except BlockingIOError:
            os.set_blocking(w, True)
        bad = self.dir / "bad"
        bad.write_text("no capture")
        path = self.stats_path()
        code = subprocess.call(
            self.command(["-r", bad, "-r", harness.PCAPS / "udp4.pcap"], path), env=harness.ENV,
            stdout=subprocess.DEVNULL, stderr=w, timeout=harness.HANG_S)
        os.close(w)
        self.assertEqual(code, 1)
        stats = harness.read_stats(path)
        self.assertGreaterEqual(stats["messages_lost"], 1)
        self.assertEqual(stats["total"]["txn"]["answered"], 49)


class EnvFile(harness.Case):
    def conf(self, text, *args, env=None):
        path = self.dir / "env"
        path.write_text(text)
        run = subprocess.run(
            [harness.EXE, "--env-file", str(path), "--print-config", *args], check=False,
            capture_output=True, env={**harness.ENV, **(env or {})}, timeout=harness.HANG_S)
        return run.returncode, json.loads(run.stdout) if run.stdout else None, run.stderr.decode()

    def test_values(self):
        code, conf, _ = self.conf(
            "# a comment\n\n; another\nDNSLOUPE_SENSOR=\"lab 1\"\r\n  export DNSLOUPE_WORKERS = 3 \n"
            "DNSLOUPE_DNS_PORTS='53,5353'\nPATH=/somewhere\nDNSLOUPE_OUTPUT_FILE=a=b\n")
        self.assertEqual(code, 0)
        self.assertEqual((conf["sensor"], conf["workers"], conf["dns"]["ports"],
                          conf["output"]["file"]), ("lab 1", 3, [53, 5353], "a=b"))

    def test_order(self):
        """Flags precede the environment, its file, and the configuration file."""
        file = self.dir / "conf.json"
        file.write_text('{"sensor": "of the file", "workers": 1, "txn": {"timeout_ms": 1}}')
        text = f"DNSLOUPE_CONFIG={file}\nDNSLOUPE_SENSOR=of the env file\nDNSLOUPE_WORKERS=2\n"
        self.assertEqual(self.conf(text)[1]["sensor"], "of the env file")
        self.assertEqual(self.conf(text)[1]["txn"]["timeout_ms"], 1)
        env = {"DNSLOUPE_SENSOR": "of the environment"}
        self.assertEqual(self.conf(text, env=env)[1]["sensor"], "of the environment")
        self.assertEqual(self.conf(text, "-w", "4", env=env)[1]["workers"], 4)

    def test_wrong(self):
        for text, word in (("DNSLOUPE_SENSOR\n", "line 1"), ("A=1\n=2\n", "line 2"),
                           ("DNSLOUPE_NONE=1\n", "DNSLOUPE_NONE"),
                           ("DNSLOUPE_WORKERS=many\n", "DNSLOUPE_WORKERS")):
            code, _, err = self.conf(text)
            self.assertEqual(code, 2, text)
            self.assertIn(word, err)
            self.assertEqual(err.count("\n"), 1)
        self.refuses(["--env-file", self.dir / "none", "-r", "x"], "none", code=2)


if __name__ == "__main__":
    harness.main()
