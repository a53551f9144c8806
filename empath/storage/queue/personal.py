"""
personal - which columns of the records say something of people

Each table here has numbered rows, a statement `forget.NAME` that reads a span of them with these columns, and one that
writes the columns back. The statement adds `number`, `is_finished`, and in some tables `at`, which rises with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from empath.policy.events.redacted import MEMBERS
from empath.policy.redaction import Kind, Redaction
from empath.storage.engine import Selects

_ADDRESS, _TEXT, _JSON, _CLIENT = Kind.ADDRESS, Kind.TEXT, Kind.JSON, Kind.CLIENT
ALL_ROWS: Final = "%"  # a pattern of the statements that takes every row


@dataclass(frozen=True, slots=True)
class Personal:
    """
    One table.

    Shape: kinds are those of its columns; who are the columns with the person on whose behalf its client came;
    is_sealed says that seals cover it, is_aged that its rows are redacted when they are old.
    """

    name: str
    kinds: Mapping[str, Kind]
    who: tuple[str, ...] = ()
    is_sealed: bool = False
    is_aged: bool = False

    @property
    def setter(self) -> str:
        """The name of the statement that writes the columns."""
        return f"redaction.set_{self.name}" if self.is_sealed else f"forget.set_{self.name}"


_PARTIES: Final = dict.fromkeys(("sender", "recipient", "account"), _ADDRESS)
_CLIENTS: Final = dict.fromkeys(("client_address", "client_name"), _CLIENT)
_RECIPIENT: Final = {
    **dict.fromkeys(("address", "original", "sent_as"), _ADDRESS),
    **dict.fromkeys(("original_recipient", "last_reply", "reason"), _TEXT),
}
_MESSAGE: Final = {
    **dict.fromkeys(("reverse_path", "account"), _ADDRESS),
    **_CLIENTS,
    "envelope_id": _TEXT,
    "header_message_id": Kind.PLAIN,
    "subject": Kind.SUBJECT,
    "metadata": _JSON,
    "authentication": _JSON,
}
_AUDIT: Final = {"address": _ADDRESS, **dict.fromkeys(("before", "after", "object"), _TEXT)}
PERSONAL: Final = (
    Personal("event", {**_PARTIES, "detail": _JSON}, ("sender", "account")),
    Personal("refusal", {**_PARTIES, **_CLIENTS, "reply": _TEXT}, ("sender", "account"), is_aged=True),
    Personal(
        "transcript",
        {"sender": _ADDRESS, "account": _ADDRESS, "client_address": _CLIENT, "reply": _TEXT, "dialogue": _TEXT},
        ("sender", "account"),
    ),
    Personal("feedback", {"address": _ADDRESS, "reply": _TEXT, "reporter": _TEXT}, is_aged=True),
    Personal("received_report", {"sender": _ADDRESS, "contact": _TEXT}),
    Personal("greylist", {"sender": _ADDRESS, "recipient": _ADDRESS}),
    Personal("injection", {"answer": _JSON}),
    Personal("plan", {"predicate": _TEXT}),
    Personal("attempt", {"text": _TEXT}, is_sealed=True, is_aged=True),
    Personal("audit", _AUDIT, is_sealed=True, is_aged=True),
    # Last: by these the others know whether their mail is finished, and a later run finds what is left.
    Personal("recipient", _RECIPIENT, is_aged=True),
    Personal("message", _MESSAGE, ("reverse_path", "account"), is_aged=True),
)
BY_NAME: Final = {table.name: table for table in PERSONAL}


@dataclass(frozen=True, slots=True)
class Span:
    """Rows with numbers after *after* and up to *last* whose text is LIKE *pattern*."""

    after: int
    last: int
    pattern: str = field(default=ALL_ROWS)


def rows_of(reader: Selects, table: Personal, span: Span) -> Iterator[dict[str, Any]]:
    """The rows of *table* in *span*."""
    return reader.records(f"forget.{table.name}", {"after": span.after, "last": span.last, "local": span.pattern})


def redacted_row(table: Personal, row: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    """*row* with what *redaction* leaves of it."""
    new = dict(row)
    for name, kind in table.kinds.items():
        value = row[name]
        if not isinstance(value, str):
            continue
        if kind is Kind.JSON:
            read = orjson.loads(value)
            left = redaction.left_of(read, MEMBERS)
            new[name] = value if left == read else orjson.dumps(left).decode()
        else:
            new[name] = redaction.left(kind, value)
    return new
