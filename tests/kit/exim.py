"""exim - an Exim of the test's own, as Debian has it, that keeps what it gets in its spool"""

import os
from typing import Self

from tests.kit.apart import Apart
from tests.kit.process import free_port

_CONFIGURATION = """\
primary_hostname = exim.example.test
spool_directory = {directory}/spool
log_file_path = {directory}/spool/%slog
log_selector = +tls_cipher +tls_peerdn +8bitmime +received_recipients
pid_file_path = {directory}/spool/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
queue_only
acl_smtp_rcpt = accept
acl_smtp_data = accept
dsn_advertise_hosts = *
{settings}
begin routers
begin transports
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and {{{{eq{{$auth2}}{{relay}}}}{{eq{{$auth3}}{{pencil}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""


class Exim(Apart):
    """To be used in a `with`, by root. *settings* are lines of its configuration; it listens on `port` of 127.0.0.1."""

    def __init__(self, settings: str = "") -> None:
        super().__init__(("exim4-daemon-light",), ("Debian-exim",), {})
        self.port = free_port()
        self._spool = self.directory / "spool"
        self._settings = settings

    def __enter__(self) -> Self:
        (self._spool / "input").mkdir(parents=True)
        for path in (self._spool, self._spool / "input"):
            os.chown(path, 64900, 64900)
        file = self.directory / "exim.conf"
        settings = self._settings.format(directory=self.directory)
        file.write_text(_CONFIGURATION.format(directory=self.directory, port=self.port, settings=settings))
        self.start("usr/sbin/exim4", "-bdf", "-C", str(file), port=self.port)
        return self

    def stored(self, identity: str) -> tuple[bytes, bytes]:
        """Envelope and header, and the body of a message in the spool, by the id that the log has for it."""
        header, body = ((self._spool / "input" / f"{identity}-{part}").read_bytes() for part in "HD")
        return header, body.partition(b"\n")[2]
