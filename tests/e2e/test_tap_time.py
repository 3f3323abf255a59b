#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""input.time_from: the times of tap aggregators, in captures made here, compared with those that tshark reads
from the same frames."""
import datetime
import shutil
import struct
import subprocess

import capture
import harness

LATENCY_NS = 1_234_567
FAR_NS = 100_000 * 10**9
TAI_S = 37


def ns_of(text):
    whole, fraction = text.rstrip("Z").split(".")
    s = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(s) * 10**9 + int(fraction)


def tag(frame, octets):
    return frame.data[:12] + octets + frame.data[12:]


def arista(version, pack, ahead=0):
    def wrap(f, ns):
        s, rest = divmod(ns, 10**9)
        return tag(f, b"\xd2\x8b\0\1" + version + pack(s + ahead, rest))
    return wrap


def seconds_64(s, ns):
    return struct.pack(">II", s, ns)


def seconds_48(s, ns):
    return struct.pack(">HI", s & 0xffff, ns)


def ttag(f, ns):
    return tag(f, b"\x89\x88" + (ns % 2**48).to_bytes(6, "big"))


def metamako(fcs=b"", extension=b""):
    def wrap(f, ns):
        flags = 3 if extension else 1
        return f.data + b"\xaa\xbb\xcc\xdd" + extension + struct.pack(
            ">IIBHB", *divmod(ns, 10**9), flags, 7, 9) + fcs
    return wrap


def exablaze(fcs=b""):
    def wrap(f, ns):
        s, rest = divmod(ns, 10**9)
        part = -(-rest * 2**40 // 10**9)  # rounded up, so that the same nanosecond is decoded
        return f.data + b"\xaa\xbb\xcc\xdd\1\2" + struct.pack(">I", s) + \
            part.to_bytes(5, "big") + b"\0" + fcs
    return wrap


# name: (choice of input.time_from, how a frame gets the time, fields that tshark shows it in)
CASES = {
    "arista_64_tai": ("arista", arista(b"\0\x10", seconds_64, TAI_S), ("avsp.64sec", "avsp.64ns")),
    "arista_64_utc": ("arista", arista(b"\1\x10", seconds_64), None),
    "arista_48_tai": ("arista", arista(b"\0\x20", seconds_48, TAI_S), ("avsp.48sec", "avsp.48ns")),
    "arista_48_utc": ("arista", arista(b"\1\x20", seconds_48), None),
    "ttag": ("ttag", ttag, ("ttag.time_stamp",)),
    "metamako": ("metamako", metamako(), ("metamako.time",)),
    "metamako_fcs": ("metamako", metamako(b"\xde\xad\xbe\xef"), ("metamako.time",)),
    "metamako_extension": ("metamako", metamako(extension=b"\0\0\5\x60"), None),
    "exablaze": ("exablaze", exablaze(), ("exablaze.timestamp.seconds",)),
    "exablaze_fcs": ("exablaze", exablaze(b"\xde\xad\xbe\xef"), ("exablaze.timestamp.seconds",)),
}
TSHARK = ["-d", "ethertype==35208,ttag", "--enable-heuristic", "metamako_eth",
          "--enable-heuristic", "exablaze_eth"]


def true_times(n):
    """Returns [(frame, the tap's time)]; the timestamps of the capture are some seconds ahead and quantised."""
    for i in range(n):
        for f, late in zip(capture.pair(i), (0, LATENCY_NS)):
            yield f, capture.START_NS - 3 * 10**9 + i * 10**6 + 789 + late


class TapTime(harness.Case):
    def write(self, name, frames):
        path = self.dir / f"{name}.pcap"
        path.write_bytes(capture.pcap(frames))
        return path

    def check(self, name):
        choice, wrap, fields = CASES[name]
        times = list(true_times(8))
        path = self.write(name, [capture.Frame(f.ns, data, len(data)) for f, data in (
            (f, wrap(f, ns)) for f, ns in times)])
        lines = None
        for more in ((), ("-w", "2"), ("-w", "3"), ("--set", "input.net_pcap=true")):
            run = self.dnsloupe("--set", f"input.time_from={choice}", "-r", path, *more,
                                whole=True)
            self.assertEqual([r["status"] for r in run.records], ["answered"] * 8, run.err)
            self.assertEqual({r["latency_us"] for r in run.records}, {LATENCY_NS / 1000})
            self.assertEqual(
                sorted(ns_of(r["ts"]) for r in run.records),
                sorted(ns for i, (_, ns) in enumerate(times) if i % 2 == 0))
            self.assertEqual(run.stats["total"]["rx"]["time_tap"], 16)
            self.assertEqual(run.stats["total"]["rx"]["time_kept"], 0)
            self.assertEqual(lines or sorted(map(str, run.records)),
                             sorted(map(str, run.records)))
            lines = sorted(map(str, run.records))
        if fields and shutil.which("tshark"):
            self.compare(path, fields, [ns for _, ns in times])

    def compare(self, path, fields, times):
        done = subprocess.run(
            ["tshark", "-n", "-r", path, *TSHARK, "-T", "fields",
             *(a for f in fields for a in ("-e", f))], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=harness.HANG_S, check=False,
            env={"TZ": "UTC", "PATH": "/usr/bin:/bin"})
        rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
        self.assertEqual(len(rows), len(times), done.stderr)
        for row, ns in zip(rows, times):
            s, rest = divmod(ns, 10**9)
            if fields[0].startswith("avsp"):
                wrap = 2**16 if "48" in fields[0] else 2**32
                self.assertEqual([int(x) for x in row], [(s + TAI_S) % wrap, rest])
            elif fields[0].startswith("ttag"):
                self.assertEqual(row[0].replace(".", "").lstrip("0"), str(ns % 2**48))
            elif fields[0].startswith("metamako"):
                self.assertIn(f".{rest:09d}", row[0])
            else:
                self.assertEqual(int(row[0]), s)

    def test_default(self):
        """Without the key the capture's timestamps are used, and no counter changes."""
        path = self.write("default", [
            capture.Frame(f.ns, data, len(data)) for f, data in (
                (f, ttag(f, ns)) for f, ns in true_times(2))])
        run = self.dnsloupe("-r", path, whole=True)
        self.assertEqual(len(run.records), 2)
        self.assertEqual(run.stats["total"]["rx"]["time_tap"], 0)
        self.assertEqual({ns_of(r["ts"]) for r in run.records},
                         {f.ns for i, (f, _) in enumerate(true_times(2)) if i % 2 == 0})

    def test_implausible(self):
        """A time that is days off, a truncated trailer, and none at all: the capture's timestamps are used."""
        frames = []
        for i, (f, ns) in enumerate(true_times(3)):
            data = (metamako()(f, ns - FAR_NS), metamako()(f, ns)[:-2], f.data)[i // 2]
            frames.append(capture.Frame(f.ns, data, len(data) + (2 if i // 2 == 1 else 0)))
        path = self.write("implausible", frames)
        run = self.dnsloupe("--set", "input.time_from=metamako", "-r", path, whole=True)
        self.assertEqual([r["status"] for r in run.records], ["answered"] * 3)
        self.assertEqual(run.stats["total"]["rx"]["time_kept"], 6)
        self.assertEqual({ns_of(r["ts"]) for r in run.records},
                         {f.ns for i, (f, _) in enumerate(true_times(3)) if i % 2 == 0})


def add(case):
    setattr(TapTime, "test_" + case, lambda self: self.check(case))


for each in CASES:
    add(each)
if __name__ == "__main__":
    harness.main()
