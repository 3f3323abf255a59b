#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""DPDK devices with a peer: memif and vhost with testpmd, rings with a thread that plays into them, tap with
the kernel. Every packet is received, and the records are those of the same capture read from its file.
Workers sleep on devices with receive interrupts."""
import collections
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

import capture
import harness
import netns
import testpmd

NO_TESTPMD = testpmd.missing()
RING_SOURCE = os.environ.get("RING_SOURCE", "")
# the last transactions of each capture, one for each of two queues
LAST = [("198.51.100.1", "n1.example.com"), ("198.51.100.2", "n2.example.com")]
SLEEPS = "idle workers sleep until the device interrupts"
NAPS = "idle workers poll every 20 us: the device has no receive interrupts"


def deal(frame):
    """Returns the queue, of two, of a frame, the same for both directions."""
    at, end = (22, 54) if frame.data[12] == 0x86 else (26, 34)
    x = 0
    for octet in frame.data[at:end]:
        x ^= octet
    return x & 1


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.jsonl"
        _, self.frames = capture.read_pcap(harness.PCAPS / "resolver.pcap")
        self.last = [capture.pair(i + 1, self.frames[-1].ns, client)
                     for i, (client, _) in enumerate(LAST)]

    def write(self, name, frames):
        path = self.dir / name
        path.write_bytes(capture.pcap(frames))
        return path

    def listen(self, *args, **more):
        p = self.start(*args, "-v", "-o", self.out, stdin=subprocess.DEVNULL, **more)
        self.said(p, "listening on")
        return p

    def said(self, process, words):
        """Waits until standard error has these words."""
        text = getattr(process, "text", "")
        while words not in text:
            text += b"".join(self.read_lines(process.stderr, 1)).decode()
        process.text = text

    def seen(self, process, last=LAST, peer=None, lines=0):
        """Waits until the output has the last transactions and so many lines; then stops the run. peer:
        has sent all of self.whole."""
        until = time.monotonic() + 60
        wanted = {qname for _, qname in last}
        text = ""
        while (wanted or text.count("\n") < lines) and time.monotonic() < until:
            self.assertIsNone(process.poll())
            text = self.out.read_text() if self.out.exists() else ""
            wanted = {w for w in wanted if w not in text}
            time.sleep(0.1)
        self.assertEqual(wanted, set(), process.text)
        if peer:
            self.assertEqual(peer.stop(), (len(self.whole), 0))
        process.send_signal(signal.SIGTERM)
        run = self.finish(process, whole=False)
        run.got = [json.loads(line) for line in self.out.read_bytes().splitlines()]
        return run

    def same(self, run, frames):
        """Checks that all packets were received, and that the records are those of the file."""
        want = self.dnsloupe("-r", self.write("whole.pcap", frames)).records
        key = lambda r: tuple(str(r.get(k)) for k in (
            "client", "client_port", "id", "qname", "qtype", "status", "rcode", "answers"))
        self.assertEqual(collections.Counter(map(key, run.got)),
                         collections.Counter(map(key, want)))
        port, rx = run.stats["input"]["ports"][0], run.stats["total"]["rx"]
        self.assertEqual((port["packets"], rx["packets"]), (len(frames), len(frames)))
        self.assertEqual((port["missed"], port["no_mbuf"], rx["handoff_lost"]), (0, 0, 0))

    def wakes(self, process):
        """Returns the most voluntary context switches of a worker in a second of silence."""
        def read():
            counts = {}
            for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
                if (task / "comm").read_text().startswith("worker"):
                    status = (task / "status").read_text()
                    counts[task.name] = int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])
            return counts
        before, since = read(), time.monotonic()
        time.sleep(1)
        after, seconds = read(), time.monotonic() - since
        return max(after[t] - before[t] for t in before) / seconds


@unittest.skipIf(NO_TESTPMD, NO_TESTPMD)
class Peer(Case):
    """testpmd as the peer of memif."""

    def setUp(self):
        super().setUp()
        self.socket = self.dir / "socket"
        self.captures = [self.write("0.pcap", self.frames + self.last[0])]
        self.whole = self.frames + self.last[0]

    def split(self):
        """Writes two captures, each with the conversations of one queue."""
        parts = [[f for f in self.frames if deal(f) == i] + self.last[i] for i in (0, 1)]
        self.captures = [self.write(f"{i}.pcap", part) for i, part in enumerate(parts)]
        self.whole = parts[0] + parts[1]

    def peer(self, device):
        peer = testpmd.Testpmd(device, self.captures)
        self.addCleanup(peer.close)
        return peer

    def listen(self, *args, workers=1, **more):
        return super().listen(*args, "-w", workers, "--idle", "sleep", **more)

    def played(self, process, peer):
        """All captures at once, after silence with the link up."""
        self.said(process, "the link is up")
        peer.play()
        run = self.seen(process, LAST[:len(self.captures)], peer)
        self.same(run, self.whole)
        self.assertEqual(run.stats["input"]["ports"][0]["queues"], len(self.captures))
        return run

    def memif(self, role):
        return f"net_memif0,role={role},socket={self.socket},socket-abstract=no"

    def test_memif_client(self):
        peer = self.peer(self.memif("server"))
        p = self.listen("-d", self.memif("client"))
        self.assertIn(NAPS, p.text)
        self.played(p, peer)

    def test_memif_server(self):
        """The device exists before its peer, and waits for the link."""
        p = self.listen("-d", self.memif("server"))
        self.said(p, "receiving goes on once it is up")
        self.played(p, self.peer(self.memif("client")))

    def test_memif_queues(self):
        self.split()
        peer = self.peer(self.memif("server"))
        p = self.listen("-d", self.memif("client"), workers=2)
        self.assertIn("workers hand off packets: the device has no RSS", p.text)
        self.played(p, peer)

    def vhost(self, queues=1):
        return f"net_vhost0,iface={self.socket},queues={queues}"

    def virtio(self, queues=1):
        return f"net_virtio_user0,path={self.socket},queues={queues},queue_size=1024"

    def test_interrupts(self):
        """A sleeping worker loses nothing of a load that starts at once."""
        peer = self.peer(self.vhost())
        p = self.listen("-d", self.virtio())
        self.assertIn(SLEEPS, p.text)
        self.said(p, "the link is up")
        self.assertLess(self.wakes(p), 500)
        self.played(p, peer)

    def test_interrupts_vhost(self):
        """The other role of memif, whose interrupts exist only with the link."""
        p = self.listen("-d", self.vhost())
        peer = self.peer(self.virtio())
        self.said(p, "the link is up")
        self.assertLess(self.wakes(p), 500)
        self.played(p, peer)

    def test_interrupts_hand_over(self):
        """All packets arrive in one queue: its worker wakes the one that owns half of them."""
        self.captures = [self.write("0.pcap", self.frames + self.last[0]),
                         self.write("1.pcap", self.last[1])]
        self.whole = self.frames + self.last[0] + self.last[1]
        peer = self.peer(self.vhost(2))
        p = self.listen("-d", self.virtio(2), workers=2)
        self.said(p, "the link is up")
        self.assertLess(self.wakes(p), 500)
        run = self.played(p, peer)
        self.assertGreater(run.stats["workers"][1]["rx"]["taken_over"], 0)

    def test_polls(self):
        """By default no worker sleeps."""
        peer = self.peer(self.vhost())
        p = super().listen("-d", self.virtio(), "-w", "1", "--lcores", f"control={CPU}",
                           "--idle", "poll")
        self.assertNotIn(SLEEPS, p.text)
        self.played(p, peer)


CPU = min(os.sched_getaffinity(0))


@unittest.skipUnless(RING_SOURCE, "RING_SOURCE names nothing that plays into rings")
class Ring(Case):
    """net_ring, filled as by another process."""

    def play(self, frames, deal_by):
        env = {**harness.ENV, "RING_SOURCE_PCAP": str(self.write("ring.pcap", frames)),
               "LD_PRELOAD": RING_SOURCE, "RING_SOURCE_QUEUES": "2", "RING_SOURCE_DEAL": deal_by}
        before, harness.ENV = harness.ENV, env
        try:
            p = self.listen("-d", "net_ring0", "-w", "2", "--idle", "sleep", "--set", "memory.mbufs=4095")
        finally:
            harness.ENV = before
        self.assertIn("workers hand off packets: the device has no RSS", p.text)
        self.assertIn(NAPS, p.text)
        run = self.seen(p)
        self.assertEqual(run.stats["input"]["ports"][0]["queues"], 2)
        for worker in run.stats["workers"]:
            self.assertGreater(worker["rx"]["packets"], 0)
        return run

    def test_pairs(self):
        """Steered as by a NIC, with more packets than the rings hold."""
        load = self.dir / "load.pcap"
        capture.write_load(load, 5000, unanswered=17)
        frames = self.frames + capture.read_pcap(load)[1] + self.last[0] + self.last[1]
        self.same(self.play(frames, "pair"), frames)

    def test_turns(self):
        """Conversations arrive in both queues, and each has one owner."""
        frames = self.frames + [f for pair in zip(*self.last) for f in pair]
        run = self.play(frames, "turn")
        self.assertEqual(run.stats["total"]["rx"]["packets"], len(frames))
        self.assertGreater(run.stats["total"]["rx"]["taken_over"], 0)
        self.assertEqual(run.stats["total"]["rx"]["handoff_lost"], 0)


@unittest.skipIf(os.geteuid(), "not root")
class Tap(Case):
    """The kernel sends through an interface that the device creates."""

    def setUp(self):
        super().setUp()
        self.name = f"dl{os.getpid()}t"
        try:
            netns.ip("netns", "add", self.name)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("no network namespaces")
        self.addCleanup(netns.ip, "netns", "del", self.name)

    def enter(self):
        with open(f"/run/netns/{self.name}", "rb") as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")

    def inside(self, *command):
        return subprocess.run(["ip", "netns", "exec", self.name, *map(str, command)], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout

    def tap(self, workers):
        p = self.listen("-d", "net_tap0,iface=dtap0", "-w", workers, "--idle", "sleep",
                        "--timeout", "2000", preexec_fn=self.enter)
        self.assertIn(SLEEPS, p.text)
        self.assertIn("MTU 1500", p.text)
        self.inside("ip", "link", "set", "dtap0", "up")
        return p

    def sends(self, frames):
        """A packet socket sends both directions of a capture."""
        self.inside("python3", "-c", """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("dtap0", 0))
