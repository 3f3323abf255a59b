#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bad input gives an error of one line and a non-zero exit code."""
import bz2
import gzip
import json
import lzma
import os
import struct

import capture
import harness

RESOLVER = harness.PCAPS / "resolver.pcap"
BLUETOOTH = 201  # LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR


class Files(harness.Case):
    def file(self, data):
        path = self.dir / "input"
        path.write_bytes(data)
        return path

    def test_missing(self):
        self.refuses(["-r", self.dir / "nothing"], self.dir / "nothing", "No such file")

    def test_directory(self):
        """A directory without captures."""
        self.refuses(["-r", self.dir], self.dir, "no captures")
        self.file(b"no capture")
        self.refuses(["-r", self.dir], self.dir, "no captures")

    def test_no_file(self):
        self.refuses([], "-r FILE", code=2)

    def test_unreadable(self):
        path = self.file(capture.pcap(capture.pair(1)))
        path.chmod(0)
        self.dir.chmod(0o777)
        more = {}
        if os.getuid() == 0:
            self.reachable()
            more = {"preexec_fn": harness.demote}
        self.refuses(["-r", path], path, "Permission denied", **more)

    def reachable(self):
        """Skips if the user nobody cannot execute the binary."""
        import subprocess
        try:
            subprocess.run([harness.EXE, "--version"], preexec_fn=harness.demote, check=True,
                           stdout=subprocess.DEVNULL, timeout=harness.HANG_S)
        except OSError as e:
            self.skipTest(f"{harness.EXE} is out of reach for nobody: {e}")

    def test_no_root(self):
        """A run without any privilege."""
        if os.getuid() != 0:
            self.skipTest("is not root: all other tests show it")
        self.reachable()
        self.dir.chmod(0o777)
        want = self.dnsloupe("-r", RESOLVER).out
        run = self.dnsloupe("-r", "-", stdin=RESOLVER.read_bytes(), preexec_fn=harness.demote)
        self.assertEqual(run.out, want)

    def test_empty(self):
        self.refuses(["-r", self.file(b"")], "input", "empty", started=True)
        self.refuses(["-r", "-"], "empty", stdin=b"", started=True)

    def test_header_only(self):
        """A capture without packets is valid."""
        for data in (capture.pcap([]), capture.pcapng([])):
            run = self.dnsloupe("-r", self.file(data))
            self.assertEqual((run.out, run.errors), (b"", []))

    def test_header_cut(self):
        for n in (1, 3, 4, 23):
            self.refuses(["-r", self.file(capture.pcap_header()[:n])], "input", started=True)

    def test_text(self):
        text = b"ts,client,server\n1,2,3\n" * 20
        self.refuses(["-r", self.file(text)], "input", "not a capture file", started=True)
        self.refuses(["-r", "-"], "not a capture file", stdin=text, started=True)

    def test_archives(self):
        """Archives in archives, and truncated or damaged ones: all packets before, then the error."""
        packed = gzip.compress(RESOLVER.read_bytes())
        self.refuses(["-r", self.file(gzip.compress(packed))], "input", "gzip", started=True)
        whole = self.dnsloupe("-w", "1", "-r", RESOLVER).lines
        self.refuses(["-r", self.file(packed[:15])], "input", "gzip", "truncated", started=True)
        for pack in (gzip.compress, bz2.compress, lzma.compress):
            data = pack(RESOLVER.read_bytes())
            for cut in (len(data) // 2, len(data) - 9, len(data) - 1):
                run = self.dnsloupe("-w", "1", "-r", self.file(data[:cut]), code=1, whole=True)
                self.assertEqual(len(run.errors), 1, run.err)
                self.assertIn("is truncated", run.errors[0])
                # open queries are written at the end, so only the order of lines differs
                self.assertLessEqual(len(run.lines), len(whole))
                if cut > len(data) - 9:
                    self.assertEqual(run.lines, whole)
        data = bytearray(packed)
        data[len(data) // 2] ^= 0x55
        run = self.dnsloupe("-r", self.file(data), code=1, whole=True)
        self.assertEqual(len(run.errors), 1, run.err)
        self.assertGreater(len(run.lines), 0)

    def test_device(self):
        self.refuses(["-r", "/dev/null"], "/dev/null", "empty", started=True)
        self.refuses(["-r", "/dev/zero"], "/dev/zero", "not a capture file",
                     started=True)


class Links(harness.Case):
    def test_unknown_link_type(self):
        """Bluetooth is not decoded, and the run fails."""
        path = self.dir / "bluetooth.pcap"
        path.write_bytes(capture.pcap(capture.pair(1), link=BLUETOOTH))
        run = self.dnsloupe("-r", path, code=1, whole=True)
        self.assertEqual(run.out, b"")
        self.assertEqual(len(run.errors), 1, run.err)
        self.assertIn(f"{path}: link type {BLUETOOTH} (BLUETOOTH_HCI_H4_WITH_PHDR)", run.errors[0])

    def test_link_type_of_the_reassembler(self):
        """A capture cannot use the link type of reassembled datagrams; the counters add up."""
        path = self.dir / "private.pcap"
        path.write_bytes(capture.pcap(capture.pair(1), link=0xfff0))
        run = self.dnsloupe("-r", path, code=1, whole=True)
        self.assertEqual(run.out, b"")
        self.assertEqual(len(run.errors), 1, run.err)
        self.assertIn("link type", run.errors[0])

    def test_unknown_among_known(self):
        """The known interface is decoded; packets of the other are counted and reported."""
        path = self.dir / "mixed.pcapng"
        frames = [f for i in range(4) for f in capture.pair(i)]
        path.write_bytes(capture.pcapng(frames, (capture.ETHERNET, BLUETOOTH),
                                        pick=lambda i, f: i // 2 % 2))
        run = self.dnsloupe("-r", path, code=1, whole=True)
        self.assertEqual([r["status"] for r in run.records], ["answered"] * 2)
        self.assertEqual(run.stats["total"]["packet"]["other_link_type"], 4)
        self.assertEqual(len(run.errors), 1, run.err)


class Cut(harness.Case):
    """Everything before the damage is processed, then the run fails."""

    def cut(self, data, lines, *words):
        path = self.dir / "cut"
        path.write_bytes(data)
        run = self.dnsloupe("-r", path, code=1, whole=True)
        self.assertEqual(len(run.lines), lines)
        self.check_written(run)
        self.assertEqual(len(run.errors), 1, run.err)
        for word in words + (str(path),):
            self.assertIn(word, run.errors[0])

    def test_pcap(self):
        frames = [f for i in range(3) for f in capture.pair(i)]
        data = capture.pcap(frames)
        last = len(capture.pcap_record(frames[-1]))
        for less in (1, 10, last - 16, last - 15, last - 1):
            self.cut(data[:-less], 3, "ends in the middle")
        self.cut(data + data[24:][:1], 3, "ends in the middle")

    def test_pcapng(self):
        frames = [f for i in range(3) for f in capture.pair(i)]
        data = capture.pcapng(frames)
        for less in (1, 5, 40, 100):
            self.cut(data[:-less], 3, "ends in the middle")

    def test_reply_lost(self):
        """The truncated packet is a reply: its query ends as no_reply."""
        data = capture.pcap(capture.pair(1))
        path = self.dir / "cut"
        path.write_bytes(data[:-1])
        run = self.dnsloupe("-r", path, code=1, whole=True)
        self.assertEqual([r["status"] for r in run.records], ["no_reply"])

    def test_standard_input(self):
        data = RESOLVER.read_bytes()[:-3]
        run = self.dnsloupe("-r", "-", stdin=data, code=1, whole=True)
        self.assertGreater(len(run.lines), 100)
        self.assertEqual(len(run.errors), 1)

    def test_large(self):
        """The end of a large file is missing: many packets are pending when that is noticed."""
        path = self.dir / "large"
        capture.write_load(path, 20000)
        os.truncate(path, path.stat().st_size - 1)
        run = self.dnsloupe("-w", "3", "-r", path, code=1, whole=True)
        self.assertEqual(run.stats["total"]["txn"]["answered"], 19999)
        self.assertEqual(len(run.lines), 20000)

    def test_garbage_length(self):
        good = capture.pcap(capture.pair(1))
        self.cut(good + struct.pack("<4I", 0, 0, 0x7fffffff, 0x7fffffff) + bytes(100), 1)

    def test_first_goes_on(self):
        """Bad files are skipped at any position and named, and the counters are written."""
        bad, empty, good = self.dir / "bad", self.dir / "empty", self.dir / "good"
        bad.write_text("no capture " * 9, encoding="ascii")
        empty.write_bytes(b"")
        good.write_bytes(capture.pcap(capture.pair(3)))
        for workers in ("1", "3"):
            run = self.dnsloupe("-w", workers, "-r", bad, "-r", empty, "-r", good, "-r", bad,
                                code=1, whole=True)
            self.assertEqual(len(run.lines), 1)
            self.assertEqual([e.split(": ")[0] for e in run.errors],
                             [str(p) for p in (bad, empty, bad)])
            self.assertEqual(run.stats["input"]["files_failed"], 3)

    def test_joined(self):
        """Two captures joined by cat, of either format: the error says so, with the link type."""
        one = capture.pcap(capture.pair(1))
        for order in "<>":
            other = capture.pcap(capture.pair(2), capture.RAW, order)
            self.cut(one + other, 1, "cat", "link type 101 (RAW)")
            self.cut(capture.pcapng(capture.pair(1)) + other, 1, "cat", "link type 101 (RAW)")
            self.cut(one + capture.pcapng(capture.pair(2), order=order), 1, "cat", "pcapng")

    def test_others_go_on(self):
        """The file behind a truncated one is read."""
        a, b = self.dir / "a", self.dir / "b"
        a.write_bytes(capture.pcap(capture.pair(1) + capture.pair(2))[:-1])
        b.write_bytes(capture.pcap(capture.pair(3)))
        run = self.dnsloupe("-r", a, "-r", b, code=1, whole=True)
        self.assertEqual(len(run.lines), 3)
        self.assertEqual(len(run.errors), 1)


class Configuration(harness.Case):
    def test_unknown_key(self):
        self.refuses(["--set", "txn.timeout=5", "-r", RESOLVER], "txn.timeout", code=2)

    def test_unknown_key_in_file(self):
        path = self.dir / "c.json"
        path.write_text(json.dumps({"txn": {"time_out": 5}}), encoding="ascii")
        self.refuses(["-c", path, "-r", RESOLVER], path, "txn.time_out", code=2)

    def test_ill_typed(self):
        path = self.dir / "c.json"
        for value in ("five", -1, 1.5, True, None, [5], {"a": 5}):
            path.write_text(json.dumps({"txn": {"timeout_ms": value}}), encoding="ascii")
            self.refuses(["-c", path, "-r", RESOLVER], path, "txn.timeout_ms", code=2)
        self.refuses(["--set", "txn.timeout_ms=five", "-r", RESOLVER], "txn.timeout_ms", code=2)

    def test_environment(self):
        for name, value in (("DNSLOUPE_TXN_TIMEOUT", "5"), ("DNSLOUPE_WORKERS", "many")):
            self.refuses(["-r", RESOLVER], name, code=2, env=harness.ENV | {name: value})

    def test_ports(self):
        for port in ("0", "70000", "65536", "-1", "53,0", "dns", "53,,54", ""):
            self.refuses(["-p", port, "-r", RESOLVER], "dns.ports", "1 to 65535", code=2)

    def test_missing_file(self):
        self.refuses(["-c", self.dir / "none.json", "-r", RESOLVER], "none.json",
                     "No such file", code=2)

    def test_capture_as_configuration(self):
        self.refuses(["-c", RESOLVER, "-r", RESOLVER], RESOLVER, code=2)

    def test_eal_arguments(self):
        """What DPDK refuses is an error."""
        run = self.dnsloupe("--set", "eal.args=--no-such-flag", "-r", RESOLVER, code=1)
        self.assertEqual(len(run.errors), 1, run.err)
        self.assertIn("DPDK does not start", run.errors[0])
        self.assertEqual(run.out, b"")

    def test_eal_help(self):
        """DPDK's help does not end a run with success."""
        for word in ("--help", "-h"):
            run = self.dnsloupe("--set", f"eal.args={word}", "-r", RESOLVER, code=1)
            self.assertEqual(len(run.errors), 1, run.err)
            self.assertIn("eal.args", run.errors[0])
            self.assertEqual(run.out, b"")


if __name__ == "__main__":
    harness.main()
