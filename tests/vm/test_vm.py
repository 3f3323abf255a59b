#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Poll-mode drivers of NICs that QEMU emulates, in a virtual machine with an IOMMU. Frames are sent
from outside; the output must equal that of a capture of the same frames.

test_vm.py DNSLOUPE [CLASS.CASE]...; runs where VM_TESTS is set (meson test --suite vm); skipped where
there is no QEMU, no kernel, or the guest is not up in ten minutes. VM_QEMU names another QEMU, VM_NICS the NICs that are tried.
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import capture
import guest
import harness
import live

MODELS = {
    "e1000": "e1000",
    "e1000e": "e1000e",
    "vmxnet3": "vmxnet3",
    "virtio": "virtio-net-pci,disable-legacy=on,iommu_platform=on",
}
NICS = os.environ.get("VM_NICS", ",".join(MODELS)).split(",")
LIMIT_S = 300

machine, why_not = None, ""


def setUpModule():
    global machine, why_not
    why_not = "VM_TESTS=1 runs them (some ten minutes)" if not os.environ.get("VM_TESTS") else \
        guest.missing()
    if why_not:
        return
    place = pathlib.Path(tempfile.mkdtemp(prefix="dnsloupe-vm."))
    try:
        machine = guest.Guest(place, {name: MODELS.get(name, name) for name in NICS})
    except TimeoutError as error:
        why_not = str(error)
        shutil.rmtree(place, ignore_errors=True)
        return
    machine.run("""
echo 300 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
modprobe vfio-pci
for d in %s; do
	d=/sys/bus/pci/devices/$d
	[ -e $d/driver ] && echo ${d##*/} >$d/driver/unbind
	echo vfio-pci >$d/driver_override; echo ${d##*/} >/sys/bus/pci/drivers_probe
	[ -e $d/driver ] || exit 1
done
""" % " ".join(machine.pci.values()))


def tearDownModule():
    if machine:
        machine.close()
        shutil.rmtree(machine.dir, ignore_errors=True)


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        if why_not:
            self.skipTest(why_not)

    def listen(self, *args, nics=(), up=True):
        """Starts it in the guest on some NICs."""
        devices = " ".join(f"-d {machine.pci[n]}" for n in nics)
        script = f"""rm -f out.jsonl stats.json
{harness.EXE} -v --set sensor=golden {devices} {' '.join(map(str, args))} \
-o out.jsonl --stats stats.json 2>/run/share/log &
echo $! >pid
wait $!
code=$?
cp out.jsonl stats.json /run/share/
exit $code
"""
        for name in ("log", "out.jsonl", "stats.json"):
            (machine.share / name).unlink(missing_ok=True)
        job = machine.begin(script)
        self.addCleanup(self.kill, job)
        self.says(job, "listening on")
        if up:
            for _ in nics:
                self.says(job, "the link is up", len(nics))
        return job

    def kill(self, job):
        if not machine.ended(job):
            machine.run("kill -9 $(cat pid); true")
            machine.end(job)

    def log(self):
        path = machine.share / "log"
        return path.read_text() if path.exists() else ""

    def says(self, job, words, times=1):
        until = time.monotonic() + LIMIT_S
        while self.log().count(words) < times:
            self.assertFalse(machine.ended(job), self.log())
            self.assertLess(time.monotonic(), until, self.log())
            time.sleep(0.1)

    def stop(self, job, code=0):
        """What it wrote, and its counters."""
        if not machine.ended(job):
            machine.run("kill -TERM $(cat pid); true")
        got, _ = machine.end(job)
        self.assertEqual(got, code, self.log())
        stats = json.loads((machine.share / "stats.json").read_text())
        self.check_books(stats, False)
        return (machine.share / "out.jsonl").read_text(), stats

    def settle(self):
        """Waits until the guest has processed what was sent, and timeouts of reassembly are over."""
        time.sleep(3)


@unittest.skipUnless(harness.PCAPS.exists(), "no captures")
class Lines(Case):
    """The same lines as of the capture, driver by driver, with several workers."""

    def same(self, nic, workers):
        frames = live.whole_frames()
        path = self.dir / "sent.pcap"
        live.write(path, frames)
        wanted = live.lines(self.dnsloupe("-r", path).out.decode())
        job = self.listen("-w", workers, "--idle", "sleep", nics=[nic])
        machine.send(nic, frames)
        self.settle()
        out, stats = self.stop(job)
        port, rx = stats["input"]["ports"][0], stats["total"]["rx"]
        print(f"# {nic}, {workers} workers: {len(frames)} frames, {rx['packets']} received, "
              f"{sum(live.lines(out).values())} of {sum(wanted.values())} lines, "
              f"handed over {rx['handed_over']}")
        self.assertEqual((port["missed"], port["no_mbuf"], rx["handoff_lost"]), (0, 0, 0))
        self.assertEqual(rx["packets"], len(frames))
        self.assertEqual(live.differences(live.lines(out), wanted), [])

    def test_lines(self):
        for nic in NICS:
            for workers in (1, 2, 4):
                with self.subTest(nic, workers=workers):
                    self.same(nic, workers)


class Links(Case):
    def test_down_and_up(self):
        nic = NICS[0]
        job = self.listen("--idle", "sleep", nics=[nic])
        self.assertNotIn("the link is down", self.log())
        machine.qmp("set_link", name=nic, up=False)
        self.says(job, "the link is down")
        machine.qmp("set_link", name=nic, up=True)
        self.says(job, "the link is up again")
        machine.send(nic, [f.data for f in capture.pair(1)])
        self.settle()
        out, _ = self.stop(job)
        self.assertEqual(sum(live.lines(out).values()), 1)

    def test_held(self):
        """A NIC that another process has: the message names it."""
        nic = NICS[0]
        job = self.listen("--idle", "sleep", nics=[nic])
        code, text = machine.end(machine.begin(
            f"{harness.EXE} -d {machine.pci[nic]} -o second.jsonl"))
        self.assertEqual(code, 1)
        pid = machine.run("cat pid").strip()
        self.assertIn(f"process {pid} uses it", text)
        self.stop(job)


class Unplugged(Case):
    """Last: the NIC does not come back."""

    def test_unplugged(self):
        nic = NICS[-1]
        if not any(n in NICS[-1] for n in ("virtio", "vmxnet3", "e1000e", "igb")):
            self.skipTest("no NIC that can be unplugged")
        job = self.listen("--idle", "sleep", nics=[nic])
        machine.send(nic, [f.data for f in capture.pair(1)])
        self.settle()
        machine.qmp("device_del", id=nic)
        self.says(job, "is gone")
        self.says(job, "nothing left to listen on")
        out, _ = self.stop(job, code=1)
        self.assertEqual(sum(live.lines(out).values()), 1)
        self.assertEqual([json.loads(x)["loss"] for x in out.splitlines()
                          if json.loads(x)["status"] == "loss"], ["begins", "ends"])


if __name__ == "__main__":
    harness.main()
