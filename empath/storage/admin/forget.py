"""
forget - an address gives way to a pseudonym in all that is recorded of finished mail

THEORY
    A walk goes through each table by number, in pages that are read without the write lock.  Rows that name the address
    are read again and changed in a transaction of few rows, so that nobody waits for the walk, and an end at any place
    is made good by another run: the pseudonym stays the same.

RULES
    Mail that waits, or whose sender is still to get a report, stays as it is, with its records.  Addresses of the
    configuration stay, too: accounts, aliases, lists.
    What the records of the audit and the attempts lose is a redaction, which `audit verify` follows.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from empath.mail.address import Address
from empath.policy.events.redacted import MEMBERS
from empath.policy.forgetting import Forgotten
from empath.policy.recipients import folded
from empath.policy.redaction import Kind
from empath.storage.admin.forget_past import forget_past
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Session
from empath.storage.past_mail import PastMail
from empath.storage.queue.personal import BY_NAME, PERSONAL, Personal, Span, rows_of
from empath.storage.queue.redaction import Redaction, known_pseudonym_key, pseudonym_key, redacting
from empath.storage.write import Write

_PAGE: Final = 20_000  # numbers that one read walks through
_SLICE: Final = 100  # rows that one transaction changes
_REST_S: Final = 0.01  # pause after a transaction
_INDEX: Final = "index of past mail"
_WILD: Final = re.compile("[!%_]")  # of LIKE
_CLIENTS: Final = tuple(name for name, kind in MEMBERS.items() if kind is Kind.CLIENT)
_SAID: Final = (*_CLIENTS, "dialogue")  # what the person's client said of itself
_LEFT_OUT: Final = ("subject", *_CLIENTS)  # of the JSON of an event of the person


@dataclass(slots=True)
class ForgetReport:
    """
    What was forgotten, or would be.

    Shape: rows counts by table; waiting counts recipients of mail that is not finished, and stays; is_suppressed says
    that the address still is on the list of suppressed addresses; configured names where the configuration in the
    queue has the address; name is that of the pseudonym.
    """

    name: str
    rows: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    is_suppressed: bool = False
    configured: list[str] = field(default_factory=list)

    def add(self, rows: Mapping[str, int]) -> None:
        """Count *rows* more."""
        for table, number in rows.items():
            self.rows[table] = self.rows.get(table, 0) + number


class LeaveOut(Write):
    """Leave *address* out of the rows *numbers* of *table*, in the name of *who*; `counts` has what was changed."""

    def __init__(self, address: Address, table: str, numbers: Sequence[int], *, who: str) -> None:
        super().__init__()
        self.rows = len(numbers)
        self.counts: dict[str, int] = {}
        self._address = address
        self._table = BY_NAME[table]
        self._numbers = numbers
        self._who = who

    def run(self, session: Session) -> None:
        forgotten = Forgotten(self._address, pseudonym_key(session))
        with (
            acting(session, str(self._who)),  # a statement would name the address
            redacting(session, what="forgotten", target=forgotten.name, who=self._who) as redaction,
        ):
            found = [
                row
                for number in self._numbers
                for row in _named(session, self._table, forgotten, number - 1, number)
                if row["is_finished"]
            ]
            if self._table.is_sealed:
                rows = [_left_out(forgotten, self._table, row) for row in found]
                redaction.change(self._table.name, self._table.setter, rows)
            else:
                self._change(session, redaction, forgotten, found)
        self.counts = redaction.counts

    def _change(
        self, session: Session, redaction: Redaction, forgotten: Forgotten, found: Sequence[Mapping[str, Any]]
    ) -> None:
        changed = [_left_out(forgotten, self._table, row) for row in found]
        session.run_each(self._table.setter, changed)
        redaction.count(self._table.name, len(changed))
        messages = [_message_of(row) for row in found if _is_party(forgotten, row)]
        if self._table.name in {"message", "recipient"} and messages:
            keys = {"messages": sorted({*messages}), "no_fields": b""}
            gone = [message_id for (message_id,) in session.rows("forget.leave_contents", keys)]
            session.run("retention.forget_inline_contents", {"messages": gone})


class LeaveOutKeyed(Write):
    """Remove what is known of *address* in tables whose key it is; the suppression only where *is_whole*."""

    def __init__(self, address: Address, *, is_whole: bool, who: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self._address = address
        self._tables = ("verification", "suppression") if is_whole else ("verification",)
        self._who = who

    def run(self, session: Session) -> None:
        forgotten = Forgotten(self._address, pseudonym_key(session))
        with (
            acting(session, str(self._who)),  # a statement would name the address
            redacting(session, what="forgotten", target=forgotten.name, who=self._who) as redaction,
        ):
            for table in self._tables:
                redaction.count(table, session.run(f"forget.forget_{table}", {"address": folded(str(self._address))}))
        self.counts = redaction.counts


def forget(
    engine: Engine,
    address: Address,
    *,
    who: str,
    deadline_s: float | None,
    is_whole: bool,
    past: PastMail | None = None,
    on_progress: Callable[[str, int, int], object] = lambda *_: None,
) -> ForgetReport:
    """
    Forget *address* in the name of *who*; with *deadline_s* None only look. *is_whole*: also that it is suppressed.

    It is left out of the index *past*, too. *on_progress* is told the table, and how many of its numbers are done, of
    how many.

    Raises:
        EmpathError: see `Engine.visiting`; what was done stays done, and another run goes on.
    """
    with engine.visiting(deadline_s) as visit:
        if deadline_s is not None:
            visit.rows("forget.overwrite")
            with visit.transaction():
                key = pseudonym_key(visit)
        else:
            key = known_pseudonym_key(visit)
        forgotten = Forgotten(address, key)
        report = ForgetReport(forgotten.name)
        keyed = {"address": folded(str(address))}
        if deadline_s is None:
            report.add(_keyed_rows(visit, keyed, is_whole=is_whole))
        else:
            # The suppression first: its end may be an event, which has the address.
            settled = LeaveOutKeyed(address, is_whole=is_whole, who=who)
            with visit.transaction():
                settled.run(visit)
            report.add(settled.counts)
        report.is_suppressed = bool(visit.value("forget.suppression", keyed)) and not is_whole
        report.configured = [what for (what,) in visit.rows("forget.configured", keyed)]
        ends = {table.name: visit.value(f"forget.last_{table.name}") or 0 for table in PERSONAL}
        for table in PERSONAL:
            for numbers, waiting, done in _pages(visit, table, forgotten, ends[table.name]):
                report.waiting += waiting
                on_progress(table.name, done, ends[table.name])
                if deadline_s is None:
                    report.add({table.name: len(numbers)} if numbers else {})
                    continue
                for first in range(0, len(numbers), _SLICE):
                    leaving = LeaveOut(address, table.name, numbers[first : first + _SLICE], who=who)
                    with visit.transaction():
                        leaving.run(visit)
                    report.add(leaving.counts)
                    time.sleep(_REST_S)
        if past is not None and past.exists:
            on_progress(_INDEX, 0, 1)
            number = forget_past(visit, past, forgotten, _pattern(forgotten), changes=deadline_s is not None)
            report.add({_INDEX: number} if number else {})
    return report


def _keyed_rows(visit: Selects, keyed: Mapping[str, str], *, is_whole: bool) -> dict[str, int]:
    found = {"verification": int(visit.value("forget.verification", keyed))}
    if is_whole:
        found["suppression"] = int(visit.value("forget.suppression", keyed))
    return {table: rows for table, rows in found.items() if rows}


def _pages(visit: Selects, table: Personal, forgotten: Forgotten, end: int) -> Iterator[tuple[list[int], int, int]]:
    """Of each page: numbers of rows to change, recipients whose mail is not finished, and the last number."""
    for after in range(0, end, _PAGE):
        last = min(after + _PAGE, end)
        found = list(_named(visit, table, forgotten, after, last))
        numbers = [row["number"] for row in found if row["is_finished"]]
        waiting = 0
        if table.name in {"recipient", "message"}:
            waiting = sum(not row["is_finished"] and _is_party(forgotten, row) for row in found)
        yield numbers, waiting, last


def _named(visit: Selects, table: Personal, forgotten: Forgotten, after: int, last: int) -> Iterator[dict[str, Any]]:
    """Rows of *table* with numbers after *after* and up to *last* that have the address in any form."""
    for row in rows_of(visit, table, Span(after, last, _pattern(forgotten))):
        if _left_out(forgotten, table, row) != row:
            yield row


def _pattern(forgotten: Forgotten) -> str:
    """What a text with the address in it is LIKE."""
    return "%".join(("", *(_WILD.sub(r"!\g<0>", part) for part in forgotten.parts), ""))


def _left_out(forgotten: Forgotten, table: Personal, row: Mapping[str, Any]) -> dict[str, Any]:
    """*row* without the address."""
    new = dict(row)
    for name, kind in table.kinds.items():
        value = row[name]
        if isinstance(value, str):
            if kind is Kind.JSON:
                new[name] = _left_out_of_json(forgotten, value, is_party=_is_party(forgotten, row))
            else:
                new[name] = forgotten.pseudonym if forgotten.is_named(value) else forgotten.left_out(value)
    if any(forgotten.is_named(row[name]) for name in table.who):
        new |= {name: "" for name in _SAID if name in row}
    return new


def _left_out_of_json(forgotten: Forgotten, text: str, *, is_party: bool) -> str:
    value = orjson.loads(text)
    changed = forgotten.left_out_of(value)
    if is_party and isinstance(changed, dict):
        changed = {name: each for name, each in changed.items() if name not in _LEFT_OUT}
    return text if changed == value else orjson.dumps(changed).decode()


def _is_party(forgotten: Forgotten, row: Mapping[str, Any]) -> bool:
    """Whether the address is a sender or a recipient in *row*, and not only quoted."""
    parties = ("sender", "recipient", "account", "reverse_path", "address", "original")
    return any(forgotten.is_named(row.get(name)) for name in parties)


def _message_of(row: Mapping[str, Any]) -> int:
    return int(row.get("message_id", row["number"]))
