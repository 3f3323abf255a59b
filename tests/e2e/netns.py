# SPDX-License-Identifier: BSD-3-Clause
"""A small network of namespaces: a client and a server on a hub, and a tap of all traffic.

Nothing of it reaches the machine's own network. Needs root, ip(8), nsd and dnsperf.
"""
import ctypes
import os
import re
import shutil
import socket
import subprocess
import time

CLIENT, SERVER = "10.53.0.1", "10.53.0.2"
CLIENTS = [f"10.53.0.{n}" for n in range(10, 26)]  # further addresses of the client

ZONE = """$ORIGIN example.com.
$TTL 60
@ SOA ns hostmaster 1 3600 900 604800 60
@ NS ns
ns A 10.53.0.2
mail MX 10 ns
* A 192.0.2.1
"""


def missing():
    """Returns why live tests cannot run here, or ""."""
    if os.geteuid() != 0:
        return "not root"
    for tool in ("ip", "bridge", "nsd", "dnsperf"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    name = f"dl{os.getpid()}x"
    if subprocess.run(["ip", "netns", "add", name], stderr=subprocess.DEVNULL,
                      check=False).returncode:
        return "no network namespaces"
    made = subprocess.run(["ip", "-n", name, "link", "add", "veth0", "type", "veth", "peer", "name",
                           "veth1"], stderr=subprocess.DEVNULL, check=False).returncode
    subprocess.run(["ip", "netns", "del", name], check=False)
    return "no veth pairs" if made else ""


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Network:
    """client -- hub -- server; tap0 in the hub's namespace receives all frames of both."""

    def __init__(self, directory):
        self.dir = directory
        self.names = {}
        self.nsd = None
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def build(self):
        for role in "csh":
            self.names[role] = f"dl{os.getpid()}{role}"
            ip("netns", "add", self.names[role])
            ip("-n", self.names[role], "link", "set", "lo", "up")
        hub = self.names["h"]
        # a bridge that does not learn floods every frame
        ip("-n", hub, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        ip("-n", hub, "link", "set", "br0", "up")
        for role in "cs":
            ip("-n", hub, "link", "add", f"p{role}", "type", "veth", "peer", "name", "eth0",
               "netns", self.names[role])
            # with offloads the tap would receive frames larger than the MTU
            ip("-n", self.names[role], "link", "set", "eth0", "up")
        ip("-n", hub, "link", "add", "ptap", "type", "veth", "peer", "name", "tap0")
        ip("-n", hub, "link", "set", "tap0", "up")
        for port in ("pc", "ps", "ptap"):
            ip("-n", hub, "link", "set", port, "master", "br0")
            subprocess.run(["bridge", "-n", hub, "link", "set", "dev", port, "learning", "off",
                            "flood", "on"], check=True)
            ip("-n", hub, "link", "set", port, "up")
        for address in [CLIENT, *CLIENTS]:
            ip("-n", self.names["c"], "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", self.names["s"], "addr", "add", f"{SERVER}/24", "dev", "eth0")

    def fibres(self):
        """Adds a tap for each direction: tapq receives frames of the client, tapr of the server; and
        both what a program sends to outq and outr."""
        hub = self.names["h"]
        for side, direction in (("pc", "q"), ("ps", "r")):
            ip("-n", hub, "link", "add", f"out{direction}", "type", "veth", "peer", "name",
               f"tap{direction}")
            for end in ("out", "tap"):
                ip("-n", hub, "link", "set", end + direction, "up")
            tc = ["tc", "-n", hub]
            subprocess.run([*tc, "qdisc", "add", "dev", side, "ingress"], check=True)
            subprocess.run([*tc, "filter", "add", "dev", side, "parent", "ffff:", "protocol", "all",
                            "prio", "1", "u32", "match", "u32", "0", "0", "action", "mirred",
                            "egress", "mirror", "dev", f"out{direction}"], check=True)

    def inject(self, role, interface, frame):
        """Sends a raw frame."""
        subprocess.run(self.inside(role, "python3", "-c", f"""
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("{interface}", 0))
s.send({bytes(frame)!r})"""), check=True)

    def inside(self, role, *command):
        return ["ip", "netns", "exec", self.names[role], *map(str, command)]

    def enter(self, role):
        """Returns a function that enters a namespace, for preexec_fn or a thread."""
        with open(f"/run/netns/{self.names[role]}", "rb") as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")

    def serve(self, ratelimit=0):
        """Starts nsd; ratelimit: replies a second, further ones are dropped."""
        (self.dir / "example.com.zone").write_text(ZONE)
        (self.dir / "nsd.conf").write_text(f"""server:
  ip-address: {SERVER}
  username: ""
  zonesdir: "{self.dir}"
  pidfile: "{self.dir}/nsd.pid"
  database: ""
  xfrdfile: "{self.dir}/xfrd"
  zonelistfile: "{self.dir}/zone.list"
  server-count: 1
  rrl-ratelimit: {ratelimit}
  rrl-slip: 0
  rrl-whitelist-ratelimit: {ratelimit}
remote-control:
  control-enable: no
zone:
  name: example.com
  zonefile: example.com.zone
""")
        self.nsd = subprocess.Popen(
            self.inside("s", "nsd", "-d", "-c", self.dir / "nsd.conf"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < until, "nsd does not answer"
            time.sleep(0.1)

    def answers(self):
        return subprocess.run(
            self.inside("c", "python3", "-c", f"""
import socket
s = socket.create_connection(("{SERVER}", 53), 1)"""),
            stderr=subprocess.DEVNULL, check=False).returncode == 0

    def perf(self, seconds, rate, names=1000, **more):
        """Runs dnsperf. Returns (sent, completed, mean latency in microseconds)."""
        data = self.dir / "names"
        data.write_text("".join(f"h{n}.example.com A\n" for n in range(names)))
        words = ["-s", SERVER, "-d", data, "-l", seconds, "-Q", rate, "-t", 2]
        for key, value in more.items():
            words += [f"-{key}", value]
        done = subprocess.run(self.inside("c", "dnsperf", *words), check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        number = lambda words: float(re.search(words + r"\D*([\d.]+)", done.stdout)[1])
        return (int(number("Queries sent:")), int(number("Queries completed:")),
                number("Average Latency") * 1e6)

    def ask(self, name, address=CLIENT, port=0):
        """Sends a query over UDP without waiting for a reply."""
        query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"".join(
            bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\x00\x00\x01\x00\x01"
        subprocess.run(self.inside("c", "python3", "-c", f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{address}", {port}))
s.sendto({query!r}, ("{SERVER}", 53))"""), check=True)

    def close(self):
        if self.nsd:
            self.nsd.terminate()
            self.nsd.wait()
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)


def has_mirror():
    """Returns whether tc(8) can mirror what one interface receives to another."""
    if missing():
        return False
    name = f"dl{os.getpid()}m"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    subprocess.run(["ip", "netns", "add", name], **quiet)
    done = [subprocess.run(words, **quiet).returncode for words in (
        ["tc", "-n", name, "qdisc", "add", "dev", "lo", "ingress"],
        ["tc", "-n", name, "filter", "add", "dev", "lo", "parent", "ffff:", "protocol", "all",
         "prio", "1", "u32", "match", "u32", "0", "0", "action", "mirred", "egress", "mirror",
         "dev", "lo"])] if shutil.which("tc") else [1]
    subprocess.run(["ip", "netns", "del", name], **quiet)
    return not any(done)


def has_xdp():
    try:
        socket.socket(44, socket.SOCK_RAW).close()  # AF_XDP
        return True
    except OSError:
        return False
