"""What traces show of an attempt, over real connections to scripted hosts."""

import pytest

from empath.daemon.process.child import Child
from empath.daemon.process.tracing import Tracing
from empath.daemon.worker.cargo import Cargo
from empath.daemon.worker.lease_trace import LeaseTrace
from empath.daemon.worker.marks import Marks
from empath.daemon.worker.transport.carrier import Answer, HostAttempt
from empath.mail.fate import Attempt, Said
from empath.mail.identity import Timestamp
from empath.mail.outcome import Outcome, Stage
from empath.mail.reply import Reply
from empath.policy.hosts.search import Host
from empath.policy.tracing.context import TraceContext, trace_id_of
from empath.policy.tracing.stages import stage_times
from empath.storage.queue.accept import INLINE
from empath.storage.queue.lease import Lease, LeasedMessage, LeasedRecipient
from empath.storage.queue.tracing import KeepTrace
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import TracesUnexported
from tests.config.test_tracing import read
from tests.daemon.worker.kit import MAIL
from tests.kit.peer import END_OF_DATA, ScriptedPeer

ULID = "01JD3KQ9XWV5N8T2RZC4E6MBHA"
_NEVER = 'endpoint = "http://127.0.0.1:4318"\nratio = 0.0\nslow = "10s"\n'


@pytest.fixture
def tracing(tmp_path):
    """That of a process which traces what failed or was slow."""
    return Tracing(read(tmp_path, _NEVER))


@pytest.fixture
def pool(make_pool):
    """Connections to scripted peers."""
    return make_pool()


def message(traceparent=None):
    """A leased message with one recipient."""
    made = LeasedMessage(
        1, ULID, "s@b.test", 1, Timestamp(1.0), "7BIT", False, False, None, None, INLINE, b"", ""
    )  # fmt: skip
    made.traceparent = traceparent
    made.recipients.append(LeasedRecipient(1, "c@d.test", "d.test", 0, Timestamp(4e9), None, None))
    return made


def attempt(pool, peer, leased, marks):
    """An attempt with *peer*, as a carrier makes it."""
    result = pool.send(
        Host("peer.test", peer.host, peer.port),
        MAIL,
        lambda: iter((b"text\r\n",)),
        lambda: True,
        cargo=Cargo("d.test", leased, marks),
    )
    said = result.results[1]
    outcome = Outcome.DELIVERED if said.reply.klass == 2 else Outcome.DEFERRED
    return HostAttempt(Attempt("d.test", 1.0, 0.5), [Answer(leased.recipients[0], said, outcome)], marks=marks)


def names(spans):
    """The names of spans."""
    return [span.name.name for span in spans]


def test_a_failure_is_traced_and_keeps_its_trace_for_later(pool, tracing):
    """
    Its commit writes that, and the end of its connection is in it, too.
    """
    lease, first = Lease(3, "d.test", False, []), message()
    with ScriptedPeer().reply(END_OF_DATA, "451 4.3.0 Later") as peer:
        trace = LeaseTrace(tracing, lease)
        trace.begin(first)
        assert tracing.traced.find(first) is None
        kept = trace.judge(first, [attempt(pool, peer, first, Marks())])
        context = tracing.traced.find(first)
        assert context is not None
        trace.written(10.0, 11.0)
        assert tracing.traced.find(first) is None
        pool.close_idle(all_of_them=True)
    assert isinstance(kept, KeepTrace)
    spans = tracing.spans.take()
    stages = ["smtp.connect", "smtp.ehlo", "smtp.mail", "smtp.rcpt", "smtp.data"]
    assert ["mail.lease", "mail.attempt", *stages, "mail.settle", "smtp.quit"] == names(spans)
    assert {trace_id_of(ULID)} == {span.context.trace_id for span in spans}
    by_name = {span.name.name: span for span in spans}
    assert (None, context.span_id) == (by_name["mail.lease"].parent_id, by_name["mail.settle"].parent_id)
    assert "451 4.3.0 Later" == by_name["mail.lease"].error == by_name["mail.attempt"].error
    assert {by_name["mail.attempt"].context.span_id} == {by_name[name].parent_id for name in (*stages, "smtp.quit")}


