"""rates - what clients and accounts have used of their rates, as rows"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from empath.policy.limits.rate import Exchange, Rate, exchange
from empath.storage.engine import Session
from empath.storage.write import Write

MOST_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class RateKey:
    """
    Whose use of which rate.

    Shape: name is a key of [receiving.limits], holder a client's network or an account; listener is "" unless the
    listener has limits of its own.
    """

    name: str
    holder: str
    listener: str = ""


@dataclass(frozen=True, slots=True)
class Trade:
    """An exchange with one bucket: tokens to return, and tokens wanted."""

    key: RateKey
    rate: Rate
    returned: int
    wanted: int


class ExchangeTokens(Write):
    """Carry out several trades; after the commit `results` has the result of each, in their order."""

    def __init__(self, trades: Sequence[Trade], *, now: float) -> None:
        super().__init__()
        self.rows = len(trades)
        self.results: list[Exchange] = []
        self._trades = trades
        self._now = now

    def run(self, session: Session) -> None:
        self.results = []
        for trade in self._trades:
            key = trade.key
            row = {"name": key.name, "holder": key.holder, "listener": key.listener}
            full_at = session.value("rates.full_at", row) or 0.0
            result = exchange(trade.rate, full_at, self._now, returned=trade.returned, wanted=trade.wanted)
            if result.full_at != full_at:
                session.run("rates.set_full_at", row | {"full_at": result.full_at})
            self.results.append(result)


class SweepRates(Write):
    """Remove rows that mean nothing any more, and of too many rows those that soon will."""

    def __init__(self, *, now: float, most: int = MOST_ROWS) -> None:
        super().__init__()
        self._now = now
        self._most = most

    def run(self, session: Session) -> None:
        session.run("rates.forget_free", {"now": self._now})
        surplus = session.value("rates.count") - self._most
        if surplus > 0:
            soonest = session.value("rates.soonest", {"place": surplus - 1})
            session.run("rates.forget_free", {"now": soonest})
