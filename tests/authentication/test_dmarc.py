"""DMARC, RFC 9989."""

from collections.abc import Mapping

import pytest

from empath.authentication.dmarc import DmarcResult, evaluate
from empath.authentication.dmarc_record import DmarcPolicy, find_record
from empath.mail.lookup import Question
from tests.kit.vectors import cases
from tests.kit.zones import Zone, questions, run

MOST_QUESTIONS = 8  # of one walk, RFC 9989 §4.10


def zone_of(records: Mapping[str, object], exists=()) -> Zone:
    """The names of DMARC with *records*, and names that exist."""
    zone: dict[str, dict[str, object]] = {name: {"A": ["192.0.2.1"]} for name in exists}
    for name, texts in records.items():
        zone[f"_dmarc.{name}"] = {"*": "FAILS"} if texts == "FAIL" else {"TXT": texts}
    return zone


@pytest.mark.parametrize("case", cases("dmarc"))
def test_the_walk_and_the_record_are_those_of_the_rfc(case):
    """
    RFC 9989 §4.10 and its examples.
    """
    zone = zone_of(case["records"], case["exists"])
    found = run(evaluate([case["from"]], case["passed_spf"], case["passed_dkim"]), zone)
    assert (case["result"], case["policy"], case["record_of"]) == (found.result, found.policy, found.record_of)


def test_a_record_with_a_mistake_is_not_said_to_be_missing():
    """
    Its owner looks for the mistake, and not for the record.
    """
    found = run(evaluate(["a.example"], None, []), zone_of({"a.example": ["v=DMARC1; p=rejekt"]}))
    assert (DmarcResult.NONE, "no valid DMARC record at a.example or above it") == (found.result, found.reason)


def test_a_walk_asks_at_most_eight_questions():
    asked: list[Question] = []
    run(evaluate([".".join("abcdefghijklmnop") + ".example.com"], None, []), {}, asked)
    assert MOST_QUESTIONS == len(asked)


def test_a_domain_that_proves_itself_costs_one_question():
    """
    That is nearly all mail.
    """
    asked: list[Question] = []
    zone = zone_of({"a.example": ["v=DMARC1; p=reject"]})
    found = run(evaluate(["a.example"], "b.example", ["c.example", "A.example"]), zone, asked)
    assert (DmarcResult.PASS, "dkim", ["TXT _dmarc.a.example"]) == (found.result, found.aligned, questions(asked))


def test_a_record_between_the_author_and_its_organization_does_not_count():
    """
    RFC 9989 §4.10.1.
    """
    zone = zone_of({"b.example.org": ["v=DMARC1; p=none"], "example.org": ["v=DMARC1; p=reject"]})
    found = run(evaluate(["a.b.example.org"], None, []), zone)
    assert ("example.org", DmarcPolicy.REJECT) == (found.record_of, found.policy)


@pytest.mark.parametrize(
    ("authors", "reason"),
    [
        (None, "there is no From field with one reading"),
        ([], "there is no From field with one reading"),
        (["a.example", "b.example", "c.example", "d.example"], "From names more than 3 domains"),
    ],
)
def test_an_author_that_is_not_certain_is_an_error(authors, reason):
    found = run(evaluate(authors, "a.example", []), {})
    assert (DmarcResult.PERMERROR, reason) == (found.result, found.reason)


@pytest.mark.parametrize(
    "other", [["v=DMARC1; p=none"], ["v=DMARC1; p=quarantine"], "FAIL", []], ids=["none", "quarantine", "fails", "no"]
)
def test_of_two_authors_both_must_be_proven(other):
    """
    A second author whose name server fails must not hide that the first is false.
    """
    zone = zone_of({"a.example": ["v=DMARC1; p=reject"], "b.example": other})
    for authors in (["a.example", "b.example"], ["b.example", "a.example"]):
        found = run(evaluate(authors, None, []), zone)
        assert (DmarcResult.FAIL, DmarcPolicy.REJECT) == (found.result, found.policy)
    one = run(evaluate(["a.example", "b.example"], "a.example", []), zone)
    assert DmarcResult.PASS is not one.result


