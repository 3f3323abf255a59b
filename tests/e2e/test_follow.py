#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""--follow: captures that another process, the test or tcpdump, is still writing."""
import collections
import gzip
import shutil
import signal
import subprocess
import time

import capture
import harness

PCAPNG_HEAD = capture.pcapng([])


def records(frames):
    return [capture.pcap_record(f) for f in frames]


def blocks(frames):
    """Returns the packet blocks of a pcapng file."""
    return [capture.pcapng([f])[len(PCAPNG_HEAD):] for f in frames]


class Follow(harness.Case):
    def follow(self, *args, **more):
        return self.start("-q", *args, "--follow", stdin=None, **more)

    def end(self, process, *, code=0, cut=0):
        """Ends the run by a signal. The counters of all that it read add up."""
        process.send_signal(signal.SIGTERM)
        run = self.finish(process, code=code, whole=True)
        numbers = run.stats["input"]
        self.assertEqual(numbers["files_failed"], cut)
        self.numbers = numbers["files_rewritten"], numbers["files_missed"]
        return run

    def lines(self, process, n):
        """Waits for the next n lines and returns them."""
        pending = getattr(process, "pending", b"")
        if pending.count(b"\n") < n:
            pending += b"".join(self.read_lines(process.stdout, n - pending.count(b"\n")))
        *got, process.pending = pending.split(b"\n", n)
        return [line + b"\n" for line in got]

    def next(self, process, pair):
        """Waits for the line of a pair."""
        self.assertIn(f"n{pair}.example.com".encode(), self.lines(process, 1)[0])

    def test_grows(self):
        """Both formats, written octet by octet, with one worker or three: partial records are completed."""
        for head, split, suffix in ((capture.pcap_header(), records, "pcap"),
                                    (PCAPNG_HEAD, blocks, "pcapng")):
            for workers in (1, 3):
                with self.subTest(suffix, workers=workers):
                    path = self.dir / f"{workers}.{suffix}"
                    with open(path, "wb", buffering=0) as out:
                        p = self.follow("-w", workers, path)
                        for octet in head:
                            out.write(bytes([octet]))
                        for i in range(5):
                            for record in split(capture.pair(i)):
                                cut = len(record) * i // 5
                                out.write(record[:cut])
                                out.write(record[cut:])
                            self.next(p, i)
                        out.write(split(capture.pair(9))[0][:-1])
                        self.end(p)
                    self.assertEqual(self.numbers, (0, 0))

    def test_gap(self):
        """A gap of hours between timestamps, none between writes: two packets behind it are held until the
        third confirms them."""
        path = self.dir / "gap.pcap"
        with open(path, "wb", buffering=0) as out:
            out.write(capture.pcap(capture.pair(0)))
            p = self.follow("-w", 1, path)
            self.next(p, 0)
            later = capture.START_NS + 10**13
            for frame in capture.pair(1, later) + [capture.query(2, later)]:
                out.write(capture.pcap_record(frame))
            self.next(p, 1)
            run = self.end(p)
        self.assertEqual(run.stats["input"]["stamps_odd"], 0)

    def test_earlier_files(self):
        """Earlier files are read to their ends; a query there is answered in the last file."""
        first, last = self.dir / "a.pcap", self.dir / "b.pcap"
        ask, answer = capture.pair(5)
        first.write_bytes(capture.pcap(capture.pair(1) + [ask]))
        last.write_bytes(capture.pcap([answer]))
        p = self.follow("-w", 1, first, last)
        self.next(p, 1)
        self.next(p, 5)
        with open(last, "ab", buffering=0) as out:
            out.write(b"".join(records(capture.pair(6))))
            self.next(p, 6)
        self.end(p)

    def write_ring(self, p, ring, files, names, keep=None):
        """Writes `files` files of two pairs each, under names that are reused, and waits for the lines of
        each before the next begins."""
        number = 0
        for i in range(files):
            path = ring / names(i)
            with open(path, "wb", buffering=0) as out:
                out.write(capture.pcap_header())
                for _ in range(2):
                    for record in records(capture.pair(number)):
                        out.write(record)
                    self.next(p, number)
                    number += 1
            if keep and i >= keep:
                (ring / names(i - keep)).unlink()

    def test_ring(self):
        """Rings like tcpdump's: -C with -W (names are reused, files overwritten), -G (new names), and files
        that are removed."""
        for kind, names, keep in (("W", lambda i: f"ring{i % 3}", None),
                                  ("W1", lambda i: "ring", None),
                                  ("G", lambda i: f"dns-{1000 + i}.pcap", None),
                                  ("gone", lambda i: f"dns-{1000 + i}.pcap", 2)):
            with self.subTest(kind):
                ring = self.dir / f"ring-{kind}"
                ring.mkdir()
                p = self.follow("-w", 1, ring)
                self.write_ring(p, ring, 8, names, keep)
                self.end(p)
                # a ring of one file is overwritten while it is read
                self.assertEqual(self.numbers, (7 if kind == "W1" else 0, 0))

    def test_ring_of_old_files(self):
        """The files of a directory are read in the order of their first packets, whatever their names;
        another growing file in it is ignored; a truncated last record is reported."""
        ring = self.dir / "ring"
        ring.mkdir()
        pairs = [capture.pair(i) for i in range(6)]
        for name, (a, b) in (("c", (0, 1)), ("a", (2, 3)), ("b", (4, 5))):
            data = capture.pcap(pairs[a] + pairs[b])
            (ring / name).write_bytes(data + (capture.pcap_record(pairs[5][0])[:50]
                                              if name == "a" else b""))
        out = ring / "lines.jsonl"
        p = self.start("--follow", "-o", out, "-w", 2, ring, stdin=None)
        self.said(p, "the file is truncated")
        with open(ring / "b", "ab", buffering=0) as more:
            more.write(b"".join(records(capture.pair(7))))
            while not out.exists() or b"n7.example" not in out.read_bytes():
                self.assertIsNone(p.poll())
                time.sleep(0.01)
        run = self.end(p, code=1, cut=1)
        self.assertEqual(sorted(run.stats["total"]["txn"][k] for k in ("answered", "no_reply")),
                         [0, 7])
        self.assertEqual(self.numbers, (0, 0))

    def test_tcpdump(self):
        """tcpdump writes a ring from a capture while it is followed."""
        if not shutil.which("tcpdump"):
            self.skipTest("tcpdump is not installed")
        load, ring = self.dir / "load.pcap", self.dir / "ring"
        capture.write_load(load, 30000)
        ring.mkdir()
        ring.chmod(0o777)
        want = collections.Counter(self.dnsloupe("-w", 1, "-r", load).lines)
        p = self.follow("-w", 1, ring)
        writer = subprocess.run(
            ["tcpdump", "-Z", "root", "-r", load, "-w", ring / "dns.pcap", "-C", "1"], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(writer.returncode, 0, writer.stderr)
        self.assertGreater(len(list(ring.iterdir())), 5)
        lines = self.lines(p, sum(want.values()))
        self.end(p)
        self.assertEqual(collections.Counter(lines) == want, True)
        self.assertEqual(self.numbers, (0, 0))

    def test_replaced(self):
        """One file is renamed and created again (the rest of the old one is read), truncated, overwritten."""
        path = self.dir / "one.pcap"
        with open(path, "wb", buffering=0) as old:
            old.write(capture.pcap(capture.pair(0)))
            p = self.start("-w", 1, path, "--follow", stdin=None)
            self.next(p, 0)
            path.rename(self.dir / "one.pcap.1")
            path.write_bytes(capture.pcap_header())
            old.write(b"".join(records(capture.pair(1))))
            self.next(p, 1)
            old.write(b"".join(records(capture.pair(2))))
            with open(path, "ab", buffering=0) as new:
                new.write(b"".join(records(capture.pair(3))))
        self.next(p, 2)
        self.next(p, 3)
        self.said(p, "one.pcap: was replaced: the new file is read")
        for i in (4, 5):  # as long as before, with another time; shorter
            path.write_bytes(capture.pcap(capture.pair(i)) if i == 4 else b"")
            if i == 5:
                self.said(p, "was truncated or overwritten while it was read")
                path.write_bytes(capture.pcap(capture.pair(i)))
            self.next(p, i)
            if i == 4:
                self.said(p, "was truncated or overwritten while it was read")
                p.text = ""
        self.end(p)
        self.assertEqual(self.numbers, (2, 0))

    def test_compressed(self):
        """Files that were compressed before are read to their ends; files that are compressed after they were
        read are skipped."""
        ring = self.dir / "ring"
        ring.mkdir()
        (ring / "0.gz").write_bytes(gzip.compress(capture.pcap(capture.pair(0))))
        (ring / "1").write_bytes(capture.pcap(capture.pair(1)))
        p = self.start("-w", 1, "--follow", ring, stdin=None)
        self.next(p, 0)
        self.next(p, 1)
        (ring / "2").write_bytes(capture.pcap(capture.pair(2)))
        self.next(p, 2)
        (ring / "1.gz").write_bytes(gzip.compress((ring / "1").read_bytes()))
        (ring / "1").unlink()
        self.said(p, "1.gz: is compressed: skipped")
        (ring / "3").write_bytes(capture.pcap(capture.pair(3)))
        self.next(p, 3)
        self.end(p)
        self.assertEqual(self.numbers, (0, 0))

    def test_refused(self):
        packed = self.dir / "x.pcap.gz"
        packed.write_bytes(gzip.compress(capture.pcap(capture.pair(0))))
        self.refuses(["--follow", packed], "is compressed, and cannot be followed", code=1)
        self.refuses(["--follow", "-"], "standard input: cannot be followed", code=1)
        self.refuses(["--follow", "/dev/null"], "neither a file nor a directory", code=1)
        self.refuses(["--follow", self.dir / "none"], "No such file", code=1)
        self.refuses(["--follow", "-i", "lo"], "input.follow: needs input.files", code=2)


if __name__ == "__main__":
    harness.main()
