"""audit_export - the rows of the audit in their order, for an export"""

from collections.abc import Iterator
from typing import Final

from empath.policy.audit_export import AuditEntry, written_at
from empath.policy.redaction import Redaction, Way
from empath.storage.engine import Engine
from empath.storage.queue.redaction import pseudonym_key

_PAGE: Final = 1_000


def redaction_of(engine: Engine, way: Way, *, deadline_s: float) -> Redaction:
    """
    The redaction of addresses that *way* names; HMAC takes the key of the queue, which is made at its first use.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    if way is not Way.HMAC:
        return Redaction(way)
    with engine.visiting(deadline_s) as visit, visit.transaction():
        return Redaction(way, key=pseudonym_key(visit))


def is_followed(engine: Engine, audit_id: int, at: str, what: object) -> bool:
    """
    Whether what this queue has recorded after the row *audit_id* follows a row *what* of the instant *at*, as
    `record_of` gives them; False where it is of another queue, or was lost when an older backup was restored.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    [entry, *_] = [*_rows(engine, audit_id - 1), *_rows(engine, 0), None]
    if entry is None or entry.audit_id > audit_id:  # retention has removed the row
        return True
    return (entry.audit_id, written_at(entry), entry.what) == (audit_id, at, what)


def _rows(engine: Engine, after: int) -> list[AuditEntry]:
    return next(audit_pages(engine, after, 1), [])


def audit_pages(engine: Engine, after: int, limit: int | None) -> Iterator[list[AuditEntry]]:
    """
    Up to *limit* rows with higher numbers than *after*, page by page.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    left = limit
    with engine.visiting(None) as visit:
        last = visit.settled("audit")
        while left is None or left > 0:
            keys = {"after": after, "last": last, "limit": _PAGE if left is None else min(left, _PAGE)}
            page = [AuditEntry(*row) for row in visit.rows("seals.audit_rows", keys)]
            if not page:
                return
            yield page
            after = page[-1].audit_id
            left = None if left is None else left - len(page)
