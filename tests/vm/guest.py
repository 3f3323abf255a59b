# SPDX-License-Identifier: BSD-3-Clause
"""A virtual machine with NICs behind an IOMMU, which uses this machine's own files.

The guest's root is this machine's, mounted by 9p, read-only under a tmpfs; its only network are the
sockets of its NICs. The kernel is Debian's, unpacked and not installed. Files in a shared folder tell
the guest which commands to run. Needs QEMU, a static busybox, kmod, cpio, and a kernel with its
modules: VM_KERNEL names the folder of an unpacked linux-image package (dpkg -x, depmod -b); without
it, apt-get downloads one. VM_QEMU names another QEMU, or a folder with the unpacked packages of another
Debian release (debootstrap --download-only --include=qemu-system-x86; dpkg -x), which then runs with
the folder's own libraries.
"""
import fcntl
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import termios
import time

BOOT_S = 600  # a limit against hangs; 17 s on an idle machine without KVM
CACHE = pathlib.Path(os.environ.get("VM_CACHE", "/var/tmp/dnsloupe-vm"))
QEMU = os.environ.get("VM_QEMU", "qemu-system-x86_64")
MODULES = ("9p", "9pnet_virtio", "overlay", "virtio_pci")

INIT = """#!/bin/busybox sh
b=/bin/busybox; o=trans=virtio,version=9p2000.L,msize=512000
$b mount -t proc p /proc; $b mount -t sysfs s /sys; $b mount -t devtmpfs d /dev
while read m; do $b insmod /m/$m; done </order
$b mount -t 9p -o ro,cache=loose,$o root /ro
$b mount -t tmpfs -o size=50% t /rw; $b mkdir /rw/u /rw/w
$b mount -t overlay -o lowerdir=/ro,upperdir=/rw/u,workdir=/rw/w o /new
for m in proc:proc sysfs:sys devtmpfs:dev tmpfs:run; do
	$b mount -t ${m%:*} x /new/${m#*:}
done
$b mkdir -p /new/run/share; $b mount -t 9p -o rw,cache=none,$o share /new/run/share
exec $b switch_root /new /bin/bash /run/share/guest
"""

# Runs /run/share/cmd.N when cmd.N.go appears; writes its output to out.N and its exit code to rc.N.
GUEST = """export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
ln -s /proc/self/fd /dev/fd
mkdir -p /dev/shm /dev/pts /dev/hugepages /lib/modules /w /var/lib/dnsloupe
mount -t tmpfs t /dev/shm; mount -t devpts p /dev/pts
mount -t tmpfs -o size=600m w /w; mount -t tmpfs t /var/lib/dnsloupe
mount --bind KERNEL/lib/modules /lib/modules
ip link set lo up
mkfifo /run/f; exec 9<>/run/f
echo up >/run/share/up
n=1
while :; do
	if [ -e /run/share/cmd.$n.go ]; then
		( cd /w; setsid bash /run/share/cmd.$n >/run/share/out.$n 2>&1 </dev/null 9<&-
		  echo $? >/run/share/rc.$n.t; mv /run/share/rc.$n.t /run/share/rc.$n ) &
		n=$((n+1))
	else
		read -t 0.1 -u 9
	fi
done
"""


def kernel():
    """Returns the folder of an unpacked kernel with modules, or None."""
    here = pathlib.Path(os.environ.get("VM_KERNEL", CACHE / "kernel"))
    if list(here.glob("boot/vmlinuz-*")):
        return here
    shown = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], check=False, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    found = re.search(r"Depends: (linux-image-\S+)", shown)
    if not found:
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["apt-get", "download", found[1]], cwd=CACHE, check=False,
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        return None
    part = CACHE / f"kernel.{os.getpid()}"
    for package in CACHE.glob("linux-image-*.deb"):
        subprocess.run(["dpkg", "-x", package, part], check=True)
        package.unlink()
    version = next((part / "lib/modules").iterdir()).name
    subprocess.run(["depmod", "-b", part, version], check=True)
    part.rename(here)
    return here


