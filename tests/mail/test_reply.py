"""Replies and enhanced status codes: RFC 5321 §4.2 and RFC 3463."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply
from tests.kit import strategies


@given(status=strategies.enhanced_statuses)
def test_a_status_survives_its_text_form(status):
    """
    Rows and reports hold the text form.
    """
    assert status == EnhancedStatus.parse(str(status))


@pytest.mark.parametrize(
    "text", ["", "2.1", "3.1.1", "2.01.1", "5.1.1000", "2.1.1 ", " 2.1.1", "2.1.1\n", "2.1.\u0661", "x"]
)
def test_what_is_no_status_is_refused(text):
    """
    Two spellings of one status would be counted as two.
    """
    with pytest.raises(SyntaxViolation):
        EnhancedStatus.parse(text)


@given(reply=strategies.replies())
def test_a_reply_survives_its_short_form(reply):
    """
    All replies of our own are written in that form.
    """
    status = f"{reply.enhanced} " if reply.enhanced else ""
    assert reply == Reply.of(f"{reply.code} {status}{reply.text}")


@pytest.mark.parametrize("line", ["", "25 Ok", "2500 Ok", "abc Ok", "25\u0660 Ok", "-50 Ok"])
def test_what_has_no_code_is_no_reply(line):
    """
    A mistake in a reply of ours must show here, not at the peer.
    """
    with pytest.raises(SyntaxViolation):
        Reply.of(line)


@pytest.mark.parametrize(
    ("line", "octets"),
    [
        ("354 Go ahead", b"354 Go ahead\r\n"),
        ("250 2.0.0 Ok", b"250 2.0.0 Ok\r\n"),
        ("250", b"250 \r\n"),
        ("250 2.0.0", b"250 2.0.0 \r\n"),
        ("554 5.7.1 No,\nnot you", b"554-5.7.1 No,\r\n554 5.7.1 not you\r\n"),
        ("250 peer\nSIZE 9", b"250-peer\r\n250 SIZE 9\r\n"),
        ("250 2.0.0 für", b"250 2.0.0 f\xc3\xbcr\r\n"),
    ],
)
def test_a_reply_goes_on_the_wire_line_by_line(line, octets):
    """
    RFC 2034 §4: the status is on every line.
    """
    assert octets == Reply.of(line).octets


@given(code=st.integers(200, 599), text=st.text())
def test_an_escaped_reply_is_one_line_of_printable_text(code, text):
    """
    A peer must not control our terminal, and a row has room for a limited text.
    """
    escaped = Reply(code, None, text).escaped()
    assert (True, True) == (escaped.isprintable(), len(escaped) <= 500)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Ok", "250 2.0.0 Ok"),
        ("a\nb", "250 2.0.0 a b"),
        ("a\\b", "250 2.0.0 a\\\\b"),
        ("\x1b[2J\x00\udcff", "250 2.0.0 \\x1b[2J\\x00\\xff"),
        ("Postfach überfüllt, 郵便", "250 2.0.0 Postfach überfüllt, 郵便"),
        ("a\u202eb\u2028c\ud800", "250 2.0.0 a\\u202eb\\u2028c\\ud800"),
        ("a" * 490, "250 2.0.0 " + "a" * 490),
        ("a" * 491, "250 2.0.0 " + "a" * 487 + "..."),
    ],
)
def test_escaping_keeps_what_can_be_read(text, escaped):
    """
    People look there for the reason of a peer.
    """
    reply = Reply(250, EnhancedStatus(2, 0, 0), text)
    assert (escaped, escaped) == (reply.escaped(), str(reply))


def test_the_class_is_the_first_digit():
    """
    RFC 5321 §4.2.1: only the first digit decides what a client does.
    """
    assert [2, 3, 4, 5] == [Reply.of(f"{code} x").klass for code in (250, 354, 450, 599)]


def test_what_is_made_once_has_its_docstring():
    """
    People ask the class for it.
    """
    assert "The reply as it goes on the wire" in str(Reply.octets.__doc__)
