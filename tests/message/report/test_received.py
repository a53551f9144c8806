"""What reports of others say."""

import base64
import time

import pytest

from empath.message.report.odd_reports import FORMS
from empath.message.report.received import MOST_OCTETS, Kind, ReceivedReport, Reported, read_report
from tests.message.report.samples import ARF, DSN, MICROSOFT, ODD

ID = "01M8PC4VJYQKTGRH502JS35RRZ"


def read(text, size=10_000_000):
    """A report with line ends of CRLF, in pieces of *size*."""
    octets = text.replace(b"\n", b"\r\n")
    return read_report(octets[at : at + size] for at in range(0, len(octets), size))


def said(report):
    return [(str(kind), name, None if reply is None else str(reply)) for kind, name, reply in report.reported]


@pytest.mark.parametrize("size", [1, 7, 10_000_000])
def test_a_report_for_programs_says_what_became_of_each_recipient(size):
    """
    RFC 3464. What stands in the message that came back does not count.
    """
    report = read(DSN, size)
    assert [
        ("failure", "ann@far.example", "550 5.1.1 <ann@far.example>: Recipient address rejected: User unknown"),
        ("delay", "bob@far.example", "450 4.4.1 "),
        ("success", "eve@far.example", None),
    ] == said(report)
    assert ("mx.far.example", "dsn", ("news@own.example",), (ID,)) == (
        report.reporter, report.form, report.senders, report.queue_ids,
    )  # fmt: skip
    assert all(reply is None or reply.is_from_host for _, _, reply in report.reported)


def test_a_complaint_names_message_and_recipient():
    """
    RFC 5965.
    """
    report = read(ARF)
    assert [("complaint", "ann@far.example", None)] == said(report)
    assert ("arf", "abuse", (ID,)) == (report.form, report.feedback_type, report.queue_ids)
    assert ("news@own.example",) == report.senders
    assert "dns; mx.provider.example" == report.reporter


def test_a_complaint_may_name_nobody():
    """
    Providers remove the address, and leave the header.
    """
    text = ARF.replace(b"Original-Rcpt-To: <ann@far.example>\n", b"").replace(b"Feedback-Type: abuse\n", b"")
    text = text.replace(b"Reporting-MTA: dns; mx.provider.example\n", b"")
    report = read(text)
    assert [("complaint", None, None)] == said(report)
    assert ("abuse", "loop/1.0") == (report.feedback_type, report.reporter)


def test_a_complaint_of_microsoft_is_the_message_with_a_field_of_its_own():
    """
    It has no part for programs, or one without the recipient.
    """
    report = read(MICROSOFT)
    assert [("complaint", "ann@far.example", None)] == said(report)
    assert ("microsoft", "abuse", (ID,)) == (report.form, report.feedback_type, report.queue_ids)
    assert "staff@hotmail.example" == report.reporter
    part = b"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: JMRP/1.0\nVersion: 1\n\n--b\n"
    report = read(MICROSOFT.replace(b"--b\n", b"--b\n" + part, 1))
    assert [("complaint", "ann@far.example", None)] == said(report)
    assert ("arf", "jmrp/1.0") == (report.form, report.reporter)


@pytest.mark.parametrize("name", ODD)
def test_words_of_a_host_are_read_by_the_table(name):
    text, form, expected = ODD[name]
    report = read(text)
    assert form == report.form
    found = said(report)
    assert [each[:2] for each in expected] == [each[:2] for each in found]
    for (_, _, words), (_, _, reply) in zip(expected, found, strict=True):
        assert reply is None if words is None else reply.startswith(words), reply


def test_what_stands_behind_the_end_of_a_form_is_the_message_that_came_back():
    """
    Its own text may look like more recipients.
    """
    text = (
        b"From: MAILER-DAEMON@far.example\nSubject: Undelivered Mail Returned to Sender\n\n"
        b"This is the Postfix program at host far.example.\n\n<ann@far.example>: no mailbox here\n\n"
        b"------------\n\n<bob@far.example>: hello\n"
    )
    report = read(text)
    assert ("postfix", [("failure", "ann@far.example")]) == (report.form, [each[:2] for each in said(report)])


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"Auto-Submitted: auto-replied\nSubject: Out of office", Kind.ANSWER),
        (b"Precedence: auto_reply\nSubject: undelivered", Kind.ANSWER),
        (b"X-Autoreply: yes", Kind.ANSWER),
        (b"X-Autorespond: yes", Kind.ANSWER),
        (b"Subject: hello", Kind.UNKNOWN),
        (b"Subject: Delivery Status Notification (Failure)", Kind.FAILURE),
        (b"From: postmaster@far.example\nSubject: Undeliverable: news", Kind.FAILURE),
        (
            b"From: MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@far.example\nSubject: Undeliverable: x",
            Kind.FAILURE,
        ),
        (b"From: ann@far.example\nSubject: delivery status of your order", Kind.UNKNOWN),
        (b"Subject: Automatic reply: Delivery status of your order\nAuto-Submitted: auto-replied", Kind.ANSWER),
        (b"From: postmaster@far.example\nSubject: RE: returned mail", Kind.UNKNOWN),
    ],
)
def test_an_answer_of_a_program_is_no_failure(header, kind):
    """
    Such answers come to the same address as reports, under the subject of the message, and have numbers of all kinds.
    """
    [reported] = read(header + b"\n\nI am away. Ann, 550 Main Street\n").reported
    assert kind is reported.kind
    assert (reported.reply is None) == (kind is not Kind.FAILURE)


