"""The text that local programs hand over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.message.submission import LocalHeader, before_lone_dot, display_name, with_crlf


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (b"", b""),
        (b"a\nb", b"a\r\nb\r\n"),
        (b"a\r\nb\n", b"a\r\nb\r\n"),
        (b"a\rb\r\r\n", b"a\r\nb\r\n\r\n"),
        (b"\n", b"\r\n"),
    ],
)
def test_each_line_ends_in_crlf(text, content):
    assert content == with_crlf(text)


@given(st.binary())
def test_no_bare_line_end_is_left(text):
    content = with_crlf(text)
    assert b"" == content or content.endswith(b"\r\n")
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")


def test_a_lone_dot_ends_the_text():
    """
    As a person at a keyboard ends it; -i takes such a line as text.
    """
    assert b"a\n" == before_lone_dot(b"a\n.\nb\n")
    assert b"a\n..\n. \n" == before_lone_dot(b"a\n..\n. \n")


@pytest.mark.parametrize(
    ("header", "recipients"),
    [
        (b"To: a@b.test\r\nCc: C <c@d.test>\r\nBcc: g@h.test\r\n", ["a@b.test", "c@d.test", "g@h.test"]),
        (b"To: a@b.test,\r\n c@d.test\r\n", ["a@b.test", "c@d.test"]),
        (b"TO : group: a@b.test, c@d.test;\r\n", ["a@b.test", "c@d.test"]),
        (b"To: undisclosed-recipients:;\r\n", []),
        (b'To: "x, y" <a@b.test>\r\n', ["a@b.test"]),
        (b"From x Mon Jan 1\r\nTo: a@b.test\r\n", ["a@b.test"]),
        (b"To: a@b.test\r\nResent-To: c@d.test\r\n", ["c@d.test"]),
        (b"Subject: x\r\n", []),
        (b"To: a@b.test;c@d.test\r\nCc: e@f.test\r\n", ["a@b.test", "c@d.test", "e@f.test"]),
        (b"To: a@b.test,, ,c@d.test,\r\n", ["a@b.test", "c@d.test"]),
        (b"To: info@b.test <a@b.test>\r\n", ["a@b.test"]),
        (b"To: a@b.test (c, d), Bob [x] <c@d.test>\r\n", ["a@b.test", "c@d.test"]),
        (b"To: \xe4 <a@b.test>\r\n", ["a@b.test"]),
        (b"Subject: x\r\nX Mailer: y\r\nTo: a@b.test\r\n", ["a@b.test"]),
        (b"To: a@[IPv6:2001:db8::1], C: c@d.test;\r\n", ["a@[IPv6:2001:db8::1]", "c@d.test"]),
    ],
)  # fmt: skip
def test_recipients_come_from_the_header(header, recipients):
    """
    Of a message that is sent on, only the Resent fields count, RFC 5322 §3.6.6. PHP and people write names without
    quotes, commas at the end, and semicolons; no address may be passed over without a word.
    """
    assert recipients == LocalHeader(header + b"\r\nTo: not@header.test\r\n").recipients()


@pytest.mark.parametrize("value", [b"A Name <>, b@c.test", b"<a@b.test> <b@c.test>", b'"A <a@b.test>, b@c.test'])
def test_a_list_that_cannot_be_read_is_named(value):
    with pytest.raises(SyntaxViolation, match=r"^To is not a list of addresses: "):
        LocalHeader(b"Cc: c@d.test\r\nTo: " + value + b"\r\n\r\n").recipients()


@pytest.mark.parametrize("noise", [b":" * 100_000, b"(" * 50_000 + b")" * 50_000, b"a:" * 50_000])
def test_a_field_may_be_as_deep_as_it_likes(noise):
    """
    The reader of the standard library calls itself, and gives up.
    """
    assert ["b@c.test"] == LocalHeader(b"To: " + noise + b" b@c.test\r\n\r\n").recipients()


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (b"", ""),
        (b"Ann B", '"Ann B"'),
        (b'a"\\\r\nBcc: x', '"a    Bcc: x"'),
        ("Jörg".encode(), "=?utf-8?b?SsO2cmc=?="),
        ("Jörg".encode("iso-8859-1"), "=?utf-8?b?SsO2cmc=?="),
    ],
)
def test_a_name_in_any_encoding_is_one_of_a_field(octets, name):
    """
    Cron and PHP pass what the system or a form has; a field carries ASCII.
    """
    assert name == display_name(octets)


def test_text_without_a_header_is_known_as_such():
    """
    A field that is put above it needs an empty line.
    """
    assert LocalHeader(b"hello there\r\n").is_headerless
    assert not LocalHeader(b"To: a@b.test\r\nhello there\r\n").is_headerless
    assert not LocalHeader(b"").is_headerless
    assert not LocalHeader(b"\r\nhello\r\n").is_headerless
