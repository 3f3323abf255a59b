#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Long live runs, and many short ones: memory does not grow, and nothing is left behind.

The environment variable SOAK_SECONDS sets how long test_load runs: a minute unless it is set.
"""
import os
import pathlib
import signal
import subprocess
import time

import harness
from test_device import ENDLESS

SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))


def memory_kb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


class Soak(harness.Case):
    def start_listening(self, *args):
        # a small queue, whose blocks are all used soon
        p = self.start("-d", ENDLESS, "--sink", "type=file,path=/dev/null,queue_mb=1", *args,
                       stdin=subprocess.DEVNULL)
        while b"listening on" not in self.read_lines(p.stderr, 1)[-1]:
            pass
        return p

    def test_load(self):
        """At full speed."""
        p = self.start_listening("--set", "memory.record_mb=4", "--timeout", "1000")
        time.sleep(8)  # every slot of every table, and the whole arena, have been used once
        before = memory_kb(p.pid)
        fds = len(os.listdir(f"/proc/{p.pid}/fd"))
        time.sleep(SECONDS)
        after = memory_kb(p.pid)
        self.assertEqual(len(os.listdir(f"/proc/{p.pid}/fd")), fds)
        p.send_signal(signal.SIGTERM)
        run = self.finish(p, whole=False)
        print(f"# {SECONDS} s: {run.stats['total']['rx']['packets']} packets, memory {before} kB "
              f"and {after} kB", flush=True)
        self.assertGreater(run.stats["total"]["txn"]["answered"], 0)
        self.assertLess(after - before, 256)

    def left_behind(self):
        """Returns what a run may leave behind."""
        return [sorted(os.listdir("/dev/shm")), sorted(os.listdir("/dev/hugepages"))
                if os.path.isdir("/dev/hugepages") else [],
                [x for x in os.listdir("/tmp") if x.startswith("rte")]]

    def test_hundred_starts(self):
        """Each run starts, receives, is stopped, and succeeds."""
        before = self.left_behind()
        for n in range(100):
            p = self.start_listening()
            if n % 3:
                time.sleep(0.02)
            p.send_signal(signal.SIGTERM if n % 2 else signal.SIGINT)
            run = self.finish(p, whole=False)
            self.assertEqual(run.errors, [])
        self.assertEqual(self.left_behind(), before)


if __name__ == "__main__":
    harness.main()
