"""http_server - a scripted HTTP server on loopback that records its requests, with or without TLS"""

import socket
import ssl
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class HttpCall:
    """One request. Shape: fields by their names in lower case, lists of their values."""

    line: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = b""

    def field(self, name: str) -> str:
        """The only value of a field."""
        [value] = self.fields[name]
        return value


class HttpServer:
    """
    Answers each whole request with the next of *answers*, the last one for all further: octets of an answer, or b"" to
    close the connection instead.
    """

    def __init__(self, *answers: bytes, context: ssl.SSLContext | None = None) -> None:
        self.calls: list[HttpCall] = []
        self._answers = list(answers)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10.0)

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._serve(connection)
                except OSError:  # SSLError is one, too
                    continue

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10.0)
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as file:
            line = file.readline().decode().rstrip()
            if not line:
                return
            call = HttpCall(line)
            while name := file.readline().decode().rstrip("\r\n"):
                key, _, value = name.partition(": ")
                call.fields.setdefault(key.lower(), []).append(value)
            length = int(call.fields.get("content-length", ["0"])[0])
            call.body = file.read(length)
            if len(call.body) < length:  # the client left
                return
            answer = self._answers[min(len(self.calls), len(self._answers) - 1)]
            self.calls.append(call)
            connection.sendall(answer)


def answer(status: int, body: bytes = b"", **fields: str) -> bytes:
    """The octets of an answer; `_` in the name of a field is `-`."""
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
