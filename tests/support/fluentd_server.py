# SPDX-License-Identifier: BSD-3-Clause
"""A small receiver of Fluentd's forward protocol v1, written from its specification alone, with faults
on request. It stores every event, by connection and in order.

Server(...) listens at once and serves connections on its own threads until stop().
"""
import gzip
import hashlib
import hmac
import os
import socket
import ssl
import struct
import threading
import time

import msgpack


def event_time(code, data):
    """Decodes extension 0, big-endian seconds and nanoseconds, to integer nanoseconds."""
    if code != 0 or len(data) != 8:
        return msgpack.ExtType(code, data)
    seconds, nanos = struct.unpack(">II", data)
    if nanos >= 1000000000:
        raise ValueError("nanoseconds out of range")
    return seconds * 1000000000 + nanos


def unpacker(**more):
    return msgpack.Unpacker(raw=False, ext_hook=event_time, strict_map_key=True,
                            max_buffer_size=1 << 30, **more)


class Server:
    """Faults, by number of the connection, from 0:

    close_after: closes, within a chunk, after so many octets: {number: octets}
    mute: discards what it reads and acknowledges nothing: {number}
    forget_ack: stores a chunk, but closes instead of acknowledging it: {number: number of the chunk}
    late_s: seconds that each acknowledgement is delayed
    """

    def __init__(self, where=("127.0.0.1", 0), tls=None, shared_key=None, users=None,
                 hostname="receiver", close_after=None, mute=(), forget_ack=None, late_s=0,
                 wrong_digest=False, keepalive=True, garbage=None):
        self.events, self.chunks, self.connections, self.problems = [], [], 0, []
        self.modes = set()
        self.tls, self.shared_key, self.users, self.hostname = tls, shared_key, users, hostname
        self.close_after, self.mute = close_after or {}, mute
        self.forget_ack, self.late_s = forget_ack or {}, late_s
        self.wrong_digest, self.keepalive, self.garbage = wrong_digest, keepalive, garbage
        self.lock = threading.Condition()
        self.stopping = False
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        if family == socket.AF_INET:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif os.path.exists(where):
            os.unlink(where)
        self.listener.bind(where)
        self.listener.listen(16)
        self.where = self.listener.getsockname()
        self.open = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return self.where if isinstance(self.where, str) else "%s:%u" % self.where[:2]

    def accept(self):
        while not self.stopping:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            if conn.family == socket.AF_INET:
                # Nagle's algorithm would delay an acknowledgement, and a reset would lose it.
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                number = self.connections
                self.connections += 1
                self.open.append(conn)
            threading.Thread(target=self.serve, args=(conn, number), daemon=True).start()

    def serve(self, conn, number):
        try:
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
                self.open.append(conn)
            self.talk(conn, number)
        except (OSError, ssl.SSLError) as e:
            if self.tls and "handshake" not in str(e).lower():
                self.note(f"connection {number}: {e}")
        except (ValueError, msgpack.UnpackException) as e:
            self.note(f"connection {number}: {e!r}")
        finally:
            conn.close()

    def note(self, what):
        with self.lock:
            self.problems.append(what)

    def login(self, conn, reader):
        nonce, auth = os.urandom(16), os.urandom(16) if self.users else b""
        conn.sendall(msgpack.packb(
            ["HELO", {"nonce": nonce, "auth": auth, "keepalive": self.keepalive}]))
        said = next(reader, None)
        if said is None:
            return False
        ping, host, salt, digest, user, password = said
        raw = salt if isinstance(salt, bytes) else salt.encode()

        def of(*parts):
            return hashlib.sha512(b"".join(
                p if isinstance(p, bytes) else p.encode() for p in parts)).hexdigest()

        reason = ""
        if ping != "PING" or not hmac.compare_digest(
                digest, of(raw, host, nonce, self.shared_key)):
            reason = "shared_key mismatch"
        elif self.users and password != of(auth, user, self.users.get(user, "")):
            reason = "username/password mismatch"
        mine = of(raw, self.hostname, nonce, "other" if self.wrong_digest else self.shared_key)
        conn.sendall(msgpack.packb(["PONG", not reason, reason, self.hostname, mine]))
        return not reason

    def octets(self, conn, number):
        """Yields received octets until the peer or a fault closes the connection."""
        left = self.close_after.get(number)
        while left is None or left > 0:
            data = conn.recv(1 << 16 if left is None else min(1 << 16, left))
            if not data:
                return
            if left is not None:
                left -= len(data)
            yield data

    def messages(self, conn, number):
        u = unpacker()
        for data in self.octets(conn, number):
            u.feed(data)
            yield from u

    def talk(self, conn, number):
        if self.garbage:
            conn.sendall(self.garbage)
        if number in self.mute:
            while conn.recv(1 << 16):
                pass
            return
        reader = self.messages(conn, number)
        if self.shared_key is not None and not self.login(conn, reader):
            return
        for n, message in enumerate(reader):
            chunk = self.take(message, number)
            if self.forget_ack.get(number) == n:
                return
            if chunk is not None:
                if self.late_s:
                    time.sleep(self.late_s)
                conn.sendall(msgpack.packb({"ack": chunk}))
            if not self.keepalive:
                return

    def take(self, message, number):
        """Stores the events of a message. Returns the id of its chunk, or None."""
        tag, second, *rest = message
        if isinstance(second, (bytes, list)):
            mode = "forward" if isinstance(second, list) else "packed"
            option = rest[0] if rest else {}
            entries = second
            if isinstance(second, bytes):
                if option.get("compressed") == "gzip":
                    mode, second = "compressed", gzip.decompress(second)
                u = unpacker()
                u.feed(second)
                entries = list(u)
                if u.tell() != len(second):
                    raise ValueError("an incomplete entry at the end")
            if option.get("size", len(entries)) != len(entries):
                raise ValueError(f"size {option['size']}, but {len(entries)} entries")
        else:
            mode, entries, option = "message", [[second, rest[0]]], (rest[1:] or [{}])[0]
        chunk = option.get("chunk")
        with self.lock:
            self.modes.add(mode)
            if chunk is not None:
                self.chunks.append(chunk)
            for when, record in entries:
                if not isinstance(when, int) or not isinstance(record, dict):
                    raise ValueError("an entry without a time or a record")
                self.events.append((tag, when, record))
            self.lock.notify_all()
        return chunk

    def wait(self, count, seconds=60):
        """Waits for `count` events. Returns how many were stored."""
        with self.lock:
            self.lock.wait_for(lambda: len(self.events) >= count, seconds)
            return len(self.events)

    def stop(self):
        self.stopping = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for conn in self.open:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join()
