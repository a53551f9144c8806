"""
The reporter on a queue of its own: its reports, the notices that they close, and the state after a kill at any
statement.
"""

import contextlib
import email
import email.policy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from empath.authentication.signer import Signer
from empath.config import load_config
from empath.daemon.housekeeper.reporter import Reporter
from empath.errors import EmpathError, StorageFailure
from empath.mail.fate import Said
from empath.mail.identity import QueueId, Timestamp
from empath.mail.outcome import Handover, Stage
from empath.mail.status import RecipientStatus
from empath.storage.queue.put_back import EndLease
from empath.storage.spool import SpoolFile
from empath.storage.sqlite.engine import SqliteEngine
from empath.telemetry.subscribers import emitter
from tests.authentication.kit import judged, key
from tests.kit.faults import Failure, Fault, Step, run, sampled
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, ids, said_by_host, select, violations, write

NOW = T0 + 600
ROUTES = '"example.test" = "smtp://127.0.0.1:2526"\n"a.example" = "discard:"'
DOUBLE = "double-bounce@mx.example.test"


class PlainWriter:
    """Runs writes in the calling thread, in the same way as the writer's thread."""

    def __init__(self, path):
        self._writer = SqliteEngine(path, max_leases=20).open_writer(deadline_s=1.0, notify=lambda: None)
        self.errors = []

    def commit(self, work):
        if self.errors:
            raise self.errors.pop(0)
        self._writer.execute([work])
        if work.error is not None:
            raise work.error
        return work

    def close(self):
        self._writer.close()


class Bench:
    """A reporter without a process around it; `report()` is one round."""

    def __init__(self, folder, more=""):
        file = folder / "empath.toml"
        file.write_text(configuration(2525, more=more, routes=ROUTES))
        self.config = load_config(file)
        self.queue = Queue(self.config.queue.path)
        self.errors = []
        self.signer = Signer({})
        self.clock_s = 0.0  # monotonic seconds of the reporters

    def report(self, path=None):
        """One round on the queue, or on a copy of it at *path*."""
        with self.reporter(path) as reporter:
            reporter.report()

    @contextlib.contextmanager
    def reporter(self, path=None, emit=None):
        """A reporter for several rounds."""
        path = path or self.queue.path
        config = self.config.model_copy(update={"queue": self.config.queue.model_copy(update={"path": path})})
        writer, reader = PlainWriter(path), SqliteEngine(path, max_leases=20).open_reader()
        writer.errors = self.errors
        runtime: Any = SimpleNamespace(
            signer=self.signer,
            config=config,
            rules=SimpleNamespace(book=config.rule_book(), router=config.router),
            emit=emit or emitter("housekeeper-1"),
            writer=writer,
            now=lambda: Timestamp(NOW),
            child=SimpleNamespace(wake_fds=()),
            draining=SimpleNamespace(is_set=lambda: False),
            tracing=None,
        )
        try:
            yield Reporter(runtime, reader, clock=lambda: self.clock_s)
        finally:
            reader.close()
            writer.close()

    def fail(self, *numbers, status=RecipientStatus.BOUNCED):
        """Settle recipients that can be leased."""
        for lease in self.queue.lease():
            mine = [number for number in ids(lease) if number in numbers]
            self.queue.run(
                self.queue.new_settle(lease, status, recipients=mine, is_delayed=status is RecipientStatus.DEFERRED),
                EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1),
            )

    def deliver(self, *numbers):
        """Relay to recipients whose sender wants to hear of it."""
        for lease in self.queue.lease():
            settle = self.queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=numbers)
            settle.fates = tuple(f._replace(wants_notice=True, handover=Handover.RELAYED) for f in settle.fates)
            self.queue.run(
                settle, EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1)
            )

    def reports(self, path=None):
        """Reverse path, recipient, destination and content of each report, oldest first."""
        return self._select(
            path,
            "SELECT reverse_path, address, d.name, octets FROM _message AS m JOIN _recipient AS r USING (message_id)"
            " JOIN _destination AS d USING (destination_id) JOIN _content AS c ON c.message_id = m.message_id"
            " WHERE m.listener = 'report' ORDER BY m.message_id",
        )

    def notices(self, path=None):
        return self._select(path, "SELECT recipient_id, kind FROM _notice ORDER BY notice_id")

    def _select(self, path, statement):
        """Rows of the queue, or of a copy of it at *path*."""
        return self.queue.select(statement) if path is None else select(path, statement)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.queue.close()
    assert {} == violations(made.queue.path)


