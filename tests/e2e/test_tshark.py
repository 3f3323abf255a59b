#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tshark as an independent oracle: the lines have every DNS message that it finds in pcaps/, with addresses,
id, opcode, question, rcode, flags and the number of records in each section."""
import collections
import ipaddress
import json
import shutil
import subprocess

import covers
import harness

# from the IANA registry "Domain Name System (DNS) Parameters", as far as questions need it
TYPES = {int(n): name for name, n in (word.split(":") for word in """
A:1 NS:2 MD:3 MF:4 CNAME:5 SOA:6 MB:7 MG:8 MR:9 NULL:10 WKS:11 PTR:12 HINFO:13 MINFO:14 MX:15 TXT:16
RP:17 AFSDB:18 X25:19 ISDN:20 RT:21 NSAP:22 NSAP-PTR:23 SIG:24 KEY:25 PX:26 GPOS:27 AAAA:28 LOC:29
NXT:30 EID:31 NIMLOC:32 SRV:33 ATMA:34 NAPTR:35 KX:36 CERT:37 A6:38 DNAME:39 SINK:40 OPT:41 APL:42
DS:43 SSHFP:44 IPSECKEY:45 RRSIG:46 NSEC:47 DNSKEY:48 DHCID:49 NSEC3:50 NSEC3PARAM:51 TLSA:52
SMIMEA:53 HIP:55 NINFO:56 RKEY:57 TALINK:58 CDS:59 CDNSKEY:60 OPENPGPKEY:61 CSYNC:62 ZONEMD:63
SVCB:64 HTTPS:65 DSYNC:66 SPF:99 UINFO:100 UID:101 GID:102 UNSPEC:103 NID:104 L32:105 L64:106 LP:107
EUI48:108 EUI64:109 NXNAME:128 TKEY:249 TSIG:250 IXFR:251 AXFR:252 MAILB:253 MAILA:254 ANY:255
URI:256 CAA:257 AVC:258 DOA:259 AMTRELAY:260 RESINFO:261 WALLET:262 CLA:263 IPN:264 TA:32768
DLV:32769""".split())}
OPCODES = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}
RCODES = dict(enumerate("NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET "
                        "NOTAUTH NOTZONE DSOTYPENI".split()))
RCODES |= dict(enumerate("BADVERS BADKEY BADTIME BADMODE BADNAME BADALG BADTRUNC BADCOOKIE".split(),
                         16))
FLAGS = {"AA": "authoritative", "TC": "truncated", "RD": "recdesired", "RA": "recavail", "Z": "z",
         "AD": "authenticated", "CD": "checkdisable"}


def each(value):
    """Returns a list: tshark writes a single layer as an object, several as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def find(tree, key):
    """Yields all values of a key, anywhere in a tree, in order."""
    for k, v in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if k == key:
            yield v
        elif isinstance(v, (dict, list)):
            yield from find(v, key)


def first(tree, *keys):
    return next((v for key in keys for v in find(tree, key)), None)


def wire_name(data):
    """Returns an uncompressed name in presentation form, without the last dot."""
    labels, at = [], 0
    while at < len(data) and data[at]:
        label = data[at + 1:at + 1 + data[at]]
        labels.append("".join(
            "\\" + chr(c) if c in b".\\" else chr(c) if 0x21 <= c < 0x7f else f"\\{c:03d}"
            for c in label))
        at += 1 + data[at]
    return ".".join(labels) or "."


Message = collections.namedtuple(
    "Message", "frame reply ends proto id opcode question rcode flags counts damaged")


