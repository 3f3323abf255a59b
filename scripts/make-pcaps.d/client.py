#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Queries sent in ways that dig and kdig do not offer.

client.py HOW SERVER NAME/TYPE...

  pipeline  one TCP connection, all queries in one write, then all replies
  split     one TCP connection, each query split in the middle of its length
            and again in the middle of its name
  half      TCP: half of the first query, then an orderly close
  eof       TCP: all queries and the end of the stream, then all replies
  slow      one TCP connection with keep-alives, each query two and a half
            seconds after the previous reply, its second part later still
  reset     TCP: the first query, then a reset without reading the reply
  onesocket UDP: all queries from one port before any reply is read
  twice     UDP: each query sent two times, with the same port and ID
  sameid    UDP: different names from one port with one ID
"""
import asyncio
import socket
import struct
import sys

import dns.message


def query(arg):
    name, _, rtype = arg.rpartition('/')
    return dns.message.make_query(name, rtype).to_wire()


async def replies(reader, count):
    for _ in range(count):
        size, = struct.unpack('!H', await reader.readexactly(2))
        await reader.readexactly(size)


async def tcp(how, server, wires):
    reader, writer = await asyncio.open_connection(server, 53)
    sock = writer.get_extra_info('socket')
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    framed = [struct.pack('!H', len(w)) + w for w in wires]
    if how == 'pipeline':
        writer.write(b''.join(framed))
        await replies(reader, len(framed))
    elif how == 'split':
        for f in framed:
            for part in (f[:1], f[1:20], f[20:]):
                writer.write(part)
                await asyncio.sleep(0.05)
            await replies(reader, 1)
    elif how == 'eof':
        writer.write(b''.join(framed))
        writer.write_eof()
        await replies(reader, len(framed))
    elif how == 'slow':
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        for f in framed:
            await asyncio.sleep(2.5)
            writer.write(f[:20])
            await asyncio.sleep(0.3)
            writer.write(f[20:])
            await replies(reader, 1)
    elif how == 'half':
        writer.write(framed[0][:len(framed[0]) // 2])
        await asyncio.sleep(0.1)
    elif how == 'reset':
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
        writer.write(framed[0])
        await asyncio.sleep(0)
    writer.close()


def udp(how, server, wires):
    family = socket.AF_INET6 if ':' in server else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.connect((server, 53))
    sock.settimeout(2)
    if how == 'twice':
        wires = [w for w in wires for _ in range(2)]
    elif how == 'sameid':
        wires = [wires[0][:2] + w[2:] for w in wires]
    for w in wires:
        sock.send(w)
    for _ in wires:
        sock.recv(65535)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    how, server = sys.argv[1:3]
    wires = [query(a) for a in sys.argv[3:]]
    if how in ('pipeline', 'split', 'half', 'reset', 'eof', 'slow'):
        asyncio.run(asyncio.wait_for(tcp(how, server, wires), 30))
    elif how in ('onesocket', 'twice', 'sameid'):
        udp(how, server, wires)
    else:
        sys.exit(__doc__)


main()
