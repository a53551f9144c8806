"""What a report of DMARC tells of a message."""

import json

import pytest

from empath.authentication.counted import CountedRow, counted_row
from empath.authentication.disposition import Action, Disposition
from empath.authentication.dmarc import DmarcResult, DmarcVerdict, evaluate
from empath.authentication.dmarc_record import find_record
from empath.authentication.findings import Findings, SentFrom
from empath.authentication.signature import Signature
from empath.authentication.spf import SpfResult, SpfVerdict
from empath.authentication.verify import DkimResult, Result, signatures_of
from tests.authentication.kit import fields_of, signed
from tests.kit.zones import run

TAG = Disposition(Action.TAG, "not aligned")
ASKS = "v=DMARC1; p=reject; rua=mailto:a@a.test"
SPF = SpfVerdict(SpfResult.PASS, "B.test")


def verdict(text=ASKS, spf="a.test", dkim=(), author="a.test", more=None):
    """The verdict by a record *text*."""
    zone = {"_dmarc.a.test": {"TXT": [text]}, **(more or {})}
    return run(evaluate([author], spf, dkim, is_reported=True), zone)


def found(dmarc, spf=SPF, dkim=None, sender="joe@B.test"):
    """Findings with it."""
    return Findings(SentFrom("192.0.2.1", sender, "h.test", None, spf), ("a.test",), dkim, None, dmarc)


def test_a_message_that_is_proven():
    """
    Both methods are judged, though one is enough.
    """
    row = counted_row(found(verdict(dkim=["mail.a.test"])), TAG)
    assert row == CountedRow(
        *("a.test", ASKS, "192.0.2.1", "pass", "pass", "pass", "", "", "a.test", "b.test", "[]", "b.test", "pass"),
    )


@pytest.mark.parametrize(
    ("spf", "dkim", "proven"),
    [
        ("a.test", [], ("spf",)),
        ("x.test", ["a.test"], ("dkim",)),
        ("a.test", ["b.test", "a.test", "c.a.test"], ("spf", "dkim")),
    ],
)
def test_only_what_proves_the_author_is_aligned(spf, dkim, proven):
    """
    A signature of somebody else that holds is none of the author.
    """
    assert proven == verdict(spf=spf, dkim=dkim).proven


def test_a_walk_that_fails_hides_no_proof():
    """
    The name servers of the other domain do not answer.
    """
    dmarc = verdict(dkim=["c.a.test"], more={"_dmarc.c.a.test": {"*": "FAILS"}})
    assert (DmarcResult.PASS, ("spf",)) == (dmarc.result, dmarc.proven)


def test_without_a_wish_for_reports_one_proof_is_enough():
    """
    The second one would cost questions.
    """
    assert 1 == len(verdict("v=DMARC1; p=reject", dkim=["a.test"]).proven)


@pytest.mark.parametrize(
    ("dmarc", "action", "expected"),
    [
        (verdict(spf=None), Action.REJECT, ("reject", "", "")),
        (verdict(spf=None), Action.HOLD, ("quarantine", "local_policy", "not aligned")),
        (verdict(spf=None), Action.QUARANTINE_ROUTE, ("quarantine", "local_policy", "not aligned")),
        (verdict(spf=None), Action.TAG, ("none", "local_policy", "not aligned")),
        (verdict(ASKS.replace("reject", "none"), spf=None), Action.TAG, ("none", "", "")),
        (verdict(ASKS + "; t=y", spf=None), Action.QUARANTINE_ROUTE, ("quarantine", "policy_test_mode", "")),
    ],
)
def test_what_was_done_and_why_not_what_the_domain_asks_for(dmarc, action, expected):
    """
    RFC 9990 §3.1.1.9: without a reason the domain would take it for a fault.
    """
    row = counted_row(found(dmarc), Disposition(action, "not aligned"))
    assert row is not None
    assert expected == (row.disposition, row.reason, row.comment)


@pytest.mark.parametrize(
    "dmarc",
    [
        None,
        DmarcVerdict(DmarcResult.NONE, "a.test"),
        verdict("v=DMARC1; p=reject"),
        verdict(ASKS + "; x=" + "y" * 3000),
    ],
)
def test_who_asks_for_none_gets_none(dmarc):
    """
    Nothing is written then.
    """
    assert counted_row(found(dmarc), TAG) is None


def test_the_signatures_are_told_those_that_hold_first():
    """
    RFC 9990 §3.1.3. Their number has a bound, and one that cannot be read has no name.
    """
    signature = next(each for _, each in signatures_of(fields_of(signed())) if isinstance(each, Signature))
    results = (DkimResult(Result.PERMERROR, "x"), *[DkimResult(Result.FAIL, "x", signature)] * 9)
    row = counted_row(found(verdict(), spf=None, dkim=(*results, DkimResult(Result.PASS, "", signature))), TAG)
    assert row is not None
    told = json.loads(row.dkim_results)
    assert [["example.com", signature.selector, "pass"], ["example.com", signature.selector, "fail"]] == told[:2]
    assert (5, "", "") == (len(told), row.spf_domain, row.spf_result)


def test_what_was_published_is_told():
    """
    Tags that are not there have their defaults.
    """
    record = find_record(["v=DMARC1; p=reject; sp=none; adkim=s; t=y; fo=1"])
    assert record is not None
    assert {"p": "reject", "sp": "none", "np": "none", "fo": "1", "adkim": "s", "aspf": "r", "testing": "y"} == (
        record.published
    )