class Tshark:
    """Returns the messages of a capture, and how many are not decoded, by reason."""

    def __init__(self, path):
        done = subprocess.run(
            ["tshark", "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-r", path, "-Y", "dns",
             "-T", "json", "-x", "--no-duplicate-keys"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=harness.HANG_S, check=False)
        assert done.returncode == 0, done.stderr.decode()
        self.messages, self.left_out = [], collections.Counter()
        for packet in json.loads(done.stdout):
            self.packet(packet["_source"]["layers"])

    def packet(self, layers):
        stack = layers["frame"]["frame.protocols"]
        outer = stack.split(":")
        if "icmp" in outer or "icmpv6" in outer:
            return  # quoted by an error
        version = [p for p in outer if p in ("ip", "ipv6")][-1]
        ip = each(layers[version])[-1]
        fragmented = any(k.endswith(".fragments") for k in ip)
        proto = "tcp" if "tcp" in outer else "udp"
        why = covers.missing(stack, fragmented)
        found = each(layers.get("dns"))
        if why:
            self.left_out[why] += len(found)
            return
        transport = each(layers[proto])[-1]
        source = (str(ipaddress.ip_address(ip[version + ".src"])), int(transport[proto + ".srcport"]))
        target = (str(ipaddress.ip_address(ip[version + ".dst"])), int(transport[proto + ".dstport"]))
        damaged = any("_ws." + k in layers for k in ("short", "malformed", "unreassembled"))
        for dns in found:
            self.messages.append(self.message(layers, dns, source, target, proto, damaged))

    @staticmethod
    def message(layers, dns, source, target, proto, damaged):
        bits = dns.get("dns.flags_tree", {})
        reply = bits.get("dns.flags.response") == "1"
        name, qtype = first(dns, "dns.qry.name_raw"), first(dns, "dns.qry.type")
        question = None
        if name is not None:
            number = int(qtype)
            question = (wire_name(bytes.fromhex(name[0])).lower(),
                        TYPES.get(number, f"TYPE{number}"))
        extended = int(first(dns, "dns.resp.ext_rcode") or "0", 0)
        rcode = int(bits.get("dns.flags.rcode", "0")) | extended << 4
        opcode = int(bits.get("dns.flags.opcode", "0"))
        opts = sum(t == "41" for t in find(dns, "dns.resp.type"))
        counts = tuple(int(first(dns, f"dns.count.{a}", f"dns.count.{b}") or 0) for a, b in (
            ("answers", "prerequisites"), ("auth_rr", "updates"), ("add_rr", "add_rr")))
        return Message(
            frame=int(layers["frame"]["frame.number"]), reply=reply,
            ends=target + source if reply else source + target, proto=proto,
            id=int(dns["dns.id"], 0), opcode=OPCODES.get(opcode, f"OPCODE{opcode}"),
            question=question, rcode=RCODES.get(rcode, f"RCODE{rcode}"),
            flags=tuple(f for f, bit in FLAGS.items() if bits.get(f"dns.flags.{bit}") == "1"),
            counts=counts[:2] + (counts[2] - opts,),
            damaged=damaged or "_ws.malformed" in dns or "_ws.short" in dns)


def conversation(o):
    return (o["client"], o["client_port"], o["server"], o["server_port"], o["proto"], o.get("id"))


class Oracle(harness.Case):
    def check(self, path):
        oracle = Tshark(path)
        # tshark lists messages one by one
        records = self.dnsloupe("-w", "1", "--set", "txn.transfers=messages", "-r", path).records
        # A conversation with a message that tshark calls malformed or truncated must only exist; over
        # TCP not even that, because tshark takes any piece of a truncated stream for a message.
        damaged = {m.ends + (m.proto, m.id) for m in oracle.messages if m.damaged}
        ours = {conversation(r) for r in records}
        for m in oracle.messages:
            if m.damaged and m.proto == "tcp":
                continue
            self.assertIn(m.ends + (m.proto, m.id), ours, f"frame {m.frame}")
        self.assertEqual(*self.queries(oracle, records, damaged))
        self.assertEqual(*self.replies(oracle, records, damaged))
        print(f"# {path.name}: {len(oracle.messages)} messages, {len(damaged)} damaged; "
              f"not decoded: {dict(oracle.left_out)}")
        return len(oracle.messages) - len(damaged)

    @staticmethod
    def queries(oracle, records, damaged):
        want, got = collections.Counter(), collections.Counter()
        for m in oracle.messages:
            if not m.reply and m.ends + (m.proto, m.id) not in damaged:
                want[m.ends + (m.proto, m.id, m.opcode, m.question)] += 1
        for r in records:
            if r["status"] in ("answered", "no_reply") and conversation(r) not in damaged:
                question = (r["qname"].lower(), r["qtype"]) if "qname" in r else None
                got[conversation(r) + (r["opcode"], question)] += 1 + r.get("retries", 0)
        return want, got

    @staticmethod
    def replies(oracle, records, damaged):
        want, got = collections.Counter(), collections.Counter()
        for m in oracle.messages:
            if m.reply and m.ends + (m.proto, m.id) not in damaged:
                want[m.ends + (m.proto, m.id, m.rcode, m.flags, m.counts)] += 1
        for r in records:
            if r["status"] in ("answered", "no_query", "mismatch") and \
                    conversation(r) not in damaged:
                counts = tuple(len(r.get(k, [])) for k in ("answers", "authority", "additional"))
                got[conversation(r) + (r["rcode"], tuple(r.get("flags", [])), counts)] += 1
        return want, got

    def test_enough(self):
        """The oracle finds messages."""
        self.assertGreater(self.check(harness.PCAPS / "resolver.pcap"), 250)


def add(path):
    def test(self):
        self.check(path)
    setattr(Oracle, "test_" + path.stem, test)


if shutil.which("tshark"):
    for capture in harness.captures():
        add(capture)
else:
    Oracle = harness.unittest.skip("tshark is not installed")(Oracle)
if __name__ == "__main__":
    harness.main()
