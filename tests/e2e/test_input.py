#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Input: files as one capture, standard input, formats, byte orders, link types."""
import bz2
import gzip
import lzma
import os
import shutil
import stat
import subprocess
import zlib

import capture
import harness

NAMES = ["with,comma.pcap", "with space.pcap", "with\nnewline.pcap", "-dash.pcap", "[0x1].pcap",
         'quote"\'.pcap', "\u00fcmlaut.pcap", "colon:@=.pcap", "%s%n.pcap"]


class Several(harness.Case):
    def write(self, name, frames):
        path = self.dir / name
        path.write_bytes(capture.pcap(frames))
        return path

    def test_reply_in_second(self):
        """A query in one file, its reply in the next."""
        query, reply = capture.pair(1)
        a, b = self.write("a", [query]), self.write("b", [reply])
        record, = self.dnsloupe("-r", a, "-r", b).records
        self.assertEqual((record["status"], record["latency_us"]), ("answered", 1000))
        # also if it is stored before its query, unless its timestamp is too late
        statuses = [r["status"] for r in self.dnsloupe("-r", b, "-r", a).records]
        self.assertEqual(statuses, ["answered"])
        b = self.write("b", [capture.pair(1, latency_ns=3 * 10**9)[1]])
        statuses = [r["status"] for r in self.dnsloupe("-r", b, "-r", a).records]
        self.assertEqual(sorted(statuses), ["no_query", "no_reply"])

    def test_split_capture(self):
        """A capture split into three files, of mixed formats and link types, gives the lines of the whole."""
        link, frames = capture.read_pcap(harness.PCAPS / "udp4.pcap")
        want = self.dnsloupe("-w", "1", "-r", harness.PCAPS / "udp4.pcap").out
        n = len(frames) // 3
        parts = [self.dir / p for p in "abc"]
        parts[0].write_bytes(capture.pcap(frames[:n], link))
        parts[1].write_bytes(capture.pcapng(frames[n:2 * n], (link,)))
        parts[2].write_bytes(capture.pcap(
            capture.relink(frames[2 * n:], capture.RAW), capture.RAW, ">", nano=True))
        run = self.dnsloupe("-w", "1", *[w for p in parts for w in ("-r", p)])
        self.assertEqual(run.out, want)

    def test_many_files(self):
        """More files than a process may usually open at a time."""
        paths = [self.write(f"{i}", capture.pair(i)) for i in range(1500)]
        run = self.dnsloupe(*[w for p in paths for w in ("-r", p)])
        self.assertEqual([r["status"] for r in run.records], ["answered"] * len(paths))

    def test_later_file_missing(self):
        """Nothing is read if a later file does not exist."""
        self.refuses(["-r", self.write("a", capture.pair(1)), "-r", "/nowhere/b.pcap"],
                     "/nowhere/b.pcap", "No such file")

    def test_later_file_bad(self):
        """A later file that is not a capture: the others are read, then the run fails."""
        a, c = self.write("a", capture.pair(1)), self.write("c", capture.pair(2))
        b = self.dir / "b.txt"
        b.write_text("this is no capture file, but long enough to be one\n" * 4, encoding="ascii")
        run = self.dnsloupe("-r", a, "-r", b, "-r", c, code=1)
        self.assertEqual(len(run.lines), 2)
        self.assertEqual(len(run.errors), 1)
        self.assertIn(str(b), run.errors[0])


