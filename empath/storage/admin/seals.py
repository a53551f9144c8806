"""
seals - whether the rows of the audit and the attempts are those that were sealed
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from empath.policy.seal import Head, Kept, Seal, faults_of_chain, faults_of_heads, faults_of_rows
from empath.storage.engine import Engine
from empath.storage.queue.seals import newest, rows_of_attempts, rows_of_audit, seals_after, unsealed

_PAGE: Final = 200  # seals that are read at once


@dataclass(frozen=True, slots=True)
class SealCheck:
    """
    What a look at all seals found.

    Shape: first and last are the oldest and the newest seal, None without any; audit_rows and attempts count what is
    sealed and was there, gone what retention has removed of it, new what is not sealed yet; faults are lines.
    """

    first: Seal | None
    last: Seal | None
    audit_rows: int
    attempts: int
    gone: int
    new: int
    faults: tuple[str, ...]


def newest_seal(engine: Engine) -> Seal | None:
    """
    The newest seal; None if there is none.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    with engine.visiting(None) as visit:
        return newest(visit)


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
    audit_rows = attempts = gone = 0
    faults: list[str] = []
    found: dict[int, str] = {}
    asked = {head.seal_id for head in heads}
    with engine.visiting(None) as visit:
        while seals := seals_after(visit, last.seal_id if last else 0, _PAGE):
            for seal in seals:
                first = first or seal
                faults += faults_of_chain(last, seal)
                audit, tries = rows_of_audit(visit, seal.audit), rows_of_attempts(visit, seal.attempts)
                faults += faults_of_rows(seal, audit, tries, kept)
                audit_rows, attempts = audit_rows + len(audit), attempts + len(tries)
                gone += max(0, seal.audit.rows - len(audit)) + max(0, seal.attempts.rows - len(tries))
                if seal.seal_id in asked:
                    found[seal.seal_id] = seal.digest
                last = seal
            on_progress(seals[-1].seal_id)
        new = sum(unsealed(visit, last))
    faults += faults_of_heads(heads, found, first.seal_id if first else 1)
    return SealCheck(first, last, audit_rows, attempts, gone, new, tuple(faults))
