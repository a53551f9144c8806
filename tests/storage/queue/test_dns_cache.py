"""Rows of answers of the DNS: what one process writes another reads, until a person orders to ask anew."""

from collections.abc import Iterator

import apsw
import pytest

from empath.mail.lookup import (
    Absent,
    Addresses,
    Exchanger,
    Exchangers,
    Failed,
    Kind,
    Question,
    Security,
    TlsaRecord,
    TlsaRecords,
)
from empath.storage.engine import Reader
from empath.storage.queue.dns_cache import (
    DNS_ANSWERS,
    DNS_ORDERS,
    ORDERS_AT_ONCE,
    Asked,
    KeepAnswers,
    Kept,
    find_answer,
    last_order,
    orders_since,
)
from empath.storage.queue.sweep import Kept as Forgettable
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0, Queue

A = Question("a.test", Kind.A)
MX = Question("a.test", Kind.MX)
ADDRESS = Addresses(("192.0.2.1",), 60.0, Security.SECURE, "b.test")


@pytest.fixture
def reader(queue: Queue) -> Iterator[Reader]:
    """As a worker reads."""
    made = queue.engine.open_reader()
    yield made
    made.close()


def shell(queue: Queue, statement: str) -> None:
    """A statement that a person types."""
    connection = apsw.Connection(str(queue.path))
    connection.execute(statement)
    connection.close()


def keep(queue: Queue, *asked: Asked, seen: int = 0) -> None:
    """Write answers."""
    queue.run(KeepAnswers(asked, seen=seen))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (A, ADDRESS),
        (MX, Exchangers((Exchanger(5, "mx.test"),), 60.0)),
        (MX, Absent("NODATA", 60.0, Security.INSECURE)),
        (
            Question("_25._tcp.a.test", Kind.TLSA),
            TlsaRecords((TlsaRecord(3, 1, 1, b"\0"),), 60.0, Security.SECURE),
        ),
    ],
)
def test_an_answer_is_read_as_it_was_written(queue: Queue, reader: Reader, question, answer) -> None:
    """
    Its time has gone on meanwhile.
    """
    keep(queue, Asked(question, answer, 9.0, T0 - 60.0))
    assert Kept(type(answer)(**{**fields(answer), "ttl_s": 0.0}), 9.0) == find_answer(reader, question, T0)
    assert Kept(type(answer)(**{**fields(answer), "ttl_s": -4.0}), 5.0) == find_answer(reader, question, T0 + 4)
    assert None is find_answer(reader, question, T0 + 9)
    assert None is find_answer(reader, Question("no.test", question.kind), T0)


def fields(answer):
    """The fields of an answer."""
    return {name: getattr(answer, name) for name in answer.__slots__}


def test_a_row_from_the_future_is_not_used(queue: Queue, reader: Reader) -> None:
    """
    The clock stepped back: nobody knows how old it is.
    """
    keep(queue, Asked(A, ADDRESS, 0.0, T0))
    assert None is find_answer(reader, A, T0 - 1)


def test_a_row_that_is_valid_for_ever_is_not_used(queue: Queue, reader: Reader) -> None:
    """
    Nobody would ask the name servers again.
    """
    keep(queue, Asked(A, ADDRESS, 0.0, T0))
    shell(queue, "UPDATE _dns_cache SET expires_at = 9e99, stale_until = 9e99")
    assert None is find_answer(reader, A, T0)


@pytest.mark.parametrize("answer", ["x", "[]", '["a.b"]', "{}", "1", "[1]", "[" * 9999])
def test_a_row_that_is_no_answer_is_not_used(queue: Queue, reader: Reader, answer: str) -> None:
    """
    The name servers are asked.
    """
    keep(queue, Asked(A, ADDRESS, 0.0, T0))
    shell(queue, f"UPDATE _dns_cache SET answer = '{answer}'")
    assert None is find_answer(reader, A, T0)


