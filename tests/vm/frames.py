# SPDX-License-Identifier: BSD-3-Clause
"""Frames with VLAN tags, and large ones."""
import struct

import capture


def tagged(frame, *tags):
    """Inserts VLAN tags, each an EtherType and an id."""
    head = b"".join(struct.pack(">HH", *tag) for tag in tags)
    return frame[:12] + head + frame[12:]


def large(i, size):
    """Returns a query, and its reply as an Ethernet frame of so many octets: EDNS and TXT records."""
    query, _ = capture.pair(i)
    n = size - 14 - 28
    question = capture.name(f"n{i}.example.com") + struct.pack(">HH", 1, 1)
    opt = b"\0" + struct.pack(">HHIH", 41, 65000, 0, 0)
    body, count = b"", 0
    left = n - 12 - len(question) - len(opt)
    while left:
        part = min(left, 12 + 256)  # a TXT record of one string
        if 0 < left - part < 13:
            part -= 13
        body += b"\xc0\x0c" + struct.pack(">HHIHB", 16, 1, 60, part - 12, part - 13)
        body += b"x" * (part - 13)
        left, count = left - part, count + 1
    message = struct.pack(">6H", i * 31 % 65536, 0x8180, 1, count, 0, 1) + question + body + opt
    whole = capture.udp(0, "192.0.2.53", 53, "192.0.2.1", 1024 + i * 7 % 60000, message)
    return [query.data, whole.data]
