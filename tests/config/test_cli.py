#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line from outside: test_cli.py DNSLOUPE. Needs no capture and no DPDK."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

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
        self.fails(f"{path}:3:1: unexpected '}}'", "--check", "-c", path)
        self.fails(f"{path}:3:1: unexpected '}}'", "--check", env={"DNSLOUPE_CONFIG": path})
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
                   "ports, each from 1 to 65535", "--check", env={"DNSLOUPE_DNS_PORTS": ""})

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


unittest.main()
