#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A system call of a spool or of a file sink fails once, with a plausible errno, or does half of its work
(tests/support/fault_shim.c): every record is written, spooled, or dropped and counted. Tries a sample of
all such faults, the same in each run; all of them if FAULTS is "all"."""
import errno
import fcntl
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading

import harness
import receivers

SHIM = receivers.BUILD / "tests/bench/fault_shim.so"
NO = {"open": "EMFILE EIO ENOMEM ENOSPC", "opendir": "EMFILE ENOMEM", "readdir": "EIO",
      "read": "EIO EINTR HALF", "pread": "EIO EINTR HALF",
      "write": "ENOSPC EIO EINTR EFBIG HALF", "pwrite": "ENOSPC EIO HALF",
      "pwritev": "ENOSPC EIO EDQUOT HALF", "ftruncate": "EIO",
      "fsync": "EIO ENOSPC", "fdatasync": "EIO", "fstat": "EIO ENOMEM", "stat": "EIO ENOMEM",
      "lseek": "EIO", "flock": "EINTR ENOLCK", "rename": "EIO ENOSPC", "unlink": "EIO EPERM"}
EACH = 7  # of a kind of call, the first ones and the last
SAMPLE = 40  # faults of a test case, at least one of each kind
RUN_S = 60  # a limit against hangs of one run, which takes a tenth of a second


class Receiver(threading.Thread):
    """Stores all lines of all connections to a Unix socket."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(4)
        self.data = b""
        self.start()

    def run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            with conn:
                while piece := conn.recv(1 << 16):
                    self.data += piece

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.join(RUN_S)
        if self.is_alive():
            raise AssertionError("a connection stays open behind the end of its run")
        return self.data


def serials(data):
    """Returns serial numbers of lines; fails on an incomplete line."""
    return [int(json.loads(line)["qname"][1:13]) for line in data.splitlines()]


