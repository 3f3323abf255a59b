#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""DPDK devices that need no root: net_pcap in an endless loop, and wrong devices."""
import json
import os
import pathlib
import random
import signal
import subprocess
import time
import unittest

import capture
import harness

LAST = "10.99.98.97"  # the client of the last conversation that is played
CAPTURE = harness.PCAPS / "resolver.pcap"
ENDLESS = f"net_pcap0,rx_pcap={CAPTURE},infinite_rx=1"


class Device(harness.Case):
    def listen(self, *args, **more):
        p = self.start(*args, stdin=subprocess.DEVNULL, **more)
        text = b""
        while b"listening on" not in text:
            text += b"".join(self.read_lines(p.stderr, 1))
        return p

    def stop(self, process, code=0):
        process.send_signal(signal.SIGTERM)
        return self.finish(process, code=code, whole=False)

    def test_file_by_net_pcap(self):
        """A capture as a DPDK device: timestamps are those of the file."""
        out = self.dir / "out.jsonl"
        p = self.listen("-d", f"net_pcap0,rx_pcap={CAPTURE}", "-o", out, "--idle", "sleep")
        want = self.dnsloupe("-r", CAPTURE).records
        until = time.monotonic() + 60
        while out.read_bytes().count(b"\n") < len(want) - 5 and time.monotonic() < until:
            time.sleep(0.1)
        run = self.stop(p)
        got = [json.loads(line) for line in out.read_bytes().splitlines()]
        key = lambda r: (r["ts"], r["client"], r["client_port"], r["id"], r["status"])
        self.assertEqual(sorted(map(key, got)), sorted(map(key, want)))
        self.assertEqual(run.stats["input"]["ports"][0]["driver"], "net_pcap")

    def played(self, words, workers, frames):
        """Plays captures to their end. Returns the sorted lines and the run."""
        self.count += 1
        out = self.dir / f"out{self.count}.jsonl"
        p = self.listen(*harness.OPTIONS["encrypted"], *words, "-w", workers, "-o", out, "--idle",
                        "sleep")
        until = time.monotonic() + harness.HANG_S
        while LAST.encode() not in out.read_bytes():
            self.assertLess(time.monotonic(), until)
            self.assertIsNone(p.poll())
            time.sleep(0.02)
        run = self.stop(p)
        self.assertEqual(run.stats["total"]["rx"]["packets"], frames)
        self.assertEqual(len(run.stats["workers"]), workers)
        return sorted(out.read_bytes().splitlines()), run

    def test_order(self):
        """The frames of captures in random queues: the directions of a conversation, the segments of a
        stream and the fragments of a datagram are separated, with more and with fewer queues than
        workers. Lines and times are those of a single queue."""
        frames = []
        for path in harness.captures():
            if path.suffix == ".pcap":
                link, more = capture.read_pcap(path)
                # net_pcap has whole microseconds, and only the captured length
                frames += [f._replace(ns=f.ns // 1000 * 1000) for f in more
                           if link == capture.ETHERNET and f.wire == len(f.data)]
        frames.sort(key=lambda f: f.ns)
        frames += capture.pair(0, frames[-1].ns // 1000 * 1000 + 10**6, LAST)
        whole = self.dir / "whole.pcap"
        whole.write_bytes(capture.pcap(frames))
        want, _ = self.played(["-d", f"net_pcap0,rx_pcap={whole}"], 1, len(frames))
        self.assertGreater(len(want), 500)
        handed_over = 0
        for seed, (devices, files, workers) in enumerate(
                ((1, 2, 1), (1, 2, 2), (2, 1, 2), (1, 3, 2), (2, 2, 3), (3, 1, 4), (1, 16, 2))):
            with self.subTest(devices=devices, files=files, workers=workers):
                dealer = random.Random(seed)
                hands = [[] for _ in range(devices * files)]
                for frame in frames:
                    dealer.choice(hands).append(frame)
                words = []
                for device in range(devices):
                    word = f"net_pcap{device}"
                    for file in range(files):
                        path = self.dir / f"{seed}.{device}.{file}.pcap"
                        path.write_bytes(capture.pcap(hands[device * files + file]))
                        word += f",rx_pcap={path}"
                    words += ["-d", word]
                got, run = self.played(words, workers, len(frames))
                self.assertEqual(got == want, True)
                self.assertEqual(run.stats["total"]["rx"]["handoff_lost"], 0)
                handed_over += run.stats["total"]["rx"]["handed_over"]
        self.assertGreater(handed_over, len(frames))

    def test_two_directions(self):
        """Queries in one file, their replies in another, more than one poll reads."""
        load = self.dir / "load.pcap"
        capture.write_load(load, 20000, unanswered=7)
        _, frames = capture.read_pcap(load)
        frames += capture.pair(0, frames[-1].ns + 10**9, LAST)
        load.write_bytes(capture.pcap(frames))
        want = self.dnsloupe("-w", "1", "-r", load)
        asked = lambda f: f.data[36:38] == b"\0\x35"
        paths = [self.dir / "queries.pcap", self.dir / "replies.pcap"]
        for path, side in zip(paths, (True, False)):
            path.write_bytes(capture.pcap([f for f in frames if asked(f) == side]))
        for workers in (1, 2):
            with self.subTest(workers):
                word = "net_pcap0," + ",".join(f"rx_pcap={p}" for p in reversed(paths))
                got, _ = self.played(["-d", word], workers, len(frames))
                self.assertEqual(got == sorted(x.rstrip() for x in want.lines), True)

    def test_endless(self):
        """At full speed for a moment: all that is dropped is counted."""
        p = self.listen("-d", ENDLESS, "-o", "/dev/null")
        time.sleep(0.5)
        run = self.stop(p)
        self.assertGreater(run.stats["total"]["txn"]["answered"], 0)

    def test_workers(self):
        """Two devices, three workers: packets are handed off, and losses are counted."""
        p = self.listen("-d", ENDLESS, "-d", ENDLESS.replace("pcap0", "pcap1"), "-w", "3",
                        "-o", "/dev/null", "--idle", "sleep")
        time.sleep(0.5)
        run = self.stop(p)
        self.assertEqual(len(run.stats["input"]["ports"]), 2)
        self.assertGreater(run.stats["total"]["rx"]["taken_over"], 0)

    def test_loggers(self):
        """Each logger has workers and a file of its own, to which it reports losses; in a common file
        one logger reports them."""
        p = self.listen("-d", ENDLESS, "-d", ENDLESS.replace("pcap0", "pcap1"), "-w", "4",
                        "--loggers", "2", "-o", self.dir / "{logger}.jsonl", "--sink",
                        f"type=file,path={self.dir}/all.jsonl,queue_mb=1",
                        "--set", "memory.record_mb=1", "--idle", "sleep")
        time.sleep(0.7)
        run = self.stop(p)
        taken = [x["sink"]["taken"] for x in run.stats["loggers"]]
        # each logger wrote its records to its own file and to the common one
        self.assertEqual(sum(taken), run.stats["logger"]["sink"]["taken"])
        self.assertGreater(min(taken), 0)
        for name in ("0", "1", "all"):
            lines = [json.loads(x) for x in (self.dir / f"{name}.jsonl").read_bytes().splitlines()]
            loss = [x["loss"] for x in lines if x["status"] == "loss"]
            self.assertEqual(loss[:2], ["begins", "ends"], name)
            self.assertEqual(loss, ["begins", "ends"] * (len(loss) // 2), name)

    def test_shed(self):
        """With a slow reader sections are omitted before records are dropped, the last first, and counted."""
        p = self.listen("-d", ENDLESS, "--overload", "shed", "--set", "memory.record_mb=2")
        # 3 MB a second, slow enough for any build of the program
        out, until = bytearray(), time.monotonic() + harness.HANG_S
        while b'"shed":["answers"' not in out[-70000:]:
            self.assertLess(time.monotonic(), until, "no section was omitted")
            out += os.read(p.stdout.fileno(), 65536)
            time.sleep(0.02)
        run = self.stop(p)
        lines = [json.loads(x) for x in (out + run.out).splitlines()]
        counted = run.stats["logger"]["dns"]
        shed = [x["shed"] for x in lines if "shed" in x]
        for sections in shed:
            order = ["answers", "authority", "additional"]
            self.assertEqual(sections, [s for s in order if s in sections])
        for line in lines:
            for section in line.get("shed", ()):
                self.assertNotIn(section, line)
        # omissions are counted for lines that may not have been read in the end
        lost = run.stats["sinks"][0]["dropped_end"]
        for name in ("additional", "authority", "answers"):
            seen = sum(name in sections for sections in shed)
            self.assertGreaterEqual(counted[f"shed_{name}"], seen)
            self.assertLessEqual(counted[f"shed_{name}"], seen + lost)

    def test_drop(self):
        """By default nothing is omitted."""
        p = self.listen("-d", ENDLESS, "--set", "memory.record_mb=1")
        time.sleep(0.5)
        p.send_signal(signal.SIGTERM)
        run = self.finish(p, whole=False)
        self.assertGreater(run.stats["total"]["record"]["dropped_full"], 0)
        self.assertNotIn(b'"shed"', run.out)
        loss = [r["loss"] for r in run.records if r["status"] == "loss"]
        self.assertEqual(loss, ["begins", "ends"])

    def test_refused(self):
        for args, words in (
                (["-i", "nosuch0"], ["there is no interface nosuch0; there are: lo"]),
                (["-d", "0000:ff:1f.7"], ["there is no PCI device 0000:ff:1f.7"]),
                (["-d", "ff:1f.7"], ["there is no PCI device 0000:ff:1f.7"]),
                (["-d", "net_nosuch0"], ["cannot open net_nosuch0"]),
                (["-d", "net_pcap0,rx_pcap=/nosuch"], ["cannot open net_pcap0,rx_pcap=/nosuch"]),
                (["-d", "net_pcap0,rx_pcap=a,nosuch=1"], ["cannot open net_pcap0"]),
                (["-d", "crypto_null0"], ["it is no Ethernet device"])):
            with self.subTest(args):
                if args[0] == "-i" and os.geteuid():
                    continue
                self.refuses([*args, "-o", self.dir / "o"], *words)

    def test_lcores_refused(self):
        cpu = max(os.sched_getaffinity(0)) + 1
        for lcores, words in (
                (f"workers={cpu}", f"CPU {cpu} is not among those that this process may use"),
                ("workers=", "no list of CPUs"),
                ("workers=3-1", "no list of CPUs"),
                ("loggers=0 loggers=1", "a word is given twice"),
                ("threads=1", "unknown word"),
                ("loggers=0,0", "not as many CPUs for loggers as there are loggers"),
                ("workers=0,0", "not as many CPUs for workers as there are workers")):
            with self.subTest(lcores):
                self.refuses(["-d", ENDLESS, "-w", "1", "--loggers", "1", "--lcores", lcores],
                             "lcores", words)

    def test_few_cpus(self):
        """More threads than CPUs: they share CPUs, report that, and sleep when idle."""
        cpu = min(os.sched_getaffinity(0))
        p = self.start("-d", f"net_pcap0,rx_pcap={CAPTURE}", "-w", "2", "-o", self.dir / "o",
                       preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        text = b"".join(self.read_lines(p.stderr, 2)).decode()
        self.assertIn("workers (2) and loggers (1) share CPUs: they sleep when idle", text)
        self.stop(p)

    def test_lcores(self):
        cpu = min(os.sched_getaffinity(0))
        p = self.listen("-d", f"net_pcap0,rx_pcap={CAPTURE}", "-o", self.dir / "o", "--lcores",
                        f"control={cpu} workers={cpu} loggers={cpu}", "--idle", "sleep")
        tasks = pathlib.Path(f"/proc/{p.pid}/task")
        bound, until = [], time.monotonic() + harness.HANG_S
        while len(bound) < 2 and time.monotonic() < until:
            bound = [os.sched_getaffinity(int(t.name)) for t in tasks.iterdir()
                     if (t / "comm").read_text().strip() in ("worker 0", "logger 0")]
        self.assertEqual(bound, [{cpu}] * 2)
        self.stop(p)

    def test_no_hugepages(self):
        pages = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
        if pages.exists() and int(pages.read_text()) > 512:
            self.skipTest("there are hugepages")
        self.refuses(["-d", ENDLESS, "--set", "eal.hugepages=always", "-o", self.dir / "o"],
                     "MB of hugepages are needed")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_no_permission(self):
        self.refuses(["-i", "lo"], "cannot listen on interfaces: Operation not permitted",
                     "cap_net_raw", preexec_fn=harness.demote)

    def test_files_or_devices(self):
        self.refuses(["-r", CAPTURE, "-i", "lo"], "not both", code=2)

    def test_plan(self):
        """The plan for files and devices is printed, and no output is created."""
        cpu = min(os.sched_getaffinity(0))
        for args, words in (
                (["-d", ENDLESS, "-w", "2", "--lcores", f"control={cpu}"],
                 [f"input    device {ENDLESS}: up to 1 queues of up to 4096 descriptors",
                  f"thread   control on CPU {cpu}\n", "thread   worker 1 on CPU ",
                  "thread   logger 0 on CPU ", "memory   2 x 16 MiB of records"]),
                (["-r", CAPTURE, "-w", "3"],
                 [f"input    file {CAPTURE}\n", "3 workers (1 receive)"])):
            out = self.dir / "o"
            done = subprocess.run(self.command([*args, "--plan", "-o", out]), env=harness.ENV,
                                  stdout=subprocess.PIPE, check=True, text=True)
            for word in (*words, f"output   {out}\n",
                         "unanswered queries a second: txn.max_open"):
                self.assertIn(word, done.stdout)
            self.assertFalse(out.exists())
        self.refuses(["-d", "0000:ff:1f.7", "--plan"], "there is no PCI device")

    def test_eal_arguments(self):
        p = self.start("-d", f"net_pcap0,rx_pcap={CAPTURE}", "-E", "--no-such-argument", "-o",
                       self.dir / "o")
        run = self.finish(p, code=1)
        self.assertIn("DPDK does not start", run.errors[0])


if __name__ == "__main__":
    harness.main()
