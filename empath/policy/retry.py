"""
retry - when a deferred recipient is tried again, and when it expires

The instant and the random number are arguments, so a schedule can be replayed.
"""

import re
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.units import duration_text, parse_duration

Steps = tuple[tuple[float, int], ...]  # pairs of a delay in seconds and how often it is used

_MAX_DOUBLINGS = 64  # limit that keeps 2 ** n a finite float; max_s is reached long before
_SHORTEST_S = 1.0
MAX_FAULTS: Final = 5  # attempts in a row that a fault in Empath ended, at which a recipient is held
MAX_LOST_LEASES: Final = 3  # limit at which a recipient is held: it may crash every process that tries it


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """
    Capped exponential backoff, or a list of delays.

    Shape: 0 < base_s <= max_s in seconds; jitter 0..1, the share by which a delay is stretched or shortened; steps are
    pairs of a delay in seconds and how often it is used, at least 1, and replace base_s and max_s.
    """

    base_s: float = 60.0
    max_s: float = 14_400.0
    jitter: float = 0.2
    steps: Steps = ()

    def next_retry_at(self, now: Timestamp, attempts: int, uniform: float) -> Timestamp:
        """
        The instant of the next attempt after the *attempts*-th failed one, counted from 1, ended at *now*.

        `min(base * 2^(attempts - 1), max) * U(1 - jitter, 1 + jitter)`, at least one second, where *uniform* in 0..1
        picks the place within the jitter. With steps their delays take the place of the first factor.
        """
        delay_s = self._listed(attempts) if self.steps else self._doubled(attempts)
        delay_s *= 1 - self.jitter + 2 * self.jitter * uniform
        return Timestamp(now + max(delay_s, _SHORTEST_S))

    @property
    def first_s(self) -> float:
        """The delay after the first failed attempt, without the jitter."""
        return self._listed(1) if self.steps else self._doubled(1)

    def _doubled(self, attempts: int) -> float:
        doublings = min(attempts - 1, _MAX_DOUBLINGS)
        return min(self.base_s * 2.0**doublings, self.max_s)

    def _listed(self, attempts: int) -> float:
        left = attempts
        for delay_s, times in self.steps:
            left -= times
            if left <= 0:
                return delay_s
        return self.steps[-1][0]  # the last delay, until the lifetime is over


_STEP = re.compile(r"([^*\s]+)(?:\*([1-9][0-9]{0,3}))?")


def parse_steps(text: str) -> Steps:
    """
    Read a list of delays such as `1m 5m*2 1h*3`.

    Raises:
        SyntaxViolation: *text* is none, or a delay is shorter than a second.
    """
    steps = []
    for word in text.split():
        match = _STEP.fullmatch(word)
        if match is None:
            raise SyntaxViolation(f'not a delay: {word!r} (use e.g. "5m" or, for several times, "5m*3")')
        delay_s = parse_duration(match[1])
        if delay_s < _SHORTEST_S:
            raise SyntaxViolation(f"a delay is at least 1s: {word!r}")
        steps.append((delay_s, int(match[2] or 1)))
    if not steps:
        raise SyntaxViolation('not a list of delays: use e.g. "1m 5m*2 1h*3"')
    return tuple(steps)


def steps_text(steps: Steps) -> str:
    """*steps* as `parse_steps` reads them."""
    return " ".join(duration_text(delay_s) + (f"*{times}" if times > 1 else "") for delay_s, times in steps)


def is_expired(now: Timestamp, expires_at: Timestamp) -> bool:
    """
    Whether the deferral that ended at *now* was the last one.

    Ask only after an attempt, never in place of one: mail that was held or frozen for longer than its lifetime still
    gets an attempt, and a lifetime of 0 gives exactly one.
    """
    return now >= expires_at
