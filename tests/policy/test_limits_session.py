"""How long a session may take, how fast it must be, and what is counted at a limit."""

import pytest

from empath.mail.reply import Reply
from empath.policy.access import Role
from empath.policy.limits.refusal import OTHER, REPLIES, Limit, RefusalTally
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.limits.session import Pace, error_delay_s, line_limit_octets, wanted_space_octets

PACE = Pace(command_s=300, content_s=180, session_s=3600, content_octets_per_s=500)


def test_each_limit_has_its_own_reply_and_its_own_counter():
    """
    An operator sees which limit was reached, and so does the client.
    """
    tally = RefusalTally()
    for times, limit in enumerate(Limit):
        for _ in range(times):
            tally.count(REPLIES[limit], "MAIL")
    tally.count(Reply.of("550 5.1.1 No such user"), "RCPT")
    tally.count(Reply.of("421 Bye"), "RCPT")
    tally.count_code("handshake", "failed")
    assert dict(zip(Limit, range(len(Limit)), strict=True)) == tally.counts
    assert set(Limit) == REPLIES.keys()
    assert {("RCPT", "550 5.1.1"): 1, ("RCPT", "421"): 1, ("handshake", "failed"): 1}.items() <= tally.by_code.items()


def test_a_module_that_makes_up_codes_fills_no_memory():
    """
    Its replies may have any text, and each would be a series of a metric.
    """
    tally = RefusalTally()
    for number in range(1000):
        tally.count_code("RCPT", str(number))
    assert (200, 801) == (len(tally.by_code), tally.by_code[OTHER, OTHER])


@pytest.mark.parametrize(
    ("now", "octets", "deadline_at"),
    [(1000, 0, 1180), (1100, 0, 1180), (1100, 50_000, 1280), (1100, 5_000_000, 1280), (9000, 5_000_000, 9180)],
)
def test_content_may_pause_and_must_keep_its_rate(now, octets, deadline_at):
    """
    Each piece would otherwise extend the wait: 50 MiB at an octet for each pause take three hundred years.
    """
    assert deadline_at == PACE.content_deadline(now, 1000, octets)


def test_content_without_a_rate_is_limited_by_its_pauses_alone():
    pace = Pace(command_s=300, content_s=180, session_s=3600, content_octets_per_s=0)
    assert 9180 == pace.content_deadline(9000, 1000, 1)


def test_refusals_beyond_the_bounds_of_a_second_are_counted():
    """
    A flood must not fill the disk, and one noisy client must not hide the others.
    """
    meter = RefusalMeter(per_second=3, per_client=2)
    assert [True, True, False, True, False] == [meter.admit(client, 7.9) for client in "aaabb"]
    assert 2 == meter.take_left_out()
    assert [True, True] == [meter.admit(client, 8.0) for client in "ab"]
    assert 0 == meter.take_left_out()


@pytest.mark.parametrize(("errors", "delay_s"), [(0, 0.0), (10, 0.0), (11, 1.0), (19, 1.0)])
def test_replies_slow_down_after_many_errors(errors, delay_s):
    """
    More than ten errors cost a second each.
    """
    assert delay_s == error_delay_s(errors, slow_errors=10)


@pytest.mark.parametrize(
    ("role", "configured", "limit"),
    [(Role.MX, None, 998), (Role.MX, 2000, 998), (Role.INTERNAL, 2000, 2000), (Role.SUBMISSION, None, None)],
)
def test_lines_from_the_internet_keep_to_the_rfc(role, configured, limit):
    """
    The setting is for senders of ours.
    """
    assert limit == line_limit_octets(role, configured)


def test_the_wanted_space_is_the_reserve_or_room_for_the_largest_message() -> None:
    """
    A message is written twice while it arrives, and half of it may still be in memory.
    """
    assert 100 == wanted_space_octets(100, 10)
    assert 150 == wanted_space_octets(100, 100)
