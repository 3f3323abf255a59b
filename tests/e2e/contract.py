# SPDX-License-Identifier: BSD-3-Clause
"""Checks single lines against the native schema (doc/schemas.md)."""
import ipaddress
import json
import re

KEYS = [
    "ts", "sensor", "status", "proto", "client", "client_port", "server", "server_port", "group_query",
    "client_mac", "server_mac", "vlan", "tunnel", "transport", "sni", "id", "opcode", "qname", "qname_unicode", "qtype", "qclass",
    "unicast", "questions", "rcode", "flags", "query_flags", "latency_us", "evicted", "tcp_rtt_us", "retries", "query_bytes",
    "reply_bytes", "bad_checksum", "ambiguous", "transfer", "answers", "authority", "additional", "dso", "edns",
    "query_edns", "shed", "omitted", "error", "error_in"]
ALWAYS = {"ts", "sensor", "status", "proto", "client", "client_port", "server", "server_port"}
FLAGS = ["AA", "TC", "RD", "RA", "Z", "AD", "CD"]
WORDS = {
    "status": {"answered", "no_reply", "no_query", "mismatch", "duplicate", "malformed",
               "encrypted"},
    "proto": {"udp", "tcp"},
    "transport": {"dot", "doq", "dodtls", "doh", "doh3"},
    "error_in": {"query", "reply"},
    "error": {"short", "name", "count", "rdata", "trailing", "snap", "opt",
              "compression"},
}
TUNNELS = {"gre", "erspan", "vxlan", "geneve", "gtp", "ipip", "mpls", "pppoe", "teredo",
           "l2tp", "tzsp", "etherip"}
U16 = {"client_port", "server_port", "id"}
TS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
NAME = re.compile(r"\.|(?:[!-\-/-\[\]-~]|\\[.\\]|\\\d{3})+(?:\.(?:[!-\-/-\[\]-~]|\\[.\\]|\\\d{3})+)*")
SNI = re.compile(r"(?:[!-\[\]-~]|\\\\|\\\d{3}){1,255}")
SIGHTING = {"client_mac", "server_mac", "vlan", "tunnel", "transport", "sni"}
MNEMONIC = re.compile(r"[A-Z][A-Z0-9-]*")


