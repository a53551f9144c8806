"""
Filters of others: rspamd, OpenDKIM, clamav-milter and libmilter judge the mail of a real service.

It needs the Debian packages rspamd, opendkim, clamav-milter, clamav-daemon and python3-milter, so `make interop` runs
it and `make test` does not know it.
"""

import itertools
import smtplib
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from empath.authentication.sealer import Sealed, Sealer
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signer import Signer
from tests.authentication.kit import TEXTS, digests_of, fields_of, judged, key
from tests.authentication.test_sealer import judged as chain_of
from tests.kit.dns import ScriptedDns
from tests.kit.milter_peers import EICAR, MilterPeer, clamav_filter, libmilter_filter, opendkim_filter, rspamd
from tests.kit.process import Empathd, free_port
from tests.kit.vectors import vectors
from tests.kit.waiting import eventually

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
MESSAGE = (
    b"From: Joe <joe@example.com>\r\nTo: c@d.test\r\nSubject: s\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\n"
    b"\r\n  text \r\n"
)
NAMES = ("rspamd", "signs", "verifies", "clamav", "libmilter")


class Filtered:
    """A service with a listener for each filter."""

    def __init__(self, folder: Path, addresses: dict[str, str]) -> None:
        self.ports = {name: free_port() for name in NAMES}
        listeners = "".join(
            f'[[listener]]\naddress = "127.0.0.1:{port}"\nrole = "internal"\n' for port in self.ports.values()
        )
        milters = "".join(
            f'[[milter]]\naddress = "{addresses[name]}"\nlisteners = ["127.0.0.1:{port}"]\n'
            for name, port in self.ports.items()
        )
        self.empathd = Empathd(folder, listeners + milters)
        self._marks = itertools.count(1)

    def client(self, name: str) -> smtplib.SMTP:
        """A session with the listener of one filter."""
        client = smtplib.SMTP("127.0.0.1", self.ports[name], timeout=60)
        client.ehlo("c.example.com")
        return client

    def carried(self, name: str, message: bytes, recipients: tuple[str, ...] = ("c@d.test",)) -> bytes:
        """*message* as it was delivered, after the filter."""
        mark = b"X-Mark: %d\r\n" % next(self._marks)
        with self.client(name) as client:
            assert {} == client.sendmail("joe@example.com", recipients, mark + message)

        def found() -> bytes | None:
            mails = (file.read_bytes() for file in self.empathd.maildir.glob("new/*"))
            return next((mail for mail in mails if mark.rstrip() + b"\n" in mail.replace(b"\r\n", b"\n")), None)

        return (eventually(found, "the mail") or b"").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filtered]:
    """All filters, and a service that asks them."""
    folders = {name: tmp_path_factory.mktemp(name) for name in (*NAMES, "e")}
    texts = {"s._domainkey.example.com": next(text for name, text in TEXTS.items() if name.startswith("r."))}
    with ExitStack() as running:
        names = running.enter_context(ScriptedDns())
        for name, text in TEXTS.items():
            names.txt(name, *[text])
        peers: dict[str, AbstractContextManager[MilterPeer]] = {
            "rspamd": rspamd(folders["rspamd"], int(names.address.rpartition(":")[2])),
            "clamav": clamav_filter(folders["clamav"]),
            "signs": opendkim_filter(folders["signs"], "s", vectors("dkim-signed")["private_keys"]["r"], texts),
            "verifies": opendkim_filter(folders["verifies"], "v", vectors("dkim-signed")["private_keys"]["r"], TEXTS),
            "libmilter": libmilter_filter(folders["libmilter"]),
        }
        addresses = {name: running.enter_context(peer).address for name, peer in peers.items()}
        made = Filtered(folders["e"] / "e", addresses)
        made.empathd.start()
        try:
            yield made
            assert 0 == made.empathd.stop()
        finally:
            made.empathd.clean_up()


