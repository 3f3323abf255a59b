#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Several sinks with their filters; rotation of files; logrotate; failures."""
import gzip
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

import capture
import harness

RESOLVER = harness.PCAPS / "resolver.pcap"


def sink(kind, **keys):
    """Returns the flag of one sink; __ in keys stands for a dot."""
    conf = {"type": kind}
    for key, value in keys.items():
        *sections, last = key.split("__")
        at = conf
        for section in sections:
            at = at.setdefault(section, {})
        at[last] = str(value) if hasattr(value, "joinpath") else value
    return ["--sink", json.dumps(conf)]


class Case(harness.Case):
    def lines(self, *paths):
        return [line for path in paths for line in path.read_bytes().splitlines(keepends=True)]

    def wait_for(self, what, condition):
        until = time.monotonic() + harness.HANG_S
        while not condition():
            self.assertLess(time.monotonic(), until, f"in vain: {what}")
            time.sleep(0.02)

    def sink_stats(self, run, name):
        one, = [s for s in run.stats["sinks"] if s["name"] == name]
        return one

    def load(self, transactions, **more):
        path = self.dir / "load.pcap"
        capture.write_load(path, transactions, **more)
        return path

    def small_disk(self, size):
        disk = self.dir / "disk"
        disk.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if made.returncode != 0:
            self.skipTest("may not mount a file system")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        return disk