class Packed(harness.Case):
    """Compressed captures are recognised by content, not by name."""

    def packers(self, data):
        yield "gzip", gzip.compress(data)
        yield "bzip2", bz2.compress(data)
        yield "xz", lzma.compress(data)
        for tool in ("zstd", "lz4"):
            if shutil.which(tool):
                yield tool, subprocess.run([tool, "-c"], input=data, check=True,
                                           stdout=subprocess.PIPE).stdout

    def test_each(self):
        link, frames = capture.read_pcap(harness.PCAPS / "resolver.pcap")
        plain = (harness.PCAPS / "resolver.pcap").read_bytes()
        want = self.dnsloupe("-w", "1", "-r", harness.PCAPS / "resolver.pcap").out
        ng = capture.pcapng(frames, (link,))
        for inner, data in (("pcap", plain), ("pcapng", ng)):
            halves = [data[:len(data) // 3], data[len(data) // 3:]]
            members = [dict(self.packers(h)) for h in halves]
            for name, packed in self.packers(data):
                with self.subTest(f"{inner} in {name}"):
                    path = self.dir / "capture"
                    path.write_bytes(packed)
                    self.assertEqual(self.dnsloupe("-w", "1", path).out, want)
                    self.assertEqual(self.dnsloupe("-w", "1", "-r", "-", stdin=packed).out, want)
                    path.write_bytes(members[0][name] + members[1][name])
                    run = self.dnsloupe("-w", "1", path)
                    self.assertEqual(run.out, want)
                    self.assertEqual(run.stats["input"]["octets"], path.stat().st_size)

    def test_slow_writer(self):
        """A compressed pipe is decoded as far as it was flushed."""
        process = self.start("-w", "1", "-r", "-")
        packer = zlib.compressobj(wbits=31)
        data = capture.pcap_header()
        for i in range(4):
            data += b"".join(capture.pcap_record(f) for f in capture.pair(i))
            process.stdin.write(packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))
            line, = self.read_lines(process.stdout, 1)
            self.assertIn(b'"qname":"n%d.example.com"' % i, line)
            data = b""
        process.stdin.write(packer.flush())
        self.finish(process)


class Words(harness.Case):
    """Captures without -r, and directories of them."""

    def test_words(self):
        paths = []
        for i in range(3):
            paths.append(self.dir / f"{i}.pcap")
            paths[-1].write_bytes(capture.pcap(capture.pair(i)))
        want = self.dnsloupe(*[w for p in paths for w in ("-r", p)]).out
        self.assertEqual(self.dnsloupe(*paths).out, want)
        self.assertEqual(self.dnsloupe(paths[0], "-w", "1", "-r", paths[1], paths[2]).out, want)
        self.assertEqual(self.dnsloupe("-w", "1", "--", *paths).out, want)
        self.refuses([paths[0], self.dir / "none.pcap"], "none.pcap", "No such file")
        self.refuses([paths[0], "-i", "lo"], "input.files", code=2)

    def test_directory(self):
        """Files of a directory are read in the order of their first timestamps, not of their names."""
        names = ["c.pcap", "a.pcap.gz", "b.pcapng"]
        for i, name in enumerate(names):
            # Each file has the reply to the query of the one before.
            frames = ([capture.pair(i)[1]] if i else []) + [capture.pair(i + 1)[0]]
            data = capture.pcapng(frames) if name.endswith("ng") else capture.pcap(frames)
            (self.dir / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        (self.dir / "README").write_text("none")
        (self.dir / "deeper").mkdir()
        (self.dir / ".hidden").write_bytes(capture.pcap(capture.pair(9)))
        os.mkfifo(self.dir / "fifo")
        run = self.dnsloupe("-w", "1", self.dir)
        self.assertEqual([r["status"] for r in run.records], ["answered"] * 2 + ["no_reply"])
        self.assertIn("1 files that are no captures", run.err)


class Names(harness.Case):
    def test_names(self):
        """Names are not interpreted."""
        for i, name in enumerate(NAMES):
            with self.subTest(repr(name)):
                path = self.dir / name
                path.write_bytes(capture.pcap(capture.pair(i)))
                out = self.dir / ("out " + name)
                self.dnsloupe("-r", name, "-o", out, cwd=self.dir)
                self.assertEqual(out.read_bytes().count(b"\n"), 1)

    def test_not_utf8(self):
        """Names are part of the configuration, which is UTF-8; the shell's `<` reads others."""
        self.refuses(["-r", os.fsdecode(b"\xff\xfe.pcap")], "UTF-8", code=2)

    def test_missing_with_newline(self):
        """A name with a line break gives an error of one line."""
        self.refuses(["-r", "/nowhere/a\nb.pcap"], "/nowhere/a?b.pcap", "No such file")


class StandardInput(harness.Case):
    def test_bytes(self):
        data = (harness.PCAPS / "resolver.pcap").read_bytes()
        want = self.dnsloupe("-w", "1", "-r", harness.PCAPS / "resolver.pcap").out
        self.assertEqual(self.dnsloupe("-w", "1", "-r", "-", stdin=data).out, want)

    def test_regular_file(self):
        want = self.dnsloupe("-w", "1", "-r", harness.PCAPS / "udp6.pcap").out
        with open(harness.PCAPS / "udp6.pcap", "rb") as f:
            process = self.start("-w", "1", "-r", "-", stdin=f)
            self.assertEqual(self.finish(process).out, want)

    def test_slow_writer(self):
        """Each line is written at once, while the pipe stays open."""
        process = self.start("-w", "1", "-r", "-")
        data = capture.pcap_header()
        for i in range(5):
            data += b"".join(capture.pcap_record(f) for f in capture.pair(i))
            for at in range(0, len(data), 50):  # in parts of any size
                process.stdin.write(data[at:at + 50])
            line, = self.read_lines(process.stdout, 1)
            self.assertIn(b'"qname":"n%d.example.com"' % i, line)
            data = b""
        self.assertEqual(self.finish(process).out, b"")

    def test_slow_writer_many_workers(self):
        process = self.start("-w", "3", "-r", "-")
        process.stdin.write(capture.pcap_header())
        for i in range(10):
            for f in capture.pair(i):
                process.stdin.write(capture.pcap_record(f))
            line, = self.read_lines(process.stdout, 1)
            self.assertIn(b'"qname":"n%d.example.com"' % i, line)
        self.finish(process)

    def test_between_files(self):
        """Standard input as one of several."""
        query, reply = capture.pair(1)
        a = self.dir / "a"
        a.write_bytes(capture.pcap([query]))
        run = self.dnsloupe("-r", a, "-r", "-", stdin=capture.pcap([reply]))
        self.assertEqual([r["status"] for r in run.records], ["answered"])

    def test_twice(self):
        self.refuses(["-r", "-", "-r", "-"], '"-"', code=2)

    def test_fifo(self):
        path = self.dir / "fifo"
        os.mkfifo(path)
        process = self.start("-r", path)
        with open(path, "wb") as f:
            f.write(capture.pcap(capture.pair(1)))
        self.assertEqual(len(self.finish(process).lines), 1)
        self.assertTrue(stat.S_ISFIFO(path.stat().st_mode))


class Formats(harness.Case):
    """The same frames give the same lines in every format, to the resolution of its timestamps."""

    def setUp(self):
        super().setUp()
        frames = []
        for name in ("udp4.pcap", "udp6.pcap"):
            frames += capture.read_pcap(harness.PCAPS / name)[1]
        # one capture of both, with nanoseconds that a format may lose
        base = frames[0].ns
        self.frames = [capture.Frame(base + i * 1_000_003 + 7, f.data, f.wire)
                       for i, f in enumerate(frames)]
        self.coarse = [f._replace(ns=f.ns // 1000 * 1000) for f in self.frames]
        self.fine, self.micro = (
            self.lines(capture.pcap(fs, nano=True)) for fs in (self.frames, self.coarse))
        self.assertGreater(len(self.fine), 90)
        self.assertNotEqual(self.fine, self.micro)

    def lines(self, data):
        path = self.dir / "variant"
        path.write_bytes(data)
        return self.dnsloupe("-w", "1", "-r", path).lines

    def test_pcap(self):
        for order in "<>":
            for nano, want in ((True, self.fine), (False, self.micro)):
                with self.subTest(order=order, nano=nano):
                    data = capture.pcap(self.frames, order=order, nano=nano)
                    self.assertEqual(self.lines(data), want)

    def test_pcapng(self):
        for order in "<>":
            for resolution, want in ((9, self.fine), (6, self.micro), (None, self.micro)):
                with self.subTest(order=order, resolution=resolution):
                    data = capture.pcapng(self.frames, order=order, resolution=resolution)
                    self.assertEqual(self.lines(data), want)

    def test_pcapng_sections(self):
        """Two sections of different byte order, one after the other."""
        half = len(self.frames) // 2
        data = capture.pcapng(self.frames[:half]) + capture.pcapng(self.frames[half:], order=">")
        self.assertEqual(self.lines(data), self.fine)

    def test_pcapng_interfaces(self):
        """Frames of three interfaces with different link types, mixed."""
        links = (capture.ETHERNET, capture.RAW, capture.SLL2)
        frames = []
        for i, f in enumerate(self.frames):
            frames += [f] if i % 3 == 0 else capture.relink([f], links[i % 3])
        data = capture.pcapng(frames, links, pick=lambda i, f: i % 3)
        self.assertEqual(self.lines(data), self.fine)

    def test_links(self):
        cases = [(capture.RAW, {}), (capture.SLL, {}), (capture.SLL2, {})]
        # The number of IPv6 is 10 on Linux, 24, 28 or 30 on the BSDs, in either byte order.
        cases += [(link, {"order": order, "family6": family})
                  for link in (capture.NULL, capture.LOOP) for order in "<>"
                  for family in (10, 24, 28, 30)]
        for link, how in cases:
            with self.subTest(link=link, **how):
                frames = capture.relink(self.frames, link, **how)
                self.assertEqual(self.lines(capture.pcap(frames, link, nano=True)), self.fine)

    def test_one_family(self):
        """Link types for IPv4 alone and for IPv6 alone."""
        for link, version in ((capture.IPV4, 4), (capture.IPV6, 6)):
            with self.subTest(version=version):
                some = [f for f in self.frames
                        if (f.data[12:14] == b"\x08\x00") == (version == 4)]
                want = self.lines(capture.pcap(some, nano=True))
                self.assertGreater(len(want), 40)
                data = capture.pcap(capture.relink(some, link), link, nano=True)
                self.assertEqual(self.lines(data), want)


if __name__ == "__main__":
    harness.main()
