"""Fields made from text that programs give."""

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.message.written_fields import Mailbox, address_field, field_name, filename_parameter, text_field

PLAIN = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)


def read(octets):
    """The field as Python's own parser has it."""
    return message_from_bytes(octets + b"\r\n", policy=policy.SMTP)


@given(PLAIN)
def test_a_reader_finds_the_text(text):
    """
    Whatever it is: folded, encoded, or as it is. No line is over 998 octets.
    """
    try:
        octets = text_field("Subject", text)
    except SyntaxViolation:
        assert any(len(word) > 980 for word in text.split(" "))
        return
    assert text.split() == str(read(octets)["Subject"]).split()
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    assert all(len(line) <= 998 and line.strip() for line in octets[:-2].split(b"\r\n"))


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("Hello", b"Subject: Hello\r\n"),
        ("", b"Subject: \r\n"),
        ("a " * 60 + "b", b"Subject:" + b" a" * 34 + b"\r\n" + b" a" * 26 + b" b\r\n"),
        ("x" * 300, b"Subject: " + b"x" * 300 + b"\r\n"),
        ("Gr\xfc\xdfe", b"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"),
        ("ä" * 23, b"Subject: =?utf-8?B?" + b"w6TDpMOk" * 7 + b"w6Q=?=\r\n =?utf-8?B?w6Q=?=\r\n"),
        ("=?utf-8?B?R3I=?=", b"Subject: =?utf-8?B?PT91dGYtOD9CP1IzST0/PQ==?=\r\n"),
    ],
)
def test_how_a_text_is_written(text, octets):
    assert octets == text_field("Subject", text)


@pytest.mark.parametrize("text", ["a\nBcc: x@y.test", "a\r\nb", "\0", "\x7f", "\u2028", "\ud800"])
def test_no_text_ends_its_field(text):
    with pytest.raises(SyntaxViolation, match="Subject has a control character"):
        text_field("Subject", text)


def test_a_text_longer_than_any_header_is_refused():
    with pytest.raises(SyntaxViolation, match="X-A has more than 100000 characters"):
        text_field("X-A", "ü" * 100_001)


def test_a_word_longer_than_a_line_is_refused():
    with pytest.raises(SyntaxViolation, match="a word of more than 998"):
        text_field("X-Long", "x" * 1000)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "a@b.test"),
        ("Ann Lee", "Ann Lee <a@b.test>"),
        ("Lee, Ann", '"Lee, Ann" <a@b.test>'),
        ('Ann "A" \\ Lee', '"Ann \\"A\\" \\\\ Lee" <a@b.test>'),
        ("Än", "=?utf-8?B?w4Ru?= <a@b.test>"),
        ("=?x?=", "=?utf-8?B?PT94Pz0=?= <a@b.test>"),
    ],
)
def test_how_a_name_is_written(name, text):
    mailbox = Mailbox(Address.parse("a@b.test"), name)
    assert f"To: {text}\r\n".encode() == address_field("To", [mailbox])
    [found] = read(address_field("To", [mailbox]))["To"].addresses
    assert (name, "a@b.test") == (found.display_name, found.addr_spec)


def test_several_addresses_have_a_line_each():
    mailboxes = [Mailbox(Address.parse("a@b.test"), "A"), Mailbox(Address.parse("ü@b.test"))]
    assert "To: A <a@b.test>,\r\n ü@b.test\r\n".encode() == address_field("To", mailboxes)


@pytest.mark.parametrize("name", ["References", "In-Reply-To", "Message-ID", "List-Unsubscribe"])
def test_a_field_that_is_not_text_has_no_encoded_words(name):
    """
    RFC 2047 §5. A provider that finds no address in List-Unsubscribe shows no button, or refuses the mail.
    """
    text = "<https://example.org/?next=?x>"
    assert f"{name}: {text}\r\n".encode() == text_field(name, text)
    with pytest.raises(SyntaxViolation, match=f"{name} can have ASCII only"):
        text_field(name, "<https://bücher.example/>")


def test_a_name_cannot_end_the_field():
    with pytest.raises(SyntaxViolation, match="To has a control character"):
        address_field("To", [Mailbox(Address.parse("a@b.test"), "A\r\nBcc: x")])


def test_names_of_fields():
    assert "X-Campaign" == field_name("X-Campaign")
    for name in ("", "a b", "a:", "ä", "x" * 77):
        with pytest.raises(SyntaxViolation, match="not the name of a field"):
            field_name(name)
    for name in ("Bcc", "DKIM-Signature", "Content-Type", "received"):
        with pytest.raises(SyntaxViolation, match="cannot be given among the headers"):
            field_name(name)


def test_names_of_files():
    assert ';\r\n filename="a \\"b\\" \\\\.txt"' == filename_parameter('a "b" \\.txt')
    assert ";\r\n filename*=utf-8''%3D%3Fx%3F%3D.txt" == filename_parameter("=?x?=.txt")
    assert ";\r\n filename*=utf-8''%C3%A4%20b.txt" == filename_parameter("ä b.txt")
    with pytest.raises(SyntaxViolation, match="at most 255 octets"):
        filename_parameter("ä" * 128)
    with pytest.raises(SyntaxViolation, match="filename has a control character"):
        filename_parameter('a"\r\nX: y')
