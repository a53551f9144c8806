"""Templates of reports: what they may have in them, and what becomes of it."""

import email
import email.policy
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.message.fields import Fields
from empath.message.report.compose import compose
from empath.message.report.facts import ReportKind
from empath.message.report.language import wanted_languages
from empath.message.report.octets import text_field
from empath.message.report.template import (
    BUILT_IN,
    OF_MESSAGE,
    OF_RECIPIENT,
    ReportTemplate,
    TemplateSet,
    built_in_source,
)
from empath.message.report.text import filled_text
from tests.message.report.test_compose import DELAYED, EXPIRED, FAILED, MESSAGE, REFUSED, REPORT, reports

DOCS = Path(__file__).parents[3] / "docs" / "DELIVERY.md"
MANY = [f"a{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


def parse(text):
    return ReportTemplate.parse(text.encode(), "f.txt")


def filled(text, report=REPORT, *, has_original=True):
    return filled_text(report, parse(text), has_original=has_original)


@pytest.mark.parametrize("kind", ReportKind)
def test_the_printed_source_of_the_built_in_template_is_that_template(kind):
    """
    A postmaster begins with it.
    """
    assert BUILT_IN[kind] == parse(built_in_source(kind))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Subject: s\n", 1, "no line of the text is $recipients"),
        ("", 1, "no line of the text is $recipients"),
        ("Subject: s\n\nx\n", 3, "no line of the text is $recipients"),
        ("Subject:\n\n$recipients\n", 1, "the field Subject is missing"),
        ("Recipient: x\n\n$recipients\n", 1, "the field Subject is missing"),
        ("Subject: s\nSubject: t\n\n$recipients\n", 2, "this field is there twice"),
        ("# c\nTo: me\n\n$recipients\n", 2, "a field is Subject, Recipient or Without-Message"),
        ("Hello\n\n$recipients\n", 1, "a field is Subject, Recipient or Without-Message"),
        (" x\n\n$recipients\n", 1, "continues no field"),
        ("Subject: s\n more\n\n$recipients\n", 2, "continues no field"),
        ("Subject: $who\n\n$recipients\n", 1, "there is no placeholder $who here; there are $hostname, $queue_id"),
        ("Subject: $address\n\n$recipients\n", 1, "there is no placeholder $address here"),
        ("Subject: s\nRecipient: $hostname\n\n$recipients\n", 2, "there is no placeholder $hostname here"),
        ("Subject: s\nRecipient: x\n ${Reply}\n\n$recipients\n", 3, "there is no placeholder $Reply here"),
        ("Subject: s\n\n$recipients\n5 $ each\n", 4, "write $$ for a dollar sign"),
        ("Subject: s\n\nto $recipients\n$recipients\n", 3, "must be alone on a line"),
        ("Subject: $recipients\n\n$recipients\n", 1, "must be alone on a line"),
        ("Subject: s\n\n$recipients\n\x07\n", 4, "a control character"),
        ("x" * 70_000, 1, "at most 64 KiB"),
    ],
)
def test_a_mistake_has_its_line(text, line, words):
    """
    It is found when the template is read, and not when a report is due.
    """
    with pytest.raises(SyntaxViolation, match=rf"^f\.txt:{line}: .*{re.escape(words)}"):
        parse(text)


def test_octets_that_are_not_utf_8_have_their_line():
    with pytest.raises(SyntaxViolation, match=r"^f\.txt:3: this line is not UTF-8"):
        ReportTemplate.parse(b"Subject: s\n\ncaf\xe9\n$recipients\n", "f.txt")


def test_a_template_is_filled():
    """
    A line whose placeholders are all empty is left out, $$ is a dollar sign, and blank lines at the end go.
    """
    text = (
        "\ufeff# for people\r\nSubject: About ${subject}: $$5\r\nRecipient: <$address> $status\n  was $original\n"
        "  $reply\n\nNo: $message_id\nENVID: $envelope_id\n  $hostname\n${recipients}\n\n \n"
    )
    message = replace(MESSAGE, envelope_id=None, subject="=?utf-8?Q?caf=C3=A9?= x")
    moved = replace(EXPIRED, original="old@a.example")
    subject, lines = filled(text, replace(REPORT, message=message, recipients=(FAILED, moved)))
    assert "About café x: $5" == subject
    assert [
        "No: <1@example.test>", "  mx.example.test", "<r1@a.example> 5.1.1", "  550 5.1.1 no such mailbox", "",
        "<r1@a.example> 4.4.1", "  was old@a.example", "  451 4.4.1 connect to [192.0.2.1]:25: refused",
    ] == lines  # fmt: skip


def test_every_placeholder_of_a_recipient_has_its_fact():
    """
    A recipient without an attempt has only its address.
    """
    names = "|".join(f"${name}" for name in OF_RECIPIENT if name != "details")
    shown = f"Subject: s\nRecipient: {names}\n\n$recipients\n"
    _, lines = filled(shown, replace(REPORT, recipients=(DELAYED,)))
    tried = "mx.a.example|451 4.7.1 greylisted||Wed, 15 Nov 2023 02:14:20 +0000|Sun, 19 Nov 2023 22:13:20 +0000"
    assert f"r1@a.example||delayed|4.7.1|{tried}" == " ".join(lines)
    _, lines = filled(shown, replace(REPORT, recipients=(replace(FAILED, last_attempt=None, reason="by order"),)))
    assert "r1@a.example||failed|5.0.0|||by order||" == " ".join(lines)


