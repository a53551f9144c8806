"""The content of one message while it arrives, for those who sign and check signatures, and when it is changed."""

import hashlib

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
def make_content(tmp_path):
    """Receives content whole; in memory up to *inline_octets*."""
    made: list[IncomingContent] = []

    def make(octets, *, inline_octets=1_000, limit_octets=100_000, header_octets=1_000):
        queue_id = QueueId.make(Timestamp(0.0), bytes(9) + bytes([len(made)]))
        content = IncomingContent(
            ContentBudget(inline_octets=inline_octets, limit_octets=limit_octets),
            lambda: SpoolFile(tmp_path, "node", queue_id),
            queue_id=queue_id,
            begun_at=Timestamp(0.0),
            header_octets=header_octets,
            arriving=ArrivingMessage(header_octets, [lambda _: FORMS]),
        )
        content.add(octets)
        content.finish()
        made.append(content)
        return content

    yield make
    for content in made:
        content.close()
        assert 0 == content.budget.held_octets
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


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


@pytest.mark.parametrize("inline_octets", [100_000, 100])
@pytest.mark.parametrize(
    ("header", "rest", "body"),
    [
        (HEADER, b"\r\n" + BODY, BODY),
        (HEADER, b"", b""),
        (HEADER, b"\r\n", b""),
        (b"", b"\r\n" + BODY, BODY),
        (b"", b"no header\r\n" + BODY, b"no header\r\n" + BODY),
    ],
)
def test_the_body_begins_behind_the_empty_line(make_content, inline_octets, header, rest, body):
    """
    A filter gets header and body apart, wherever the content is.
    """
    content = make_content(header + rest, inline_octets=inline_octets)
    assert header == content.header(1_000)
    assert body == b"".join(content.body(header))


def test_a_header_that_fills_a_chunk_of_the_spool_is_left_out_whole(make_content):
    """
    A chunk may end between the CR and the LF of the empty line.
    """
    size = 256 * 1024 - 1
    header = b"X: y\r\n" * (size // 6)
    header = b"Z" * (size - len(header)) + header
    content = make_content(header + b"\r\n" + BODY, header_octets=size + 10)
    assert BODY == b"".join(content.body(header))


NEW = (b"short\r\n",)
LONG = (b"caf\xc3\xa9 " * 200, b"\r\n")


@pytest.mark.parametrize(
    ("inline_octets", "is_inline"), [(100_000, (True, True)), (700, (True, False)), (5, (False,) * 2)]
)
def test_another_body_takes_the_place_of_the_one_that_came(make_content, inline_octets, is_inline):
    """
    Size, digest and the hashes for signatures are those of what is stored; memory is counted.
    """
    for body, inline in zip((NEW, LONG), is_inline, strict=True):
        content = make_content(HEADER + b"\r\nold\r\n", inline_octets=inline_octets)
        content.replace_body(b"Subject: new\r\n", body)
        whole = b"Subject: new\r\n\r\n" + b"".join(body)
        assert (whole, len(whole)) == (b"".join(content.chunks()), content.size)
        assert (inline, "new") == (content.locator == "inline", content.fields.subject)
        assert hashlib.sha256(whole).hexdigest() == content.digest
        assert digests_of(whole, *FORMS) == content.body_digests
        assert (body is LONG) == content.has_8bit
        assert (b"Subject: new\r\n", b"".join(body)) == (
            content.header(1_000),
            b"".join(content.body(b"Subject: new\r\n")),
        )
        content.replace_header(b"Subject: new\r\n", b"")
        assert b"\r\n" + b"".join(body) == b"".join(content.chunks())


def test_text_without_a_header_gets_one_with_another_body(make_content):
    """
    Else the first line of the body could become a field.
    """
    content = make_content(b"no header\r\n")
    content.replace_body(b"", (b"Bcc: x\r\n",))
    assert (False, b"\r\nBcc: x\r\n") == (content.is_headerless, content.content)
