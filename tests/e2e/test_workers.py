#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Any number of workers gives the same lines; one worker gives the same bytes every time."""
import capture
import harness


class Workers(harness.Case):
    def same(self, *files, workers=(2, 3, 4)):
        reads = [word for f in files for word in (*harness.options(f), "-r", f)]
        one = self.dnsloupe("-w", "1", *reads)
        want = sorted(one.lines)
        for n in workers:
            run = self.dnsloupe("-w", n, *reads)
            self.assertEqual(len(run.stats["workers"]), n)
            self.check_written(run)
            self.assertEqual(sorted(run.lines) == want, True, f"{n} workers, {files}")
            for stage in ("txn", "sight"):
                self.assertEqual(run.stats["total"][stage], one.stats["total"][stage])
        return one

    def test_pcaps(self):
        """All captures of pcaps/, one by one."""
        for path in harness.captures():
            with self.subTest(path.name):
                self.same(path)

    def test_load(self):
        """Many flows, some without a reply, so that packets are handed off."""
        path = self.dir / "load.pcap"
        capture.write_load(path, 30000, unanswered=17)
        self.same(path)
        run = self.dnsloupe("-w", "4", "-r", path)
        for worker in run.stats["workers"]:
            self.assertGreater(worker["txn"]["answered"], 5000)
        self.assertGreater(run.stats["total"]["rx"]["handed_over"], 30000)

    def test_queues(self):
        """Frames in random queues, which separate the fragments of a datagram, the segments of a stream
        and the directions of a flow, give the same lines."""
        load = self.dir / "load.pcap"
        capture.write_load(load, 20000, unanswered=17)
        for path in [*harness.captures(), load]:
            reads = (*harness.options(path), "-r", path)
            one = sorted(self.dnsloupe("-w", "1", *reads).lines)
            for queues, workers, seed in ((2, 2, 3), (3, 4, 0), (4, 4, 7), (3, 3, 11), (4, 64, 5)):
                with self.subTest(path.name, queues=queues, workers=workers, seed=seed):
                    run = self.dnsloupe("-w", workers, "--set", f"input.queues={queues}",
                                        "--set", f"input.seed={seed}", *reads)
                    self.assertEqual(sorted(run.lines) == one, True)
                    self.check_written(run)
                    if path == load:
                        got = [w["rx"]["packets"] > 5000 for w in run.stats["workers"]]
                        self.assertEqual(sum(got), queues)

    def test_one_flow(self):
        """All packets have one owner; the other workers only hand off."""
        path = self.dir / "flow.pcap"
        frames = [f for i in range(1000) for f in capture.pair(i * 60000)]
        path.write_bytes(capture.pcap(frames))
        one = self.same(path)
        self.assertEqual(one.stats["total"]["txn"]["answered"], 1000)
        run = self.dnsloupe("-w", "4", "-r", path)
        self.assertEqual(sum(w["txn"]["opened"] > 0 for w in run.stats["workers"]), 1)

    def test_most(self):
        """The largest number of workers that the configuration allows."""
        self.same(harness.PCAPS / "resolver.pcap", workers=(64,))

    def test_loggers(self):
        """Several loggers write the same lines to one stream, and to a file each; in both the lines of a
        worker are in order."""
        load = self.dir / "load.pcap"
        capture.write_load(load, 20000, unanswered=17)
        one = sorted(self.dnsloupe("-w", "1", "-r", load).lines)
        for workers, loggers in ((2, 2), (4, 2), (5, 3), (4, 4)):
            with self.subTest(workers=workers, loggers=loggers):
                run = self.dnsloupe("-w", workers, "--loggers", loggers, "-r", load, "--sink",
                                    "type=stdout", "-o", self.dir / "{logger}.jsonl")
                self.assertEqual(sorted(run.lines) == one, True)
                files = [(self.dir / f"{i}.jsonl").read_bytes().splitlines(True)
                         for i in range(loggers)]
                self.assertEqual(sorted(sum(files, [])) == one, True)
                made = [w["record"]["made"] for w in run.stats["workers"]]
                self.assertEqual([len(f) for f in files],
                                 [sum(made[i::loggers]) for i in range(loggers)])
                self.assertGreater(min(map(len, files)), 100)
                for lines in files:
                    mine = set(lines)
                    self.assertEqual([x for x in run.lines if x in mine] == lines, True)
                sinks = {x["name"]: x["written"] for x in run.stats["sinks"]}
                self.assertEqual(sinks, {"stdout": len(one)} | {
                    f"output.{i}": len(f) for i, f in enumerate(files)})

    def test_one_logger(self):
        """{logger} is a number also with one logger."""
        path = harness.PCAPS / "resolver.pcap"
        run = self.dnsloupe("-w", "1", "-r", path, "--sink",
                            f"type=file,name=log,path={self.dir}/x-{{logger}}-{{logger}}.jsonl")
        self.assertEqual([x["name"] for x in run.stats["sinks"]], ["log.0"])
        self.assertEqual((self.dir / "x-0-0.jsonl").read_bytes().splitlines(True),
                         self.dnsloupe("-w", "1", "-r", path).lines)

    def test_too_many_loggers(self):
        path = harness.PCAPS / "resolver.pcap"
        self.refuses(["-w", "2", "--loggers", "3", "-r", path], "3 loggers for 2 workers")
        self.refuses(["-w", "2", "--loggers", "17", "-r", path], "loggers", "0 to 16", code=2)

    def test_default(self):
        run = self.dnsloupe("-r", harness.PCAPS / "resolver.pcap")
        self.assertGreaterEqual(len(run.stats["workers"]), 1)

    def test_too_many(self):
        for n in (65, 1000, 10**30):
            self.refuses(["-w", n, "-r", harness.PCAPS / "resolver.pcap"], "workers", "0 to 64",
                         code=2)

    def test_reproducible(self):
        """Two runs over a load give the same bytes; with several workers, the same lines."""
        path = self.dir / "load.pcap"
        capture.write_load(path, 20000, unanswered=13)
        first, second = (self.dnsloupe("-w", "1", "-r", path) for _ in range(2))
        self.assertEqual(first.out == second.out, True)


if __name__ == "__main__":
    harness.main()