@pytest.mark.parametrize(
    ("fields", "has_original", "expected"),
    [
        ("", True, []),
        ("", False, ["", "The message itself is no longer kept here, so it is not attached."]),
        ("Without-Message: Weg: $queue_id\n", False, ["", "Weg: 01HF7YAT00000000000000000A"]),
        ("Without-Message:\n", False, []),
    ],
)
def test_a_report_without_its_message_says_so(fields, has_original, expected):
    """
    H7: in the words of the template.
    """
    _, lines = filled(f"Subject: s\nRecipient: x\n{fields}\n$recipients\n", has_original=has_original)
    assert ["x", *expected] == lines


def test_a_long_line_is_wrapped_with_its_indent_and_an_address_is_kept_whole():
    """
    An address on two lines cannot be copied.
    """
    long = "x" * 90 + "@a.example"
    template = "Subject: s\nRecipient: <$address>\n  $reply\n\n$recipients\n"
    attempt = replace(REFUSED, reply="550 " + "word " * 20)
    _, lines = filled(template, replace(REPORT, recipients=(replace(FAILED, address=long, last_attempt=attempt),)))
    assert [f"<{long}>", "  550" + " word" * 14, "  " + " ".join(["word"] * 6)] == lines


@pytest.mark.parametrize("subject", ["=?x?=", "=?nowhere?Q?a?=", "=?utf-8?B?!?=", "=?utf-8?Q?=FF?="])
def test_a_subject_that_cannot_be_decoded_stays_as_it_is(subject):
    """
    It is the sender's own.
    """
    found, _ = filled("Subject: $subject\n\n$recipients\n", replace(REPORT, message=replace(MESSAGE, subject=subject)))
    assert subject in (found, found.replace("\ufffd", "=FF"), subject)
    assert found.isprintable()


@given(st.text(min_size=1, max_size=200))
def test_a_field_of_text_is_read_again_as_it_was(text):
    """
    RFC 2047: by another library, whatever the text is.
    """
    octets = text_field("Subject", text)
    assert octets.isascii()
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    from_other = email.message_from_bytes(octets + b"\r\n", policy=email.policy.default)
    clean = re.sub(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+", " ", text).strip(" ")
    if not clean.isascii():
        assert clean == from_other["Subject"]


@given(reports)
def test_a_report_in_other_words_is_as_sound(report):
    """
    UTF-8 goes as quoted-printable, so that any host takes it.
    """
    template = parse("Subject: Zurück: $subject\nRecipient: <$address>\n  $reply\n\nGrüße\n\n$recipients\n")
    octets = compose(report, template)
    assert octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    found = email.message_from_bytes(octets, policy=email.policy.default)
    text, status, *_ = found.iter_parts()
    assert found["Subject"].startswith("Zurück:")
    assert text.get_content().startswith("Grüße")
    assert status.get_content_type().endswith("delivery-status")
    assert report.message.is_smtputf8 or text.as_bytes().isascii()


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        ((), ""),
        (("de",), "de"),
        (("de-at",), "de-at"),
        (("de-ch",), "de"),
        (("de-ch-1996", "fr"), "de"),
        (("nl", "fr"), "fr"),
        (("en", "de"), ""),
        (("en-gb", "de"), ""),
        (("nl",), ""),
    ],
)
def test_a_sender_gets_the_best_language_that_is_there(languages, expected):
    """
    Whoever reads English gets the text for everyone, before one in the next language.
    """
    tags = ("de", "de-at", "fr")
    templates = {(ReportKind.FAILURE, tag): parse(f"Subject: {tag}\n\n$recipients\n") for tag in tags}
    usual = parse("Subject: all\n\n$recipients\n")
    found = TemplateSet({**templates, (ReportKind.FAILURE, ""): usual}).find(ReportKind.FAILURE, languages)
    assert (expected or "all") == found.subject
    built_in = TemplateSet(templates).find(ReportKind.DELAY, languages)
    assert BUILT_IN[ReportKind.DELAY] is built_in


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"", ()),
        (b"Content-Language: de, en\r\n", ("de", "en")),
        (b"Accept-Language: en;q=0.5, DE-at , fr ;q=0\r\nContent-Language: nl\r\n", ("de-at", "en", "nl")),
        (b"Accept-Language: *, (a comment) fr,\r\n x_y, de;q=7, \xff\r\n", ("fr",)),
        (b"Accept-Language: de;q=0.8, de\r\n", ("de",)),
        (b"Accept-Language: " + b"aa-" * 900 + b"\r\n", ()),
        (b"Accept-Language: " + ",".join(MANY).encode() + b"\r\n", tuple(MANY[:20])),
    ],
)
def test_the_languages_of_a_sender_are_in_its_message(header, expected):
    """
    RFC 3282. What is not a language tag is left out, and no header costs more than the first ones.
    """
    assert expected == wanted_languages(Fields.of(header))


def test_the_documentation_has_every_placeholder():
    """
    With the words that stand in the code.
    """
    rows = re.findall(r"^\| `\$([a-z_]+)` \| (.*) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert [*OF_MESSAGE.items(), *OF_RECIPIENT.items()] == rows