class Several(Case):
    def test_filters(self):
        """Each sink gets the records that match its filter, in the order of standard output."""
        everything = self.dnsloupe("-w", "1", "-r", RESOLVER).lines
        records = [json.loads(line) for line in everything]
        wanted = {
            "all": ({}, lambda r: True),
            "types": ({"filter__qtypes": ["AAAA", "mx"]}, lambda r: r["qtype"] in ("AAAA", "MX")),
            "codes": ({"filter__rcodes": ["NXDOMAIN"]}, lambda r: r.get("rcode") == "NXDOMAIN"),
            "status": ({"filter__statuses": ["no_reply"]}, lambda r: r["status"] == "no_reply"),
            "clients": ({"filter__clients": ["2001:db8::/32"]}, lambda r: ":" in r["client"]),
            "domains": ({"filter__domains": ["example.COM", "test."]},
                        lambda r: ("." + r["qname"].lower()).endswith((".example.com", ".test"))),
            "servers": ({"filter__servers": ["192.0.2.0/24"]},
                        lambda r: r["server"].startswith("192.0.2.")),
            "not_types": ({"filter__exclude__qtypes": ["AAAA", "A"]},
                          lambda r: r.get("qtype") not in ("AAAA", "A")),
            "not_status": ({"filter__exclude__statuses": ["answered"]},
                           lambda r: r["status"] != "answered"),
            "not_clients": ({"filter__exclude__clients": ["2001:db8::/32"]},
                            lambda r: not r["client"].startswith("2001:db8:")),
            "not_domains": ({"filter__exclude__domains": ["example.com"], "filter__domains": ["com"]},
                            lambda r: r["qname"].lower().endswith(".com")
                            and not ("." + r["qname"].lower()).endswith(".example.com")),
            "both": ({"filter__domains": ["com"], "filter__qtypes": ["A"]},
                     lambda r: r["qname"].lower().endswith("com") and r["qtype"] == "A"),
        }
        flags = []
        for name, (keys, _) in wanted.items():
            flags += sink("file", name=name, path=self.dir / name, **keys)
        run = self.dnsloupe("-w", "1", "-r", RESOLVER, *flags, *sink("stdout"))
        self.assertEqual(run.lines, everything)
        some = 0
        for name, (_, takes) in wanted.items():
            want = [line for line, r in zip(everything, records) if takes(r)]
            self.assertEqual(self.lines(self.dir / name), want, name)
            one = self.sink_stats(run, name)
            self.assertEqual((one["written"], one["filtered"]),
                             (len(want), len(everything) - len(want)))
            self.assertIn(f"sink {name}: {len(want)} records written", run.err)
            some += 0 < len(want) < len(everything)
        self.assertGreater(some, 4, "hardly any filter was tested")

    def test_short_form(self):
        """-o FILE adds one sink."""
        a, b = self.dir / "a", self.dir / "b"
        run = self.dnsloupe("-r", RESOLVER, "-o", a, *sink("file", path=b))
        self.assertEqual(run.out, b"")
        self.assertEqual(a.read_bytes(), b.read_bytes())

    def test_null(self):
        """Every record is formatted, counted and discarded, after the filter."""
        lines = self.dnsloupe("-r", RESOLVER).lines
        wanted = [line for line in lines if json.loads(line).get("qtype") == "A"]
        run = self.dnsloupe("-r", RESOLVER, *sink("null", filter__qtypes=["A"]))
        self.assertEqual(run.out, b"")
        one = self.sink_stats(run, "null")
        self.assertEqual((one["written"], one["filtered"], one["octets"]),
                         (len(wanted), len(lines) - len(wanted), sum(map(len, wanted))))
        self.refuses(["-r", RESOLVER, *sink("null", path="/dev/null")],
                     "sinks[0].path: a sink of type null has no such key", code=2)

    def test_configuration(self):
        """Sinks from a file and from the environment."""
        a, conf = self.dir / "a", self.dir / "conf.json"
        conf.write_text(json.dumps({"sinks": [{"type": "file", "path": str(a)}]}))
        self.dnsloupe("-c", conf, "-r", RESOLVER)
        want = a.read_bytes()
        a.unlink()
        env = dict(harness.ENV, DNSLOUPE_SINKS=f"type=file,path={a}")
        self.dnsloupe("-r", RESOLVER, env=env)
        self.assertEqual(len(a.read_bytes()), len(want))
        self.dnsloupe("-r", RESOLVER, env=env)
        self.assertEqual(len(a.read_bytes()), 2 * len(want))  # the file is appended to

    def test_wrong(self):
        for keys, words in (
                ({"filter__qtypes": ["QUUX"]}, ("sinks[0].filter.qtypes: entry 1", "QUUX")),
                ({"filter__clients": ["::/x"]}, ("sinks[0].filter.clients: entry 1", "not followed by / and 0 to 128")),
                ({"compress": "gzip"}, ("sinks[0].compress", "rotate.bytes"))):
            flags = sink("file", path=self.dir / "x", **keys)
            self.refuses(["-r", RESOLVER, *flags], *words, code=2)
            self.refuses(["--check", *flags], *words, code=2)
        self.refuses(["-r", RESOLVER, *sink("file", path="/nowhere/x")], "sink file: cannot open",
                     "No such file")
        self.assertFalse((self.dir / "x").exists())

    def test_one_fails(self):
        """A full disk ends one sink; the others get everything, and the run fails."""
        disk, good = self.small_disk("64k"), self.dir / "good"
        run = self.dnsloupe("-r", self.load(20000), *sink("file", name="bad", path=disk / "bad"),
                            *sink("file", name="good", path=good), code=1, whole=True)
        self.assertEqual(len(run.errors), 1, run.err)
        self.assertIn("sink bad: cannot write to", run.errors[0])
        self.assertIn("No space left", run.errors[0])
        self.assertEqual(len(self.lines(good)), 20000)
        bad = self.sink_stats(run, "bad")
        self.assertEqual((bad["state"], bad["written"] + bad["dropped_sink"]), ("failed", 20000))
        kept = (disk / "bad").read_bytes()
        self.assertEqual(kept.count(b"\n"), bad["written"])
        self.assertTrue(kept.endswith(b"\n") and len(kept) > 30000)

    def test_all_fail(self):
        """When every sink has failed, reading stops, even of an input without an end."""
        process = self.start("-r", "-", *sink("file", name="a", path="/dev/full"),
                             *sink("stdout", name="b", filter__qtypes=["A"]))
        process.stdout.close()
        process.stdout = None
        process.stdin.write(capture.pcap(capture.pair(1)))
        self.assertEqual(process.wait(timeout=harness.HANG_S), 1)
        run = self.finish(process, code=1, whole=False)
        self.assertEqual(len(run.errors), 2, run.err)


