"""The digest for the postmaster of failed mail without a sender."""

from empath.mail.identity import Timestamp
from empath.message.report.digest import DigestEntry, compose_digest

AT = Timestamp(1_700_000_000)


def test_a_digest_names_each_message_in_ascii_and_counts_the_others():
    """
    No reply or address can add a line or a field.
    """
    entries = [
        DigestEntry("01A", AT, "r@a.example", "550 5.1.1 no\r\nBcc: x"),
        DigestEntry("01B", AT, "jörg@b.example", ""),
    ]
    octets = compose_digest(entries, 7, hostname="mx.example.test", to="admin@example.test", queue_id="01C", at=AT)
    assert octets.isascii()
    assert octets.count(b"\n") == octets.count(b"\r\n")
    head, _, body = octets.partition(b"\r\n\r\n")
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in head
    assert [
        b"These messages have no sender to report to, and could not be delivered:",
        b"",
        b"01A 2023-11-14T22:13:20Z <r@a.example>",
        b"    550 5.1.1 no Bcc: x",
        b"",
        b"01B 2023-11-14T22:13:20Z <j\\xf6rg@b.example>",
        b"    no reply",
        b"",
        b"7 further messages failed; `report_discarded` in the log names each.",
        b"",
    ] == body.split(b"\r\n")


def test_a_digest_without_others_does_not_count_them():
    """
    The usual case.
    """
    octets = compose_digest([], 0, hostname="mx.example.test", to="admin@example.test", queue_id="01C", at=AT)
    assert b"further" not in octets
