"""The transport that reads reports of other hosts."""

from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.lock import BoundedSemaphore

from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.reports import ReportsCarrier
from empath.errors import EmpathError, QueueBusy, StorageFailure, WriteRefused
from empath.mail.outcome import Outcome
from empath.message.aggregate.carried import MOST_MAIL_OCTETS
from empath.message.aggregate.dmarc import compose_xml
from empath.message.aggregate.mail import gzipped
from empath.telemetry.occurrences.worker import DomainReportReceived, DomainReportUnreadable
from tests.daemon.worker.test_delivery import message
from tests.kit.queue import Queue
from tests.message.aggregate.kit import REPORT as DMARC
from tests.message.aggregate.test_carried import mail
from tests.message.aggregate.test_tls import WHOLE as TLS


@pytest.fixture
def queue(tmp_path):
    """A queue."""
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()


class Bench:
    """The carrier, and what came of it."""

    def __init__(self, queue):
        self.told: Any = []
        self.failure: EmpathError | None = None
        self.turn = BoundedSemaphore()
        self._queue = queue

    def _commit(self, work):
        if self.failure is not None:
            raise self.failure
        self._queue.run(work)

    def carry(self, octets, may_end=True, size=None):
        """Deliver a message; what was said."""
        leased = message(1, recipients=2)
        body = Body(octets, Path("spool"), "inline", len(octets) if size is None else size)
        job = DeliveryJob(leased, leased.recipients, body, lambda: may_end)
        emit: Any = self.told.append
        [attempt] = ReportsCarrier("reports:", self._commit, emit, self.turn).carry(job)
        assert [Outcome.DELIVERED] * 2 == [each.outcome for each in attempt.answers]
        return str(attempt.answers[0].said.reply)


@pytest.fixture
def bench(queue):
    """The carrier."""
    return Bench(queue)


def test_a_report_of_dmarc_is_read_and_kept(queue, bench):
    """
    One that comes again is taken, and counts once.
    """
    octets = mail(gzipped(compose_xml(DMARC, "x")))
    assert "250 2.0.0 the report is read" == bench.carry(octets)
    assert "250 2.0.0 the report was here before" == bench.carry(octets)
    assert [(2,)] == queue.select("SELECT count(*) FROM dmarc_report")
    [told] = bench.told
    assert isinstance(told, DomainReportReceived)
    assert ("dmarc", "a.test", "Ours & Co", 4) == (told.kind, told.domain, told.org_name, told.messages)


def test_a_report_about_tls_is_read_and_kept(queue, bench):
    """
    The same address may take both.
    """
    assert "250 2.0.0 the report is read" == bench.carry(mail(gzipped(TLS), "application/tlsrpt+gzip"))
    assert [(4,)] == queue.select("SELECT count(*) FROM tls_report")
    assert "tls" == bench.told[0].kind


@pytest.mark.parametrize(
    ("header", "domain"),
    [
        (b"TLS-Report-Domain: A.Test\r\n", "a.test"),
        (b"TLS-Report-Domain:\r\n \xff\r\n", ""),
        (b"", ""),
    ],
)
def test_a_report_about_tls_may_name_its_domain_in_the_header_alone(queue, bench, header, domain):
    """
    As reports of Postfix do where there was no policy.
    """
    octets = mail(gzipped(TLS.replace(b'"policy-domain": "a.test"', b'"x": 1')), "application/tlsrpt+gzip")
    assert "250 2.0.0 the report is read" == bench.carry(header + octets)
    assert [(domain,)] == queue.select("SELECT DISTINCT policy_domain FROM tls_report")
    assert domain == bench.told[0].domain


def test_what_cannot_be_read_is_told_and_dropped(queue, bench):
    """
    It would bounce to an address that anybody may have written.
    """
    for octets, size in ((b"Subject: buy\r\n\r\nnow\r\n", None), (b"x", MOST_MAIL_OCTETS + 1)):
        assert "250 2.0.0 there is no report that can be read" == bench.carry(octets, size=size)
    assert [DomainReportUnreadable] * 2 == [type(each) for each in bench.told]
    assert [] == queue.select("SELECT * FROM _received_report")


def test_reports_are_read_one_after_another(queue, bench):
    """
    Ten large ones would take all threads and a gigabyte; also one that cannot be read gives its turn on.
    """
    bench.turn.acquire()
    waiting = [gevent.spawn(bench.carry, octets) for octets in (b"\r\nx", mail(gzipped(TLS)))]
    gevent.sleep(0)
    assert ([False, False], []) == ([each.ready() for each in waiting], bench.told)
    bench.turn.release()
    gevent.joinall(waiting, raise_error=True)
    assert [(4,)] == queue.select("SELECT count(*) FROM tls_report")


def test_what_the_database_refuses_is_dropped(bench):
    """
    It would be tried for days, and then bounce to an address that anybody may have written.
    """
    bench.failure = WriteRefused("queue.db: refused by the database")
    assert "250 2.0.0 there is no report that can be read" == bench.carry(mail(gzipped(TLS)))
    assert ["queue.db: refused by the database"] == [each.error for each in bench.told]


@pytest.mark.parametrize("failure", [StorageFailure("the disk is full"), QueueBusy("locked")])
def test_a_report_that_cannot_be_kept_now_waits(bench, failure):
    """
    That is no fault of the message, which five of them would have held for a person.
    """
    bench.failure = failure
    with pytest.raises(Abandoned):
        bench.carry(mail(gzipped(TLS)))


@pytest.mark.parametrize("octets", [b"\r\nx", mail(gzipped(TLS))])
def test_a_lease_that_is_given_up_keeps_nothing(queue, bench, octets):
    """
    The next one reads it again.
    """
    with pytest.raises(Abandoned):
        bench.carry(octets, may_end=False)
    assert [] == queue.select("SELECT * FROM _received_report")
