#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares the text of RDATA with what independent programs print for the same octets.

usage: oracle.py RDATA_SHOW SAMPLES [RECORDS_PER_TYPE]

RDATA_SHOW is tests/support/rdata_show.c, built; SAMPLES the table samples.tsv. For each type RDATA
is drawn at random (always the same) from a description of its format that shares nothing with the
program's own, and shown by rdata_show, by dnspython, and by BIND's named-compilezone where it is
installed. White space, parentheses and letter case do not count. Which of them is asked about a
type, and why not, is in TYPES. Without dnspython the test is skipped (exit 77).
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import dns.exception
    import dns.rdata
    import dns.rdatatype
    import dns.version
except ImportError:
    print("skipped: python3-dnspython is not installed")
    sys.exit(77)

RANDOM = random.Random(20151010)


def u(n):
    return lambda: RANDOM.randbytes(n)


def pick(*values):
    return lambda: RANDOM.choice(values)


def octets(least, most):
    return lambda: RANDOM.randbytes(RANDOM.randint(least, most))


def label():
    kind = RANDOM.randrange(4)
    if kind == 0:
        return RANDOM.randbytes(RANDOM.randint(1, 63))
    if kind == 1:
        return bytes(RANDOM.choice(b'a.B\\"();@$ \x00\xff_-') for _ in range(RANDOM.randint(1, 12)))
    return bytes(RANDOM.choice(b"abcdefXYZ0189-_") for _ in range(RANDOM.randint(1, 20)))


def name():
    wire = b""
    for _ in range(RANDOM.choice((0, 1, 2, 2, 3, 3, 4, 8))):
        one = label()
        if len(wire) + len(one) + 2 > 255:
            break
        wire += bytes([len(one)]) + one
    return wire + b"\0"


def string(least=0, most=255):
    def draw():
        n = RANDOM.choice((least, most, RANDOM.randint(least, most), RANDOM.randint(least, 20)))
        text = RANDOM.randbytes(n) if RANDOM.random() < 0.5 else bytes(
            RANDOM.choice(b'abc 019;"\\,=') for _ in range(n))
        return bytes([n]) + text
    return draw


def strings():
    return b"".join(string()() for _ in range(RANDOM.randint(1, 4)))


def plain(least, most):
    return lambda: bytes(RANDOM.choice(b"abc019:/.-_?=") for _ in range(RANDOM.randint(least, most)))


def word():
    n = RANDOM.randint(1, 15)
    return bytes([n]) + bytes(RANDOM.choice(b"abcXYZ019") for _ in range(n))


def digits(least, most):
    return bytes(RANDOM.choice(b"0123456789") for _ in range(RANDOM.randint(least, most)))


def number():
    text = digits(1, 1) + b"." + digits(1, 3)
    return bytes([len(text)]) + text


def counted(size, least, most):
    def draw():
        data = octets(least, most)()
        return len(data).to_bytes(size, "big") + data
    return draw


def bitmap(windows=256):
    def draw():
        wire = b""
        for window in sorted(RANDOM.sample(range(windows), RANDOM.randint(0, min(3, windows)))):
            n = RANDOM.randint(1, 32)
            bits = bytearray(RANDOM.choice((0, 0, 1, 0x80, RANDOM.randrange(256))) for _ in range(n))
            bits[-1] |= 1 << RANDOM.randrange(8)
            if window == 0:
                bits[0] &= 0x7f
                bits[-1] |= 1
            wire += bytes([window, n]) + bytes(bits)
        return wire
    return draw


def nxt_bits():
    bits = bytearray(RANDOM.randbytes(RANDOM.randint(1, 16)))
    bits[0] &= 0x7f
    bits[0] |= 0x40
    bits[-1] |= 1
    return bytes(bits)


def apl():
    wire = b""
    for _ in range(RANDOM.randint(1, 4)):
        family = RANDOM.choice((1, 2))
        n = RANDOM.randint(0, 4 if family == 1 else 16)
        data = octets(n, n)()
        if n:
            data = data[:-1] + bytes([data[-1] | 1])
        if family == 2 and n:
            data = b"\x20" + data[1:-1] + b"\1" if n > 1 else b"\x21"
        prefix = RANDOM.randint(8 * n, 32 if family == 1 else 128)
        wire += family.to_bytes(2, "big") + bytes([prefix, n | RANDOM.choice((0, 0x80))]) + data
    return wire