class Files(Case):
    def copy(self):
        path = self.dir / "cap.pcap"
        shutil.copy(RESOLVER, path)
        return path, path.read_bytes()

    def test_output_is_input(self):
        """A capture that is an input is never overwritten, whatever its name."""
        path, octets = self.copy()
        (self.dir / "link").symlink_to(path)
        os.link(path, self.dir / "hard")
        for name in ("cap.pcap", "./cap.pcap", "link", "hard"):
            where = f"{self.dir}/{name}"
            self.refuses(["-r", path, "-o", where], "output.file: ", "overwrite the capture in input.files", code=2)
            self.refuses(["-r", path, *sink("file", path=where)], "sinks[0].path: ", code=2)
            self.refuses(["-r", path, "--stats", where], "stats.file: ", code=2)
            with open(path, "rb") as stdin:
                done = subprocess.run(self.command(["-r", "-", "-o", where]), stdin=stdin, env=harness.ENV,
                                      capture_output=True, timeout=harness.HANG_S, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(b"standard input", done.stderr)
        # Nor is a file that begins like a capture.
        other = self.dir / "other.pcap"
        shutil.copy(RESOLVER, other)
        self.refuses(["-r", RESOLVER, "-o", other], "is a capture")
        self.assertEqual((path.read_bytes(), other.read_bytes()), (octets, octets))

    def test_two_writers(self):
        """The second of two processes, or of two sinks, is refused; the first continues."""
        path = self.dir / "out"
        keys = {"path": path, "rotate__bytes": 10**5, "compress": "gzip"}
        process = self.start("-r", "-", *sink("file", **keys))
        process.stdin.write(capture.pcap(capture.pair(0)))
        self.wait_for("a line", lambda: path.exists() and path.stat().st_size)
        self.refuses(["-r", RESOLVER, *sink("file", **keys)],
                     "sink file: another process or sink writes to")
        self.refuses(["-r", RESOLVER, "-o", path], "another process or sink writes to")
        (self.dir / "same").symlink_to(path)
        self.finish(process)
        self.assertEqual(len(self.lines(path)), 1)
        self.refuses(["-r", RESOLVER, *sink("file", name="a", path=path),
                      *sink("file", name="b", path=self.dir / "same")],
                     "sink b: another process or sink writes to")

    def test_mode(self):
        path = self.dir / "out"
        before = os.umask(0o022)
        self.addCleanup(os.umask, before)
        self.dnsloupe("-r", RESOLVER, "-o", path)
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)
        path.unlink()
        self.dnsloupe("-r", self.load(5000), *sink(
            "file", path=path, mode="0600", rotate__bytes=10**5, compress="gzip"))
        self.assertEqual({p.stat().st_mode & 0o777 for p in self.dir.glob("out*")}, {0o600})

    def test_fifo(self):
        """A FIFO without a reader: a signal ends the run; a late reader gets everything."""
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        process = self.start("-r", self.load(1000), "-o", fifo, "--set", "sinks=[]")
        self.said(process, "waits for a reader of the FIFO")
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        run = self.finish(process, code=1, whole=False)
        self.assertEqual(self.sink_stats(run, "output")["written"], 0)
        process = self.start("-r", self.load(1000), "-o", fifo)
        self.said(process, "waits for a reader of the FIFO")
        with open(fifo, "rb") as reader:
            lines = reader.read().splitlines()
        self.finish(process)
        self.assertEqual(len(lines), 1000)

    def test_size_limit(self):
        """ulimit -f acts like a full disk; SIGXFSZ does not end the process."""
        path, limit = self.dir / "out", 16 << 20  # DPDK's files need some, too
        run = self.dnsloupe("-r", self.load(60000), "-o", path, code=1, whole=False,
                            preexec_fn=lambda: resource.setrlimit(
                                resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))
        self.assertIn("File too large (ulimit -f)", run.err)
        self.assertTrue(path.read_bytes().endswith(b"\n"))
        self.assertLessEqual(path.stat().st_size, limit)

    def test_compression_can_be_stopped(self):
        """A signal ends the run during compression; the next start completes it."""
        path = self.dir / "out"
        keys = {"path": path, "rotate__bytes": 3 * 10**6, "compress": "gzip"}
        process = self.start("-r", self.load(60000), *sink("file", **keys))
        finished = lambda: sorted(self.dir.glob("out.*Z-*"))
        self.wait_for("finished files", lambda: len(finished()) > 3)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=harness.HANG_S)
        self.assertIn(process.returncode, (0, 1), err)
        self.assertEqual(list(self.dir.glob("*~")), [])
        self.assertTrue([p for p in finished() if p.suffix != ".gz"])
        before = sum(len(self.lines(p)) if p.suffix != ".gz" else
                     len(gzip.decompress(p.read_bytes()).splitlines()) for p in finished() + [path])
        self.dnsloupe("-r", RESOLVER, *sink("file", **keys))
        self.assertEqual({p.suffix for p in finished()}, {".gz"})
        after = sum(len(gzip.decompress(p.read_bytes()).splitlines()) for p in finished())
        self.assertGreaterEqual(after + len(self.lines(path)), before)


