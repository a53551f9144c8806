"""Reports of DMARC to other domains: who gets one, what is in it, and that there is one."""

import email
import email.policy
import json
import shutil
import time
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from gevent.event import Event

from empath.authentication.counted import CountedRow
from empath.authentication.signer import Signer
from empath.config import load_config
from empath.daemon.housekeeper.domain_reporter import DomainReporter
from empath.errors import EmpathError, StorageFailure, WriteRefused
from empath.mail.identity import Timestamp
from empath.message.aggregate.carried import find_report
from empath.message.aggregate.dmarc_reading import read_xml
from empath.message.aggregate.tls import read_json
from empath.net.http_client import HttpFailed
from empath.policy.sts import KeptPolicy, StsPolicy
from empath.policy.tls_demand import StsMode
from empath.storage.queue.domain_reports import CountDmarc, Period
from empath.storage.queue.sts_policies import KeepPolicy
from empath.storage.queue.tls_counts import CountTls, TlsCount
from empath.storage.sqlite.engine import SqliteEngine
from empath.telemetry.occurrences.housekeeper import DomainReportDropped, DomainReportPutOff, DomainReportQueued
from tests.authentication.kit import TEXTS, judged, key
from tests.daemon.housekeeper.test_reporter import PlainWriter
from tests.kit.faults import Failure, Fault, Step, run, sampled
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, select, violations
from tests.kit.waiting import DEADLINE_S
from tests.kit.zones import answer
from tests.message.aggregate.kit import check_form

DAY = 86_400
PERIOD = Period.around(T0, DAY)
AFTER = PERIOD.end_at + DAY
TABLE = """
[dmarc_reports]
send = true
address = "dmarc@example.test"
org_name = "Ours"
contact = "https://example.test/"
[tls_reports]
send = true
address = "tls@example.test"
"""
ASKS = "v=DMARC1; p=reject; sp=none; rua=mailto:d@a.test"
ROW = CountedRow(
    *("a.test", ASKS, "192.0.2.1", "reject", "fail", "fail", "", "", "x.a.test", "b.test"),
    dkim_results=json.dumps([["b.test", "s", "pass"]]),
    spf_domain="b.test",
    spf_result="softfail",
)


class Bench:
    """The reporter without a process around it."""

    def __init__(self, folder):
        file = folder / "empath.toml"
        file.write_text(configuration(2525, more=TABLE, routes='"*" = "smtp://127.0.0.1:2526"'))
        self.config = load_config(file)
        self.queue = Queue(self.config.queue.path)
        self.zone: dict[str, Any] = {}
        self.told: list[Any] = []
        self.now = AFTER
        self.signer = Signer({})
        self.posted = []
        self.refuses = False
        self.look_up = lambda asked: answer(self.zone, asked)
        self.monotonic = time.monotonic

    def count(self, record=ASKS, messages=3, **more):
        """What was seen of a domain."""
        row = {name: getattr(ROW, name) for name in CountedRow.__slots__} | {"record": record} | more
        self.queue.run(CountDmarc({CountedRow(**row): messages}, PERIOD))

    def reporter(self, path, reader, writer):
        """The duty on the queue at *path*."""
        runtime: Any = SimpleNamespace(
            signer=self.signer,
            config=self.config,
            rules=SimpleNamespace(router=self.config.router),
            emit=self.told.append,
            writer=writer,
            now=lambda: Timestamp(self.now),
            child=SimpleNamespace(wake_fds=()),
            draining=SimpleNamespace(is_set=lambda: False),
        )
        return DomainReporter(
            *(runtime, reader, self.look_up, self.post),
            clock=lambda: self.now,
            monotonic=self.monotonic,
        )

    def post(self, url, file):
        """A server takes *file*, or not."""
        if self.refuses:
            raise HttpFailed(f"{url}: HTTP status 500")
        self.posted.append((url, file))

    def count_tls(self, kind="sts", domains=("a.test",)):
        """Sessions with the hosts of each of *domains*."""
        counts = {TlsCount(domain, kind, "", "", "", ""): 5 for domain in domains}
        counts |= {TlsCount(domain, kind, "x", "mx", "192.0.2.1", "y"): 1 for domain in domains}
        self.queue.run(CountTls(None, 0, {}), CountTls(0, 1, {PERIOD: counts}))

    def report(self, path=None):
        """One round."""
        path = path or self.queue.path
        with (
            closing(PlainWriter(path)) as writer,
            closing(SqliteEngine(path, max_leases=20).open_reader()) as reader,
        ):
            self.reporter(path, reader, writer).report()

    def mails(self):
        """Recipients and octets of all mail in the queue."""
        statement = (
            "SELECT group_concat(r.address), CAST(m.added_fields || c.octets AS BLOB) FROM _message AS m"
            " JOIN _content AS c USING (message_id) JOIN _recipient AS r USING (message_id) GROUP BY m.message_id"
        )
        return self.queue.select(statement)

    def states(self):
        """What became of the periods."""
        return self.queue.select("SELECT domain, state, sent_to, reason, tries FROM report_sent ORDER BY domain")