def a6():
    prefix = RANDOM.choice((0, 64, 128, RANDOM.randint(0, 90)))
    n = 16 - prefix // 8
    data = bytearray(RANDOM.randbytes(n))
    if n:
        data[0] &= 0xff >> prefix % 8
    return bytes([prefix]) + bytes(data) + (name() if prefix else b"")


def loc():
    def size():
        digit = RANDOM.randint(0, 9)
        return bytes([digit << 4 | (RANDOM.randint(0, 9) if digit else 0)])

    def angle(degrees):
        most = degrees * 3600000
        return (2**31 + RANDOM.choice((0, -most, most, RANDOM.randint(-most, most)))).to_bytes(4, "big")
    altitude = RANDOM.choice((0, 10000000, 9999999, RANDOM.randrange(2**32), 2**32 - 1))
    return b"\0" + size() + size() + size() + angle(90) + angle(180) + altitude.to_bytes(4, "big")


def ipsec_gateway():
    kind = RANDOM.randrange(4)
    return bytes([kind, RANDOM.randrange(4)]) + (b"", u(4)(), b"\x20" + u(15)(), name())[kind]


def relay():
    kind = RANDOM.randrange(4)
    return bytes([kind | RANDOM.choice((0, 0x80))]) + (b"", u(4)(), b"\x20" + u(15)(), name())[kind]


def hip():
    hit, key = octets(1, 40)(), octets(1, 60)()
    servers = b"".join(name() for _ in range(RANDOM.randint(0, 3)))
    return bytes([len(hit), RANDOM.randrange(256)]) + len(key).to_bytes(2, "big") + hit + key + servers


def svcparams(odd):
    """odd: may ALPN ids hold any octet? Else only what all programs escape alike."""
    def draw():
        values = {}
        if RANDOM.random() < 0.7:
            chars = bytes(range(256)) if odd else b"abch2/-,\\"
            ids = [bytes(RANDOM.choice(chars) for _ in range(RANDOM.randint(1, 12)))
                   for _ in range(RANDOM.randint(1, 3))]
            values[1] = b"".join(bytes([len(i)]) + i for i in ids)
            if RANDOM.random() < 0.3:
                values[2] = b""
        if RANDOM.random() < 0.4:
            values[3] = u(2)()
        if RANDOM.random() < 0.4:
            values[4] = RANDOM.randbytes(4 * RANDOM.randint(1, 3))
        if RANDOM.random() < 0.4:
            values[5] = octets(1, 60)()
        if RANDOM.random() < 0.4:
            values[6] = b"".join(b"\x20" + u(15)() for _ in range(RANDOM.randint(1, 3)))
        for _ in range(RANDOM.randint(0, 2)):
            values[RANDOM.randint(20, 65279)] = RANDOM.choice((b"", octets(1, 30)()))
        if values and RANDOM.random() < 0.4:
            keys = RANDOM.sample(sorted(values), RANDOM.randint(1, len(values)))
            values[0] = b"".join(k.to_bytes(2, "big") for k in sorted(keys))
        return b"".join(k.to_bytes(2, "big") + len(values[k]).to_bytes(2, "big") + values[k]
                        for k in sorted(values))
    return draw


def digest():
    kind = RANDOM.choice((1, 2, 3, 4, 5, 200))
    n = {1: 20, 2: 32, 3: 32, 4: 48}.get(kind) or RANDOM.randint(1, 80)
    return bytes([kind]) + RANDOM.randbytes(n)


def zonemd():
    algorithm = RANDOM.choice((1, 2, 3, 250))
    n = {1: 48, 2: 64}.get(algorithm) or RANDOM.randint(12, 80)
    return bytes([RANDOM.choice((1, 240)), algorithm]) + RANDOM.randbytes(n)


def sshfp():
    kind = RANDOM.choice((1, 2, 7))
    return bytes([kind]) + RANDOM.randbytes({1: 20, 2: 32}.get(kind) or RANDOM.randint(1, 60))


def v6():
    wire = bytearray(RANDOM.randbytes(16))
    wire[0] = 0x20
    for i in range(2, 16, 2):
        if RANDOM.random() < 0.4:
            wire[i:i + 2] = b"\0\0"
        elif RANDOM.random() < 0.3:
            wire[i] = 0
    return bytes(wire)


