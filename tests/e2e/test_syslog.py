#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sink syslog against a real rsyslogd: local socket, UDP, TCP, TLS; and against sockets of the test
for what rsyslogd does not do."""
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

import harness
import receivers

# all that rsyslogd parses of a message, as a JSON line
TEMPLATE = """
template(name="all" type="list" option.jsonf="on") {
    property(outname="facility" name="syslogfacility-text" format="jsonf")
    property(outname="severity" name="syslogseverity-text" format="jsonf")
    property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
    property(outname="host" name="hostname" format="jsonf")
    property(outname="app" name="app-name" format="jsonf")
    property(outname="pid" name="procid" format="jsonf")
    property(outname="msgid" name="msgid" format="jsonf")
    property(outname="sd" name="structured-data" format="jsonf")
    property(outname="version" name="protocol-version" format="jsonf")
    property(outname="msg" name="msg" format="jsonf")
}
"""
GLOBAL = """
global(workDirectory="%(dir)s" maxMessageSize="200k" internalmsg.severity="emerg"
       preserveFQDN="on" %(global)s)
"""
RULES = """
if $app-name == "dnsloupe" or $app-name == "other" then
    action(type="omfile" file="%(dir)s/out" template="all" asyncWriting="off")
"""


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Syslog(receivers.Case):
    def setUp(self):
        super().setUp()
        receivers.need("rsyslogd")
        self.out = self.dir / "out"

    def rsyslogd(self, inputs, more=""):
        words = {"dir": self.dir, "global": more}
        conf = self.dir / "rsyslog.conf"
        conf.write_text(GLOBAL % words + TEMPLATE + inputs + RULES % words, encoding="ascii")
        process = subprocess.Popen(
            ["/usr/sbin/rsyslogd", "-n", "-f", conf, "-i", self.dir / "pid"], env=harness.ENV,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def wait_for(self, what, test):
        until = time.monotonic() + harness.HANG_S / 4
        while not test():
            self.assertLess(time.monotonic(), until, what)
            time.sleep(0.02)

    def wait_tcp(self, port):
        def up():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        self.wait_for("rsyslogd listens", up)

    def lines(self):
        return self.out.read_text("utf-8").splitlines() if self.out.exists() else []

    def messages(self, count):
        self.wait_for(f"{count} messages", lambda: len(self.lines()) >= count)
        return [json.loads(line) for line in self.lines()]

    def check(self, got, count):
        self.check_all_once([receivers.serial_of(m["msg"]) for m in got], count)
        for m in got:
            self.assertEqual(json.loads(m["msg"])["qtype"], "A")

    def check_5424(self, got):
        for m in got:
            self.assertEqual(
                (m["host"], m["app"], m["msgid"], m["version"], m["sd"]),
                ("load", "dnsloupe", "-", "1", "-"))
            serial = receivers.serial_of(m["msg"])
            self.assertEqual(m["time"], f"2023-11-14T22:13:20.{serial // 1000:06d}Z")


class Real(Syslog):
    def test_local(self):
        """The format of the local daemon, without a host."""
        path = self.dir / "log"
        self.rsyslogd(f'module(load="imuxsock" SysSock.Use="off")\n'
                      f'input(type="imuxsock" Socket="{path}" UseSysTimeStamp="off" IgnoreTimestamp="off" '
                      f'RateLimit.Interval="0" Annotate="off" UsePIDFromSystem="off")\n')
        self.wait_for("the socket", path.exists)
        sink = {"type": "syslog", "path": str(path),
                "syslog": {"facility": "LOCAL6", "priority": "Warning"}}
        m, err = self.load(sink, 3000)
        got = self.messages(3000)
        self.check(got, 3000)
        self.assertEqual((m["written"], err), (3000, ""))
        for x in got:
            self.assertEqual((x["facility"], x["severity"], x["app"]),
                             ("local6", "warning", "dnsloupe"))
            self.assertTrue(re.match(r"\d+$", x["pid"]))
            self.assertIn("22:13:20", x["time"])

    def test_udp(self):
        port = free_port(socket.SOCK_DGRAM)
        process = self.rsyslogd(
            f'module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{port}" '
            f'rcvbufSize="4m")\n')
        sink = {"type": "syslog", "address": f"127.0.0.1:{port}"}

        def listens():
            table = open("/proc/net/udp", encoding="ascii").read()
            return f"0100007F:{port:04X}" in table
        self.wait_for("rsyslogd listens", listens)
        # slowly, because UDP loses what arrives faster than it is read
        self.load(sink, 1000, "-r", "2000")
        got = self.messages(1000)
        self.check(got, 1000)
        self.check_5424(got)
        self.assertEqual({(m["facility"], m["severity"]) for m in got}, {("local0", "info")})
        self.assertIsNone(process.poll())

    def test_tcp(self):
        port = free_port(socket.SOCK_STREAM)
        self.rsyslogd(f'module(load="imtcp")\ninput(type="imtcp" port="{port}")\n')
        self.wait_tcp(port)
        sink = {"type": "syslog", "address": f"localhost:{port}", "transport": "tcp",
                "syslog": {"facility": "Local7", "priority": "debug"}}
        m, err = self.load(sink, 20000)
        got = self.messages(20000)
        self.check(got, 20000)
        self.check_5424(got)
        self.assertEqual({(m["facility"], m["severity"]) for m in got}, {("local7", "debug")})
        self.assertEqual((m["written"], err), (20000, ""))

    def test_tls(self):
        """With certificates on both sides (RFC 5425)."""
        receivers.certificates(self.dir)
        port = free_port(socket.SOCK_STREAM)
        self.rsyslogd(
            'module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" '
            'StreamDriver.AuthMode="x509/name" PermittedPeer="client.example")\n'
            f'input(type="imtcp" port="{port}")\n',
            f'defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{self.dir}/ca.pem" '
            f'defaultNetstreamDriverCertFile="{self.dir}/server.pem" '
            f'defaultNetstreamDriverKeyFile="{self.dir}/server.key"')
        self.wait_tcp(port)
        tls = {"ca": f"{self.dir}/ca.pem", "cert": f"{self.dir}/client.pem",
               "key": f"{self.dir}/client.key"}
        sink = {"type": "syslog", "address": f"localhost:{port}", "transport": "tls", "tls": tls}
        m, err = self.load(sink, 5000)
        got = self.messages(5000)
        self.check(got, 5000)
        self.check_5424(got)
        self.assertEqual((m["written"], err), (5000, ""))

    def test_facilities(self):
        """Every facility and priority by name, in any case."""
        facilities = ("user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 "
                      "local2 local3 local4 local5 local6 local7").split()
        severities = "emerg alert crit err warning notice info debug".split()
        port = free_port(socket.SOCK_STREAM)
        self.rsyslogd(f'module(load="imtcp")\ninput(type="imtcp" port="{port}")\n')
        self.wait_tcp(port)
        want = []
        for i, facility in enumerate(facilities):
            severity = severities[i % 8]
            want.append((facility, severity))
            self.load({"type": "syslog", "address": f"127.0.0.1:{port}", "transport": "tcp",
                       "syslog": {"facility": facility.upper(), "priority": severity.title(),
                                  "app": "other"}}, 1)
        got = self.messages(len(want))
        self.assertEqual(sorted((m["facility"], m["severity"]) for m in got), sorted(want))

    def test_restarted(self):
        """Killed in mid-stream and restarted: messages are complete, and none arrives twice."""
        port = free_port(socket.SOCK_STREAM)
        inputs = f'module(load="imtcp")\ninput(type="imtcp" port="{port}")\n'
        process = self.rsyslogd(inputs)
        self.wait_tcp(port)
        sink = {"type": "syslog", "address": f"127.0.0.1:{port}", "transport": "tcp"}
        load = self.start_load(sink, 20000, "-r", "10000")
        self.messages(2000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.3)
        self.rsyslogd(inputs)
        m, err = self.end_load(load)
        self.assertIn("is back", err)
        self.assertEqual(m["written"], 20000)
        self.wait_for("the last", lambda: any("n000000019999" in x for x in self.lines()[-50:]))
        serials = [receivers.serial_of(line) for line in self.lines() if line.endswith("}")]
        self.assertEqual(len(set(serials)), len(serials), "nothing twice")
        # syslog has no acknowledgements: what the killed process had in its buffers is lost
        self.assertGreater(len(serials), 20000 - 8000)


class Sockets(Syslog):
    def test_local_stream(self):
        """A local socket that is a stream: messages end with a zero octet."""
        path = str(self.dir / "log")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(path)
            listener.listen(1)
            load = self.start_load({"type": "syslog", "path": path}, 1000)
            got = b""
            conn, _ = listener.accept()
            with conn:
                while data := conn.recv(65536):
                    got += data
            self.end_load(load)
        messages = got.split(b"\0")
        self.assertEqual(messages.pop(), b"")
        self.assertEqual(len(messages), 1000)
        self.assertTrue(messages[0].startswith(b"<134>Nov 14 22:13:20 dnsloupe["))

    def test_frames_in_parts(self):
        """With a receiver that reads little at a time, with pauses, octet counting stays in step."""
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            port = listener.getsockname()[1]
            load = self.start_load(
                {"type": "syslog", "address": f"127.0.0.1:{port}", "transport": "tcp"}, 20000)
            conn, _ = listener.accept()
            got, pause = b"", 0
            with conn:
                while data := conn.recv(300007):
                    got += data
                    pause += 1
                    if pause % 40 == 0 and pause < 400:
                        time.sleep(0.3)  # longer than one call of deliver()
            m, err = self.end_load(load)
        serials, at = [], 0
        while at < len(got):
            space = got.index(b" ", at, at + 10)
            n = int(got[at:space])
            message = got[space + 1:space + 1 + n]
            self.assertTrue(message.startswith(b"<134>1 2023-11-14T22:13:20."), message[:40])
            serials.append(receivers.serial_of(message.decode()))
            json.loads(message[message.index(b"{"):])
            at = space + 1 + n
        self.assertEqual(at, len(got))
        self.assertEqual(serials, list(range(20000)))
        self.assertEqual((m["written"], m["outages"]), (20000, 0), err)

    def test_datagram_too_large(self):
        """A message that is too large for a datagram is counted, and the next one is sent."""
        capture = harness.PCAPS / "axfr.pcap"
        want = self.dnsloupe("-r", capture, "-w", "1").lines
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            port = s.getsockname()[1]
            run = self.dnsloupe("-c", self.config(
                {"type": "syslog", "address": f"127.0.0.1:{port}"}), "-r", capture, "-w", "1")
            s.setblocking(False)
            got = []
            while select.select([s], [], [], 0.3)[0]:
                got.append(s.recv(1 << 17))
        fits = [line for line in want if len(line) + 80 < 65507]
        self.assertEqual([g[g.index(b"{"):] + b"\n" for g in got], fits, run.err)

    def test_refused(self):
        rows = (({"syslog": {"facility": "local8"}}, "syslog.facility: unknown name \"local8\""),
                ({"syslog": {"priority": "urgent"}}, "syslog.priority: unknown name \"urgent\""),
                ({"transport": "tcp"}, "address: is missing"),
                ({"address": "[::1"}, "address: expected"),
                ({"address": "a", "transport": "local"}, "address: is not for unix sockets"),
                ({"address": "a", "transport": "tcp", "tls": {"verify": False}}, "tls: needs transport tls"))
        for keys, word in rows:
            with self.subTest(word=word):
                self.refuses_sink({"type": "syslog", **keys}, word)


if __name__ == "__main__":
    harness.main()
