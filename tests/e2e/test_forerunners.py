#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compatibility with readers of dns-gazer's and gopassivedns's logs: the examples of dns-gazer's README and
the assertions of gopassivedns's own tests, with the same packets. Then the options of a sink: fields,
sections, encodings. Reads gopassivedns's own captures, too, where they lie beside the repository."""
import io
import json
import struct

import capture
import contract
import harness

try:
    import msgpack
except ImportError:
    msgpack = None

SHARED = harness.ROOT.parent / "shared" / "corpora" / "pcaps"

# --- dns-gazer's README ------------------------------------------------------------------------

CLIENT, SERVER = "10.139.96.169", "210.196.3.183"
QUERY_NS, REPLY_NS = 1444531212628222000, 1444531212643494000
QNAME = "bf-pro-front.cloudapp.net"
RECORDS = [
    '2015-10-11T02:40:12+00:00\tdns-gazer.dns.record\t{"client_addr": "10.139.96.169", '
    '"client_port": 53684, "msg_type": "query", "name": "bf-pro-front.cloudapp.net.", '
    '"section": "question", "server_addr": "210.196.3.183", "server_port": 53, "tx_id": 23904, '
    '"type": "A"}\n',
    '2015-10-11T02:40:12+00:00\tdns-gazer.dns.record\t{"client_addr": "10.139.96.169", '
    '"client_port": 53684, "msg_type": "reply", "name": "bf-pro-front.cloudapp.net.", '
    '"section": "question", "server_addr": "210.196.3.183", "server_port": 53, "tx_id": 23904, '
    '"type": "A"}\n',
    '2015-10-11T02:40:12+00:00\tdns-gazer.dns.record\t{"client_addr": "10.139.96.169", '
    '"client_port": 53684, "data": "23.100.102.231", "msg_type": "reply", '
    '"name": "bf-pro-front.cloudapp.net.", "section": "answer", "server_addr": "210.196.3.183", '
    '"server_port": 53, "tx_id": 23904, "type": "A"}\n']
TX = (
    '2015-10-11T02:40:12+00:00\tdns-gazer.dns.tx\t{"client_addr": "10.139.96.169", '
    '"client_port": 53684, "query": [{"name": "bf-pro-front.cloudapp.net.", "section": "question", '
    '"type": "A"}], "query_ts": 1.44453e+09, "reply": [{"name": "bf-pro-front.cloudapp.net.", '
    '"section": "question", "type": "A"}, {"data": "23.100.102.231", '
    '"name": "bf-pro-front.cloudapp.net.", "section": "answer", "type": "A"}], '
    '"reply_ts": 1.44453e+09, "server_addr": "210.196.3.183", "server_port": 53, '
    '"status": "success", "tx_id": 23904}\n')
# The one difference: dns-gazer truncates times to six digits.
TX = TX.replace("1.44453e+09", "1444531212.628222", 1).replace("1.44453e+09", "1444531212.643494")


def lookup(ns, latency_ns, client, port, server, ident, qname, qtype, rcode=0, answers=()):
    """Returns a query and its reply over UDP."""
    return [capture.udp(ns, client, port, server, 53, capture.message(ident, qname, qtype)),
            capture.udp(ns + latency_ns, server, 53, client, port,
                        capture.message(ident, qname, qtype, reply=True, rcode=rcode,
                                        answers=answers))]


