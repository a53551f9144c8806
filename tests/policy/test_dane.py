"""What TLSA records demand: which are looked up, and what their absence or failure means."""

import pytest

from empath.mail.lookup import Absent, Failed, Kind, Question, Security, Texts, TlsaRecord, TlsaRecords
from empath.policy.dane import NOT_ASKED, TlsaFindings, TlsaSearch, TlsaState, is_usable

SECURE, INSECURE, UNCHECKED = Security.SECURE, Security.INSECURE, Security.UNCHECKED
GOOD = TlsaRecord(3, 1, 1, bytes(32))
PKIX = TlsaRecord(1, 1, 1, bytes(32))
ABSENT = Absent("NODATA", 60, SECURE)


def search(*, exchangers=SECURE, addresses=SECURE, alias_of=""):
    """The search for the host mx.test of x.test."""
    return TlsaSearch(
        "mx.test", 25, exchangers=exchangers, addresses=addresses, alias_of=alias_of, other_names=["x.test"]
    )


def found(under_way, *answers):
    """The findings after these answers, and the questions that they answer."""
    asked = []
    for answer in answers:
        asked += under_way.wanted
        under_way.learn([answer])
    assert () == under_way.wanted
    return under_way.findings, [tuple(question) for question in asked]


def test_a_secure_host_is_asked_for_its_records():
    """
    Records that can be used must match.
    """
    usable = TlsaFindings(TlsaState.USABLE, (GOOD,), "mx.test", ("mx.test", "x.test"))
    assert (usable, [("_25._tcp.mx.test", "TLSA")]) == found(search(), TlsaRecords((PKIX, GOOD), 60, SECURE))


def test_records_that_cannot_be_used_still_demand_tls():
    """
    RFC 7672 §2.2: the host has TLS, and who takes it away is an attacker.
    """
    findings, _ = found(search(), TlsaRecords((PKIX,), 60, SECURE))
    assert (TlsaState.UNUSABLE, ()) == (findings.state, findings.records)


@pytest.mark.parametrize("failed", [Failed("SERVFAIL", is_refused=True), Failed("no answer in time")])
def test_a_failed_look_up_is_not_an_absence(failed):
    """
    It would be a downgrade that any attacker can bring about.
    """
    findings, _ = found(search(), failed)
    assert (TlsaState.FAILED, f"_25._tcp.mx.test: TLSA look-up failed: {failed.why}") == (findings.state, findings.why)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ABSENT, "there are no TLSA records"),
        (Absent("NXDOMAIN", 60, INSECURE), "there are no TLSA records"),
        (TlsaRecords((GOOD,), 60, INSECURE), "the TLSA records are not signed"),
    ],
)
def test_without_secure_records_dane_does_not_apply(answer, why):
    """
    The zone of the records may be another than that of the host, and not signed.
    """
    findings, _ = found(search(), answer)
    assert TlsaFindings(TlsaState.NONE, why=why) == findings


@pytest.mark.parametrize(
    ("exchangers", "addresses", "why"),
    [
        (INSECURE, SECURE, "the MX records are not signed"),
        (SECURE, INSECURE, "the addresses are not signed"),
        (UNCHECKED, SECURE, NOT_ASKED.why),
        (SECURE, UNCHECKED, NOT_ASKED.why),
    ],
)
def test_a_host_that_is_not_secure_is_not_asked_for_records(exchangers, addresses, why):
    """
    Some servers fail for such questions, and the mail would wait for nothing (RFC 7672 §2.2.1).
    """
    under_way = search(exchangers=exchangers, addresses=addresses)
    assert ((), TlsaState.NONE, why) == (under_way.wanted, under_way.findings.state, under_way.findings.why)


def test_the_end_of_the_aliases_comes_before_the_name_of_the_host():
    """
    RFC 7672 §2.2.2. The certificate may have either name.
    """
    findings, asked = found(search(alias_of="real.test"), ABSENT, TlsaRecords((GOOD,), 60, SECURE))
    assert [("_25._tcp.real.test", "TLSA"), ("_25._tcp.mx.test", "TLSA")] == asked
    assert ("mx.test", ("real.test", "mx.test", "x.test")) == (findings.base, findings.names)
    findings, asked = found(search(alias_of="real.test"), TlsaRecords((GOOD,), 60, SECURE))
    assert ([("_25._tcp.real.test", "TLSA")], "real.test") == (asked, findings.base)


def test_a_signed_alias_to_an_unsigned_target_counts_by_its_own_name():
    """
    RFC 7672 §2.2.2: the owner of the alias can publish records there.
    """
    under_way = search(addresses=INSECURE, alias_of="real.test")
    assert (Question("mx.test", Kind.CNAME),) == under_way.wanted
    findings, asked = found(under_way, Texts(("real.test",), 60, SECURE), TlsaRecords((GOOD,), 60, SECURE))
    assert ([("mx.test", "CNAME"), ("_25._tcp.mx.test", "TLSA")], "mx.test") == (asked, findings.base)
    findings, _ = found(search(addresses=INSECURE, alias_of="real.test"), Texts(("real.test",), 60, INSECURE))
    assert TlsaFindings(TlsaState.NONE, why="the addresses are not signed") == findings
    findings, _ = found(search(addresses=INSECURE, alias_of="real.test"), Failed("SERVFAIL"))
    assert TlsaState.FAILED is findings.state


@pytest.mark.parametrize(
    ("usage", "selector", "matching", "octets", "expected"),
    [
        (3, 1, 1, 32, True), (3, 0, 2, 64, True), (2, 0, 1, 32, True), (2, 1, 0, 5, True), (3, 0, 0, 5, True),
        (0, 1, 1, 32, False), (1, 1, 1, 32, False), (4, 1, 1, 32, False), (3, 2, 1, 32, False), (3, 1, 3, 32, False),
        (3, 1, 1, 31, False), (3, 1, 2, 32, False), (3, 1, 0, 0, False),
    ],
)  # fmt: skip
def test_which_records_can_be_used(usage, selector, matching, octets, expected):
    """
    The uses 0 and 1 have no meaning for SMTP, RFC 7672 §3.1.3.
    """
    assert expected is is_usable(TlsaRecord(usage, selector, matching, bytes(octets)))


def test_a_record_is_written_as_in_a_zone():
    """
    People compare it with their zone.
    """
    assert "3 1 1 00ff" == str(TlsaRecord(3, 1, 1, b"\x00\xff"))
