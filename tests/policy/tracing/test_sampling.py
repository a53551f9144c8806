"""Which messages are traced."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.identity import QueueId, Timestamp
from empath.policy.tracing.context import trace_id_of
from empath.policy.tracing.sampling import Sampling


@given(trace_id=st.integers(1, 2**128 - 1), less=st.floats(0, 1), more=st.floats(0, 1))
def test_a_larger_ratio_takes_what_a_smaller_one_takes(trace_id, less, more):
    """
    Hosts with different ratios then agree as far as they can, and one with the same ratio always does.
    """
    less, more = sorted((less, more))
    text = f"{trace_id:032x}"
    assert Sampling(more).takes(text) or not Sampling(less).takes(text)
    assert (False, True) == (Sampling(0.0).takes(text), Sampling(1.0).takes(text))


@given(randomness=st.binary(min_size=10, max_size=10), ratio=st.floats(0, 1))
def test_a_message_is_taken_as_its_trace_is(randomness, ratio):
    """
    The process that receives it asks by its queue id, those that deliver it may ask by its trace.
    """
    queue_id = str(QueueId.make(Timestamp(1_764_460_800), randomness))
    assert Sampling(ratio).takes(trace_id_of(queue_id)) == Sampling(ratio).takes_message(queue_id)


@pytest.mark.parametrize("ratio", [0.01, 0.25, 0.9])
def test_the_share_is_that_of_the_ratio(ratio):
    """
    Ids whose last 56 bits are random are taken evenly.
    """
    made = random.Random(18)
    taken = sum(Sampling(ratio).takes(f"{made.getrandbits(128):032x}") for _ in range(20_000))
    assert abs(taken / 20_000 - ratio) < 0.015


def test_failures_and_slow_ones_are_kept():
    """
    Each of the two can be turned off.
    """
    usual = Sampling(0.0, keeps_failures=True, slow_s=2.0)
    assert [True, False, True] == [
        usual.keeps(0.1, has_failed=True),
        usual.keeps(1.9, has_failed=False),
        usual.keeps(2.0, has_failed=False),
    ]
    neither = Sampling(0.0, keeps_failures=False, slow_s=0.0)
    assert not neither.keeps(1e9, has_failed=True)