class Gazer(harness.Case):
    def setUp(self):
        super().setUp()
        self.path = self.dir / "sample.pcap"
        frames = lookup(QUERY_NS, REPLY_NS - QUERY_NS, CLIENT, 53684, SERVER, 23904, QNAME, 1,
                        answers=[(1, 60, bytes([23, 100, 102, 231]))])
        frames += lookup(QUERY_NS + 10**9, 10**6, CLIENT, 50000, SERVER, 7, "news.nicovideo.jp", 1,
                         answers=[(1, 60, bytes([202, 248, 252, 190]))])
        self.path.write_bytes(capture.pcap(frames))

    def written(self, schema, encoding, **more):
        sink = {"type": "stdout", "schema": schema, "encoding": encoding, **more}
        return self.dnsloupe("-w", "1", "-r", self.path, "--sink", json.dumps(sink)).out

    def test_text(self):
        """dns-gazer -t -"""
        self.assertEqual(self.written("gazer", "text").decode().splitlines(True)[0], TX)

    def test_text_records(self):
        """dns-gazer -R -t -"""
        lines = self.written("gazer-both", "text").decode().splitlines(True)
        self.assertEqual(lines[:4], [RECORDS[0], TX] + RECORDS[1:])
        self.assertEqual(len(lines), 8)
        lines = self.written("gazer-record", "text").decode().splitlines(True)
        self.assertEqual(lines[:3], RECORDS)

    def test_json(self):
        """Every encoding has the same contents."""
        lines = self.written("gazer-both", "json").splitlines()
        texts = self.written("gazer-both", "text").decode().splitlines()
        self.assertEqual([json.loads(x) for x in lines],
                         [json.loads(t.split("\t")[2]) for t in texts])

    @harness.unittest.skipUnless(msgpack, "python3-msgpack is not installed")
    def test_msgpack(self):
        """dns-gazer -o -, also with -R: what its own tests expect of the first messages."""
        first = next(msgpack.Unpacker(io.BytesIO(self.written("gazer", "msgpack-tagged"))))
        tag, second, record = first
        self.assertEqual((tag, second), ("dns-gazer.dns.tx", 1444531212))
        self.assertEqual((record["client_addr"], record["server_addr"], record["server_port"]),
                         (CLIENT, SERVER, 53))
        self.assertEqual(record["query"],
                         [{"name": QNAME + ".", "type": "A", "section": "question"}])
        self.assertEqual(record["reply"][1], {"name": QNAME + ".", "type": "A",
                                              "data": "23.100.102.231", "section": "answer"})
        self.assertEqual(record["query_ts"], 1444531212.628222)
        every = list(msgpack.Unpacker(io.BytesIO(self.written("gazer-both", "msgpack-tagged"))))
        self.assertEqual([m[0].rsplit(".")[-1] for m in every], ["record", "tx"] + 2 * ["record"] +
                         ["record", "tx"] + 2 * ["record"])
        self.assertEqual([m[2].get("msg_type") for m in every[:4]],
                         ["query", None, "reply", "reply"])
        self.assertEqual([m[2] for m in every], [
            json.loads(x) for x in self.written("gazer-both", "json").splitlines()])
        plain = list(msgpack.Unpacker(io.BytesIO(self.written("gazer", "msgpack"))))
        self.assertEqual(plain[0], record)

    def test_extra(self):
        """Members that dns-gazer does not have, on request."""
        record = json.loads(self.written("gazer", "json", extra=True).splitlines()[0])
        self.assertEqual((record["rcode"], record["flags"], record["query_flags"]),
                         ("NOERROR", ["RD", "RA"], ["RD"]))
        self.assertEqual(record["reply"][1]["ttl"], 60)

    def test_fields(self):
        """include, exclude, both; sections."""
        def keys(**more):
            return list(json.loads(self.written("native", "json", **more).splitlines()[0]))
        whole = keys()
        self.assertEqual(keys(fields={"include": ["qname", "ts"]}), ["ts", "qname"])
        self.assertEqual(keys(fields={"exclude": ["qname", "ts"]}),
                         [k for k in whole if k not in ("ts", "qname")])
        self.assertEqual(keys(fields={"include": ["qname", "ts"], "exclude": ["ts"]}), ["qname"])
        self.assertEqual(keys(fields={"include": contract.KEYS}), whole)
        self.assertEqual(keys(sections="none"), [k for k in whole if k != "answers"])
        self.assertEqual(keys(sections="answers"), whole)

    def test_refused(self):
        """Unknown members, and encodings that a sink or a schema does not support, are refused."""
        for sink, words in (
                ({"fields": {"include": ["qname", "nome"]}}, ["fields.include", '"nome"']),
                ({"fields": {"exclude": ["q"]}}, ["fields.exclude", '"q"', "native"]),
                ({"schema": "gopassivedns", "fields": {"exclude": ["ts"]}}, ['"ts"']),
                ({"encoding": "avro"}, ["encoding", "gopassivedns"]),
                ({"encoding": "avro", "schema": "gopassivedns"}, ["encoding", "stdout"]),
                ({"level": "a b", "schema": "gopassivedns"}, ["level", "a b"])):
            sink = json.dumps({"type": "stdout", **sink})
            self.refuses(["-r", self.path, "--sink", sink], "sinks[0].", *words, code=2)

    def test_one_read(self):
        """Sinks of all kinds at once write what each writes alone."""
        forms = [(s, e) for s in ("native", "gazer", "gazer-both", "gopassivedns")
                 for e in ("json", "text", "msgpack", "msgpack-tagged")]
        sinks = []
        for n, (schema, encoding) in enumerate(forms):
            sinks += ["--sink", json.dumps({"type": "file", "name": f"s{n}",
                                            "path": str(self.dir / f"s{n}"), "schema": schema, "append": False,
                                            "encoding": encoding})]
        self.dnsloupe("-w", "1", "-r", self.path, *sinks)
        for n, form in enumerate(forms):
            self.assertEqual((self.dir / f"s{n}").read_bytes(), self.written(*form), form)


# --- gopassivedns's tests ----------------------------------------------------------------------

