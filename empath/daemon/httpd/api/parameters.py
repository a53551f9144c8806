"""parameters - the parameters that operations of the API take, and how their text is read"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from empath.errors import SyntaxViolation
from empath.mail.identity import QueueId
from empath.mail.status import LIVE, RecipientStatus
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import READERS

MOST_ROWS: Final = 1000
MAX_NUMBER: Final = 2**63 - 1
LIVE_STATUSES: Final = tuple(status.value for status in RecipientStatus if status in LIVE)
FINAL_STATUSES: Final = tuple(status.value for status in RecipientStatus if status not in LIVE)
_SETTLED: Final = (
    RecipientStatus.DELIVERED,
    RecipientStatus.DEFERRED,
    RecipientStatus.BOUNCED,
    RecipientStatus.EXPIRED,
)
OUTCOMES: Final = (*(status.value for status in _SETTLED), "next_host", "unknown", "maybe_delivered")


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    One parameter of the query, or of the path.

    Shape: read raises SyntaxViolation; schema is the JSON schema of its text; default is None where it may be missing.
    """

    name: str
    text: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    default: Any = None
    is_list: bool = False
    is_in_path: bool = False
    place: str = "query"


def whole(least: int, most: int) -> Callable[[str], int]:
    """What reads a whole number in these bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
            raise SyntaxViolation(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return read


def word(text: str) -> str:
    """A value that people can read."""
    if not 0 < len(text) <= 1024 or not text.isprintable():
        raise SyntaxViolation(f"not a value: {text[:100]!r}")
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """What reads one of *words*."""

    def read(text: str) -> str:
        if text not in words:
            raise SyntaxViolation(f"{text[:100]!r} is none of {', '.join(words)}")
        return text

    return read


def truth(text: str) -> bool:
    """Whether the text is true."""
    return one_of("true", "false")(text) == "true"


def number(name: str, text: str, least: int = 1, most: int = MAX_NUMBER, default: int | None = None) -> Parameter:
    """A whole number in these bounds."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name, text, whole(least, most), schema, default)


def text(name: str, text: str, read: Callable[[str], str] = word, **schema: Any) -> Parameter:
    """A text that *read* reads, with the members *schema* in its schema."""
    return Parameter(name, text, read, {"type": "string", **schema})


def choice(name: str, text: str, words: Collection[str]) -> Parameter:
    """One of *words*."""
    return Parameter(name, text, one_of(*words), {"type": "string", "enum": [*words]})


def queue_id(text: str) -> QueueId:
    """The queue id in *text*."""
    reference = Reference.parse(text)
    if reference.queue_id is None:
        raise SyntaxViolation(f"{text!r} is not a queue id of 26 characters")
    return reference.queue_id


LIMIT: Final = number("limit", "most rows", 1, MOST_ROWS, 50)
AFTER: Final = number("after", "continue after this number, `next_after` of the page before", 0, MAX_NUMBER, 0)
AFTER_NAME: Final = replace(text("after", "continue after this one, `next_after` of the page before"), default="")
ID: Final = text("id", "queue id of the message", lambda text: str(queue_id(text)))
RECIPIENT_ID: Final = number("recipient_id", "number of the recipient")
ADDRESSES: Final = (
    text("domain", "domain of the recipient", READERS["domain"]),
    text("sender", "reverse-path; `<>` is the null path", READERS["sender"]),
    text("recipient", "forward-path", READERS["recipient"]),
)
DESTINATION: Final = text("destination", "next hop or queue key")
