"""Which reports are sent, and to which address."""

import pytest

from empath.mail.domain import Domain
from empath.mail.identity import Timestamp
from empath.mail.outcome import Handover
from empath.message.report.facts import Action, ReportKind
from empath.policy.bounce import (
    action_of,
    double_bounce_address,
    find_addressee,
    is_delayed,
    is_double_bounce,
    is_refusal_of_form,
    merged_notify,
    notify_of_targets,
    success_action,
    wants_notice,
)

FAILURE, DELAY, SUCCESS = ReportKind
HOST = Domain("mx.example.test")
DOUBLE = "double-bounce@mx.example.test"


def addressee(reverse_path):
    """Address and reverse path of the report."""
    found = find_addressee(reverse_path, HOST)
    return found and (str(found.to), str(found.reverse_path))


@pytest.mark.parametrize(
    ("reverse_path", "expected"),
    [("a@b.example", ("a@b.example", "")), ("", None), (DOUBLE, None), (DOUBLE.upper(), None), ("no mailbox", None)],
)
def test_only_a_sender_has_a_report(reverse_path, expected):
    """
    H6: reports about reports could go on for ever.
    """
    assert expected == addressee(reverse_path)


@pytest.mark.parametrize(
    ("stage", "enhanced", "expected"),
    [
        ("mail", "5.6.3", True),
        ("mail", "5.3.4", True),
        ("rcpt", "5.2.3", True),
        ("end-of-data", "5.7.1", True),
        ("data", None, True),
        ("rcpt", "5.1.1", False),
        ("mail", None, False),
        (None, None, False),
    ],
)
def test_a_refusal_of_the_content_is_told_from_one_of_the_address(stage, enhanced, expected):
    """
    A shorter report helps only against a refusal of the content.
    """
    assert expected == is_refusal_of_form(stage, enhanced)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (str(double_bounce_address(HOST)), True),
        ("Double-Bounce@mx.example.test", True),
        ("double-bounce@example.test", False),
        ("x@mx.example.test", False),
    ],
)
def test_the_double_bounce_address_is_that_of_this_host(address, expected):
    """
    Mail to it is discarded; mail to another address must not be.
    """
    assert expected == is_double_bounce(address, HOST)


@pytest.mark.parametrize(
    ("age_s", "warning_s", "reverse_path", "expected"),
    [
        (14_399, 14_400, "a@b.example", False),
        (14_400, 14_400, "a@b.example", True),
        (10**9, 0, "a@b.example", False),
        (10**9, 14_400, "", False),
    ],
)
def test_a_delay_is_told_of_after_its_time(age_s, warning_s, reverse_path, expected):
    """
    I3: 0 means never, and mail without a sender has no report of a delay.
    """
    assert expected == is_delayed(Timestamp(1e9 + age_s), Timestamp(1e9), warning_s, reverse_path)


@pytest.mark.parametrize(
    ("notify", "kinds"),
    [
        (None, {FAILURE, DELAY}),
        ("NEVER", set()),
        ("SUCCESS", {SUCCESS}),
        ("FAILURE,DELAY", {FAILURE, DELAY}),
        ("SUCCESS,FAILURE,DELAY", {SUCCESS, FAILURE, DELAY}),
    ],
)
def test_a_sender_hears_of_what_it_asked_for(notify, kinds):
    """
    RFC 3461 §4.1; without NOTIFY= a success is not reported.
    """
    assert kinds == {kind for kind in ReportKind if wants_notice(notify, kind)}


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        (None, None, None),
        (None, "NEVER", None),
        (None, "SUCCESS", "FAILURE,DELAY,SUCCESS"),
        (None, "FAILURE", "FAILURE,DELAY"),
        ("NEVER", "NEVER", "NEVER"),
        ("NEVER", "FAILURE", "FAILURE"),
        ("SUCCESS,DELAY", "DELAY,FAILURE", "SUCCESS,DELAY,FAILURE"),
    ],
)
def test_a_recipient_given_twice_has_every_notice_that_was_asked_for(first, second, merged):
    """
    RFC 3461 §4.1. "Never" yields to a wish, and no NOTIFY= is a wish for failures and delays.
    """
    found, turned = merged_notify(first, second), merged_notify(second, first)
    assert merged == found
    assert {wants_notice(found, kind) for kind in ReportKind} == {wants_notice(turned, kind) for kind in ReportKind}
    for kind in ReportKind:
        assert wants_notice(found, kind) == (wants_notice(first, kind) or wants_notice(second, kind))


@pytest.mark.parametrize(
    ("kind", "recorded", "action"),
    [
        (FAILURE, None, Action.FAILED),
        (DELAY, None, Action.DELAYED),
        (SUCCESS, None, Action.DELIVERED),
        (SUCCESS, "delivered", Action.DELIVERED),
        (SUCCESS, "relayed", Action.RELAYED),
        (SUCCESS, "expanded", Action.EXPANDED),
    ],
)
def test_a_report_of_success_says_what_was_recorded(kind, recorded, action):
    """
    RFC 3464 §2.3.3. The other kinds have one action each.
    """
    assert action is action_of(kind, recorded)


@pytest.mark.parametrize(
    ("handover", "action"),
    [
        (Handover.FINAL, Action.DELIVERED),
        (Handover.RELAYED, Action.RELAYED),
        (Handover.REPORTING, Action.RELAYED),
    ],
)
def test_a_report_says_relayed_where_another_host_took_the_mail(handover, action):
    """
    RFC 3464 §2.3.3: this host does not know what the other one does with it.
    """
    assert action is success_action(handover)


@pytest.mark.parametrize(
    ("now", "reverse_path", "expected"), [(99, "a@b.test", False), (100, "a@b.test", True), (100, "", False)]
)
def test_a_sender_that_gave_a_deadline_hears_of_the_delay_then(now, reverse_path, expected):
    """
    RFC 2852 §4, by-mode N: whatever the usual time is.
    """
    report_at = Timestamp(100.0)
    assert expected == is_delayed(Timestamp(now), Timestamp(0.0), 0.0, reverse_path, report_at)


@pytest.mark.parametrize(
    ("notify", "expected"),
    [(None, None), ("NEVER", "NEVER"), ("FAILURE", "FAILURE"), ("SUCCESS,FAILURE", "FAILURE"), ("SUCCESS", "NEVER")],
)
def test_the_report_of_success_is_that_of_the_alias(notify, expected):
    """
    RFC 3461 §5.2.7.3: its targets send none.
    """
    assert expected == notify_of_targets(notify)