class Secrets(Case):
    def shown(self, *args, env=None, code=0):
        run = subprocess.run([harness.EXE, "--print-config", *args], check=False,
                             capture_output=True, env={**harness.ENV, **(env or {})},
                             timeout=harness.HANG_S)
        self.assertEqual(run.returncode, code, run.stderr)
        return run.stdout.decode() + run.stderr.decode()

    def test_hidden(self):
        """--print-config shows that a secret is set, but not which."""
        out = self.shown(
            *sink("fluentd", address="a", fluentd__shared_key="xyzzy1", fluentd__password="xyzzy2"),
            *sink("kafka", kafka__brokers="b", kafka__topic="t", kafka__properties={
                "sasl.password": "xyzzy3", "ssl.key.pem": "xyzzy4", "linger.ms": "77"}))
        self.assertNotIn("xyzzy", out)
        self.assertEqual(out.count("(hidden)"), 4)
        self.assertIn("77", out)

    def test_files(self):
        """Secrets are read from files; systemd's credentials by their names."""
        (self.dir / "key").write_text("xyzzy\n")
        (self.dir / "empty").write_text("\n")
        (self.dir / "kafka").write_text("# more\nlinger.ms=77\n sasl.password = x=y \nno\n")
        credentials = {"CREDENTIALS_DIRECTORY": str(self.dir)}
        where = {"address": "127.0.0.1:1"}
        flags = sink("fluentd", **where, fluentd__shared_key_file="key")
        run = self.dnsloupe("--check", *flags, env={**harness.ENV, **credentials}, code=None)
        self.assertEqual(run.code, 0, run.err)
        for keys, words in (
                ({"fluentd__shared_key_file": self.dir / "none"}, "fluentd.shared_key_file: cannot read"),
                ({"fluentd__shared_key_file": self.dir / "empty"}, "has 0 octets"),
                ({"fluentd__shared_key_file": self.dir / "key", "fluentd__shared_key": "a"},
                 "the key itself is set too"),
                ({"fluentd__shared_key": "a", "fluentd__password_file": self.dir / "none"},
                 "fluentd.password_file: cannot read")):
            run = self.refuses(["--check", *sink("fluentd", **where, **keys)],
                               "sinks[0].", words, code=2)
            self.assertNotIn("xyzzy", run.err)
        run = self.dnsloupe("--check", *sink(
            "kafka", kafka__brokers="b", kafka__topic="t",
            kafka__properties_file=self.dir / "kafka"), code=2)
        if "was built without" not in run.err:
            self.assertIn("kafka.properties_file: line 4: expected NAME=VALUE", run.err)


class Receiver(threading.Thread):
    """Accepts one connection after the other and stores what each received."""

    def __init__(self, address=None, path=None):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        if not path:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(str(path) if path else address or ("127.0.0.1", 0))
        self.keys = {"path": path} if path else {
            "address": "127.0.0.1:%d" % self.socket.getsockname()[1]}
        self.got, self.most, self.open = [], None, threading.Event()
        self.open.set()

    def listen(self):
        self.socket.listen(1)
        self.start()
        return self

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.got.append(b"")
            with connection:
                while self.open.wait():
                    piece = connection.recv(65536)
                    self.got[-1] += piece
                    if not piece or (self.most and len(self.got[-1]) > self.most):
                        break
            if self.most:
                return

    def close(self):
        # A thread in accept() would keep the socket open.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        if self.is_alive():
            self.join(harness.HANG_S)


