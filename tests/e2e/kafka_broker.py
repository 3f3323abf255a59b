# SPDX-License-Identifier: BSD-3-Clause
"""Runs an Apache Kafka broker in KRaft mode, from the jars of scripts/get-kafka in KAFKA_JARS."""
import os
import shutil
import socket
import subprocess
import time

import harness
import receivers

JARS = os.environ.get("KAFKA_JARS", "")
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={dir}/log
num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def missing():
    """Returns why no broker can run, or ""."""
    if not JARS:
        return "KAFKA_JARS is not set (scripts/get-kafka)"
    if not shutil.which("java"):
        return "java is not installed"
    return "" if receivers.MOCK.exists() else "this build has no librdkafka"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """A broker with its data in the case's directory, which creates topics on demand."""

    def __init__(self, case):
        self.case, self.dir, self.process = case, case.dir / "kafka", None
        self.dir.mkdir()
        self.port = free_port()
        self.brokers = f"127.0.0.1:{self.port}"
        self.conf = self.dir / "server.properties"
        self.conf.write_text(PROPERTIES.format(port=self.port, control=free_port(), dir=self.dir))
        case.addCleanup(self.kill)
        self.java("kafka.tools.StorageTool", "format", "-t", "4L6g3nShT-eMCtK--X86sw",
                  "-c", self.conf).wait(timeout=harness.HANG_S)
        self.start()

    def java(self, *words):
        log = open(self.dir / "output", "ab")
        with log:
            return subprocess.Popen(
                ["java", "-Xmx512m", "-cp", f"{JARS}/*", *map(str, words)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self.dir)

    def start(self):
        """Starts the broker and waits until it answers."""
        self.process = self.java("kafka.Kafka", self.conf)
        until = time.monotonic() + harness.HANG_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                self.case.assertIsNone(self.process.poll(), "the broker has ended")
                self.case.assertLess(time.monotonic(), until, "the broker does not answer")
                time.sleep(0.2)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()


class Reader(receivers.Mock):
    """Returns a consumer, tests/support/kafka_mock.c without its brokers."""

    def __init__(self, case, broker):
        super().__init__(case, broker.brokers)
