"""Token buckets."""

from hypothesis import given
from hypothesis import strategies as st

from empath.policy.limits.rate import Exchange, Rate, exchange, portion

HUNDRED = Rate(100, 60.0)
NOW = 1_800_000_000.0


def test_a_full_bucket_gives_all_its_tokens_at_once():
    given_all = exchange(HUNDRED, 0.0, NOW, returned=0, wanted=1000)
    assert (100, NOW + 60.0) == (given_all.granted, round(given_all.full_at, 3))
    assert 0.6 == round(given_all.next_s, 3)


def test_an_empty_bucket_gets_one_token_after_another():
    """
    The interval is what an operator reads from "100/1m".
    """
    empty = NOW + 60.0
    granted = [
        exchange(HUNDRED, empty, NOW + after_s, returned=0, wanted=1000).granted
        for after_s in (0, 0.5, 0.6, 6, 60, 600)
    ]
    assert [0, 0, 1, 10, 100, 100] == granted


def test_what_is_returned_is_free_again():
    """
    A process takes tokens in advance, and may have no use for them.
    """
    taken = exchange(HUNDRED, 0.0, NOW, returned=0, wanted=50)
    again = exchange(HUNDRED, taken.full_at, NOW, returned=30, wanted=100)
    assert (50, 80) == (taken.granted, again.granted)


def test_a_bucket_with_a_token_has_no_wait():
    assert Exchange(1, NOW + 0.6, 0.0) == exchange(HUNDRED, 0.0, NOW, returned=0, wanted=1)


def test_a_clock_that_steps_back_leaves_an_empty_bucket_at_worst():
    """
    Without this bound a client would be refused until the clock has caught up.
    """
    assert 60.0 == exchange(HUNDRED, NOW + 3600.0, NOW, returned=0, wanted=0).full_at - NOW


def test_processes_take_their_share_in_advance():
    assert (100, 33, 1) == (portion(HUNDRED, 1), portion(HUNDRED, 3), portion(Rate(1, 1.0), 4))


@given(
    count=st.integers(1, 1000),
    period_s=st.sampled_from([1.0, 60.0, 3600.0]),
    moves=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50), st.floats(0, 1)), max_size=40),
)
def test_processes_together_never_use_more_than_the_rate_allows(count, period_s, moves):
    """
    The tokens used in any time are at most those of a full bucket and those that it gets meanwhile.
    """
    rate, full_at, now, used, held = Rate(count, period_s), 0.0, NOW, 0, 0
    for pause_s, wanted, share in moves:
        now += pause_s
        traded = exchange(rate, full_at, now, returned=held, wanted=wanted)
        full_at = traded.full_at
        spent = int(traded.granted * share)
        used, held = used + spent, traded.granted - spent
        assert used <= count + (now - NOW) / rate.interval_s + 0.01
