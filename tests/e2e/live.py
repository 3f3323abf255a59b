# SPDX-License-Identifier: BSD-3-Clause
"""Compares what comes out live with what a capture of the same frames gives."""
import collections
import json

import capture
import harness

# Members that depend on when a frame came.
TIMES = ("ts", "latency_us", "sensor", "reply_ts", "shed", "tcp_rtt_us")


def whole_frames():
    """The Ethernet frames of pcaps/ that every NIC can carry, in the order of the files' names."""
    found = []
    for path in harness.captures():
        if path.suffix != ".pcap":
            continue
        link, frames = capture.read_pcap(path)
        if link == capture.ETHERNET:
            found += [f.data for f in frames
                      if len(f.data) == f.wire and 60 <= len(f.data) <= 1514]
    return found


def write(path, frames):
    """Writes a capture of frames, half a millisecond apart."""
    path.write_bytes(capture.pcap([capture.Frame(10**9 * 1_800_000_000 + i * 500_000, f, len(f))
                                   for i, f in enumerate(frames)]))


def lines(text):
    """Records without their times, counted; without lines of loss."""
    found = collections.Counter()
    for line in text.splitlines():
        record = json.loads(line)
        if record["status"] == "loss":
            continue
        for key in TIMES:
            record.pop(key, None)
        record.get("transfer", {}).pop("duration_us", None)
        found[json.dumps(record, sort_keys=True)] += 1
    return found


def key_of(record):
    return tuple(str(record.get(k)) for k in ("client", "client_port", "id", "qname", "status"))


def differences(got, wanted):
    """Names the members that differ in records of the same transaction, and records that are
    missing or too many."""
    found = []
    less = {key_of(r): r for r in map(json.loads, (wanted - got).elements())}
    for record in map(json.loads, (got - wanted).elements()):
        other = less.pop(key_of(record), None)
        found.append(f"{key_of(record)}: " + ("is one too many" if other is None else ", ".join(
            f"{k}: {record.get(k)!r} and not {other.get(k)!r}"
            for k in sorted(record.keys() | other.keys()) if record.get(k) != other.get(k))))
    return found + [f"{k}: is missing" for k in less]
