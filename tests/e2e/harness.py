# SPDX-License-Identifier: BSD-3-Clause
"""Shared by all end-to-end tests: runs of the program, the sums of its counters, and TAP for meson.

A test program is called with the binary's path as first argument: test_NAME.py DNSLOUPE [CASE]...
"""
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PCAPS = ROOT / "pcaps"
HANG_S = 240  # a limit against hangs only: machines may be slow

# The program must see no configuration but the test's.
ENV = {k: v for k, v in os.environ.items() if not k.startswith("DNSLOUPE_")}
EXE = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "dnsloupe"


def captures():
    """Returns all captures of pcaps/, by name."""
    found = sorted(p for p in PCAPS.iterdir() if p.suffix in (".pcap", ".pcapng"))
    assert found, f"{PCAPS} has no captures"
    return found


# Options of captures in pcaps/ that show what is off by default.
OPTIONS = {
    "encrypted": ["--set", "encrypted.sightings=true",
                  "--set", "encrypted.resolvers=192.0.2.53,2001:db8:1::/64"],
}


def options(capture):
    """Returns the arguments with which a capture gives its golden lines."""
    return OPTIONS.get(pathlib.Path(capture).stem, [])


class Run:
    """A finished run: code, out and err (bytes, text), lines (bytes each), stats (or None)."""

    def __init__(self, code, out, err, stats):
        self.code, self.out, self.stats = code, out, stats
        self.err = err.decode("utf-8", "replace")
        self.lines = out.splitlines(keepends=True)

    @property
    def records(self):
        return [json.loads(line) for line in self.lines]

    @property
    def errors(self):
        """The texts of all lines that begin with "dnsloupe: error: "."""
        start = "dnsloupe: error: "
        return [e[len(start):] for e in self.err.splitlines() if e.startswith(start)]


def read_stats(path):
    path = pathlib.Path(path)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return json.loads(text) if text else None


