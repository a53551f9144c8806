import pytest

from empath.policy.limits.deadlines import Deadlines
from empath.policy.limits.refusal import Limit
from empath.policy.limits.session import Pace

BEGAN_AT = 1000.0
PACE = Pace(command_s=60, content_s=30, session_s=600, content_octets_per_s=100)


@pytest.fixture
def deadlines() -> Deadlines:
    return Deadlines(PACE, BEGAN_AT)


def command(deadlines: Deadlines, now: float, *, has_replied: bool = False, has_transaction: bool = False) -> float:
    return deadlines.of_command(now, has_replied=has_replied, has_transaction=has_transaction)


def test_octets_that_complete_no_command_do_not_move_its_deadline(deadlines):
    """
    A client that sends an octet a minute would keep its place for ever.
    """
    assert 1060 == command(deadlines, 1000)
    assert 1060 == command(deadlines, 1059)
    assert 1119 == command(deadlines, 1059, has_replied=True)
    assert Limit.WAIT is deadlines.limit


@pytest.mark.parametrize(("has_transaction", "expected"), [(False, 1600), (True, 1660)])
def test_the_session_ends_a_command_later_within_a_transaction(deadlines, has_transaction, expected):
    """
    A client whose message is about to come keeps it.
    """
    assert expected == command(deadlines, 1601, has_replied=True, has_transaction=has_transaction)
    assert Limit.SESSION is deadlines.limit


def test_a_client_that_is_hurried_has_less_time_but_never_more(deadlines):
    deadlines.hurry(30)
    deadlines.hurry(90)
    assert 1030 == command(deadlines, 1000)


def test_content_may_pause_and_must_keep_the_rate(deadlines):
    """
    All of it together has the time of one pause, and what it needs at the slowest rate.
    """
    assert (1030, Limit.WAIT) == (deadlines.of_content(1000, octets=500), deadlines.limit)
    assert (1030 + 10, Limit.CONTENT_RATE) == (deadlines.of_content(1020, octets=1500), deadlines.limit)


def test_the_next_content_is_counted_anew(deadlines):
    deadlines.of_content(1000, octets=500)
    command(deadlines, 1100, has_replied=True)
    assert 1130 == deadlines.of_content(1100, octets=600)
