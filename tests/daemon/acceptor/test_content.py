"""The content of one message while it arrives, for those who sign and check signatures."""

import pytest

from empath.authentication.arriving import ArrivingMessage
from empath.authentication.canonical import BodyForm, Canon
from empath.daemon.acceptor.content import ContentBudget, IncomingContent
from empath.mail.identity import QueueId, Timestamp
from empath.storage.spool import SpoolFile
from tests.authentication.kit import digests_of

FORMS = (BodyForm(Canon.SIMPLE), BodyForm(Canon.RELAXED, 7))
HEADER = b"From: a@b.example\r\nBcc: c@d.example\r\nTo: e@f.example\r\n"
BODY = b"\r\n text \r\n" * 50


@pytest.fixture
def arrived(tmp_path):
    """Receives content in pieces; returns what was shown, and the content."""

    def receive(octets, *, inline_octets=10_000, step=10, strips_blind_copies=False):
        shown = []

        def wanted(fields):
            shown.append(b"".join(fields.fields.octets))
            return FORMS

        queue_id = QueueId.make(Timestamp(0.0), bytes(10))
        budget = ContentBudget(inline_octets=inline_octets, limit_octets=100_000)
        content = IncomingContent(
            budget,
            lambda: SpoolFile(tmp_path, "node", queue_id),
            queue_id=queue_id,
            begun_at=Timestamp(0.0),
            header_octets=1_000,
            strips_blind_copies=strips_blind_copies,
            arriving=ArrivingMessage(1_000, [wanted]),
        )
        for start in range(0, len(octets), step):
            content.add(octets[start : start + step])
        content.finish()
        digests = content.body_digests
        content.close()
        assert 0 == budget.held_octets
        return shown, digests

    return receive


@pytest.mark.parametrize("inline_octets", [10_000, 100])
def test_the_body_is_hashed_while_it_arrives(arrived, inline_octets):
    """
    Whether it stays in memory or goes to the spool, nobody reads it again.
    """
    message = HEADER + b"\r\n" + BODY
    assert ([HEADER], digests_of(message, *FORMS)) == arrived(message, inline_octets=inline_octets)


def test_the_header_that_is_shown_is_that_of_the_message_that_goes_on(arrived):
    """
    Bcc is stripped on submission, and lines of a mailbox file are no field.
    """
    message = b"From x Mon Jan 1 00:00:00 2026\r\n" + HEADER + b"\r\n" + BODY
    shown, digests = arrived(message, strips_blind_copies=True)
    assert [HEADER.replace(b"Bcc: c@d.example\r\n", b"")] == shown
    assert digests_of(HEADER + b"\r\n" + BODY, *FORMS) == digests


def test_text_without_a_header_is_hashed_as_a_body(arrived):
    """
    It gets an empty line before it.
    """
    assert ([b""], digests_of(b"\r\nHello\r\n\r\nyou\r\n", *FORMS)) == arrived(b"Hello\r\n\r\nyou\r\n")
