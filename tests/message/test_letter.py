"""Messages made from their parts."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.message.letter import Attachment, Letter, Parts
from empath.message.written_fields import Mailbox

APP = Mailbox(Address.parse("app@example.org"), "App")
ANN = Mailbox(Address.parse("ann@example.com"), "Ann")
BOB = Mailbox(Address.parse("bob@example.com"))
BOUNDARY = "0123456789abcdef"


def written(**parts):
    """The octets, and the message as Python's own parser has it."""
    octets = Letter(Parts(APP, **parts), BOUNDARY).written()
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    return octets, message_from_bytes(octets, policy=policy.SMTP)


def text_of(message, kind="plain"):
    """The text of a part, with LF."""
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def test_a_text_is_sent_as_it_is():
    octets, _ = written(to=(ANN, BOB), cc=(), subject="Hello", text="a\nb", headers={"X-Job": "7"})
    assert octets == (
        b"From: App <app@example.org>\r\nTo: Ann <ann@example.com>,\r\n bob@example.com\r\nSubject: Hello\r\n"
        b'X-Job: 7\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: 7bit\r\n\r\na\r\nb\r\n"
    )


def test_what_all_parts_give():
    octets, message = written(
        to=(BOB,),
        cc=(ANN,),
        reply_to=(BOB,),
        subject="Hi",
        text="text",
        html="<img src='cid:logo'>",
        attachments=(
            Attachment(b"\0\xff" * 100, "image/png", "logo.png", "logo"),
            Attachment(b"a,b\n", 'text/csv; charset="utf-8"; header=present', "ä.csv"),
        ),
    )
    assert octets.isascii()
    assert ("bob@example.com", "Ann <ann@example.com>", "bob@example.com") == (
        message["To"], message["Cc"], message["Reply-To"]
    )  # fmt: skip
    kinds = [part.get_content_type() for part in message.walk()]
    assert [
        *("multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"),
        "text/csv",
    ] == kinds
    image, table = [part for part in message.walk() if part.get_filename()]
    assert (b"\0\xff" * 100, "<logo>", "inline") == (
        image.get_content(), image["Content-ID"], image.get_content_disposition()
    )  # fmt: skip
    assert ("ä.csv", b"a,b\n", "attachment") == (
        table.get_filename(), table.get_payload(decode=True), table.get_content_disposition()
    )  # fmt: skip
    assert ("text\n", "<img src='cid:logo'>\n") == (text_of(message), text_of(message, "html"))


def test_a_cid_without_html_is_an_attachment():
    _, message = written(to=(BOB,), text="x", attachments=(Attachment(b"y", "image/png", None, "logo"),))
    assert ["multipart/mixed", "text/plain", "image/png"] == [part.get_content_type() for part in message.walk()]


def test_html_alone_and_nothing_at_all():
    _, message = written(to=(BOB,), html="<p>x")
    assert ("text/html", "<p>x\n") == (message.get_content_type(), text_of(message, "html"))
    _, message = written()
    assert ("text/plain", "undisclosed-recipients:;") == (message.get_content_type(), message["To"])
    assert message["Subject"] is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("Gruß aus einer langen Zeile mit einem Umlaut", "quoted-printable"),
        ("Привет", "base64"),
        ("a\0b", "quoted-printable"),
        ("ü" + "\n" * 1024 * 1024, "base64"),
    ],
)
def test_the_encoding_is_the_shortest_that_every_host_takes(text, encoding):
    octets, message = written(to=(BOB,), text=text)
    assert octets.isascii()
    assert encoding == message["Content-Transfer-Encoding"]
    assert text.rstrip("\n") == text_of(message).rstrip("\n")


@settings(max_examples=50)
@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=500))
def test_a_reader_finds_any_text(text):
    _, message = written(to=(BOB,), text=text, html=text)
    wanted = text if text.endswith("\n") or not text else f"{text}\n"
    assert wanted == message.get_body(("plain",)).get_payload(decode=True).decode().replace("\r\n", "\n")


def test_each_recipient_has_values():
    letter = Letter(
        Parts(
            APP, subject="For {{name}}", text="{{name}}: {{n}}", html="<b>{{name}}</b>",
            headers={"List-Unsubscribe": "<https://example.org/{{n}}>"}, has_places=True,
        ),
        BOUNDARY,
    )  # fmt: skip
    made = [
        message_from_bytes(letter.written(to, {"name": name, "n": n}), policy=policy.SMTP)
        for to, name, n in ((ANN, "<Ann & Ä>", "1"), (BOB, "Bob", "2"))
    ]
    assert ["For <Ann & Ä>", "For Bob"] == [each["Subject"] for each in made]
    assert ["<Ann & Ä>: 1\n", "Bob: 2\n"] == [text_of(each) for each in made]
    assert ["<b>&lt;Ann &amp; Ä&gt;</b>\n", "<b>Bob</b>\n"] == [text_of(each, "html") for each in made]
    assert ["<https://example.org/1>", "<https://example.org/2>"] == [each["List-Unsubscribe"] for each in made]
    assert ["Ann <ann@example.com>", "bob@example.com"] == [each["To"] for each in made]
    with pytest.raises(SyntaxViolation, match="no value for"):
        letter.written(ANN, {"name": "x"})
    with pytest.raises(SyntaxViolation, match="Subject has a control character"):
        letter.written(ANN, {"name": "x\r\nBcc: y@z.test", "n": "1"})


def test_a_letter_with_its_values_has_a_largest_size():
    places = "{{n}}" * 100
    for parts in (Parts(APP, text=places), Parts(APP, html=places)):
        letter = Letter(replace(parts, has_places=True, most=1000), BOUNDARY)
        assert letter.written(ANN, {"n": "1"})
        with pytest.raises(SyntaxViolation, match="more than 1000 characters"):
            letter.written(ANN, {"n": "1" * 11})
    letter = Letter(Parts(APP, subject="{{n}}" * 100, has_places=True), BOUNDARY)
    with pytest.raises(SyntaxViolation, match="more than 100000 characters"):
        letter.written(ANN, {"n": "1" * 1001})


def test_without_values_a_placeholder_is_text():
    _, message = written(to=(BOB,), subject="{{name}}", text="{{name}}")
    assert ("{{name}}", "{{name}}\n") == (message["Subject"], text_of(message))


def test_whether_the_header_needs_utf8():
    assert Letter(Parts(APP, (BOB,)), BOUNDARY).is_ascii
    assert not Letter(Parts(APP, (Mailbox(Address.parse("ü@b.test")),)), BOUNDARY).is_ascii


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"attachments": (Attachment(b"", "text"),)}, "not a content type: 'text'"),
        ({"attachments": (Attachment(b"", "a/b; c"),)}, "not a content type"),
        ({"attachments": (Attachment(b"", "a/b\r\nX: y"),)}, "not a content type"),
        ({"attachments": (Attachment(b"", "a/" + "b" * 300),)}, "not a content type"),
        ({"attachments": (Attachment(b"", "message/rfc822"),)}, "cannot be an attachment"),
        ({"attachments": (Attachment(b"", "a/b", None, "<x>"),)}, "not a cid"),
        ({"headers": {"To": "x"}}, "cannot be given"),
        ({"headers": {"Date": "x", "DATE": "y"}}, "DATE is given twice"),
        ({"text": "\ud800"}, "half of a character"),
    ],
)
def test_what_is_no_message_is_refused(parts, words):
    with pytest.raises(SyntaxViolation, match=words):
        written(to=(BOB,), **parts)
