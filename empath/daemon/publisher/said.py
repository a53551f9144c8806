"""
said - what a channel needs of a place that takes events

A sink is asked by one channel at a time. It may block its greenlet, for no longer than its own deadline, and raises
nothing for what can go wrong with it: the verdict says it.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from empath.policy.events.form import Event
from empath.policy.events.sending import Verdict


class Said(NamedTuple):
    """What a sink came to; wait_s is what it asks for until the next request."""

    verdict: Verdict
    words: str = ""
    wait_s: float | None = None


class Sink(Protocol):
    """A place that takes events."""

    def send(self, events: Sequence[Event]) -> Said:
        """Send *events*, in their order; all are taken, or none."""
