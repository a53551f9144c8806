"""
sending - what the end of one request to a consumer leads to

A consumer that refuses events is told apart from one that is not there. A refusal is about these events: the one that
is its cause is set aside, is sent again by itself later, and holds only what is about its message. Everything else is
about the consumer: it waits, longer each time, and its cursor stays where it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_TIMES: Final = 3  # that a server error for one event counts as trouble of the consumer, the first time

# Of 4xx, those that say "later", and those that are about this host or the setting and not about an event.
_ABOUT_US: Final = frozenset({401, 402, 403, 404, 405, 407, 408, 411, 421, 423, 425, 426, 428, 429, 431, 451})
_GONE: Final = 410


class Verdict(StrEnum):
    """What a request came to."""

    TAKEN = "taken"
    REFUSED = "refused"  # these events
    FAILED = "failed"  # a fault of the consumer, or on the way
    BROKEN = "broken"  # a fault of the consumer that one of these events may be the cause of
    GONE = "gone"  # the consumer wants no more


def verdict_of(status: int) -> Verdict:
    """What an HTTP *status* means."""
    if 200 <= status < 300:
        return Verdict.TAKEN
    if status == _GONE:
        return Verdict.GONE
    if 400 <= status < 500 and status not in _ABOUT_US:
        return Verdict.REFUSED
    return Verdict.BROKEN if status in (500, 501, 502) else Verdict.FAILED


@dataclass(frozen=True, slots=True)
class Retry:
    """When and how often a consumer is asked again. Shape: durations in seconds."""

    base_s: float
    most_s: float
    tries: int
    give_up_s: float

    def wait_s(self, failures: int) -> float:
        """Seconds until the next request after *failures* in a row."""
        return float(min(self.most_s, self.base_s * 2.0 ** min(failures - 1, 60)))

    def is_over(self, tries: int, age_s: float) -> bool:
        """Whether an event that was refused *tries* times, the first time *age_s* ago, is given up."""
        return tries >= self.tries or age_s >= self.give_up_s


class Pace:
    """
    How many events the next request takes, at most *batch*, and whether its failure sets an event aside.

    After a refusal of several events it is half as many, until one event is known to be the cause. A request that goes
    well doubles the number again. An event for which a server breaks again and again is set aside, too: it may be the
    cause, and no other would get past it. Where others fail as well, that takes longer each time.
    """

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self.size = batch
        self._broken = 0  # in a row, for the same single event
        self._patience = _TIMES

    def is_to_be_set_aside(self, verdict: Verdict, number: int) -> bool:
        """Note the end of a request with *number* events; whether its only event is set aside."""
        if verdict is Verdict.TAKEN:
            self.size = min(self._batch, 2 * self.size)
            self._broken, self._patience = 0, _TIMES
        elif number > 1:
            if verdict in (Verdict.REFUSED, Verdict.BROKEN):
                self.size = max(1, number // 2)
        elif verdict is Verdict.BROKEN:
            self._broken += 1
            if self._broken >= self._patience:
                self._broken, self._patience = 0, 2 * self._patience
                return True
        return verdict is Verdict.REFUSED and number == 1