class Stream(Case):
    N = 20000

    def receiver(self, address=None, path=None):
        r = Receiver(address, path)
        self.addCleanup(r.close)
        return r

    def names(self, data):
        """Returns the numbers of the transactions in complete lines."""
        self.assertTrue(data == b"" or data.endswith(b"\n"))
        return [int(json.loads(line)["qname"][1:8]) for line in data.splitlines()]

    def messages(self, run, word):
        return sum(f"sink stream is {word}" in line for line in run.err.splitlines())

    def test_all(self):
        """TCP and a unix socket receive what a file contains."""
        tcp, unix = self.receiver().listen(), self.receiver(path=self.dir / "socket").listen()
        want = self.dir / "want"
        self.dnsloupe("-w", "1", "-r", self.load(self.N), *sink("stream", name="tcp", **tcp.keys),
                      *sink("stream", name="unix", **unix.keys), *sink("file", path=want))
        for r in (tcp, unix):
            r.close()
            self.assertEqual(b"".join(r.got), want.read_bytes())

    def test_late(self):
        """The receiver starts late: reading waits; one message at the beginning, one at the end."""
        r = self.receiver(path=self.dir / "socket")
        process = self.start("-r", self.load(self.N), *sink("stream", **r.keys))
        self.assertIn(b"sink stream is away", self.read_lines(process.stderr, 1)[0])
        time.sleep(1)
        self.assertIsNone(process.poll())
        r.listen()
        run = self.finish(process)
        r.close()
        self.assertEqual(self.names(b"".join(r.got)), list(range(self.N)))
        self.assertEqual((self.messages(run, "away"), self.messages(run, "back")), (0, 1))
        self.assertEqual(self.sink_stats(run, "stream")["outages"], 1)

    def test_hangs(self):
        """Reading files waits for a receiver that does not read for a while; back-pressure reaches
        another sink only when a queue is full."""
        r, other = self.receiver(path=self.dir / "socket").listen(), self.dir / "other"
        r.open.clear()
        process = self.start("-r", self.load(self.N), *sink("stream", **r.keys),
                             *sink("file", path=other))
        self.wait_for("lines of the other", lambda: other.exists() and other.stat().st_size > 10**6)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        r.open.set()
        self.finish(process)
        r.close()
        self.assertEqual(self.names(b"".join(r.got)), list(range(self.N)))
        self.assertEqual(len(self.lines(other)), self.N)

    def test_restart(self):
        """A receiver that closes in mid-stream and restarts gets complete lines in order, without
        duplicates; only lines that the first one had in its socket and did not read are lost."""
        path = self.dir / "socket"
        first = self.receiver(path=path)
        first.most = 10**6
        first.listen()
        process = self.start("-w", "1", "-r", self.load(self.N), *sink("stream", **first.keys))
        first.join(harness.HANG_S)
        first.close()
        path.unlink()
        self.read_lines(process.stderr, 1)
        second = self.receiver(path=path).listen()
        run = self.finish(process)
        second.close()
        head = first.got[0]
        before = self.names(head[:head.rindex(b"\n") + 1])
        after = self.names(b"".join(second.got))
        self.assertEqual(before, list(range(len(before))))
        self.assertEqual(after, list(range(after[0], self.N)))
        self.assertGreaterEqual(after[0], len(before))
        self.assertLess(after[0] - len(before), 3000)
        self.assertEqual(self.sink_stats(run, "stream")["written"], self.N)

    def test_never(self):
        """The receiver never starts: pending records are counted, and the run fails."""
        run = self.dnsloupe("-r", self.load(100), *sink(
            "stream", path=self.dir / "socket", drain_ms=100), code=1, whole=True)
        self.assertEqual(self.sink_stats(run, "stream")["dropped_end"], 100)
        self.assertIn("100 records were dropped at the end: its receiver did not take them", run.errors[0])
        self.assertIn("dropped: 100 records still pending at the end", run.err)

    def test_never_and_interrupted(self):
        """More records than can be pending: reading waits until a signal stops the run."""
        process = self.start("-r", self.load(100000), *sink(
            "stream", path=self.dir / "socket", drain_ms=100), "--set", "memory.record_mb=1")
        self.assertIn(b"is away", self.read_lines(process.stderr, 1)[0])
        time.sleep(1)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        run = self.finish(process, code=1, whole=False)
        one = self.sink_stats(run, "stream")
        self.assertEqual(one["dropped_end"], one["taken"])
        self.assertGreater(one["taken"], 5000)

    def test_spool(self):
        """The next run delivers the spool, in order, before its own records."""
        path, spool = self.dir / "socket", self.dir / "spool"
        spool.mkdir()
        keys = {"path": path, "drain_ms": 100, "spool_dir": spool}
        for i in range(3):
            run = self.dnsloupe("-w", "1", "-r", self.load(1000, first=i * 1000),
                                *sink("stream", **keys))
            one = self.sink_stats(run, "stream")
            self.assertEqual((one["spool_found"], one["spooled"], one["spool_left"]),
                             (i * 1000, 1000, i * 1000 + 1000))
            self.assertIn(f"{i * 1000 + 1000} records are left in the spool", run.err)
        r = self.receiver(path=path).listen()
        run = self.dnsloupe("-w", "1", "-r", self.load(1000, first=3000), *sink("stream", **keys))
        r.close()
        self.assertEqual(self.names(b"".join(r.got)), list(range(4000)))
        one = self.sink_stats(run, "stream")
        self.assertEqual((one["spool_found"], one["written"], one["spool_left"]), (3000, 4000, 0))
        self.assertEqual(list(spool.iterdir()), [])

    def test_spool_after_kill(self):
        """A run that was killed leaves its spool, which is truncated to complete blocks."""
        path, spool = self.dir / "socket", self.dir / "spool"
        spool.mkdir()
        keys = {"path": path, "drain_ms": 100, "spool_dir": spool}
        self.dnsloupe("-w", "1", "-r", self.load(3000), *sink("stream", **keys))
        segment, = spool.glob("*.spool")
        data = segment.read_bytes()
        segment.write_bytes(data[:-1])
        r = self.receiver(path=path).listen()
        run = self.dnsloupe("-w", "1", "-r", self.load(1, first=9999), *sink("stream", **keys))
        r.close()
        got = self.names(b"".join(r.got))
        self.assertEqual(got, list(range(len(got) - 1)) + [9999])
        self.assertGreater(len(got), 1000)
        self.assertIn("octets, which was truncated", run.err)

    def test_spool_full(self):
        spool = self.dir / "spool"
        spool.mkdir()
        run = self.dnsloupe("-r", self.load(5000), *sink(
            "stream", path=self.dir / "socket", drain_ms=100, spool_dir=spool,
            spool_bytes=1 << 20), code=1, whole=True)
        one = self.sink_stats(run, "stream")
        self.assertEqual(one["spool_left"] + one["dropped_spool"], 5000)
        self.assertGreater(min(one["spool_left"], one["dropped_spool"]), 500)
        self.assertIn(f"cannot write to the spool in {spool}: spool_bytes are reached", run.err)
        self.assertLessEqual(sum(p.stat().st_size for p in spool.iterdir()), 1 << 20)

    def test_spool_disk_full(self):
        disk = self.small_disk("1m")
        run = self.dnsloupe("-r", self.load(5000), *sink(
            "stream", path=self.dir / "socket", drain_ms=100, spool_dir=disk), code=1, whole=True)
        one = self.sink_stats(run, "stream")
        self.assertEqual(one["spool_left"] + one["dropped_spool"], 5000)
        self.assertGreater(min(one["spool_left"], one["dropped_spool"]), 500)
        self.assertIn(f"cannot write to the spool in {disk}: No space left on device", run.err)

    def test_spool_unusable(self):
        flags = sink("stream", path=self.dir / "socket", spool_dir=self.dir / "none")
        self.refuses(["-r", RESOLVER, *flags], "sink stream: spool: cannot use the directory",
                     "No such file")

    def test_wrong(self):
        for keys, words in (({}, "path: is missing"), ({"address": "a"}, "address: has no port"),
                            ({"address": "a:1", "transport": "udp"}, "transport: is no stream")):
            self.refuses(["--check", *sink("stream", **keys)], "sinks[0]." + words, code=2)


