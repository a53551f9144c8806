"""Reports: their octets, and that text from outside adds nothing to them."""

import email
import email.policy
from dataclasses import replace
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.identity import Timestamp
from empath.message.downgrade import converted, examine
from empath.message.report.compose import MAX_RETURNED_OCTETS, START_OCTETS, compose, headers_only, returns_whole
from empath.message.report.facts import (
    Action,
    LastAttempt,
    Original,
    Report,
    ReportedMessage,
    ReportedRecipient,
    ReportKind,
)
from empath.message.report.octets import Charset, field, quoted_printable, text_field

GOLDEN = Path(__file__).with_name("expected")
ARRIVAL = Timestamp(1_700_000_000)
CONTENT = b"Received: from a\r\n\tby b\r\nSubject: x\r\n\r\n--BOUNDARY\r\n.\r\ntext\r\n"
REFUSED = LastAttempt(Timestamp(ARRIVAL + 60), "5.1.1", "550 5.1.1 no such mailbox", "mx.a.example")
GREYLISTED = LastAttempt(Timestamp(ARRIVAL + 14_460), "4.7.1", "451 4.7.1 greylisted", "mx.a.example")
UNREACHED = LastAttempt(
    Timestamp(ARRIVAL + 432_000), "4.4.1", "451 4.4.1 connect to [192.0.2.1]:25: refused", None, False
)
LOST = LastAttempt(Timestamp(ARRIVAL + 60), "4.4.2", "451 4.4.2 Connection lost at rcpt: x", "mx.a.example", False)
TAKEN = LastAttempt(Timestamp(ARRIVAL + 60), "2.0.0", "250 2.0.0 Ok", "mx.a.example")
STORED = LastAttempt(Timestamp(ARRIVAL + 60), "2.0.0", "250 2.0.0 stored as 7.P1Q0.mx", None, False)

MESSAGE = ReportedMessage("01HF7YAT00000000000000000A", ARRIVAL, False, "QQ+2B314159", "<1@example.test>")
FAILED = ReportedRecipient(
    "r1@a.example", Action.FAILED, "r1@a.example", "rfc822;R+2B1@a.example", last_attempt=REFUSED
)
EXPIRED = replace(FAILED, original_recipient=None, is_expired=True, last_attempt=UNREACHED)
DELAYED = ReportedRecipient(
    "r1@a.example",
    Action.DELAYED,
    "r1@a.example",
    last_attempt=GREYLISTED,
    retry_until=Timestamp(ARRIVAL + 432_000),
)
REPORT = Report(
    kind=ReportKind.FAILURE,
    message=MESSAGE,
    recipients=(FAILED,),
    original=Original(CONTENT, True),
    hostname="mx.example.test",
    to="sender@example.test",
    queue_id="01HF7YAT00000000000000000B",
    at=Timestamp(ARRIVAL + 600),
    boundary="BOUNDARY",
)
BARE = ReportedMessage("01HF7YAT00000000000000000A", ARRIVAL, False, None, None)
INTERNATIONAL = replace(MESSAGE, is_smtputf8=True)
JOERG = replace(FAILED, address="jörg@a.example", original="jörg@a.example", original_recipient="utf-8;jörg@a.example")
CAFE = "Subject: café\r\n\r\ny\r\n".encode()
LONG = b"Subject: " + b"x" * 1000 + b"\r\n\r\ny\r\n"
HEADERS = replace(REPORT, original=Original(CONTENT, False))

