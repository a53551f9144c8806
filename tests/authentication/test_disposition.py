"""What is done with a message by what was found out about it."""

import ipaddress

import pytest

from empath.authentication.arc import Chain
from empath.authentication.disposition import Action, Overrides, Rules, dispose, refusal
from empath.authentication.dmarc import DmarcResult, DmarcVerdict
from empath.authentication.dmarc_record import DmarcPolicy
from empath.authentication.findings import Findings, SentFrom
from empath.authentication.spf import SpfResult, SpfVerdict
from empath.authentication.verify import DkimResult, Result

STRICT = Rules(Action.REJECT, has_quarantine=True, sealers=frozenset({"list.example"}))
NO_ONE = DmarcVerdict(DmarcResult.PERMERROR, "", reason="no author")
PASSED = b"ARC-Authentication-Results: i=1; list.example; dmarc=pass header.from=a.example"


def false(policy=DmarcPolicy.REJECT, result=DmarcResult.FAIL):
    """A verdict about a.example."""
    return DmarcVerdict(result, "a.example", "a.example", policy, reason="not aligned")


def found(dmarc, chain=None, first=b"", spf=None, dkim=()):
    """Findings with this verdict."""
    return Findings(SentFrom("192.0.2.1", "", "", None, spf), ("a.example",), dkim, chain, dmarc, first)


@pytest.mark.parametrize(
    ("dmarc", "most", "action"),
    [
        (None, Action.REJECT, Action.TAG),
        (false(result=DmarcResult.PASS), Action.REJECT, Action.TAG),
        (false(result=DmarcResult.TEMPERROR), Action.REJECT, Action.TAG),
        (false(DmarcPolicy.NONE), Action.REJECT, Action.TAG),
        (false(), Action.TAG, Action.TAG),
        (false(), Action.HOLD, Action.HOLD),
        (false(), Action.QUARANTINE_ROUTE, Action.QUARANTINE_ROUTE),
        (false(), Action.REJECT, Action.REJECT),
        (false(DmarcPolicy.QUARANTINE), Action.HOLD, Action.HOLD),
        (false(DmarcPolicy.QUARANTINE), Action.REJECT, Action.QUARANTINE_ROUTE),
        (NO_ONE, Action.REJECT, Action.REJECT),
        (NO_ONE, Action.HOLD, Action.HOLD),
    ],
)
def test_a_policy_meets_the_setting(dmarc, most, action):
    """
    The setting is the most that is done, and the domain asks for it.
    """
    assert action is dispose(found(dmarc), Rules(most, has_quarantine=True)).action


def test_a_listener_that_does_not_ask_does_nothing():
    assert Rules() == Rules.of("none", frozenset(), has_quarantine=False)
    assert Rules(Action.HOLD, has_quarantine=True) == Rules.of("hold", frozenset(), has_quarantine=True)


def test_without_a_route_there_is_no_quarantine():
    disposition = dispose(found(false(DmarcPolicy.QUARANTINE)), Rules(Action.REJECT))
    assert Action.TAG is disposition.action
    assert "a.example asks for quarantine: not aligned, and there is no quarantine_route" == disposition.reason


HOLDS = Chain(Result.PASS, "", ("list.example",), 1)


@pytest.mark.parametrize(
    ("chain", "first", "action"),
    [
        (HOLDS, PASSED, Action.TAG),
        (Chain(Result.PASS, "", ("evil.example", "list.example"), 2), PASSED, Action.REJECT),
        (Chain(Result.FAIL, "", ("list.example",), 1), PASSED, Action.REJECT),
        (HOLDS, PASSED.replace(b"pass", b"fail"), Action.REJECT),
        (
            Chain(Result.PASS, "", ("list.example",), 1),
            PASSED.replace(b"dmarc=pass", b'x="; dmarc=pass"'),
            Action.REJECT,
        ),
        (HOLDS, PASSED.replace(b"dmarc=", b"(; dmarc=pass \\) "), Action.REJECT),
    ],
)
def test_a_trusted_host_may_have_changed_the_message(chain, first, action):
    """
    All seals must be of trusted hosts: one of another host may have been there before them.
    """
    assert action is dispose(found(false(), chain, first), STRICT).action


def test_a_trusted_host_does_not_help_a_message_without_one_author():
    """
    Anybody can put another From field on top of a message that it sealed.
    """
    assert Action.REJECT is dispose(found(NO_ONE, HOLDS, PASSED)._replace(authors=None), STRICT).action


def test_a_row_is_never_stricter_than_the_setting():
    assert Action.HOLD is dispose(found(false()), Rules(Action.HOLD), ("a.example", Action.REJECT)).action
    assert Action.TAG is dispose(found(false()), Rules(Action.HOLD), ("a.example", Action.TAG)).action


ROWS = Overrides(
    [
        *(
            ("a.example", "hold"),
            ("*.a.example", "quarantine-route"),
            ("*.b.a.example", "tag"),
            ("not a pattern", "tag"),
        ),
        *(("not a pattern", "tag"), ("192.0.2.77/24", "tag"), ("2001:db8::1", "hold")),
    ]
)


@pytest.mark.parametrize(
    ("client", "authors", "expected"),
    [
        ("203.0.113.1", ["a.example"], ("a.example", Action.HOLD)),
        ("203.0.113.1", ["x.a.example"], ("*.a.example", Action.QUARANTINE_ROUTE)),
        ("203.0.113.1", ["x.b.a.example"], ("*.b.a.example", Action.TAG)),
        ("203.0.113.1", ["other.example"], None),
        ("192.0.2.1", ["a.example"], ("192.0.2.77/24", Action.TAG)),
        ("2001:db8::1", [], ("2001:db8::1", Action.HOLD)),
    ],
)
def test_of_the_rows_that_fit_the_mildest_counts(client, authors, expected):
    assert expected == ROWS.find(ipaddress.ip_address(client), authors)


FAIL = SpfVerdict(SpfResult.FAIL, "a.example", "-all")
BAD, GOOD = DkimResult(Result.FAIL), DkimResult(Result.PASS)


@pytest.mark.parametrize(
    ("spf", "dkim", "status"),
    [
        (FAIL, (), "5.7.23"),
        (FAIL, None, "5.7.23"),
        (FAIL, (BAD,), "5.7.26"),
        (None, (BAD,), "5.7.1"),
        (SpfVerdict(SpfResult.PASS, "b.example"), (), "5.7.1"),
    ],
)
def test_a_refusal_has_the_code_of_what_failed(spf, dkim, status):
    """
    RFC 7372 §3.
    """
    findings = found(false(), spf=spf, dkim=dkim)
    expected = f"550 {status} Neither SPF nor DKIM proves a.example, and its DMARC policy asks to refuse such mail"
    assert expected == str(refusal(findings, dispose(findings, STRICT)))


@pytest.mark.parametrize("dmarc", [NO_ONE, None])
def test_a_refusal_without_an_author_says_so(dmarc):
    findings = found(dmarc)
    assert str(refusal(findings, dispose(found(NO_ONE), STRICT))).startswith(
        "550 5.7.1 The author of this message is not"
    )


def test_a_refusal_is_one_line_whatever_the_domain_says():
    spf = SpfVerdict(SpfResult.FAIL, f"{'x' * 60}." * 4 + "example", "-all", "y" * 512)
    reply = refusal(found(false(), spf=spf), dispose(found(false()), STRICT))
    assert len(reply.octets) <= 512
    assert f"; {spf.domain[:40]}" in str(reply)
