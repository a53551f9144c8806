"""
selection - the recipients that an order or a list is about

THEORY
    A person selects recipients by conditions that must all hold. They become one expression over the columns of the
    view `queue` (or `history`), so that a list, a rehearsal and the order itself select the same rows. A condition may
    be SQL that the person wrote. It may only read, and it must be one whole expression: it cannot end the statement
    around it, nor its parentheses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from empath.errors import MissingInput, SyntaxViolation
from empath.mail.address import ForwardPath, ReversePath
from empath.mail.domain import parse_domain
from empath.storage.admin.records import Reference
from empath.storage.engine import Condition, PublicView, Row, Selects, Visit


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def _sender(text: str) -> str:
    """A reverse-path as the queue has it; the null path is written `<>`, because an unset variable is empty too."""
    if not text:
        raise SyntaxViolation("an address is missing; <> is the null path")
    return str(ReversePath.parse(_bare(text)))


# How people write the values of filters, on the command line and in the API; each raises SyntaxViolation.
READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "domain": lambda text: str(parse_domain(text)),  # A-labels, U-labels or a literal; the value is as the queue has it
    "sender": _sender,
    "recipient": lambda text: str(ForwardPath.parse(_bare(text))),
}

_COLUMNS: Final = (
    *("domain", "sender", "recipient", "status", "destination", "received_before", "bounce_class", "reply"),
    *("subject", "message_id", "received_after"),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """
    Conditions that must all hold. None means no condition; without any condition all recipients of the view are meant.

    Shape: domain in A-labels; sender and recipient as the queue has them, an empty sender is the null path;
    received_before in Unix seconds; where is SQL, an expression over the columns of the view; bounce_class is that of
    the last attempt, reply a part of the last reply and subject one of the Subject field, both in any case; message_id
    is the Message-ID field in its brackets, which the field of a mail may lack.
    """

    references: tuple[Reference, ...] = ()
    domain: str | None = None
    sender: str | None = None
    recipient: str | None = None
    status: str | None = None
    destination: str | None = None
    received_before: float | None = None
    where: str | None = None
    bounce_class: str | None = None
    reply: str | None = None
    subject: str | None = None
    message_id: str | None = None
    received_after: float | None = None

    @property
    def has_conditions(self) -> bool:
        """Whether there is any condition."""
        return self != Selection()

    @property
    def is_by_name(self) -> bool:
        """Whether recipients are named, and nothing else is said of them."""
        return bool(self.references) and self == Selection(references=self.references)

    @property
    def may_run_long(self) -> bool:
        """Whether the person's SQL may read more than one row."""
        return self.where is not None and "select" in self.where.lower()

    def names(self) -> dict[str, list[Any]]:
        """The references as the statements take them."""
        keys = [reference.keys for reference in self.references]
        return {
            "numbers": [key["recipient_id"] for key in keys if key["recipient_id"] is not None],
            "ulids": [key["ulid"] for key in keys if key["ulid"] is not None],
        }

    def condition(self, view: PublicView) -> Condition:
        """The conditions over the columns of *view*, with their values."""
        given = {name: getattr(self, name) for name in _COLUMNS if getattr(self, name) is not None}
        names = [f"condition_{name}" for name in given]
        bindings: dict[str, Any] = dict(given)
        if self.references:
            names.append("condition_references")
            bindings |= self.names()
        return Condition(view, tuple(names), bindings, self.where)


def probe(visit: Visit, view: PublicView, selection: Selection) -> None:
    """
    Check that the person's SQL is one expression that only reads.

    Raises:
        UsageError: it is not.
    """
    visit.check_condition(selection.condition(view))


def page(visit: Visit, view: PublicView, selection: Selection, *, after: int, last: int, limit: int) -> list[int]:
    """Numbers of up to *limit* recipients above *after*, up to *last*, rising."""
    bindings = {"after": after, "last": last, "limit": limit}
    return [number for (number,) in visit.rows_where(f"selection.page_of_{view}", selection.condition(view), bindings)]


def still(visit: Visit, view: PublicView, selection: Selection, numbers: Sequence[int]) -> set[int]:
    """Those of *numbers* for which all conditions hold now."""
    bindings = {"page": numbers}
    return {number for (number,) in visit.rows_where(f"selection.still_of_{view}", selection.condition(view), bindings)}


def count(visit: Visit, view: PublicView, selection: Selection) -> tuple[int, int]:
    """How many recipients, of how many messages."""
    [(recipients, messages)] = visit.rows_where(f"selection.count_of_{view}", selection.condition(view), {})
    return recipients, messages


def list_rows(visit: Visit, selection: Selection, *, after: int, limit: int, now: float) -> list[Row]:
    """Rows of LiveRecipient, up to *limit* above *after*, as they are at *now*."""
    bindings = {"after": after, "limit": limit, "now": now}
    return visit.rows_where("selection.list_live", selection.condition("queue"), bindings)


def named(session: Selects, references: Sequence[Reference]) -> tuple[list[int], int, list[Reference]]:
    """The named recipients with any status: their numbers, the number of their messages, and names without a row."""
    found = session.rows("selection.named", Selection(tuple(references)).names())
    known = {number for number, _, _ in found} | {ulid for _, _, ulid in found}
    missing = [r for r in dict.fromkeys(references) if (r.recipient_id or str(r.queue_id)) not in known]
    return [number for number, _, _ in found], len({message_id for _, message_id, _ in found}), missing


def last_recipient(session: Selects) -> int:
    """The highest number so far; 0 if there is none."""
    return session.value("selection.last_recipient") or 0


def require_destination(session: Selects, destination: str | None) -> None:
    """
    Check that the queue knows *destination*, if one is named.

    Raises:
        MissingInput: no mail ever had that next hop or queue key, or it is forgotten.
    """
    if destination is not None and not session.rows("orders.destination", {"destination": destination}):
        words = f"no destination {destination} in the queue database; `empath-admin stats` names some"
        if ":" not in destination:  # a route may take mail of a domain to a next hop
            words += f", and `empath-admin explain {destination}` says where mail for it goes"
        raise MissingInput(words)