class Faults(receivers.Case):
    COUNT = 3000

    def run_load(self, sink, count, *args, fault=None, under=None):
        """Returns the counters of the sink (None: it did not start), and standard error."""
        env = dict(harness.ENV)
        if under:
            env.update(LD_PRELOAD=str(SHIM), FAULT_UNDER=str(under))
        if fault:
            print("#", self.id(), *fault, flush=True)
            env.update(FAULT_CALL=fault[0], FAULT_AT=str(fault[1]),
                       FAULT_ERRNO=str(getattr(errno, fault[2], 0)))
        conf = self.dir / "conf.json"
        conf.write_text(json.dumps({"sinks": [sink]}), encoding="utf-8")
        done = subprocess.run([receivers.LOAD, *args, conf, str(count)], env=env, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_S)
        err = done.stderr.decode()
        self.assertIn(done.returncode, (0, 1), err)
        if not done.stdout:
            self.assertEqual(done.returncode, 1, err)
            return None, err
        m = json.loads(done.stdout)["sinks"][0]
        dropped = sum(v for k, v in m.items() if k.startswith("dropped_"))
        self.assertEqual(m["taken"] + m["spool_found"],
                         m["filtered"] + m["written"] + m["spool_left"] + dropped, (fault, m, err))
        m["dropped"] = dropped
        return m, err

    def each(self, err):
        """Chooses the faults to try from the counts of a run without faults."""
        counts = {call: int(n) for call, n in re.findall(r"fault: (\w+) (\d+)", err)}
        self.assertGreater(len(counts), 5, err)
        faults = [(call, at, error) for call, n in counts.items()
                  for at in sorted({*range(1, min(n, EACH) + 1), n})
                  for error in NO[call].split()]
        if os.environ.get("FAULTS") == "all":
            return faults
        random.Random(self.id()).shuffle(faults)
        kinds = {fault[::2]: fault for fault in faults}
        more = [fault for fault in faults if fault not in kinds.values()]
        return [*kinds.values(), *more[:max(SAMPLE - len(kinds), 0)]]

    def fresh(self, template=None):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.dir))
        if template:
            shutil.copytree(template, folder, dirs_exist_ok=True)
        return folder

    def spool(self, folder):
        return {"type": "stream", "path": str(self.dir / "socket"), "drain_ms": 1,
                "spool_dir": str(folder), "spool_bytes": 4 << 20}

    def drain(self, folder, **fault):
        receiver = Receiver(self.dir / "socket")
        m, err = self.run_load({**self.spool(folder), "drain_ms": 60000}, 0, **fault)
        data = receiver.end()
        (self.dir / "socket").unlink()
        return m, err, serials(data)

    def test_spool_is_written(self):
        folder = self.fresh()
        _, err = self.run_load(self.spool(folder), self.COUNT, under=folder)
        for fault in self.each(err):
            folder = self.fresh()
            m, err = self.run_load(self.spool(folder), self.COUNT, fault=fault, under=folder)
            self.assertIsNotNone(m, (fault, err))
            _, _, got = self.drain(folder)
            self.assertEqual(len(got), len(set(got)), fault)
            self.assertEqual(len(got), m["spool_left"], (fault, m, err))
            shutil.rmtree(folder)

    def test_spool_is_read(self):
        template = self.fresh()
        m, _ = self.run_load(self.spool(template), self.COUNT)
        self.assertEqual(m["spool_left"], self.COUNT)
        folder = self.fresh(template)
        _, err, got = self.drain(folder, under=folder)
        self.assertEqual(got, list(range(self.COUNT)))
        for fault in self.each(err):
            folder = self.fresh(template)
            m, err, first = self.drain(folder, fault=fault, under=folder)
            _, _, rest = self.drain(folder)
            got = first + rest
            self.assertEqual(sorted(set(got)), list(range(self.COUNT)), (fault, m, err))
            # a position that could not be written, or a segment that could not be removed
            self.assertLess(len(got) - len(set(got)), 2500, fault)
            shutil.rmtree(folder)

    def test_stray_spool(self):
        """The spool of a removed sink is reported in one line, but not while another process uses it."""
        folder = self.fresh()
        self.run_load({**self.spool(folder), "name": "old.1"}, 10)
        words = f"{folder} holds 1 spool files, "
        _, err = self.run_load({**self.spool(folder), "name": "new"}, 0)
        self.assertEqual(err.count(words), 1, err)
        self.assertIn("old.1.*.spool", err)
        with open(folder / "old.1.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _, err = self.run_load({**self.spool(folder), "name": "new"}, 0)
            self.assertNotIn(words, err)
        _, err = self.run_load({**self.spool(folder), "name": "old.1"}, 0)
        self.assertNotIn(words, err)

    def lines_of(self, folder):
        got = []
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()
            if path.suffix == ".gz":
                if path.with_suffix("").exists():
                    continue  # its original could not be removed
                data = gzip.decompress(data)
            self.assertTrue(path.name.endswith("~") or data == b"" or data.endswith(b"\n"), path)
            if not path.name.endswith("~"):
                got += serials(data)
        return got

    def check_file(self, *args, **keys):
        def sink(folder):
            return {"type": "file", "path": str(folder / "out"), "rotate": {"bytes": 400000},
                    "drain_ms": 60000, **keys}
        folder = self.fresh()
        _, err = self.run_load(sink(folder), self.COUNT, *args, under=folder)
        for fault in self.each(err):
            folder = self.fresh()
            m, err = self.run_load(sink(folder), self.COUNT, *args, fault=fault, under=folder)
            got = self.lines_of(folder)
            self.assertEqual(len(got), len(set(got)), (fault, err))
            self.assertEqual(len(got), m["written"] if m else 0, (fault, m, err))
            if args and m:
                self.assertEqual(m["written"] + m["dropped_queue"], self.COUNT, (fault, m, err))
            shutil.rmtree(folder)

    def test_file(self):
        """Live, what failed is retried."""
        self.check_file("-l", fsync="block", compress="gzip")

    def test_file_of_files(self):
        """Reading files, a fault ends the sink, and what was written is counted."""
        self.check_file(part=True, fsync="rotate")


if __name__ == "__main__":
    if not os.path.exists(SHIM) or b"__asan_init" in receivers.LOAD.read_bytes():
        print("1..0 # SKIP without the shim, or under a sanitizer")
    else:
        harness.main()
