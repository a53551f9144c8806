"""listener_limits - what a person does with the limits of listeners that stand above the file"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.policy.limits.override import LimitOverride
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class ShownLimit:
    """One row of the view listener_limit. Shape: instants in Unix seconds; expires_at is None without an end."""

    listener: str
    setting: str
    value: str
    expires_at: float | None
    reason: str | None
    created_at: float
    who: str


class SetLimit(Write):
    """Put *row* in force, for *who*."""

    def __init__(self, row: LimitOverride, *, who: str) -> None:
        super().__init__()
        self._row = {
            "listener": row.listener, "setting": row.setting, "value": row.value, "expires_at": row.expires_at,
            "reason": row.reason,
        }  # fmt: skip
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            session.run("listener_limits.set", self._row)


class EndLimits(Write):
    """End the rows of *keys*, each a listener and a setting, for *who*."""

    def __init__(self, keys: Sequence[tuple[str, str]], *, who: str) -> None:
        super().__init__()
        self._keys = [{"listener": listener, "setting": setting} for listener, setting in keys]
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            session.run_each("listener_limits.clear", self._keys)


def shown_limits(selects: Selects) -> list[ShownLimit]:
    """
    All rows.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [ShownLimit(**record) for record in selects.records("listener_limits.shown")]


def all_limits(engine: Engine) -> list[ShownLimit]:
    """
    The same for a person's command.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return shown_limits(visit)
