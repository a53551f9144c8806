"""client - an SMTP client that sends given octets unchanged, and reads whole replies"""

import socket
from types import TracebackType
from typing import Self

from tests.kit.waiting import DEADLINE_S

CONTENT = b"Subject: test\r\n\r\ntext\r\n"


class Client:
    """One connection. `greeting` is the banner; *source* is the address that it comes from."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S, (source, 0))
        self._buffer = b""
        try:
            self.greeting = self.reply()
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def push(self, octets: bytes) -> None:
        """Send without waiting."""
        self.socket.sendall(octets)

    def reply(self) -> str:
        """The next reply, its lines joined by a line feed; ConnectionError where the connection ends instead."""
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            while b"\r\n" not in self._buffer:
                octets = self.socket.recv(65536)
                if not octets:
                    raise ConnectionError(f"closed after {lines} {self._buffer!r}")
                self._buffer += octets
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            lines.append(line.decode())
        return "\n".join(lines)

    def say(self, command: str) -> str:
        """Send one command; its reply."""
        self.push(command.encode() + b"\r\n")
        return self.reply()

    def say_all(self, *commands: str) -> list[str]:
        """Send one command after another; codes and enhanced codes of their replies."""
        return [code_of(self.say(command)) for command in commands]

    def content(self, octets: bytes) -> str:
        """Send DATA with this content; the final reply."""
        assert "354" == self.say("DATA")[:3]
        stuffed = (b"\r\n" + octets).replace(b"\r\n.", b"\r\n..")[2:]
        self.push(stuffed + b".\r\n")
        return self.reply()

    def mail(self, sender: str, *recipients: str, content: bytes = CONTENT) -> str:
        """
        Send one message after EHLO; paths have their brackets and parameters. The queue id of the message.

        Raises:
            AssertionError: it was not accepted.
        """
        said = [self.say(f"MAIL FROM:{sender}"), *(self.say(f"RCPT TO:{recipient}") for recipient in recipients)]
        assert {"250"} == {reply[:3] for reply in said}, said
        reply = self.content(content)
        assert reply.startswith("250 2.0.0 Ok: queued as "), reply
        return reply.rpartition(" ")[2]


def code_of(reply: str) -> str:
    """`550 5.1.1` of a reply, or the code alone."""
    code, _, rest = reply.rpartition("\n")[2].partition(" ")
    status = rest.partition(" ")[0]
    return f"{code} {status}" if status.replace(".", "").isdigit() and status.count(".") == 2 else code
