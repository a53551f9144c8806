"""The rows of rates."""

import pytest

from empath.policy.limits.rate import Rate
from empath.storage.queue.rates import ExchangeTokens, RateKey, SweepRates, Trade
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines

MINUTE = Rate(60, 60.0)


def use(queue: Queue, *holders: str) -> None:
    trades = [
        Trade(RateKey("message_rate_per_client", holder), MINUTE, 0, 10 + place) for place, holder in enumerate(holders)
    ]
    queue.run(ExchangeTokens(trades, now=T0))


def holders(queue: Queue) -> list[str]:
    return [holder for (holder,) in queue.select("SELECT holder FROM _rate ORDER BY holder")]


def test_a_sweep_removes_rows_that_are_full_again(queue: Queue) -> None:
    """
    Such a row means the same as no row.
    """
    use(queue, "a", "b", "c")
    queue.run(SweepRates(now=T0 + 11.5))
    assert ["c"] == holders(queue)


def test_a_sweep_keeps_the_rows_that_matter_most(queue: Queue) -> None:
    """
    A flood from a million addresses must not fill the disk. Those that have used the least go first.
    """
    use(queue, "a", "b", "c", "d")
    queue.run(SweepRates(now=T0, most=2))
    assert ["c", "d"] == holders(queue)


def test_a_trade_that_changes_nothing_writes_nothing(queue: Queue) -> None:
    queue.run(ExchangeTokens([Trade(RateKey("x", "a"), MINUTE, 0, 100)], now=T0))
    before = queue.select("SELECT * FROM _rate")
    queue.run(ExchangeTokens([Trade(RateKey("x", "a"), MINUTE, 0, 100)], now=T0))
    assert before == queue.select("SELECT * FROM _rate")
