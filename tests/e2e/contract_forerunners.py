# SPDX-License-Identifier: BSD-3-Clause
"""The contract of the forerunners' schemas (doc/schemas.md): the form of their documents, and what
they must say given the native documents of the same records, worked out here once more."""
import datetime
import decimal
import ipaddress
import json
import re

GOPASSIVEDNS = {
    "query_id": int, "rcode": int, "q": str, "qtype": str, "a": str, "atype": str, "ttl": int,
    "dst": str, "src": str, "tstamp": str, "elapsed": int, "sport": str, "level": str,
    "bytes": int, "protocol": str, "truncated": bool, "aa": bool, "rd": bool, "ra": bool}
TX = {
    "client_addr": str, "client_port": int, "query": list, "query_ts": float, "reply": list,
    "reply_ts": float, "server_addr": str, "server_port": int, "status": str, "tx_id": int}
RECORD = {
    "client_addr": str, "client_port": int, "data": str, "msg_type": str, "name": str,
    "section": str, "server_addr": str, "server_port": int, "tx_id": int, "type": str}
ENTRY = {"data": str, "name": str, "section": str, "type": str}
SECTIONS = {"answers": "answer", "authority": "authority", "additional": "additional"}
STATUS = {"answered": "success", "no_reply": "no_reply"}
RCODES = {
    "NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5,
    "YXDOMAIN": 6, "YXRRSET": 7, "NXRRSET": 8, "NOTAUTH": 9, "NOTZONE": 10, "DSOTYPENI": 11,
    "BADVERS": 16, "BADKEY": 17, "BADTIME": 18, "BADMODE": 19, "BADNAME": 20, "BADALG": 21,
    "BADTRUNC": 22, "BADCOOKIE": 23}
PHRASES = {
    1: "Format Error", 2: "Server Failure ", 3: "Non-Existent Domain", 4: "Not Implemented",
    5: "Query Refused", 9: "Server Not Authoritative for zone", 16: "Bad OPT Version",
    23: "Bad Cookie"}
BARE = {"NS", "CNAME", "SOA", "PTR", "MX", "SRV"}
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{0,8}[1-9])? \+0000 UTC")


def check_form(line, form, whole=False):
    """Yields what is wrong with a line: JSON, its members, their order and types."""
    o = json.loads(line)
    # numbers stay as they were written: some have more digits than a float
    plain = json.dumps(json.loads(line, parse_float=lambda s: f"<{s}>"), separators=(",", ":"),
                       ensure_ascii=False)
    if line != re.sub(r'"<([-0-9.]+)>"', r"\1", plain).encode() + b"\n" and b"\\u" not in line:
        yield "other octets than the plainest form of the same JSON"
    if [k for k in form if k in o] != list(o):
        yield f"members {list(o)}"
    if whole and list(o) != list(form):
        yield f"not all members: {list(o)}"
    for key, value in o.items():
        if type(value) is not form.get(key):
            yield f"{key} is {value!r}"
    for key in ("client_addr", "server_addr", "src", "dst"):
        if key in o and str(ipaddress.ip_address(o[key])) != o[key]:
            yield f"{key} {o[key]!r}"
    if "tstamp" in o and not TIME.fullmatch(o["tstamp"]):
        yield f"tstamp {o['tstamp']!r}"
    for entry in o.get("query", []) + o.get("reply", []):
        if [k for k in ENTRY if k in entry] != list(entry) or \
                ("data" in entry) == (entry["section"] == "question"):
            yield f"entry {entry}"


def _seconds(native):
    """Query's and reply's time: exact seconds, or None."""
    whole, part = native["ts"][:-1].split(".")
    moment = datetime.datetime.fromisoformat(whole + "+00:00")
    ts = decimal.Decimal(int(moment.timestamp())) + decimal.Decimal("0." + part)
    latency = decimal.Decimal(str(native.get("latency_us", 0))) / 1000000
    query = ts if "query_bytes" in native else None
    reply = (ts + latency if query is not None else ts) if "reply_bytes" in native else None
    return query, reply


