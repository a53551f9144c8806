"""A service that signs: its keys are files that only root need be able to read."""

import smtplib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authentication.kit import judged
from tests.kit.process import Empathd, free_port
from tests.kit.vectors import vectors
from tests.kit.waiting import eventually

SETTINGS = """
[relay]
networks = ["127.0.0.1/32"]
[dkim]
keys = "keys"
expires = "14d"
[dkim.sign]
"example.com" = ["r", "e"]
[[listener]]
address = "127.0.0.1:{port}"
role = "submission"
"""


class Signing:
    """A running service, and how mail goes through it."""

    def __init__(self, directory: Path) -> None:
        keys = directory / "keys"
        keys.mkdir(parents=True, mode=0o700)
        for selector, text in vectors("dkim-signed")["private_keys"].items():
            (keys / f"example.com.{selector}.key").write_text(text)
            (keys / f"example.com.{selector}.key").chmod(0o600)
        self.port = free_port()
        self.empathd = Empathd(directory, SETTINGS.format(port=self.port))

    def carried(self, message: bytes) -> bytes:
        """*message* as it was delivered, without what the delivery itself adds."""
        before = set(self.empathd.maildir.glob("new/*"))
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.ehlo("c.test")
            client.mail("joe@example.com", ["BODY=8BITMIME"])
            client.rcpt("a@b.example")
            code, reply = client.data(message)
        assert 250 == code, reply
        [file] = eventually(lambda: set(self.empathd.maildir.glob("new/*")) - before, "the mail")
        content = file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return content[content.index(b"DKIM-Signature:") :]


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    """A service that runs for the tests of this module."""
    made = Signing(tmp_path_factory.mktemp("dkim") / "e")
    made.empathd.start()
    try:
        yield made
        assert 0 == made.empathd.stop()
    finally:
        made.empathd.clean_up()


def test_mail_is_signed_from_the_file_to_the_mailbox(signing: Signing) -> None:
    """
    Both algorithms; nothing on the way changes what was signed.
    """
    message = signing.carried(b"From: Joe <joe@example.com>\r\nTo: a@b.example\r\nSubject: s\r\n\r\n text \r\n\r\n")
    assert ["pass", "pass"] == [str(each.result) for each in judged(message, now=time.time())]
