#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sinks stream and syslog over TLS with a slow receiver; encrypted keys."""
import json
import re
import socket
import ssl
import subprocess
import threading
import time

import harness
import receivers


class Slow(threading.Thread):
    """Accepts TLS connections and pauses between reads, so that the sender's deadlines pass within a
    record."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(4)
        self.port = self.socket.getsockname()[1]
        self.got = []  # of each connection
        self.start()

    def run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            self.got.append(bytearray())
            with self.context.wrap_socket(conn, server_side=True) as tls:
                next_pause = 200000
                while piece := tls.recv(16384):
                    self.got[-1] += piece
                    if len(self.got[-1]) > next_pause:
                        next_pause += 500000
                        time.sleep(0.5)  # more than twice the timeout of a sink's thread

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.join(harness.HANG_S)


class Tls(receivers.Case):
    COUNT = 8000

    def slow(self):
        receivers.certificates(self.dir)
        return Slow(self.dir)

    def sink(self, slow, kind, **keys):
        return {"type": kind, "address": f"localhost:{slow.port}", "transport": "tls",
                "drain_ms": 60000, "tls": {"ca": f"{self.dir}/ca.pem"}, **keys}

    def check_slow(self, kind, split):
        """All documents arrive complete, once and in order, over one connection."""
        slow = self.slow()
        m, err = self.load(self.sink(slow, kind), self.COUNT)
        slow.end()
        self.assertEqual((len(slow.got), m["written"], m["outages"], err), (1, self.COUNT, 0, ""))
        serials = [int(json.loads(line)["qname"][1:13]) for line in split(bytes(slow.got[0]))]
        self.assertEqual(serials, list(range(self.COUNT)))

    def test_stream(self):
        self.check_slow("stream", bytes.splitlines)

    def test_syslog(self):
        def split(data):
            while data:
                head = re.match(rb"([1-9][0-9]*) ", data)
                end = head.end() + int(head[1])
                yield data[data.index(b"{", head.end()):end]
                data = data[end:]
        self.check_slow("syslog", split)

    def test_encrypted_key(self):
        """A key that needs a passphrase is refused, also with a terminal."""
        slow = self.slow()
        key = self.dir / "secret.key"
        subprocess.run(["openssl", "pkey", "-in", self.dir / "client.key", "-aes256", "-passout",
                        "pass:x", "-out", key], check=True, timeout=harness.HANG_S)
        sink = self.sink(slow, "stream", tls={
            "ca": f"{self.dir}/ca.pem", "cert": f"{self.dir}/client.pem", "key": str(key)})
        # script(1) provides a terminal
        receivers.need("script")
        done = subprocess.run(
            ["script", "-qec", f"{receivers.LOAD} {self.config(sink)} 1", "/dev/null"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=harness.HANG_S, check=False)
        slow.end()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(b"secret.key: it is encrypted", done.stdout)


if __name__ == "__main__":
    harness.main()