def times():
    """Expiration and inception. BIND shows a time by the half of the circle around now (RFC 4034
    section 3.1.5), dnspython and we by the number; these are the same to both."""
    return b"".join(RANDOM.randint(10**9, 25 * 10**8).to_bytes(4, "big") for _ in range(2))


def tsig():
    return (name() + u(6)() + u(2)() + counted(2, 0, 40)() + u(2)() +
            RANDOM.choice((0, 1, 9, 16, 17, 18, 22, 99)).to_bytes(2, "big") + counted(2, 0, 8)())


# Type, RDATA, who is asked: d = dnspython, b = BIND.
TYPES = {
    "A": ([u(4)], "db"), "NS": ([name], "db"), "MD": ([name], ""), "MF": ([name], ""),
    "CNAME": ([name], "db"), "SOA": ([name, name, u(20)], "d"), "MB": ([name], "b"),
    "MG": ([name], "b"), "MR": ([name], "b"), "WKS": ([u(4), pick(b"\x06", b"\x11"),
                                                       octets(1, 40)], "d"),
    "PTR": ([name], "db"), "HINFO": ([string(), string()], "db"), "MINFO": ([name, name], "b"),
    "MX": ([u(2), name], "db"), "TXT": ([strings], "db"), "RP": ([name, name], "db"),
    "AFSDB": ([u(2), name], "db"),
    "X25": ([lambda: (lambda d: bytes([len(d)]) + d)(digits(4, 20))], "db"),
    "ISDN": ([string(1, 255)], "db"), "RT": ([u(2), name], "db"),
    "NSAP": ([octets(1, 30)], "db"), "NSAP-PTR": ([name], "db"),
    "SIG": ([pick(b"\0\1", b"\0\x10", b"\xff\0"), u(6), times, u(2), name,
             octets(1, 80)], "b"),
    "KEY": ([pick(b"\0\0", b"\1\0", b"\2\1"), u(2), octets(1, 80)], "b"),
    "PX": ([u(2), name, name], "db"),
    # dnspython leaves out GPOS's quotes and LOC's default sizes.
    "GPOS": ([number, number, number], "b"), "AAAA": ([v6], "db"), "LOC": ([loc], "b"),
    "NXT": ([name, nxt_bits], "b"), "EID": ([octets(1, 40)], "b"), "NIMLOC": ([octets(1, 40)], "b"),
    "SRV": ([u(6), name], "db"),
    "ATMA": ([lambda: RANDOM.choice((b"\0" + u(20)(), b"\1" + digits(4, 20)))], "b"),
    "NAPTR": ([u(4), string(0, 8), string(), string(0, 0), name], "db"),
    "KX": ([u(2), name], "db"),
    # BIND calls algorithm 7 NSEC3RSASHA1 and 6 NSEC3DSA.
    "CERT": ([lambda: RANDOM.randrange(11).to_bytes(2, "big"), u(2),
              lambda: bytes([RANDOM.choice((0, 1, 5, 8, 13, 15, 252, 253, 254, 77))]),
              octets(1, 90)], "db"),
    "A6": ([a6], "b"), "DNAME": ([name], "db"), "SINK": ([u(3), octets(1, 40)], "b"),
    "APL": ([apl], "db"), "DS": ([u(3), digest], "db"), "SSHFP": ([u(1), sshfp], "db"),
    "IPSECKEY": ([u(1), ipsec_gateway, octets(1, 80)], "db"),
    "RRSIG": ([pick(b"\0\1", b"\0\x2e", b"\1\1"), u(6), times, u(2), name,
               octets(1, 90)], "db"),
    "NSEC": ([name, bitmap()], "db"), "DNSKEY": ([u(3), pick(b"\5", b"\x08", b"\x0d", b"\x0f"),
                                                  octets(1, 90)], "db"),
    "DHCID": ([octets(1, 60)], "db"),
    "NSEC3": ([u(4), counted(1, 0, 30), lambda: b"\x14" + u(20)(), bitmap()], "db"),
    "NSEC3PARAM": ([u(4), counted(1, 0, 30)], "db"),
    "TLSA": ([u(3), octets(1, 80)], "db"), "SMIMEA": ([u(3), octets(1, 80)], "db"),
    "HIP": ([hip], "b"), "NINFO": ([strings], "db"), "RKEY": ([pick(b"\0\0"), u(2), octets(1, 60)], "b"),
    "TALINK": ([name, name], "b"), "CDS": ([u(3), digest], "db"),
    "CDNSKEY": ([u(3), pick(b"\5", b"\x08", b"\x0d"), octets(1, 90)], "db"),
    "OPENPGPKEY": ([octets(1, 200)], "db"), "CSYNC": ([u(6), bitmap()], "db"),
    "ZONEMD": ([u(4), zonemd], "db"),
    # BIND and dnspython disagree on ALPN ids with other octets than these; dnspython's form is ours.
    "SVCB": ([pick(b"\0\1", b"\7\7"), name, svcparams(False)], "db"),
    "HTTPS": ([pick(b"\0\1", b"\7\7"), name, svcparams(True)], "d"),
    "DSYNC": ([pick(b"\0\x3b", b"\0\x3e"), pick(b"\1", b"\2", b"\xff"), u(2), name], "b"),
    "HHIT": ([octets(1, 60)], "b"), "BRID": ([octets(1, 60)], "b"), "SPF": ([strings], "db"),
    # BIND leaves out leading zeros in the groups of NID and L64.
    "NID": ([u(2), u(8)], "d"), "L32": ([u(6)], "db"), "L64": ([u(2), u(8)], "d"),
    "LP": ([u(2), name], "db"), "EUI48": ([u(6)], "db"), "EUI64": ([u(8)], "db"),
    "TSIG": ([tsig], "d"), "URI": ([u(4), plain(1, 80)], "db"),
    "CAA": ([u(1), word, octets(0, 60)], "db"), "AVC": ([strings], "db"),
    "DOA": ([u(9), string(0, 30), octets(0, 40)], "b"), "AMTRELAY": ([u(1), relay], "db"),
    "RESINFO": ([strings], "b"), "WALLET": ([strings], "b"), "TA": ([u(3), digest], "b"),
    "DLV": ([u(3), digest], "db"),
}

