"""subscribers - where occurrences go: to the log, and to the metrics of a process that has any"""

from typing import TYPE_CHECKING

from empath.telemetry.log import log
from empath.telemetry.occurrence import Emitter

if TYPE_CHECKING:
    from empath.telemetry.metrics.feeds import MetricsFeed


def emitter(process: str, metrics: "MetricsFeed | None" = None) -> Emitter:
    """The emitter for the occurrences of a process, known by its slot name."""
    if metrics is None:
        return Emitter(process, (log.write,), log.wants, log.wants_about)
    return Emitter(process, (log.write, metrics), lambda kind: log.wants(kind) or metrics.wants(kind), log.wants_about)
