#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One end of a tunnel or of a VLAN trunk, in user space.

tunnel.py DEV HOW LOCAL REMOTE [ID]     a tunnel between two addresses
tunnel.py DEV vlan LOWER VID            802.1Q tag VID over interface LOWER
tunnel.py DEV qinq LOWER SVID VID       802.1ad tag SVID, then 802.1Q tag VID

Makes the tun or tap device DEV in the current network namespace and tunnels
its packets.  HOW is one of: gre gretap erspan1 erspan2 erspan3 ipip sit
ip6tnl geneve.  Replaces these devices of the kernel, which some lack.
"""
import fcntl
import os
import select
import socket
import struct
import sys
import time

TUNSETIFF = 0x400454ca
IFF_TUN, IFF_TAP, IFF_NO_PI = 1, 2, 0x1000


def device(name, tap):
    fd = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack(
        '16sH22x', name.encode(), (IFF_TAP if tap else IFF_TUN) | IFF_NO_PI))
    return fd


def ethertype(packet):
    return 0x86dd if packet[0] >> 4 == 6 else 0x0800


class Gre:
    proto, tap, key, seq = 47, False, None, None
    kinds = (0x0800, 0x86dd)

    def __init__(self, ident):
        self.ident = ident

    def inner(self, packet):            # protocol type, bytes after GRE
        return ethertype(packet), packet

    def put(self, packet):
        kind, body = self.inner(packet)
        flags, extra = 0, b''
        if self.key:
            flags |= 0x2000
            extra += struct.pack('!I', self.ident)
        if self.seq is not None:
            flags |= 0x1000
            extra += struct.pack('!I', self.seq)
            self.seq += 1
        return struct.pack('!HH', flags, kind) + extra + body

    def get(self, data):
        flags, kind = struct.unpack('!HH', data[:4])
        if kind not in self.kinds or bool(flags & 0x1000) != (
                self.seq is not None):
            return None                 # that of another tunnel
        at = 4 + sum(4 for bit in (0x8000, 0x2000, 0x1000) if flags & bit)
        return self.strip(data[at:])

    def strip(self, body):
        return body


class Gretap(Gre):
    tap, key = True, True
    kinds = (0x6558,)

    def inner(self, packet):
        return 0x6558, packet


class Erspan1(Gre):
    tap = True
    kinds = (0x88be,)

    def inner(self, packet):
        return 0x88be, packet


class Erspan2(Erspan1):
    seq = 0

    def inner(self, packet):            # version 1, VLAN 0, session, index 5
        return 0x88be, struct.pack('!HHI', 1 << 12, self.ident, 5) + packet

    def strip(self, body):
        return body[8:]


class Erspan3(Erspan1):
    seq = 0
    kinds = (0x22eb,)

    def inner(self, packet):            # version 2, stamp in 100 us units
        stamp = int(time.time() * 10000) & 0xffffffff
        return 0x22eb, struct.pack('!HHIHH', 2 << 12, self.ident, stamp,
                                   0, 0) + packet

    def strip(self, body):
        return body[12:]


class Plain:
    """Carries an IP packet directly in an IP packet."""
    tap = False

    def __init__(self, ident):
        pass

    def put(self, packet):
        return packet

    def get(self, data):
        return data


class Ipip(Plain):
    proto = 4


class Sit(Plain):
    proto = 41


class Geneve:
    proto, tap = None, True

    def __init__(self, ident):
        self.ident = ident

    def put(self, packet):              # one option of the experimental class
        return struct.pack('!BBHI', 2, 0, 0x6558, self.ident << 8) \
            + struct.pack('!HBBI', 0xfff0, 1, 1, 0x01020304) + packet

    def get(self, data):
        return data[8 + (data[0] & 0x3f) * 4:]


HOWS = dict(gre=Gre, gretap=Gretap, erspan1=Erspan1, erspan2=Erspan2,
            erspan3=Erspan3, ipip=Ipip, sit=Sit, ip6tnl=Sit, geneve=Geneve)


def tunnel(dev, how, local, remote, ident):
    end = HOWS[how](ident)
    family = socket.AF_INET6 if ':' in local else socket.AF_INET
    if end.proto is None:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((local, 6081))
        sock.connect((remote, 6081))
    else:
        sock = socket.socket(family, socket.SOCK_RAW, end.proto)
        sock.bind((local, 0))
        sock.connect((remote, 0))
    header = end.proto is not None and family == socket.AF_INET

    def receive():
        data = sock.recv(65535)
        if header:
            data = data[(data[0] & 15) * 4:]
        return end.get(data)

    carry(device(dev, end.tap), sock, lambda p: sock.send(end.put(p)), receive)


def trunk(dev, lower, tags):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((lower, 3))
    sock.setsockopt(263, 8, 1)          # SOL_PACKET, PACKET_AUXDATA
    want = b''.join(struct.pack('!HH', t, v) for t, v in tags)

    def send(frame):
        sock.send(frame[:12] + want + frame[12:])

    def receive():
        data, control, _, addr = sock.recvmsg(65535, 256)
        if addr[2] == socket.PACKET_OUTGOING:
            return None
        for level, kind, aux in control:
            if level == 263 and kind == 8:
                status, tci, tpid = struct.unpack('=I12xHH', aux[:20])
                if status & 0x10:       # the kernel took the outer tag off
                    tpid = tpid if status & 0x40 else 0x8100
                    data = data[:12] + struct.pack('!HH', tpid, tci) \
                        + data[12:]
        if data[12:12 + len(want)] != want:
            return None
        return data[:12] + data[12 + len(want):]

    carry(device(dev, True), sock, send, receive)


def carry(fd, sock, send, receive):
    while True:
        ready, _, _ = select.select([fd, sock], [], [])
        try:
            if fd in ready:
                send(os.read(fd, 65535))
            if sock in ready:
                packet = receive()
                if packet:
                    os.write(fd, packet)
        except OSError:
            time.sleep(0.01)            # the other end or DEV is not up yet


def main():
    args = sys.argv[1:]
    if len(args) == 4 and args[1] == 'vlan':
        trunk(args[0], args[2], [(0x8100, int(args[3]))])
    elif len(args) == 5 and args[1] == 'qinq':
        trunk(args[0], args[2], [(0x88a8, int(args[3])),
                                 (0x8100, int(args[4]))])
    elif len(args) in (4, 5) and args[1] in HOWS:
        tunnel(args[0], args[1], args[2], args[3],
               int(args[4]) if len(args) == 5 else 0)
    else:
        sys.exit(__doc__)


main()
