#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Interfaces that are created, deleted and created again, shared with other programs, or have several
queues. Runs in its own namespace; skipped unless root."""
import ctypes
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import time
import unittest

import capture
import harness
import live
import netns


def no_namespaces():
    """Returns why the test cannot create interfaces, or ""."""
    if os.geteuid() != 0:
        return "not root"
    name = f"dl{os.getpid()}y"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    try:
        made = subprocess.run(["ip", "netns", "add", name], **quiet).returncode or subprocess.run(
            ["ip", "-n", name, "link", "add", "veth0", "type", "veth", "peer", "name",
             "veth1"],
            **quiet).returncode
    except OSError:
        return "ip(8) is not installed"
    subprocess.run(["ip", "netns", "del", name], **quiet)
    return "no namespaces or veth pairs" if made else ""


WHY_NOT = no_namespaces()

# Sends queries by commands on standard input: "INTERFACE NAME NUMBER", each from its own port;
# "!INTERFACE NAME NUMBER": in an endless loop.
SENDER = """
import socket, sys
sys.path.insert(0, sys.argv[1])
import capture
def send(interface, name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((interface, 0))
    def once(i):
        try:
            s.send(capture.udp(0, "10.54.0.1", 1024 + i % 60000, "10.54.0.2", 53,
                   capture.message(i % 65536, name)).data)
        except OSError:
            pass
    return once
for line in sys.stdin:
    interface, name, number = line.split()
    once = send(interface.lstrip("!"), name)
    for i in range(int(number)):
        once(i)
    print("sent", flush=True)
    while interface[0] == "!":
        i += 1
        once(i)
"""


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Case(harness.Case):
    """tap0 receives what out0 sends, tap1 what out1 sends."""

    def setUp(self):
        super().setUp()
        self.name = f"dl{os.getpid()}i"
        netns.ip("netns", "add", self.name)
        self.addCleanup(netns.ip, "netns", "del", self.name)
        self.ip("link", "set", "lo", "up")
        for i in (0, 1):
            self.pair(i)
        self.out = self.dir / "out.jsonl"
        self.sender = self.sends()

    def ip(self, *words):
        netns.ip("-n", self.name, *words)

    def batch(self, *lines):
        """Makes several changes at once."""
        subprocess.run(["ip", "-n", self.name, "-batch", "-"], input="\n".join(lines) + "\n",
                       check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def pair(self, i):
        self.ip("link", "add", f"out{i}", "type", "veth", "peer", "name", f"tap{i}")
        for end in ("out", "tap"):
            self.ip("link", "set", f"{end}{i}", "up")

    def enter(self):
        with open(f"/run/netns/{self.name}", "rb") as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")

    def sends(self):
        p = subprocess.Popen(["ip", "netns", "exec", self.name, "python3", "-c", SENDER,
                              pathlib.Path(__file__).parent], bufsize=0,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def end():
            p.kill()
            p.wait()
            p.stdin.close()
            p.stdout.close()
        self.addCleanup(end)
        return p

    def send(self, interface, name, sender=None, number=1):
        sender = sender or self.sender
        sender.stdin.write(f"{interface} {name} {number}\n".encode())
        self.assertEqual(self.read_lines(sender.stdout, 1), [b"sent\n"])

    def listen(self, *args, out=None, until="listening on"):
        p = self.start(*args, "-o", out or self.out, "--idle", "sleep", "--timeout", "200",
                       "--set", "txn.reorder_ms=50", stdin=subprocess.DEVNULL,
                       preexec_fn=self.enter)
        self.said(p, until)
        return p

    def records(self):
        text = self.out.read_bytes() if self.out.exists() else b""
        return [json.loads(line) for line in text[:text.rfind(b"\n") + 1].splitlines()]

    def settled(self, process, *names):
        """Waits until the output has these names."""
        until = time.monotonic() + harness.HANG_S
        while not set(names) <= {r.get("qname") for r in self.records()}:
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), until, (names, process.text))
            time.sleep(0.05)

    def stop(self, process, code=0):
        process.send_signal(signal.SIGINT)
        return self.finish(process, code=code, whole=False)

    def losses(self):
        return [r for r in self.records() if r["status"] == "loss"]

    def promiscuous(self, interface):
        text = subprocess.run(["ip", "netns", "exec", self.name, "cat",
                               f"/sys/class/net/{interface}/flags"], check=True,
                              stdout=subprocess.PIPE).stdout
        return bool(int(text, 16) & 0x100)


class Start(Case):
    def test_foreign(self):
        """Traffic of other interfaces during the start is not recorded."""
        noise = self.sends()
        self.send("!out1", "foreign.example.com", noise)
        early = 0
        for turn in range(10):
            workers = turn % 3 + 1
            with self.subTest(turn, workers=workers):
                self.out.unlink(missing_ok=True)
                p = self.listen("-i", "tap0", "-w", workers)
                self.send("out0", "own.example.com")
                self.settled(p, "own.example.com")
                run = self.stop(p)
                self.assertEqual({r["qname"] for r in self.records()}, {"own.example.com"})
                port = run.stats["input"]["ports"][0]
                self.assertEqual(port["packets"], run.stats["total"]["rx"]["packets"])
                early += port["before_start"]
        print(f"# {early} packets of ten starts came before it listened")


# Sends the frames of a file, each after two octets of length, a moment apart.
REPLAY = """
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
data, at = open(sys.argv[2], "rb").read(), 0
while at < len(data):
    n, = struct.unpack_from(">H", data, at)
    s.send(data[at + 2:at + 2 + n])
    at += 2 + n
    time.sleep(0.0001)
"""


@unittest.skipUnless(harness.PCAPS.exists(), "no captures")
class Lines(Case):
    """The lines of several workers are those of the capture: fragments that one worker reassembles,
    also of TCP segments and in tunnels, are not processed before what another one received earlier."""

    def same(self, frames, workers):
        path, sent = self.dir / "sent.pcap", self.dir / "sent"
        live.write(path, frames)
        sent.write_bytes(b"".join(struct.pack(">H", len(f)) + f for f in frames))
        wanted = live.lines(self.dnsloupe("-r", path).out.decode())
        self.out.unlink(missing_ok=True)
        p = self.start("-i", "tap0", "-w", workers, "-o", self.out, "--idle", "sleep",
                       stdin=subprocess.DEVNULL, preexec_fn=self.enter)
        self.said(p, "listening on")
        subprocess.run(["ip", "netns", "exec", self.name, "python3", "-c", REPLAY, "out0", sent],
                       check=True)
        until = time.monotonic() + 10  # what is missing by then is named below
        while len(self.records()) < sum(wanted.values()) and time.monotonic() < until:
            time.sleep(0.05)
        run = self.stop(p)
        self.assertEqual(live.differences(live.lines(self.out.read_text()), wanted), [])
        return run.stats["total"]

    def test_lines(self):
        for workers in (1, 2, 3, 4):
            with self.subTest(workers=workers):
                self.same(live.whole_frames(), workers)

    def test_segments_in_fragments(self):
        """Several times, as it is chance which worker is faster."""
        frames = [f.data for f in capture.read_pcap(harness.PCAPS / "overfrag.pcap")[1]]
        handed = 0
        for turn in range(6):
            with self.subTest(turn):
                handed += self.same(frames, 2 + turn % 2)["reasm"]["frag_handed_over"]
        print(f"# {handed} datagrams handed over")


class Gone(Case):
    def again(self, process, *lines, interface="tap0"):
        """The interface is created again, and its packets are received."""
        self.batch(*lines)
        self.said(process, f"{interface} was created again")
        self.send("out0", "after.example.com")
        self.settled(process, "after.example.com")

    MAKE = ("link add out0 type veth peer name tap0", "link set out0 up", "link set tap0 up")

    def listen_first(self, *args, **more):
        p = self.listen(*args, **more)
        self.send("out0", "before.example.com")
        self.settled(p, "before.example.com")
        return p

    def interrupted(self, run, times=1, device="tap0"):
        names = [r["qname"] for r in self.records() if r["status"] != "loss"]
        self.assertEqual(sorted(set(names)), ["after.example.com", "before.example.com"])
        loss = self.losses()
        self.assertEqual(loss[0]["loss"], "begins")
        self.assertEqual(sum(r["interruptions"] for r in loss if r["loss"] == "ends"), times)
        self.assertEqual(loss[-1]["blind"], [])
        ports = run.stats["input"]["ports"]
        self.assertEqual(ports[0]["device"], device)
        self.assertEqual(sum(p["packets"] for p in ports), run.stats["total"]["rx"]["packets"])

    def test_again(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.out.unlink(missing_ok=True)
                p = self.listen_first("-i", "tap0", "-w", workers)
                self.again(p, "link del tap0", *self.MAKE)
                self.assertIn("tap0 is gone", p.text)
                self.assertTrue(self.promiscuous("tap0"))
                run = self.stop(p)
                self.interrupted(run)

    def test_often(self):
        """More often than DPDK has ports."""
        p = self.listen_first("-i", "tap0", "-i", "tap1")
        for turn in range(40):
            self.batch("link del tap0", *self.MAKE)
            while p.text.count("tap0 was created again") <= turn:
                p.text += b"".join(self.read_lines(p.stderr, 1)).decode()
        self.send("out0", "after.example.com")
        self.settled(p, "after.example.com")
        self.interrupted(self.stop(p), times=40)

    def test_same_number(self):
        """The new interface has the index of the old one."""
        p = self.listen_first("-i", "tap0")
        index = int(subprocess.run(["ip", "-n", self.name, "-o", "link", "show", "tap0"],
                                   check=True, stdout=subprocess.PIPE).stdout.split(b":")[0])
        self.again(p, "link del tap0", f"link add tap0 index {index} type veth peer name out0",
                   *self.MAKE[1:])
        self.interrupted(self.stop(p))

    def test_later(self):
        """With another interface the run continues, and `loss` names the missing one."""
        p = self.listen_first("-i", "tap0", "-i", "tap1")
        self.ip("link", "del", "tap0")
        self.said(p, "tap0 is gone")
        self.send("out1", "meanwhile.example.com")
        self.settled(p, "meanwhile.example.com")
        until = time.monotonic() + harness.HANG_S
        while not self.losses():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.assertEqual((self.losses()[0]["loss"], self.losses()[0]["blind"]),
                         ("begins", ["tap0"]))
        self.again(p, *self.MAKE)
        self.send("out1", "last.example.com")
        self.settled(p, "last.example.com")
        self.stop(p)
        self.assertEqual(self.losses()[-1]["blind"], [])

    @unittest.skipUnless(netns.has_xdp(), "the kernel has no XDP sockets")
    def test_device(self):
        device = "net_af_xdp0,iface=tap0"
        options = harness.ENV.get("ASAN_OPTIONS", "")
        self.addCleanup(harness.ENV.__setitem__, "ASAN_OPTIONS", options)
        harness.ENV["ASAN_OPTIONS"] = options + ":detect_leaks=0"
        p = self.listen_first("-d", device)
        self.batch("link del tap0", *self.MAKE)
        self.said(p, f"{device} was created again")
        self.send("out0", "after.example.com")
        self.settled(p, "after.example.com")
        self.interrupted(self.stop(p), device=device)

    def test_renamed(self):
        """A renamed interface is followed, whichever interface has its name now."""
        p = self.listen_first("-i", "tap0")
        self.batch("link set tap0 down", "link set tap0 name old0", "link set old0 up",
                   "link add tap0 type veth peer name new0",
                   "link set tap0 up")
        self.said(p, "the link is up again")
        self.send("out0", "after.example.com")
        self.settled(p, "after.example.com")
        run = self.stop(p)
        self.assertNotIn("gone", p.text + run.err)

    def test_moved(self):
        """An interface that moves to another namespace is gone: the run ends, and its output says why."""
        other = self.name + "o"
        netns.ip("netns", "add", other)
        self.addCleanup(netns.ip, "netns", "del", other)
        p = self.listen_first("-i", "tap0")
        self.ip("link", "set", "tap0", "netns", other)
        text = self.said(p, "nothing left to listen on")
        self.assertIn("tap0 is gone", text)
        self.finish(p, code=1, whole=False)
        self.assertEqual([r["blind"] for r in self.losses() if r["loss"] == "ends"], [["tap0"]])

    def test_bridge(self):
        """A port that leaves its bridge is still received from."""
        self.batch("link add br0 type bridge", "link set br0 up", "link set tap0 master br0")
        p = self.listen_first("-i", "tap0")
        self.batch("link set tap0 nomaster", "link set tap0 master br0", "link set tap0 nomaster")
        self.send("out0", "after.example.com")
        self.settled(p, "after.example.com")
        run = self.stop(p)
        self.assertNotIn("gone", p.text + run.err)
        self.assertEqual(self.losses(), [])


class Promiscuous(Case):
    def test_others_are_left_alone(self):
        """Two processes, of which one is killed and one ends."""
        killed = self.listen("-i", "tap0", out="/dev/null")
        other = self.listen("-i", "tap0")
        killed.kill()
        killed.wait()
        self.assertTrue(self.promiscuous("tap0"))
        self.send("out0", "after.example.com")
        self.settled(other, "after.example.com")
        self.stop(other)
        self.assertFalse(self.promiscuous("tap0"))

    def test_flag(self):
        """Promiscuous mode set by hand is unchanged, and a killed process leaves none behind."""
        self.ip("link", "set", "tap0", "promisc", "on")
        self.stop(self.listen("-i", "tap0", out="/dev/null"))
        self.assertTrue(self.promiscuous("tap0"))
        self.ip("link", "set", "tap0", "promisc", "off")
        p = self.listen("-i", "tap0", out="/dev/null")
        self.assertTrue(self.promiscuous("tap0"))
        p.kill()
        p.wait()
        self.assertFalse(self.promiscuous("tap0"))


class Any(Case):
    def test_each_packet_once(self):
        """A bridge with two ports, VLANs and veth pairs: each packet is received once."""
        self.batch("link add br0 type bridge", "link set br0 up", "link set tap0 master br0",
                   "link set tap1 master br0", "link add out2 type veth peer name tap2",
                   "link set out2 up", "link set tap2 up")
        # as ip netns exec does, with the /sys of the namespace
        enter, libc = self.enter, ctypes.CDLL(None, use_errno=True)

        def enter_all():
            enter()
            if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x84000, None) or \
                    libc.mount(b"s", b"/sys", b"sysfs", 0, None):
                raise OSError(ctypes.get_errno(), "mount")
        self.refuses(["-i", "any", "-o", self.out], "/sys shows another network namespace",
                     preexec_fn=enter)
        self.enter = enter_all
        p = self.listen("-i", "any")
        names = [f"n{i}.example.com" for i in range(3)]
        for i, name in enumerate(names):
            self.send(f"out{i}", name)
        self.settled(p, *names)
        run = self.stop(p)
        self.assertEqual(sorted(r["qname"] for r in self.records()), names)
        self.assertEqual(run.stats["total"]["txn"]["copies"], 0)
        self.assertEqual(run.stats["total"]["txn"]["retries"], 0)
        self.assertEqual({q["device"] for q in run.stats["input"]["ports"]}, {"lo", "br0", "out2"}
                         if "tap2" not in p.text else {"lo", "br0", "tap2"})

    def test_hint(self):
        """Interfaces in a list with commas: the error says how to give several."""
        self.refuses(["-i", "lo,tap0", "-o", self.out], "-i eth0 -i eth1", code=2,
                     preexec_fn=self.enter)


@unittest.skipUnless(netns.has_xdp(), "the kernel has no XDP sockets")
class Xdp(Case):
    """Interfaces with several queues, which af_xdp opens one by one."""

    def setUp(self):
        super().setUp()
        options = harness.ENV.get("ASAN_OPTIONS", "")
        self.addCleanup(harness.ENV.__setitem__, "ASAN_OPTIONS", options)
        harness.ENV["ASAN_OPTIONS"] = options + ":detect_leaks=0"
        try:
            self.batch("link add outq numtxqueues 4 numrxqueues 4 type veth peer name tapq "
                       "numtxqueues 4 numrxqueues 4", "link set outq up", "link set tapq up")
        except subprocess.CalledProcessError:
            self.skipTest("no veth pairs of several queues")

    def test_several(self):
        """A veth pair with fewer transmit queues: the driver would open the first queue only."""
        self.refuses(["-d", "net_af_xdp0,iface=tapq", "-o", self.out], "tapq has 4 receive queues",
                     "-i tapq", preexec_fn=self.enter)

    def test_a_part(self):
        """An explicit queue count is used, with a warning."""
        p = self.listen("-d", "net_af_xdp0,iface=tapq,queue_count=1",
                        until="it uses 1 of the 4 queues of tapq, from number 0")
        self.said(p, "listening on")
        self.stop(p)

    def test_quiet(self):
        """With -q nothing is printed, not even by libbpf."""
        ready = self.dir / "pid"
        p = self.start("-q", "-d", "net_af_xdp0,iface=tap0", "-o", self.out, "--idle", "sleep",
                       "--set", f"process.pid_file={ready}", stdin=subprocess.DEVNULL,
                       preexec_fn=self.enter)
        until = time.monotonic() + harness.HANG_S
        while not ready.exists() or not ready.read_text():
            self.assertIsNone(p.poll())
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.assertEqual(self.stop(p).err, "")


def no_rights():
    """Returns why the test cannot change capabilities, or ""."""
    if not shutil.which("setpriv"):
        return "setpriv(1) is not installed"
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    bounding = int(re.search(r"CapBnd:\s*(\w+)", status)[1], 16)
    lacking = [name for name, bit in RIGHTS.items() if not bounding >> bit & 1]
    return f"this process lacks {lacking}" if lacking else ""


RIGHTS = {"net_admin": 12, "net_raw": 13, "ipc_lock": 14}


@unittest.skipIf(WHY_NOT or no_rights(), WHY_NOT or no_rights())
class Rights(Case):
    """A missing capability is named; those documented suffice."""

    kept = ""

    def command(self, *args, **more):
        kept = ",".join(["-all", *("+" + k for k in self.kept.split())])
        return ["setpriv", "--bounding-set", kept, "--inh-caps", kept,
                *super().command(*args, **more)]

    def limit(self):
        self.enter()
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))

    def test_missing(self):
        lock = "cap_ipc_lock (or RLIMIT_MEMLOCK of 65 MB)"
        for self.kept, missing in (
                ("net_admin", f"cap_net_raw, {lock}"), ("net_raw net_admin", lock),
                ("net_raw", f"cap_net_admin, {lock}"), ("net_raw ipc_lock", "cap_net_admin")):
            with self.subTest(kept=self.kept):
                self.refuses(["-i", "tap0", "-o", self.out, "--idle", "sleep"],
                             f"this process lacks {missing}: grant ", preexec_fn=self.limit)

    def test_enough(self):
        self.kept = " ".join(RIGHTS)
        p = self.start("-i", "tap0", "-o", self.out, "--idle", "sleep", stdin=subprocess.DEVNULL,
                       preexec_fn=self.limit)
        self.said(p, "listening on")
        self.assertTrue(self.promiscuous("tap0"))
        self.stop(p)


if __name__ == "__main__":
    harness.main()