NUMBERS = {}  # mnemonic -> number, from the list of IANA


def same(kind, text):
    """What is left of a text when white space, parentheses and letter case do not count, and every
    type is called by its number (programs know different ones)."""
    text = text.upper()
    if kind in ("CSYNC", "DSYNC", "NSEC", "NSEC3", "NXT", "RRSIG", "SIG"):
        text = re.sub(r"(?<!\S)([A-Z][A-Z0-9-]*)(?!\S)",
                      lambda m: "TYPE%d" % NUMBERS[m[1]] if m[1] in NUMBERS else m[1], text)
    return re.sub(r"[\s()]", "", text.replace("\\(", "\\040").replace("\\)", "\\041"))


def number_of(kind):
    return NUMBERS[kind] if kind in NUMBERS else int(kind[4:])


def show(program, records, *options):
    """Asks rdata_show; [(error, text)]."""
    lines = "".join("1 %d %s\n" % (number_of(kind), wire.hex() or "-") for kind, wire in records)
    out = subprocess.run([program, *options], input=lines, capture_output=True, text=True, check=True).stdout
    answers = [tuple(line.split(" ", 1)) for line in out.split("\n")[:-1]]
    assert len(answers) == len(records)
    return answers


def by_dnspython(records):
    """Texts, None where dnspython finds the RDATA malformed."""
    texts = []
    for kind, wire in records:
        if "d" not in TYPES[kind][1]:
            texts.append(None)
            continue
        try:
            texts.append(dns.rdata.from_wire(1, NUMBERS[kind], wire, 0, len(wire)).to_text())
        except (dns.exception.DNSException, ValueError, UnicodeError):
            texts.append(None)
    return texts


