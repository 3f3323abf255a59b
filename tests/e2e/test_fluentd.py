#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sink fluentd, against tests/support/fluentd_server.py, a receiver with faults on request, and against
Fluent's own server from npm where it can be installed."""
import json
import os
import pathlib
import select
import ssl
import subprocess
import sys
import time
import unittest

import harness
import receivers

sys.path.insert(0, str(receivers.SUPPORT))
try:
    from fluentd_server import Server
except ModuleNotFoundError:
    print("1..0 # SKIP python3-msgpack is not installed")
    sys.exit(0)

MODES = ("message", "forward", "packed", "compressed")
PACKAGE = "@fluent-org/logger"
VERSION = "1.0.10"
TS_NS = 1700000000000000000  # of sink_load's first document


class Fluentd(receivers.Case):
    def server(self, *args, **more):
        server = Server(*args, **more)
        self.addCleanup(server.stop)
        return server

    def sink(self, server, **more):
        fluentd = more.pop("fluentd", {})
        where = "path" if isinstance(server.where, str) else "address"
        return {"type": "fluentd", where: server.address, "fluentd": fluentd, **more}

    def tls(self):
        receivers.certificates(self.dir)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.dir / "server.pem", self.dir / "server.key")
        return context

    def check_events(self, server, count, in_order=True):
        """Checks that all events arrived once, with the right times."""
        self.assertGreaterEqual(server.wait(count), count)
        serials = [receivers.serial_of(record["qname"]) for _, _, record in server.events]
        self.check_all_once(serials, count)
        if in_order:
            self.assertEqual(serials, sorted(serials))
        for (_, when, _), serial in zip(server.events, serials):
            self.assertEqual(when, TS_NS + serial)
        self.assertEqual(server.problems, [])


