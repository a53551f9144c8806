"""What a process reads of the answers of others, when its own are written, and what an order does."""

import apsw
import pytest

from empath.daemon.process.dns_rows import AT_ONCE, MOST, DnsRows
from empath.daemon.process.shared_reader import SharedReader
from empath.errors import StorageFailure
from empath.mail.lookup import Absent, Addresses, Kind, Question, Security
from empath.net.dns_cache import SharedAnswer
from tests.kit.queue import T0, Queue

A = Question("a.test", Kind.A)
B = Question("b.test", Kind.A)
ADDRESS = Addresses(("192.0.2.1",), 60.0, Security.SECURE)


@pytest.fixture
def queue(tmp_path):
    """A queue without mail."""
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()


@pytest.fixture
def rows(queue):
    """A process that has looked for orders once."""
    made = rows_of(queue)
    made.orders()
    return made


def rows_of(queue, *, needs_dnssec=False):
    """Rows as another process has them."""
    return DnsRows(SharedReader(queue.engine.open_reader), needs_dnssec=needs_dnssec, clock=lambda: T0)


def test_a_process_uses_what_another_has_asked(queue, rows):
    """
    Each worker asks a name server once otherwise.
    """
    rows.store(A, ADDRESS, 9.0)
    assert None is rows.find(A)
    queue.run(*rows.writes())
    other = rows_of(queue)
    assert SharedAnswer(ADDRESS, 9.0) == other.find(A)
    assert [] == rows.writes()


def test_a_row_without_dnssec_is_of_no_use_where_that_counts(queue, rows):
    """
    It is from before the setting was changed; DANE would not apply for as long as it is valid.
    """
    rows.store(A, ADDRESS, 0.0)
    rows.store(B, Absent("NODATA", 60.0), 0.0)
    queue.run(*rows.writes())
    other = rows_of(queue, needs_dnssec=True)
    assert [SharedAnswer(ADDRESS, 0.0), None] == [other.find(question) for question in (A, B)]


def test_an_order_removes_what_waits_to_be_written(queue, rows):
    """
    It is from before the order.
    """
    rows.store(A, ADDRESS, 0.0)
    rows.store(B, ADDRESS, 0.0)
    order(queue, "'a.test'")
    assert frozenset({"a.test"}) == rows.orders().names
    assert frozenset() == rows.orders().names
    queue.run(*rows.writes())
    assert [("b.test",)] == queue.select("SELECT name FROM dns_cache")
    order(queue, "NULL")
    rows.store(A, ADDRESS, 0.0)
    assert None is rows.orders().names
    assert [] == rows.writes()


def order(queue, name):
    """Order to ask anew."""
    connection = apsw.Connection(str(queue.path))
    connection.execute(f"INSERT INTO _dns_order (name) VALUES ({name})")
    connection.close()


def test_what_a_process_knows_before_its_first_look_for_orders_is_forgotten(queue):
    """
    An order may have come between the answer and that look; and nothing is written before the last order is known.
    """
    rows = rows_of(queue)
    rows.store(A, ADDRESS, 0.0)
    order(queue, "'a.test'")
    assert [] == rows.writes()
    assert None is rows.orders().names
    assert [] == rows.writes()
    assert frozenset() == rows.orders().names
    rows.store(A, ADDRESS, 0.0)
    [write] = rows.writes()
    queue.run(write)
    assert [("a.test",)] == queue.select("SELECT name FROM dns_cache")


def test_a_commit_has_a_bounded_number_of_answers_and_so_has_the_memory(queue, rows):
    """
    Mail to a million domains must neither hold the write lock nor fill the memory.
    """
    for number in range(MOST + 5):
        rows.store(Question(f"{number}.test", Kind.A), ADDRESS, 0.0)
    assert [AT_ONCE] * (MOST // AT_ONCE) == [write.rows for write in rows.writes()]


def test_a_queue_that_cannot_be_read_means_that_nothing_is_known():
    """
    The name servers are asked, and mail goes on.
    """

    def broken():
        raise StorageFailure("disk I/O error")

    assert None is DnsRows(SharedReader(broken), needs_dnssec=False).find(A)
