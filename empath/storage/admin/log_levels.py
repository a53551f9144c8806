"""log_levels - what a person does with the levels of the log for parts of the service"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.policy.service_part import ServicePart
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class ShownLevel:
    """One row of the view log_level. Shape: instants in Unix seconds."""

    scope: str
    pattern: str
    level: str
    expires_at: float
    reason: str | None
    created_at: float
    who: str


class SetLevel(Write):
    """Write at *level* about *part* until *expires_at*, for *who*."""

    def __init__(self, part: ServicePart, level: str, *, expires_at: float, reason: str | None, who: str) -> None:
        super().__init__()
        self._row = {
            "scope": str(part.scope), "pattern": part.pattern, "level": level, "expires_at": expires_at,
            "reason": reason,
        }  # fmt: skip
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            session.run("log_levels.set", self._row)


class ClearLevels(Write):
    """End the levels of *parts*, each as scope and pattern, for *who*. `cleared` is how many there were."""

    def __init__(self, parts: Sequence[tuple[str, str]] | None, *, who: str) -> None:
        """None: those of all parts."""
        super().__init__()
        self._parts = None if parts is None else set(parts)
        self._who = who
        self.cleared = 0

    def run(self, session: Session) -> None:
        known = [(each.scope, each.pattern) for each in shown_levels(session)]
        going = [part for part in known if self._parts is None or part in self._parts]
        self.cleared = len(going)
        with acting(session, self._who):
            session.run_each("log_levels.clear", [{"scope": scope, "pattern": pattern} for scope, pattern in going])


def shown_levels(selects: Selects) -> list[ShownLevel]:
    """
    All levels.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [ShownLevel(**record) for record in selects.records("log_levels.shown")]


def all_levels(engine: Engine) -> list[ShownLevel]:
    """
    The same for a person's command.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return shown_levels(visit)
