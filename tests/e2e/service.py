"""
service - a real instance between a client and scripted peers

Each next hop has an address of its own in 127/8, made from this process's id, so that parallel runs do not meet. All of
them are in the configuration from the start; each test takes one that no other test has used.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from empath.cli.admin.__main__ import admin
from tests.e2e.client import Client
from tests.kit.peer import ScriptedPeer
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select
from tests.kit.sqlites import SHELL, by_apsw, by_shell
from tests.kit.waiting import eventually

PORT = 2526
WAYS = 120
FAULTS = (
    *("session_crashed", "delivery_crashed", "lease_crashed", "process_crashed"),
    *("stale_result", "lease_failed", "settle_failed"),
)


def address(number: int) -> str:
    """Address of next hop *number* (0 to 254) of this process."""
    return f"127.{os.getpid() >> 8 & 127 | 64}.{os.getpid() & 255}.{number}"


class Service(Empathd):
    """An instance with a route `wN.test` to `address(N)`; all other domains go to its Maildir."""

    def __init__(self, directory: Path, more: str = "", routes: str = "") -> None:
        ways = "\n".join(f'"w{n}.test" = "smtp://{address(n)}:{PORT}"' for n in range(1, WAYS))
        # Further listeners; `port` is that of role internal.
        self.ports = {role: free_port() for role in ("mx", "submission")}
        listeners = "".join(
            f'[[listener]]\naddress = "127.0.0.1:{port}"\nrole = "{role}"\n' for role, port in self.ports.items()
        )
        super().__init__(directory, listeners + more, f'{ways}\n"*" = "maildir:mail"\n{routes}')
        self.spool = directory / "spool"
        self._ways = count(1)

    def next_way(self) -> tuple[str, ScriptedPeer]:
        """A domain that no other test uses, and the peer that gets its mail, not started yet."""
        number = next(self._ways)
        return f"w{number}.test", ScriptedPeer(address(number), PORT)

    def client(self, source: str = "127.0.0.1", *, verb: str = "EHLO") -> Client:
        """A connection after its greeting."""
        client = Client(self.port, source)
        try:
            assert "220" == client.greeting[:3], client.greeting
            assert "250" == client.say(f"{verb} client.example.test")[:3]
        except BaseException:
            client.socket.close()
            raise
        return client

    def rows(self, statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
        """The rows of a query now."""
        return select(self.queue, statement, *bindings)

    def recipients(self, ulid: str) -> list[tuple[str, str]]:
        """Address and status of each recipient of a message."""
        return self.rows(
            "SELECT address, status FROM _recipient JOIN _message USING (message_id) WHERE ulid = ? ORDER BY address",
            ulid,
        )

    def wait_status(self, ulid: str, *statuses: str) -> None:
        """Wait until the recipients of a message, in the order of their addresses, have these statuses."""
        eventually(lambda: [status for _, status in self.recipients(ulid)] == list(statuses), f"{statuses} for {ulid}")

    def attempts(self, ulid: str) -> list[tuple[Any, ...]]:
        """Address, outcome, stage and text of each attempt for a message, oldest first."""
        return self.rows(
            "SELECT address, outcome, stage, text FROM _attempt JOIN _recipient USING (recipient_id)"
            " JOIN _message USING (message_id) WHERE ulid = ? ORDER BY attempt_id",
            ulid,
        )

    def order(self, *arguments: str) -> None:
        """Give an order by empath-admin."""
        result = CliRunner().invoke(admin, ["-c", str(self.config), *arguments])
        assert 0 == result.exit_code, (result.output, result.exception)

    def shell(self, statement: str) -> None:
        """Edit by the plain sqlite3 of the system, or by a foreign connection if there is none."""
        edit = by_apsw if SHELL is None else by_shell
        assert "" == edit(self.queue, statement)

    def spooled(self) -> list[str]:
        """Names of the files in the spool, without the one that says whose it is."""
        return [file.name for file in self.spool.glob("*/*") if file.is_file()]

    def live_files(self) -> set[str]:
        """The files of these that are not garbage yet."""
        garbage = self.rows("SELECT locator FROM _spool_garbage")
        return {*self.spooled()} - {locator.rpartition("/")[2] for (locator,) in garbage}

    def in_maildir(self, ulid: str) -> Iterator[bytes]:
        """The mails in the Maildir from one message."""
        return (content for content in self.delivered() if f" id {ulid}".encode() in content[:2000])

    def faults(self) -> list[dict[str, Any]]:
        """Log lines that report a fault in Empath."""
        return [event for event in self.events() if event["event"] in FAULTS]


def split_trace(content: bytes) -> tuple[bytes, bytes]:
    """The topmost Received field, which this host added, and the rest."""
    assert content.startswith(b"Received: from "), content[:200]
    end = content.index(b"+0000\r\n") + 7
    return content[:end], content[end:]