REPORTS = {
    "H1-failure": REPORT,
    "H1-no-message-id-no-envid": replace(REPORT, message=BARE, recipients=(replace(FAILED, original_recipient=None),)),
    "H2-rewritten-expired-and-by-order": replace(
        REPORT,
        recipients=(
            replace(FAILED, original_recipient=None, original="other@b.example"),
            EXPIRED,
            replace(EXPIRED, reason="administratively expired", last_attempt=GREYLISTED),
            replace(EXPIRED, reason="administratively expired", last_attempt=None),
            replace(FAILED, reason="administratively bounced", last_attempt=GREYLISTED),
        ),
    ),
    "H2-own-words-and-addresses": replace(
        REPORT,
        recipients=(
            replace(FAILED, last_attempt=replace(REFUSED, host="192.0.2.1")),
            replace(FAILED, last_attempt=replace(REFUSED, host="2001:db8::1")),
            replace(FAILED, last_attempt=LOST),
            replace(FAILED, reason="administratively bounced", last_attempt=LOST),
        ),
    ),
    "H2-delay": replace(HEADERS, kind=ReportKind.DELAY, recipients=(DELAYED,)),
    "H2-success": replace(
        HEADERS,
        kind=ReportKind.SUCCESS,
        recipients=(
            ReportedRecipient("r1@a.example", Action.RELAYED, "r1@a.example", last_attempt=TAKEN),
            ReportedRecipient("r2@a.example", Action.DELIVERED, "r2@a.example"),
            ReportedRecipient("r3@a.example", Action.DELIVERED, "r3@a.example", last_attempt=STORED),
            ReportedRecipient("r4@a.example", Action.EXPANDED, "r4@a.example"),
        ),
    ),
    "H4-headers": HEADERS,
    "H4-headers-8bit": replace(REPORT, original=Original(b"Subject: caf\xe9 \r\n\r\ny\r\n", False)),
    "H4-whole-8bit": replace(REPORT, original=Original(b"Subject: x\r\n\r\ncaf\xe9\r\n", True)),
    "H4-whole-with-a-long-line": replace(REPORT, original=Original(LONG, True)),
    "H4-no-header": replace(REPORT, original=Original(b"\r\ntext\r\n", False)),
    "H4-smtputf8-whole": replace(
        REPORT,
        message=INTERNATIONAL,
        to="rené@example.test",
        recipients=(JOERG,),
        original=Original(CAFE, True),
    ),
    "H4-smtputf8-headers": replace(
        HEADERS, message=INTERNATIONAL, recipients=(JOERG,), original=Original(CAFE, False)
    ),
    "H4-smtputf8-broken-headers": replace(HEADERS, message=INTERNATIONAL, original=Original(b"Subject: \xff", False)),
    "H4-beyond-ascii-without-smtputf8": replace(REPORT, recipients=(JOERG,)),
    "H7-content-gone": replace(REPORT, original=None),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_as_it_was(name):
    """
    The files have each rule of H in octets, with line feeds for CRLF.
    """
    octets = compose(REPORTS[name])
    assert octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
    assert (GOLDEN / f"{name}.txt").read_bytes() == octets.replace(b"\r\n", b"\n")


def test_every_golden_report_is_one_of_a_test():
    """
    A file that no test reads checks nothing.
    """
    assert set(REPORTS) == {file.stem for file in GOLDEN.glob("*.txt")}


def parts(octets):
    """The report as another library reads it: its header fields and its parts."""
    report = email.message_from_bytes(octets, policy=email.policy.HTTP)
    assert "multipart/report" == report.get_content_type()
    assert "delivery-status" == report.get_param("report-type")
    assert [] == report.defects
    return report, list(report.iter_parts())


def fields(part):
    """Blocks of fields of a delivery status: name and value, in their order."""
    text = part.as_bytes().partition(b"\r\n\r\n")[2] if part.get_content_type() != "message/delivery-status" else None
    if text is not None:
        blocks = [email.message_from_bytes(block) for block in text.strip(b"\r\n").split(b"\r\n\r\n")]
    else:
        blocks = part.get_payload()
    return [[name for name, _ in block.items()] for block in blocks]


hostile = st.text(max_size=40) | st.text(st.sampled_from('a \r\n\t:;<>@"\\+-=.\x00\x85\u2028\udc80é'), max_size=600)
boundaries = st.sampled_from(
    [b"\r\n--BOUNDARY\r\n", b"\r\n--BOUNDARY--\r\n", b"--BOUNDARYx\r\n", b"\r\n\r\n", b"\r", b"\n"]
)
contents = st.lists(st.binary(max_size=30) | boundaries | st.just(b"x: " + b"y" * 1100), max_size=8).map(b"".join)
attempts = st.none() | st.builds(LastAttempt, st.just(ARRIVAL), st.none() | hostile, hostile, st.none() | hostile)
recipients = st.builds(
    ReportedRecipient,
    address=hostile,
    action=st.sampled_from(Action),
    original=hostile,
    original_recipient=st.none() | hostile,
    is_expired=st.booleans(),
    reason=st.none() | hostile,
    last_attempt=attempts,
    retry_until=st.none() | st.floats(allow_nan=False).map(Timestamp),
)
reports = st.builds(
    replace,
    st.just(REPORT),
    kind=st.sampled_from(ReportKind),
    message=st.builds(
        ReportedMessage, st.just("01HF7YAT00000000000000000A"), st.just(ARRIVAL), st.booleans(), st.none() | hostile,
        st.none() | hostile,
    ),
    recipients=st.lists(recipients, min_size=1, max_size=3).map(tuple),
    original=st.none() | st.builds(Original, contents, st.booleans()),
    to=hostile,
)  # fmt: skip
HEADER = ["Received", "Date", "From", "To", "Subject", "Message-ID"]
MIME = ["Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
PART_HEADER = ["Content-Description", "Content-Type", "Content-Transfer-Encoding"]


@given(reports)
def test_no_input_adds_a_field_a_part_or_a_recipient(report):
    """
    The input is any text of a peer, a client or the original.
    """
    octets = compose(report)
    assert [] == [line for line in octets.split(b"\r\n") if len(line) > 998 or b"\n" in line or b"\r" in line]
    assert b"\x00" not in octets
    found, inner = parts(octets)
    threading = ["In-Reply-To", "References"] if found["References"] else []
    assert [*HEADER, *threading, *MIME] == found.keys()
    assert 2 + (report.original is not None) == len(inner)
    # message/delivery-status is parsed into blocks; its own header stays apart in all Python versions.
    assert [PART_HEADER] * len(inner) == [part.keys() for part in inner]
    message, *blocks = fields(inner[1])
    wanted = ["Reporting-MTA", *["Original-Envelope-Id"] * (report.message.envelope_id is not None), "Arrival-Date"]
    assert wanted == message
    assert len(report.recipients) == len(blocks)
    for block, recipient in zip(blocks, report.recipients, strict=True):
        assert ["Final-Recipient", "Action", "Status"] == [
            name for name in block if name in ("Final-Recipient", "Action", "Status")
        ]
        assert (recipient.retry_until is not None) == ("Will-Retry-Until" in block)
        assert len(block) == len({*block})


@given(reports)
def test_eight_bit_octets_stand_only_where_it_says_so(report):
    """
    A part is labelled 8bit, and so is the whole, or has no 8-bit octets. Without SMTPUTF8 only the original has any.
    """
    octets = compose(report)
    found, inner = parts(octets)
    body = octets.partition(b"\r\n\r\n")[2]
    assert body.isascii() == (found["Content-Transfer-Encoding"] == "7bit")
    for part in inner[:2]:
        assert report.message.is_smtputf8 or part["Content-Transfer-Encoding"] in ("7bit", "quoted-printable")
        assert report.message.is_smtputf8 or part.as_bytes().isascii()
    if len(inner) == 3 and inner[2].get_content_type() == "text/rfc822-headers":
        assert inner[2].as_bytes().isascii()


@pytest.mark.parametrize(
    "original",
    [
        b"Subject: caf\xe9\r\n\r\ntext\r\n",
        b"Subject: caf\xc3\xa9\r\nDKIM-Signature: x\r\n\r\ncaf\xc3\xa9\r\n",
        b"Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n\r\ncaf\xe9\r\n--a--\r\n",
        b"Content-Type: message/partial\r\n\r\ncaf\xe9\r\n",
        b"Subject: x\r\n\r\ncaf\xe9\r\n",
        b"DKIM-Signature: x\r\n\r\ncaf\xe9\r\n",
    ],
)
def test_a_report_can_be_converted_for_a_host_without_8bitmime(original):
    """
    A report that bounces is lost for the sender, whatever it quotes.
    """
    octets = compose(replace(REPORT, original=Original(original, True)))
    found = examine([octets])
    assert None is found.obstacle
    sent = email.message_from_bytes(b"".join(converted([octets], found)))
    parts = {part.get_content_type(): part for part in sent.walk()}
    header, _, body = original.partition(b"\r\n\r\n")
    if "message/rfc822" in parts:
        *_, last = sent.walk()
        assert body == last.get_payload(decode=True)
    else:
        assert header + b"\r\n" == parts["text/rfc822-headers"].get_payload(decode=True)


@given(st.binary(max_size=300) | contents)
def test_quoted_printable_is_undone_by_its_decoder(octets):
    """
    Octets of a header that need an encoding must come back unchanged.
    """
    encoded = quoted_printable(octets)
    part = email.message_from_bytes(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded)
    assert octets == part.get_payload(decode=True)
    assert [] == [line for line in encoded.split(b"\r\n") if len(line) > 76 or b"\n" in line or b"\r" in line]


@pytest.mark.parametrize(
    ("kind", "dsn_return", "size", "expected"),
    [
        (ReportKind.FAILURE, None, MAX_RETURNED_OCTETS, True),
        (ReportKind.FAILURE, "FULL", MAX_RETURNED_OCTETS, True),
        (ReportKind.FAILURE, "FULL", MAX_RETURNED_OCTETS + 1, False),
        (ReportKind.FAILURE, "HDRS", 1, False),
        (ReportKind.DELAY, "FULL", 1, False),
        (ReportKind.SUCCESS, "FULL", 1, False),
    ],
)
def test_the_original_goes_back_whole_only_with_a_failure(kind, dsn_return, size, expected):
    """
    H4: only if the sender did not ask for headers only, and if the original is not large.
    """
    assert expected == returns_whole(kind, dsn_return, size)


@pytest.mark.parametrize("subject", ["=?é?q?news?=", "=?utf-7?q?+2AA-?="])
def test_a_subject_with_a_hostile_charset_keeps_no_report_back(subject):
    """
    It stands there as it came.
    """
    assert compose(replace(REPORT, message=replace(REPORT.message, subject=subject)))


def test_the_header_of_a_large_original_is_cut_at_the_limit():
    """
    A message that is all header must not make a report of any size.
    """
    content = b"X: y\r\n" * START_OCTETS
    _, (*_, original) = parts(compose(replace(HEADERS, original=Original(content[:START_OCTETS], False))))
    assert "text/rfc822-headers" == original.get_content_type()
    assert START_OCTETS - 1000 < len(original.get_payload()) <= START_OCTETS + 2


@pytest.mark.parametrize(
    ("message_id", "expected"),
    [
        ("<a@b>", "<a@b>"),
        ("a@b", None),
        ("<a@b> <c@d>", None),
        ("<a@b>\r\nBcc: x@y", None),
        ("<é@b>", None),
        (f"<{'a' * 901}>", None),
    ],
)
def test_only_a_clean_message_id_is_answered(message_id, expected):
    """
    It is part of a header of ours, so it must be one word.
    """
    found, _ = parts(compose(replace(REPORT, message=replace(MESSAGE, header_message_id=message_id))))
    assert (expected, expected) == (found["In-Reply-To"], found["References"])


@pytest.mark.parametrize("value", ["x" * 2000, "é" * 2000, "x " * 1000])
def test_a_long_value_is_cut_between_two_characters(value):
    """
    RFC 5322 §2.1.1: no line has over 998 octets. The rest is still valid text.
    """
    line = field("X", value, Charset.UTF8)
    assert 800 < len(line) < 998
    assert value.startswith(line.decode().removeprefix("X: ").replace("\r\n", "")[:400])


@pytest.mark.parametrize("name", ["H1-failure", "H4-whole-8bit", "H4-smtputf8-whole"])
def test_the_shorter_form_of_a_report_has_the_header_of_the_original_alone(name):
    """
    H4: it equals the report for RET=HDRS.
    """
    whole = REPORTS[name]
    assert whole.original is not None
    short = compose(replace(whole, original=replace(whole.original, is_whole=False)))
    shortened = headers_only(compose(whole))
    assert shortened is not None
    encoding = b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nThis"
    assert short.replace(b"BOUNDARYx", b"BOUNDARY") == shortened.replace(b"BOUNDARYx", b"BOUNDARY")
    assert (encoding in short) == (name == "H4-smtputf8-whole")


@pytest.mark.parametrize("octets", [compose(HEADERS), compose(REPORTS["H7-content-gone"]), b"Subject: x\r\n\r\ny\r\n"])
def test_what_has_no_whole_original_has_no_shorter_form(octets):
    """
    A report is shortened once; then its failure is final.
    """
    assert None is headers_only(octets)


def test_long_text_beyond_ascii_is_several_encoded_words():
    """
    RFC 2047 §2: one has at most 75 characters.
    """
    octets = text_field("Subject", "ä" * 100)
    words = octets.decode("ascii").removeprefix("Subject:").split()
    assert max(map(len, words)) <= 75
    assert "ä" * 100 == str(make_header(decode_header(" ".join(words))))
