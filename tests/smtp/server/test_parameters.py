"""Parameters of MAIL and RCPT: the grammar of each keyword, and the replies that refuse it."""

import pytest
from hypothesis import given

from empath.mail.envelope import BodyType, DsnReturn, original_recipient_of
from empath.mail.identity import Timestamp
from empath.mail.timing import DeliverBy, Hold
from empath.smtp.server import replies
from empath.smtp.server.extensions import ALL, Extensions, future_release
from empath.smtp.server.parameters import (
    MailParameters,
    RecipientParameters,
    read_mail_parameters,
    read_recipient_parameters,
)
from tests.kit import strategies
from tests.smtp.server.kit import WITHOUT_DSN


def test_all_parameters_of_mail_are_read():
    """
    Each offered extension has its parameters; keywords and values ignore case.
    """
    expected = MailParameters(4096, BodyType.EIGHT_BIT_MIME, True, DsnReturn.HEADERS, "QQ+3D314159")
    text = "size=4096  body=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ+3D314159"
    assert expected == read_mail_parameters(text, ALL.mail)


def test_all_parameters_of_rcpt_are_read():
    """
    NOTIFY becomes upper case, ORCPT stays verbatim.
    """
    expected = RecipientParameters("SUCCESS,DELAY", "rfc822;Bob+2Bx@example.com")
    text = "notify=success,Delay,SUCCESS orcpt=rfc822;Bob+2Bx@example.com"
    assert expected == read_recipient_parameters(text, ALL.rcpt)


@pytest.mark.parametrize(
    "text",
    [
        "SIZE",
        "SIZE=",
        "SIZE =1",
        "SIZE=-1",
        "SIZE=1k",
        "SIZE=" + "1" * 21,
        "SIZE=1 SIZE=1",
        "BODY",
        "BODY=BINARYMIME",
        "SMTPUTF8=1",
        "SMTPUTF8=",
        "RET",
        "RET=BODY",
        "ENVID",
        "ENVID=",
        "ENVID=a+0A",
        "ENVID=a+",
        "ENVID=a=b",
        "ENVID=ä",
        "ENVID=" + "a" * 101,
    ],
)
def test_a_bad_value_in_mail_is_501(text):
    """
    A2: an ENVID that decodes to a control character could end a field of the report that repeats it.
    """
    assert replies.BAD_PARAMETER == read_mail_parameters(text, ALL.mail)


@pytest.mark.parametrize(
    "text",
    [
        "NOTIFY",
        "NOTIFY=",
        "NOTIFY=NEVER,SUCCESS",
        "NOTIFY=NEVER,NEVER",
        "NOTIFY=SUCCESS,",
        "NOTIFY=ALWAYS",
        "ORCPT",
        "ORCPT=",
        "ORCPT=rfc822",
        "ORCPT=rfc822;",
        "ORCPT=;a@b",
        "ORCPT=rfc822;a+0Db",
        "ORCPT=rfc822;ä@b",
        "ORCPT=utf-8;a\x85b",
        "ORCPT=rfc822;" + "a" * 494,
        "ORCPT=utf-8;" + "ä" * 248,
        "ORCPT=rfc822;" + "+C3+A4" * 248,
        "ORCPT=utf-8;" + r"\x{E4}" * 248,
        "ORCPT=rfc822;+C3@b",
        "ORCPT=rfc822;a+0A+C3+A4",
        "ORCPT=rfc822;a+C2+85b",
        "ORCPT=rfc822;+C3+A4+",
        "ORCPT=rfc822;a ORCPT=rfc822;a",
    ],
)
def test_a_bad_value_in_rcpt_is_501(text):
    """
    A2, D1: NEVER stands alone; ORCPT is at most 500 octets.
    """
    assert replies.BAD_PARAMETER == read_recipient_parameters(text, ALL.rcpt)


@pytest.mark.parametrize("value", ["x-unknown;+41b", "utf-8;jürgen@bücher.example", "rfc822;" + "a" * 493])
def test_an_original_recipient_is_kept_verbatim(value):
    """
    D1: the next host may know a type that this host does not.
    """
    read = read_recipient_parameters(f"ORCPT={value}", ALL.rcpt)
    assert isinstance(read, RecipientParameters)
    assert value == read.original_recipient


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("rfc822;+C3+A4@x.example", "utf-8;ä@x.example"),
        ("RFC822;a@b+c3+bccher.example", "utf-8;a@bücher.example"),
        (r"rfc822;+22+C3+A4+20b+5C\+3D+22+2B@x.example", r'utf-8;"ä\x{20}b\x{5C}\x{5C}\x{3D}"\x{2B}@x.example'),
        ("rfc822;" + "+C3+A4" * 247, "utf-8;" + "ä" * 247),
        ("utf-8;" + r"\x{E4}" * 247, "utf-8;" + r"\x{E4}" * 247),
    ],
)
def test_an_original_recipient_beyond_ascii_is_taken_as_postfix_writes_it(value, expected):
    """
    Postfix gives no ORCPT of the type utf-8 for a recipient that came without one: all its SMTPUTF8 mail would bounce.
    """
    read = read_recipient_parameters(f"ORCPT={value}", ALL.rcpt)
    assert isinstance(read, RecipientParameters)
    assert expected == read.original_recipient


