#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Poll-mode drivers of NICs that QEMU emulates, in a virtual machine with an IOMMU. Frames are sent
from outside; the output must equal that of a capture of the same frames.

test_vm.py DNSLOUPE [CLASS.CASE]...; runs where VM_TESTS is set (meson test --suite vm); skipped where
there is no QEMU, no kernel, or the guest is not up in ten minutes. VM_NICS names the NICs that are tried;
VM_QEMU another QEMU (guest.py), such as Debian 13's, which emulates igb: a NIC with symmetric RSS.
"""
import itertools
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import capture
import frames as made
import guest
import harness
import live

MODELS = {
    "e1000": "e1000",
    "e1000e": "e1000e",
    "vmxnet3": "vmxnet3",
    "virtio": "virtio-net-pci,disable-legacy=on,iommu_platform=on",
}
DROPS = ("vmxnet3",)  # a packet without a descriptor is dropped; elsewhere it waits in QEMU
# QEMU's e1000 drops, too, and its counter of missed packets is not cleared by a read, as its data sheet
# says and the driver expects: each read counts all of them again.
RECOUNTS = ("e1000",)
SILENT = ("igb",)  # QEMU's igb drops and counts nothing
# The largest frame where it is not that of the device: QEMU's vmxnet3 fills one buffer of 2,048 octets
# unless the driver allows more, which DPDK's does not do; it counts larger frames as errors.
LARGEST = {"vmxnet3": 2048}
NICS = os.environ.get("VM_NICS", ",".join(MODELS)).split(",")
LIMIT_S = 300

machine, why_not = None, ""


def setUpModule():
    global machine, why_not
    why_not = "VM_TESTS=1 runs them (about half an hour)" if not os.environ.get("VM_TESTS") else \
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

    def catch_up(self, job, nic):
        """Sends queries and replies of 16 clients until a record of each was written, after which all
        that was sent before was received, whatever the queue. Returns the number of frames sent."""
        sent, until = 0, time.monotonic() + LIMIT_S
        for attempt in itertools.count():
            label, frames = f"marker{attempt}", []
            for i in range(16):
                a, b = f"198.18.0.{i + 1}", "198.18.255.53"
                frames += [capture.udp(0, a, 5000, b, 53, capture.message(attempt, label)),
                           capture.udp(0, b, 53, a, 5000,
                                       capture.message(attempt, label, reply=True))]
            machine.send(nic, [f.data.ljust(60, b"\0") for f in frames])
            sent += len(frames)
            for _ in range(20):
                if machine.run(f"grep -c 'answered.*\"{label}\"' out.jsonl; true").strip() == "16":
                    return sent
                self.assertFalse(machine.ended(job), self.log())
                self.assertLess(time.monotonic(), until, self.log())
                time.sleep(0.1)

    def same(self, nic, workers, frames, *options):
        """Sends frames to a NIC: the lines must be those of a capture of the frames, all of which must
        be received. Returns the lines."""
        path = self.dir / "sent.pcap"
        live.write(path, frames)
        wanted = live.lines(self.dnsloupe("-r", path, *options).out.decode())
        job = self.listen("-w", workers, "--idle", "sleep", *options, nics=[nic])
        machine.send(nic, frames)
        self.settle()
        out, stats = self.stop(job)
        port, rx = stats["input"]["ports"][0], stats["total"]["rx"]
        print(f"# {nic}, {workers} workers: {len(frames)} frames, {rx['packets']} received, "
              f"{sum(live.lines(out).values())} of {sum(wanted.values())} lines, "
              f"handed over {rx['handed_over']}", flush=True)
        self.assertEqual((port["missed"], port["no_mbuf"], rx["handoff_lost"]), (0, 0, 0))
        self.assertEqual(rx["packets"], len(frames))
        self.assertEqual(live.differences(live.lines(out), wanted), [])
        return out

    def lost(self, nic, sent, out, stats):
        """Every packet sent was received or counted as lost or bad; lines of loss tell the same number
        of lost ones. Returns that number."""
        port = stats["input"]["ports"][0]
        lost = port["missed"] + port["no_mbuf"]
        lines = [r for r in map(json.loads, out.splitlines()) if r["status"] == "loss"]
        print(f"# {nic}: {sent} frames, {port['packets']} received, missed {port['missed']}, no_mbuf "
              f"{port['no_mbuf']}, errors {port['errors']}, drops {port['drops']}", flush=True)
        self.assertEqual(port["packets"], stats["total"]["rx"]["packets"])
        self.assertEqual([r["loss"] for r in lines], ["begins", "ends"] * (len(lines) // 2))
        if nic in RECOUNTS and lost:
            self.assertGreaterEqual(port["packets"] + lost + port["errors"], sent, port)
            self.assertLess(port["packets"], sent)
            self.assertGreater(len(lines), 0)
            return lost
        self.assertEqual(port["packets"] + lost + port["errors"], sent, port)
        self.assertEqual(sum(r["device"] for r in lines if r["loss"] == "ends"), lost)
        return lost


@unittest.skipUnless(harness.PCAPS.exists(), "no captures")
class Lines(Case):
    """The same lines as of the capture, driver by driver, with several workers."""

    def test_lines(self):
        for nic in NICS:
            for workers in (1, 2, 3, 4):
                with self.subTest(nic, workers=workers):
                    self.same(nic, workers, live.whole_frames())


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


class TooMany(Case):
    """More packets than the program takes. After others: e1000 counts these in later cases, too."""

    def stopped(self, nic, workers):
        job = self.listen("-w", workers, "--set", "input.descriptors=256", nics=[nic])
        frames = [f.data for i in range(1000) for f in capture.pair(i)]
        machine.run("kill -STOP $(cat pid)")
        sender = threading.Thread(target=machine.send, args=(nic, frames, 0), daemon=True)
        sender.start()
        # Where packets wait for descriptors, it does not end before the program goes on; the result is
        # the same whenever that is.
        sender.join(LIMIT_S if nic in DROPS else 2)
        while nic in DROPS and not machine.delivered(nic):
            time.sleep(0.05)
        machine.run("kill -CONT $(cat pid)")
        sender.join(LIMIT_S)
        self.assertFalse(sender.is_alive(), self.log())
        sent = len(frames) + self.catch_up(job, nic)
        out, stats = self.stop(job)
        lost = self.lost(nic, sent, out, stats)
        if nic in DROPS:
            self.assertGreater(lost, 0)

    def test_stopped(self):
        """The program is stopped while frames come: a NIC has 256 descriptors for 2,000 of them."""
        for nic in (n for n in NICS if n not in SILENT):
            for workers in (1, 4):
                with self.subTest(nic, workers=workers):
                    self.stopped(nic, workers)


class Sizes(Case):
    """Frames larger than 1,518 octets."""

    SIZES = (1514, 1515, 1518, 1519, 1522, 1523, 1900, 2047, 2048, 2049, 2176, 2177, 4096, 4097, 6000,
             8192, 8193, 9000, 9014)

    def frames(self, *more):
        return [f.ljust(60, b"\0") for i, size in enumerate(self.SIZES + more) for f in made.large(i, size)]

    def test_jumbo(self):
        """With input.mtu, and with what is chosen without it."""
        for nic in NICS:
            for option in ("input.mtu=9000", "input.mtu=0"):
                with self.subTest(nic, option=option):
                    sizes = [size for size in self.SIZES if size <= LARGEST.get(nic, size)]
                    frames = [f for f in self.frames() if len(f) in sizes or len(f) < 1514]
                    out = self.same(nic, 2, frames, "--set", option)
                    self.assertEqual(out.count('"answered"'), len(sizes))

    def test_too_large(self):
        """A frame larger than input.mtu allows, or than the device can receive, is received all the same
        or counted. Not with e1000 and e1000e: QEMU counts it in ROC only and not in RLEC, from which DPDK
        takes the number."""
        for nic in (n for n in NICS if n not in SILENT):
            for mtu in (1500, 9000):
                with self.subTest(nic, mtu=mtu):
                    job = self.listen("--set", f"input.mtu={mtu}", nics=[nic])
                    frames = self.frames(12000, 16000)
                    machine.send(nic, frames)
                    sent = len(frames) + self.catch_up(job, nic)
                    if nic.startswith("e1000") and mtu == 1500:
                        sent -= sum(len(f) > 1522 for f in frames)
                    self.lost(nic, sent, *self.stop(job))


class Tags(Case):
    """VLAN tags reach the records: no driver removes them, no filter of VLANs drops packets."""

    def frames(self):
        frames = []
        kinds = [[(0x8100, vlan)] for vlan in (0, 1, 100, 4094, 0xe064)] + \
            [[(0x88a8, 100), (0x8100, 200)], [(0x8100, 5), (0x8100, 6)], [(0x9100, 7), (0x8100, 8)],
             [(0x88a8, 9)]]
        for i, tags in enumerate(kinds):
            # the second pair's reply has 1,500 octets without Ethernet's header and the tags
            for pair in ([f.data for f in capture.pair(2 * i)], made.large(2 * i + 1, 1514)):
                frames += [made.tagged(f, *tags) for f in pair]
        path = harness.PCAPS / "vlan.pcap"
        if path.exists():
            frames += [f.data for f in capture.read_pcap(path)[1] if len(f.data) == f.wire]
        return [f.ljust(60, b"\0") for f in frames]

    def test_tags(self):
        for nic in NICS:
            for option in ("txn.key_includes_vlan=false", "txn.key_includes_vlan=true"):
                with self.subTest(nic, option=option):
                    out = self.same(nic, 2, self.frames(), "--set", option)
                    vlans = [tuple(json.loads(x).get("vlan", ())) for x in out.splitlines()]
                    for tags in ((100,), (4094,), (100, 200), (5, 6)):
                        self.assertGreaterEqual(vlans.count(tags), 2)


class Tune(Case):
    """scripts/tune gives NICs to DPDK and back."""

    TUNE = f"TUNE_STATE=/run/tune.notes {harness.ROOT}/scripts/tune"

    def driver(self, nic):
        return machine.run(f"d=/sys/bus/pci/devices/{machine.pci[nic]}; basename $(readlink $d/driver); "
                           "ls -d $d/net/* $d/virtio*/net/* 2>/dev/null | wc -l").split()

    def bind_and_undo(self, nic, *ways):
        address = machine.pci[nic]
        machine.run(f"""cd /sys/bus/pci/devices/{address}; echo {address} >driver/unbind
