"""The fate of a recipient by the outcome of an attempt."""

from dataclasses import dataclass

import pytest

from empath.mail.fate import Fate, Said
from empath.mail.identity import Timestamp
from empath.mail.outcome import Handover, Outcome, Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.policy.fate import decide_fate
from empath.policy.retry import RetrySchedule

NOW = Timestamp(1000.0)
LATER = Timestamp(2000.0)
SAID = Said(Stage.RCPT, Reply.of("451 4.2.1 later"))


def schedule_of(domain):
    """A schedule that knows one domain."""
    return RetrySchedule(60.0, 600.0, 0.5, ((7.0, 1),) if domain == "[192.0.2.1]" else ())


@dataclass(frozen=True)
class Leased:
    """A leased recipient."""

    recipient_id: int = 4
    domain: str = "x.test"
    attempts: int = 1
    expires_at: Timestamp = LATER
    notify: str | None = None


def fate(outcome, uniform=0.5, retry_after_s=None, **fields):
    """The fate of a recipient with *fields*."""
    leased = Leased(**fields)
    return decide_fate(
        leased, SAID, outcome, now=NOW, schedule_of=schedule_of, uniform=uniform, retry_after_s=retry_after_s
    )


def test_a_delivery_is_final_also_after_the_lifetime():
    """
    The lifetime ends attempts, not deliveries.
    """
    assert Fate(4, RecipientStatus.DELIVERED, SAID) == fate(Outcome.DELIVERED, expires_at=NOW)


@pytest.mark.parametrize(
    ("notify", "handover", "is_told"),
    [
        (None, Handover.RELAYED, False),
        ("SUCCESS", Handover.RELAYED, True),
        ("FAILURE,SUCCESS", Handover.FINAL, True),
        ("SUCCESS", Handover.REPORTING, False),
        ("FAILURE,DELAY", Handover.FINAL, False),
        ("NEVER", Handover.RELAYED, False),
    ],
)
def test_d2_a_delivery_is_reported_if_the_sender_asked_and_the_next_host_does_not_report(notify, handover, is_told):
    """
    RFC 3461 §5.2.1, §5.2.2, §5.2.3.
    """
    found = decide_fate(
        Leased(notify=notify), SAID, Outcome.DELIVERED, now=NOW, schedule_of=schedule_of, uniform=0.5, handover=handover
    )
    assert Fate(4, RecipientStatus.DELIVERED, SAID, None, is_told, handover) == found


@pytest.mark.parametrize(
    ("fields", "delay_s"),
    [
        ({}, 120.0),
        ({"attempts": 0}, 60.0),
        ({"attempts": 0, "uniform": 1.0}, 90.0),
        ({"domain": "[192.0.2.1]"}, 7.0),
        ({"notify": "FAILURE"}, 120.0),
    ],
)
def test_a_deferral_has_its_instant_from_the_schedule_of_the_domain(fields, delay_s):
    """
    Earlier attempts make the delay longer. The deferral is not reported yet.
    """
    assert Fate(4, RecipientStatus.DEFERRED, SAID, NOW + delay_s) == fate(Outcome.DEFERRED, **fields)


@pytest.mark.parametrize(("retry_after_s", "delay_s"), [(30.0, 120.0), (900.0, 900.0), (1e9, LATER - NOW)])
def test_a_host_may_ask_for_a_longer_delay(retry_after_s, delay_s):
    """
    Not for a shorter one, and not for one beyond the lifetime.
    """
    found = fate(Outcome.DEFERRED, retry_after_s=retry_after_s)
    assert Fate(4, RecipientStatus.DEFERRED, SAID, NOW + delay_s) == found


@pytest.mark.parametrize(
    ("notify", "wants_notice"), [(None, True), ("FAILURE,DELAY", True), ("NEVER", False), ("SUCCESS", False)]
)
@pytest.mark.parametrize(
    ("outcome", "expires_at", "status"),
    [
        (Outcome.BOUNCED, LATER, RecipientStatus.BOUNCED),
        (Outcome.BOUNCED, NOW, RecipientStatus.BOUNCED),
        (Outcome.DEFERRED, NOW, RecipientStatus.EXPIRED),
    ],
)
def test_a_failure_is_reported_unless_the_sender_said_no(outcome, expires_at, status, notify, wants_notice):
    """
    RFC 3461 §4.1; a deferral at the end of the lifetime is a failure.
    """
    expected = Fate(4, status, SAID, wants_notice=wants_notice)
    assert expected == fate(outcome, expires_at=expires_at, notify=notify)


@pytest.mark.parametrize(
    ("expires_at", "report_at", "next_retry_at"),
    [(5000, None, 1120), (1060, None, 1060), (5000, 1050, 1050), (1030, 1050, 1030), (5000, 1000, 1120)],
)
def test_an_attempt_is_made_when_its_result_is_wanted(expires_at, report_at, next_retry_at):
    """
    RFC 2852 §4: at the deadline the mail goes back, or the sender hears of the delay, not at the next retry after it.
    """
    found = decide_fate(
        Leased(expires_at=Timestamp(expires_at)),
        SAID,
        Outcome.DEFERRED,
        now=NOW,
        schedule_of=schedule_of,
        uniform=0.5,
        report_at=None if report_at is None else Timestamp(report_at),
    )
    assert next_retry_at == found.next_retry_at
