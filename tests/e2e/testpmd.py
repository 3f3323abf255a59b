# SPDX-License-Identifier: BSD-3-Clause
"""Runs dpdk-testpmd as the other side of a device: it plays captures into memif and vhost."""
import os
import re
import select
import shutil
import subprocess
import time

HANG_S = 60


def missing():
    """Returns why testpmd cannot run here, or ""."""
    for tool in ("dpdk-testpmd", "stdbuf"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    return ""


class Testpmd:
    """Forwards the packets of captures, one for each queue, to `device`."""

    def __init__(self, device, captures):
        n = len(captures)
        # net_pcap has a transmit queue for each file
        player = "net_pcap0" + "".join(f",rx_pcap={c}" for c in captures)
        player += ",tx_pcap=/dev/null" * (n if n > 1 else 0)
        cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        self.text = ""
        self.process = subprocess.Popen(
            ["stdbuf", "-o0", "dpdk-testpmd", "--no-huge", "--no-shconf", "--no-telemetry", "-m",
             "128", "--no-pci", "--lcores", f"0@({cpus}),1@({cpus})", "--vdev", device, "--vdev",
             player, "--", "-i", f"--rxq={n}", f"--txq={n}", "--total-num-mbufs=4096",
             "--no-mlockall", "--no-flush-rx", "--forward-mode=io"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.read("testpmd> ")

    def read(self, words):
        """Reads up to these words. Returns what was read."""
        until = time.monotonic() + HANG_S
        while words not in self.text:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(until - time.monotonic(), 0))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert piece, f"testpmd ended before it printed {words!r}: {self.text[-2000:]}"
            self.text += piece.decode("ascii", "replace")
        said, self.text = self.text.split(words, 1)
        return said

    def command(self, command):
        self.process.stdin.write(f"{command}\n".encode())
        self.process.stdin.flush()

    def play(self):
        self.command("start")
        self.read("testpmd> ")

    def stop(self):
        """Stops forwarding. Returns (packets sent to the device, packets that it dropped)."""
        self.command("stop")
        self.read("Accumulated forward statistics")
        sent, lost = re.search(r"TX-packets: (\d+) +TX-dropped: (\d+)",
                               self.read("testpmd> ")).groups()
        return int(sent), int(lost)

    def close(self):
        if self.process.poll() is None:
            try:
                self.process.communicate(b"quit\n", timeout=HANG_S)
            except (subprocess.TimeoutExpired, BrokenPipeError):
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()
