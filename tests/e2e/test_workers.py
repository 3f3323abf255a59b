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
        """All captures of pcaps/, each by itself."""
        for path in harness.captures():
            with self.subTest(path.name):
                self.same(path)

    def test_load(self):
        """Many flows, some without a reply: packets really change hands."""
        path = self.dir / "load.pcap"
        capture.write_load(path, 30000, unanswered=17)
        self.same(path)
        run = self.dnsloupe("-w", "4", "-r", path)
        for worker in run.stats["workers"]:
            self.assertGreater(worker["txn"]["answered"], 5000)
        self.assertGreater(run.stats["total"]["rx"]["handed_over"], 30000)

    def test_queues(self):
        """Frames dealt to several queues at random, the fragments of a datagram, the segments of a
        stream and the two directions of a flow apart: the same lines."""
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
        """All packets have one owner; the others only hand over."""
        path = self.dir / "flow.pcap"
        frames = [f for i in range(1000) for f in capture.pair(i * 60000)]
        path.write_bytes(capture.pcap(frames))
        one = self.same(path)
        self.assertEqual(one.stats["total"]["txn"]["answered"], 1000)
        run = self.dnsloupe("-w", "4", "-r", path)
        self.assertEqual(sum(w["txn"]["opened"] > 0 for w in run.stats["workers"]), 1)

    def test_most(self):
        """As many workers as the configuration allows, on whatever CPUs there are."""
        self.same(harness.PCAPS / "resolver.pcap", workers=(64,))

    def test_default(self):
        run = self.dnsloupe("-r", harness.PCAPS / "resolver.pcap")
        self.assertGreaterEqual(len(run.stats["workers"]), 1)

    def test_too_many(self):
        for n in (65, 1000, 10**30):
            self.refuses(["-w", n, "-r", harness.PCAPS / "resolver.pcap"], "workers", "0 to 64",
                         code=2)

    def test_reproducible(self):
        """Two runs over a load, byte by byte; with several workers, line by line."""
        path = self.dir / "load.pcap"
        capture.write_load(path, 20000, unanswered=13)
        first, second = (self.dnsloupe("-w", "1", "-r", path) for _ in range(2))
        self.assertEqual(first.out == second.out, True)


if __name__ == "__main__":
    harness.main()
