# SPDX-License-Identifier: BSD-3-Clause
"""Shared by tests of network sinks: sink_load (tests/bench/sink_load.c) as a source of numbered documents,
and a check of the programs that they need."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import harness

BUILD = pathlib.Path(harness.EXE).parents[1]
LOAD = BUILD / "tests/bench/sink_load"
MOCK = BUILD / "tests/bench/kafka_mock"
SUPPORT = harness.ROOT / "tests/support"


def need(*programs):
    """Skips the case if one of the programs is not installed, also in sbin."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for p in programs:
        if not shutil.which(p, path=path):
            raise harness.unittest.SkipTest(f"{p} is not installed")


def certificates(folder):
    need("openssl")
    subprocess.run([SUPPORT / "make-certs", folder], check=True, timeout=harness.HANG_S,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Mock:
    """librdkafka's mock brokers (tests/support/kafka_mock.c) in a process of their own. brokers: their
    number, or the addresses of other brokers to read from."""

    def __init__(self, case, brokers=1, **more):
        self.process = subprocess.Popen(
            [MOCK, str(brokers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **more)

        def end():
            self.process.kill()
            self.process.communicate()
        case.addCleanup(end)
        self.brokers = self.process.stdout.readline().decode().split()[1]
        self.count = brokers

    def order(self, words):
        """Sends a command. Returns the lines of the answer but the last."""
        self.process.stdin.write(words.encode() + b"\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline().decode()
            if line.split(" ")[0].strip() in ("done", "read", "count"):
                return lines
            if not line or line.startswith(("undone", "forgot")):
                raise AssertionError(f"the mock brokers say {line!r} to {words!r}")
            lines.append(line.rstrip("\n"))

    def all(self, state):
        for i in range(self.count):
            self.order(f"{state} {i + 1}")


class Case(harness.Case):
    def config(self, *sinks):
        """Writes a configuration file with these sinks."""
        path = self.dir / f"conf.{len(list(self.dir.iterdir()))}.json"
        path.write_text(json.dumps({"sinks": list(sinks)}), encoding="utf-8")
        return path

    def start_load(self, sink, count, *args):
        process = subprocess.Popen(
            [LOAD, *args, self.config(sink), str(count)], env=harness.ENV,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def end_load(self, process, good=True):
        """Waits for the end. Returns the counters and standard error."""
        out, err = process.communicate(timeout=harness.HANG_S)
        err = err.decode("utf-8", "replace")
        self.assertEqual(process.returncode, 0 if good else 1, err)
        report = json.loads(out)
        m = report["sinks"][0]
        self.assertEqual(
            m["taken"] + m["spool_found"],
            m["filtered"] + m["written"] + m["spool_left"] +
            sum(v for k, v in m.items() if k.startswith("dropped_")), "the books")
        return m, err

    def load(self, sink, count, *args, good=True):
        return self.end_load(self.start_load(sink, count, *args), good)

    def refuses_sink(self, sink, word):
        """Expects that the configuration is refused, with one line that names the key."""
        done = subprocess.run([LOAD, self.config(sink), "1"], env=harness.ENV, check=False,
                              timeout=harness.HANG_S, capture_output=True)
        err = done.stderr.decode("utf-8", "replace")
        self.assertEqual((done.returncode, err.count("\n")), (2, 1), err)
        self.assertIn("sinks[0]." + word, err)

    def check_all_once(self, serials, count, first=0):
        """Checks that every document arrived once."""
        self.assertEqual(len(serials), count)
        self.assertEqual(sorted(serials), list(range(first, first + count)))


SERIAL = re.compile(r'n(\d{12})\.example')


def serial_of(text):
    """Returns the serial number of a document (from its qname, or its JSON text)."""
    return int(SERIAL.search(text)[1])