echo >driver_override; echo {address} >/sys/bus/pci/drivers_probe""")
        kernels = self.driver(nic)
        self.assertNotEqual(kernels[0], "vfio-pci")
        self.assertEqual(kernels[1], "1")
        text = machine.run(f"{self.TUNE} --bind {address}")
        self.assertIn("nothing was changed", text)
        self.assertEqual(self.driver(nic), kernels)
        for back in (*ways, None):
            text = machine.run(f"{self.TUNE} --bind {address} --apply")
            self.assertIn(f"--bind=vfio-pci {address}", text)
            self.assertEqual(self.driver(nic), ["vfio-pci", "0"])
            if back:
                machine.run(f"{self.TUNE} {back} --apply")
                self.assertEqual(self.driver(nic), kernels)
        job = self.listen("--idle", "sleep", nics=[nic])
        self.catch_up(job, nic)
        self.stop(job)
        machine.run("rm -f /run/tune.notes")

    def test_bind_and_undo(self):
        for nic in NICS:
            with self.subTest(nic):
                self.bind_and_undo(nic, "--undo")

    def test_bind_and_unbind(self):
        self.bind_and_undo(NICS[0], f"--unbind {machine.pci[NICS[0]]}")

    def test_hugepages(self):
        pages = "cat /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
        before = machine.run(pages)
        machine.run(f"{self.TUNE} --hugepages 2M:640M --apply")
        self.assertEqual(machine.run(pages).strip(), "320")
        machine.run(f"{self.TUNE} --undo --apply")
        self.assertEqual(machine.run(pages), before)


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
