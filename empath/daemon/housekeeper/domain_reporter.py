"""
domain_reporter - the duty that makes the reports about a period to other domains

For each period: read, ask who wants the report, compose in a thread, commit.  The commit decides, see
storage/queue/domain_reports.py.  What cannot be found out now is tried again later, a few times.

Name servers and HTTPS servers of strangers may take their time.  So several reports are made at once, and each has a
bound of questions, and of the time for them and for the servers: ten thousand such domains keep no report for longer
than a day.

A report about TLS that a server takes by HTTPS is sent before the commit: if this process dies between, the server gets
it twice, with the same id.  If the commit fails, such as on a full disk, this process knows which servers have it.
"""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import gevent
from gevent.pool import Pool

from empath.authentication.dmarc import DnsFailed
from empath.authentication.dmarc_record import find_record
from empath.authentication.report_uris import ReportUri, agreed_uris, parse_uris
from empath.config.tables.domain_reports import DmarcReports, TlsReports
from empath.daemon.housekeeper.own_mail import OwnMail
from empath.daemon.process.domain_reports import GENERATOR, dmarc_report, tls_report
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError, WriteRefused
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import Recipient
from empath.mail.identity import QueueId
from empath.mail.lookup import Failed, Kind, LookupAnswer, Question, Texts
from empath.message.aggregate.dmarc import compose_xml
from empath.message.aggregate.mail import ReportMail, compose_mail, gzipped
from empath.message.aggregate.tls import compose_json
from empath.net.http_client import HttpFailed
from empath.net.wakeup import wake
from empath.policy.tlsrpt import read_wish, record_name
from empath.storage.engine import Reader
from empath.storage.queue.accept import Accept
from empath.storage.queue.domain_reports import CloseReport, DuePeriod, PutOffReport, due_period
from empath.storage.queue.tls_counts import ForgetPeriod
from empath.storage.write import Write
from empath.telemetry.occurrences.housekeeper import DomainReportDropped, DomainReportPutOff, DomainReportQueued

LISTENER: Final = "domain-report"  # in place of the listener that other messages name
TLS_TYPE: Final = "application/tlsrpt+gzip"
_MOST_FILE_OCTETS: Final = 10 * 1024 * 1024  # of a file that anybody takes
_MOST_QUESTIONS: Final = 60  # about one report
_QUESTIONS_S: Final = 30.0  # for all of them
_AT_ONCE: Final = 10  # reports
_MOST_TRIES: Final = 5
_AGAIN_S: Final = 1800.0
_FEW_ROWS: Final = 100

LookUp = Callable[[Question], LookupAnswer]
Post = Callable[[str, bytes], None]  # a URL and a file; raises HttpFailed


class _Made(NamedTuple):
    """A report, and who gets it by mail and by HTTPS."""

    mail: ReportMail
    file: bytes
    uris: Sequence[ReportUri]
    urls: Sequence[str] = ()
    requires_tls: bool | None = None


