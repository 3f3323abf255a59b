#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares reassembled queries with what a server reads: Linux's own TCP receives the same segments, from a
tun device in a network namespace, and recv() returns the reference."""
import ctypes
import fcntl
import os
import random
import select
import socket
import struct
import subprocess

import capture
import harness

CLONE_NEWNET, TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x40000000, 0x400454ca, 1, 0x1000
SERVER, CLIENT = "10.9.0.1", "10.9.0.2"
LABEL = 50
HEAD = struct.pack(">7H", 12 + 1 + LABEL + 1 + 4, 7, 0x0100, 1, 0, 0, 0) + bytes([LABEL])
TAIL = struct.pack(">BHH", 0, 1, 1)
TOTAL = len(HEAD) + LABEL + len(TAIL)
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def octets(variant):
    """Returns the query of one of the senders, which the letters of its name identify."""
    return HEAD + bytes([ord("a") + variant % 26]) * LABEL + TAIL


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def segment(port, seq, ack, flags, payload=b"", damage=0):
    """Returns an IPv4 packet from the client."""
    ends = socket.inet_aton(CLIENT) + socket.inet_aton(SERVER)
    head = struct.pack(">HHIIBBHHH", port, 53, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535,
                       0, 0)
    whole = checksum(ends + struct.pack(">HH", 6, 20 + len(payload)) + head + payload) ^ damage
    head = head[:16] + struct.pack(">H", whole) + head[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0, 64, 6, 0) + ends
    return ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + head + payload


class Linux:
    """A namespace of this process with a listening socket behind a tun device."""

    def __init__(self):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        self.tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))
        for words in (("addr", "add", SERVER + "/24", "dev", "tun0"), ("link", "set", "tun0", "up")):
            subprocess.run(["ip", *words], check=True, stderr=subprocess.PIPE)
        self.listener = socket.create_server((SERVER, 53), backlog=8)
        self.frames, self.ns = [], 10**18

    def note(self, packet):
        self.ns += 10**5
        self.frames.append(capture.Frame(self.ns, packet, len(packet)))

    def send(self, packet):
        self.note(packet)
        os.write(self.tun, packet)

    def reply(self, port, flags):
        """Returns the next segment to a port with these flags."""
        while True:
            if not select.select([self.tun], [], [], harness.HANG_S)[0]:
                raise TimeoutError("Linux does not answer")
            packet = os.read(self.tun, 2000)
            if packet[0] == 0x45 and packet[9] == 6 and \
                    struct.unpack_from(">H", packet, 22)[0] == port and packet[33] & flags == flags:
                self.note(packet)
                return packet

    def converse(self, port, parts):
        """Returns what the server reads of a connection; `parts` makes packets from its first sequence
        number and acknowledgment."""
        isn = port * 1000
        self.send(segment(port, isn, 0, SYN))
        ack = struct.unpack_from(">I", self.reply(port, SYN | ACK), 24)[0] + 1
        self.send(segment(port, isn + 1, ack, ACK))
        with self.listener.accept()[0] as server:
            for packet in parts(port, isn + 1, ack):
                self.send(packet)
            got = b""
            while len(got) < TOTAL:
                if not select.select([server], [], [], harness.HANG_S)[0]:
                    raise TimeoutError("not all octets came")
                got += server.recv(TOTAL)
            self.note(segment(port, isn + 1 + TOTAL, ack, ACK))
        return got


def tricks(rng, contradicted):
    """Returns a function that makes overlapping segments, and some that the server rejects. None begins where
    another ends, because Linux may merge such segments, or not. Adds to `contradicted` the ports of
    connections in which overlaps have different octets."""
    def parts(port, seq, ack):
        refused = rng.randrange(4) == 0  # whatever is sent before the octets in order
        for n in range(rng.randrange(2, 14)):
            start = rng.randrange(2, TOTAL - 10, 2)
            end = min(start + rng.randrange(1, 40, 2), TOTAL - (TOTAL + 1) % 2)
            payload = octets(n)[start:end]
            trick = rng.randrange(3 if refused else 8)
            if trick == 0:
                yield segment(port, seq + start, ack, PSH, payload)
            elif trick == 1:
                yield segment(port, seq + start, ack + rng.choice((1, 9, 999, 60000, 100000)), ACK, payload)
            elif trick == 2:
                yield segment(port, seq + start, ack, ACK, payload, damage=0x1234)
            else:
                if end > len(HEAD) and start < len(HEAD) + LABEL:
                    contradicted.add(port)
                yield segment(port, seq + start, ack, ACK, payload)
        for at in range(TOTAL):
            yield segment(port, seq + at, ack, ACK, octets(25)[at:at + 1])
    return parts


class TcpLinux(harness.Case):
    def test_as_linux_reads_it(self):
        if os.geteuid() != 0 or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            self.skipTest("needs root and /dev/net/tun")
        try:
            linux = Linux()
        except (OSError, subprocess.CalledProcessError) as e:
            self.skipTest(f"no namespace with a tun device: {e}")
        rng, read, contradicted = random.Random(1), {}, set()
        for port in range(20000, 20060):
            read[port] = linux.converse(port, tricks(rng, contradicted))
        path = self.dir / "linux.pcap"
        path.write_bytes(capture.pcap(linux.frames, link=capture.RAW, nano=True))
        run = self.dnsloupe("-r", path)
        logged = {r["client_port"]: r["qname"] for r in run.records}
        self.assertEqual(logged, {port: got[15:15 + LABEL].decode() for port, got in read.items()})
        doubtful = {r["client_port"] for r in run.records if r.get("ambiguous") == ["query"]}
        self.assertEqual(doubtful, contradicted)
        self.assertTrue(10 < len(doubtful) < len(read) - 5)
        self.assertEqual({r["client_port"] for r in run.records if "ambiguous" in r}, doubtful)
        reasm = run.stats["total"]["reasm"]
        self.assertEqual(reasm["tcp_ambiguous"], len(doubtful))
        for counter in ("tcp_no_ack", "tcp_implausible", "tcp_suspect", "tcp_conflicts",
                        "tcp_unseen_acks"):
            self.assertGreater(reasm[counter], 0, counter)
        # Linux drops a segment with a wrong checksum, too: the lines are the same
        required = self.dnsloupe("-r", path, "--set", "packet.checksum=require")
        self.assertEqual(required.lines, run.lines)
        counts = required.stats["total"]["reasm"]
        self.assertEqual(counts["tcp_bad_checksums"], reasm["tcp_suspect"])
        self.assertEqual(counts["tcp_suspect"], 0)
        ignored = self.dnsloupe("-r", path, "--set", "packet.checksum=ignore")
        self.assertNotEqual(ignored.lines, run.lines)
        self.assertEqual(ignored.stats["total"]["reasm"]["tcp_suspect"], 0)


if __name__ == "__main__":
    harness.main()