def _pairs(pairs):
    keys = [k for k, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a duplicate key: {keys}")
    return dict(pairs)


def _empty(value):
    if value is None or value == "" or value == [] or value == {}:
        return True
    if isinstance(value, dict):
        return any(_empty(v) for k, v in value.items() if k not in ("data", "text"))
    return isinstance(value, list) and any(_empty(v) for v in value)


def _in_order(keys, order):
    places = [order.index(k) for k in keys]
    return places == sorted(places)


def _rr(rr):
    if [k for k in rr if k not in ("class", "flush")] != ["name", "type", "ttl", "data"] or \
            not _in_order(rr, ["name", "type", "class", "ttl", "flush", "data"]):
        yield f"a record has the keys {list(rr)}"
        return
    if not NAME.fullmatch(rr["name"]):
        yield f"a name that is not in presentation form: {rr['name']!r}"
    if not MNEMONIC.fullmatch(rr["type"]) or rr["type"] == "OPT":
        yield f"type {rr['type']!r} of a record"
    if rr.get("class") == "IN":
        yield "class IN is shown"
    if not 0 <= rr["ttl"] < 2**32 or not isinstance(rr["data"], str):
        yield f"ttl {rr['ttl']!r} or data {rr['data']!r}"


def _edns(edns):
    order = ["version", "udp", "do", "ecs", "cookie", "nsid", "ede", "keepalive", "padding",
             "options"]
    strange = set(edns) - set(order)
    if strange:
        yield f"EDNS keys {strange}"
    elif not _in_order(edns, order):
        yield f"EDNS keys {list(edns)} out of order"
    if not 0 <= edns.get("udp", -1) < 65536 or edns.get("version") == 0 or \
            edns.get("do", True) is not True:
        yield f"EDNS {edns}"


def check(line):
    """Yields what is wrong with a line (bytes with its newline)."""
    text = line.decode("utf-8")
    if not text.endswith("\n") or re.search(r"[\x00-\x1f\x7f]", text[:-1]):
        yield "control characters in the line, or no newline at its end"
    o = json.loads(text, object_pairs_hook=_pairs)
    if set(o) - set(KEYS) or ALWAYS - set(o):
        yield f"keys {list(o)}"
        return
    if not _in_order(o, KEYS):
        yield f"keys {list(o)} out of order"
    if _empty(o):
        yield "a key that has nothing to say"
    if not TS.fullmatch(o["ts"]):
        yield f"ts {o['ts']!r}"
    for key, words in WORDS.items():
        if key in o and o[key] not in words:
            yield f"{key} {o[key]!r}"
    for key in U16 & set(o):
        if type(o[key]) is not int or not 0 <= o[key] < 65536:
            yield f"{key} {o[key]!r}"
    for key in ("client", "server"):
        if str(ipaddress.ip_address(o[key])) != o[key]:
            yield f"{key} {o[key]!r}, canonical is {ipaddress.ip_address(o[key])}"
    for key in {"client_mac", "server_mac"} & set(o):
        if not MAC.fullmatch(o[key]):
            yield f"{key} {o[key]!r}"
    for key in ("flags", "query_flags"):
        if key in o and not (set(o[key]) <= set(FLAGS) and _in_order(o[key], FLAGS)):
            yield f"{key} {o[key]}"
    if not NAME.fullmatch(o.get("qname", ".")):
        yield f"qname {o['qname']!r}"
    if not SNI.fullmatch(o.get("sni", "a")):
        yield f"sni {o['sni']!r}"
    for key in ("opcode", "qtype", "qclass", "rcode"):
        if key in o and not MNEMONIC.fullmatch(o[key]):
            yield f"{key} {o[key]!r}"
    if o.get("tunnel", {}).get("type", "gre") not in TUNNELS:
        yield f"tunnel {o['tunnel']}"
    for key in ("answers", "authority", "additional"):
        for rr in o.get(key, []):
            yield from _rr(rr)
    for key in ("edns", "query_edns"):
        if key in o:
            yield from _edns(o[key])
    yield from _status(o)


def _transfer(o):
    """Checks the sums of a zone transfer against its record."""
    sums = o["transfer"]
    order = ["messages", "records", "octets", "serial", "duration_us", "incomplete"]
    if list(sums) != [k for k in order if k in sums] or not set(order[:3]) <= set(sums):
        yield f"transfer {sums}"
    elif o["status"] != "answered" or o["proto"] != "tcp" or o["qtype"] not in ("AXFR", "IXFR"):
        yield f"a transfer with status {o['status']}, proto {o['proto']}, qtype {o['qtype']}"
    elif sums["messages"] < 1 or sums["octets"] < o["reply_bytes"] or \
            ("serial" in sums) != ("duration_us" in sums) or sums.get("incomplete", True) is not True:
        yield f"transfer {sums}"
    elif "serial" in sums and "answers" in o:
        yield "a transfer of several messages, and answers"


def _status(o):
    """Checks the keys that belong to a status."""
    status = o["status"]
    if status == "encrypted":
        if set(o) - ALWAYS - SIGHTING or ("sni" in o and "transport" not in o):
            yield f"encrypted, with the keys {list(o)}"
    elif {"transport", "sni"} & set(o):
        yield f"transport or sni with status {status}"
    both = status in ("answered", "duplicate")
    if ("latency_us" in o) != both:
        yield f"latency_us with status {status}" if not both else "no latency_us"
    if status == "no_reply" and {"rcode", "flags", "reply_bytes", "edns"} & set(o):
        yield "no_reply, but something of a reply"
    if status in ("no_query", "mismatch", "duplicate") and {"query_edns", "retries"} & set(o):
        yield f"{status}, with members of a query"
    if both and not {"reply_bytes", "rcode", "id", "opcode"} <= set(o):
        yield f"{status}, but reply_bytes, rcode, id or opcode is missing"
    if ("query_bytes" in o) != (status in ("answered", "no_reply")) and status != "malformed":
        yield f"query_bytes with status {status}, or not"
    if "evicted" in o and (status != "no_reply" or o["evicted"] is not True):
        yield f"evicted is {o['evicted']} with status {status}"
    if "ambiguous" in o and (o["proto"] != "tcp" or
                             o["ambiguous"] not in (["query"], ["reply"], ["query", "reply"])):
        yield f"ambiguous is {o['ambiguous']} with proto {o['proto']}"
    if "transfer" in o:
        yield from _transfer(o)
    if o.get("retries") == 0:
        yield "retries 0 is shown"