class Forms(Fluentd):
    def test_modes(self):
        for mode in MODES:
            for ack in (True, False):
                with self.subTest(mode=mode, ack=ack):
                    server = self.server()
                    m, err = self.load(
                        self.sink(server, fluentd={"mode": mode, "ack": ack}), 5000)
                    self.check_events(server, 5000)
                    self.assertEqual((m["written"], err), (5000, ""))
                    self.assertEqual(server.modes, {mode})
                    self.assertEqual(server.connections, 1)
                    self.assertEqual(len(server.chunks) > 0, ack)
                    self.assertEqual(len(set(server.chunks)), len(server.chunks))
                    self.assertEqual({tag for tag, _, _ in server.events}, {"dnsloupe.dns"})

    def test_same_as_json(self):
        """The records are those of the JSON lines, with packet times, for every capture."""
        for capture in (harness.PCAPS / "resolver.pcap", harness.PCAPS / "rrtypes.pcap"):
            want = self.dnsloupe("-r", capture, "-w", "1").records
            for mode in MODES:
                with self.subTest(capture=capture.name, mode=mode):
                    server = self.server()
                    conf = self.config(self.sink(server, fluentd={"mode": mode}))
                    self.dnsloupe("-c", conf, "-r", capture, "-w", "1")
                    self.assertEqual(server.wait(len(want)), len(want))
                    self.assertEqual([r for _, _, r in server.events], want)
                    for _, when, record in server.events:
                        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when // 10**9))
                        self.assertEqual(record["ts"], f"{text}.{when % 10**9:09d}Z")

    def test_tags(self):
        """Tags as in both forerunners, or as configured."""
        rows = (({}, {"dnsloupe.dns"}),
                ({"schema": "gazer"}, {"dns-gazer.dns.tx"}),
                ({"schema": "gazer-record"}, {"dns-gazer.dns.record"}),
                ({"schema": "gazer-both"}, {"dns-gazer.dns.tx", "dns-gazer.dns.record"}),
                ({"schema": "gopassivedns"}, {"golden.service"}),
                ({"fluentd": {"tag": "a.{sensor}.b"}}, {"a.golden.b"}),
                ({"schema": "gazer", "fluentd": {"tag": "x.{tag}"}}, {"x.dns-gazer.dns.tx"}))
        for keys, tags in rows:
            for mode in ("message", "packed"):
                with self.subTest(keys=keys, mode=mode):
                    server = self.server()
                    fluentd = {"mode": mode, **keys.get("fluentd", {})}
                    conf = self.config(self.sink(server, **{**keys, "fluentd": fluentd}))
                    run = self.dnsloupe("-c", conf, "-r", harness.PCAPS / "resolver.pcap")
                    self.assertEqual({tag for tag, _, _ in server.events}, tags, run.err)

    def test_unix_socket(self):
        server = self.server(str(self.dir / "fluentd.sock"))
        self.load(self.sink(server), 5000)
        self.check_events(server, 5000)

    def test_tls(self):
        server = self.server(tls=self.tls())
        tls = {"transport": "tls", "tls": {"ca": str(self.dir / "ca.pem")}}
        self.load(self.sink(server, **tls), 5000)
        self.check_events(server, 5000)
        tls["tls"]["ca"] = str(self.dir / "other.pem")
        m, err = self.load(self.sink(server, drain_ms=300, **tls), 10, good=False)
        self.assertEqual((m["written"], m["dropped_end"]), (0, 10))
        self.assertIn("certificate", err)

    def test_login(self):
        for users in (None, {"somebody": "a secret"}):
            server = self.server(shared_key="a key", users=users)
            login = {"shared_key": "a key"}
            if users:
                login.update(username="somebody", password="a secret")
            self.load(self.sink(server, fluentd=login), 5000)
            self.check_events(server, 5000)

    def test_login_refused(self):
        """Either side refuses the login: the message says why, and nothing is written."""
        rows = ((dict(shared_key="a key"), {"shared_key": "another"}, "shared_key mismatch"),
                (dict(shared_key="a key"), {}, "set fluentd.shared_key"),
                (dict(shared_key="a key", wrong_digest=True), {"shared_key": "a key"},
                 "does not know the shared key"),
                (dict(shared_key="a key", users={"a": "b"}), {"shared_key": "a key"},
                 "set fluentd.username"),
                (dict(shared_key="a key", users={"a": "b"}),
                 {"shared_key": "a key", "username": "a", "password": "c"}, "password mismatch"),
                (dict(garbage=b"HTTP/1.1 400 Bad Request\r\n"), {}, "other than Fluentd's"),
                (dict(garbage=b"\xc1"), {"shared_key": "a key"}, "other than Fluentd's"))
        for server_does, login, word in rows:
            with self.subTest(word=word):
                server = self.server(**server_does)
                m, err = self.load(
                    self.sink(server, fluentd=login, drain_ms=400), 10, good=False)
                self.assertEqual((m["written"], m["dropped_end"]), (0, 10))
                self.assertIn(word, err)
                if "garbage" not in server_does:
                    self.assertEqual(server.events, [])


