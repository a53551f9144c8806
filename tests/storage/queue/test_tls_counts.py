"""Sessions of TLS, counted from attempts."""

import pytest

from empath.policy.tls_results import TlsResult
from empath.storage.queue.domain_reports import Bounds, CloseReport, Period, due_period
from empath.storage.queue.tls_counts import CountPolicyFailure, ForgetPeriod, TlsCount, count_tls, tls_rows
from tests.kit.queue import T0

DAY = 86_400
PERIOD = Period.around(T0, DAY)


@pytest.fixture
def reader(queue):
    """Reads the queue."""
    made = queue.engine.open_reader()
    yield made
    made.close()


@pytest.fixture
def counting(queue, reader):
    """A queue whose attempts are counted from now on."""

    def count(**more):
        work = count_tls(reader, DAY, **more)
        if work is not None:
            queue.run(work)
        return work

    queue.accept("a.test", "a.test", "smtp:b.test:25")
    count()
    return count


def due(reader):
    """The period that is due."""
    found = due_period(reader, PERIOD.end_at + DAY)
    assert found is not None
    return found


def attempt(
    queue, recipient=1, *, destination="a.test", version="TLSv1.3", failure=None, started_at=T0, policy="may by x"
):
    """An attempt for a recipient."""
    queue.write(
        "INSERT INTO _attempt (recipient_id, process_id, lease_id, destination, started_at, duration_s, host,"
        " peer_address, stage, text, tls_policy, tls_version, tls_failure, outcome, decided_status)"
        " VALUES (?, 1, 1, ?, ?, 0.1, 'mx.a.test', '[2001:db8::1]:25', 'end-of-data', '250 Ok', ?, ?, ?, 'delivered',"
        " 'unchanged')",
        *(recipient, destination, started_at, policy, version, failure),
    )
    queue.write("UPDATE _recipient SET attempts = attempts + 1 WHERE recipient_id = ?", recipient)


def test_a_session_counts_once_however_many_recipients_it_had(queue, reader, counting):
    """
    Each recipient has a row of its own.
    """
    attempt(queue, 1)
    attempt(queue, 2)
    attempt(queue, 1, started_at=T0 + 1, version=None, failure="x has expired")
    attempt(queue, 3, destination="smtp:b.test:25")
    counting()
    counting()
    period = due(reader)
    assert ("tls", "a.test", 2) == (period.kind, period.domain, period.messages)
    assert [
        (TlsCount("a.test", "no-policy-found", "", "", "", ""), 1),
        (
            TlsCount("a.test", "no-policy-found", "certificate-expired", "mx.a.test", "2001:db8::1", "x has expired"),
            1,
        ),
    ] == tls_rows(reader, period)


def test_attempts_of_before_and_those_of_reports_do_not_count(queue, reader, counting):
    """
    A report about the mail of a report would never end.
    """
    queue.write("UPDATE _message SET listener = 'domain-report'")
    attempt(queue, 1)
    counting()
    assert [] == queue.select("SELECT * FROM report_sent")
    assert counting() is None


def test_the_first_look_counts_nothing(queue, reader):
    """
    The attempts in the queue may be of any day.
    """
    queue.accept("a.test")
    attempt(queue)
    work = count_tls(reader, DAY)
    queue.run(work)
    assert [] == queue.select("SELECT * FROM report_sent")
    assert count_tls(reader, DAY) is None


def test_a_slice_counts_once_whoever_counts_it(queue, reader, counting):
    """
    Two housekeepers may live for a moment.
    """
    attempt(queue)
    first, second = count_tls(reader, DAY), count_tls(reader, DAY)
    queue.run(first, second)
    assert [(1,)] == queue.select("SELECT messages FROM report_sent")


def test_a_host_that_could_not_be_reached_has_no_session(queue, counting):
    """
    There is nothing to tell of TLS.
    """
    attempt(queue, version=None, policy="none by x")
    counting()
    assert [] == queue.select("SELECT * FROM report_sent")


def test_the_rows_have_a_bound(queue, reader, counting):
    """
    Words of a failure may differ each time.
    """
    for number in range(3):
        attempt(queue, failure=f"failure {number}", started_at=T0 + number)
    counting(bounds=Bounds(rows=2))
    assert [(2, 1)] == queue.select("SELECT messages, left_out FROM report_sent")
    queue.run(ForgetPeriod(due(reader)))
    attempt(queue)
    counting(bounds=Bounds(periods=0))
    assert [] == queue.select("SELECT * FROM report_sent")


def test_a_policy_that_cannot_be_read_counts_beside_the_sessions(queue, reader, counting):
    """
    RFC 8460 §4.3.2.2. It is in the report about the policy, though no host was asked.
    """
    attempt(queue)
    counting()
    failed = TlsResult("sts", "sts-policy-fetch-error", "HTTP status 404")
    queue.run(CountPolicyFailure("a.test", failed, T0), CountPolicyFailure("a.test", failed, T0 + 1))
    period = due(reader)
    assert 3 == period.messages
    assert [
        (TlsCount("a.test", "sts", "sts-policy-fetch-error", "", "", "HTTP status 404"), 2),
        (TlsCount("a.test", "no-policy-found", "", "", "", ""), 1),
    ] == tls_rows(reader, period)


def test_a_domain_that_wants_no_report_leaves_nothing(queue, reader, counting):
    """
    Nearly all domains want none.
    """
    attempt(queue)
    counting()
    period = due(reader)
    queue.run(ForgetPeriod(period))
    for table in ("_report_period", "_tls_count"):
        assert [] == queue.select(f"SELECT * FROM {table}")


def test_a_report_takes_its_counts_with_it(queue, reader, counting):
    """
    As those of DMARC.
    """
    attempt(queue)
    counting()
    queue.run(CloseReport(due(reader), None, now=T0, reason="x"))
    assert [] == queue.select("SELECT * FROM _tls_count")
