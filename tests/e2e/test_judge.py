#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares captures of many origins with tshark's tables of them; skipped unless both lie beside the
repository (../shared). Whatever covers.py says is decoded must agree."""
import csv
import re
import subprocess

import covers
import harness

SHARED = harness.ROOT.parent / "shared"
JUDGE = SHARED / "tools" / "judge"
CORPORA = SHARED / "corpora"

# Captures of these categories must agree, unless they have messages that covers.py says are not
# decoded, or are in JUSTIFIED. Add a category when the program supports it.
CATEGORIES = set("""
udp ipv6 edns edns-options edns-extrcode dnssec svcb svcb-query-only mdns llmnr nbns non53 encap:VLAN
encap:QinQ linktype snaplen malformed odd-names qdcount-0 qdcount-many opcode-odd update notify
unknown-type mixed-case bad-checksum port53-not-dns icmp-quoted bulk big-frames dns-retransmission
dns-tunnel tc-bit rcodes derived-eth derived-snaplen derived-libpcap derived-bad-packets
tcp tcp-segmented tcp-pipelined tcp-loss tcp-retransmission frag4 frag6 frag-dns encap:GRE
encap:VXLAN encap:GENEVE encap:GTP encap:PPPoE encap:4in6 encap:6in4 derived-encap derived-tcp
derived-frag xfr
""".split())

# Captures where dnsloupe is right, or differs on purpose: the reason, with the frame.
JUSTIFIED = {
    "pcaps/compactor--knot-live.ignored.pcap":
        "frames 96 and 117: names longer than 255 octets (RFC 1035, 3.1) make a message malformed",
    "pcaps/compactor--knot-live.raw.first9900.pcap":
        "frame 9148: a name longer than 255 octets, as above",
    "pcaps/dnscap--dnso1tcp-bighole.pcap":
        "from frame 20 on, behind a gap in both directions, tshark finds no message; each is whole",
    "pcaps/dnscap--dnso1tcp-midmiss.pcap":
        "frames 14 to 19: as above; the reply in 14 and the pair in 17 and 19 are whole",
    "pcaps/dnscap--do1t-nosyn-1nolen.pcap":
        "frame 7: a query that tshark misses, as the segment before it has no length prefix",
    "pcaps/entrada2--sidnlabs-test-tcp-stream-continued.pcap":
        "frames 2 to 16: replies of a stream joined in the middle; tshark finds none of them",
    "pcaps/nDPI--default_pcap_badpackets.pcap":
        "every frame is the first fragment of a datagram, the others are not there; tshark reads "
        "each as if it were the whole",
    "pcaps/nDPI--default_pcap_fuzz-2006-06-26-2594.pcap":
        "frames 382, 384, 391, 450, 517, 579: names with a label of no known kind (first bits 01 or "
        "10) cannot be read; tshark shows what stands before it",
    "pcaps/PCAPdroid--app_src_main_jni_tests_pcap_invalid_or_unsupported.pcap":
        "first fragments without the others, as in badpackets.pcap",
    "pcaps/suricata-verify--dns-tcp-ts-gap.pcap":
        "frame 10: a query behind a lost segment, which tshark does not find; it is whole, and the "
        "reply to it is in frame 11",
    "pcaps/suricata-verify--dns_dns-forward-pointer.pcap":
        "frame 1: a compression pointer that points forwards (RFC 1035, 4.1.4: a prior occurrence)",
}

# Captures where dnsloupe is known to be wrong: to be fixed, then removed.
FAULTS = {}


class Judge(harness.Case):
    """Runs the judge on pcaps/ and on derived/, which has no tables of records."""

    def setUp(self):
        super().setUp()
        if not JUDGE.exists():
            self.skipTest(f"{JUDGE.relative_to(SHARED.parent)} is not there")
        with open(CORPORA / "index.tsv", encoding="utf-8", newline="") as f:
            self.index = {row["file"]: row for row in
                          csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}

    def why_not(self, name):
        """Returns why a capture need not agree, or ""."""
        row = self.index[name]
        if not set(row["category"].split(",")) & CATEGORIES:
            return "category"
        csv.field_size_limit(1 << 30)
        with open(CORPORA / "oracle" / (row["oracle"] + ".tsv"), encoding="utf-8",
                  newline="") as f:
            for message in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
                if message["app"] == "dns" and message["in_icmp"] == "0":
                    why = covers.missing(
                        message["stack"], message["ip_fragments"] or
                        message["short"] == "unreassembled")
                    if why:
                        return why
        return ""

    def judge(self, only, least, *args):
        done = subprocess.run(
            [JUDGE, "--binary", harness.EXE, "--only", only, *args], env=harness.ENV,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=3600, check=False)
        if "install python3-dnspython" in done.stderr:
            self.skipTest("python3-dnspython is not installed")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        summary = re.search(r"^judge: (\d+) captures agree, (\d+) differ, (\d+) crashed",
                            done.stdout, re.M)
        self.assertTrue(summary, done.stdout[-2000:])
        agree, differ, crashed = map(int, summary.groups())
        self.assertGreaterEqual(agree, least)

        blocks, name = {}, None
        for line in done.stdout.splitlines():
            start = re.match(r"((?:pcaps|derived)/.+?)(?: \[.*\])?: ", line)
            if start and start[1] in self.index:
                name = start[1]
                blocks[name] = []
            if name:
                blocks[name].append(line)
        self.assertEqual(len(blocks), differ + crashed)
        excused, wrong = {}, []
        for name, block in blocks.items():
            why = (JUSTIFIED | FAULTS).get(name) or self.why_not(name)
            if why and "differences" in block[0]:
                excused[why] = excused.get(why, 0) + 1
            else:
                wrong += block[:8]
        print(f"# judge of {only}: {agree} agree, {differ} differ, {crashed} crashed")
        for why, n in sorted(excused.items()):
            print(f"# {n} differ: {why}")
        if wrong:
            self.fail("\n".join(wrong))
        stale = [j for j in JUSTIFIED | FAULTS if j.startswith(only) and j not in blocks]
        self.assertEqual(stale, [], "no longer differ: take them out of the lists above")

    def test_pcaps(self):
        self.judge("pcaps/", 365)

    def test_derived(self):
        self.judge("derived/", 130, "--no-rrs")

    def test_queues(self):
        """Every fourth capture, in several queues at random, gives the lines of one queue."""
        wrong = []
        for i, name in enumerate(sorted(self.index)[::4]):
            path = CORPORA / name
            one, many = (sorted(self.dnsloupe(*args, "-r", path, code=None).lines) for args in (
                ("-w", 1), ("-w", 4, "--set", f"input.queues={2 + i % 3}",
                            "--set", f"input.seed={i}")))
            if one != many:
                wrong.append(name)
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    harness.main()