@pytest.fixture
def bench(tmp_path):
    """The duty."""
    made = Bench(tmp_path)
    yield made
    made.queue.close()


def test_a_report_tells_what_was_seen(bench):
    """
    It has the form of the RFC, is signed by its domain, and its sender hears of failures.
    """
    bench.signer = Signer({"example.test": [("s", key("r"))]})
    bench.count()
    bench.count(source_ip="2001:db8::1", disposition="none", reason="local_policy", comment="ours", messages=1)
    bench.report()
    [(to, octets)] = bench.mails()
    assert "d@a.test" == to
    xml = find_report([octets])
    check_form(xml)
    report = read_xml(xml)
    assert ("Ours", "dmarc@example.test", "https://example.test/", "a.test", 4) == (
        *(report.org_name, report.email, report.contact, report.domain, report.messages),
    )
    assert {"p": "reject", "sp": "none", "np": "none", "fo": "0", "adkim": "r", "aspf": "r", "testing": "n"} == (
        report.policy
    )
    assert (("b.test", "s", "pass"),) == report.rows[0].dkim_results
    message = email.message_from_bytes(octets, policy=email.policy.default)
    begin, end = PERIOD.begin_at, PERIOD.end_at
    assert f"Report Domain: a.test Submitter: mx.example.test Report-ID: <{report.report_id}>" == message["Subject"]
    [file] = message.iter_attachments()
    assert f"mx.example.test!a.test!{begin}!{end}.xml.gz" == file.get_filename()
    assert "example.test" == message["DKIM-Signature"].partition("d=")[2].partition(";")[0]
    assert [("a.test", "sent", "d@a.test", None, 0)] == bench.states()
    [told] = bench.told
    assert isinstance(told, DomainReportQueued)
    assert ("d@a.test", 4) == (told.to, told.messages)
    assert [("dmarc@example.test", "domain-report")] == bench.queue.select("SELECT sender, listener FROM message")


def test_a_report_is_made_when_it_is_due_and_once(bench):
    """
    The day must be over, and the time of the domain come.
    """
    bench.count()
    bench.now = PERIOD.end_at
    bench.report()
    assert [] == bench.mails()
    bench.now = AFTER
    bench.report()
    bench.report()
    assert 1 == len(bench.mails())


@pytest.mark.parametrize(
    ("rua", "sent_to", "reason"),
    [
        ("mailto:x@other.test", None, "no address takes reports about this domain"),
        ("mailto:x@agrees.test", "x@agrees.test", None),
        ("mailto:x@a.test!10m,mailto:y@a.test!10", "x@a.test", None),
        ("mailto:x@a.test,mailto:y@a.test", "x@a.test y@a.test", None),
        ("https://a.test/", None, "the record names no address"),
    ],
)
def test_only_who_wants_a_report_gets_it(bench, rua, sent_to, reason):
    """
    A host of another organization must agree, and the size must be one that it takes.
    """
    bench.zone = {"a.test._report._dmarc.agrees.test": {"TXT": ["v=DMARC1;"]}}
    bench.count(f"v=DMARC1; p=none; rua={rua}")
    bench.report()
    assert [("a.test", "sent" if sent_to else "dropped", sent_to, reason, 0)] == bench.states()
    assert ([sent_to.replace(" ", ",")] if sent_to else []) == [to for to, _ in bench.mails()]


def test_one_that_is_too_large_for_all_is_dropped(bench):
    """
    The size counts as it is sent, RFC 9990 §3.4.
    """
    bench.count("v=DMARC1; p=none; rua=mailto:x@a.test!10,mailto:y@a.test!20")
    bench.report()
    [(_, state, _, reason, _)] = bench.states()
    assert ("dropped", True) == (state, reason.startswith("each address takes less than its "))
    assert isinstance(bench.told[0], DomainReportDropped)


def test_while_the_dns_does_not_answer_it_is_put_off(bench):
    """
    After some hours it is dropped: the mail of the next day is worth more.
    """
    bench.zone = {"a.test._report._dmarc.slow.test": {"*": "FAILS"}}
    bench.count("v=DMARC1; p=none; rua=mailto:x@slow.test")
    for _ in range(6):
        bench.report()
        bench.now += DAY
    [(_, state, _, reason, tries)] = bench.states()
    assert ("dropped", 4) == (state, tries)
    assert reason.startswith("TXT of a.test._report._dmarc.slow.test: ")
    assert [DomainReportPutOff] * 4 + [DomainReportDropped] == [type(each) for each in bench.told]