def test_rspamd_refuses_gtube_and_its_fields_arrive(filtered: Filtered) -> None:
    """
    Over one connection: a good message after a refused one, and a session after another.
    """
    for _ in range(2):
        with filtered.client("rspamd") as client:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("joe@example.com", ["c@d.test"], MESSAGE + GTUBE + b"\r\n")
            assert (5, True) == (refused.value.smtp_code // 100, b"Gtube" in refused.value.smtp_error)
            assert {} == client.sendmail("joe@example.com", ["c@d.test"], MESSAGE)
        assert b"X-Spamd-Bar: " in filtered.carried("rspamd", MESSAGE)
    assert [] == filtered.empathd.named("milter_failed")


def test_rspamd_verifies_what_is_signed_and_sealed_here(filtered: Filtered) -> None:
    """
    Both algorithms, and a chain of one set; a changed body is found.
    """
    signer = Signer({"example.com": [("r", key("r")), ("e", key("e"))]})
    signed = signer.sign(fields_of(MESSAGE), digests_of(MESSAGE, SIGNED_FORM), ("example.com",), time.time()) + MESSAGE
    results = b"Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=a@b.example\r\n"
    sealer = Sealer("example.com", "r", key("r"), "mx.example.com")
    made = sealer.seal(fields_of(signed), digests_of(signed, SIGNED_FORM), chain_of(signed), results, time.time())
    assert isinstance(made, Sealed)
    told = filtered.carried("rspamd", made.fields + signed)
    assert b"R_DKIM_ALLOW(0.00)[example.com:s=r,example.com:s=e]" in told
    assert b"ARC_ALLOW(-1.00)[example.com:s=r:i=1]" in told
    assert b"R_DKIM_REJECT(" in filtered.carried("rspamd", signed.replace(b"text", b"Text"))


def test_clamav_refuses_a_virus_and_its_fields_arrive(filtered: Filtered) -> None:
    """
    In a part in base64, too. A good message over the same connection passes.
    """
    encoded = b"Content-Transfer-Encoding: base64\r\n" + MESSAGE.partition(b"\r\n\r\n")[0]
    with filtered.client("clamav") as client:
        for infected in (MESSAGE + EICAR + b"\r\n", encoded + b"\r\n\r\n" + b64encode(EICAR) + b"\r\n"):
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("joe@example.com", ["c@d.test"], infected)
            assert (550, True) == (refused.value.smtp_code, b"virus Eicar-Test" in refused.value.smtp_error)
        assert {} == client.sendmail("joe@example.com", ["c@d.test"], MESSAGE)
    assert b"X-Virus-Status: Clean" in filtered.carried("clamav", MESSAGE)
    assert [] == filtered.empathd.named("milter_failed")


def test_what_opendkim_signs_is_good(filtered: Filtered) -> None:
    """
    In simple form: not a blank of header and body changes on the way.
    """
    message = filtered.carried("signs", MESSAGE)
    signed = message[message.index(b"DKIM-Signature:") :]
    received = signed.index(b"Received:")
    signed = signed[:received] + signed[signed.index(b"X-Mark:") :]
    texts = {"s._domainkey.example.com": next(text for name, text in TEXTS.items() if name.startswith("r."))}
    assert ["pass"] == [str(each.result) for each in judged(signed, texts, now=time.time())]


def test_opendkim_verifies_what_is_signed_here(filtered: Filtered) -> None:
    """
    It sees header and body as they came.
    """
    signer = Signer({"example.com": [("r", key("r"))]})
    fields = signer.sign(fields_of(MESSAGE), digests_of(MESSAGE, SIGNED_FORM), ("example.com",), time.time())
    message = filtered.carried("verifies", fields + MESSAGE)
    assert b"Authentication-Results: opendkim.example.test;" in message
    assert b"dkim=pass" in message


def test_all_changes_of_libmilter_arrive(filtered: Filtered) -> None:
    """
    Fields with folds, another body, sender and recipients; a recipient alone is refused, a reply has two lines.
    """
    with filtered.client("libmilter") as client:
        code, words = client.mail("reply@b.test")
        assert (451, b"4.7.1 wait\n4.7.1 a 100% little") == (code, words)
    with filtered.client("libmilter") as client:
        refused = client.sendmail("joe@example.com", ["no@d.test", "c@d.test", "e@d.test"], MESSAGE)
        assert [550] == [code for code, _ in refused.values()]
    message = filtered.carried("libmilter", MESSAGE, ("c@d.test", "e@d.test"))
    assert message.endswith(b"\r\n\r\n" + b"new body\r\n" * 10_000)
    for line in (
        b"X-Folded: one\r\n two\r\n", b"Subject: changed\r\n", b"X-Log: helo c.example.com\r\n",
        b"X-Log: mail <joe@example.com> True\r\n", b"X-Log: rcpt <e@d.test>\r\n", b"X-Log: body 9\r\n",
    ):  # fmt: skip
        assert line in message
    accepted = filtered.empathd.named("accepted")[-1]
    assert ("other@b.test", 2) == (accepted["sender"], accepted["recipients"])


def test_a_quarantine_of_libmilter_holds_mail(filtered: Filtered) -> None:
    """
    The message waits for a person.
    """
    with filtered.client("libmilter") as client:
        client.sendmail("joe@example.com", ["c@d.test"], MESSAGE + b"long line\r\n" * 200)
    assert "hold" == filtered.empathd.named("milter_decided")[-1]["verdict"]
