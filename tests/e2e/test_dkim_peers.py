"""
Signatures of this host in the eyes of others: OpenDKIM, Mail::DKIM and dkimpy.

It needs the Debian packages opendkim, libmail-dkim-perl and python3-dkim, so `make interop` runs it and `make test`
does not know it.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.authentication.sealer import Sealed, Sealer
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signer import Signer
from tests.authentication.kit import TEXTS, digests_of, fields_of, key
from tests.authentication.test_sealer import judged as chain_of
from tests.e2e.test_dkim import Signing
from tests.kit.dkim_peers import chain_by_dkimpy, chain_by_mail_dkim, dkimpy, mail_dkim, opendkim
from tests.kit.vectors import vectors

ODD = {  # a message that came by SMTP ends in a line end
    name: text.encode("latin-1") for name, text in vectors("dkim-signed")["messages"].items() if text.endswith("\r\n")
}


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


def check_by_all(folder: Path, message: bytes, *, reads_blank_before_colon: bool = False) -> None:
    """Assert that each peer finds the signatures good that it knows."""
    assert "succeeded" in opendkim(folder, message, TEXTS)
    assert "rsa-sha256 pass" == mail_dkim(folder, message, TEXTS)[0]
    if not reads_blank_before_colon:
        assert ["pass", "pass"] == dkimpy(folder, message, TEXTS, 2)


@pytest.mark.parametrize("name", ODD)
def test_odd_messages_are_signed_as_others_read_them(tmp_path: Path, name: str) -> None:
    """
    dkimpy refuses any message that has a blank before a colon.
    """
    message = ODD[name]
    signer = Signer({"example.com": [("r", key("r")), ("e", key("e"))]})
    domains = signer.domains(fields_of(message), lambda domain: True) or ("example.com",)
    fields = signer.sign(fields_of(message), digests_of(message, SIGNED_FORM), domains, time.time())
    check_by_all(tmp_path, fields + message, reads_blank_before_colon=b" :" in message)


def test_mail_that_a_service_has_signed_is_good_for_others(signing: Signing, tmp_path: Path) -> None:
    """
    From the key file over the queue to the mailbox.
    """
    message = (
        b"From: Joe <joe@example.com>\r\nTo: a@b.example\r\nSubject: \xc3\xa4\r\n\r\n text \xc3\xa4\t \r\n\r\n.\r\n"
    )
    check_by_all(tmp_path, signing.carried(message))


@pytest.mark.parametrize("name", ODD)
def test_odd_messages_are_sealed_as_others_read_them(tmp_path: Path, name: str) -> None:
    """
    Two hosts after each other; a peer that cannot read a message at all says nothing of its seals.
    """
    message = ODD[name]
    for _ in range(2):
        chain = chain_of(message)
        sealer = Sealer("example.com", "r", key("r"), "mx.example.com")
        results = b"Authentication-Results: mx.example.com; spf=pass (why) smtp.mailfrom=a@b.example\r\n"
        made = sealer.seal(fields_of(message), digests_of(message, SIGNED_FORM), chain, results, time.time())
        assert isinstance(made, Sealed)
        message = made.fields + message
    assert ["pass"] == chain_by_mail_dkim(tmp_path, message, TEXTS)
    if b" :" not in ODD[name]:
        assert ["pass"] == chain_by_dkimpy(tmp_path, message, TEXTS)
