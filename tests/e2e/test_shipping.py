#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""config/shipping/: the tables accept real output in Debian's ClickHouse server, and the JSON files have every
member of a document."""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import time
import unittest

import contract
import harness
import kafka_broker

SHIPPING = harness.ROOT / "config" / "shipping"
SERVER = shutil.which("clickhouse-server", path="/usr/sbin:/usr/bin:/sbin")
CONFIG = """<yandex>
<logger><level>warning</level><log>{dir}/log</log><errorlog>{dir}/errors</errorlog></logger>
<tcp_port>{port}</tcp_port><listen_host>127.0.0.1</listen_host>
<path>{dir}/data/</path><tmp_path>{dir}/tmp/</tmp_path><users_config>{dir}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>100000000</mark_cache_size>
<kafka><auto_offset_reset>earliest</auto_offset_reset></kafka>
</yandex>"""
USERS = """<yandex><profiles><default></default></profiles><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
</users><quotas><default></default></quotas></yandex>"""


@unittest.skipUnless(SERVER and shutil.which("clickhouse-client"), "ClickHouse is not installed")
class ClickHouse(harness.Case):
    def setUp(self):
        super().setUp()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        for name in ("data", "tmp"):
            (self.dir / name).mkdir()
        (self.dir / "users.xml").write_text(USERS)
        (self.dir / "config.xml").write_text(CONFIG.format(dir=self.dir, port=self.port))
        server = subprocess.Popen(
            [SERVER, f"--config-file={self.dir}/config.xml"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.dir)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        until = time.monotonic() + harness.HANG_S
        while self.client("SELECT 1", check=False).returncode:
            self.assertIsNone(server.poll(), "the server has ended")
            self.assertLess(time.monotonic(), until, "the server does not answer")
            time.sleep(0.1)

    def client(self, query, *more, data=b"", check=True):
        done = subprocess.run(
            ["clickhouse-client", "--port", str(self.port), "--query", query, *more], input=data,
            capture_output=True, check=False, timeout=harness.HANG_S)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done

    def ask(self, query):
        return [line.split("\t") for line in self.client(query).stdout.decode().splitlines()]

    def make_tables(self, broker="localhost:9092"):
        sql = (SHIPPING / "clickhouse-debian12.sql").read_text(encoding="utf-8")
        self.assertIn("'localhost:9092'", sql)
        sql = sql.replace("'localhost:9092'", f"'{broker}'")
        for query in re.sub(r"--[^\n]*", "", sql).split(";"):
            if query.strip():
                self.client(query)

    @unittest.skipIf(kafka_broker.missing(), kafka_broker.missing())
    def test_kafka_engine(self):
        """From a real broker, through the Kafka engine and the materialized view, into the table."""
        broker = kafka_broker.Broker(self)
        path = harness.PCAPS / "resolver.pcap"
        flat = self.dnsloupe("-w", "1", "-r", path, "--sink", "type=stdout,schema=gopassivedns")
        self.dnsloupe("-w", "1", "-r", path, "--sink", json.dumps(
            {"type": "kafka", "schema": "gopassivedns", "key": "client",
             "kafka": {"brokers": broker.brokers, "topic": "dns-answers"}}))
        self.make_tables(broker.brokers)
        until = time.monotonic() + harness.HANG_S / 2
        count = "SELECT count() FROM dns.answers"
        while self.ask(count) != [[str(len(flat.records))]] and time.monotonic() < until:
            time.sleep(0.5)
        got = self.ask("SELECT query_id, q, atype, ttl, src, tstamp FROM dns.answers")
        self.assertEqual(sorted(got), sorted(
            [str(r[k]) for k in ("query_id", "q", "atype", "ttl", "src", "tstamp")]
            for r in flat.records))

    def test_debian12(self):
        self.make_tables()
        path = harness.PCAPS / "resolver.pcap"
        native = self.dnsloupe("-w", "1", "-r", path, "--sink",
                               '{"type": "stdout", "sections": "none"}')
        flat = self.dnsloupe("-w", "1", "-r", path, "--sink", "type=stdout,schema=gopassivedns")
        self.client("INSERT INTO dns.transactions FORMAT JSONEachRow",
                    "--input_format_skip_unknown_fields=1", data=native.out)
        self.client("INSERT INTO dns.answers FORMAT JSONEachRow", data=flat.out)
        records = native.records
        self.assertEqual(self.ask("SELECT count(), uniqExact(qname), uniqExact(client), "
                                  "toString(min(time)) FROM dns.transactions"),
                         [[str(len(records)), str(len({r.get("qname") for r in records})),
                           str(len({r["client"] for r in records})),
                           min(r["ts"] for r in records)[:19].replace("T", " ")]])
        self.assertEqual(self.ask("SELECT rcode, count() FROM dns.transactions WHERE rcode != '' "
                                  "GROUP BY rcode ORDER BY rcode"),
                         [[k, str(sum(r.get("rcode") == k for r in records))]
                          for k in sorted({r["rcode"] for r in records if "rcode" in r})])
        shown = self.ask("SELECT query_id, rcode, q, a, atype, ttl, dst, src, tstamp, elapsed, "
                         "sport, rd, ra FROM dns.answers ORDER BY tstamp, query_id, a")
        want = sorted(flat.records, key=lambda r: (r["tstamp"], r["query_id"], r["a"]))
        keys = ("query_id", "rcode", "q", "a", "atype", "ttl", "dst", "src", "tstamp", "elapsed",
                "sport", "rd", "ra")
        escape = {"\\": "\\\\", "'": "\\'"}
        self.assertEqual(shown, [["".join(escape.get(c, c) for c in str(
            int(r[k]) if isinstance(r[k], bool) else r[k])) for k in keys] for r in want])


class Files(harness.Case):
    def test_elasticsearch(self):
        """Exactly the members of the native schema have a mapping."""
        template = json.loads((SHIPPING / "elasticsearch-template.json").read_text())
        properties = template["template"]["mappings"]["properties"]
        own = {"questions", "unicast"} # stored, but not indexed
        self.assertEqual(set(properties) - {"@timestamp"}, set(contract.KEYS) - own)

    @unittest.skipUnless(
        list(pathlib.Path("/usr/lib").glob("*/rsyslog/omelasticsearch.so")),
        "rsyslog-elasticsearch is not installed")
    def test_rsyslog(self):
        """rsyslogd accepts the file."""
        done = subprocess.run(
            [shutil.which("rsyslogd", path="/usr/sbin:/usr/bin"), "-N1", "-f",
             SHIPPING / "rsyslog-elasticsearch.conf"], capture_output=True, check=False, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_clickhouse_columns(self):
        """Every member is a column; on Debian's old server every column is a member."""
        def columns(name):
            sql = (SHIPPING / name).read_text(encoding="utf-8")
            table = re.search(r"dns\.transactions\s*\n\(\n(.*?)\n\)", sql, re.S)[1]
            return set(re.findall(r"^    (\w+) ", table, re.M))
        self.assertEqual(columns("clickhouse.sql") - {"inserted"}, set(contract.KEYS))
        self.assertLessEqual(columns("clickhouse-debian12.sql") - {"time", "day"},
                             set(contract.KEYS))

    def test_grafana(self):
        board = json.loads((SHIPPING / "grafana-dashboard.json").read_text(encoding="utf-8"))
        self.assertGreater(len(board["panels"]), 5)
        for panel in board["panels"]:
            self.assertIn("FROM dns.transactions WHERE", panel["targets"][0]["rawSql"])

    def test_no_stranger(self):
        """doc/shipping.md mentions every file."""
        text = (harness.ROOT / "doc" / "shipping.md").read_text(encoding="utf-8")
        for path in pathlib.Path(SHIPPING).iterdir():
            self.assertIn(f"({'../config/shipping/' + path.name})", text)


if __name__ == "__main__":
    harness.main()
