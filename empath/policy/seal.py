"""
seal - a chain of digests over the rows of the audit and of the attempts, and what breaks it

THEORY
    A seal holds a short digest of each row that was added since the seal before it (a leaf), and a digest of its own
    over them and over the digest of the seal before it.  Who changes a row must change its seal, and all later seals.
    The newest digest is the head.  A head that was written down elsewhere, as in the log, then no longer fits.

    Retention removes rows, so that a seal may have more leaves than there are rows.  That is a gap only if the rows
    are younger than what retention may remove.

    A row is redacted where an address in it is forgotten, or where it is too old to name people.  Its leaves before and
    after are kept, so that its way back to its seal can be followed, and a row of the audit has a digest over them.
    That row is sealed as any other: who disguises a change as a redaction leaves a record of it.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation

LEAF_OCTETS: Final = 16
BEGINNING: Final = ""  # what the first seal follows
_DIGITS: Final = 64  # of a digest, in hexadecimal digits
_NAMED: Final = 5  # rows that a line names


class Span(NamedTuple):
    """Rows of one table: those with numbers above *after* and up to *last*, *rows* of them when they were sealed."""

    after: int
    last: int
    rows: int


@dataclass(frozen=True, slots=True)
class Seal:
    """
    One seal.

    Shape: seal_id counts from 1; sealed_at is in Unix seconds; leaves are those of the audit, then those of the
    attempts, LEAF_OCTETS each; previous and digest are in hexadecimal digits, previous BEGINNING of the first.
    """

    seal_id: int
    sealed_at: float
    audit: Span
    attempts: Span
    leaves: bytes
    previous: str
    digest: str


class Head(NamedTuple):
    """A seal as it was written down elsewhere. Written as `12:9f86d081…`."""

    seal_id: int
    digest: str

    def __str__(self) -> str:
        return f"{self.seal_id}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """
        Raises:
            SyntaxViolation: it is none.
        """
        number, _, digest = text.strip().lower().partition(":")
        if (
            not number.isdecimal()
            or len(number) > 18
            or len(digest) != _DIGITS
            or set(digest) - set("0123456789abcdef")
        ):
            raise SyntaxViolation(f"not a head: {text!r} (the number of a seal, a colon, 64 hexadecimal digits)")
        return cls(int(number), digest)


def sealed(seal_id: int, sealed_at: float, audit: Span, attempts: Span, *, leaves: bytes, previous: str) -> Seal:
    """The seal over *leaves* that follows the one with the digest *previous*."""
    bare = Seal(seal_id, sealed_at, audit, attempts, leaves, previous, "")
    return replace(bare, digest=_digest(bare))


class Sealed(NamedTuple):
    """A row that is there now: its number, and its leaf."""

    number: int
    leaf: bytes


class Redacted(NamedTuple):
    """One redaction of a row, by the row *order* of the audit; before and after are its leaves."""

    kind: str  # 'audit' or 'attempt'
    number: int
    order: int
    before: bytes
    after: bytes


class Kept(NamedTuple):
    """Rows that were sealed after these instants (Unix seconds) are still there, by the retention of now."""

    audit_since: float
    attempts_since: float


def leaves_of(seal: Seal) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """The leaves in *seal*: of the audit, and of the attempts."""
    every = [seal.leaves[at : at + LEAF_OCTETS] for at in range(0, len(seal.leaves), LEAF_OCTETS)]
    return frozenset(every[: seal.audit.rows]), frozenset(every[seal.audit.rows :])


def faults_of_chain(before: Seal | None, seal: Seal) -> Iterator[str]:
    """What is wrong with *seal* by itself, and with its place behind the seal *before*; None: it is the first."""
    if _digest(seal) != seal.digest or len(seal.leaves) != LEAF_OCTETS * (seal.audit.rows + seal.attempts.rows):
        yield f"seal {seal.seal_id} was changed: its digest is not that of what it holds"
    if before is None:
        if seal.seal_id == 1 and seal.previous != BEGINNING:
            yield "seal 1 was changed: nothing comes before it"
    elif seal.seal_id != before.seal_id + 1:
        yield f"seals {before.seal_id + 1} to {seal.seal_id - 1} are missing"
    elif (seal.previous, seal.audit.after, seal.attempts.after) != (
        before.digest,
        before.audit.last,
        before.attempts.last,
    ):
        yield f"seal {seal.seal_id} does not follow seal {before.seal_id}: one of them was changed"


def digest_of_redacted(redacted: Iterable[Redacted]) -> str:
    """What the row of the audit that ordered these redactions says of them, in hexadecimal digits."""
    lines = sorted(f"{row.kind} {row.number} {row.before.hex()} {row.after.hex()}\n" for row in redacted)
    return sha256("".join(lines).encode()).hexdigest()


def before_redaction(row: Sealed, sealed_leaves: Container[bytes], redacted: Sequence[Redacted]) -> Sealed:
    """
    *row* as it was when it was sealed, as far as *redacted*, all redactions of this row, lead back to one of
    *sealed_leaves*; else the row itself.
    """
    leaf = row.leaf
    for each in sorted(redacted, key=lambda each: each.order, reverse=True):
        if leaf in sealed_leaves:
            break
        leaf = each.before if each.after == leaf else leaf
    return Sealed(row.number, leaf) if leaf in sealed_leaves else row


def faults_of_rows(seal: Seal, audit: Sequence[Sealed], attempts: Sequence[Sealed], kept: Kept) -> Iterator[str]:
    """What differs between *seal* and the rows of its spans that are there now."""
    known_audit, known_attempts = leaves_of(seal)
    for name, span, known, rows, since in (
        ("audit row", seal.audit, known_audit, audit, kept.audit_since),
        ("attempt", seal.attempts, known_attempts, attempts, kept.attempts_since),
    ):
        changed = [row.number for row in rows if row.leaf not in known]
        missing = span.rows - len(rows)
        if changed:
            yield f"{_named(name, changed)} changed or added after seal {seal.seal_id}"
        if missing > 0 and seal.sealed_at > since:
            yield f"{missing} of the rows of seal {seal.seal_id} ({name} {span.after + 1} to {span.last}) are missing"


def faults_of_heads(heads: Iterable[Head], found: dict[int, str], first: int) -> Iterator[str]:
    """
    Which of *heads* do not fit the digests *found*, by the numbers of their seals. Older ones than *first* are over.
    """
    for head in heads:
        digest = found.get(head.seal_id)
        if digest is None and head.seal_id >= first:
            yield f"seal {head.seal_id} is missing, and was there when its head was written down"
        elif digest is not None and digest != head.digest:
            yield f"seal {head.seal_id} is another one than when its head was written down: what it seals was replaced"


def _digest(seal: Seal) -> str:
    numbers = (seal.seal_id, seal.sealed_at, *seal.audit, *seal.attempts)
    return sha256(f"1 {' '.join(map(repr, numbers))} {seal.previous}\n".encode() + seal.leaves).hexdigest()


def _named(name: str, numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    listed = ", ".join(map(str, numbers[:_NAMED]))
    return f"{name}{'s' if len(numbers) > 1 else ''} {listed}{more} {'were' if len(numbers) > 1 else 'was'}"