class DomainReporter:
    """Makes the reports that are due."""

    def __init__(
        self,
        runtime: Runtime,
        reader: Reader,
        look_up: LookUp,
        post: Post,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        *reader* reads the queue, in the hub; *look_up* asks the DNS; *clock* gives Unix seconds, and *monotonic* those
        that no step of the clock changes.
        """
        self._runtime = runtime
        self._reader = reader
        self._look_up = look_up
        self._post = post
        self._clock = clock
        self._monotonic = monotonic
        self._taken: dict[int, set[str]] = {}  # URLs that have the report of a period, until that is on the disk
        self._mail = OwnMail(runtime, reader)

    def report(self) -> None:
        """
        Make the reports that are due.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written.
        """
        pool = Pool(_AT_ONCE)
        under_way: set[int] = set()
        failures: list[Exception] = []

        def make(period: DuePeriod) -> None:
            try:
                self._make(period)
            except Exception as exc:  # noqa: BLE001 - it is raised below
                failures.append(exc)
            finally:
                under_way.remove(period.id)

        try:
            while not failures and not self._runtime.draining.is_set():
                period = due_period(self._reader, self._clock(), under_way)
                if period is None:
                    break
                under_way.add(period.id)
                pool.spawn(make, period)
                pool.wait_available()
        finally:
            pool.join()
        if failures:
            raise failures[0]

    def _make(self, period: DuePeriod) -> None:
        try:
            work = self._work_of_tls(period) if period.kind == "tls" else self._work_of_dmarc(period)
        except (DnsFailed, HttpFailed) as exc:
            work = self._put_off(period, str(exc))
        try:
            self._runtime.writer.commit(work)
        except WriteRefused as exc:  # today and tomorrow, and those that are due later would wait behind it
            work = self._drop(period, str(exc))
            self._runtime.writer.commit(work)
        self._taken.pop(period.id, None)
        if isinstance(work, CloseReport) and not work.is_stale:
            wake(self._runtime.child.wake_fds)
            self._runtime.emit(_told(period, work))

    def _work_of_dmarc(self, period: DuePeriod) -> Write:
        settings = self._runtime.config.dmarc_reports
        record = find_record([period.policy])
        uris = [] if record is None else parse_uris(record.rua)
        if not settings.send:
            return self._drop(period, "reports are off")
        if not uris:
            return self._drop(period, "the record names no address")
        uris = self._agreed(period.domain, uris)
        if not uris:
            return self._drop(period, "no address takes reports about this domain")
        report = dmarc_report(self._runtime.config, self._reader, period)
        if not report.rows:
            return self._drop(period, "there is nothing to tell")
        file = _made(len(report.rows), lambda: gzipped(compose_xml(report, GENERATOR)))
        mail = ReportMail(
            **self._envelope(settings, period, report.org_name, report.report_id),
            words=(
                f"This is a DMARC aggregate report about {report.domain}, by {report.org_name}.",
                f"It tells of {report.messages} messages.",
            ),
            file_name=self._file_name(period, "xml.gz"),
            file=file,
            media_type="application/gzip",
            multipart="multipart/mixed",
        )
        return self._close(period, _Made(mail, file, uris))

    def _work_of_tls(self, period: DuePeriod) -> Write:
        settings = self._runtime.config.tls_reports
        if not settings.send:
            return ForgetPeriod(period)
        question = Question(record_name(period.domain), Kind.TXT)
        answer = self._look_up(question)
        if isinstance(answer, Failed):
            raise DnsFailed(f"TXT of {question.name}: {answer.why}")
        wish = read_wish(answer.records) if isinstance(answer, Texts) else None
        report = tls_report(self._runtime.config, self._reader, period)
        if wish is None or not report.policies:  # nearly all domains: a row of each would only fill the view
            return ForgetPeriod(period)
        file = _made(period.messages, lambda: gzipped(compose_json(report)))
        submitter = str(self._runtime.config.hostname)
        mail = ReportMail(
            **self._envelope(settings, period, report.org_name, report.report_id),
            words=(
                f"This is a report about TLS with the hosts of {period.domain}, by {report.org_name}.",
                f"It tells of {report.sessions} sessions.",
            ),
            file_name=self._file_name(period, "json.gz"),
            file=file,
            media_type=TLS_TYPE,
            multipart='multipart/report; report-type="tlsrpt"',
            more=(("TLS-Report-Domain", period.domain), ("TLS-Report-Submitter", submitter)),
        )
        uris = [ReportUri(address) for address in wish.addresses]
        # RFC 8460 §3: what is wrong with TLS must not keep its report away.
        return self._close(period, _Made(mail, file, uris, wish.urls, requires_tls=False))

    def _close(self, period: DuePeriod, made: _Made) -> Write:
        if len(made.file) > _MOST_FILE_OCTETS:
            return self._drop(period, f"its file has {len(made.file)} octets, which is too large")
        queue_id = QueueId.make(self._runtime.now(), os.urandom(10))
        content = self._content(made.mail, made.uris, queue_id)
        fit = [uri for uri in made.uris if uri.most_octets is None or len(content) <= uri.most_octets]
        if not fit and not made.urls:
            return self._drop(period, f"each address takes less than its {len(content)} octets")
        taken, failure = self._posted(period, made)
        if failure is not None and not taken and not fit:
            raise failure
        message = None
        if fit:
            content = content if len(fit) == len(made.uris) else self._content(made.mail, fit, queue_id)
            recipients: dict[Address, Recipient] = {}
            for uri in fit:
                recipients |= {each.address: each for each in self._mail.recipients_for(uri.address)}
            message = Accept(
                self._mail.message(
                    queue_id, (*recipients.values(),), ReversePath(Address.parse(made.mail.sender)), content,
                    listener=LISTENER, requires_tls=made.requires_tls,
                )
            )  # fmt: skip
        return CloseReport(
            period,
            message,
            now=self._clock(),
            report_id=made.mail.report_id,
            sent_to=[*(str(uri.address) for uri in fit), *taken],
            octets=len(made.file),
            reason=None if failure is None else str(failure),
        )

    def _posted(self, period: DuePeriod, made: _Made) -> tuple[list[str], HttpFailed | None]:
        """The URLs that took the file, and why one of the others did not."""
        taken = self._taken.setdefault(period.id, set())
        failures: list[HttpFailed] = []
        faults: list[EmpathError] = []  # of this host

        def post(url: str) -> None:
            try:
                self._post(url, made.file)
                taken.add(url)
            except HttpFailed as exc:
                failures.append(exc)
            except EmpathError as exc:
                faults.append(exc)

        gevent.joinall([gevent.spawn(post, url) for url in made.urls if url not in taken], raise_error=True)
        if faults:
            raise faults[0]
        return [url for url in made.urls if url in taken], next(iter(failures), None)

    def _drop(self, period: DuePeriod, reason: str) -> CloseReport:
        return CloseReport(period, None, now=self._clock(), reason=reason)

    def _put_off(self, period: DuePeriod, why: str) -> Write:
        if period.tries + 1 >= _MOST_TRIES:
            return self._drop(period, why)
        self._runtime.emit(DomainReportPutOff(kind=period.kind, domain=period.domain, error=why))
        return PutOffReport(period, self._clock() + _AGAIN_S * 2**period.tries, why)

    def _agreed(self, domain: str, uris: list[ReportUri]) -> list[ReportUri]:
        steps = agreed_uris(domain, uris)
        left, ends_at = _MOST_QUESTIONS, self._monotonic() + _QUESTIONS_S
        try:
            question = next(steps)
            while True:
                left -= 1
                if left < 0:
                    answer: LookupAnswer = Failed("too many questions about one report")
                elif self._monotonic() > ends_at:
                    answer = Failed("the questions about one report take too long")
                else:
                    answer = self._look_up(question)
                question = steps.send(answer)
        except StopIteration as stop:
            found: list[ReportUri] = stop.value
            return found

    def _envelope(
        self, settings: DmarcReports | TlsReports, period: DuePeriod, org_name: str, report_id: str
    ) -> dict[str, Any]:
        return {
            "org_name": org_name,
            "sender": str(settings.address),
            "subject_domain": period.domain,
            "submitter": str(self._runtime.config.hostname),
            "report_id": report_id,
        }

    def _file_name(self, period: DuePeriod, extension: str) -> str:
        return f"{self._runtime.config.hostname}!{period.domain}!{period.begin_at}!{period.end_at}.{extension}"

    def _content(self, mail: ReportMail, uris: Sequence[ReportUri], queue_id: QueueId) -> bytes:
        message_id = f"{queue_id}@{self._runtime.config.hostname}"
        to = [str(uri.address) for uri in uris]
        return compose_mail(mail, to, message_id=message_id, boundary=f"=_{queue_id}", at=self._runtime.now())


def _told(period: DuePeriod, work: CloseReport) -> DomainReportQueued | DomainReportDropped:
    if work.sent_to:
        return DomainReportQueued(
            kind=period.kind, domain=period.domain, report=work.ulid, to=work.sent_to, messages=period.messages
        )
    return DomainReportDropped(kind=period.kind, domain=period.domain, error=work.reason or "")


def _made(rows: int, make: Callable[[], bytes]) -> bytes:
    """The file that *make* makes; of many *rows* in a thread, so that other duties go on."""
    return make() if rows <= _FEW_ROWS else in_thread(make)
