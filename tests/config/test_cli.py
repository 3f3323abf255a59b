#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line from outside: test_cli.py DNSLOUPE. Needs no capture and no DPDK."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIGRATE = ROOT / "scripts" / "migrate"
EXE = os.path.abspath(sys.argv.pop(1))


def run(*args, env=None, stdout=subprocess.PIPE):
    """Runs the program with only the given DNSLOUPE_* variables."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DNSLOUPE_")}
    return subprocess.run([EXE, *args], env=clean | (env or {}), stdout=stdout, text=True,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)


class Cli(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def file(self, text):
        path = pathlib.Path(self.dir.name, "c.json")
        path.write_text(text, encoding="utf-8")
        return str(path)

    def printed(self, *args, env=None):
        done = run("--print-config", *args, env=env)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return json.loads(done.stdout)

    def fails(self, words, *args, env=None, code=2):
        """One line on standard error, nothing on standard output."""
        done = run(*args, env=env)
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        self.assertEqual(done.stderr, f"dnsloupe: error: {words}; see dnsloupe --help\n")

    def test_help(self):
        for flag in ("-h", "--help"):
            done = run(flag)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith("usage: dnsloupe FILE..."))
            for word in ("-r, --read FILE", "-o, --output FILE", "-w, --workers N",
                         "-p, --ports LIST", "-c, --config FILE", "--timeout MS",
                         "--set KEY=VALUE", "--check", "--print-config", "--list-keys[=markdown]",
                         "--stats FILE", "-q, --quiet", "-v, --verbose", "-h, --help",
                         "-V, --version", "(default 5000)", "examples:"):
                self.assertIn(word, done.stdout)
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)

    def test_help_wins(self):
        self.assertEqual(run("--help", env={"DNSLOUPE_WORKERS": "x"}).returncode, 0)

    def test_version(self):
        for flag in ("-V", "--version"):
            done = run(flag)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"\Adnsloupe \d+\.\d+\.\d+\S*\n\Z")
            # Packages take it from the same place.
            version = subprocess.run([ROOT / "scripts/version"], check=True, text=True,
                                     stdout=subprocess.PIPE).stdout
            self.assertEqual(done.stdout, f"dnsloupe {version}")

    def test_man_page(self):
        """It has every flag of --help, and no other one."""
        flags = set(re.findall(r"^ {2}(?:-\w, | {4})--([\w-]+)", run("--help").stdout, re.M))
        self.assertGreater(len(flags), 25)
        page = (ROOT / "doc/dnsloupe.1").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"^\.It Fl (?:\w , Fl )?-([\w-]+)", page, re.M)), flags)

    def test_list_keys(self):
        text, markdown = run("--list-keys"), run("--list-keys=markdown")
        self.assertEqual((text.returncode, markdown.returncode), (0, 0))
        self.assertIn("DNSLOUPE_TXN_TIMEOUT_MS", text.stdout)
        self.assertIn("| `txn.timeout_ms` |", markdown.stdout)
        self.fails('--list-keys: unknown form "html", expected markdown or nothing',
                   "--list-keys=html")

    def test_check(self):
        done = run("--check")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(done.stderr, "dnsloupe: configuration is correct\n")
        self.assertEqual(run("--check", "-q").stderr, "")
        self.fails("--workers: workers: 65 is out of range, expected a whole number from 0 to 64",
                   "--check", "-w", "65")

    def test_each_flag(self):
        conf = self.printed("-r", "a,b", "--read=[c", "-o", "o.jsonl", "-w", "3", "-p", "53,5353",
                            "--timeout", "7", "--stats=-", "-v")
        self.assertEqual(conf["input"]["files"], ["a,b", "[c"])
        self.assertEqual(conf["output"]["file"], "o.jsonl")
        self.assertEqual(conf["workers"], 3)
        self.assertEqual(conf["dns"]["ports"], [53, 5353])
        self.assertEqual(conf["txn"]["timeout_ms"], 7)
        self.assertEqual(conf["stats"]["file"], "-")
        self.assertEqual(conf["log"]["level"], "verbose")
        self.assertEqual(self.printed("-q")["log"]["level"], "quiet")
        self.assertEqual(self.printed("-r", "-")["input"]["files"], ["-"])

    def test_last_counts(self):
        conf = self.printed("-w", "1", "--set", "workers=2", "-w", "3", "-p", "1", "-p", "2", "-qv")
        self.assertEqual(conf["workers"], 3)
        self.assertEqual(conf["dns"]["ports"], [2])
        self.assertEqual(conf["log"]["level"], "verbose")
        self.assertEqual(self.printed("-w", "1", "--set", "workers=2")["workers"], 2)

    def test_precedence(self):
        path = self.file('{"workers": 1, "sensor": "file", "txn": {"timeout_ms": 1},'
                         ' "input": {"files": ["f"]}}')
        env = {"DNSLOUPE_WORKERS": "2", "DNSLOUPE_SENSOR": "env", "DNSLOUPE_INPUT_FILES": "e,f"}
        conf = self.printed("-c", path, "-w", "3", env=env)
        self.assertEqual((conf["workers"], conf["sensor"], conf["txn"]["timeout_ms"],
                          conf["txn"]["max_open"]), (3, "env", 1, 131072))
        self.assertEqual(conf["input"]["files"], ["e", "f"])
        conf = self.printed("-c", path, "-r", "x", "-r", "y", env=env)
        self.assertEqual(conf["input"]["files"], ["x", "y"])
        self.assertEqual(self.printed(env={"DNSLOUPE_CONFIG": path})["sensor"], "file")
        self.assertEqual(self.printed("-c", path, env={"DNSLOUPE_CONFIG": "/nowhere"})["workers"], 1)

    def test_round_trip(self):
        first = run("--print-config", "--set", 'sensor="\\u00e4\\n"', "-r", 'q"\\', "-r", "-")
        again = run("--print-config", "-c", self.file(first.stdout))
        self.assertEqual((again.returncode, again.stdout), (0, first.stdout))

    def test_files(self):
        path = self.file('{\n  "workers": 1,\n}')
        self.fails(f"{path}:2:15: a comma before }}", "--check", "-c", path)
        self.fails(f"{path}:2:15: a comma before }}", "--check", env={"DNSLOUPE_CONFIG": path})
        path = self.file('{"txn": {"timeout": 1}}')
        self.fails(f'{path}: unknown key "txn.timeout" (did you mean "txn.timeout_ms"?)',
                   "--check", "-c", path)
        self.fails(f"{self.dir.name}: is a directory, expected a file", "-c", self.dir.name)
        self.fails("/nowhere.json: cannot open: No such file or directory",
                   "--check", "-c", "/nowhere.json")
        self.fails("the configuration file's name is empty", "--check",
                   env={"DNSLOUPE_CONFIG": ""})

    def test_environment(self):
        self.fails("unknown environment variable DNSLOUPE_TXN_TIMEOUT "
                   "(did you mean DNSLOUPE_TXN_TIMEOUT_MS?)", "--check",
                   env={"DNSLOUPE_TXN_TIMEOUT": "5"})
        self.fails("DNSLOUPE_DNS_PORTS: dns.ports: the list is empty, expected a list of 1 to 256 "
                   "ports, each from 1 to 65535, or ranges as 5300-5310, or any", "--check",
                   env={"DNSLOUPE_DNS_PORTS": ""})

    def test_usage(self):
        self.fails("nothing to read: name a capture with -r FILE, an interface with -i NAME or "
                   "a device with -d DEVARGS")
        for words in (["/nonexistent/x.pcap"], ["-q", "--", "/nonexistent/x.pcap"]):
            done = run(*words)  # a word that is no flag is a file
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (1, "", "dnsloupe: error: /nonexistent/x.pcap: No such file or "
                              "directory\n"))
        self.fails('unknown or ambiguous flag "--tiemout"', "--tiemout", "5")
        self.fails('unknown or ambiguous flag "--ver"', "--ver")
        self.fails("unknown flag -Z", "-qZ")
        self.fails("--read needs a value, FILE", "-r")
        self.fails("--set needs a value, KEY=VALUE", "--set")
        self.fails('--quiet takes no value, but has one in "--quiet=1"', "--quiet=1")
        self.fails('--set: "workers" has no \'=\', expected KEY=VALUE', "--set", "workers")
        self.fails('--set: unknown key "wrkers" (did you mean "workers"?)', "--set", "wrkers=1")
        self.fails("--read: input.files: entry 1: is empty, expected a list of at most 4096 "
                   "strings, each of 1 to 4095 octets", "-r", "")

    def test_rules_between_keys(self):
        self.fails('stats.file: is "-", but standard output holds the records already: '
                   "set output.file to a file, or stats.file to another", "-r", "a", "--stats", "-")
        self.fails('output.file: would overwrite the capture in input.files, "a"',
                   "-r", "a", "-o", "a")

    def test_standard_output_full(self):
        for args in (["--help"], ["--version"], ["--list-keys"], ["--print-config"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = run(*args, stdout=full)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, "dnsloupe: error: cannot write to standard output: "
                             "No space left on device\n")


class Forerunners(unittest.TestCase):
    """What was typed for gopassivedns or dns-gazer is told from a wrong flag of ours."""

    def hint(self, words, *args):
        done = run(*args)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_gopassivedns(self):
        here = "is a flag of gopassivedns: here it is "
        for ours, *args in (
                ("-i eth0;", "-dev", "eth0"), ("-i eth0;", "-dev=eth0"),
                ("-i eth0;", "--dev", "eth0"),
                ("-r x.pcap;", "-pcap", "x.pcap"), ("-i ...;", "-dev"), ("-w 8;", "-numprocs", "8"),
                ("--bpf ...;", "-bpf", "udp port 53"), ("-v;", "-debug"), ("-c x;", "-config=x"),
                ("--set sensor=edge1;", "-i", "lo", "-name", "edge1"),
                ("--sink schema=gopassivedns,type=file,path=/x.log;", "-logfile", "/x.log"),
                ("--sink type=kafka,schema=gopassivedns,kafka.topic=TOPIC,kafka.brokers=...;",
                 "-kafka_brokers", "a:1,b:2"),
                ("--timeout MS;", "-gc_age", "-1m"), ("any output but", "-quiet")):
            with self.subTest(args=args):
                self.hint(here + ours, *args)
        self.hint("-snaplen is a flag of gopassivedns without an equivalent", "-snaplen")

    def test_gazer(self):
        for words, *args in (
                ("address=HOST:PORT here", "-f", "h:1"), ("encoding=text here", "-t", "-"),
                ("schema=gazer-both", "-R"), ("--pid-file FILE here", "-p", "/run/g.pid"),
                ("-d is --daemon here", "-d"), ("-d is --daemon here", "-d", "-f", "h:1")):
            with self.subTest(args=args):
                self.hint(words, "-i", "lo", *args)

    def test_ours(self):
        """Flags of the same names are ours with two dashes, and nothing is one behind "--"."""
        for args in (("--bpf", "port 53"), ("--quiet",), ("-p", "5353")):
            done = run("-r", "x", *args, "--print-config")
            self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        self.assertEqual(run("-r", "x", "--print-config", "--", "-dev").stderr, "")
        self.assertNotIn("dns-gazer", run("-p", "99999").stderr)

    def test_environment(self):
        env = {"PDNS_DEV": "eth0", "PDNS_NAME": "x", "PDNS_BPF": "", "PDNS_QUIET": "true"}
        done = run("-r", "x", "--check", env=env)
        self.assertEqual(done.returncode, 0)
        self.assertIn("warning: environment: PDNS_", done.stderr)
        self.assertIn(", ...: variables of gopassivedns have no effect here", done.stderr)
        self.assertNotIn("warning", run("-r", "x", "--check").stderr)


class Migrate(unittest.TestCase):
    """scripts/migrate makes configurations that are right."""

    def migrate(self, *args, env=None, code=0):
        done = subprocess.run([sys.executable, MIGRATE, *args], env=env, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, code, done.stderr)
        if code:
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
            return done.stderr
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(done.stdout)
            file.flush()
            checked = run("-c", file.name, "--check")
            self.assertEqual(checked.returncode, 0, checked.stderr)
        return json.loads(done.stdout), done.stderr

    def test_document(self):
        """The example of doc/migrating.md: the command there gives the configuration there."""
        text = (ROOT / "doc/migrating.md").read_text(encoding="utf-8")
        command = text.split("\n    gopassivedns ", 1)[1].split("\n", 1)[0].split()
        conf, said = self.migrate("gopassivedns", *command)
        self.assertEqual(said, "")
        want = json.loads(text.split("```json\n", 1)[1].split("```", 1)[0])
        want["sinks"].insert(0, {"type": "stdout", "schema": "gopassivedns"})
        self.assertEqual(conf, want)

    def test_flags(self):
        conf, said = self.migrate(
            "/usr/bin/gopassivedns", "--dev=eth0", "-quiet", "-fluentd_socket", "/f.sock",
            "-syslog_facility", "LOCAL0", "-syslog_priority=INFO", "-gc_age", "-1m30s",
            "-statsd_host", "s", "-statsd_interval", "10", "-numprocs", "128", "-snaplen", "4096",
            "-bpf", "port 5353")
        self.assertEqual(conf, {
            "input": {"interfaces": ["eth0"]}, "workers": 64, "txn": {"timeout_ms": 90000},
            "filter": {"bpf": "port 5353"}, "statsd": {"host": "s", "interval": 10}, "sinks": [
                {"type": "fluentd", "path": "/f.sock", "schema": "gopassivedns", "level": "INFO"},
                {"type": "syslog", "schema": "gopassivedns", "level": "INFO",
                 "syslog": {"facility": "local0", "priority": "info"}}]})
        for words in ("-numprocs: 128", "-snaplen is ignored", "-bpf: applied"):
            self.assertIn(words, said)

    def test_environment(self):
        """Of a file or the process; flags go over it."""
        env = {"PDNS_DEV": "eth0", "PDNS_NAME": "a b", "PDNS_QUIET": "true",
               "PDNS_LOG_FILE": "/x y", "PDNS_LOG_SIZE": "5", "PDNS_LOG_AGE": "1", "PDNS_LOG_BACKUP": "0", "PDNS_TYPO": "1"}
        want = {"input": {"interfaces": ["eth1"]}, "sensor": "a b", "sinks": [
            {"type": "file", "path": "/x y", "schema": "gopassivedns",
             "rotate": {"bytes": 5 << 20, "keep": 0, "max_age_s": 86400}}]}
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# as docker reads it\n")
            file.writelines(f"{name}={value}\n" for name, value in env.items())
            file.flush()
            for source, more in ((file.name, {}), ("-", env)):
                conf, said = self.migrate("--env", source, "gopassivedns", "-dev", "eth1", env=more)
                self.assertEqual(conf, want)
                self.assertIn("PDNS_TYPO is ignored", said)

    def test_gazer(self):
        conf, _ = self.migrate("dns-gazer", "-ieth0", "-dR", "-f", "h", "-t", "/t", "-o", "/o",
                               "-p", "/p")
        more = {"schema": "gazer-both"}
        file = {"type": "file", "append": False, **more}
        self.assertEqual(conf, {
            "input": {"interfaces": ["eth0"]}, "txn": {"timeout_ms": 60000},
            "process": {"daemon": True, "pid_file": "/p"}, "sinks": [
                {"type": "fluentd", "address": "h:24224", **more},
                {**file, "path": "/t", "name": "text", "encoding": "text"},
                {**file, "path": "/o", "name": "msgpack-tagged", "encoding": "msgpack-tagged"}]})

    def test_refused(self):
        for words, *args in (
                ("-nope is not a flag", "gopassivedns", "-nope"), ('"x" is not a number', "gopassivedns",
                                                                "-numprocs", "x"),
                ("not a duration", "gopassivedns", "-gc_age", "5"), ("begins with", "tcpdump"),
                ("give both", "gopassivedns", "-kafka_topic", "x"),
                ("needs a value", "dns-gazer", "-f"),
                ("writes nothing", "dns-gazer", "-i", "lo"), ("cannot read", "--env", "/nothing"),
                ("both write", "dns-gazer", "-i", "lo", "-o", "-", "-t", "-"),
                ("leaves no output", "gopassivedns", "-dev", "lo", "-quiet")):
            self.assertIn(words, self.migrate(*args, code=2))


unittest.main()
