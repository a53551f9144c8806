"""
An OpenSMTPD as Debian has it is the next host: DSN, 8-bit content, and TLS that never succeeds.

The package of Debian 12 is older than its OpenSSL 3: it offers STARTTLS, and no handshake with it ends well. So it is
the host of DELIVERY.md, "TLS", whose TLS is broken. It needs root, and the package in .venv/debian, so `make interop`
runs it and `make test` does not know it.
"""

import pytest

from tests.e2e.next_hop import CONTENT, NAME, Before
from tests.kit.certificates import issued
from tests.kit.opensmtpd import OpenSmtpd
from tests.kit.process import free_port
from tests.kit.queue import select
from tests.kit.waiting import eventually

LISTENER = """
[[listener]]
address = "127.0.0.1:{port}"
role = "internal"
[destinations."*"]
retry = "1s"
"""


@pytest.fixture(scope="module")
def opensmtpd():
    with OpenSmtpd(free_port(), issued(NAME)) as server:
        yield server


@pytest.fixture(scope="module")
def empath(tmp_path_factory, opensmtpd):
    before = Before(
        tmp_path_factory.mktemp("before-opensmtpd"),
        opensmtpd.port,
        f'"clear.test" = "smtp://{NAME}:{opensmtpd.port_in_clear}"\n"reports.test" = "maildir:mail"',
    )
    text = before.config.read_text() + LISTENER.format(port=opensmtpd.reports)
    before.config.write_text(text)
    with before.running() as instance:
        yield instance


def test_8_bit_content_is_stored_and_its_report_comes_back(empath, opensmtpd):
    """
    OpenSMTPD has DSN, so it reports the delivery; this host relays the report to the sender.
    """
    options = {
        "mail_options": ["BODY=8BITMIME", "RET=HDRS", "ENVID=QQ+2B314159"],
        "rcpt_options": ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;first@x.test"],
    }
    empath.give("a@reports.test", "eight@clear.test", **options)
    [stored] = eventually(lambda: opensmtpd.stored("eight"), "the mail")
    assert stored.replace(b"\r\n", b"\n").endswith(CONTENT.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n"))
    assert "Subject: café".encode() in stored
    [report] = eventually(lambda: list((empath.maildir / "new").glob("*")), "the report")
    text = report.read_bytes()
    assert b"\nFinal-Recipient: rfc822; eight@clear.test" in text, text
    assert b"\nAction: delivered" in text, text
    assert [(0,)] == select(empath.queue, "SELECT count(*) FROM message WHERE listener = 'report'")


def test_tls_that_is_optional_and_fails(empath):
    """
    Young mail waits; it goes in the clear once its first retry delay is over.
    """
    recipient = "user@x.test"
    empath.give("a@b.test", recipient)
    query = "SELECT outcome, tls_version, tls_failure IS NULL FROM attempt WHERE recipient = ? ORDER BY attempt_id"
    first, *_, last = eventually(lambda: until_delivered(select(empath.queue, query, recipient)), "the delivery")
    assert ("deferred", None, 0) == first
    assert ("delivered", None) == last[:2]


def until_delivered(rows):
    """The rows, once the last of them is a delivery."""
    return rows if len(rows) > 1 and "delivered" == rows[-1][0] else None


@pytest.mark.parametrize("level", ["none", "encrypt"])
def test_tls_as_a_level_demands_it(empath, level):
    """
    Mail that must go inside TLS waits.
    """
    row = empath.attempt_under(level)
    assert ("delivered" if level == "none" else "deferred") == row[0]
    assert (level == "encrypt") == ("tls" == row[1])