LOOKUPS = {
    # name of its test: id, question, type, rcode, answers; then of the first line: a, atype, ttl
    "A": (0x4fb8, "www.slashdot.org", 1, 0, [(1, 110, bytes([216, 34, 181, 48]))],
          ("216.34.181.48", "A", 110)),
    "AAAA": (0x1a63, "www.google.com", 28, 0,
             [(28, 55, bytes.fromhex("2607f8b040010c020000000000000093"))],
             ("2607:f8b0:4001:c02::93", "AAAA", 55)),
    "NS": (0x6162, "google.com", 2, 0,
           [(2, 21581, b"\3ns" + n + b"\xc0\x0c") for n in (b"2", b"1", b"4", b"3")],
           ("ns2.google.com", "NS", 21581)),
    "MX": (0x6f87, "google.com", 15, 0,
           [(15, 567, struct.pack(">H", p) + b"\4" + n + b"\5aspmx\1l\xc0\x0c")
            for p, n in ((40, b"alt3"), (50, b"alt4"), (30, b"alt2"), (20, b"alt1"))] +
           [(15, 567, b"\0\x0a\5aspmx\1l\xc0\x0c")],
           ("40 alt3.aspmx.l.google.com", "MX", 567)),
    "NXDOMAIN": (0xb369, "asdtartfgeasf.asdfgsdf.com", 1, 3, [], ("Non-Existent Domain", "", 0)),
}
TYPES = {1: "A", 2: "NS", 15: "MX", 28: "AAAA"}


class Gopassivedns(harness.Case):
    def lines(self, path):
        return self.dnsloupe("-w", "1", "-r", path, "--sink",
                             "type=stdout,schema=gopassivedns").records

    def check(self, lines, test):
        ident, qname, qtype, rcode, answers, first = LOOKUPS[test]
        self.assertEqual(len(lines), max(len(answers), 1))
        for line in lines:
            self.assertEqual((line["query_id"], line["rcode"], line["q"], line["qtype"]),
                             (ident, rcode, qname, TYPES[qtype]))
        self.assertEqual((lines[0]["a"], lines[0]["atype"], lines[0]["ttl"]), first)

    def test_its_tests(self):
        for test, (ident, qname, qtype, rcode, answers, _) in LOOKUPS.items():
            with self.subTest(test):
                frames = lookup(1460416564781324000, 876001, "172.17.64.6", 45776, "172.17.0.1",
                                ident, qname, qtype, rcode, answers)
                path = self.dir / "made.pcap"
                path.write_bytes(capture.pcap(frames, nano=True))
                lines = self.lines(path)
                self.check(lines, test)
                self.assertEqual(lines[0], {
                    **lines[0], "src": "172.17.64.6", "dst": "172.17.0.1", "sport": "45776",
                    "tstamp": "2016-04-11 23:16:04.782200001 +0000 UTC", "elapsed": 876001,
                    "bytes": frames[1].wire, "protocol": "udp", "truncated": False, "aa": False,
                    "rd": True, "ra": True, "level": ""})

    def test_its_captures(self):
        if not SHARED.is_dir():
            self.skipTest("the shared folder is not there")
        for test in ("AAAA", "MX", "NXDOMAIN"):
            lines = self.lines(SHARED / f"gopassivedns--{test.lower()}.pcapng")
            ident, qname, qtype, rcode, _, first = LOOKUPS[test]
            self.assertEqual((lines[0]["query_id"], lines[0]["rcode"], lines[0]["q"],
                              lines[0]["qtype"]), (ident, rcode, qname, TYPES[qtype]))
            self.assertEqual((lines[0]["a"], lines[0]["atype"], lines[0]["ttl"]), first)
        lines = self.lines(SHARED / "gopassivedns--multiple_udp.pcapng")
        self.assertEqual(len(lines), 3)
        self.assertEqual((lines[2]["query_id"], lines[2]["q"], lines[2]["a"], lines[2]["ttl"]),
                         (0xb967, "www.fark.com", "64.191.171.200", 600))
        # gopassivedns decodes one message a TCP connection, at its end, and none of port "0"
        lines = self.lines(SHARED / "gopassivedns--100_tcp_lookups.pcapng")
        self.assertEqual({line["protocol"] for line in lines}, {"tcp"})
        self.assertEqual(len(lines), 300)
        self.assertNotIn("0", {line["sport"] for line in lines})

    def test_retry(self):
        """A retransmitted query does not delete the open one (gopassivedns loses every second one)."""
        query, reply = lookup(10**18, 3 * 10**6, "192.0.2.1", 4321, "192.0.2.53", 1, "a.example", 1,
                              answers=[(1, 1, b"\1\2\3\4")])
        again = query._replace(ns=query.ns + 10**6)
        path = self.dir / "made.pcap"
        path.write_bytes(capture.pcap([query, again, reply]))
        lines = self.lines(path)
        self.assertEqual([(x["a"], x["elapsed"]) for x in lines], [("1.2.3.4", 3 * 10**6)])

    def test_octets(self):
        """Octets that are not UTF-8 still give valid lines."""
        qname = capture.name("a").replace(b"\1a", b"\3\xff\"\n")
        query = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + qname + b"\0\1\0\1"
        path = self.dir / "made.pcap"
        path.write_bytes(capture.pcap(
            [capture.udp(10**18, "192.0.2.1", 4321, "192.0.2.53", 53, query)]))
        self.assertEqual([x["q"] for x in self.lines(path)], ["\\255\"\\010"])


if __name__ == "__main__":
    harness.main()