def named(content):
    """Final recipients of a report, and the types of its parts."""
    found: Any = email.message_from_bytes(content)
    text, status, *rest = found.get_payload()
    final = [block["Final-Recipient"] for block in status.get_payload()[1:]]
    return final, [part.get_content_type() for part in (text, status, *rest)]


def test_all_that_failed_together_share_one_report(bench):
    """
    H5: it is a normal message with a null reverse path, routed like any mail to the sender.
    """
    bench.queue.accept("a.example", "a.example", "b.example")
    bench.fail(1, 2, 3)
    bench.report()
    [(reverse_path, address, destination, content)] = bench.reports()
    assert ("", "sender@example.test", "smtp:127.0.0.1:2526") == (reverse_path, address, destination)
    final, types = named(content)
    assert ["rfc822; r1@a.example", "rfc822; r2@a.example", "rfc822; r3@b.example"] == final
    assert ["text/plain", "message/delivery-status", "message/rfc822"] == types
    assert [] == bench.notices()
    bench.report()
    assert 1 == len(bench.reports())


def test_a_report_is_signed_if_this_host_has_a_key(bench):
    """
    Its signature is a field before the content, as that of other mail.
    """
    bench.signer = Signer({"mx.example.test": [("e", key("e"))]})
    bench.queue.accept("a.example")
    bench.fail(1)
    bench.report()
    [(added, octets, size)] = bench.queue.select(
        "SELECT added_fields, octets, size FROM _message JOIN _content USING (message_id) WHERE listener = 'report'"
    )
    assert len(added) + len(octets) == size
    texts = {"e._domainkey.mx.example.test": key("e").record}
    assert ["pass"] == [str(each.result) for each in judged(added + octets, texts, now=NOW)]


def test_a_later_failure_has_a_report_of_its_own(bench):
    """
    H5: its notice is not open yet when the first report is made.
    """
    bench.queue.accept("a.example", "a.example")
    write(bench.queue.path, "UPDATE _recipient SET next_retry_at = 4e9 WHERE recipient_id = 2")
    bench.fail(1)
    bench.report()
    write(bench.queue.path, "UPDATE queue SET status = 'expired' WHERE recipient_id = 2")
    bench.report()
    assert [["rfc822; r1@a.example"], ["rfc822; r2@a.example"]] == [named(row[3])[0] for row in bench.reports()]


def test_a_report_to_the_postmaster_at_the_hostname_goes_where_the_setting_says(bench):
    """
    The DNS names this host for that address, so the report would come back to it.
    """
    bench.queue.accept("a.example")
    write(bench.queue.path, "UPDATE _message SET reverse_path = 'Postmaster@mx.example.test'")
    bench.fail(1)
    bench.report()
    [(_, address, destination, content)] = bench.reports()
    assert ("admin@example.test", "smtp:127.0.0.1:2526") == (address, destination)
    assert "Postmaster@mx.example.test" in email.message_from_bytes(content)["To"]