class Rotation(Case):
    def finished(self, path):
        return sorted(p for p in self.dir.iterdir()
                      if p.name.startswith(path.name + ".") and "Z-" in p.name)

    def test_size(self):
        """Complete lines, no file too large, nothing lost."""
        path, want = self.dir / "out", self.dir / "want"
        self.dnsloupe("-w", "1", "-r", self.load(5000), *sink("file", path=path, rotate__bytes=10**5),
                      *sink("file", name="want", path=want))
        files = self.finished(path) + [path]
        self.assertGreater(len(files), 20)
        for p in files:
            self.assertLessEqual(p.stat().st_size, 10**5)
        self.assertEqual(b"".join(p.read_bytes() for p in files), want.read_bytes())

    def test_gzip_and_count(self):
        path = self.dir / "out"
        self.dnsloupe("-w", "1", "-r", self.load(5000), *sink(
            "file", path=path, rotate__bytes=10**5, compress="gzip", rotate__keep=7))
        files = self.finished(path)
        self.assertEqual([p.suffix for p in files], [".gz"] * 7)
        got = [line for p in files for line in gzip.decompress(p.read_bytes()).splitlines(True)]
        got += self.lines(path)
        names = [json.loads(line)["qname"] for line in got]
        self.assertEqual(names, [f"n{i:07}.example.com" for i in range(5000 - len(names), 5000)])

    def test_time(self):
        """A file ends with its second, even without records; an incomplete file is called .part."""
        path = self.dir / "out"
        process = self.start("-r", "-", *sink("file", path=path, rotate__seconds=1, part=True))
        process.stdin.write(capture.pcap(capture.pair(1)))
        self.wait_for("a finished file", lambda: len(self.finished(path)) == 1)
        process.stdin.write(b"".join(capture.pcap_record(f) for f in capture.pair(2)))
        self.wait_for("a second one", lambda: len(self.finished(path)) == 2)
        self.finish(process)
        self.assertFalse(path.exists() or path.with_name("out.part").exists())
        self.assertEqual([len(self.lines(p)) for p in self.finished(path)], [1, 1])

    def begin(self, path, **keys):
        process = self.start("-r", "-", *sink("file", path=path, **keys))
        process.stdin.write(capture.pcap(capture.pair(0)))
        self.wait_for("a line", lambda: path.exists() and path.stat().st_size)
        return process

    def put(self, process, path, i):
        before = path.stat().st_size
        process.stdin.write(b"".join(capture.pcap_record(f) for f in capture.pair(i)))
        self.wait_for("a line", lambda: path.stat().st_size > before)

    def test_reopen(self):
        """USR1: a file that was moved is not written to any more."""
        path, moved = self.dir / "out", self.dir / "moved"
        process = self.begin(path)
        path.rename(moved)
        process.send_signal(signal.SIGUSR1)
        self.wait_for("a new file", path.exists)
        self.put(process, path, 1)
        self.finish(process)
        self.assertEqual((len(self.lines(moved)), len(self.lines(path))), (1, 1))

    def test_logrotate(self):
        """The real logrotate, with the configuration of doc/sinks.md."""
        program = shutil.which("logrotate") or "/usr/sbin/logrotate"
        if not os.path.exists(program):
            self.skipTest("logrotate is not installed")
        path, conf = self.dir / "out", self.dir / "logrotate.conf"
        process = self.begin(path)
        conf.write_text(f"{path} {{\n  rotate 9\n  delaycompress\n  compress\n  nodateext\n"
                        f"  postrotate\n    kill -USR1 {process.pid}\n  endscript\n}}\n")
        conf.chmod(0o600)
        self.dir.chmod(0o700)
        for i in range(1, 6):
            subprocess.run([program, "-f", "-s", self.dir / "state", conf], check=True)
            self.wait_for("a new file", path.exists)
            self.put(process, path, i)
        run = self.finish(process)
        got = self.lines(self.dir / "out.1", path)
        for i in range(2, 6):
            got += gzip.decompress((self.dir / f"out.{i}.gz").read_bytes()).splitlines(True)
        self.assertEqual(sorted(json.loads(line)["qname"] for line in got),
                         [f"n{i}.example.com" for i in range(6)])
        self.assertEqual(run.stats["logger"]["sink"]["written"], 6)


if __name__ == "__main__":
    harness.main()