data, at = open(sys.argv[1], "rb").read(), 24
while at < len(data):
    n = struct.unpack_from("I", data, at + 8)[0]
    s.send(data[at + 16:at + 16 + n])
    at += 16 + n
""", self.write("tap.pcap", frames))

    def test_capture(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.out.unlink(missing_ok=True)
                p = self.tap(workers)
                if workers == 1:
                    self.assertLess(self.wakes(p), 500)
                # the kernel chooses the queue of a packet: wait for all records, the last of which expire in
                # silence
                want = self.dnsloupe("-r", self.write("whole.pcap", self.frames)).records
                self.sends(self.frames)
                run = self.seen(p, [], lines=len(want))
                key = lambda r: (r["client"], r["client_port"], r["id"], r["qname"])
                self.assertEqual(collections.Counter(map(key, run.got)),
                                 collections.Counter(map(key, want)))

    def test_dnsperf(self):
        """Queries without replies; the kernel counts what it gave to the device."""
        p = self.tap(1)
        self.inside("ip", "addr", "add", "10.53.1.1/24", "dev", "dtap0")
        self.inside("ip", "neigh", "add", "10.53.1.2", "lladdr", "02:00:00:00:00:02", "dev",
                    "dtap0")
        names = self.dir / "names"
        names.write_text("".join(f"h{n}.example.com A\n" for n in range(1000)))
        text = self.inside("dnsperf", "-s", "10.53.1.2", "-d", names, "-n", 1, "-q", 5000, "-Q",
                           5000, "-t", 1)
        self.assertIn("Queries sent:         1000", text)
        link = json.loads(self.inside("ip", "-j", "-s", "link", "show", "dtap0"))[0]["stats64"]
        self.sends(self.last[0])
        run = self.seen(p, LAST[:1])
        asked = [r for r in run.got if r["qname"].startswith("h")]
        self.assertEqual({r["status"] for r in asked}, {"no_reply"})
        self.assertEqual(len(asked) + link["tx"]["dropped"], 1000)

    def test_busy(self):
        """The name belongs to another interface, or is invalid."""
        self.inside("ip", "tuntap", "add", "dev", "dtap0", "mode", "tap")
        for device, words in (("net_tap0,iface=dtap0", ("Unable to set TUNSETIFF for dtap0",)),
                              ("net_tap0,iface=name-of-too-many-letters", ("invalid",))):
            with self.subTest(device):
                self.refuses(["-d", device, "-o", self.dir / "o"], "cannot open " + device,
                             *words, preexec_fn=self.enter)


class Missing(harness.Case):
    """Without a peer, or without its directory, the error has the driver's message."""

    def test_missing(self):
        nowhere = self.dir / "nowhere" / "socket"
        for device, *words in (
                (f"net_memif0,role=client,socket={nowhere}", "starting the device",
                 "Failed to connect socket"),
                (f"net_memif0,role=server,socket={nowhere},socket-abstract=no",
                 "Invalid socket directory"),
                (f"net_virtio_user0,path={nowhere}", "No such file or directory"),
                (f"net_vhost0,iface={nowhere}", "failed to bind")):
            with self.subTest(device):
                self.refuses(["-d", device, "-o", self.dir / "o"], "cannot open " + device, *words)

    def test_busy(self):
        """A socket that another process listens on."""
        path = self.dir / "socket"
        first = self.start("-d", f"net_vhost0,iface={path}", "-o", "/dev/null", "--idle", "sleep",
                           stdin=subprocess.DEVNULL)
        text = b""
        while b"listening on" not in text:
            text += b"".join(self.read_lines(first.stderr, 1))
        self.refuses(["-d", f"net_vhost0,iface={path}", "-o", self.dir / "o"], "failed to bind",
                     "Address already in use")


if __name__ == "__main__":
    harness.main()
