"""
seals - whether the rows of the audit and the attempts are those that were sealed
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from empath.policy.seal import (
    Head,
    Kept,
    Redacted,
    Seal,
    Sealed,
    Span,
    before_redaction,
    digest_of_redacted,
    faults_of_chain,
    faults_of_heads,
    faults_of_rows,
    leaves_of,
)
from empath.storage.engine import Engine, Selects
from empath.storage.queue.redaction import ORDERS, said_digest
from empath.storage.queue.seals import newest, rows_of_attempts, rows_of_audit, seals_after, unsealed

_PAGE: Final = 200  # seals, or orders to redact, that are read at once


@dataclass(frozen=True, slots=True)
class SealCheck:
    """
    What a look at all seals found.

    Shape: first and last are the oldest and the newest seal, None without any; audit_rows and attempts count what is
    sealed and was there, gone what retention has removed of it, new what is not sealed yet; redacted counts rows in
    which something was left out since they were sealed, as rows of the audit tell; faults are lines.
    """

    first: Seal | None
    last: Seal | None
    audit_rows: int
    attempts: int
    gone: int
    new: int
    redacted: int
    faults: tuple[str, ...]


def newest_seal(engine: Engine) -> Seal | None:
    """
    The newest seal; None if there is none.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    with engine.visiting(None) as visit:
        return newest(visit)


def latest_seal_at(engine: Engine) -> float:
    """
    The latest instant of a seal in Unix seconds, 0 without any: retention has gone by a clock that said so.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    with engine.visiting(None) as visit:
        return visit.value("seals.latest") or 0.0


def check_seals(
    engine: Engine, kept: Kept, heads: Sequence[Head], on_progress: Callable[[int], object] = lambda _: None
) -> SealCheck:
    """
    Compare all seals with the rows that are there, and *heads* with the seals.

    It reads seal by seal, so that a long look keeps no old state of the queue. *on_progress* is told the number of each
    seal that is done.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    first: Seal | None = None
    last: Seal | None = None
    audit_rows = attempts = gone = redacted = 0
    faults: list[str] = []
    found: dict[int, str] = {}
    asked = {head.seal_id for head in heads}
    with engine.visiting(None) as visit:
        wrong = _wrong_orders(visit)
        faults += wrong.values()
        while seals := seals_after(visit, last.seal_id if last else 0, _PAGE):
            for seal in seals:
                first = first or seal
                faults += faults_of_chain(last, seal)
                sealed_audit, sealed_tries = leaves_of(seal)
                audit, tries = rows_of_audit(visit, seal.audit), rows_of_attempts(visit, seal.attempts)
                audit, more = _as_sealed(
                    visit, audit, sealed_audit, statement="redaction.of_audit", span=seal.audit, wrong=wrong
                )
                tries, most = _as_sealed(
                    visit, tries, sealed_tries, statement="redaction.of_attempts", span=seal.attempts, wrong=wrong
                )
                redacted += more + most
                faults += faults_of_rows(seal, audit, tries, kept)
                audit_rows, attempts = audit_rows + len(audit), attempts + len(tries)
                gone += max(0, seal.audit.rows - len(audit)) + max(0, seal.attempts.rows - len(tries))
                if seal.seal_id in asked:
                    found[seal.seal_id] = seal.digest
                last = seal
            on_progress(seals[-1].seal_id)
        new = sum(unsealed(visit, last))
    faults += faults_of_heads(heads, found, first.seal_id if first else 1)
    return SealCheck(first, last, audit_rows, attempts, gone, new, redacted, tuple(faults))


def _wrong_orders(visit: Selects) -> dict[int, str]:
    """The rows of the audit that should tell of redactions and do not, each with the line that says so."""
    wrong: dict[int, str] = {}
    after = 0
    while orders := visit.rows("redaction.orders", {"after": after, "limit": _PAGE}):
        for audit_id, what, said in orders:
            rows = [Redacted(*row) for row in visit.rows("redaction.of_order", {"audit_id": audit_id})]
            if what not in ORDERS or said_digest(said) != digest_of_redacted(rows):
                wrong[audit_id] = f"audit row {audit_id} does not tell of the {len(rows)} rows that were redacted by it"
        after = orders[-1][0]
    return wrong


def _as_sealed(
    visit: Selects, rows: list[Sealed], leaves: frozenset[bytes], *, statement: str, span: Span, wrong: dict[int, str]
) -> tuple[list[Sealed], int]:
    """*rows* as they were when they were sealed, as far as redactions tell; and how many were redacted."""
    if all(row.leaf in leaves for row in rows):
        return rows, 0
    by_number: dict[int, list[Redacted]] = {}
    for each in visit.rows(statement, {"after": span.after, "last": span.last}):
        redacted = Redacted(*each)
        if redacted.order not in wrong:
            by_number.setdefault(redacted.number, []).append(redacted)
    before = [before_redaction(row, leaves, by_number.get(row.number, ())) for row in rows]
    return before, sum(one != other for one, other in zip(before, rows, strict=True))
