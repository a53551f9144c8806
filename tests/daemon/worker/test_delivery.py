"""One lease, with a carrier and a writer that the test controls."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import gevent
import pytest
from gevent.event import Event

from empath.config import load_config
from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.dispatch import Dispatch
from empath.daemon.worker.lease_run import LeaseRun
from empath.daemon.worker.pool import ConnectionPool, HostResult
from empath.daemon.worker.session_needs import NO_NEEDS
from empath.daemon.worker.session_rules import BUILT_IN_RULES
from empath.daemon.worker.sources import SourcesUsedUp
from empath.daemon.worker.transport.carrier import Answer, Body, DeliveryJob, HostAttempt
from empath.daemon.worker.transport.choose import choose_carrier
from empath.daemon.worker.transport.smtp import SmtpCarrier
from empath.errors import ContentGone, QueueBusy, StorageFailure, WriteRefused
from empath.mail.fate import Attempt, Said
from empath.mail.identity import Timestamp
from empath.mail.lookup import Security
from empath.mail.outcome import Outcome, Stage
from empath.mail.reply import Reply
from empath.net.stream import OutOfResources, StreamClosed
from empath.policy.concurrency import LeaseReport
from empath.policy.dane import NOT_ASKED
from empath.policy.destinations.settings import BUILT_IN
from empath.policy.hold_rules import HoldBook, HoldPattern, HoldRule
from empath.policy.hosts.search import Host, HostLookups, NoHost
from empath.policy.replies.bounce_class import BounceClass
from empath.policy.routing import ListRoute, SmtpRoute, parse_route_list, route_text
from empath.policy.suppression import SuppressionRules
from empath.storage.queue.accept import INLINE
from empath.storage.queue.hold_rules import HoldByRules
from empath.storage.queue.lease import Lease, LeasedMessage, LeasedRecipient
from empath.storage.queue.lease_reads import ReadContent, ReadFaults, ReadOrders
from empath.storage.queue.put_back import EndLease, Hold, Rekey
from empath.storage.queue.reply_rules import Shape
from empath.storage.queue.settle import Settle
from empath.storage.queue.warmup import WaitForWarmup
from empath.storage.write import Batch
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.worker import Deferred, DeliveryInDoubt
from empath.telemetry.subscribers import emitter
from tests.kit.process import configuration
from tests.kit.queue import said_by_host

DELIVERED, DEFERRED, BOUNCED, NEXT_HOST = Outcome
TAKEN, LATER, NEVER = Reply.of("250 2.0.0 Ok"), Reply.of("451 4.2.1 Later"), Reply.of("550 5.1.1 No")
FAR = 4_000_000_000.0


class FakeWriter:
    """
    Keeps every write, the parts of a Batch one by one.

    Raises the errors of the type in `errors`, one for each write. A ReadOrders gets `ordered_away` of its lease, and
    `is_over`.
    """

    def __init__(self):
        self.writes = []
        self.errors = {}
        self.at_limit = set()
        self.ordered_away = {}
        self.is_over = False

    def commit(self, write):
        parts = write.writes if isinstance(write, Batch) else (write,)
        self.writes += parts
        for part in parts:
            if self.errors.get(type(part)):
                raise self.errors[type(part)].pop(0)
            if isinstance(part, ReadFaults):
                part.at_limit = self.at_limit
            if isinstance(part, ReadOrders):
                part.ordered_away = self.ordered_away.get(part.lease_id, set())
                part.is_over = self.is_over
        return write

    def of(self, kind):
        return [write for write in self.writes if isinstance(write, kind)]

    def fates(self):
        return [(fate.recipient_id, str(fate.status)) for write in self.of(Settle) for fate in write.fates]


class FakeReader:
    """Has the rows of `suppression` and `shaping_rule` that a test gives."""

    suppressed: ClassVar[list[tuple[str, str, str | None]]] = []
    shaping: ClassVar[list[tuple[Any, ...]]] = []
    released: ClassVar[list[tuple[int, float]]] = []

    def value(self, name):
        return bool(self.suppressed)

    def rows(self, name, bindings=()):
        found = {
            "suppression.find": self.suppressed, "reply_rules.own_shaping_rules": self.shaping,
            "hold_rules.released": self.released,
        }  # fmt: skip
        return found.get(name, [])


class FakeCarrier:
    """Gives the batches of `plan`, one list for each message. An exception in the place of a list is raised."""

    is_failing = False
    waits_for_hosts = True
    exchangers = ()

    def __init__(self, *plan):
        self.plan = list(plan)
        self.jobs = []

    def carry(self, job):
        self.jobs.append(job)
        for step in self.plan.pop(0):
            if isinstance(step, Exception):
                raise step
            answers = [
                Answer(job.recipients[place], Said(Stage.END_OF_DATA, reply), outcome) for place, outcome, reply in step
            ]
            yield HostAttempt(Attempt("discard:", 1.0, 0.1), answers)


@pytest.fixture
def dispatch(tmp_path):
    """What the leases of a worker share, without a process around it."""
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, routes='"*" = "discard:"'))
    config = load_config(file)
    runtime: Any = SimpleNamespace(
        tracing=None,
        config=config,
        rules=SimpleNamespace(book=config.rule_book(), router=config.router, holds=HoldBook()),
        emit=emitter("worker-1"),
        writer=FakeWriter(),
        reader=FakeReader(),
        process_id=7,
        is_trusted_alive=True,
        now=lambda: Timestamp(time.time()),
    )
    return Dispatch(runtime, lambda route, destination: FakeCarrier())


def message(number, recipients=1, *, content=b"x", expires_at=FAR, notify=None, domain="a.test"):
    """A leased message whose recipients are numbered from ten times its number."""
    leased = LeasedMessage(
        number, f"{number:026}", "s@b.test", 1, Timestamp(1.0), "7BIT", False, False, None, None, INLINE, b"", ""
    )
    leased.content = content
    leased.recipients += [
        LeasedRecipient(10 * number + n, f"r{n}@{domain}", domain, 0, expires_at, notify, None)
        for n in range(recipients)
    ]
    return leased


def run(dispatch, carrier, *messages):
    """Run a lease of *messages* to its end."""
    dispatch.choose_carrier = lambda route, destination: carrier
    LeaseRun(dispatch, Lease(3, "discard:", False, list(messages))).run()
    return dispatch.runtime.writer


def routed(tmp_path, dispatch, routes):
    """Give the worker these routes."""
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, routes=routes))
    dispatch.runtime.config = load_config(file)
    dispatch.runtime.rules.router = dispatch.runtime.config.router


def test_mail_follows_the_route_of_its_account_and_sender(tmp_path, dispatch):
    """
    Two messages to one domain may have different next hops; those of another one go back under its key.
    """
    tables = '"*" = "discard:"\n[account_routes]\nshop = "mx"\n[sender_routes]\n"x@b.test" = "smtp://relay.test"'
    routed(tmp_path, dispatch, tables)
    mine, of_account, of_sender = message(1), message(2), message(3)
    of_account.account = "shop"
    of_sender.reverse_path = "x@b.test"
    writer = run(dispatch, FakeCarrier([[(0, DELIVERED, TAKEN)]]), mine, of_account, of_sender)
    moved = [write.destinations for write in writer.of(Rekey)]
    assert [{20: "a.test"}, {30: "smtp:relay.test:25"}] == moved


def test_an_address_may_have_a_route_of_its_own(tmp_path, dispatch):
    """
    The route is looked up for each recipient of such a domain, and once for all others.
    """
    routed(tmp_path, dispatch, '"*" = "discard:"\n"r1@a.test" = "maildir:/x"')
    writer = run(dispatch, FakeCarrier([[(0, DELIVERED, TAKEN)]]), message(1, 2))
    assert [{11: "maildir:/x"}] == [write.destinations for write in writer.of(Rekey)]


def test_a_module_may_have_routed_the_message(tmp_path, dispatch):
    """
    Its route is in the metadata; the cache by domain must not hide it.
    """
    routed(tmp_path, dispatch, '"*" = "discard:"')
    by_module = message(2)
    by_module.metadata = '{"empath.route": "maildir:/x"}'
    writer = run(dispatch, FakeCarrier([[(0, DELIVERED, TAKEN)]]), message(1), by_module)
    assert [{20: "maildir:/x"}] == [write.destinations for write in writer.of(Rekey)]


def test_answers_become_fates_and_the_lease_ends_last(dispatch):
    """
    The end of the lease gives the slot back, so no other write of the lease may follow it.
    """
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN), (1, BOUNCED, NEVER), (2, DEFERRED, LATER)]])
    writer = run(dispatch, carrier, message(1, 3))
    assert [(10, "delivered"), (11, "bounced"), (12, "deferred")] == writer.fates()
    assert isinstance(writer.writes[-1], EndLease)


def test_recipients_that_give_other_senders_are_other_transactions(dispatch):
    """
    One MAIL has one sender; the fates of the first part are on the disk before the next one begins.
    """
    leased = message(1, recipients=3)
    leased.recipients[1] = leased.recipients[1]._replace(sent_as="SRS0=x@srs.test")
    said = [[[(0, DELIVERED, TAKEN), (1, DELIVERED, TAKEN)]], [[(0, DELIVERED, TAKEN)]]]
    carrier = FakeCarrier(*said)
    writer = run(dispatch, carrier, leased)
    assert [("s@b.test", [10, 12]), ("SRS0=x@srs.test", [11])] == [
        (job.message.mail_from, [each.recipient_id for each in job.recipients]) for job in carrier.jobs
    ]
    kinds = [type(write) for write in writer.writes if isinstance(write, Settle | ReadOrders)]
    assert [Settle, ReadOrders, Settle] == kinds
    assert [(10, "delivered"), (12, "delivered"), (11, "delivered")] == writer.fates()


def test_answers_that_came_before_a_transaction_was_given_up_are_settled(dispatch):
    """
    The first host has accepted the mail for one recipient, which must not go to that host again. The others go back.
    """
    first_host = [(0, DELIVERED, TAKEN), (1, NEXT_HOST, LATER), (2, BOUNCED, NEVER)]
    writer = run(dispatch, FakeCarrier([first_host, Abandoned("taken for dead")]), message(1, 3), message(2))
    assert [(10, "delivered"), (12, "bounced")] == writer.fates()
    assert (1, []) == (len(writer.of(EndLease)), writer.of(Hold))


def test_f17_recipients_without_an_answer_are_held_where_the_content_is_gone(dispatch):
    """
    Recipients with an answer keep it, and the next message of the lease goes out.
    """
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)], ContentGone("no such file")], [[(0, DELIVERED, TAKEN)]])
    writer = run(dispatch, carrier, message(1, 2), message(2))
    assert [(10, "delivered"), (20, "delivered")] == writer.fates()
    [hold] = writer.of(Hold)
    assert ((11,), "no content: no such file") == (hold.recipient_ids, hold.reason)


def test_a_process_that_can_open_no_connection_blames_no_host(dispatch):
    """
    The message under way waits with 4.3.0. The others of the lease go back without an attempt: each would meet the
    same limit. A recipient with an answer keeps it.
    """
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)], OutOfResources("too many open files")], [[(0, DELIVERED, TAKEN)]])
    writer = run(dispatch, carrier, message(1, 2), message(2))
    assert [(10, "delivered"), (11, "deferred")] == writer.fates()
    said = writer.of(Settle)[-1].fates[0].said
    reply = "451 4.3.0 no connection can be opened now: too many open files"
    assert (Stage.LOCAL, reply, False) == (said.stage, str(said.reply), said.reply.is_from_host)
    assert (1, 1) == (len(carrier.jobs), len(writer.of(EndLease)))


def test_f17_content_that_cannot_be_read_now_counts_an_attempt(dispatch):
    """
    A process without a free descriptor used to hold spooled mail until a person looked. Recipients with an answer keep
    it.
    """
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)], StorageFailure("x: Too many open files")])
    writer = run(dispatch, carrier, message(1, 2))
    assert ([(10, "delivered"), (11, "deferred")], []) == (writer.fates(), writer.of(Hold))
    said = writer.of(Settle)[-1].fates[0].said
    reply = "451 4.3.0 the content cannot be read now: x: Too many open files"
    assert (Stage.LOCAL, reply) == (said.stage, str(said.reply))


@pytest.mark.parametrize("error", [QueueBusy("locked"), StorageFailure("disk full")])
def test_a_queue_that_cannot_be_read_holds_nothing(dispatch, error):
    """
    The failure of another write in the same batch says nothing about this message.
    """
    dispatch.runtime.writer.errors[ReadContent] = [error]
    writer = run(dispatch, FakeCarrier(), message(1, content=None))
    assert ([], [], 1) == (writer.of(Hold), writer.fates(), len(writer.of(EndLease)))


def test_a_result_that_the_database_refuses_is_not_repeated_for_ever(dispatch, capfd):
    """
    A recipient with 2^63-1 attempts kept its lease, and the other mail in it, from ending.
    """
    dispatch.runtime.writer.errors[Settle] = [WriteRefused("refused"), WriteRefused("refused")]
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN), (1, DELIVERED, TAKEN)]])
    writer = run(dispatch, carrier, message(1, 2))

    [hold] = writer.of(Hold)
    assert (10,) == hold.recipient_ids
    assert [11] == [fate.recipient_id for fate in writer.of(Settle)[-1].fates]
    assert isinstance(writer.writes[-1], EndLease)
    assert "result_refused" in "".join(capfd.readouterr())


def test_a_message_whose_content_is_not_in_the_queue_is_held(dispatch):
    """
    Its row says that the content is inline.
    """
    [hold] = run(dispatch, FakeCarrier(), message(1, content=None)).of(Hold)
    assert "no content: its row is not there" == hold.reason


def test_f17_a_fault_of_ours_counts_as_an_attempt(dispatch, capsys):
    """
    Otherwise the message would be due again at once, for ever, never expire and never be reported. Answers stay.
    """
    plan = [[(0, DELIVERED, TAKEN)], ZeroDivisionError("a fault")], [[(0, DELIVERED, TAKEN)]]
    carriers = iter([FakeCarrier(plan[0]), FakeCarrier(plan[1])])
    dispatch.choose_carrier = lambda route, destination: next(carriers)

    LeaseRun(dispatch, Lease(3, "discard:", False, [message(1, 2), message(2)])).run()

    writer = dispatch.runtime.writer
    assert [(10, "delivered"), (11, "deferred"), (20, "delivered")] == writer.fates()
    fault = writer.of(Settle)[1]
    assert ("local", True) == (fault.fates[0].said.stage, fault.fates[0].next_retry_at > time.time())
    assert "451 4.3.0 a fault in Empath ended the attempt; its log has the cause" == fault.fates[0].said.reply.escaped()
    assert isinstance(writer.writes[-1], EndLease)


def test_five_faults_of_ours_in_a_row_hold_the_recipient(dispatch):
    """
    A person must look. The other recipients of the message go on.
    """
    dispatch.runtime.writer.at_limit = {11}

    writer = run(dispatch, FakeCarrier([ZeroDivisionError("a fault")]), message(1, 2))

    assert [(10, "deferred")] == writer.fates()
    [hold] = writer.of(Hold)
    reason = "5 attempts in a row ended by a fault in Empath; its log has the cause"
    assert ((11,), reason) == (hold.recipient_ids, hold.reason)


def test_a_fault_of_ours_counts_where_the_faults_before_it_cannot_be_read(dispatch):
    """
    A full disk must not make the loop endless.
    """
    dispatch.runtime.writer.errors[ReadFaults] = [StorageFailure("disk full")]
    writer = run(dispatch, FakeCarrier([ZeroDivisionError("a fault")]), message(1))
    assert [(10, "deferred")] == writer.fates()


def test_a_fault_of_ours_after_the_attempt_holds_the_message(dispatch):
    """
    It is unknown what was delivered, and it must not go out again.
    """
    dispatch.runtime.now = lambda: 1 / 0
    writer = run(dispatch, FakeCarrier([[(0, DELIVERED, TAKEN)]]), message(1, 2))
    [hold] = writer.of(Hold)
    assert ((10, 11), []) == (hold.recipient_ids, writer.fates())
    assert isinstance(writer.writes[-1], EndLease)


@pytest.mark.parametrize(
    ("notify", "wants_notice"), [(None, True), ("FAILURE,DELAY", True), ("NEVER", False), ("SUCCESS", False)]
)
@pytest.mark.parametrize(("outcome", "reply"), [(BOUNCED, NEVER), (DEFERRED, LATER)])
def test_a_final_failure_is_reported_unless_the_sender_said_no(dispatch, notify, wants_notice, outcome, reply):
    """
    RFC 3461 §4.1; a deferral at the end of the lifetime is one.
    """
    [settle] = run(dispatch, FakeCarrier([[(0, outcome, reply)]]), message(1, expires_at=0.0, notify=notify)).of(Settle)
    status = "bounced" if outcome is BOUNCED else "expired"
    assert [(status, wants_notice)] == [(fate.status, fate.wants_notice) for fate in settle.fates]


@pytest.mark.parametrize(("expires_at", "status"), [(FAR, "deferred"), (0.0, "expired")])
def test_f13_nothing_bounces_but_what_is_too_old(dispatch, expires_at, status):
    """
    The reply stays as it was said; the next attempt follows the schedule.
    """
    config = dispatch.runtime.config
    delivery = config.delivery.model_copy(update={"soft_bounce": True})
    dispatch.runtime.config = config.model_copy(update={"delivery": delivery})
    carrier = FakeCarrier([[(0, BOUNCED, NEVER), (1, DELIVERED, TAKEN)]])
    [settle] = run(dispatch, carrier, message(1, 2, expires_at=expires_at)).of(Settle)
    found = [(fate.status, fate.said.reply) for fate in settle.fates]
    assert [(status, NEVER), ("delivered", TAKEN)] == found


def test_recipients_ordered_away_meanwhile_are_put_back_unsent(dispatch):
    """
    A hold or a cancellation must not wait for the end of a lease of twenty messages. A message under way is not
    interrupted.
    """
    dispatch.runtime.writer.ordered_away = {3: {10, 20, 31}}
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)]], [[(0, DELIVERED, TAKEN)]])

    run(dispatch, carrier, message(1), message(2), message(3, 2))

    assert [[10], [30]] == [[r.recipient_id for r in job.recipients] for job in carrier.jobs]
    assert [{20: "discard:"}, {31: "discard:"}] == [write.destinations for write in dispatch.runtime.writer.of(Rekey)]
    assert [(10, "delivered"), (30, "delivered")] == dispatch.runtime.writer.fates()


def test_orders_are_looked_for_once_a_fate_is_on_the_disk(dispatch):
    """
    They are read in the same commit; after the last message no look is needed.
    """
    plan = [[(0, DELIVERED, TAKEN)]]
    writes = run(dispatch, FakeCarrier(plan, plan, plan), message(1), message(2), message(3)).writes
    assert [Settle, ReadOrders, Settle, ReadOrders, Settle, EndLease] == [type(write) for write in writes]


def test_a_lease_is_stuck_when_its_message_takes_too_long(dispatch):
    """
    Its slot then no longer counts, and other mail can go out.
    """
    lease = LeaseRun(dispatch, Lease(3, "discard:", False, []))

    assert [False, True] == [lease.is_stuck(time.monotonic() + later_s) for later_s in (0, 5)]


def test_a_freeze_ends_a_lease_between_two_messages(dispatch):
    """
    Messages that were not begun go back.
    """
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)]])
    leased = message(1), message(2)

    class Freezing(FakeCarrier):
        def carry(self, job):
            dispatch.may_go_on = False
            return carrier.carry(job)

    assert [(10, "delivered")] == run(dispatch, Freezing(), *leased).fates()


def test_a_lease_that_is_over_begins_no_message(dispatch):
    """
    Its destination is suspended, or another process has the lease. Once 360 mails went out in 14 s after a suspension.
    """
    dispatch.runtime.writer.is_over = True
    plan = [[(0, DELIVERED, TAKEN)]]
    writer = run(dispatch, FakeCarrier(plan, plan), message(1), message(2))
    assert ([(10, "delivered")], 1) == (writer.fates(), len(writer.of(EndLease)))


def test_a_probe_ends_with_the_first_message_that_a_host_is_asked_about(dispatch):
    """
    The others came along to expire if the probe fails. Where it succeeds, they go out in ordinary leases.
    """
    carrier = FakeCarrier([[(0, DEFERRED, LATER)]], [[(0, DELIVERED, TAKEN)]])
    dispatch.choose_carrier = lambda route, destination: carrier
    LeaseRun(dispatch, Lease(3, "discard:", False, [message(1), message(2)], is_probe=True)).run()
    writer = dispatch.runtime.writer
    assert [(10, "deferred")] == writer.fates()
    [ended] = writer.of(EndLease)
    assert LeaseReport(sessions=1) == ended.seen


class Refusing(FakeCarrier):
    """Reaches no host."""

    is_failing = True

    def carry(self, job):
        said = Said(Stage.GREETING, LATER)
        yield HostAttempt(Attempt("discard:", 1.0, 0.1), [Answer(r, said, DEFERRED) for r in job.recipients])


def test_the_last_lease_that_no_host_took_counts_an_attempt(dispatch):
    """
    It has no company, so its messages are deferred, each by the one failure.
    """
    writer = run(dispatch, Refusing(), message(1), message(2))
    assert [(10, "deferred"), (20, "deferred")] == writer.fates()
    report = LeaseReport(failures=1, is_unreachable=True)
    assert [report] * 3 == [ended.seen for ended in writer.of(EndLease)]


class Unproved(FakeCarrier):
    """Its host does not prove its identity to mail with REQUIRETLS, and takes other mail."""

    def carry(self, job):
        self.is_failing = bool(job.message.requires_tls)
        said = Said(Stage.TLS, Reply.of("451 4.7.5 x")) if self.is_failing else Said(Stage.END_OF_DATA, TAKEN)
        outcome = DEFERRED if self.is_failing else DELIVERED
        yield HostAttempt(Attempt("discard:", 1.0, 0.1), [Answer(r, said, outcome) for r in job.recipients])


@pytest.mark.parametrize(
    ("requires_tls", "was_failing", "sessions", "is_failing"),
    [
        ([True], False, 0, False),
        ([True], True, 0, True),
        ([False, True], True, 1, False),
        ([True, False], True, 1, False),
    ],
)
def test_g4_mail_that_demands_more_than_other_mail_says_nothing_of_its_destination(
    dispatch, requires_tls, was_failing, sessions, is_failing
):
    """
    One user's REQUIRETLS must not open the breaker for the mail of all others, or close it.
    """
    carrier = Unproved()
    dispatch.choose_carrier = lambda route, destination: carrier
    leased = [message(1 + place) for place in range(len(requires_tls))]
    for each, requires in zip(leased, requires_tls, strict=True):
        each.requires_tls = requires
    LeaseRun(dispatch, Lease(3, "discard:", was_failing, leased)).run()
    [ended] = dispatch.runtime.writer.of(EndLease)
    assert (LeaseReport(sessions=sessions), is_failing) == (ended.seen, ended.is_failing)


class Silent(FakeCarrier):
    """Waits for its host until the worker ends the wait, before the final dot or after it."""

    def __init__(self, *, is_after_dot):
        super().__init__()
        self.is_after_dot = is_after_dot

    def carry(self, job):
        try:
            if self.is_after_dot:
                assert job.may_end()
            gevent.sleep(60)
        except StreamClosed:
            said = Said(Stage.END_OF_DATA, LATER)
            yield HostAttempt(Attempt("discard:", 1.0, 0.1), [Answer(job.recipients[0], said, DEFERRED, True)])


@pytest.mark.parametrize(("is_after_dot", "fates"), [(False, []), (True, [(10, "deferred")])])
def test_a_stop_puts_back_what_no_host_has_whole(dispatch, is_after_dot, fates):
    """
    Three restarts within one slow transaction used to hold its mail, and all mail that waited behind it.
    """
    dispatch.choose_carrier = lambda route, destination: Silent(is_after_dot=is_after_dot)
    lease = LeaseRun(dispatch, Lease(3, "discard:", False, [message(1), message(2)]))
    running = gevent.spawn(lease.run)
    gevent.idle()
    dispatch.may_go_on = False
    lease.give_up()
    running.get(timeout=0.9)
    writer = dispatch.runtime.writer
    assert (fates, 1) == (writer.fates(), len(writer.of(EndLease)))


@pytest.mark.parametrize(("has_ended", "fate"), [(False, "deferred"), (True, "delivered")])
def test_a_slow_message_is_cut_short_before_its_point_of_no_return(dispatch, has_ended, fate):
    """
    It counts as an attempt, and the lease goes on; past the final dot it would arrive twice.
    """
    waiting = Event()

    class Slow(FakeCarrier):
        waits_for_hosts = True

        def carry(self, job):
            if job.message.message_id == 1:
                if has_ended:
                    job.may_end()
                waiting.wait(0.2)
            return iter([*super().carry(job)])

    plan = [[(0, DELIVERED, TAKEN)]]
    carrier = Slow(plan, plan) if has_ended else Slow(plan)
    dispatch.choose_carrier = lambda route, destination: carrier
    lease = LeaseRun(dispatch, Lease(3, "discard:", False, [message(1), message(2)]))
    running = gevent.spawn(lease.run)
    gevent.idle()
    lease.cut_short()
    running.get(timeout=5)
    assert [(10, fate), (20, "delivered")] == dispatch.runtime.writer.fates()


@pytest.mark.parametrize(("outcome", "reply", "is_failing"), [(DEFERRED, LATER, True), (DELIVERED, TAKEN, False)])
def test_a_slow_message_that_is_not_delivered_makes_its_destination_a_failing_one(dispatch, outcome, reply, is_failing):
    """
    Hosts that drip, or are silent after the dot, have a session each time, and would fill every slot.
    """

    class Slow(FakeCarrier):
        def carry(self, job):
            dispatch.clock = lambda: time.monotonic() + 61.0
            return super().carry(job)

    writer = run(dispatch, Slow([[(0, outcome, reply)]]), message(1))
    assert [is_failing] == [end.is_failing for end in writer.of(EndLease)]


def test_a_settle_that_failed_is_written_again_until_it_is(dispatch):
    """
    The peer has the mail, so its fate must not be lost.
    """
    dispatch.runtime.writer.errors[Settle] = [StorageFailure("disk full")]
    writer = run(dispatch, FakeCarrier([[(0, DELIVERED, TAKEN)]]), message(1))
    assert [(10, "delivered")] * 2 == writer.fates()


def test_no_message_is_begun_before_the_last_fates_are_on_the_disk(dispatch):
    """
    One message per connection may be in doubt, not two.
    """
    writer = dispatch.runtime.writer
    known = []

    class Noting(FakeCarrier):
        def carry(self, job):
            known.append(writer.fates())
            return super().carry(job)

    plan = [[(0, DELIVERED, TAKEN)]]
    run(dispatch, Noting(plan, plan), message(1), message(2))
    assert [[], [(10, "delivered")]] == known


def test_no_final_dot_is_said_by_a_process_that_is_taken_for_dead(dispatch):
    """
    Another process has its leases.
    """
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)]])
    run(dispatch, carrier, message(1))
    may_end = carrier.jobs[0].may_end
    assert may_end()
    dispatch.runtime.is_trusted_alive = False
    assert not may_end()


class FakePool(ConnectionPool):
    """Gives the results of each host, and keeps the requests."""

    is_traced = False

    def __init__(self, **results):
        self.rules = BUILT_IN_RULES
        self.results = results
        self.asked = []

    def send(self, host, transaction, pieces, may_end, *, settings=BUILT_IN, needs=NO_NEEDS, cargo=None):
        self.asked.append((host.name, [recipient.address for recipient in transaction.recipients.values()]))
        stage, *replies = self.results[host.name]
        results = {number: Said(stage, reply) for number, reply in zip(transaction.recipients, replies, strict=False)}
        is_in_doubt = stage is Stage.END_OF_DATA and str(replies[0].enhanced) == "4.4.2"
        return HostResult(f"{host.address}:25", results, stage is not Stage.CONNECT, is_in_doubt=is_in_doubt)


class FakeFinder:
    """Gives these hosts, or this reply without a host."""

    def __init__(self, *names, error=None, lookups=HostLookups()):  # noqa: B008 - it is a value
        self.names, self.error, self.lookups, self.asked = names, error, lookups, 0

    def find(self, route, domain):
        self.asked += 1
        if self.error is not None:
            return NoHost(self.error, Security.BOGUS)
        places = enumerate(self.names, start=1)
        return tuple(Host(host, f"127.0.0.{place}", route.port, lookups=self.lookups) for place, host in places)

    def tlsa(self, host):
        return NOT_ASKED


def job_of(leased):
    """A message of one octet, on its way."""
    return DeliveryJob(leased, leased.recipients, Body(b"x", Path(), INLINE, 1), lambda: True)


def carried(carrier, leased):
    """Outcome and host of every answer, host by host."""
    return [[(answer.outcome, one.attempt.host) for answer in one.answers] for one in carrier.carry(job_of(leased))]


def dnssec_of(carrier):
    """The column dnssec of each attempt."""
    return [one.attempt.dnssec for one in carrier.carry(job_of(message(1)))]


@pytest.mark.parametrize(
    ("lookups", "expected"),
    [
        (HostLookups(), None),
        (HostLookups(Security.SECURE, Security.SECURE), "secure"),
        (HostLookups(Security.INSECURE, Security.SECURE), "insecure"),
        (HostLookups(Security.UNCHECKED, Security.SECURE), None),
    ],
)
def test_an_attempt_has_the_security_of_the_look_ups_that_led_to_its_host(lookups, expected):
    """
    People see for which domains DANE can apply, and which fail because of a signature.
    """
    pool = FakePool(a=(Stage.END_OF_DATA, Reply.of("250 2.0.0 Ok")))
    assert [expected] == dnssec_of(SmtpCarrier(*ROUTE, pool, FakeFinder("a", lookups=lookups)))
    failed = FakeFinder(error=Reply.of("451 4.4.3 look-up failed"))
    assert ["bogus"] == dnssec_of(SmtpCarrier(*ROUTE, FakePool(), failed))


def test_the_hosts_of_a_silent_destination_are_asked_once_in_a_lease():
    """
    Twenty messages would wait twenty times for the same silence.
    """
    down = Reply.of("451 4.4.1 refused")
    pool, finder = FakePool(a=(Stage.CONNECT, down), b=(Stage.CONNECT, down)), FakeFinder("a", "b")
    carrier = SmtpCarrier(SmtpRoute("x.test", 25), "smtp:x.test:25", pool, finder)
    assert [[(NEXT_HOST, "a")], [(DEFERRED, "b")]] == carried(carrier, message(1))
    assert [[(DEFERRED, None)]] == carried(carrier, message(2))
    assert (True, 2, 1) == (carrier.is_failing, len(pool.asked), finder.asked)


def test_a_destination_without_a_name_is_asked_for_once_in_a_lease():
    """
    It counts as failing: unreachable hosts must not take the slots of others.
    """
    error = Reply.of("451 4.4.3 x.test: A look-up failed")
    finder = FakeFinder(error=error)
    carrier = SmtpCarrier(SmtpRoute("x.test", 25), "smtp:x.test:25", FakePool(), finder)
    assert [[(DEFERRED, None)]] == carried(carrier, message(1))
    assert [[(DEFERRED, None)]] == carried(carrier, message(2))
    assert (True, 1) == (carrier.is_failing, finder.asked)


def test_a_destination_of_which_one_host_was_reached_does_not_fail():
    """
    The reply of that host does not matter.
    """
    pool = FakePool(a=(Stage.GREETING, Reply.of("554 Go away")), b=(Stage.CONNECT, Reply.of("451 4.4.1 refused")))
    carrier = SmtpCarrier(SmtpRoute("x.test", 25), "smtp:x.test:25", pool, FakeFinder("a", "b"))
    assert [[(NEXT_HOST, "a")], [(DEFERRED, "b")]] == carried(carrier, message(1))
    assert not carrier.is_failing


DOWN = Reply.of("451 4.4.1 refused")
NEEDS_UTF8 = Reply.of("553 5.6.7 SMTPUTF8 is needed")
ROUTE = SmtpRoute("x.test", 25), "smtp:x.test:25"


def test_a_host_that_gave_no_session_is_not_asked_again_in_the_lease_while_there_is_another():
    """
    Nineteen more messages would wait for the same silence.
    """
    pool = FakePool(a=(Stage.CONNECT, DOWN), b=(Stage.END_OF_DATA, TAKEN))
    carrier = SmtpCarrier(*ROUTE, pool, FakeFinder("a", "b"))
    assert [[(NEXT_HOST, "a")], [(DELIVERED, "b")]] == carried(carrier, message(1))
    assert [[(DELIVERED, "b")]] == carried(carrier, message(2))
    pool.results["b"] = (Stage.GREETING, Reply.of("421 4.3.2 Busy"))
    assert [[(DEFERRED, "b")]] == carried(carrier, message(3))
    assert ["a", "b", "b", "b"] == [name for name, _ in pool.asked]


class HopFinder(FakeFinder):
    """Each fixed route is its own only host; those in `unknown` have none."""

    def __init__(self, *unknown):
        super().__init__()
        self.unknown = unknown

    def find(self, route, domain):
        self.asked += 1
        if route.host in self.unknown:
            return NoHost(Reply.of("451 4.3.5 next hop: no address"))
        return (Host(route.host, route.host, 25),)


def listed(*entries):
    """A list of next hops."""
    route = parse_route_list(entries)
    assert isinstance(route, ListRoute)
    return route


def test_backups_take_over_in_the_same_attempt():
    """
    Each message of the lease goes to them, and no zone of a backup is asked before.
    """
    route = listed("smtp://a", "smtp://b", "backup smtp://c")
    pool = FakePool(a=(Stage.CONNECT, DOWN), b=(Stage.CONNECT, DOWN), c=(Stage.END_OF_DATA, TAKEN))
    finder = HopFinder()
    carrier = SmtpCarrier(route, "smtp:a:25,smtp:b:25", pool, finder)
    first, second, third = carried(carrier, message(1))
    assert {"a", "b"} == {first[0][1], second[0][1]}
    assert ([NEXT_HOST] * 2, (DELIVERED, "c")) == ([first[0][0], second[0][0]], third[0])
    assert [[(DELIVERED, "c")]] == carried(carrier, message(2))
    assert (3, False) == (finder.asked, carrier.is_failing)


def test_a_hop_that_cannot_be_found_gives_way_to_the_backup():
    """
    A name that the DNS of this site has lost stops no mail.
    """
    carrier = SmtpCarrier(
        listed("smtp://a", "backup smtp://c"), "smtp:a:25", FakePool(c=(Stage.END_OF_DATA, TAKEN)), HopFinder("a")
    )
    assert [[(DELIVERED, "c")]] == carried(carrier, message(1))


def test_without_a_backup_that_can_be_found_the_mail_waits():
    """
    The reply of the backup is the last one.
    """
    pool = FakePool(a=(Stage.CONNECT, DOWN))
    carrier = SmtpCarrier(listed("smtp://a", "backup smtp://c"), "smtp:a:25", pool, HopFinder("c"))
    assert [[(NEXT_HOST, "a")], [(DEFERRED, None)]] == carried(carrier, message(1))
    assert [[(DEFERRED, None)]] == carried(carrier, message(2))
    assert carrier.is_failing


def test_two_routes_of_one_destination_have_a_carrier_each(tmp_path, dispatch):
    """
    Mail of an account whose route has a backup may share its destination with mail that must not go there.
    """
    routed(tmp_path, dispatch, '"*" = "mx"\n[account_routes]\nshop = ["mx", "backup smtp://c.test"]')
    asked = []

    def choose(route, destination):
        asked.append(route)
        return FakeCarrier([[(0, DELIVERED, TAKEN)]], [[(0, DELIVERED, TAKEN)]])

    dispatch.choose_carrier = choose
    messages = [message(1), message(2), message(3)]
    messages[1].account = "shop"
    LeaseRun(dispatch, Lease(3, "a.test", False, messages)).run()
    assert ["mx", "mx, backup smtp://c.test:25"] == [route_text(route) for route in asked]
    assert [(each, "delivered") for each in (10, 20, 30)] == dispatch.runtime.writer.fates()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((Stage.CONNECT, DOWN), (Stage.MAIL, NEEDS_UTF8)),
        ((Stage.RCPT, LATER), (Stage.MAIL, NEEDS_UTF8)),
        ((Stage.MAIL, NEEDS_UTF8), (Stage.CONNECT, DOWN)),
        ((Stage.MAIL, NEEDS_UTF8), (Stage.RCPT, LATER)),
    ],
)
def test_soft_weighs_more_than_hard_over_the_hosts(first, second):
    """
    The unreachable host may offer the extension that the other lacks. The order of asking does not matter.
    """
    carrier = SmtpCarrier(*ROUTE, FakePool(a=first, b=second), FakeFinder("a", "b"))
    assert [[(NEXT_HOST, "a")], [(DEFERRED, "b")]] == carried(carrier, message(1))


def test_a_host_that_was_silent_for_the_message_before_is_soft_too():
    """
    This message did not ask it, so its extensions are unknown.
    """
    pool = FakePool(a=(Stage.CONNECT, DOWN), b=(Stage.MAIL, NEEDS_UTF8))
    carrier = SmtpCarrier(*ROUTE, pool, FakeFinder("a", "b"))
    carried(carrier, message(1))
    assert [[(DEFERRED, "b")]] == carried(carrier, message(2))


def test_what_no_host_offers_bounces_after_all_are_asked():
    """
    RFC 6531 §3.2.
    """
    pool = FakePool(a=(Stage.MAIL, NEEDS_UTF8), b=(Stage.MAIL, NEEDS_UTF8))
    carrier = SmtpCarrier(*ROUTE, pool, FakeFinder("a", "b"))
    assert [[(NEXT_HOST, "a")], [(BOUNCED, "b")]] == carried(carrier, message(1))


def test_hosts_that_lack_what_is_needed_do_not_count_as_sessions():
    """
    All of them are asked before the mail bounces.
    """
    pool = FakePool(**dict.fromkeys("abcd", (Stage.MAIL, NEEDS_UTF8)))
    carrier = SmtpCarrier(*ROUTE, pool, FakeFinder(*"abcd"))
    assert [
        [(NEXT_HOST, "a")],
        [(NEXT_HOST, "b")],
        [(NEXT_HOST, "c")],
        [(BOUNCED, "d")],
    ] == carried(carrier, message(1))


def test_only_the_recipients_that_a_host_put_off_go_to_the_next():
    """
    Each recipient has its own fate; 5yz is final for every host.
    """
    pool = FakePool(a=(Stage.RCPT, LATER, NEVER, LATER), b=(Stage.END_OF_DATA, TAKEN, TAKEN))
    carrier = SmtpCarrier(*ROUTE, pool, FakeFinder("a", "b"))
    expected = [
        [(NEXT_HOST, "a"), (BOUNCED, "a"), (NEXT_HOST, "a")],
        [(DELIVERED, "b"), (DELIVERED, "b")],
    ]
    assert expected == carried(carrier, message(1, 3))
    assert [("a", ["r0@a.test", "r1@a.test", "r2@a.test"]), ("b", ["r0@a.test", "r2@a.test"])] == pool.asked


def test_what_hosts_said_before_is_settled_with_the_fate(dispatch):
    """
    All replies are written in one commit, in the order of asking, each with its host.
    """
    pool = FakePool(a=(Stage.RCPT, LATER, NEVER), b=(Stage.CONNECT, DOWN), c=(Stage.END_OF_DATA, TAKEN))
    writer = run(dispatch, SmtpCarrier(*ROUTE, pool, FakeFinder("a", "b", "c")), message(1, 2))
    assert [
        ("a", "127.0.0.1:25", [(10, LATER)], [(11, "bounced")]),
        ("b", "127.0.0.2:25", [(10, DOWN)], []),
        ("c", "127.0.0.3:25", [], [(10, "delivered")]),
    ] == [
        (
            settle.attempt.host,
            settle.attempt.peer_address,
            [(one.recipient_id, one.said.reply) for one in settle.passed],
            [(fate.recipient_id, fate.status) for fate in settle.fates],
        )
        for settle in writer.of(Settle)
    ]


def test_what_hosts_said_without_a_fate_in_the_end_is_left_to_the_log(dispatch):
    """
    The recipient goes back unchanged, because no attempt was made.
    """
    plan = [[(0, NEXT_HOST, LATER), (1, DELIVERED, TAKEN)], Abandoned("taken for dead")]
    [settle] = run(dispatch, FakeCarrier(plan), message(1, 2)).of(Settle)
    assert ((), [11]) == (settle.passed, [fate.recipient_id for fate in settle.fates])


def test_f6_a_mail_whose_answer_was_lost_is_logged(dispatch):
    """
    The mail may come twice: it is deferred, no other host is asked, and the log has a line.
    """
    seen: list[Occurrence] = []
    dispatch.runtime.emit = seen.append
    lost = Reply.of("451 4.4.2 Connection lost at end-of-data")
    pool = FakePool(a=(Stage.END_OF_DATA, lost))
    writer = run(dispatch, SmtpCarrier(*ROUTE, pool, FakeFinder("a", "b")), message(1))
    assert [(10, "deferred")] == writer.fates()
    assert [DeliveryInDoubt, Deferred] == [type(what) for what in seen]


def test_a_destination_without_a_route_waits_for_one():
    """
    An operator removed the route from the configuration; that must not bounce mail.
    """
    unused: Any = None
    carrier = choose_carrier(FakePool(), FakeFinder(), unused, None, "smtp:gone.test:25")
    assert [[(DEFERRED, None), (DEFERRED, None)]] == carried(carrier, message(1, 2))


def test_an_error_of_ours_in_a_thread_is_raised_here_and_printed_nowhere(capfd):
    """
    gevent's pool prints every exception that it sees.
    """

    def fail():
        raise StorageFailure("disk full")

    with pytest.raises(StorageFailure, match="disk full"):
        in_thread(fail)
    assert 5 == in_thread(max, 3, 5)
    gevent.sleep(0)
    assert ("", "") == capfd.readouterr()


def test_a_suppressed_recipient_bounces_and_no_host_is_asked(dispatch, monkeypatch):
    """
    Mail may have been queued before its address was suppressed. The others of the message go out.
    """
    monkeypatch.setattr(FakeReader, "suppressed", [("r0@a.test", "gone", "bad-mailbox")])
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)]])
    writer = run(dispatch, carrier, message(1, 2), message(2, 1))
    assert [(10, "bounced"), (11, "delivered"), (20, "bounced")] == writer.fates()
    assert [["r1@a.test"]] == [[each.address for each in job.recipients] for job in carrier.jobs]
    fate = writer.of(Settle)[0].fates[0]
    assert (Stage.LOCAL, "550 5.1.1 suppressed: gone", "suppressed") == (
        fate.said.stage,
        str(fate.said.reply),
        fate.bounce_class,
    )


def test_what_a_hold_rule_is_about_is_held_and_no_host_is_asked(dispatch, monkeypatch):
    """
    The others of the message go out, and so does what a person has let go since.
    """
    monkeypatch.setattr(FakeReader, "released", [(30, 5.0), (10, 0.5)])
    rule = HoldRule(7, HoldPattern.parse("recipient", "r0@a.test"), None, "a leak", Timestamp(1.0))
    dispatch.runtime.rules.holds = HoldBook([rule])
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)]], [[(0, DELIVERED, TAKEN)]])
    writer = run(dispatch, carrier, message(1, 2), message(2, 1), message(3, 1))
    assert [{10: rule}, {20: rule}] == [write.held for write in writer.of(HoldByRules)]
    assert [(11, "delivered"), (30, "delivered")] == writer.fates()


def test_while_the_audit_cannot_be_read_all_of_it_is_held(dispatch, monkeypatch):
    """
    To let too much go would be worse.
    """

    def rows(_, name, bindings=()):
        raise StorageFailure("disk I/O error")

    monkeypatch.setattr(FakeReader, "rows", rows)
    rule = HoldRule(7, HoldPattern.parse("destination", "*"), None, None, Timestamp(1.0))
    dispatch.runtime.rules.holds = HoldBook([rule])
    assert [{10: rule}] == [write.held for write in run(dispatch, FakeCarrier(), message(1)).of(HoldByRules)]


def test_the_postmaster_is_never_suppressed(dispatch, monkeypatch):
    """
    Reports about lost mail go there.
    """
    monkeypatch.setattr(FakeReader, "suppressed", [("@a.test", "gone", None)])
    postmaster = str(dispatch.runtime.config.postmaster)
    mail = message(1)
    mail.recipients[:] = [mail.recipients[0]._replace(address=postmaster)]
    monkeypatch.setattr(FakeReader, "suppressed", [(postmaster, "gone", None)])
    assert [(10, "delivered")] == run(dispatch, FakeCarrier([[(0, DELIVERED, TAKEN)]]), mail).fates()


def test_a_refusal_of_a_class_that_is_configured_suppresses_its_address(dispatch, monkeypatch):
    """
    The time begins with the refusal. What this host says by itself suppresses nothing.
    """
    rules = SuppressionRules(frozenset({BounceClass.BAD_MAILBOX}), 60.0)
    monkeypatch.setitem(dispatch.runtime.config.suppression.__dict__, "rules", rules)
    monkeypatch.setitem(dispatch.runtime.config.suppression.__dict__, "classes", ("bad-mailbox",))
    refused = said_by_host("550 5.1.1 No")
    writer = run(dispatch, FakeCarrier([[(0, BOUNCED, refused), (1, BOUNCED, NEVER)]]), message(1, 2))
    first, second = writer.of(Settle)[0].fates
    assert (True, None) == (first.suppressed_until > time.time() + 30, second.suppressed_until)


def test_what_the_warm_up_has_no_room_for_goes_back_unattempted_until_the_next_day(dispatch):
    """
    The rest of the lease goes back, too; mail that has its fate keeps it.
    """
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)], SourcesUsedUp("192.0.2.10 to mx.a.test", FAR)])
    writer = run(dispatch, carrier, message(1, 2), message(3))
    [(fated, status)] = writer.fates()
    [rekey] = writer.of(Rekey)
    assert ("delivered", ["discard:"]) == (status, list(rekey.destinations.values()))
    assert fated not in rekey.destinations
    [wait] = writer.of(WaitForWarmup)
    assert ("discard:", FAR, "warm-up: 192.0.2.10 to mx.a.test") == tuple(wait.row.values())
    assert 1 == len(carrier.jobs)


class CarrierFromSource(FakeCarrier):
    """Its mail goes out from an address of a pool."""

    def carry(self, job):
        for each in super().carry(job):
            yield each._replace(attempt=each.attempt._replace(source="192.0.2.10"))


def test_a_reply_lets_the_address_rest_that_it_refused(dispatch, monkeypatch, tmp_path):
    """
    The write knows the others of its pools, because the last one of a pool stays.
    """
    file = tmp_path / "pools.toml"
    pools = '[sources."a"]\naddresses = ["192.0.2.10", "192.0.2.11"]\n[sources."b"]\naddresses = ["192.0.2.12"]\n'
    file.write_text(configuration(2525, pools, routes='"*" = "discard:"'))
    dispatch.runtime.config = load_config(file)
    monkeypatch.setattr(FakeReader, "shaping", [(1, None, "550", None, None, None, None, "rest", "15m", None, 1)])
    listed = said_by_host("550 5.7.1 listed")
    writer = run(dispatch, CarrierFromSource([[(0, BOUNCED, listed), (1, BOUNCED, listed)]]), message(1, 2))
    [shape] = writer.of(Shape)
    assert ("192.0.2.10", [("192.0.2.11",)], 900.0) == (shape.source, shape.company, shape.effect.duration_s)
    writer = run(dispatch, FakeCarrier([[(0, BOUNCED, listed)]]), message(1))
    assert [shape] == writer.of(Shape)


def test_a_reply_suspends_its_destination_once_for_all_recipients(dispatch, monkeypatch):
    """
    The suspension commits with the fates, so the lease sees it before its next message.
    """
    monkeypatch.setattr(FakeReader, "shaping", [(1, None, "421", None, None, None, None, "suspend", "15m", None, 1)])
    wait = said_by_host("421 4.7.0 wait")
    writer = run(dispatch, FakeCarrier([[(0, DEFERRED, wait), (1, DEFERRED, wait)]]), message(1, 2))
    [shape] = writer.of(Shape)
    assert ("discard:", "own:1", 900.0) == (shape.destination, shape.effect.rule, shape.effect.duration_s)
    assert writer.writes.index(shape) == writer.writes.index(writer.of(Settle)[0]) + 1
    assert ["deferred", "deferred"] == [status for _, status in writer.fates()]


def test_a_rule_bounces_what_a_host_puts_off(dispatch, monkeypatch):
    """
    The sender hears it as of any other failure; what this host put off by itself is tried again.
    """
    monkeypatch.setattr(FakeReader, "shaping", [(1, None, "4xx", None, None, None, "quota", "bounce", None, None, 1)])
    full = said_by_host("452 4.2.2 full")
    own = Reply.of("452 4.2.2 full")
    writer = run(dispatch, FakeCarrier([[(0, DEFERRED, full), (1, DEFERRED, own)]]), message(1, 2))
    assert [(10, "bounced"), (11, "deferred")] == writer.fates()
    bounced, _ = writer.of(Settle)[0].fates
    assert (None, True) == (bounced.next_retry_at, bounced.wants_notice)
    assert [] == writer.of(Shape)


def test_no_rule_acts_where_shaping_is_off(dispatch, monkeypatch, tmp_path):
    """
    An operator who wants plain retries gets them.
    """
    monkeypatch.setattr(FakeReader, "shaping", [(1, None, "421", None, None, None, None, "suspend", "15m", None, 1)])
    (tmp_path / "empath.toml").write_text(configuration(2525, "[shaping]\nenabled = false", '"*" = "discard:"'))
    dispatch.runtime.config = load_config(tmp_path / "empath.toml")
    dispatch = Dispatch(dispatch.runtime, dispatch.choose_carrier)
    writer = run(dispatch, FakeCarrier([[(0, DEFERRED, said_by_host("421 wait"))]]), message(1))
    assert [] == writer.of(Shape)
