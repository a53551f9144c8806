"""Reports about a period to other domains, as rows."""

from dataclasses import replace

import pytest

from empath.authentication.counted import CountedRow
from empath.storage.queue.domain_reports import (
    CLOSED,
    Bounds,
    CloseReport,
    CountDmarc,
    Period,
    PutOffReport,
    dmarc_rows,
    due_period,
    open_period,
)
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0

pytestmark = pytest.mark.engines

DAY = 86_400
PERIOD = Period.around(T0, DAY)
ROW = CountedRow(
    *("a.test", "v=DMARC1; p=none; rua=mailto:a@a.test", "192.0.2.1", "none", "fail", "fail", "", "", "a.test", ""),
    *("[]", "", ""),
)


@pytest.fixture
def reader(queue):
    """Reads the queue."""
    with_reader = queue.engine.open_reader()
    yield with_reader
    with_reader.close()


def due(reader, now=PERIOD.end_at + DAY):
    """The period that is due."""
    found = due_period(reader, now)
    assert found is not None
    return found


def test_periods_begin_at_midnight():
    """
    Others add up reports by the day.
    """
    assert Period(0, DAY) == Period.around(DAY - 0.1, DAY)
    assert Period(DAY, DAY + 21_600) == Period.around(DAY, 21_600)


def test_reports_of_different_domains_are_due_at_different_times():
    """
    Nobody gets all mail of a day at once; the same domain always has the same time.
    """
    dues = {PERIOD.due_at(f"{n}.test") for n in range(100)}
    assert 100 == len(dues)
    assert PERIOD.end_at < min(dues) <= max(dues) < PERIOD.end_at + DAY / 2


def test_the_same_results_are_one_row(queue, reader):
    """
    What two processes count is added up, and the record that was seen last counts.
    """
    queue.run(CountDmarc({ROW: 2, replace(ROW, source_ip="192.0.2.2"): 1}, PERIOD))
    queue.run(CountDmarc({replace(ROW, record="v=DMARC1; p=reject; rua=mailto:b@a.test"): 3}, PERIOD))
    found = due(reader)
    assert ("a.test", 6, 0, "v=DMARC1; p=reject; rua=mailto:b@a.test") == (
        *(found.domain, found.messages, found.left_out, found.policy),
    )
    assert [5, 1] == [row["messages"] for row in dmarc_rows(reader, found)]
    assert due_period(reader, PERIOD.end_at) is None
    assert found == open_period(reader, "dmarc", "a.test")
    assert open_period(reader, "tls", "a.test") is None


def test_a_report_is_made_once(queue, reader):
    """
    Its message comes into the queue with the end of the period; a second process finds it closed.
    """
    queue.run(CountDmarc({ROW: 2}, PERIOD))
    found = due(reader)
    first, second = (
        CloseReport(found, queue.new_accept("a.test"), now=T0, report_id="1", sent_to=["a@a.test"], octets=9)
        for _ in range(2)
    )
    queue.run(first)
    queue.run(second)
    assert (False, True) == (first.is_stale, second.is_stale)
    assert [(1,)] == queue.select("SELECT count(*) FROM message")
    assert [] == queue.select("SELECT * FROM _dmarc_count")
    assert [("sent", "a@a.test", "1", 9, first.ulid)] == queue.select(
        "SELECT state, sent_to, report_id, octets, id FROM report_sent"
    )
    assert due_period(reader, PERIOD.end_at + DAY) is None


def test_what_comes_after_the_report_is_left_out(queue, reader):
    """
    A process that wrote late must not begin a second report about the day.
    """
    queue.run(CountDmarc({ROW: 2}, PERIOD))
    queue.run(CloseReport(due(reader), None, now=T0, reason="nobody wants it"))
    late = CountDmarc({ROW: 2}, PERIOD)
    queue.run(late)
    assert 2 == late.left_out
    assert [("dropped", "nobody wants it", 2)] == queue.select("SELECT state, reason, messages FROM report_sent")


def test_a_report_is_put_off(queue, reader):
    """
    The DNS does not answer.
    """
    queue.run(CountDmarc({ROW: 2}, PERIOD))
    found = due(reader)
    queue.run(PutOffReport(found, PERIOD.end_at + 2 * DAY, "no answer"))
    assert due_period(reader, PERIOD.end_at + DAY) is None
    assert 1 == due(reader, PERIOD.end_at + 3 * DAY).tries


def test_the_rows_have_a_bound(queue, reader):
    """
    Strangers choose the results. The report says how many it leaves out.
    """
    counts = {replace(ROW, source_ip=f"192.0.2.{n}"): 10 for n in range(4)}
    work = CountDmarc(counts, PERIOD, Bounds(rows=2))
    queue.run(work)
    found = due(reader)
    assert (20, 20, 20) == (work.left_out, found.left_out, found.messages)


def test_all_periods_together_have_a_bound(queue):
    """
    Strangers choose the domains, too.
    """
    counts = {replace(ROW, domain=f"{n}.test"): 1 for n in range(4)}
    work = CountDmarc(counts, PERIOD, Bounds(periods=2, all_rows=1))
    queue.run(work)
    assert 3 == work.left_out
    assert [(2,)] == queue.select("SELECT count(*) FROM report_sent")


def test_closed_periods_are_forgotten(queue, reader):
    """
    After the time that [dmarc_reports] keep says.
    """
    queue.run(CountDmarc({ROW: 1}, PERIOD))
    queue.run(CloseReport(due(reader), None, now=T0, reason="x"))
    assert outdated(reader, CLOSED, T0 - 1) is None
    work = outdated(reader, CLOSED, T0)
    assert work is not None
    queue.run(work)
    assert [] == queue.select("SELECT * FROM report_sent")