def books(stats, whole=True):
    """Checks sums that must be equal; returns those that are not, as text. whole: all input was read."""
    total, log = stats["total"], stats["logger"]
    rx, packet, txn, record = (total[k] for k in ("rx", "packet", "txn", "record"))
    sink = log["sink"]
    # a sink that one logger feeds has its part of the records only
    whole_sinks = sum(one.get("logger", 0) == 0 for one in stats["sinks"])
    sums = {
        "packets = verdicts + lost": (
            rx["packets"], sum(packet.values()) + rx["handoff_lost"]),
        "handed over = taken over + lost": (
            rx["handed_over"], rx["taken_over"] + rx["handoff_lost"]),
        "queries = opened + retries": (txn["queries"], txn["opened"] + txn["retries"]),
        "opened = answered + no_reply": (txn["opened"], txn["answered"] + txn["no_reply"]),
        "replies = answered + no_query + mismatch + duplicate + further of transfers": (
            txn["replies"], sum(txn[k] for k in (
                "answered", "no_query", "mismatch", "duplicate", "transfer_messages"))),
        "records made = transactions + sightings": (record["made"], sum(
            txn[k] for k in (
                "answered", "no_reply", "no_query", "mismatch", "duplicate", "malformed")) +
            total["sight"]["sni"] + total["sight"]["no_sni"]),
        "connections of encrypted DNS = with + without name": (
            total["sight"]["flows"], total["sight"]["sni"] + total["sight"]["no_sni"]),
        "without name = reasons": (total["sight"]["no_sni"], sum(
            total["sight"][k] for k in ("unnamed", "quic", "strange", "joined", "cut", "large",
                                        "displaced", "ended", "silent", "evicted"))),
        "made = taken + dropped": (
            record["made"], sink["taken"] // whole_sinks + record["dropped_full"]),
    }
    for one in stats["sinks"]:
        sums[f"sink {one['name']}: taken + found = written + dropped + left"] = (
            one["taken"] + one["spool_found"], sum(
                value for key, value in one.items()
                if key in ("filtered", "written", "spool_left") or key.startswith("dropped_")))
    for key in ("taken", "filtered", "dropped_queue", "dropped_large"):
        sums[f"sink.{key} of all loggers"] = (
            sink[key], sum(one["sink"][key] for one in stats["loggers"]))
    for key, value in sink.items():
        sums[f"sink.{key} of all sinks"] = (value, sum(one[key] for one in stats["sinks"]))
    # messages come from single packets, from reassembled datagrams and from TCP streams
    reasm = total.get("reasm", {})
    sums["messages found = messages taken"] = (
        packet["dns"] + sum(
            reasm.get(k, 0) for k in ("frag_dns", "amsdu_dns", "tcp_messages")),
        txn["queries"] + txn["replies"] + txn["malformed"] + txn["copies"])
    if reasm:
        sums["datagrams handed over = taken over + lost"] = (
            reasm["frag_handed_over"],
            reasm["frag_taken_over"] + reasm["frag_lost"] + reasm["amsdu_lost"])
        sums["subframes = what they carried"] = (reasm["amsdu_subframes"], sum(reasm[
            "amsdu_" + k] for k in ("dns", "tcp_dns", "encrypted", "fragment", "other", "lost")))
        sums["whole datagrams = what they carried"] = (reasm["frag_whole"], sum(
            reasm["frag_" + k] for k in ("dns", "tcp_dns", "encrypted", "other", "lost")))
    if whole and "frames" in stats["input"]:
        sums["frames read = packets"] = (stats["input"]["frames"], rx["packets"])
    for stage, counters in total.items():
        for name, value in counters.items():
            sums[f"{stage}.{name} of all workers"] = (
                value, sum(w[stage][name] for w in stats["workers"]))
    return [f"{name}: {a} and {b}" for name, (a, b) in sums.items() if a != b]


def demote():
    """Becomes the user nobody; for preexec_fn."""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


HUGEPAGES = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB")


def own_hugepages(case, pool=HUGEPAGES):
    """Keeps other tests from changing the number of hugepages until the case ends, then restores the
    number, which it returns. If this process is killed, the next test restores it.

    Pages that are in use when the number is lowered are surplus: they are freed with the process
    that uses them, and must not be counted."""
    lock = open("/tmp/dnsloupe-test.hugepages.lock", "a+", encoding="ascii")
    case.addCleanup(lock.close)
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.seek(0)
    left = lock.read().split()
    if len(left) == 2:
        (pathlib.Path(left[0]) / "nr_hugepages").write_text(left[1])
    before = int((pool / "nr_hugepages").read_text()) - int((pool / "surplus_hugepages").read_text())
    lock.truncate(0)
    lock.write(f"{pool} {before}")
    lock.flush()

    def restore():
        (pool / "nr_hugepages").write_text(str(before))
        lock.truncate(0)

    def ended(number, _):
        restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    case.addCleanup(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, ended))
    case.addCleanup(restore)
    return before