@pytest.mark.parametrize("kind", [b"not-spam", b"auth-failure", b"Not-Spam"])
def test_a_type_of_feedback_that_is_no_complaint(kind):
    """
    RFC 6430: a user says that mail is no spam. RFC 6591: a domain is told that a signature failed.
    """
    report = read(ARF.replace(b"Feedback-Type: abuse", b"Feedback-Type: " + kind))
    assert [("unknown", "ann@far.example", None)] == said(report)
    assert kind.decode().lower() == report.feedback_type


def test_encoded_parts_are_read():
    status = base64.encodebytes(b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; ann@far.example\nStatus: 5.2.2\n")
    text = DSN[: DSN.index(b"Content-Type: message/delivery-status")]
    text += b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n" + status + b"--b--\n"
    assert [("failure", "ann@far.example", "550 5.2.2 ")] == said(read(text))
    quoted = b"Content-Transfer-Encoding: quoted-printable\n\nHi. This is the =\nx\n<ann=40far.example>:\n#5.1.1\n"
    assert [("failure", "ann@far.example", "550 5.1.1 ")] == said(read(quoted))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b"Action: failed", ("failure", None, "550 ")),
        (
            b"Final-Recipient: ann@far.example\nStatus: 4.2.2\nAction: failed",
            ("failure", "ann@far.example", "450 4.2.2 "),
        ),
        (b"Final-Recipient: rfc822; a@b.example\nStatus: x", ("unknown", "a@b.example", "450 ")),
        (b"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 451 4.1.1 x", ("failure", None, "451 4.1.1 x")),
        (b"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 x", ("failure", None, "550 5.1.1 x")),
        (
            b"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: X-Y; no such user",
            ("failure", None, "550 5.1.1 no such user"),
        ),
        (
            b"Action: failed (no)\nStatus: 5.1.1 (bad address)\nDiagnostic-Code: smtp; 550 x",
            ("failure", None, "550 5.1.1 x"),
        ),
        (b"Action: delayed(later)\nStatus: 4.4.1", ("delay", None, "450 4.4.1 ")),
        (
            b"Original-Recipient: rfc822; unknown\nFinal-Recipient: rfc822; a@b.example\nStatus: 5.1.1",
            ("failure", "a@b.example", "550 5.1.1 "),
        ),
        (b"Original-Recipient: rfc822; x\nStatus: 5.1.1", ("failure", "x", "550 5.1.1 ")),
    ],
)
def test_fields_may_be_missing_or_wrong(fields, expected):
    text = b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n" + fields + b"\n"
    assert [expected] == said(read(text))


def test_a_report_without_recipients_is_read_by_its_words():
    text = b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n"
    assert ReceivedReport((Reported(Kind.UNKNOWN, None, None),), None) == read(text)


def test_a_form_without_a_recipient_says_what_it_says():
    assert [("failure", None, "550 ")] == said(read(b"\nHi. This is the program.\n"))


def test_what_cannot_be_read_says_what_came_before():
    """
    Nothing of a stranger stops the worker.
    """
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(200))
    assert [("unknown", None, None)] == said(read(b"Subject: x\n" + deep))


def test_only_the_beginning_is_read():
    text = b"Subject: x\n\n" + b"x" * MOST_OCTETS + b"\nHi. This is the program\n<ann@far.example>:\n550 no\n"
    assert [("unknown", None, None)] == said(read(text, 4096))


def test_a_status_of_another_class_than_its_code_does_not_count():
    text = b"\nHi. This is the program\n<a@b.example>:\n550 4.1.1 x\n"
    assert [("failure", "a@b.example", "550 x")] == said(read(text))


ODD_LINES = [
    (start + unit * 1_000)[:990] + end
    for start in (b"", b"<a@b.c> (")
    for unit in (b" ", b"\x0b", b"a@", b"<", b"(", b"to a@", b"a@b.c ", b"-", b"mailto:")
    for end in (b"", b"!")
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_no_line_takes_a_form_long(form):
    """
    A line of blanks took one of them a second, in which nothing else in the process went on.
    """
    began = time.process_time()
    for line in ODD_LINES:
        form.mark.search(line)
        form.recipient.search(line)
        if form.end is not None:
            form.end.search(line)
    assert time.process_time() - began < 0.2