def test_a_report_goes_to_the_targets_of_the_alias_of_its_sender(tmp_path):
    """
    RFC 5321 §3.9. The next host knows no alias: it refused the report, and nobody heard of the failure.
    """
    bench = Bench(tmp_path, "[aliases]\nenabled = true\n")
    write(bench.queue.path, "INSERT INTO alias (pattern, target) VALUES ('sender@example.test', 'ann@example.test')")
    write(bench.queue.path, "INSERT INTO alias (pattern, target) VALUES ('sender@example.test', 'bob@a.example')")
    bench.queue.accept("a.example")
    bench.fail(1)
    bench.report()
    told = [("ann@example.test", "smtp:127.0.0.1:2526"), ("bob@a.example", "discard:")]
    assert told == [row[1:3] for row in bench.reports()]
    originals = "SELECT DISTINCT original, original_recipient FROM _recipient WHERE message_id = 2"
    assert [("sender@example.test", "rfc822;sender@example.test")] == select(bench.queue.path, originals)
    write(bench.queue.path, "UPDATE alias SET target = 'sender@a.example' WHERE target = 'bob@a.example'")
    write(bench.queue.path, "INSERT INTO alias (pattern, target) VALUES ('sender@a.example', 'sender@example.test')")
    bench.queue.accept("a.example")
    bench.fail(4)
    bench.report()
    assert ["sender@example.test"] == [row[1] for row in bench.reports()[2:]]
    bench.queue.close()


def test_a_report_is_written_in_the_words_and_the_language_of_a_template(tmp_path):
    """
    A template with a mistake stops no report: the text that is built in takes its place, and the log says so.
    """
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "failure.de.txt").write_text("Subject: Unzustellbar: $subject\n\nGr\u00fc\u00dfe!\n$recipients\n")
    (folder / "failure.txt").write_text("Subject: $who\n\n$recipients\n")
    bench = Bench(tmp_path, '[reports]\ntemplates = "reports"\n')
    for number, header in enumerate((b"Accept-Language: de-AT\r\n", b"Accept-Language: fr\r\n"), start=1):
        bench.queue.accept("a.example", content=b"%bSubject: x\r\n\r\ny\r\n" % header)
        bench.fail(2 * number - 1)
        bench.report()
    heard: list[Any] = []
    with bench.reporter(emit=heard.append):
        pass
    german, other = (email.message_from_bytes(row[3], policy=email.policy.default) for row in bench.reports())
    assert ("Unzustellbar: x", "Undelivered mail returned to sender") == (german["Subject"], other["Subject"])
    assert next(german.iter_parts()).get_content().startswith("Gr\u00fc\u00dfe!")
    [unusable] = heard
    assert unusable.error.startswith(f"{folder}/failure.txt:1: there is no placeholder $who")
    bench.queue.close()


def test_a_report_that_fails_is_no_mail_to_the_postmaster(bench):
    """
    H6: a flood of failing reports must not become a flood of mail. The audit records each failure.
    """
    bench.queue.accept("a.example")
    bench.fail(1)
    bench.report()
    write(bench.queue.path, "UPDATE queue SET status = 'bounced'")
    bench.report()
    assert ["sender@example.test"] == [row[1] for row in bench.reports()]
    assert [] == bench.notices()
    assert [(2, "failure", "discarded")] == select(
        bench.queue.path, "SELECT recipient_id, before, after FROM _audit WHERE what = 'report'"
    )


def test_a_digest_names_as_many_failures_as_it_may_and_counts_the_others(tmp_path):
    """
    One message lists the failures of a period. It comes from the double-bounce address, so that its own failure causes
    no mail.
    """
    more = '[reports]\nwithout_sender = "digest"\ndigest_period = "1h"\ndigest_messages = 2\n'
    bench = Bench(tmp_path, more)
    bench.queue.accept("a.example", count=5)
    write(bench.queue.path, "UPDATE _message SET reverse_path = ''")
    write(bench.queue.path, "UPDATE queue SET status = 'bounced'")
    with bench.reporter() as reporter:
        reporter.report()
        assert [] == bench.reports()
        assert [(1, "failure"), (2, "failure")] == bench.notices()
        bench.clock_s += 3600
        reporter.report()
    [(reverse_path, address, _, content)] = bench.reports()
    assert (DOUBLE, "admin@example.test", []) == (reverse_path, address, bench.notices())
    assert (2, True) == (content.count(b"administratively bounced"), b"3 further messages failed" in content)
    write(bench.queue.path, "UPDATE queue SET status = 'bounced'")
    bench.report()
    assert (1, []) == (len(bench.reports()), bench.notices())
    bench.queue.close()