@given(address=strategies.addresses)
def test_what_this_host_says_of_an_address_is_read_by_the_next_one(address):
    """
    D3: "+" and "=" have a meaning there, and a user with a tag is a common recipient of an alias.
    """
    value = original_recipient_of(address)
    read = read_recipient_parameters(f"ORCPT={value}", ALL.rcpt)
    assert RecipientParameters(None, value) == read


@pytest.mark.parametrize("text", ["FOO", "FOO=1", "AUTH=<>", "=", "=1", "NOTIFY=NEVER", "BODY\t=7BIT"])
def test_an_unknown_parameter_of_mail_is_555(text):
    assert replies.UNKNOWN_PARAMETER == read_mail_parameters(text, ALL.mail)


def test_an_unknown_parameter_of_rcpt_is_555():
    """
    A2: a keyword of MAIL is not one of RCPT.
    """
    assert replies.UNKNOWN_PARAMETER == read_recipient_parameters("SIZE=1", ALL.rcpt)


def test_dsn_parameters_are_refused_when_dsn_is_off():
    """
    A2: the server promises no report that it will not send.
    """
    for text in ("RET=FULL", "ENVID=x"):
        assert replies.DSN_NOT_OFFERED == read_mail_parameters(text, WITHOUT_DSN.mail)
    for text in ("NOTIFY=NEVER", "ORCPT=rfc822;a@b"):
        assert replies.DSN_NOT_OFFERED == read_recipient_parameters(text, WITHOUT_DSN.rcpt)


def original_recipient(value: str) -> str | None:
    read = read_recipient_parameters(f"ORCPT={value}", ALL.rcpt)
    assert isinstance(read, RecipientParameters)
    return read.original_recipient


def test_hexadecimal_digits_are_read_in_any_case_and_go_on_in_capitals():
    """
    RFC 3461 §4 writes capitals. Some clients do not, and some hosts insist.
    """
    assert "rfc822;a+2Fb+3D" == original_recipient("rfc822;a+2fb+3D")
    assert r"utf-8;j\x{F6}rg" == original_recipient(r"utf-8;j\x{f6}rg")
    assert MailParameters(envelope_id="a+2Fb") == read_mail_parameters("ENVID=a+2fb", ALL.mail)


@pytest.mark.parametrize(
    "digits", ["01", "19", "10", "20", "2B", "3D", "7F", "5C", "80", "FF", "65E5", "D7FF", "10FFFF"]
)
def test_a_character_by_its_number_is_in_the_form_of_the_rfc(digits):
    """
    RFC 6533 §3, HEXPOINT.
    """
    value = f"utf-8;a\\x{{{digits}}}b"
    assert value == original_recipient(value)


@pytest.mark.parametrize("digits", ["", "A", "0A", "00", "41", "080", "D800", "DFFF", "110000", "0010FF", "xx"])
def test_a_character_by_any_other_number_is_refused(digits):
    """
    Two forms of one character, such as a surrogate or a line end, would mislead the reader of a report.
    """
    assert replies.BAD_PARAMETER == read_recipient_parameters(f"ORCPT=utf-8;a\\x{{{digits}}}b", ALL.rcpt)


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        ("HOLDFOR=1", Hold(for_s=1)),
        ("holdfor=999999999", Hold(for_s=999_999_999)),
        ("HOLDUNTIL=2030-01-31T12:00:00Z", Hold(until=Timestamp(1_896_091_200))),
        ("HOLDUNTIL=2030-01-31t13:00:00.123+01:00", Hold(until=Timestamp(1_896_091_200))),
        ("HOLDUNTIL=2030-01-31T12:00:00-00:00", Hold(until=Timestamp(1_896_091_200))),
        ("HOLDFOR=0", None),
        ("HOLDFOR=1000000000", None),
        ("HOLDFOR", None),
        ("HOLDUNTIL=2030-02-31T12:00:00Z", None),
        ("HOLDUNTIL=2030-01-31T12:00:00", None),
        ("HOLDUNTIL=2030-01-31T12:00:00+99:00", None),
        ("HOLDUNTIL=20300131T120000Z", None),
        ("HOLDFOR=1 HOLDUNTIL=2030-01-31T12:00:00Z", None),
    ],
)
def test_a_hold_is_a_time_or_an_instant(text, hold):
    """
    RFC 4865 §4 and its erratum 2040: the instant is a date-time of RFC 3339.
    """
    found = read_mail_parameters(text, Extensions((future_release(60, "2030-01-31T00:00:00Z"),)).mail)
    assert (replies.BAD_PARAMETER if hold is None else MailParameters(hold=hold)) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BY=120;R", {"deliver_by": DeliverBy(120, returns=True)}),
        ("BY=+120;r", {"deliver_by": DeliverBy(120, returns=True)}),
        ("by=-1;nt", {"deliver_by": DeliverBy(-1, returns=False, is_traced=True)}),
        ("MT-PRIORITY=-9", {"mt_priority": -9}),
        ("MT-PRIORITY=0", {"mt_priority": 0}),
        ("REQUIRETLS", {"requires_tls": True}),
        ("BY=120", None),
        ("BY=;R", None),
        ("MT-PRIORITY=-0", None),
        ("MT-PRIORITY=10", None),
        ("MT-PRIORITY", None),
        ("REQUIRETLS=1", None),
    ],
)
def test_deadlines_priorities_and_requiretls_are_read(text, expected):
    """
    RFC 2852 §4, RFC 6710 §5, RFC 8689 §3.
    """
    found = read_mail_parameters(text, ALL.mail)
    assert (replies.BAD_PARAMETER if expected is None else MailParameters(**expected)) == found
