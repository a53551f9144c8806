"""
sampling - which messages are traced

A ratio of all is, and each process decides that alike by the id of the trace: its last 56 bits are random (W3C Trace
Context Level 2), and OpenTelemetry takes the highest of them. What failed or was slow is kept as well, once that is
known: of such a message there is what the process had recorded, from its part of the way on.
"""

from dataclasses import dataclass, field
from typing import Final

from empath.policy.tracing.context import trace_number_of

_RANDOM_DIGITS: Final = 14
_ALL: Final = 16**_RANDOM_DIGITS


@dataclass(frozen=True, slots=True)
class Sampling:
    """
    What [tracing] asks for.

    Shape: ratio is 0 to 1; keeps_failures says whether failures are kept; slow_s are the seconds from which on a part
    of the way is slow, 0 where that does not count.
    """

    ratio: float
    keeps_failures: bool = True
    slow_s: float = 0.0
    _least: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_least", round((1 - self.ratio) * _ALL))

    def takes(self, trace_id: str) -> bool:
        """Whether a trace is one of the ratio, by its hexadecimal id."""
        return int(trace_id[-_RANDOM_DIGITS:], 16) >= self._least

    def takes_message(self, queue_id: str) -> bool:
        """Whether the trace that begins with the message *queue_id* is one of the ratio. Its id need not be made."""
        return self._least < _ALL and trace_number_of(queue_id) % _ALL >= self._least

    def keeps(self, took_s: float, *, has_failed: bool) -> bool:
        """Whether a part of the way is kept that took *took_s*, and is in no trace yet."""
        return (has_failed and self.keeps_failures) or 0 < self.slow_s <= took_s
