#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A receiver in a process of its own, which a test can stop (SIGSTOP) and continue.

receiver.py stream|fluentd SOCKET FILE: listens on a Unix socket, prints "ready", and writes every
record to the file at once, as a line of JSON.
"""
import json
import os
import socket
import sys


def stream(where, out):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(where)
    listener.listen(4)
    print("ready", flush=True)
    while True:
        conn, _ = listener.accept()
        while data := conn.recv(65536):
            out.write(data)


def fluentd(where, out):
    from fluentd_server import Server
    server = Server(where)
    print("ready", flush=True)
    seen = 0
    while True:
        server.wait(seen + 1, seconds=3600)
        for _, _, record in server.events[seen:]:
            out.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            seen += 1


def main():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    with open(sys.argv[3], "wb", buffering=0) as out:
        {"stream": stream, "fluentd": fluentd}[sys.argv[1]](sys.argv[2], out)


main()