class Case(unittest.TestCase):
    """A test case with its own directory, self.dir."""

    maxDiff = 4000

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="dnsloupe-test."))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.count = 0

    def stats_path(self):
        self.count += 1
        return self.dir / f"stats.{self.count}.json"

    def command(self, args, stats=None, sensor="golden"):
        command = [EXE, "--set", f"sensor={sensor}"]
        if stats:
            command += ["--stats", str(stats)]
        return command + [str(a) for a in args]

    def dnsloupe(self, *args, code=0, stdin=None, whole=None, **more):
        """Runs to the end, expects the exit code, and checks the counters if the run began. stdin:
        bytes. whole: see books(); by default if the run succeeds. code None: 0 or 1."""
        stats = self.stats_path()
        done = subprocess.run(
            self.command(args, stats), env=more.pop("env", ENV), timeout=HANG_S, check=False,
            stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
            **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}), **more)
        run = Run(done.returncode, done.stdout or b"", done.stderr, read_stats(stats))
        if code is None:
            self.assertIn(run.code, (0, 1), run.err)
        else:
            self.assertEqual(run.code, code, run.err)
        if run.stats:
            self.check_books(run.stats, code == 0 if whole is None else whole)
        elif code is not None:
            self.assertNotEqual(code, 0, "a run that succeeds writes its counters")
        return run

    def check_books(self, stats, whole):
        self.assertEqual(books(stats, whole), [])

    def check_written(self, run):
        """Checks the counters of what was written against the output."""
        sink = run.stats["logger"]["sink"]
        self.assertEqual((sink["written"], sink["octets"]), (len(run.lines), len(run.out)))
        self.assertTrue(run.out == b"" or run.out.endswith(b"\n"))

    def refuses(self, args, *words, code=1, started=False, **more):
        """Expects a failure with one line on standard error that has all these words, and no output.
        started: it fails while it runs (a stream), so there is a summary, too."""
        run = self.dnsloupe(*args, code=code, **more)
        self.assertEqual(run.out, b"")
        self.assertEqual(len(run.errors), 1, run.err)
        if not started:
            self.assertEqual(run.err.count("\n"), 1, run.err)
        for word in words:
            self.assertIn(str(word), run.errors[0])
        return run

    def start(self, *args, **more):
        """Starts a run with pipes to the test; kills it when the test ends."""
        stats = self.stats_path()
        process = subprocess.Popen(
            self.command(args, stats), env=ENV, bufsize=0, stdin=more.pop("stdin", subprocess.PIPE),
            stdout=subprocess.PIPE, stderr=more.pop("stderr", subprocess.PIPE), **more)
        process.stats = stats

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        self.addCleanup(end)
        return process

    def read_lines(self, stream, n):
        """Returns the next n lines of a pipe; fails after HANG_S."""
        got, until = b"", time.monotonic() + HANG_S
        while got.count(b"\n") < n:
            left = until - time.monotonic()
            ready, _, _ = select.select([stream], [], [], max(left, 0))
            self.assertTrue(ready, f"no line came within {HANG_S} s; so far: {got!r}")
            piece = os.read(stream.fileno(), 65536)
            self.assertTrue(piece, f"ended after: {got!r}")
            got += piece
        return got.splitlines(keepends=True)

    def said(self, process, words):
        """Waits for these words on standard error; returns what was printed up to them."""
        text = getattr(process, "text", "")
        while words not in text:
            lines = self.read_lines(process.stderr, 1)
            text += b"".join(lines).decode()
        process.text = text
        return text

    def finish(self, process, code=0, whole=True):
        """Closes standard input and reads the output of a started run to its end."""
        if process.stdin and not process.stdin.closed:
            process.stdin.close()
        process.stdin = None
        out, err = process.communicate(timeout=HANG_S)
        run = Run(process.returncode, out or b"", err or b"", read_stats(process.stats))
        self.assertEqual(run.code, code, run.err)
        if run.stats:
            self.check_books(run.stats, whole)
        return run


class Tap(unittest.TestResult):
    """Prints test results as TAP."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.bad_subtests = False

    def report(self, good, test, more=""):
        self.number += 1
        name = test.id().split(".", 1)[-1].replace("#", "")
        print(f"{'ok' if good else 'not ok'} {self.number} - {name}{more}", flush=True)

    def explain(self, test, error):
        # to standard error, which meson shows if the test fails; printable only, because meson's report
        # is XML
        print(f"-- {test.id()}", file=sys.stderr)
        for line in "".join(traceback.format_exception(*error)).splitlines():
            print(line.encode("ascii", "backslashreplace").decode(), file=sys.stderr)

    def startTest(self, test):
        super().startTest(test)
        self.bad_subtests = False

    def addSuccess(self, test):
        super().addSuccess(test)
        if not self.bad_subtests:
            self.report(True, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report(True, test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.explain(test, err)
        self.report(False, test)

    def addError(self, test, err):
        super().addError(test, err)
        self.explain(test, err)
        self.report(False, test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.bad_subtests = True
            self.explain(subtest, err)
            self.report(False, subtest)


def main():
    """Runs all cases of this program, or those that its arguments name."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} DNSLOUPE [CLASS.CASE]...")
    loader, module = unittest.TestLoader(), sys.modules["__main__"]
    names = sys.argv[2:]
    suite = loader.loadTestsFromNames(names, module) if names else \
        loader.loadTestsFromModule(module)
    result = Tap()
    suite.run(result)
    print(f"1..{result.number}")
    sys.exit(0 if result.wasSuccessful() and result.number else 1)
