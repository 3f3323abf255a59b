# SPDX-License-Identifier: BSD-3-Clause
"""Reads and writes capture files and DNS packets in pure Python, so that tests can make any variant."""
import collections
import ipaddress
import struct

ETHERNET, RAW, LOOP, NULL, SLL, SLL2, IPV4, IPV6 = 1, 101, 108, 0, 113, 276, 228, 229

Frame = collections.namedtuple("Frame", "ns data wire")
Frame.__doc__ = "A captured frame: timestamp in nanoseconds, octets, length on the wire."


# --- files -----------------------------------------------------------------------------------

def read_pcap(path):
    """Returns (link type, [Frame]) of a classic pcap file."""
    with open(path, "rb") as f:
        data = f.read()
    for order in "<>":
        magic = struct.unpack_from(order + "I", data)[0]
        if magic in (0xa1b2c3d4, 0xa1b23c4d):
            break
    else:
        raise ValueError(f"{path}: not a classic pcap file")
    unit = 1 if magic == 0xa1b23c4d else 1000
    link, at, frames = struct.unpack_from(order + "I", data, 20)[0], 24, []
    while at < len(data):
        s, fraction, kept, wire = struct.unpack_from(order + "4I", data, at)
        at += 16
        frames.append(Frame(s * 10**9 + fraction * unit, data[at:at + kept], wire))
        at += kept
    return link & 0xffff, frames


def pcap_header(link=ETHERNET, order="<", nano=False, snaplen=262144):
    return struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0,
                       snaplen, link)


def pcap_record(frame, order="<", nano=False):
    s, ns = divmod(frame.ns, 10**9)
    return struct.pack(order + "4I", s, ns if nano else ns // 1000, len(frame.data),
                       frame.wire) + frame.data


def pcap(frames, link=ETHERNET, order="<", nano=False):
    """Returns a classic pcap file."""
    return pcap_header(link, order, nano) + b"".join(
        pcap_record(f, order, nano) for f in frames)


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + \
        struct.pack(order + "I", len(body) + 12)


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def pcapng(frames, links=(ETHERNET,), order="<", resolution=9, pick=lambda i, frame: 0):
    """Returns a pcapng file with an interface for each of links; pick chooses that of a frame. resolution:
    if_tsresol, 10^-n seconds; None omits the option (microseconds)."""
    out = block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1) +
                option(order, 1, b"made by a test") + option(order, 0, b""))
    for link in links:
        options = b"" if resolution is None else \
            option(order, 9, bytes([resolution])) + option(order, 0, b"")
        out += block(order, 1, struct.pack(order + "HHI", link, 0, 0) + options)
    for i, f in enumerate(frames):
        ticks = f.ns // 10**(9 - (6 if resolution is None else resolution))
        out += block(order, 6, struct.pack(
            order + "5I", pick(i, f), ticks >> 32, ticks & 0xffffffff, len(f.data), f.wire) +
            f.data + bytes(-len(f.data) % 4))
    return out


# --- link types ------------------------------------------------------------------------------

def version(packet):
    return packet[0] >> 4


def relink(frames, link, order="<", family6=10):
    """Converts Ethernet frames that carry IP, without VLAN tags, to another link type; omits other
    frames. family6: AF_INET6 of the writer's system."""
    out = []
    for f in frames:
        ethertype = f.data[12:14]
        if ethertype not in (b"\x08\x00", b"\x86\xdd"):
            continue
        packet, v6 = f.data[14:], ethertype == b"\x86\xdd"
        if link in (RAW, IPV4, IPV6):
            head = b""
        elif link == NULL:  # in the byte order of the capturing machine
            head = struct.pack(order + "I", family6 if v6 else 2)
        elif link == LOOP:
            head = struct.pack(">I", family6 if v6 else 2)
        elif link == SLL:
            head = struct.pack(">HHH8s", 0, 1, 6, f.data[6:12]) + ethertype
        elif link == SLL2:
            head = ethertype + struct.pack(">HIHBB8s", 0, 7, 1, 0, 6, f.data[6:12])
        else:
            raise ValueError(link)
        out.append(Frame(f.ns, head + packet, f.wire - 14 + len(head)))
    return out


# --- packets ---------------------------------------------------------------------------------

