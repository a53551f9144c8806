"""What is found out about a message, and how it is told."""

import ipaddress
import json

import pytest

from empath.authentication.arc import Chain
from empath.authentication.dmarc import DmarcResult
from empath.authentication.findings import (
    Findings,
    SentFrom,
    Wanted,
    body_forms,
    by_author,
    check_sender,
    columns_of,
    examine,
    key_questions,
    result_words,
    results_of,
)
from empath.authentication.spf import SpfResult, SpfVerdict
from empath.authentication.verify import DkimResult, Result
from empath.mail.address import ReversePath
from empath.mail.lookup import Question
from tests.authentication.kit import MESSAGE, NOW, TEXTS, digests_of, fields_of, signed
from tests.authentication.test_arc import sealed
from tests.kit.zones import questions, run

CLIENT = ipaddress.ip_address("192.0.2.1")
ZONE = {
    "example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    **{name: {"TXT": [text]} for name, text in TEXTS.items()},
}
ALL = Wanted()
NONE = Wanted(spf=False, dkim=False, arc=False, dmarc=False)


def findings_of(message=MESSAGE, wanted=ALL, *, sender="joe@example.com", helo="h.example", zone=ZONE, asked=None):
    """Judge *message*."""
    sent_from = SentFrom(str(CLIENT), sender, helo)
    if wanted.spf:
        spf = check_sender(CLIENT, ReversePath.parse(sender), helo, receiver="mx.example", now=NOW)
        sent_from = run(spf, zone, asked)
    fields = fields_of(message)
    digests = digests_of(message, *body_forms(fields, wanted))
    return run(examine(wanted, sent_from, fields, digests, now=NOW, sample=0), zone, asked)


def test_each_method_adds_its_result():
    found = findings_of(signed())
    assert {"spf": "pass", "dkim": "pass", "arc": "none", "dmarc": "pass"} == result_words(found)
    assert ["example.com"] == found.signed_by
    signature = next(each.words for each in results_of(found, "tag") if each.method == "dkim")
    assert ["dkim=pass", "header.d=example.com"] == signature[:2]


def test_a_mail_asks_only_what_it_must():
    """
    Four questions for a mail with SPF, two signatures and DMARC; the fifth is the name in HELO.
    """
    asked: list[Question] = []
    findings_of(signed(), asked=asked)
    expected = [
        *("TXT h.example", "TXT example.com", "TXT e._domainkey.example.com", "TXT r._domainkey.example.com"),
        "TXT _dmarc.example.com",
    ]
    assert sorted(expected) == sorted(questions(asked))


def test_nothing_is_found_out_that_is_not_wanted():
    found = findings_of(signed(), NONE)
    assert ({}, []) == (result_words(found), results_of(found, "tag"))
    assert {"author": "example.com", "disposition": "tag"} == json.loads(columns_of(found, {}, "tag", ""))
    assert [] == body_forms(fields_of(signed()), NONE)
    assert (False, True) == (NONE.body, Wanted(dkim=False).body)


def test_the_body_is_hashed_as_the_signatures_ask_for_it():
    assert 1 == len(body_forms(fields_of(signed()), Wanted()))


@pytest.mark.parametrize("name", ["example.com", "r._domainkey.example.com"])
def test_what_could_have_passed_is_not_false(name):
    """
    An outage of the DNS must not have mail refused.
    """
    message = signed(selectors="r")
    sender = "joe@example.com" if name == "example.com" else "joe@other.example"
    message = MESSAGE if name == "example.com" else message
    found = findings_of(message, sender=sender, zone={**ZONE, name: {"*": "FAILS"}})
    assert DmarcResult.TEMPERROR is found.dmarc.result


@pytest.mark.parametrize("name", ["other.example", "r._domainkey.example.com"])
def test_a_stranger_whose_name_server_fails_leaves_forged_mail_false(name):
    """
    Only what could have proven the author is an error.
    """
    message = signed(selectors="r").replace(b"joe@example.com", b"joe@bank.example")
    zone = {**ZONE, name: {"*": "FAILS"}, "_dmarc.bank.example": {"TXT": ["v=DMARC1; p=reject"]}}
    found = findings_of(message, sender="joe@other.example", zone=zone)
    assert "temperror" in result_words(found).values()
    assert DmarcResult.FAIL is found.dmarc.result


def test_each_author_is_judged_by_itself():
    """
    With the same proofs; four are no authors, see dmarc.evaluate.
    """
    known = Findings(SentFrom("192.0.2.1", "", ""), ("a.example", "b.example"))
    assert [("a.example",), ("b.example",)] == [each.authors for each in by_author(known)]
    for authors in (None, ("a.example",), tuple("abcd")):
        assert [known._replace(authors=authors)] == by_author(known._replace(authors=authors))


def test_what_nothing_proves_is_false():
    assert DmarcResult.FAIL is findings_of(sender="joe@other.example").dmarc.result


def test_the_keys_of_signatures_that_may_hold_are_known_at_once():
    fields, digests = fields_of(signed()), digests_of(signed())
    names = {"r._domainkey.example.com", "e._domainkey.example.com"}
    assert names == {name for name, _ in key_questions(fields, digests, now=NOW)}
    assert [] == key_questions(fields, {}, now=NOW)


def test_the_null_sender_is_the_postmaster_of_the_name_in_helo():
    """
    RFC 7208 §2.4. Its result stands in the field once.
    """
    found = findings_of(sender="", helo="example.com")
    assert DmarcResult.PASS is found.dmarc.result
    assert ["spf=pass", "dkim=none", "arc=none", "dmarc=pass"] == [each.words[0] for each in results_of(found, "tag")]


def test_a_chain_that_holds_has_its_first_results():
    """
    The host that seals says what it had found out.
    """
    found = findings_of(sealed(sealed(MESSAGE)), zone=ZONE)
    assert (Result.PASS, ("example.com", "example.com")) == (found.arc.result, found.arc.sealers)
    assert found.first_results.startswith(b"ARC-Authentication-Results: i=1; mx.example.com; spf=pass")


def test_results_and_columns_of_all_kinds():
    spf = SpfVerdict(SpfResult.FAIL, "a.example", "-all")
    chain = Chain(Result.FAIL, "the seal is broken", ("a.example", "b.example"), 2)
    unreadable = DkimResult(Result.PERMERROR, "it has another version")
    sent_from = SentFrom("192.0.2.1", "a@a.example", "h", None, spf)
    found = Findings(sent_from, None, (unreadable,), chain)
    assert [
        ["spf=fail", "(-all)", "smtp.mailfrom=a@a.example"],
        ["dkim=permerror", 'reason="it has another version"'],
        ["arc=fail", "(the seal is broken)", "smtp.remote-ip=192.0.2.1"],
    ] == [each.words for each in results_of(found, "tag")]
    assert {
        "spf": "fail",
        "spf_domain": "a.example",
        "dkim": "permerror",
        "arc": "fail",
        "sealers": "a.example b.example",
        "disposition": "tag",
        "reason": "why",
    } == json.loads(columns_of(found, result_words(found), "tag", "why"))


def test_a_message_without_an_author_has_none_in_its_results():
    found = findings_of(b"Subject: s\r\n\r\nx\r\n")
    assert ["dmarc=permerror", "(p=none dis=reject)"] == results_of(found, "reject")[-1].words
