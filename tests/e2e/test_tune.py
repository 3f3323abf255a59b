#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""scripts/tune shows, plans, makes and undoes changes. Changes only a few hugepages."""
import os
import pathlib
import shutil
import subprocess
import unittest

import harness

TUNE = harness.ROOT / "scripts/tune"
PAGES = pathlib.Path("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages")


class Tune(harness.Case):
    def tune(self, *args, code=0):
        done = subprocess.run([TUNE, *args], check=False, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              env=harness.ENV | {"TUNE_STATE": str(self.dir / "state")})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def test_show(self):
        out = self.tune()
        for word in ("hugepages\n", "CPUs\n", "interrupts\n", "network\n"):
            self.assertIn(word, out)

    def test_wrong(self):
        for args, words in ((["--hugepages", "3M:1G"], "the page size must be 2M or 1G"),
                            (["--bind", "0000:ff:1f.7"], "there is no PCI device"),
                            (["--unbind", "0000:ff:1f.7"], "has no driver for"),
                            (["--irq", "x"], "is not a list of CPUs"),
                            (["--isolate"], "needs a value"),
                            (["--undo"], "nothing to undo")):
            with self.subTest(args):
                self.assertIn(words, self.tune(*args, code=1))

    @unittest.skipUnless(os.geteuid() == 0 and PAGES.exists() and
                         shutil.which("dpdk-hugepages.py"),
                         "not root, no hugepages here, or no dpdk-hugepages.py")
    def test_hugepages(self):
        before = harness.own_hugepages(self, PAGES.parent)
        PAGES.write_text(str(before))  # without those that are surplus
        wish = ["--node", "0", "--hugepages", f"2M:{2 * (before + 2)}M"]
        out = self.tune(*wish)
        self.assertIn("nothing was changed", out)
        self.assertEqual(int(PAGES.read_text()), before)
        self.tune(*wish, "--apply")
        self.assertEqual(int(PAGES.read_text()), before + 2)
        self.assertIn(f"put {before} {PAGES}", self.tune())
        self.tune("--undo")
        self.assertEqual(int(PAGES.read_text()), before + 2)
        self.tune("--undo", "--apply")
        self.assertEqual(int(PAGES.read_text()), before)


if __name__ == "__main__":
    harness.main()
