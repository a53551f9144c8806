"""opensmtpd - an OpenSMTPD of the test's own, as Debian has it, that keeps what it gets in Maildirs"""

import os
from typing import Self

from tests.kit.apart import Apart
from tests.kit.certificates import Pem
from tests.kit.process import free_port

_CONFIGURATION = """\
pki here cert "{directory}/certificate.pem"
pki here key "{directory}/key.pem"
listen on 127.0.0.1 port {port} tls pki here hostname opensmtpd.example.test
listen on 127.0.0.1 port {port_in_clear} hostname opensmtpd.example.test
table people {{ "@" = "nobody" }}
action "reports" relay host smtp://127.0.0.1:{reports}
action "store" maildir "{directory}/mail/%{{rcpt.user}}" virtual <people>
match from any for domain "reports.test" action "reports"
match from any for any action "store"
"""
# The paths that are compiled in.
_ELSEWHERE = {"/var/spool": "spool", "/var/lib": "lib", "/run": "run", "/usr/libexec": "root/usr/libexec"}


class OpenSmtpd(Apart):
    """
    To be used in a `with`, by root; it listens on `port` of 127.0.0.1, and on `port_in_clear` without TLS.

    Mail for reports.test, such as its reports, goes to the port *reports*.
    """

    def __init__(self, reports: int, pem: Pem) -> None:
        super().__init__(("opensmtpd",), ("opensmtpd", "opensmtpq"), _ELSEWHERE)
        self.port = free_port()
        self.port_in_clear = free_port()
        self.mail = self.directory / "mail"
        self.reports = reports
        self._pem = pem

    def __enter__(self) -> Self:
        self.mail.mkdir()
        os.chown(self.mail, 65534, 65534)
        (self.directory / "lib/opensmtpd/empty").mkdir(parents=True)
        (self.directory / "spool/smtpd").mkdir(mode=0o711)
        self._pem.write(self.directory)
        for file in self.directory.glob("*.pem"):
            file.chmod(0o600)
        configuration = self.directory / "smtpd.conf"
        ports = {"port": self.port, "port_in_clear": self.port_in_clear, "reports": self.reports}
        configuration.write_text(_CONFIGURATION.format(directory=self.directory, **ports))
        self.start("usr/sbin/smtpd", "-d", "-f", str(configuration), port=self.port)
        return self

    def stored(self, user: str) -> list[bytes]:
        """The messages of a user."""
        return [file.read_bytes() for file in (self.mail / user / "new").glob("*")]
