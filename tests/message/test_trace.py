"""The fields that this host adds above a message."""

import re

import pytest
from hypothesis import given

from empath.mail.identity import QueueId, Timestamp
from empath.mail.protocol import Protocol
from empath.message.header import HeaderFields, HeaderSplitter
from empath.message.trace import Reception, expanded_fields, missing_fields, protocol_word, received_field
from tests.kit import strategies

AT = Timestamp(1_700_000_000.25)
ULID = QueueId.make(AT, bytes(10))
HERE = Reception("client.example", "192.0.2.7", "mx.example.test", "ESMTP")


def test_the_received_field_says_from_by_with_id_for_and_when():
    """
    RFC 5321 §4.4.
    """
    expected = (
        "Received: from client.example ([192.0.2.7])\r\n"
        f"\tby mx.example.test (Empath) with ESMTP id {ULID}\r\n"
        "\tfor <you@example.org>;\r\n"
        "\tTue, 14 Nov 2023 22:13:20 +0000\r\n"
    )
    assert expected.encode() == received_field(HERE, ULID, AT, "you@example.org")


def test_the_received_field_says_the_priority_that_the_client_gave():
    """
    RFC 6710: the next server may take it from there.
    """
    field = received_field(HERE._replace(mt_priority=-3), ULID, AT, "you@example.org")
    assert b"\r\n\tfor <you@example.org>\r\n\tPRIORITY -3;\r\n\tTue, 14 Nov 2023" in field


def test_without_an_only_recipient_there_is_no_for():
    """
    It would show which of several recipients got a blind copy.
    """
    assert b"for <" not in received_field(HERE, ULID, AT, None)


def test_an_ipv6_client_stands_as_its_literal():
    """
    RFC 5321 §4.1.3.
    """
    reception = Reception("[IPv6:2001:db8::1]", "2001:db8::1", "mx.example.test", "SMTP")
    assert b"from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n" in received_field(reception, ULID, AT, None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "unknown"),
        ("a (b) \\ c\r\nX: y", "a??b????c??X:?y"),
        ("ä.example", "?.example"),
        ("a;b", "a?b"),
        ("<host>", "?host?"),
        ('"host"', "?host?"),
        ("[127.0.0.1", "?127.0.0.1"),
        ("127.0.0.1]", "127.0.0.1?"),
        ("[a[b]", "[a?b]"),
        ("[a;b]", "[a?b]"),
        ("[]", "[]"),
    ],
)
def test_a_client_cannot_write_what_it_likes_into_the_field(name, shown):
    """
    A blank, parenthesis, line end or backslash in its name could forge a part of the trace. A semicolon would end it
    before the date, and half a literal, angle or quotation mark would take the rest of the field into one word.
    """
    reception = Reception(name, "192.0.2.7", "mx.example.test", "SMTP")
    assert (
        f"from {shown} (" == received_field(reception, ULID, AT, None).decode()[len("Received: ") :][: len(shown) + 7]
    )


@given(address=strategies.addresses)
def test_any_recipient_leaves_the_field_one_field(address):
    """
    Every line but the first is a continuation line.
    """
    field = received_field(HERE, ULID, AT, str(address))
    assert field.endswith(b"\r\n")
    assert [b"R", b"\t", b"\t", b"\t"] == [line[:1] for line in field[:-2].split(b"\r\n")]
    assert None is re.search(rb"[\r\n]", field.replace(b"\r\n", b""))


@pytest.mark.parametrize(
    ("protocol", "flags", "word"),
    [
        ("smtp", "", "SMTP"),
        ("smtp", "e", "ESMTP"),
        ("smtp", "es", "ESMTPS"),
        ("smtp", "ea", "ESMTPA"),
        ("smtp", "esa", "ESMTPSA"),
        ("smtp", "eu", "UTF8SMTP"),
        ("smtp", "eusa", "UTF8SMTPSA"),
        ("lmtp", "e", "LMTP"),
        ("lmtp", "esa", "LMTPSA"),
        ("lmtp", "eu", "UTF8LMTP"),
    ],
)
def test_the_protocol_word_is_that_of_the_registry(protocol, flags, word):
    """
    RFC 3848 §1, RFC 6531 §4.3.
    """
    assert word == protocol_word(
        Protocol(protocol),
        is_esmtp="e" in flags,
        is_smtputf8="u" in flags,
        is_encrypted="s" in flags,
        is_authenticated="a" in flags,
    )


def test_a_hidden_client_is_not_in_the_field():
    """
    The field says where its author was.
    """
    field = received_field(HERE._replace(is_client_hidden=True), ULID, AT, None).decode()
    assert field.startswith(f"Received: by mx.example.test (Empath) with ESMTP id {ULID};\r\n\t")
    assert "192.0.2.7" not in field
    assert "client.example" not in field


@pytest.mark.parametrize(
    ("header", "added"),
    [
        (b"From: a@b\r\n", f"Date: {AT.date_time()}\r\nMessage-ID: <{ULID}@mx.example.test>\r\n"),
        (b"DATE : now\r\n", f"Message-ID: <{ULID}@mx.example.test>\r\n"),
        (b"Message-ID: <a@b>\r\n", f"Date: {AT.date_time()}\r\n"),
        (b"message-id: <a@b>\r\ndate: now\r\n", ""),
    ],
)
def test_only_what_is_missing_is_added(header, added):
    """
    RFC 6409 §8.2, §8.3.
    """
    fields = HeaderFields()
    fields.add(HeaderSplitter(1000).feed(header + b"\r\n"))
    assert added.encode() == missing_fields(fields, "mx.example.test", ULID, AT)


def test_marks_of_aliases_are_fields_of_bounded_length():
    """
    RFC 5322 §2.1.1: a line has at most 998 octets. No marks are no field.
    """
    marks = [f"{number:016x}" for number in range(100)]
    lines = expanded_fields(marks).split(b"\r\n")
    assert (b"", b"") == (lines[-1], expanded_fields([]))
    assert max(map(len, lines)) <= 998
    assert " ".join(marks).encode() == b" ".join(line.partition(b": ")[2] for line in lines[:-1])
