#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every capture of pcaps/, read with its options in harness.py, gives the bytes of
tests/golden/NAME/SCHEMA.jsonl, in every schema.

test_golden.py DNSLOUPE --update rewrites these files: read the changes before you commit.
"""
import json

import contract
import contract_forerunners as forerunners
import harness

GOLDEN = harness.ROOT / "tests" / "golden"
SCHEMAS = ["native", "gazer", "gazer-record", "gopassivedns"]


def golden(capture, schema):
    return GOLDEN / capture.stem / f"{schema}.jsonl"


class Golden(harness.Case):
    def written(self, capture, *more):
        """Runs all schemas at once, each with its own sink. Returns the lines by schema."""
        sinks = [f"--sink=type=file,name={s},path={self.dir / s},schema={s},"
                 "append=false" for s in SCHEMAS]
        self.dnsloupe("-w", "1", *harness.options(capture), "-r", capture, *sinks, *more)
        return {s: (self.dir / s).read_bytes().splitlines(keepends=True) for s in SCHEMAS}

    def check(self, capture):
        written = self.written(capture)
        self.check_native(written["native"])
        self.check_gazer(written["native"], written["gazer"])
        self.check_gazer_record(written["gazer"], written["gazer-record"])
        self.check_gopassivedns(written["native"], written["gopassivedns"])
        for schema in SCHEMAS:
            path = golden(capture, schema)
            if UPDATE:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"".join(written[schema]))
            self.assertTrue(path.exists(), f"{path} is missing; see --update")
            want = path.read_bytes().splitlines(keepends=True)
            for number, (a, b) in enumerate(zip(written[schema], want), 1):
                self.assertEqual(a, b, f"{schema}: line {number} is not the golden one")
            self.assertEqual(len(written[schema]), len(want), f"{schema}: number of lines")
        again = self.written(capture, "--set", "input.net_pcap=true")
        self.assertEqual(again == written, True, "through net_pcap come other bytes")

    def check_native(self, lines):
        for number, line in enumerate(lines, 1):
            self.assertEqual(list(contract.check(line)), [], f"line {number}: {line}")

    def check_form(self, lines, form, whole=False):
        for number, line in enumerate(lines, 1):
            wrong = list(forerunners.check_form(line, form, whole))
            self.assertEqual(wrong, [], f"line {number}: {line}")

    def check_gazer(self, native, lines):
        self.check_form(lines, forerunners.TX)
        # encrypted DNS has no messages
        native = [line for line in native if b'_bytes":' in line]
        self.assertEqual(len(lines), len(native))
        for line, other in zip(lines, native):
            want = forerunners.gazer_of(json.loads(other))
            self.assertEqual(forerunners.gazer_shown(line), want, other)

    def check_gazer_record(self, gazer, lines):
        self.check_form(lines, forerunners.RECORD)
        want = [o for line in gazer for o in forerunners.gazer_records_of(line)]
        for line, o in zip(lines, want):
            self.assertEqual(list(json.loads(line).items()), list(o.items()))
        self.assertEqual(len(lines), len(want))

    def check_gopassivedns(self, native, lines):
        self.check_form(lines, forerunners.GOPASSIVEDNS, whole=True)
        want = [o for line in native for o in forerunners.gopassivedns_of(json.loads(line))]
        for line, o in zip(lines, want):
            shown = json.loads(line)
            del shown["bytes"]
            self.assertEqual(shown, o)
        self.assertEqual(len(lines), len(want))

    def test_no_stranger(self):
        """Each golden directory has a capture."""
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
