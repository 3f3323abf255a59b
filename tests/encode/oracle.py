#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares the encodings with what independent programs make of the same documents.

usage: oracle.py ENCODE_SHOW GOLDEN_DIRECTORY

ENCODE_SHOW is tests/support/encode_show.c, built. The documents are all golden ones and some drawn
at random (always the same). MessagePack must be, octet for octet, what python3-msgpack packs of the
parsed document; text must say the same after its tabs; Avro is read back by a decoder that knows
nothing but the schema, and by python3-avro where that is installed. Without python3-msgpack the
test is skipped (exit 77).
"""
import io
import json
import pathlib
import random
import re
import subprocess
import sys

try:
    import msgpack
except ImportError:
    print("skipped: python3-msgpack is not installed")
    sys.exit(77)
try:
    import avro.io
    import avro.schema
except ImportError:
    avro = None

TAG, SECOND = "a.tag", 1444531212
CRC_EMPTY = 0xC15D213AA4D7A795
SHOW = sys.argv[1]
GOLDEN = pathlib.Path(sys.argv[2])
CHARACTERS = "ab\"\\/\b\f\n\r\t\x00\x1f\x7f\x80\xff\u07ff\u0800\uffff\U00010000\U0010ffff "


def show(kind, lines):
    """The octets of each document; None where it has no form."""
    done = subprocess.run([SHOW, kind], input=b"".join(lines), check=True, stdout=subprocess.PIPE)
    got = done.stdout.decode().split("\n")[:-1]
    assert len(got) == len(lines), f"{kind}: {len(got)} answers to {len(lines)} documents"
    return [None if g == "bad" else bytes.fromhex(g) for g in got]


def draw_value(draw, depth):
    kind = draw.randrange(8 if depth < 6 else 6)
    if kind == 0:
        return draw.getrandbits(draw.randrange(1, 65))
    if kind == 1:
        return -draw.getrandbits(draw.randrange(1, 64))
    if kind == 2:
        return round(draw.uniform(-2e9, 2e9), draw.randrange(1, 10))
    if kind in (3, 4):
        n = draw.choice([0, 1, 5, 31, 32, 200, 300])
        return "".join(draw.choice(CHARACTERS) for _ in range(draw.randrange(n + 1)))
    if kind == 5:
        return draw.choice([True, False, None])
    n = draw.choice([0, 1, 2, 3, 15, 16, 20])
    if kind == 6:
        return [draw_value(draw, depth + 2) for _ in range(n)]
    return {f"k{i}": draw_value(draw, depth + 2) for i in range(n)}


def draw_documents():
    draw = random.Random(1)
    for _ in range(3000):
        o = {f"m{i}": draw_value(draw, 0) for i in range(draw.randrange(6))}
        text = json.dumps(o, separators=(",", ":"), ensure_ascii=draw.random() < 0.5)
        if "e" not in "".join(c for c in text if c in "0123456789.e-"):
            yield text.encode() + b"\n"


def golden_documents(pattern="*"):
    for path in sorted(GOLDEN.glob(f"*/{pattern}.jsonl")):
        yield from path.read_bytes().splitlines(keepends=True)


def expect(what, got, want, line):
    if got != want:
        print(f"{what} of {line!r}:\n {got!r}\nexpected\n {want!r}")
        sys.exit(1)


def check_msgpack(lines):
    for line, octets in zip(lines, show("msgpack", lines)):
        expect("msgpack", octets, msgpack.packb(json.loads(line)), line)
    for line, octets in zip(lines, show("msgpack-tagged", lines)):
        expect("tagged", octets, msgpack.packb([TAG, SECOND, json.loads(line)]), line)


def check_text(lines):
    for line, octets in zip(lines, show("text", lines)):
        sent, tag, rest = octets.decode().split("\t")
        expect("text", (sent, tag), ("2015-10-11T02:40:12+00:00", TAG), line)
        expect("text", json.loads(rest), json.loads(line), line)
        # the blanks of Python's own default form, which are dns-gazer's
        want = json.dumps(json.loads(line, parse_float=lambda s: f"<{s}>"), ensure_ascii=False)
        want = re.sub(r'"<([-0-9.]+)>"', r"\1", want) # numbers stay as they were written
        plain = line.isascii() and b"\\u" not in line
        if plain:
            expect("text", rest, want + "\n", line)


class AvroReader:
    """Binary Avro by its schema: records of the primitive types."""

    def __init__(self, octets):
        self.octets = octets

    def take(self, n):
        assert 0 <= n <= len(self.octets), "the octets end too early"
        taken, self.octets = self.octets[:n], self.octets[n:]
        return taken

    def long(self):
        v, shift = 0, 0
        while True:
            octet = self.take(1)[0]
            v |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return (v >> 1) ^ -(v & 1)

    def read(self, kind):
        if isinstance(kind, dict):
            return {f["name"]: self.read(f["type"]) for f in kind["fields"]}
        if kind in ("int", "long"):
            return self.long()
        if kind == "boolean":
            return {0: False, 1: True}[self.take(1)[0]]
        assert kind == "string", kind
        return self.take(self.long()).decode("utf-8")


def crc64(octets):
    crc = CRC_EMPTY
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (CRC_EMPTY if crc & 1 else 0)
    return crc.to_bytes(8, "little")


def check_avro(lines, others):
    text = subprocess.run([SHOW, "schema"], check=True, stdout=subprocess.PIPE).stdout.strip()
    schema = json.loads(text)
    for line, octets in zip(lines, show("avro", lines)):
        expect("the head", octets[:10], b"\xc3\x01" + crc64(text), line)
        reader = AvroReader(octets[10:])
        expect("avro", list(reader.read(schema).items()), list(json.loads(line).items()), line)
        expect("the rest", reader.octets, b"", line)
        if avro:
            parsed = avro.schema.parse(text.decode())
            decoder = avro.io.BinaryDecoder(io.BytesIO(octets[10:]))
            expect("python3-avro", avro.io.DatumReader(parsed).read(decoder), json.loads(line), line)
    for line, octets in zip(others, show("avro", others)):
        expect("avro", octets, None, line)


def main():
    golden, drawn = list(golden_documents()), list(draw_documents())
    check_msgpack(golden + drawn)
    check_text(golden + drawn)
    own = list(golden_documents("gopassivedns"))
    check_avro(own, drawn + list(golden_documents("native")))
    print(f"{len(golden)} golden and {len(drawn)} drawn documents; avro: {len(own)}, python3-avro"
          f" {'too' if avro else 'is not installed'}")


main()