@pytest.mark.parametrize(("stage", "expected"), [("end-of-data", 2), ("rcpt", 1)])
def test_a_report_that_is_refused_for_its_form_goes_again_with_the_header_alone(bench, stage, expected):
    """
    Otherwise a host that refuses quoted mail would leave the sender without a report. A refused address stays refused.
    """
    bench.queue.accept("a.example")
    bench.fail(1)
    bench.report()
    for _ in range(2):
        for lease in bench.queue.lease(now=NOW + 1):
            said = Said(Stage(stage), said_by_host("550 5.7.1 no such content"))
            settle = bench.queue.new_settle(lease, RecipientStatus.BOUNCED)
            settle.fates = tuple(fate._replace(said=said, wants_notice=True) for fate in settle.fates)
            bench.queue.run(
                settle, EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1)
            )
        bench.report()
    assert expected == len(bench.reports())
    assert ["message/rfc822", "text/rfc822-headers"][:expected] == [named(row[3])[1][-1] for row in bench.reports()]
    assert {("", "sender@example.test")} == {row[:2] for row in bench.reports()}


def test_g4_the_report_on_a_message_with_requiretls_has_its_header_only(bench):
    """
    RFC 8689 §5: the report may go in the clear, and must not carry the content there.
    """
    bench.queue.accept("a.example")
    write(bench.queue.path, "UPDATE _message SET requires_tls = 1, dsn_return = 'FULL'")
    bench.fail(1)
    bench.report()
    [(*_, content)] = bench.reports()
    assert ("text/rfc822-headers", False) == (named(content)[1][-1], b"\r\ny\r\n" in content)


def test_a_success_is_reported_with_the_header_which_is_kept_until_then(bench):
    """
    H4, D2: the content of mail that all recipients have got is forgotten at once otherwise. After the report it is.
    """
    bench.queue.accept("a.example", "a.example")
    bench.deliver(1, 2)
    inline = "SELECT content_locator, EXISTS (SELECT 1 FROM _content WHERE message_id = 1) FROM _message"
    inline += " WHERE message_id = 1"
    assert [("inline", 1)] == select(bench.queue.path, inline)
    bench.report()
    [(*_, content)] = bench.reports()
    final, types = named(content)
    assert (["rfc822; r1@a.example", "rfc822; r2@a.example"], "text/rfc822-headers") == (final, types[-1])
    assert (b"Action: relayed", b"Subject: x") == tuple(
        line for line in content.split(b"\r\n") if line in (b"Action: relayed", b"Subject: x")
    )[-2:]
    assert [(None, 0)] == select(bench.queue.path, inline)


def test_a_delay_is_reported_with_the_header_only(bench):
    """
    H4, I3: and only once.
    """
    bench.queue.accept("a.example")
    write(bench.queue.path, "UPDATE _recipient SET notify = 'DELAY'")
    bench.fail(1, status=RecipientStatus.DEFERRED)
    bench.report()
    [(*_, content)] = bench.reports()
    assert (["rfc822; r1@a.example"], "text/rfc822-headers") == (named(content)[0], named(content)[1][-1])
    assert [(NOW,)] == select(bench.queue.path, "SELECT delay_reported_at FROM _message WHERE message_id = 1")


def test_a_delay_that_is_over_leaves_no_report(bench):
    """
    Its notice is removed without a report.
    """
    bench.queue.accept("a.example")
    write(bench.queue.path, "UPDATE _recipient SET notify = 'DELAY'")
    bench.fail(1, status=RecipientStatus.DEFERRED)
    write(bench.queue.path, "UPDATE queue SET status = 'cancelled'")
    bench.report()
    assert ([], []) == (bench.reports(), bench.notices())


