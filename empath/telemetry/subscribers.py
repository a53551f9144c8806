"""subscribers - where occurrences go: today to the log alone; metrics and traces will be further entries"""

from typing import Final

from empath.telemetry.log import log
from empath.telemetry.occurrence import Emitter, Subscriber

SUBSCRIBERS: Final[tuple[Subscriber, ...]] = (log.write,)


def emitter(process: str) -> Emitter:
    """The emitter for the occurrences of a process, known by its slot name."""
    return Emitter(process, SUBSCRIBERS, log.wants)
