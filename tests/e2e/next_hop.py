"""A server of Debian as the next host: the instance before it, and the attempts that it makes there."""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.kit.certificates import authority, issued
from tests.kit.process import Empathd
from tests.kit.queue import select, write
from tests.kit.waiting import DEADLINE_S, eventually

NAME = "127.0.0.1"
CONTENT = b"Subject: caf\xc3\xa9\r\nMIME-Version: 1.0\r\n\r\nfirst \xc3\xa4\r\n.dot\r\n..\r\nlast\r\n"
_CLIENT = """
[credentials."localhost"]
username = "relay"
password_file = "secret"
[tls.client]
certificate = "certificate.pem"
key = "key.pem"
ca = "ca.pem"
[retry]
base = "1h"
"""
_NUMBERS = count(1)


def digest() -> str:
    """SHA-256 of the certificate that `issued(NAME)` begins with."""
    end = "-----END CERTIFICATE-----"
    first = issued(NAME).certificate.decode().partition(end)[0] + end
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


# Level, outcome, and what proves the identity of the host. The last one opens the breaker of the destination.
LEVELS = [
    ("may", "delivered", None),
    ("encrypt", "delivered", None),
    ("verify", "delivered", f"certificate for {NAME}"),
    (f"fingerprint:SHA256:{digest()}", "delivered", f"fingerprint SHA256:{digest()}"),
    ("none", "delivered", None),
    (f"fingerprint:SHA256:{'00' * 32}", "deferred", None),
]


class Before(Empathd):
    """An Empath that sends all mail to the server at *port*; that for login.test with a name and a password."""

    def __init__(self, directory: Path, port: int, routes: str = "") -> None:
        issued("me.example.test").write(directory)
        (directory / "ca.pem").write_bytes(authority().cert_pem.bytes())
        (directory / "secret").write_text("pencil\n")
        self.target = f"smtp:{NAME}:{port}"
        hosts = f'"*" = "smtp://{NAME}:{port}"\n"login.test" = "smtp://localhost:{port}"\n{routes}'
        super().__init__(directory, _CLIENT, routes=hosts)

    @contextmanager
    def running(self) -> Iterator["Before"]:
        """It runs; at the end it must stop as it should."""
        try:
            self.start()
            yield self
            assert 0 == self.stop()
        finally:
            self.clean_up()

    def set_rule(self, setting: str, value: str) -> None:
        """What holds of the server, by a row, which acts within a second."""
        write(self.queue, "DELETE FROM destination_rule WHERE setting = ?", setting)
        add = "INSERT INTO destination_rule (pattern, setting, value) VALUES (?, ?, ?)"
        write(self.queue, add, self.target, setting, value)

    def give(self, sender: str, recipient: str, **options: Any) -> None:
        """Accept CONTENT."""
        with smtplib.SMTP(NAME, self.port, timeout=DEADLINE_S) as client:
            client.sendmail(sender, [recipient], CONTENT, **options)

    def attempt_for(self, domain: str = "x.test") -> tuple[Any, ...]:
        """Outcome, stage and TLS of the attempt for a new message."""
        recipient = f"user{next(_NUMBERS)}@{domain}"
        self.give("a@b.test", recipient)
        query = "SELECT outcome, stage, tls_policy, tls_version, tls_peer, text FROM attempt WHERE recipient = ?"
        return eventually(lambda: select(self.queue, query, recipient), "the attempt")[-1]

    def attempt_under(self, level: str) -> tuple[Any, ...]:
        """The same, made under a rule `tls`: an attempt may come before the rule acts."""
        self.set_rule("tls", level)
        return eventually(lambda: self._in_force(level), "the rule")

    def _in_force(self, level: str) -> tuple[Any, ...]:
        row = self.attempt_for()
        [(rule,)] = select(self.queue, "SELECT max(rule_id) FROM _destination_rule")
        return row if row[2].startswith(f"{level.partition(':')[0]} by rule {rule} ") else ()

    def refused_login(self) -> tuple[Any, ...]:
        """The attempt after the password has become a wrong one, without a reload."""
        (self.directory / "new").write_text("pen")
        (self.directory / "new").rename(self.directory / "secret")
        self.wait_for("reload_finished")
        return eventually(self._refused, "the login that is refused")

    def _refused(self) -> tuple[Any, ...]:
        row = self.attempt_for("login.test")  # a worker that drains may take the mail before, with the old password
        return row if ("deferred", "auth") == row[:2] else ()
