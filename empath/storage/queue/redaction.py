"""
redaction - what records say of people is left out, in a way that the seals still fit

A redaction changes records that triggers keep from being changed otherwise.  For each row that a seal covers it keeps
the leaves before and after, and it adds a row to the audit with counts and a digest over them, in the same
transaction: see policy/seal.py.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from empath.policy.seal import Redacted, digest_of_redacted
from empath.storage.engine import Selects, Session
from empath.storage.queue.seals import leaf
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

REDACTIONS: Final = Kept("redaction.expired", "redaction.forget")
ORDERS: Final = frozenset({"forgotten", "redacted"})  # what the rows of the audit say that tell of redactions
_KEY_OCTETS: Final = 32
_SEALED: Final = {"audit": "redaction.audit_rows", "attempt": "redaction.attempt_rows"}


def pseudonym_key(session: Session) -> bytes:
    """The key by which this queue makes pseudonyms; it is made at the first use, in the transaction of *session*."""
    session.run("redaction.keep_pseudonym_key", {"key": secrets.token_hex(_KEY_OCTETS)})
    return bytes.fromhex(session.value("redaction.pseudonym_key"))


class KeepPseudonymKey(Write):
    """Have a key of pseudonyms; `key` is it."""

    key = b""

    def run(self, session: Session) -> None:
        self.key = pseudonym_key(session)


def known_pseudonym_key(reader: Selects) -> bytes:
    """The key of `pseudonym_key`; one that nobody keeps where there is none yet."""
    found: str | None = reader.value("redaction.pseudonym_key")
    return secrets.token_bytes(_KEY_OCTETS) if found is None else bytes.fromhex(found)


class Redaction:
    """A redaction under way: `count` what is changed, and change rows that are sealed by `change`."""

    def __init__(self, session: Session) -> None:
        self.counts: dict[str, int] = {}
        self.redacted: list[Redacted] = []
        self._session = session

    def count(self, table: str, rows: int) -> None:
        """*rows* more of *table* were changed or removed."""
        if rows:
            self.counts[table] = self.counts.get(table, 0) + rows

    def change(self, kind: str, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """
        Run *statement* for each of *rows*, which have their `number`; *kind* is `audit` or `attempt`.

        Rows that the statement leaves as they are do not count.
        """
        numbers = [row["number"] for row in rows]
        before = self._leaves(kind, numbers)
        self._session.run_each(statement, rows)
        after = self._leaves(kind, numbers)
        changed = [Redacted(kind, each, 0, before[each], after[each]) for each in before if before[each] != after[each]]
        self.redacted += changed
        self.count(kind, len(changed))

    def _leaves(self, kind: str, numbers: Sequence[int]) -> dict[int, bytes]:
        return {row[0]: leaf(row) for row in self._session.rows(_SEALED[kind], {"numbers": numbers})}


@contextmanager
def redacting(session: Session, *, what: str, target: str | None, who: str) -> Iterator[Redaction]:
    """
    Let records be changed in the `with`, and tell of it in the audit: *what* was done, *target* in place of a name.

    *who* did it, unless the transaction has an actor. Nothing is told where nothing was changed.
    """
    session.run("redaction.allow")
    redaction = Redaction(session)
    yield redaction
    if redaction.counts:
        said = {**redaction.counts, "digest": digest_of_redacted(redaction.redacted)}
        row = {"what": what, "object": target, "who": who, "after": json.dumps(said)}
        audit_id = session.insert("redaction.record", row)
        session.run_each("redaction.add", [each._asdict() | {"audit_id": audit_id} for each in redaction.redacted])
    session.run("redaction.forbid")


def said_digest(after: object) -> str | None:
    """The digest in the column *after* of a row of the audit that tells of a redaction; None: there is none."""
    try:
        said = json.loads(after) if isinstance(after, str) else None
    except ValueError:
        return None
    found = said.get("digest") if isinstance(said, dict) else None
    return found if isinstance(found, str) else None