def test_a_record_of_many_hosts_costs_a_bounded_number_of_questions(bench):
    """
    Its names are long, and each host has a walk of its own.
    """
    rua = ",".join(f"mailto:x@{'.'.join('abcdefg')}.{n}.a.test" for n in range(20))
    bench.zone = {"_dmarc.a.test": {"TXT": [ASKS]}}
    bench.count(f"v=DMARC1; p=none; rua={rua}")
    bench.report()
    assert 1 == len(bench.mails())


def test_the_questions_about_one_report_have_a_bound_of_time(bench):
    """
    Name servers that take ten seconds for each would keep the reports of others for ten minutes.
    """
    seconds = []

    def look_up(asked):
        seconds.append(10)
        return answer(bench.zone, asked)

    bench.look_up, bench.monotonic = look_up, lambda: sum(seconds)
    bench.zone = {f"a.test._report._dmarc.h{n}.test": {"TXT": ["v=DMARC1"]} for n in range(5)}
    bench.count(f"v=DMARC1; p=none; rua={','.join(f'mailto:x@h{n}.test' for n in range(5))}")
    bench.report()
    [told] = bench.told
    assert (True, 4) == (told.error.endswith("the questions about one report take too long"), len(seconds))


def test_rows_that_are_left_out_are_told(bench):
    """
    RFC 9990 has the element `error` for that.
    """
    bench.count()
    bench.queue.write("UPDATE _report_period SET left_out = 7")
    bench.report()
    [(_, octets)] = bench.mails()
    assert "7 messages with too many different results are left out" == read_xml(find_report([octets])).error


@pytest.mark.parametrize(("step", "failure"), [(Step.STATEMENT, Failure.SIGKILL), (Step.DISK, Failure.ONCE)])
def test_a_kill_between_any_two_statements_leaves_exactly_one_report(bench, tmp_path, step, failure):
    """
    `make properties` kills at each step, `make test` at some.
    """
    bench.count()
    bench.queue.close()

    def operation():
        try:
            bench.report(path)
        except EmpathError as exc:
            return str(exc)
        return None

    shutil.copy(bench.queue.path, path := tmp_path / "whole.db")
    whole = Fault(step, Failure.ONCE, fail_at=0)
    run(operation, whole)
    assert whole.count > 3
    for fail_at in sampled(whole.count, most=4):
        path = tmp_path / f"{step}-{failure}-{fail_at}.db"
        shutil.copy(bench.queue.path, path)
        assert run(operation, Fault(step, failure, fail_at)).was_met
        bench.report(path)
        assert [("sent", 1)] == select(path, "SELECT state, (SELECT count(*) FROM message) FROM report_sent")
        assert {} == violations(path)


def test_the_signature_holds(bench):
    """
    Others refuse a report that DMARC cannot prove.
    """
    bench.signer = Signer({"example.test": [("s", key("r"))]})
    bench.count()
    bench.report()
    [(_, octets)] = bench.mails()
    [result] = judged(octets, {"s._domainkey.example.test": TEXTS["r._domainkey.example.com"]}, AFTER)
    assert "pass" == result.result


WISH = "v=TLSRPTv1; rua=mailto:t@a.test,https://a.test/v1"


def test_a_report_about_tls_goes_by_mail_and_by_https(bench):
    """
    RFC 8460 §5: the fields of its message, and that nothing of TLS keeps it away.
    """
    policy = StsPolicy(StsMode.ENFORCE, 60, ("*.a.test",))
    bench.queue.run(KeepPolicy(KeptPolicy("a.test", "1", policy, T0, T0 + 60, T0)))
    bench.zone = {"_smtp._tls.a.test": {"TXT": [WISH]}}
    bench.count_tls()
    bench.report()
    [(to, octets)] = bench.mails()
    assert "t@a.test" == to
    report = read_json(find_report([octets]))
    [result] = report.policies
    assert ("sts", 5, 1, ("*.a.test",), "mode: enforce") == (
        *(result.kind, result.successes, result.failed, result.mx, result.lines[1]),
    )
    assert ("x", "mx", "192.0.2.1", "y") == (
        *(result.failures[0].result, result.failures[0].host, result.failures[0].receiving_ip),
        result.failures[0].reason,
    )
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert ("a.test", "mx.example.test", "tls@example.test") == (
        *(message["TLS-Report-Domain"], message["TLS-Report-Submitter"], message["From"].addresses[0].addr_spec),
    )
    assert ("multipart/report", "tlsrpt") == (message.get_content_type(), message["Content-Type"].params["report-type"])
    [file] = message.iter_attachments()
    assert ("application/tlsrpt+gzip", True) == (file.get_content_type(), str(file.get_filename()).endswith(".json.gz"))
    [(url, posted)] = bench.posted
    assert ("https://a.test/v1", file.get_content()) == (url, posted)
    assert [("a.test", "sent", "t@a.test https://a.test/v1", None, 0)] == bench.states()
    assert [(0,)] == bench.queue.select("SELECT requires_tls FROM _message")


