"""log_levels - the rows that say how much of the log is written about a part of the service"""

from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.log_levels import LogLevels, PartLevel
from empath.policy.service_part import ServicePart
from empath.storage.engine import Reader, Selects
from empath.storage.queue.sweep import Kept

ENDED: Final = Kept("log_levels.ended", "log_levels.forget")
_SEVERITY: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


def revision(reader: Reader) -> int:
    """
    A number that grows with each change of a row.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return int(reader.value("log_levels.revision") or 0)


def levels_in_force(selects: Selects, now: float) -> LogLevels | None:
    """
    The levels that have not ended; None if there is none. A row that cannot be read, which a shell may have made, is
    left out.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    found = []
    for scope, pattern, level, ends_at in selects.rows("log_levels.in_force", {"now": now}):
        try:
            part = ServicePart.parse(scope, pattern)
        except SyntaxViolation:
            continue
        found.append(PartLevel(part, _SEVERITY[level], Timestamp(ends_at)))
    return LogLevels(found) if found else None
