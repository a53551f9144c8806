"""
replay - the attempts on record, seen by the rules of now

The attempts are read page by page by their number, so that no read lasts long.  What is written goes page by page, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from empath.errors import MissingInput
from empath.policy.replies.reply_pattern import Heard
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Row, Session
from empath.storage.queue.reply_rules import ClassRuleRows, ShapingRuleRows, read_class_rules, read_shaping_rules
from empath.storage.write import Write

_PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """
    One attempt that did not deliver.

    Shape: address is the forward-path; bounce_class the class on record, None where there is none; heard is its reply;
    source is the address of [sources] that it came to, None where the system chose.
    """

    attempt_id: int
    address: str
    destination: str
    started_at: float
    outcome: str
    bounce_class: str | None
    heard: Heard
    source: str | None = None


def failures(engine: Engine, *, since: float = 0.0) -> Iterator[list[Failure]]:
    """
    All of them that began at *since* or later, oldest first, page by page.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    after = 0
    while True:
        with engine.visiting(None) as visit:
            rows = visit.rows("reply_rules.failures", {"after": after, "since": since, "limit": _PAGE})
        yield [_failure(row) for row in rows]
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _failure(row: Row) -> Failure:
    attempt_id, address, destination, started_at, outcome, bounce_class, stage, code, enhanced, text, host, source = row
    heard = Heard(stage, code, enhanced, text, (host or "").lower())
    return Failure(attempt_id, address, destination, started_at, outcome, bounce_class, heard, source)


def rules_of_now(engine: Engine) -> tuple[ClassRuleRows, ShapingRuleRows]:
    """
    The rows of both views.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return read_class_rules(visit), read_shaping_rules(visit)


@dataclass(frozen=True, slots=True)
class Reclassified:
    """An attempt and its new class. suppress_until is the end of a suppression that follows, None: none does."""

    failure: Failure
    bounce_class: str
    suppress_until: float | None = None


class Reclassify(Write):
    """Write the classes of *changes*, at *now*. `suppressed` counts the addresses that were not suppressed before."""

    def __init__(self, changes: Sequence[Reclassified], *, now: float) -> None:
        super().__init__()
        self.suppressed = 0
        self._changes = changes
        self._now = now

    def run(self, session: Session) -> None:
        self.suppressed = 0
        for change in self._changes:
            klass = {"class": change.bounce_class}
            if change.failure.bounce_class != change.bounce_class:
                session.run("reply_rules.set_class", klass | {"attempt_id": change.failure.attempt_id})
            if change.suppress_until is not None:
                keys = {"address": change.failure.address, "reason": change.failure.heard.text, "now": self._now}
                row = klass | keys | {"expires_at": change.suppress_until}
                self.suppressed += session.run("reply_rules.suppress_again", row)


def no_such_rule(name: str) -> MissingInput:
    """That no shaping rule is called *name*."""
    return MissingInput(f"there is no shaping rule {name!r}; `empath-admin shape list` shows all")


class SwitchShaping(Write):
    """
    Switch the shaping rules *names* on or off, in the name of *who*, all or none.

    Raises:
        MissingInput: one of them is not there.
    """

    def __init__(self, names: Sequence[str], *, is_on: bool, who: str) -> None:
        super().__init__()
        self._names = names
        self._is_on = is_on
        self._who = who

    def run(self, session: Session) -> None:
        known = {f"own:{row[0]}" for row in session.rows("reply_rules.own_shaping_rules")}
        known |= {name for name, _ in session.rows("reply_rules.shaping_switches")}
        with acting(session, self._who):
            for name in self._names:
                if name not in known:
                    raise no_such_rule(name)
                session.run("reply_rules.switch_shaping_rule", {"rule": name, "is_enabled": int(self._is_on)})