def qemu():
    """Returns the command that begins QEMU, and its environment."""
    if not os.path.isdir(QEMU):
        return [QEMU], os.environ
    usr = pathlib.Path(QEMU) / "usr"
    libraries = usr / "lib/x86_64-linux-gnu"
    return [next(libraries.glob("ld-linux-*")), "--library-path", libraries,
            usr / "bin/qemu-system-x86_64", "-L", usr / "share/qemu", "-L", usr / "share/seabios"
            ], os.environ | {"QEMU_MODULE_DIR": str(libraries / "qemu")}


def missing():
    """Returns why no virtual machine can run here, or ""."""
    if os.geteuid():
        return "not root"
    for tool in (os.fspath(qemu()[0][0]), "busybox", "modprobe", "cpio", "depmod", "dpkg"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    if b"statically" not in subprocess.run(["file", "-L", shutil.which("busybox")], check=False,
                                           stdout=subprocess.PIPE).stdout and \
            subprocess.run(["ldd", shutil.which("busybox")], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        return "busybox is not static"
    return "" if kernel() else "no kernel of Debian's can be fetched"


def accelerator():
    """Returns accelerator and CPU: KVM if the CPU supports it; a nested host may have /dev/kvm only."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    if os.access("/dev/kvm", os.W_OK) and re.search(r"\b(vmx|svm)\b", flags):
        return "kvm", "host"
    return "tcg,thread=multi", "max"


class Guest:
    """nics: {id: QEMU's device and options}. self.pci[id] is the PCI address of each in the guest;
    send() delivers frames to it."""

    def __init__(self, directory, nics, memory_mb=2048):
        self.dir, self.share = directory, directory / "share"
        self.share.mkdir()
        self.count, self.sockets, self.nics = 0, {}, nics
        self.kernel = kernel()
        self.initrd()
        (self.share / "guest").write_text(GUEST.replace("KERNEL", str(self.kernel)))
        self.process = subprocess.Popen(self.command(memory_mb), cwd=self.dir, env=qemu()[1],
                                        stdout=open(self.dir / "qemu.log", "wb"),
                                        stderr=subprocess.STDOUT)
        try:
            self.wait()
        except BaseException:
            self.close()
            raise

    def initrd(self):
        root = self.dir / "initrd"
        for name in ("bin", "m", "proc", "sys", "dev", "ro", "rw", "new"):
            (root / name).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), root / "bin/busybox")
        version = next((self.kernel / "lib/modules").iterdir()).name
        order = []
        for module in MODULES:
            shown = subprocess.run(["modprobe", "-d", self.kernel, "-S", version, "--show-depends",
                                    module], check=True, stdout=subprocess.PIPE, text=True).stdout
            for line in shown.splitlines():
                words = line.split()
                if words[0] == "insmod" and words[1] not in order:
                    order.append(words[1])
                    shutil.copy(words[1], root / "m")
        (root / "order").write_text("".join(pathlib.Path(m).name + "\n" for m in order))
        (root / "init").write_text(INIT)
        (root / "init").chmod(0o755)
        subprocess.run("find . | cpio -o -H newc --quiet | gzip -1 >../initrd.gz", shell=True,
                       cwd=root, check=True)

    def command(self, memory_mb):
        accel, cpu = accelerator()
        words = [*qemu()[0], "-machine", "q35" + (",kernel-irqchip=split" if accel == "kvm" else ""),
                 "-accel", accel, "-cpu", cpu, "-m", str(memory_mb), "-smp", "2",
                 "-device", "intel-iommu,intremap=on",
                 "-kernel", str(next(self.kernel.glob("boot/vmlinuz-*"))), "-initrd", "initrd.gz",
                 # On a busy machine without KVM the timer check fails and the kernel panics.
                 "-append", "console=ttyS0 quiet panic=-1 intel_iommu=on mitigations=off "
                            "no_timer_check",
                 "-nodefaults", "-display", "none", "-no-reboot", "-serial", "file:console",
                 "-qmp", "unix:qmp,server=on,wait=off",
                 "-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
                 "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
                 "-fsdev", f"local,id=share,path={self.share},security_model=none",
                 "-device", "virtio-9p-pci,fsdev=share,mount_tag=share"]
        for i, (name, device) in enumerate(self.nics.items(), 1):
            words += ["-netdev", f"stream,id=n{name},server=on,addr.type=unix,addr.path={name}.s"]
            place = f"netdev=n{name},id={name},mac=52:54:00:00:00:{i:02x}"
            if device.startswith("e1000") and not device.startswith("e1000e"):
                place += f",bus=pcie.0,addr=0x{0x10 + i:x}"
            else:
                words += ["-device", f"pcie-root-port,id=rp{i},chassis={i},slot={i}"]
                place += f",bus=rp{i}"
            words += ["-device", f"{device},{place}"]
        return words

    def wait(self):
        until = time.monotonic() + BOOT_S
        while not (self.share / "up").exists():
            if self.process.poll() is not None:
                raise RuntimeError("".join((self.dir / name).read_text(errors="replace")[-4000:]
                                           for name in ("qemu.log", "console")
                                           if (self.dir / name).exists()))
            if time.monotonic() > until:
                raise TimeoutError(f"the guest is not up after {BOOT_S} s")
            time.sleep(0.1)
        self.pci = {}
        # The kernel's drivers, which are loaded for this, tell the PCI address of each MAC address.
        text = self.run("for m in e1000 e1000e vmxnet3 virtio_net igb; do modprobe -q $m; done; "
                        "sleep 1; for i in /sys/class/net/*; do [ -e $i/device ] && echo "
                        "$(cat $i/address) $(readlink -f $i/device); done; true")
        for line in text.splitlines():
            words = re.match(r"52:54:00:00:00:(..) (\S+)", line)
            if words:
                address = re.findall(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d", words[2])[-1]
                self.pci[list(self.nics)[int(words[1], 16) - 1]] = address

    def begin(self, script):
        """Starts a script in the guest. Returns its number."""
        self.count += 1
        (self.share / f"cmd.{self.count}").write_text(script)
        (self.share / f"cmd.{self.count}.go").touch()
        return self.count

    def ended(self, job):
        return (self.share / f"rc.{job}").exists()

    def end(self, job, limit_s=BOOT_S):
        """Waits for a script. Returns its exit code and output."""
        until = time.monotonic() + limit_s
        while not self.ended(job):
            if time.monotonic() > until:
                raise TimeoutError((self.share / f"out.{job}").read_text())
            time.sleep(0.05)
        return (int((self.share / f"rc.{job}").read_text()),
                (self.share / f"out.{job}").read_text())

    def run(self, script):
        code, text = self.end(self.begin(script))
        if code:
            raise RuntimeError(f"{script}: {code}: {text}")
        return text

    def connect(self, name):
        if name not in self.sockets:
            s = socket.socket(socket.AF_UNIX)
            s.connect(str(self.dir / f"{name}.s"))
            self.sockets[name] = s
        return self.sockets[name]

    def send(self, name, frames, pause_s=0.0004):
        """Sends frames to a NIC with a pause after each: it has few descriptors, and the guest few
        CPUs."""
        s = self.connect(name)
        for frame in frames:
            s.sendall(struct.pack(">I", len(frame)) + frame)
            if pause_s:
                time.sleep(pause_s)

    def delivered(self, name):
        """True once QEMU has passed all that was sent to the NIC, which received it or dropped it."""
        unread = fcntl.ioctl(self.connect(name), termios.TIOCOUTQ, bytes(4))
        if struct.unpack("i", unread)[0]:
            return False
        self.qmp("query-status")  # after its answer no frame is under way in QEMU's main loop
        return True

    def qmp(self, command, **arguments):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(60)
        with s:
            s.connect(str(self.dir / "qmp"))
            f = s.makefile("rw")
            for line in ({"execute": "qmp_capabilities"},
                         {"execute": command, "arguments": arguments}):
                f.write(json.dumps(line) + "\n")
                f.flush()
                while True:
                    answer = json.loads(f.readline())
                    if "error" in answer:
                        raise RuntimeError(answer["error"])
                    if "return" in answer:
                        break

    def close(self):
        for s in self.sockets.values():
            s.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