def test_a_row_tells_how_often_was_asked_and_what_failed(queue: Queue) -> None:
    """
    A failure leaves what is known, and makes no row of its own: there is nothing to share.
    """
    keep(queue, Asked(A, ADDRESS, 0.0, T0), Asked(MX, Failed("SERVFAIL"), 0.0, T0))
    keep(queue, Asked(A, Failed("no answer in time"), 0.0, T0))
    told = "SELECT name, type, answer, dnssec, alias_of, times_asked, failure FROM dns_cache"
    row = ("a.test", "A", '["192.0.2.1"]', "secure", "b.test")
    assert [(*row, 2, "no answer in time")] == queue.select(told)
    keep(queue, Asked(A, ADDRESS, 0.0, T0))
    assert [(*row, 3, None)] == queue.select(told)


def test_who_deletes_a_row_lets_every_process_ask_anew(queue: Queue, reader: Reader) -> None:
    """
    An answer from before the order does not come back, whoever has it.
    """
    keep(queue, Asked(A, ADDRESS, 0.0, T0), Asked(Question("b.test", Kind.A), ADDRESS, 0.0, T0))
    assert 0 == last_order(reader)
    shell(queue, "DELETE FROM dns_cache WHERE name = 'a.test'")
    assert (1, frozenset({"a.test"})) == astuple(orders_since(reader, 0))
    assert (1, frozenset()) == astuple(orders_since(reader, 1))
    keep(queue, Asked(A, ADDRESS, 0.0, T0), seen=0)
    assert [("b.test",)] == queue.select("SELECT name FROM dns_cache")
    keep(queue, Asked(A, ADDRESS, 0.0, T0), seen=1)
    assert [("a.test",), ("b.test",)] == queue.select("SELECT name FROM dns_cache ORDER BY name")
    assert [("sql", "a.test A", "dns_cache", '["192.0.2.1"]', None)] == queue.select(
        "SELECT who, object, what, before, after FROM audit"
    )


def astuple(orders):
    """Its fields."""
    return orders.last, orders.names


def test_an_order_may_be_about_all_names(queue: Queue, reader: Reader) -> None:
    """
    So are very many orders at once.
    """
    shell(queue, "INSERT INTO _dns_order (name) VALUES ('a.test'), (NULL)")
    assert (2, None) == astuple(orders_since(reader, 0))
    keep(queue, Asked(A, ADDRESS, 0.0, T0), seen=1)
    assert [] == queue.select("SELECT name FROM dns_cache")
    many = ", ".join(["('b.test')"] * (ORDERS_AT_ONCE + 5))
    shell(queue, f"INSERT INTO _dns_order (name) VALUES {many}")
    assert (ORDERS_AT_ONCE + 7, None) == astuple(orders_since(reader, 2))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO dns_cache (name, type, answer) VALUES ('a.test', 'A', '[]')",
        "UPDATE dns_cache SET answer = '[]'",
    ],
)
def test_answers_can_not_be_written_by_hand(queue: Queue, statement: str) -> None:
    """
    A route is the place for that.
    """
    keep(queue, Asked(A, ADDRESS, 0.0, T0))
    with pytest.raises(apsw.ConstraintError, match="DELETE lets them be asked again"):
        shell(queue, statement)


def test_rows_that_are_over_or_too_many_are_removed(queue: Queue, reader: Reader) -> None:
    """
    Those go first that end first. Orders go when every process has seen them.
    """
    for number in range(4):
        keep(queue, Asked(Question(f"{number}.test", Kind.A), ADDRESS, float(number), T0))
    sweep(queue, reader, DNS_ANSWERS, most=2)
    assert [("1.test",), ("2.test",), ("3.test",)] == queue.select("SELECT name FROM _dns_cache ORDER BY name")
    sweep(queue, reader, DNS_ANSWERS, most=2)
    assert [("2.test",), ("3.test",)] == queue.select("SELECT name FROM _dns_cache ORDER BY name")
    shell(queue, f"INSERT INTO _dns_order (name, given_at) VALUES ('a.test', {T0}), ('b.test', {T0 + 1})")
    sweep(queue, reader, DNS_ORDERS)
    assert [("b.test",)] == queue.select("SELECT name FROM _dns_order")


def sweep(queue: Queue, reader: Reader, kept: Forgettable, most: int = 0) -> None:
    """One round, a minute later."""
    forgetting = outdated(reader, kept, T0 + 60, most=most)
    assert forgetting is not None
    queue.run(forgetting)