def test_what_is_delivered_is_traced_if_its_row_says_so(pool, tracing):
    """
    A client may say that it is not, and its trace waits for a failure. What is no place in a trace does not count.
    """
    given = TraceContext("4" * 32, "5" * 16, is_sampled=True)
    with ScriptedPeer() as peer:
        for text in (None, "no place", str(given._replace(is_sampled=False)), str(given)):
            trace, leased = LeaseTrace(tracing, Lease(3, "d.test", False, [])), message(text)
            trace.begin(leased)
            assert (tracing.traced.find(leased) is None) == (text != str(given))
            assert trace.judge(leased, [attempt(pool, peer, leased, Marks())]) is None
            assert trace.waits == (text == str(given))
    trace.written(1.0, 2.0)
    [lease, *_] = spans = tracing.spans.take()
    assert ("4" * 32, "5" * 16, None) == (lease.context.trace_id, lease.parent_id, lease.error)
    assert {"4" * 32} == {span.context.trace_id for span in spans}


def test_a_lease_that_breaks_off_leaves_no_message_behind(tracing):
    """
    Lines about it later are no part of its trace.
    """
    leased = message(str(TraceContext("4" * 32, "5" * 16, is_sampled=True)))
    trace = LeaseTrace(tracing, Lease(3, "d.test", False, [leased]))
    trace.begin(leased)
    trace.close()
    assert tracing.traced.find(leased) is None


def test_marks_without_a_stage_are_none(tracing):
    """
    The attempt is traced all the same.
    """
    marks, leased = Marks(), message()
    marks.add(None, 1.0)
    trace = LeaseTrace(tracing, Lease(3, "d.test", False, []))
    trace.begin(leased)
    trace.judge(leased, [failure(leased, marks)])
    trace.written(1.0, 2.0)
    assert ["mail.lease", "mail.attempt", "mail.settle"] == names(tracing.spans.take())


def test_a_fault_in_a_trace_is_said_and_costs_no_fate(tracing):
    """
    The message may be delivered: a worker would hold it.
    """
    seen = []
    child = Child("worker-1", 1, ULID, (), (), -1, -1, -1, -1, -1, None, None, None)
    tracing.begin(child, Emitter("worker-1", (lambda _, what: seen.append(what),)))
    trace, leased = LeaseTrace(tracing, Lease(3, "d.test", False, [])), message()
    trace.begin(leased)
    assert trace.judge(leased, [failure(leased, marks="a fault")]) is None
    tracing.end()
    assert ["AttributeError"] == [each.error.partition("(")[0] for each in seen if isinstance(each, TracesUnexported)]


def failure(leased, marks):
    """An attempt that reached no host."""
    said = Said(Stage.CONNECT, Reply.of("451 4.4.1 refused"))
    return HostAttempt(Attempt("d.test", 1.0, 0.5), [Answer(leased.recipients[0], said, Outcome.DEFERRED)], marks=marks)


def test_a_host_that_leaves_has_the_stages_that_it_came_to(pool, tracing):
    """
    The last of them has no end of its own.
    """
    with ScriptedPeer().drop_at("EHLO") as peer:
        marks = Marks()
        failed = attempt(pool, peer, message(), marks)
    assert ["connect", "ehlo"] == [str(each.stage) for each in stage_times(marks.noted)]
    trace, leased = LeaseTrace(tracing, Lease(3, "d.test", False, [])), message()
    trace.begin(leased)
    trace.judge(leased, [failed])
    trace.written(1.0, 2.0)
    assert ["mail.lease", "mail.attempt", "smtp.connect", "smtp.ehlo", "mail.settle"] == names(tracing.spans.take())
