#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Removes the hardware, system and program from the section headers of a
pcapng file: anonymous.py FROM TO"""
import struct
import sys


def options(data, order):
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack(order + 'HH', data[at:at + 4])
        end = at + 4 + (size + 3) // 4 * 4
        if code == 0:
            break
        yield code, data[at:end]
        at = end


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], 'rb') as f:
        data = f.read()
    at, out = 0, []
    while at < len(data):
        if data[at:at + 4] == b'\n\r\r\n':
            order = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
        size, = struct.unpack(order + 'I', data[at + 4:at + 8])
        block = data[at:at + size]
        at += size
        if block[:4] == b'\n\r\r\n':
            kept = b''.join(o for code, o in options(block[24:-4], order)
                            if code not in (2, 3, 4)) + bytes(4)
            length = struct.pack(order + 'I', 28 + len(kept))
            block = block[:4] + length + block[8:24] + kept + length
        out.append(block)
    with open(sys.argv[2], 'wb') as f:
        f.write(b''.join(out))


main()
