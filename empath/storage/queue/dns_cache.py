"""
dns_cache - the rows of answers of the DNS, and the orders to ask anew

A worker reads one row by its key before it asks a name server, and writes answers in batches.  The housekeeper removes
rows that are over, and some of those that are too many.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.lookup import Addresses, Failed, LookupAnswer, Question, Security
from empath.mail.lookup_text import read_answer, record_texts, status_of
from empath.storage.engine import Reader, Selects, Session
from empath.storage.queue.sweep import Kept as Swept
from empath.storage.write import Write

ORDERS_AT_ONCE: Final = 1_000
DNS_ANSWERS: Final = Swept("dns_cache.expired", "dns_cache.forget", "dns_cache.number_of_rows", "dns_cache.first_to_go")
DNS_ORDERS: Final = Swept("dns_cache.old_orders", "dns_cache.forget_orders")
_SECURITY: Final = {each.known: each for each in Security}


class Kept(NamedTuple):
    """
    What a row has.

    Shape: ttl_s of the answer is 0 or less if it has expired; stale_s is how long it may serve after that.
    """

    answer: LookupAnswer
    stale_s: float


class Asked(NamedTuple):
    """An answer of a name server at *at* (Unix seconds). stale_s as in Kept."""

    question: Question
    answer: LookupAnswer
    stale_s: float
    at: float


@dataclass(frozen=True, slots=True)
class Orders:
    """Shape: last is the number of the last order that is known; names None stands for all names."""

    last: int
    names: frozenset[str] | None = frozenset()


def find_answer(reader: Reader, question: Question, now: float) -> Kept | None:
    """
    What is known at *now*; None also for a row that stands for no answer.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = reader.rows("dns_cache.find", {"name": question.name, "type": str(question.kind), "now": now})
    for status, answer, alias_of, dnssec, expires_at, stale_until in found:
        try:
            texts = [str(text) for text in json.loads(answer)]
            ttl_s, security = expires_at - now, _SECURITY[dnssec]
            kept = read_answer(question.kind, status, texts, ttl_s=ttl_s, security=security, alias_of=alias_of)
        except (
            ValueError,
            TypeError,
            LookupError,
            RecursionError,
            SyntaxViolation,
        ):  # a plain shell may write anything
            return None
        return Kept(kept, stale_until - max(now, expires_at))
    return None


def orders_since(reader: Reader, seen: int) -> Orders:
    """
    The names to ask about anew since the order *seen*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = reader.rows("dns_cache.orders", {"seen": seen, "limit": ORDERS_AT_ONCE})
    if not found:
        return Orders(seen)
    if len(found) == ORDERS_AT_ONCE:
        return Orders(last_order(reader), None)
    names = [name for _, name in found]
    return Orders(found[-1][0], None if None in names else frozenset(names))


def last_order(selects: Selects) -> int:
    """
    The number of the last order.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return int(selects.value("dns_cache.last_order"))


class KeepAnswers(Write):
    """Write answers and failures, but none about a name with an order after *seen*."""

    def __init__(self, asked: Sequence[Asked], *, seen: int) -> None:
        super().__init__()
        self.rows = len(asked)
        self._failures = [_failure(each) for each in asked if isinstance(each.answer, Failed)]
        self._answers = [_row(each, seen) for each in asked if not isinstance(each.answer, Failed)]

    def run(self, session: Session) -> None:
        session.run_each("dns_cache.keep", self._answers)
        session.run_each("dns_cache.note_failure", self._failures)


def _row(asked: Asked, seen: int) -> dict[str, object]:
    answer, expires_at = asked.answer, asked.at + asked.answer.ttl_s
    return {
        "name": asked.question.name,
        "type": str(asked.question.kind),
        "status": status_of(answer),
        "answer": json.dumps(record_texts(answer)),
        "alias_of": answer.alias_of if isinstance(answer, Addresses) else "",
        "dnssec": answer.security.known,
        "asked_at": asked.at,
        "expires_at": expires_at,
        "stale_until": expires_at + asked.stale_s,
        "seen": seen,
    }


def _failure(asked: Asked) -> dict[str, object]:
    return {"name": asked.question.name, "type": str(asked.question.kind), "failure": status_of(asked.answer)}
