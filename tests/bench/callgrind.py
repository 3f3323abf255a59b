# SPDX-License-Identifier: BSD-3-Clause
"""Runs a benchmark under valgrind's callgrind and reads what it counted."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def run(binary, arguments, options, read):
    """The benchmark's standard output, and read(path) of the files of counts, in order."""
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "out"
        # valgrind 3.19 cannot read clang's debug information, and needs none.
        stripped = str(pathlib.Path(directory) / pathlib.Path(binary).name)
        subprocess.run(["objcopy", "--strip-debug", binary, stripped], check=True)
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *options, stripped, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True,
            env=dict(os.environ, MALLOC_PERTURB_="0"))  # meson has malloc() fill memory
        if done.returncode:
            sys.exit(f"valgrind: exit code {done.returncode}: {done.stderr[-500:]}")
        parts = sorted(out.parent.glob("out*"), key=lambda p: int(p.suffix[1:] or 0))
        return done.stdout, [read(part) for part in parts]


def dump_options(functions):
    """Options that count each call of the functions by itself, in a file of its own."""
    return [f"--{what}=run_{f}" for f in functions for what in ("zero-before", "dump-after")]


def dumped(path):
    """The function, without `run_`, whose call a file of dump_options() is of; None: another file."""
    trigger = re.search(r"^desc: Trigger: --dump-after=run_(\w+)", path.read_text(), re.M)
    return trigger[1] if trigger else None


def total(path):
    """All instructions in a file."""
    return next(int(line.split()[1]) for line in path.read_text().splitlines()
                if line.startswith(("summary:", "totals:")))


def own_total(path, binary):
    """The instructions of the binary's own functions in a file."""
    names, own, cost, skip = {}, False, 0, False
    for line in path.read_text().splitlines():
        known = re.match(r"(ob|cob)=\((\d+)\)(?: (.*))?", line)
        if known:
            if known[3]:
                names[known[2]] = known[3]
            if known[1] == "ob":
                own = pathlib.Path(names[known[2]]).name == binary
        elif line.startswith("calls="):
            skip = True  # the next line has what the callee took
        elif re.match(r"[0-9+*-]", line):
            if not skip and own:
                cost += int((line.split() + ["0"])[1])  # a cost of 0 may be left out
            skip = False
    return cost