def test_a_server_that_fails_keeps_no_mail_back(bench):
    """
    The other way is as good.
    """
    bench.refuses = True
    bench.zone = {"_smtp._tls.a.test": {"TXT": [WISH]}}
    bench.count_tls("no-policy-found")
    bench.report()
    assert [("a.test", "sent", "t@a.test", "https://a.test/v1: HTTP status 500", 0)] == bench.states()


def test_a_server_that_fails_is_asked_again(bench):
    """
    Nobody else has the report.
    """
    bench.refuses = True
    bench.zone = {"_smtp._tls.a.test": {"TXT": ["v=TLSRPTv1; rua=https://a.test/v1"]}}
    bench.count_tls()
    bench.report()
    bench.refuses = False
    bench.now += DAY
    bench.report()
    assert [("a.test", "sent", "https://a.test/v1", None, 1)] == bench.states()
    assert ([], 1) == (bench.mails(), len(bench.posted))


def test_a_server_that_hangs_keeps_nobody_else_waiting(bench):
    """
    Neither another server of the same domain, nor the reports of others.
    """
    domains = [f"d{n}.test" for n in range(5)]
    wish = "v=TLSRPTv1; rua=https://slow/{0},https://quick/{0}"
    bench.zone = {f"_smtp._tls.{domain}": {"TXT": [wish.format(domain)]} for domain in domains}
    bench.count_tls(domains=domains)
    quick, all_quick = [], Event()

    def post(url, _file):
        if "slow" not in url:
            quick.append(url)
            if len(quick) == len(domains):
                all_quick.set()
        elif not all_quick.wait(DEADLINE_S):
            raise HttpFailed("the others had to wait")

    bench.post = post
    bench.report()
    assert {("sent", None)} == {(state, reason) for _, state, _, reason, _ in bench.states()}


def test_a_server_that_has_the_report_does_not_get_it_again_while_the_disk_is_full(bench):
    """
    A round begins every five seconds.
    """
    bench.zone = {"_smtp._tls.a.test": {"TXT": [WISH]}}
    bench.count_tls()
    with (
        closing(PlainWriter(bench.queue.path)) as writer,
        closing(SqliteEngine(bench.queue.path, max_leases=20).open_reader()) as reader,
    ):
        commit, failures = writer.commit, [StorageFailure("the disk is full")] * 3

        def fail(work):
            if failures:
                raise failures.pop()
            return commit(work)

        reporter = bench.reporter(bench.queue.path, reader, SimpleNamespace(commit=fail))
        for _ in range(3):
            with pytest.raises(StorageFailure):
                reporter.report()
        reporter.report()
    assert [("a.test", "sent", "t@a.test https://a.test/v1", None, 0)] == bench.states()
    assert 1 == len(bench.posted)


def test_a_report_that_the_database_refuses_keeps_no_other_back(bench):
    """
    It would be the first that is due in each round.
    """
    bench.count()
    with (
        closing(PlainWriter(bench.queue.path)) as writer,
        closing(SqliteEngine(bench.queue.path, max_leases=20).open_reader()) as reader,
    ):
        refusals = [WriteRefused("refused by the database")]

        def commit(work):
            if refusals:
                raise refusals.pop()
            return writer.commit(work)

        bench.reporter(bench.queue.path, reader, SimpleNamespace(commit=commit)).report()
    assert [("a.test", "dropped", None, "refused by the database", 0)] == bench.states()
    assert [DomainReportDropped] == [type(each) for each in bench.told]


@pytest.mark.parametrize(("answers", "state"), [({}, []), ({"*": "FAILS"}, ["open"])])
def test_a_domain_that_asks_for_none_leaves_no_row(bench, answers, state):
    """
    While the DNS does not answer, that is not known.
    """
    bench.zone = {"_smtp._tls.a.test": answers}
    bench.count_tls()
    bench.report()
    assert state == [each[1] for each in bench.states()]
    assert [] == bench.mails()


def test_reports_that_are_turned_off_are_not_sent(bench):
    """
    What was counted before goes.
    """
    off = {"dmarc_reports": bench.config.dmarc_reports, "tls_reports": bench.config.tls_reports}
    bench.config = bench.config.model_copy(update={n: t.model_copy(update={"send": False}) for n, t in off.items()})
    bench.count()
    bench.count_tls()
    bench.report()
    assert [("a.test", "dropped", None, "reports are off", 0)] == bench.states()