def _type(native_type):
    return native_type[4:] if re.fullmatch(r"TYPE\d+", native_type) else native_type


def _dotted(name, nbns):
    return name if name == "." or nbns else name + "."


def _entries(native, key):
    nbns = 137 in (native["client_port"], native["server_port"])
    for rr in native.get(key, []):
        yield {"data": rr["data"], "name": _dotted(rr["name"], nbns), "section": SECTIONS[key],
               "type": _type(rr["type"])}


def _ends(native):
    return {"client_addr": native["client"], "client_port": native["client_port"],
            "server_addr": native["server"], "server_port": native["server_port"]}


def gazer_of(native):
    """The transaction, without its questions and OPT records, which native shows elsewhere."""
    query, reply = _seconds(native)
    o = _ends(native)
    rest = [e for key in SECTIONS for e in _entries(native, key)]
    if query is not None:
        o["query_ts"] = query
    if reply is not None:
        o["reply_ts"] = reply
    if rest:
        o["reply" if reply is not None else "query"] = rest
    if "id" in native:
        o["tx_id"] = native["id"]
    o["status"] = STATUS.get(native["status"], "no_query" if query is None else "no_reply")
    return o


def gazer_shown(line):
    """The same of a line."""
    o = json.loads(line, parse_float=decimal.Decimal)
    for key in ("query", "reply"):
        kept = [e for e in o.pop(key, [])
                if e["section"] != "question" and e["type"] != "OPT"]
        if kept and not (key == "query" and "reply_ts" in o):
            o[key] = kept
    return o


def gazer_records_of(line):
    """The flat records of a transaction's line."""
    o = json.loads(line)
    for key in ("query", "reply"):
        for entry in o.get(key, []):
            flat = {k: o[k] for k in ("client_addr", "client_port", "server_addr", "server_port",
                                      "tx_id")}
            yield dict(sorted({**flat, **entry, "msg_type": key}.items()))


def gopassivedns_of(native):
    """All lines of one record, without `bytes` where native cannot say it."""
    if native.get("opcode") != "QUERY" or native["status"] == "malformed":
        return
    query, reply = _seconds(native)
    last = reply if reply is not None else query
    flags = native.get("flags", []) if reply is not None else []
    asked = native.get("query_flags", []) if query is not None else flags
    word = native.get("rcode", "NOERROR")
    rcode = RCODES[word] if word in RCODES else int(word[5:])
    moment = datetime.datetime.fromtimestamp(int(last), datetime.timezone.utc)
    part = f"{last % 1:.9f}"[2:].rstrip("0")
    head = {"query_id": native["id"], "rcode": rcode, "q": native.get("qname", ""),
            "qtype": _type(native.get("qtype", ""))}
    tail = {"dst": native["server"], "src": native["client"],
            "tstamp": moment.strftime("%Y-%m-%d %H:%M:%S") + (f".{part}" if part else "") +
            " +0000 UTC",
            "elapsed": int((reply - query) * 10**9) if query and reply else 0,
            "sport": str(native["client_port"]), "level": "", "protocol": native["proto"],
            "truncated": "TC" in flags, "aa": "AA" in flags, "rd": "RD" in asked,
            "ra": "RA" in flags}
    answers = native.get("answers", []) if reply is not None and rcode == 0 else []
    for rr in answers:
        data = rr["data"]
        if rr["type"] in BARE and not data.startswith("\\#"):
            data = " ".join(w[:-1] if len(w) > 1 and w.endswith(".") else w
                            for w in data.split(" "))
        yield {**head, "a": data, "atype": _type(rr["type"]), "ttl": rr["ttl"], **tail}
    if not answers:
        yield {**head, "a": PHRASES.get(rcode, "Unknown") if rcode else "", "atype": "", "ttl": 0,
               **tail}
