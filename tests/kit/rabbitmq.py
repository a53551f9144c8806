"""rabbitmq - the broker RabbitMQ (Debian: rabbitmq-server) on loopback, on ports of its own"""

import os
import signal
import socket
import subprocess
from pathlib import Path

import amqp

from tests.kit.process import free_port
from tests.kit.waiting import DEADLINE_S, eventually

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_START_S = 60.0


class RabbitMq:
    """A broker, which is stopped and started again with what it holds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        self.url = f"amqp://127.0.0.1:{self.port}"
        self._folder = folder
        self._names = str(free_port())  # port of epmd, which knows the nodes of a host
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **os.environ,
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": self._names,
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_MNESIA_BASE": str(folder),
            "RABBITMQ_NODENAME": "empath-test@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }

    def start(self) -> None:
        """Have it listen."""
        self._process = subprocess.Popen(
            [PROGRAM], env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        eventually(self._listens, "RabbitMQ listens", deadline_s=_START_S)

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(DEADLINE_S)
            self._process = None
            # The script is gone; the node below it has its socket a little longer, on a machine that is busy.
            eventually(lambda: not self._listens(), "RabbitMQ listens no longer")

    def close(self) -> None:
        """End it, and the program that it started for the names of nodes."""
        self.kill()
        eventually(self._forgets, "epmd ends")

    def open(self) -> amqp.Channel:
        """A channel of a connection of the test's own."""
        connection = amqp.Connection(f"127.0.0.1:{self.port}")
        connection.connect()
        return connection.channel()

    def _forgets(self) -> bool:
        """epmd ends by itself as soon as it knows of no node."""
        said = subprocess.run(["epmd", "-kill"], env=self._environment, capture_output=True, check=False)
        return b"Killed" in said.stdout + said.stderr or b"Cannot connect" in said.stdout + said.stderr

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), DEADLINE_S).close()
        except OSError:
            return False
        return True
