"""Answers of the DNS survive their text form, and what is no answer is refused."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.lookup import (
    Absent,
    Addresses,
    Exchanger,
    Exchangers,
    Failed,
    Kind,
    Security,
    Texts,
    TlsaRecord,
    TlsaRecords,
    weakest,
)
from empath.mail.lookup_text import read_answer, record_texts, status_of

SECURE = Security.SECURE


@pytest.mark.parametrize(
    ("kind", "answer", "texts"),
    [
        (Kind.MX, Exchangers((Exchanger(5, "a.test"), Exchanger(9, "")), 60, SECURE), ["5 a.test", "9 ."]),
        (Kind.A, Addresses(("192.0.2.1",), 60, SECURE, "b.test"), ["192.0.2.1"]),
        (Kind.AAAA, Addresses(("2001:db8::1",), 60), ["2001:db8::1"]),
        (Kind.TLSA, TlsaRecords((TlsaRecord(3, 1, 1, b"\xff\0"), TlsaRecord(255, 255, 255, b"")), 60, SECURE),
         ["3 1 1 ff00", "255 255 255 "]),
        (Kind.TXT, Texts(("v=x y",), 60), ["v=x y"]),
        (Kind.MX, Absent("NODATA", 60, SECURE), []),
        (Kind.A, Absent("NXDOMAIN", 60), []),
    ],
)  # fmt: skip
def test_an_answer_survives_its_text_form(kind, answer, texts):
    """
    Another process reads what one has asked.
    """
    assert texts == record_texts(answer)
    alias = getattr(answer, "alias_of", "")
    assert answer == read_answer(
        kind, status_of(answer), texts, ttl_s=answer.ttl_s, security=answer.security, alias_of=alias
    )


@pytest.mark.parametrize(
    ("kind", "status", "texts"),
    [
        (Kind.MX, "SERVFAIL", []), (Kind.MX, "found", []), (Kind.MX, "found", ["a.test"]), (Kind.MX, "found", ["5 "]),
        (Kind.MX, "found", ["65536 a.test"]), (Kind.MX, "found", ["\u0665 a.test"]), (Kind.A, "found", ["a.test"]),
        (Kind.MX, "found", ["5 a b"]), (Kind.MX, "found", ["5 \0"]), (Kind.A, "found", ["::1"]),
        (Kind.AAAA, "found", ["192.0.2.1"]), (Kind.AAAA, "found", ["fe80::1%eth0"]),
        (Kind.A, "found", ["192.0.2.1"] * 1025), (Kind.TLSA, "found", ["256 1 1 00"]),
        (Kind.TLSA, "found", ["-1 1 1 00"]),
        (Kind.TLSA, "found", ["3 1 1"]), (Kind.TLSA, "found", ["3 1 1 xx"]), (Kind.TLSA, "found", ["a 1 1 00"]),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(kind, status, texts):
    """
    A person may have written it.
    """
    with pytest.raises(SyntaxViolation):
        read_answer(kind, status, texts, ttl_s=60, security=SECURE)


def test_a_failure_has_its_reason_as_status():
    """
    It has no records.
    """
    assert ("SERVFAIL", []) == (status_of(Failed("SERVFAIL")), record_texts(Failed("SERVFAIL")))


def test_what_is_found_in_steps_is_as_secure_as_the_weakest():
    """
    One look-up that nobody checked leaves the whole unchecked.
    """
    assert Security.UNCHECKED is weakest(SECURE, Security.UNCHECKED, Security.INSECURE)
    assert Security.BOGUS is weakest(Security.BOGUS, Security.UNCHECKED)
    assert ["secure", None] == [SECURE.known, Security.UNCHECKED.known]


def test_an_odd_alias_is_refused():
    """
    The name of a TLSA record is made of it.
    """
    with pytest.raises(SyntaxViolation):
        read_answer(Kind.A, "found", ["192.0.2.1"], ttl_s=1, security=SECURE, alias_of="ü.test")


def test_exchangers_are_read_the_best_first():
    """
    Whatever their order is.
    """
    found = read_answer(Kind.MX, "found", ["20 b.test", "5 c.test"], ttl_s=1, security=SECURE)
    assert Exchangers((Exchanger(5, "c.test"), Exchanger(20, "b.test")), 1, SECURE) == found
