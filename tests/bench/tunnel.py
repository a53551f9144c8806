"""
tunnel - TLS for smtp-source, which does not speak it: stunnel between it and the server

stunnel takes a connection in the clear, connects to the server, says EHLO and STARTTLS there, and passes on what the
two say within TLS. It is written in C, as smtp-source is: a generator in Python was so slow that fewer mails shared a
commit, and took the caches from the server that was measured.
"""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final

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


class Tunnel:
    """
    A way to the server at *server_port* through TLS 1.3, at `port`. With *resumes* each connection resumes the session
    of one before, otherwise each makes a full handshake. Its files are in *directory*.
    """

    def __init__(self, server_port: int, directory: Path, *, resumes: bool = False) -> None:
        self.port = free_port()
        config = directory / "stunnel.conf"
        config.write_text(
            CONFIG.format(
                loopback=LOOPBACK, port=self.port, server_port=server_port, resumes="yes" if resumes else "no"
            )
        )
        self._process = subprocess.Popen(
            [command("stunnel"), str(config)], cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def cpu_s(self) -> float:
        """Processor time that it has used."""
        return cpu_of_process_s(self._process.pid)

    def __enter__(self) -> "Tunnel":
        try:
            wait_for(lambda: is_greeting(self.port), 10, "stunnel to pass on a greeting")
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
