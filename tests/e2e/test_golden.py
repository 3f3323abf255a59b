#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every capture of pcaps/, read with its options in harness.py, gives the bytes of
tests/golden/NAME/native.jsonl.

test_golden.py DNSLOUPE --update writes these files anew: look at what changed before you commit.
"""
import contract
import harness

GOLDEN = harness.ROOT / "tests" / "golden"


def golden(capture):
    return GOLDEN / capture.stem / "native.jsonl"


class Golden(harness.Case):
    def check(self, capture):
        args = ("-w", "1", *harness.options(capture), "-r", capture)
        run = self.dnsloupe(*args)
        self.check_written(run)
        for number, line in enumerate(run.lines, 1):
            self.assertEqual(list(contract.check(line)), [], f"line {number}: {line}")
        if UPDATE:
            golden(capture).parent.mkdir(parents=True, exist_ok=True)
            golden(capture).write_bytes(run.out)
        self.assertTrue(golden(capture).exists(), f"{golden(capture)} is missing; see --update")
        want = golden(capture).read_bytes().splitlines(keepends=True)
        for number, (a, b) in enumerate(zip(run.lines, want), 1):
            self.assertEqual(a, b, f"line {number} is not the golden one")
        self.assertEqual(len(run.lines), len(want), "number of lines")
        again = self.dnsloupe("--set", "input.net_pcap=true", *args)
        self.assertEqual(again.out == run.out, True, "through net_pcap come other bytes")

    def test_no_stranger(self):
        """Each golden directory belongs to a capture."""
        if UPDATE:
            self.skipTest("they are being written")
        self.assertEqual({p.name for p in GOLDEN.iterdir()}, {c.stem for c in CAPTURES})


def add(capture):
    setattr(Golden, "test_" + capture.stem, lambda self: self.check(capture))


UPDATE = "--update" in harness.sys.argv
if UPDATE:
    harness.sys.argv.remove("--update")
CAPTURES = harness.captures()
for each in CAPTURES:
    add(each)
if __name__ == "__main__":
    harness.main()
