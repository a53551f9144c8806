"""nats_server - the server of NATS (Debian: nats-server) on loopback, and what its streams hold"""

import asyncio
import json
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import nats

from tests.kit.process import free_port
from tests.kit.waiting import DEADLINE_S, eventually

PROGRAM = shutil.which("nats-server", path="/usr/sbin:/usr/bin:/usr/local/bin")
USER, PASSWORD = "empath", "secret"


class NatsServer:
    """A server with JetStream, which is stopped and started again with what it holds."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have it listen."""
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, "-js", "-sd", self._folder, "-a", "127.0.0.1", "-p", str(self.port), "--user", USER,
             "--pass", PASSWORD],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        eventually(self._listens, "nats-server listens")

    def stop(self) -> None:
        """Kill it, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(DEADLINE_S)

    def add_stream(self, name: str, subject: str, **settings: Any) -> None:
        """Have *subject* kept."""
        asyncio.run(self._ask(lambda stream: stream.add_stream(name=name, subjects=[subject], **settings)))

    def messages(self, name: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Subject, id and event of each message of a stream, in its order."""

        async def read(stream: Any) -> list[tuple[str, str, dict[str, Any]]]:
            last = (await stream.stream_info(name)).state.last_seq
            found = [await stream.get_msg(name, number) for number in range(1, last + 1)]
            return [(each.subject, each.headers["Nats-Msg-Id"], json.loads(each.data)) for each in found]

        found: list[tuple[str, str, dict[str, Any]]] = asyncio.run(self._ask(read))
        return found

    async def _ask(self, what: Any) -> Any:
        client = await nats.connect(self.url, user=USER, password=PASSWORD, allow_reconnect=False)
        try:
            return await what(client.jetstream())
        finally:
            await client.close()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), DEADLINE_S).close()
        except OSError:
            return False
        return True