class Faults(Fluentd):
    COUNT = 20000

    def test_closes_half_way(self):
        """The receiver closes within a chunk, again and again: what was not acknowledged is sent again.

        The first connection ends before its first chunk: that is an outage. If chunks were
        acknowledged, and the next connection opens at once, no outage is reported."""
        for mode in ("forward", "packed", "compressed"):
            with self.subTest(mode=mode):
                server = self.server(
                    close_after={n: 100 + 10007 * n for n in range(20)})
                m, err = self.load(self.sink(server, fluentd={"mode": mode}), self.COUNT)
                self.check_events(server, self.COUNT, in_order=False)
                self.assertGreater(server.connections, 3)
                self.assertIn("is away", err)
                self.assertIn("is back", err)
                self.assertGreater(m["outages"], 0)

    def test_forgets_to_acknowledge(self):
        """A chunk that was stored but not acknowledged arrives twice, with one id."""
        server = self.server(forget_ack={0: 2, 1: 0})
        self.load(self.sink(server), self.COUNT)
        server.wait(self.COUNT)
        serials = [receivers.serial_of(record["qname"]) for _, _, record in server.events]
        self.assertEqual(set(serials), set(range(self.COUNT)))
        twice = [c for c in set(server.chunks) if server.chunks.count(c) > 1]
        self.assertGreater(len(server.events), self.COUNT)
        self.assertTrue(twice, "what comes again has the same id")
        # by its id a receiver can drop the duplicate
        self.assertLessEqual(len(server.chunks) - len(set(server.chunks)), 2 * 4)

    def test_killed_and_restarted(self):
        """The receiver stops in mid-stream and restarts on the same port."""
        first = self.server()
        process = self.start_load(self.sink(first), self.COUNT, "-r", "20000")
        first.wait(self.COUNT // 4)
        first.stop()
        events = list(first.events)
        time.sleep(0.5)
        second = self.server(first.where)
        m, err = self.end_load(process)
        serials = [receivers.serial_of(r["qname"]) for _, _, r in events + second.events]
        self.assertEqual(set(serials), set(range(self.COUNT)))
        # at most the chunks of the window, which were in flight, arrive twice
        acknowledged = set(first.chunks)
        again = [c for c in second.chunks if c in acknowledged]
        self.assertLessEqual(len(again), 4)
        self.assertEqual(m["written"], self.COUNT)
        self.assertIn("is back", err)

    def test_refuses_at_first(self):
        """The receiver starts late."""
        gone = self.server()
        gone.stop()
        process = self.start_load(self.sink(gone), self.COUNT)
        self.assertTrue(select.select([process.stderr], [], [], harness.HANG_S)[0])
        line = os.read(process.stderr.fileno(), 1000).decode()
        self.assertIn("refused", line)
        server = self.server(gone.where)
        self.end_load(process)
        self.check_events(server, self.COUNT)

    def test_hangs(self):
        """The receiver reads, but acknowledges nothing: after fluentd.ack_ms the sink reconnects."""
        server = self.server(mute={0})
        m, err = self.load(self.sink(server, fluentd={"ack_ms": 4000}), self.COUNT)
        self.check_events(server, self.COUNT)
        self.assertEqual(server.connections, 2)
        self.assertIn("did not acknowledge a chunk within fluentd.ack_ms", err)

    def test_slow(self):
        """A slow receiver is no outage: nothing is sent again or reported."""
        server = self.server(late_s=0.4)
        m, err = self.load(self.sink(server), 3000)
        self.check_events(server, 3000)
        self.assertEqual((server.connections, m["outages"], err), (1, 0, ""))

    def test_one_chunk_a_connection(self):
        """A receiver that refuses keepalive."""
        server = self.server(keepalive=False, shared_key="k")
        m, _ = self.load(self.sink(server, fluentd={"shared_key": "k"}), self.COUNT)
        self.check_events(server, self.COUNT)
        self.assertEqual(server.connections, len(server.chunks))
        self.assertEqual(m["outages"], 0)

    def test_spool(self):
        """The receiver never starts: the spool holds all, and the next run delivers it."""
        gone = self.server()
        gone.stop()
        spool = self.dir / "spool"
        spool.mkdir()
        sink = self.sink(gone, spool_dir=str(spool), drain_ms=200)
        m, _ = self.load(sink, self.COUNT, "-l", "-r", "50000")
        self.assertEqual((m["written"], m["spool_left"]), (0, self.COUNT), m)
        server = self.server(gone.where)
        m, _ = self.load(sink, 1000, "-n", str(self.COUNT))
        self.check_events(server, self.COUNT + 1000)
        self.assertEqual((m["spool_found"], m["spool_left"]), (self.COUNT, 0))

    def test_stopped_live(self):
        """Live, with a receiver that reads nothing, what does not fit is dropped and counted at once."""
        server = self.server(mute={0})
        start = time.monotonic()
        m, _ = self.load(
            self.sink(server, queue_mb=1, drain_ms=200), 200000, "-l", good=False)
        self.assertLess(time.monotonic() - start, harness.HANG_S / 4)
        self.assertEqual(m["written"], 0)
        self.assertEqual(m["dropped_queue"] + m["dropped_end"], 200000)
        self.assertGreater(m["dropped_queue"], 100000)


class Configuration(receivers.Case):
    def test_refused(self):
        """Keys that contradict each other are refused."""
        rows = (({}, "address: is missing"), ({"address": "a:b"}, "address: expected"),
                ({"transport": "udp", "address": "a"}, "transport: expected tcp"),
                ({"transport": "unix", "address": "a"}, "address: is not for unix sockets"),
                ({"transport": "tcp", "path": "/x"}, "address: is missing"),
                ({"address": "a", "path": "/x"}, "path: is for unix"),
                ({"address": "a", "tls": {"ca": "/x"}}, "tls: needs transport tls"),
                ({"address": "a", "encoding": "msgpack"}, "encoding: is always MessagePack"),
                ({"address": "a", "fluentd": {"username": "x"}}, "fluentd.shared_key: is missing"),
                ({"address": "a", "fluentd": {"mode": "x"}}, "fluentd.mode"),
                ({"address": "a", "syslog": {"facility": "x"}}, "syslog.facility"))
        for keys, word in rows:
            with self.subTest(word=word):
                self.refuses_sink({"type": "fluentd", **keys}, word)


class Node(Fluentd):
    """Fluent's own server receives every event."""

    @classmethod
    def setUpClass(cls):
        receivers.need("node", "npm")
        folder = receivers.BUILD / "npm"
        cls.package = folder / "node_modules" / PACKAGE
        if not cls.package.exists():
            folder.mkdir(exist_ok=True)
            try:
                done = subprocess.run(
                    ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                     "--ignore-scripts", f"{PACKAGE}@{VERSION}"], timeout=60, check=False,
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                raise unittest.SkipTest(f"npm cannot install {PACKAGE}: it takes too long")
            if done.returncode or not cls.package.exists():
                raise unittest.SkipTest(f"npm cannot install {PACKAGE}: no registry?")

    def node(self, **want):
        process = subprocess.Popen(
            ["node", receivers.SUPPORT / "fluent_server.js", self.package, json.dumps(want)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        line = process.stdout.readline().decode()
        self.assertTrue(line.startswith("port "), process.stderr.read() if not line else line)
        return process, line.split()[1]

    def check_node(self, process, count):
        for serial in range(count):
            tag, seconds, nanos, record = json.loads(process.stdout.readline())
            self.assertEqual(receivers.serial_of(record["qname"]), serial)
            self.assertEqual(seconds * 10**9 + nanos, TS_NS + serial)
            self.assertEqual(tag, "dnsloupe.dns")

    def run_against(self, want, count=3000, **keys):
        process, port = self.node(**want)
        where = {"path": port} if port.startswith("/") else {"address": f"localhost:{port}"}
        load = self.start_load({"type": "fluentd", **where, **keys}, count)
        self.check_node(process, count)
        m, err = self.end_load(load)
        self.assertEqual((m["written"], err), (count, ""))

    def test_modes(self):
        for mode in MODES:
            for ack in (True, False):
                with self.subTest(mode=mode, ack=ack):
                    self.run_against({}, fluentd={"mode": mode, "ack": ack})

    def test_unix_socket(self):
        self.run_against({"path": str(self.dir / "node.sock")})

    def test_login_and_tls(self):
        receivers.certificates(self.dir)
        tls = {"cert": str(self.dir / "server.pem"), "key": str(self.dir / "server.key")}
        keys = {"transport": "tls", "tls": {"ca": str(self.dir / "ca.pem")}}
        self.run_against({"tls": tls, "key": "a key"}, fluentd={"shared_key": "a key"}, **keys)
        self.run_against(
            {"tls": tls, "key": "k", "users": {"u": "p"}},
            fluentd={"shared_key": "k", "username": "u", "password": "p"}, **keys)

    def test_login_refused(self):
        process, port = self.node(key="a key")
        m, err = self.load({"type": "fluentd", "address": f"localhost:{port}", "drain_ms": 300,
                            "fluentd": {"shared_key": "another"}}, 10, good=False)
        self.assertEqual(m["written"], 0)
        self.assertIn("refused the login", err)


if __name__ == "__main__":
    harness.main()
