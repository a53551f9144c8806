"""
tunnel - TLS for smtp-source and smtp-sink, which do not speak it: stunnel between them and the server

stunnel takes a connection in the clear, connects to the server, says EHLO and STARTTLS there, and passes on what the
two say within TLS. Before the sink it is the server, and offers STARTTLS. It is written in C, as smtp-source is: a
generator in Python was so slow that fewer mails shared a commit, and took the caches from the server that was measured.
"""

import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .certificate import CERTIFICATE, KEY, write_certificate
from .machine import LOOPBACK, command, cpu_of_process_s, free_port, is_greeting, wait_for

CONFIG: Final = """\
foreground = yes
pid =
debug = err
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[smtp]
client = yes
accept = {loopback}:{port}
connect = {loopback}:{server_port}
protocol = smtp
sslVersionMin = TLSv1.3
sessionResume = {resumes}
"""


SINK_CONFIG: Final = """\
foreground = yes
pid =
debug = err
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[smtp]
accept = {loopback}:{port}
connect = {loopback}:{sink_port}
protocol = smtp
cert = {directory}/{certificate}
key = {directory}/{key}
"""


class Stunnel:
    """A stunnel with this *config*, which listens at *port*; its file is *file*."""

    def __init__(self, config: str, port: int, file: Path) -> None:
        self.port = port
        file.write_text(config)
        directory, config_file = file.parent, file
        self._process = subprocess.Popen(
            [command("stunnel"), str(config_file)], cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def _is_ready(self) -> bool:
        return is_greeting(self.port)

    def cpu_s(self) -> float:
        """Processor time that it has used."""
        return cpu_of_process_s(self._process.pid)

    def __enter__(self) -> Self:
        try:
            wait_for(self._is_ready, 10, "stunnel to pass on a greeting")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._process.terminate()
        self._process.wait()


class Tunnel(Stunnel):
    """
    A way to the server at *server_port* through TLS 1.3, at `port`. With *resumes* each connection resumes the session
    of one before, otherwise each makes a full handshake. Its files are in *directory*.
    """

    def __init__(self, server_port: int, directory: Path, *, resumes: bool = False) -> None:
        port = free_port()
        given = {"port": port, "server_port": server_port, "resumes": "yes" if resumes else "no"}
        super().__init__(CONFIG.format(loopback=LOOPBACK, **given), port, directory / "stunnel.conf")


class SecureSink(Stunnel):
    """A next hop that offers STARTTLS, at `port`, before the sink at *sink_port*."""

    def __init__(self, sink_port: int, directory: Path) -> None:
        port = free_port()
        write_certificate(directory)
        given = {"port": port, "sink_port": sink_port, "directory": directory, "certificate": CERTIFICATE, "key": KEY}
        super().__init__(SINK_CONFIG.format(loopback=LOOPBACK, **given), port, directory / "stunnel-sink.conf")

    def _is_ready(self) -> bool:
        # stunnel goes away where a client says something else than EHLO.
        try:
            with socket.create_connection((LOOPBACK, self.port), 5) as connection:
                return connection.recv(512).startswith(b"220")
        except OSError:
            return False