def test_of_several_authors_the_policy_of_those_that_are_false_counts():
    zone = zone_of({"a.example": ["v=DMARC1; p=reject"], "b.example": ["v=DMARC1; p=none"]})
    found = run(evaluate(["a.example", "b.example"], "a.example", []), zone)
    assert (DmarcResult.FAIL, "b.example", DmarcPolicy.NONE) == (found.result, found.author, found.policy)


@pytest.mark.parametrize(("sample", "policy"), [(0, "reject"), (49, "reject"), (50, "quarantine"), (99, "quarantine")])
def test_pct_names_the_share_of_mail_that_the_policy_is_for(sample, policy):
    """
    RFC 7489 §6.6.4; RFC 9989 has `t` instead, and old records are still there.
    """
    zone = zone_of({"a.example": ["v=DMARC1; p=reject; pct=50"]})
    assert policy == run(evaluate(["a.example"], None, [], sample=sample), zone).policy


def test_a_failure_of_the_dns_in_a_walk_is_no_fail():
    zone = zone_of({"a.example": ["v=DMARC1; p=reject"], "b.a.example": "FAIL"})
    found = run(evaluate(["a.example"], "b.a.example", []), zone)
    assert (DmarcResult.TEMPERROR, "TXT of _dmarc.b.a.example: no answer in time") == (found.result, found.reason)


def test_a_stranger_whose_name_server_fails_proves_nothing():
    """
    Else anybody could have forged mail accepted by a failure that he makes himself.
    """
    asked: list[Question] = []
    zone = zone_of({"bank.example": ["v=DMARC1; p=reject"], "evil.example": "FAIL", "example": "FAIL"})
    zone = {**zone, "_dmarc.example": {}}
    found = run(evaluate(["bank.example"], "evil.example", ["evil.example"]), zone, asked)
    assert DmarcResult.FAIL is found.result
    assert "TXT _dmarc.evil.example" not in questions(asked)


def test_another_domain_that_proves_the_author_outweighs_a_failure():
    zone = zone_of({"a.example": ["v=DMARC1; p=reject"], "b.a.example": "FAIL"})
    assert DmarcResult.PASS is run(evaluate(["a.example"], "b.a.example", ["c.a.example"]), zone).result


NP = {"a.example": ["v=DMARC1; p=none; sp=none; np=reject"]}


@pytest.mark.parametrize(
    ("of_author", "result", "policy"),
    [
        ({"*": "FAILS"}, DmarcResult.TEMPERROR, DmarcPolicy.NONE),
        ({"A": []}, DmarcResult.FAIL, DmarcPolicy.REJECT),
        ({"MX": [[0, "m.example"]]}, DmarcResult.FAIL, DmarcPolicy.NONE),
    ],
)
def test_a_domain_exists_that_has_an_address_or_an_exchanger(of_author, result, policy):
    zone = {**zone_of(NP), "b.a.example": of_author}
    found = run(evaluate(["b.a.example"], None, []), zone)
    assert (result, policy) == (found.result, found.policy)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1;p=none;sp=bad", None),
        ("v=DMARC1;p=bad;rua=https://a.example", None),
        ("v=DMARC1;p=reject;np=bad;rua=mailto:x@a.example", (DmarcPolicy.NONE, DmarcPolicy.NONE)),
        ("V = DMARC1 ; P = REJECT ; NP = Quarantine", (DmarcPolicy.REJECT, DmarcPolicy.QUARANTINE)),
        ("v=dmarc1; p=reject", None),
        ("v=DMARC1; p=reject; p=none;; pct=101; pct", (DmarcPolicy.REJECT, DmarcPolicy.REJECT)),
        ("v=DMARC1; p=reject; " + "x" * 9000, None),
    ],
)
def test_a_record_counts_or_does_not(text, expected):
    """
    RFC 9989 §4.7.
    """
    found = find_record([text])
    assert expected == (None if found is None else (found.policy, found.nonexistent))