def name(text):
    """Returns a domain name in wire form; labels must not contain dots."""
    out = b""
    for label in text.strip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def message(ident, qname, qtype=1, reply=False, flags=None, rcode=0, answers=()):
    """Returns a DNS message of one question. answers: (type, ttl, rdata), all of the question's name."""
    if flags is None:
        flags = 0x8180 if reply else 0x0100
    out = struct.pack(">6H", ident, flags | rcode, 1, len(answers), 0, 0)
    out += name(qname) + struct.pack(">HH", qtype, 1)
    for rtype, ttl, rdata in answers:
        out += b"\xc0\x0c" + struct.pack(">HHIH", rtype, 1, ttl, len(rdata)) + rdata
    return out


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp(ns, src, sport, dst, dport, payload):
    """Returns an Ethernet frame with a UDP datagram between two addresses of one family."""
    a, b = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    length = 8 + len(payload)
    head = struct.pack(">4H", sport, dport, length, 0)
    pseudo = a.packed + b.packed + struct.pack(">IHH", length, 0, 17)
    head = head[:6] + struct.pack(">H", checksum(pseudo + head + payload) or 0xffff)
    if a.version == 4:
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, 17, 0) + \
            a.packed + b.packed
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        kind = b"\x08\x00"
    else:
        ip = struct.pack(">IHBB", 6 << 28, length, 17, 64) + a.packed + b.packed
        kind = b"\x86\xdd"
    data = bytes.fromhex("020000000002020000000001") + kind + ip + head + payload
    return Frame(ns, data, len(data))


SYN, ACK, PSH, FIN = 2, 16, 8, 1


def tcp(ns, src, sport, dst, dport, seq, ack, flags, payload=b""):
    """Returns an Ethernet frame with a TCP segment between two IPv4 addresses."""
    a, b = (ipaddress.ip_address(x).packed for x in (src, dst))
    head = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0)
    whole = checksum(a + b + struct.pack(">HH", 6, 20 + len(payload)) + head + payload)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0) + a + b
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    data = bytes.fromhex("020000000002020000000001") + b"\x08\0" + ip + head[:16] + \
        struct.pack(">H", whole) + head[18:] + payload
    return Frame(ns, data, len(data))


def fragments(frame, size=24):
    """Fragments an Ethernet frame with IPv4; each fragment has so many octets (a multiple of 8)."""
    head, body, out = bytearray(frame.data[:34]), frame.data[34:], []
    for at in range(0, len(body), size):
        part = body[at:at + size]
        head[16:18] = struct.pack(">H", 20 + len(part))
        head[20:22] = struct.pack(">H", (at + size < len(body)) << 13 | at // 8)
        head[24:26] = b"\0\0"
        head[24:26] = struct.pack(">H", checksum(bytes(head[14:34])))
        out.append(Frame(frame.ns, bytes(head) + part, 34 + len(part)))
    return out


START_NS = 1_700_000_000 * 10**9


def pair(i, ns=None, client="192.0.2.1", server="192.0.2.53", latency_ns=1_000_000):
    """Returns query and reply number i; id, port, name and answer depend on i."""
    ns = START_NS + i * 10**7 if ns is None else ns
    port, ident, qname = 1024 + i * 7 % 60000, i * 31 % 65536, f"n{i}.example.com"
    answer = [(1, 300, bytes([203, 0, 113, i % 256]))]
    return [udp(ns, client, port, server, 53, message(ident, qname)),
            udp(ns + latency_ns, server, 53, client, port,
                message(ident, qname, reply=True, answers=answer))]


def query(i, ns=None, client="192.0.2.1", server="192.0.2.53"):
    return pair(i, ns, client, server)[0]


def write_load(path, transactions, first=0, unanswered=0, link=ETHERNET):
    """Writes a large capture of many flows piece by piece, so that this process stays small. Time
    advances by 10 us a transaction. unanswered: every n-th query has no reply."""
    with open(path, "wb") as f:
        f.write(load_header(link))
        for i in range(first, first + transactions):
            f.write(load_piece(i, unanswered))


def load_header(link=ETHERNET):
    return pcap_header(link)


def load_piece(i, unanswered=0):
    """Returns transaction i as records of a classic pcap file, without UDP checksums, for speed."""
    ns = START_NS + i * 10_000
    client, port = bytes([10, i >> 16 & 255, i >> 8 & 255, i & 255]), 1024 + i * 7 % 60000
    ident, server = i * 31 % 65536, b"\xc0\x00\x02\x35"
    qname = b"\x08n%07d\x07example\x03com\x00" % (i % 10**7)
    question = qname + b"\0\1\0\1"
    q = struct.pack(">6H", ident, 0x0100, 1, 0, 0, 0) + question
    r = struct.pack(">6H", ident, 0x8180, 1, 2, 0, 0) + question + \
        b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xcb\0\x71" + bytes([i % 256]) + \
        b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xcb\0\x72" + bytes([i % 256])
    out = _load_packet(ns, client, port, server, 53, q)
    if not unanswered or i % unanswered:
        out += _load_packet(ns + 5000, server, 53, client, port, r)
    return out


def _load_packet(ns, src, sport, dst, dport, payload):
    n = 42 + len(payload)
    s, rest = divmod(ns, 10**9)
    return struct.pack("<4I", s, rest // 1000, n, n) + \
        b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0\x45\0" + \
        struct.pack(">HHHBBH4s4s4H", n - 14, 0, 0x4000, 64, 17, 0, src, dst, sport, dport,
                    n - 34, 0) + payload
