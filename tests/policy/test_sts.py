"""MTA-STS: records, policies, and what follows from them. RFC 8461."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.policy.sts import (
    KeptPolicy,
    Step,
    StsPolicy,
    next_step,
    policy_url,
    read_record,
    record_name,
    record_of,
)
from empath.policy.tls_demand import NO_STS, StsFinding, StsMode
from tests.kit.vectors import vectors

NOW = 2e9
FILE = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 123456\r\n"
POLICY = StsPolicy(StsMode.ENFORCE, 123456, ("mail.example.com", "*.example.net"))


def test_policies_and_records_are_read_as_the_vectors_say():
    """
    Files, records, and hosts against the first file.
    """
    known = vectors("mta-sts")
    for case in known["cases"]:
        try:
            found = StsPolicy.parse(case["policy"].encode("latin-1"))
        except SyntaxViolation:
            assert case["parsed"] is None, case["id"]
        else:
            assert case["parsed"] == [found.mode, len(found.patterns), found.max_age_s], case["id"]
    for texts, policy_id in known["records"]:
        assert policy_id == read_record(texts), texts
    policy = StsPolicy.parse(known["cases"][0]["policy"].encode())
    assert known["allows"] == {host: policy.names(host) for host in known["allows"]}


def test_a_domain_says_where_its_policy_is():
    """
    RFC 8461 §3.1, §3.2.
    """
    assert "_mta-sts.example.com" == record_name("example.com")
    assert "https://mta-sts.example.com/.well-known/mta-sts.txt" == policy_url("example.com")


@pytest.mark.parametrize(
    ("texts", "policy_id"),
    [
        (["v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        (["v=STSv1;id=1"], "1"),
        (["v=spf1 -all", "v=STSv1; x=y; id = 2 ;"], "2"),
        ([], None),
        (["v=STSv1"], None),
        (["v=STSv1; id="], None),
        (["v=STSv1; id=a-b"], None),
        (["v=STSv1; id=" + "1" * 33], None),
        (["v=STSv2; id=1"], None),
        (["V=STSv1; id=1"], None),
        (["v=STSv1; id=1", "v=STSv1; id=2"], None),
    ],
)
def test_g3_a_record_has_one_id(texts, policy_id):
    """
    Several records of MTA-STS, or a malformed one, are none.
    """
    assert policy_id == read_record(texts)


@pytest.mark.parametrize(
    ("octets", "policy"),
    [
        (FILE, POLICY),
        (FILE.replace(b"\r\n", b"\n").rstrip(), POLICY),
        (b"\xef\xbb\xbf\n" + FILE.replace(b"mode", b"\r\n \t\r\nmode") + b"\n  \n", POLICY),
        (FILE + b"mode: none\r\nfuture: x=y\r\n", POLICY),
        (b"version:STSv1\nmode:none\nmax_age:99999999999"[:-1], StsPolicy(StsMode.NONE, 31_557_600)),
        (
            b"max_age: 0 \nmx: A.Example.\nmode: testing\nversion: STSv1",
            StsPolicy(StsMode.TESTING, 0, ("a.example",)),
        ),
        (
            b"version: STSv1\nmode: testing\nmx: a.test\nmx: a.test\nmax_age: 1",
            StsPolicy(StsMode.TESTING, 1, ("a.test",)),
        ),
    ],
)
def test_g3_a_policy_is_read(octets, policy):
    """
    RFC 8461 §3.2; lines may end in LF, and unknown fields are for later versions.
    """
    assert policy == StsPolicy.parse(octets)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "version"),
        (b"\xff", "UTF-8"),
        (b"<html>", "not a field"),
        (FILE.replace(b"STSv1", b"STSv2"), "version"),
        (FILE.replace(b"enforce", b"strict"), "mode"),
        (FILE.replace(b"mode: enforce\r\n", b""), "mode"),
        (FILE.replace(b"123456", b"1d"), "max_age"),
        (FILE.replace(b"mx", b"nx"), "names no mx"),
        (FILE.replace(b"*.example.net", b"*"), "not a host name"),
        (FILE.replace(b"*.example.net", b"a.*.net"), "not a host name"),
        (FILE.replace(b"*.example.net", b""), "not a host name"),
        (FILE + b"".join(b"mx: h%d.test\r\n" % n for n in range(200)), "more than 200"),
    ],
)
def test_g3_what_is_no_policy_is_refused(octets, why):
    """
    A web server that answers everything with a page is no reason to demand something.
    """
    with pytest.raises(SyntaxViolation, match=why):
        StsPolicy.parse(octets)


@given(octets=st.binary(max_size=200))
def test_any_octets_are_a_policy_or_refused(octets):
    """
    The file is from strangers.
    """
    try:
        StsPolicy.parse(FILE + octets)
    except SyntaxViolation:
        pass


@pytest.mark.parametrize(
    ("host", "is_named"),
    [
        ("mail.example.com", True), ("MAIL.Example.com.", True), ("a.mail.example.com", False),
        ("a.example.net", True), ("example.net", False), ("a.b.example.net", False), ("net", False),
    ],
)  # fmt: skip
def test_g3_an_asterisk_stands_for_one_label(host, is_named):
    """
    RFC 8461 §4.1.
    """
    assert is_named == POLICY.names(host)


def kept(**fields):
    """A policy that was read an hour ago."""
    usual: dict[str, Any] = {
        "domain": "example.com", "policy_id": "1", "policy": POLICY, "fetched_at": NOW - 3600.0,
        "expires_at": NOW + 1.0, "checked_at": NOW - 3600.0,
    }  # fmt: skip
    return KeptPolicy(**usual | fields)


def test_g3_a_policy_says_of_each_host_whether_it_is_named():
    """
    The words say to a person what decided.
    """
    words = "the MTA-STS policy 1 of example.com"
    assert StsFinding(StsMode.ENFORCE, True, words) == kept().finding("mail.example.com")
    assert StsFinding(StsMode.ENFORCE, False, words) == kept().finding("evil.test")
    assert NO_STS == kept(policy=StsPolicy(StsMode.NONE, 1)).finding("evil.test")


def test_g3_a_policy_is_in_force_until_its_max_age_is_over():
    """
    Not longer: a domain that has given up MTA-STS must get mail again.
    """
    assert [True, False] == [kept().is_in_force(now) for now in (NOW, NOW + 1.0)]


@pytest.mark.parametrize(
    ("ago_s", "failure", "needs_check"),
    [(599.0, "", False), (600.0, "", True), (299.0, "down", False), (300.0, "down", True), (-1.0, "", True)],
)
def test_the_record_is_looked_up_again_after_some_minutes(ago_s, failure, needs_check):
    """
    After a failure sooner. A clock that has stepped back must not put it off.
    """
    assert needs_check == kept(checked_at=NOW - ago_s, failure=failure).needs_check(NOW)


SAME, OTHER = ["v=STSv1; id=1"], ["v=STSv1; id=2"]


@pytest.mark.parametrize(
    ("before", "texts", "step"),
    [
        (None, [], Step.NOTHING),
        (None, None, Step.NOTHING),
        (None, SAME, Step.FETCH),
        (kept(), [], Step.KEEP),
        (kept(), None, Step.KEEP),
        (kept(), SAME, Step.KEEP),
        (kept(), OTHER, Step.FETCH),
        (kept(fetched_at=NOW - 61_728.0), SAME, Step.FETCH),
        (kept(fetched_at=NOW - 86_400.0, policy=StsPolicy(StsMode.NONE, 10**6)), SAME, Step.FETCH),
        (kept(fetched_at=NOW + 1.0), SAME, Step.FETCH),
    ],
)
def test_g3_a_policy_survives_what_fails_and_an_id_that_changes_asks_for_a_new_one(before, texts, step):
    """
    An attacker who suppresses the record must not turn TLS off. The file is read again before it is over.
    """
    assert step is next_step(before, texts, NOW)


@pytest.mark.parametrize("policy", [POLICY, StsPolicy(StsMode.NONE, 1)])
def test_a_policy_of_our_own_is_read_as_it_was_meant(policy):
    """
    Its record has another id as soon as the file is another one: else hosts would go on with the old one.
    """
    assert policy == StsPolicy.parse(policy.octets)
    assert read_record([record_of(policy)]) == policy.own_id
    assert policy.own_id != StsPolicy(policy.mode, policy.max_age_s + 1, policy.patterns).own_id


def test_our_own_file_has_the_form_of_the_rfc():
    """
    RFC 8461 §3.2.
    """
    assert FILE == POLICY.octets