@pytest.mark.parametrize(
    ("size", "expected"), [(50_000, "message/rfc822"), (50_001, "text/rfc822-headers"), (None, None)]
)
def test_a_large_original_comes_from_its_file(bench, size, expected):
    """
    H4, H7: the original is returned whole up to 50,000 octets, else only its header. If the file is lost, the report
    has no original.
    """
    queue_id = QueueId.make(Timestamp(T0), bytes(10))
    file = SpoolFile(bench.config.queue.spool, "mx.example.test", queue_id)
    if size is not None:
        bench.config.queue.spool.mkdir()
        head = b"Subject: large\r\n\r\n"
        file.write(head + (b"y" * 98 + b"\r\n") * (-(-(size - len(head)) // 100)))
        file.complete()
        file.close()
        with file.path.open("r+b") as opened:
            opened.truncate(size - 2)
            opened.seek(size - 2)
            opened.write(b"\r\n")
    bench.queue.accept("a.example", content=None, size=size or 1, locator=file.locator, queue_id=queue_id)
    bench.fail(1)
    bench.report()
    [(*_, content)] = bench.reports()
    assert [expected] * (size is not None) == named(content)[1][2:]
    assert size is None or b"\r\nSubject: large\r\n" in content


def test_a_report_that_cannot_be_queued_is_tried_again(bench):
    """
    H7: the next report does not wait for it.
    """
    bench.queue.accept("a.example", count=2)
    write(bench.queue.path, "UPDATE queue SET status = 'bounced'")
    bench.errors = [StorageFailure("disk full")]
    bench.report()
    assert (1, [(1, "failure")]) == (len(bench.reports()), bench.notices())
    bench.report()
    assert (2, []) == (len(bench.reports()), bench.notices())


def test_a_report_to_a_sender_without_a_route_waits_for_one(bench):
    """
    It waits under the destination for mail without a route, and expires there unless a route is added.
    """
    bench.queue.accept("a.example")
    write(bench.queue.path, "UPDATE _message SET reverse_path = 'x@nowhere.example'")
    bench.fail(1)
    bench.report()
    assert ["no-route:"] == [row[2] for row in bench.reports()]


@pytest.mark.parametrize(
    ("step", "failure", "kind"),
    [
        (Step.STATEMENT, Failure.SIGKILL, "failure"),
        (Step.DISK, Failure.SIGKILL, "failure"),
        (Step.STATEMENT, Failure.ONCE, "failure"),
        (Step.STATEMENT, Failure.SIGKILL, "success"),
        (Step.STATEMENT, Failure.SIGKILL, "delay"),
    ],
)
def test_a_kill_between_any_two_statements_leaves_exactly_one_report(bench, tmp_path, step, failure, kind):
    """
    H5: the next housekeeper finds the notices and no report, or the report and no notices. `make properties` kills at
    each step, `make test` at some.
    """
    bench.queue.accept("a.example", "a.example")
    if kind == "success":
        bench.deliver(1, 2)
    else:
        write(bench.queue.path, "UPDATE _recipient SET notify = NULL")
        status = RecipientStatus.BOUNCED if kind == "failure" else RecipientStatus.DEFERRED
        bench.fail(1, 2, status=status)
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
    assert whole.count > 5
    for fail_at in sampled(whole.count, most=4):
        path = tmp_path / f"{step}-{failure}-{fail_at}.db"
        shutil.copy(bench.queue.path, path)
        assert run(operation, Fault(step, failure, fail_at)).was_met
        met = f"{step} {fail_at} failed {failure}"
        assert ([(1, kind), (2, kind)], 0) == (bench.notices(path), len(bench.reports(path))) or (
            ([], 1) == (bench.notices(path), len(bench.reports(path)))
        ), met
        bench.report(path)
        [(*_, content)] = bench.reports(path)
        assert ["rfc822; r1@a.example", "rfc822; r2@a.example"] == named(content)[0], met
        assert ([], {}) == (bench.notices(path), violations(path)), met
        for file in Path(tmp_path).glob(f"{path.name}*"):
            file.unlink()
