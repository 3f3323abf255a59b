#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The recipes of doc/analysis.md: every question gives the same rows in DuckDB and in polars; and the tables
of config/shipping/clickhouse.sql take every line in a current ClickHouse engine (chdb)."""
import collections
import datetime
import importlib
import json
import re
import sys
import unittest

import contract
import harness


def module(name):
    """Returns a package of scripts/setup --test, or None."""
    for path in sorted(harness.ROOT.glob("build-analysis/lib/python3*/site-packages")):
        if str(path) not in sys.path:
            sys.path.append(str(path))
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


SHIPPING = harness.ROOT / "config" / "shipping"
DOCUMENT = (harness.ROOT / "doc" / "analysis.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^## (\d+)\. (.*?)$.*?```sql\n(.*?)```\n\n```python\n(.*?)```", DOCUMENT,
                       re.S | re.M)


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    return round(value, 3) if isinstance(value, float) else value


class Recipes(harness.Case):
    def setUp(self):
        super().setUp()
        self.log = self.dir / "dns.jsonl"
        with open(self.log, "wb") as log:
            for path in sorted(harness.PCAPS.glob("*.pcap*")):
                log.write(self.dnsloupe("-w", "1", "-r", path, "--set",
                                        "encrypted.sightings=true").out)
        self.records = [json.loads(line) for line in self.log.read_bytes().splitlines()]

    @unittest.skipUnless(module("duckdb") and module("polars"), "duckdb or polars is not installed")
    def test_questions(self):
        pl, duckdb = module("polars"), module("duckdb")
        self.assertEqual([int(n) for n, *_ in QUESTIONS], list(range(1, 11)))
        sys.path.append(str(SHIPPING))
        dns = importlib.import_module("polars_dns").read(self.log)
        with duckdb.connect() as db:
            db.execute((SHIPPING / "duckdb.sql").read_text().replace("'dns.jsonl'",
                                                                    f"'{self.log}'"))
            self.assertEqual(db.execute("SELECT count(*) FROM dns").fetchall(),
                             [(len(self.records),)])
            self.assertEqual(dns.height, len(self.records))
            for _, title, sql, python in QUESTIONS:
                with self.subTest(title):
                    rows = [tuple(map(plain, row)) for row in db.execute(sql).fetchall()]
                    *before, last = re.split(r"\n(?=\()", "\n" + python)
                    names = {"pl": pl, "dns": dns}
                    exec("\n".join(before), names)
                    frame = eval(last, names)
                    self.assertEqual(rows, [tuple(map(plain, row)) for row in frame.rows()])
                    self.assertTrue(rows)

    @unittest.skipUnless(module("duckdb") and module("polars"), "duckdb or polars is not installed")
    def test_columns(self):
        """Each member of the schema is a column, in the order of the contract."""
        self.assertEqual(re.findall(r"^    (\w+): ", (SHIPPING / "duckdb.sql").read_text(), re.M),
                         contract.KEYS)
        sys.path.append(str(SHIPPING))
        self.assertEqual(list(importlib.import_module("polars_dns").SCHEMA), contract.KEYS)

    def test_names(self):
        """The second question, counted again in plain Python."""
        self.assertEqual(QUESTIONS[1][1], "Which names led to this address?")
        address = re.search(r"rr.data = '([^']*)'", QUESTIONS[1][2])[1]
        found = collections.Counter(
            r["qname"].lower() for r in self.records
            if any(rr["type"] in ("A", "AAAA") and rr["data"] == address
                   for rr in r.get("answers", ())))
        self.assertTrue(found)
        duckdb = module("duckdb")
        if not duckdb:
            self.skipTest("duckdb is not installed")
        with duckdb.connect() as db:
            db.execute((SHIPPING / "duckdb.sql").read_text().replace("'dns.jsonl'",
                                                                    f"'{self.log}'"))
            self.assertEqual({row[0]: row[1] for row in db.execute(QUESTIONS[1][2]).fetchall()},
                             found)

    @unittest.skipUnless(module("chdb"), "chdb is not installed")
    def test_clickhouse(self):
        """Every line of every capture can be read back with all members; old packets are not deleted;
        the aggregate counts each answer."""
        session = module("chdb.session").Session(str(self.dir / "chdb"))
        self.addCleanup(session.close)

        def ask(query):
            out = session.query(query, "JSONEachRow").bytes()
            return [json.loads(line) for line in out.splitlines()] if out else []

        sql = re.sub(r"--[^\n]*", "", (SHIPPING / "clickhouse.sql").read_text(encoding="utf-8"))
        for statement in sql.split(";"):
            if statement.strip():
                session.query(statement)
        session.query("SET date_time_input_format='best_effort', "
                      "input_format_skip_unknown_fields=0")
        old = {**self.records[0], "ts": "2016-01-02T03:04:05.678901234Z"}
        lines = self.log.read_text().splitlines() + [json.dumps(old)]
        session.query("INSERT INTO dns.transactions FORMAT JSONEachRow " + "\n".join(lines))
        session.query("OPTIMIZE TABLE dns.transactions FINAL")
        self.assertEqual(ask("SELECT count() AS n FROM dns.transactions")[0]["n"], len(lines))
        got = ask("SELECT * FROM dns.transactions ORDER BY ts, client_port, id "
                  "SETTINGS output_format_json_quote_64bit_integers=0")
        want = sorted(self.records + [old], key=lambda r: (r["ts"], r["client_port"],
                                                          r.get("id", 0)))
        self.assertEqual({k for row in got for k in row}, set(contract.KEYS) | {"inserted"})
        for row, record in zip(got, want):
            self.assertEqual(row["ts"], record["ts"][:-1].replace("T", " "))
            for key in set(record) - {"ts"}:
                self.assert_within(record[key], row[key], key)
        answers = sum(len(r.get("answers", ())) for r in want)
        self.assertEqual(ask("SELECT sum(times) AS n FROM dns.names")[0]["n"], answers)

    def assert_within(self, small, large, where):
        """Checks that the second has all members of the first; others must be empty."""
        if isinstance(small, dict):
            for key, value in small.items():
                self.assert_within(value, large[key], f"{where}.{key}")
        elif isinstance(small, list) and small and isinstance(small[0], dict):
            self.assertEqual(len(small), len(large), where)
            for a, b in zip(small, large):
                self.assert_within(a, b, where)
        elif isinstance(small, float):
            self.assertAlmostEqual(small, large, 3, where)
        else:
            self.assertEqual(small if not isinstance(large, str) else str(small), large, where)


if __name__ == "__main__":
    harness.main()
