#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Resident memory at defaults: under 600 MB, and not growing over ten passes of a large capture."""
import os
import subprocess

import capture
import harness

TRANSACTIONS = 300000  # the records of one pass fill the arena several times
LIMIT_KB = 600 * 1000
# Pages that a later pass touches first: the tables are full after one pass, but which buffers, stacks
# and pages of libraries are used depends on scheduling.
SLACK_KB = 8 * 1024


class Memory(harness.Case):
    def peak_kb(self, *args):
        """Returns the largest resident set of a run; this process is smaller, so its fork does not count."""
        stats = self.stats_path()
        process = subprocess.Popen(
            self.command(args, stats), env=harness.ENV, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        err = process.stderr.read()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, err)
        stats = harness.read_stats(stats)
        self.check_books(stats, whole=True)
        print(f"# {usage.ru_maxrss} kB for {stats['total']['rx']['packets']} packets")
        return usage.ru_maxrss, stats

    def test_passes(self):
        path = self.dir / "load.pcap"
        capture.write_load(path, TRANSACTIONS, unanswered=10)
        one, stats = self.peak_kb("-r", path)
        packets = stats["total"]["rx"]["packets"]
        self.assertEqual(packets, 2 * TRANSACTIONS - TRANSACTIONS // 10)
        ten, stats = self.peak_kb(*["-r", path] * 10)
        self.assertEqual(stats["total"]["rx"]["packets"], 10 * packets)
        self.assertLess(one, LIMIT_KB)
        self.assertLess(ten, LIMIT_KB)
        self.assertLess(ten, one + SLACK_KB)

    def test_workers(self):
        """Two and four workers, each with tables of default size, stay below the limit."""
        path = self.dir / "load.pcap"
        capture.write_load(path, TRANSACTIONS // 3, unanswered=10)
        for workers in (2, 4):
            self.assertLess(self.peak_kb("-w", workers, "-r", path)[0], LIMIT_KB)


if __name__ == "__main__":
    harness.main()
