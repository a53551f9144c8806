"""What the end of a request to a consumer leads to."""

import pytest

from empath.policy.events.sending import Pace, Retry, Verdict, verdict_of

RETRY = Retry(base_s=5.0, most_s=60.0, tries=3, give_up_s=100.0)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "taken"), (204, "taken"), (301, "failed"), (400, "refused"), (413, "refused"), (422, "refused"),
        (401, "failed"), (403, "failed"), (404, "failed"), (408, "failed"), (429, "failed"), (410, "gone"),
        (500, "broken"), (502, "broken"), (503, "failed"), (504, "failed"), (100, "failed"),
    ],
)  # fmt: skip
def test_a_status_is_about_the_events_or_about_the_consumer(status, expected):
    """
    A wrong address or token refuses no event for good.
    """
    assert expected == verdict_of(status)


def test_each_wait_is_twice_the_one_before():
    """
    Up to the longest.
    """
    assert [5.0, 10.0, 20.0, 40.0, 60.0, 60.0] == [RETRY.wait_s(n) for n in (1, 2, 3, 4, 5, 999)]


def test_an_event_is_given_up_by_number_or_by_time():
    """
    Whichever comes first.
    """
    assert [False, True, True] == [RETRY.is_over(2, 99.0), RETRY.is_over(3, 0.0), RETRY.is_over(1, 100.0)]


def test_a_refusal_is_narrowed_down_to_one_event():
    """
    By half each time; then requests grow again.
    """
    pace = Pace(8)
    sizes = []
    for verdict in [Verdict.REFUSED] * 3:
        assert not pace.is_to_be_set_aside(verdict, pace.size)
        sizes.append(pace.size)
    assert pace.is_to_be_set_aside(Verdict.REFUSED, 1)
    for _ in range(4):
        assert not pace.is_to_be_set_aside(Verdict.TAKEN, pace.size)
        sizes.append(pace.size)
    assert [4, 2, 1, 2, 4, 8, 8] == sizes


def test_an_outage_sets_nothing_aside():
    """
    The cursor waits where it is.
    """
    pace = Pace(4)
    assert not any(pace.is_to_be_set_aside(Verdict.FAILED, n) for n in (4, 4, 1, 1, 1, 1, 1))
    assert 4 == pace.size


def test_an_event_that_breaks_the_server_is_set_aside():
    """
    After three times, and where the next one breaks it as well after six: then it is not the event.
    """
    pace = Pace(1)
    assert [False, False, True] == [pace.is_to_be_set_aside(Verdict.BROKEN, 1) for _ in range(3)]
    assert [False] * 5 + [True] == [pace.is_to_be_set_aside(Verdict.BROKEN, 1) for _ in range(6)]
    pace.is_to_be_set_aside(Verdict.TAKEN, 1)
    assert [False, False, True] == [pace.is_to_be_set_aside(Verdict.BROKEN, 1) for _ in range(3)]


def test_a_server_that_breaks_over_several_gets_fewer():
    """
    One of them may be the cause.
    """
    pace = Pace(4)
    assert not pace.is_to_be_set_aside(Verdict.BROKEN, 3)
    assert 1 == pace.size
