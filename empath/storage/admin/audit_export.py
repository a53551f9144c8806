"""audit_export - the rows of the audit in their order, for an export"""

from collections.abc import Iterator
from typing import Final

from empath.policy.audit_export import AuditEntry
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


def audit_pages(engine: Engine, after: int, limit: int | None) -> Iterator[list[AuditEntry]]:
    """
    Up to *limit* rows with higher numbers than *after*, page by page.

    Raises:
        EmpathError: see `Engine.visiting`.
    """
    left = limit
    with engine.visiting(None) as visit:
        while left is None or left > 0:
            keys = {"after": after, "last": None, "limit": _PAGE if left is None else min(left, _PAGE)}
            page = [AuditEntry(*row) for row in visit.rows("seals.audit_rows", keys)]
            if not page:
                return
            yield page
            after = page[-1].audit_id
            left = None if left is None else left - len(page)