def by_bind(records):
    """Texts, None where BIND finds the RDATA malformed; [] without BIND."""
    program = shutil.which("named-compilezone") or shutil.which("/usr/sbin/named-compilezone")
    if not program:
        return []
    head = ["@ 60 IN SOA . . 1 1 1 1 1", "@ 60 IN NS a.", "a. 60 IN A 192.0.2.1"]
    lines = ["r%d. 60 IN TYPE%d \\# %d %s" % (i, NUMBERS[kind], len(wire), wire.hex())
             for i, (kind, wire) in enumerate(records)]
    with tempfile.TemporaryDirectory() as folder:
        zone = os.path.join(folder, "zone")
        lines = [line if "b" in TYPES[kind][1] else ";" for line, (kind, _) in zip(lines, records)]
        for _ in range(20):
            with open(zone, "w", encoding="ascii") as f:
                f.write("\n".join(head + lines) + "\n")
            run = subprocess.run(
                [program, "-i", "none", "-k", "ignore", "-n", "ignore", "-r", "ignore", "-m",
                 "ignore", "-M", "ignore", "-S", "ignore", "-T", "ignore", "-W", "ignore", "-o", "-", "-s",
                 "full", ".", zone], capture_output=True, text=True)
            bad = {int(n) for n in re.findall(r"zone:(\d+): [^\n]*(?:near|error|bad|FORMERR|range)",
                                              run.stdout + run.stderr)}
            if run.returncode == 0:
                break
            if not bad:
                sys.exit("named-compilezone: " + run.stdout[-400:] + run.stderr[-4000:])
            for n in bad:
                lines[n - len(head) - 1] = ";"
    texts = [None] * len(records)
    for line in run.stdout.split("\n"):
        m = re.match(r"r(\d+)\.\s+60 IN (\S+)\s+(.*)$", line)
        if m:
            texts[int(m[1])] = m[3]
    return texts


def compare(who, records, ours, theirs, asked):
    """Differences, printed; how many texts were equal."""
    equal, wrong = 0, 0
    for (kind, wire), (error, text), other in zip(records, ours, theirs):
        if asked not in TYPES[kind][1] or other is None:
            continue
        if kind == "SVCB" and asked == "b":
            # BIND quotes ALPN ids and unknown keys only
            text, other = text.replace('"', ""), other.replace('"', "")
        if error == "ok" and same(kind, text) == same(kind, other):
            equal += 1
            continue
        wrong += 1
        if wrong <= 20:
            print("%s %s\n  ours: %s %s\n  %s: %s" % (kind, wire.hex(), error, text, who, other))
    print("%s: %d equal, %d different" % (who, equal, wrong))
    return equal, wrong


def check_json(program, records, ours):
    """Texts as they stand in JSON, read by Python's parser, are the texts themselves."""
    wrong = 0
    for (kind, wire), (_, plain_text), (_, quoted) in zip(records, ours,
                                                          show(program, records, "-q")):
        if json.loads('"' + quoted + '"') != plain_text:
            print("%s %s\n  JSON: %s\n  text: %s" % (kind, wire.hex(), quoted, plain_text))
            wrong += 1
    print("JSON: %d strings, %d different" % (len(records), wrong))
    return wrong


def read_samples(path):
    """Rows of the table of samples: type, hex, error, text[, why nobody else is asked]."""
    with open(path, encoding="ascii") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def check_samples(program, rows):
    """How many rows are shown in another way than the table says, or miss."""
    records = [(row[0], bytes.fromhex(row[1].replace("-", ""))) for row in rows]
    wrong = 0
    for row, (error, text) in zip(rows, show(program, records)):
        if (error, text) != (row[2], row[3]):
            print("%s %s\n  ours:   %s %s\n  sample: %s %s" % (*row[:2], error, text, *row[2:4]))
            wrong += 1
    print("samples: %d, %d different" % (len(rows), wrong))
    missing = set(NUMBERS) - {kind for kind, _ in records}
    if missing:
        print("types without a sample: " + " ".join(sorted(missing)))
    return wrong + len(missing)


def main():
    program, samples = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for line in open(os.path.join(root, "doc", "iana-rrtypes.tsv"), encoding="ascii"):
        if not line.startswith("#"):
            number, mnemonic = line.split("\t")[:2]
            NUMBERS[mnemonic] = int(number)
    rows = read_samples(samples)
    wrong = check_samples(program, rows)
    records = [(row[0], bytes.fromhex(row[1].replace("-", ""))) for row in rows
               if len(row) == 4 and row[2] == "ok" and row[0] in TYPES]
    for kind, (fields, _) in TYPES.items():
        for _ in range(count):
            records.append((kind, b"".join(field() for field in fields)))
    ours = show(program, records)
    wrong += check_json(program, records, ours)
    equal, more = compare("dnspython " + dns.version.version, records, ours,
                           by_dnspython(records), "d")
    wrong += more
    bind = by_bind(records)
    if bind:
        n, more = compare("BIND", records, ours, bind, "b")
        equal, wrong = equal + n, wrong + more
    else:
        print("BIND's named-compilezone is not installed: not asked")
    if equal < count * len(TYPES) / 2:
        print("too few texts could be compared")
        wrong += 1
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
