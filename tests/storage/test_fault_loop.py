"""
test_fault_loop - the state of a queue after one step of one operation fails

Each operation begins on a copy of the same queue. A run without a fault counts its steps; then one run for each step
meets a fault there. After each run the file must be sound, and hold exactly the state before the operation or the state
after it; if the operation reported success, the latter.

`make properties` lets each step fail, `make test` a sample of them: of each operation three, one for each way to fail.
By turns they are of either kind, and the last step or one before.
"""

import copy
import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from empath.authentication.counted import CountedRow
from empath.errors import EmpathError
from empath.mail.address import Address
from empath.mail.identity import QueueId, Timestamp
from empath.mail.lookup import Absent, Addresses, Failed, Kind, Question
from empath.mail.outcome import Handover
from empath.mail.status import RecipientStatus
from empath.message.report.facts import ReportedMessage, ReportKind
from empath.policy.api_token import TokenRole
from empath.policy.authorship import Author
from empath.policy.concurrency import LeaseReport
from empath.policy.events.consumer import ConsumerOfFile
from empath.policy.events.form import Event
from empath.policy.greylist import GreylistRules, Note, Triple
from empath.policy.hold_rules import HoldPattern, HoldRule
from empath.policy.limits.delivery import ALL, Bucket, DeliveryRates
from empath.policy.limits.override import LimitOverride
from empath.policy.limits.rate import Rate
from empath.policy.redaction import Redaction, Way
from empath.policy.replies.reply_pattern import Heard
from empath.policy.replies.shaping import Action, Effect
from empath.policy.seal import BEGINNING, LEAF_OCTETS, Span, sealed
from empath.policy.senders import Senders
from empath.policy.sts import KeptPolicy, StsPolicy
from empath.policy.tls_demand import StsMode
from empath.policy.tls_results import TlsResult
from empath.policy.tracing.context import TraceContext
from empath.policy.warmup import WarmupPlan
from empath.storage.admin.accounts import AddAccount
from empath.storage.admin.api_tokens import AddToken, RevokeToken
from empath.storage.admin.delivered_since import Delivered, Delivery, MarkDelivered
from empath.storage.admin.dkim_keys import AddDkimKeys, BeginSigning, RemoveDkimKey
from empath.storage.admin.dns_cache import DnsFilter, ForgetAnswers, ReplaceAnswers
from empath.storage.admin.events import AddConsumer, RemoveConsumer, Replay, SetState, SettleAsides
from empath.storage.admin.forget import LeaveOut, LeaveOutKeyed
from empath.storage.admin.fsck import Repair
from empath.storage.admin.hold_rules import AddHold, DeleteHolds
from empath.storage.admin.listener_limits import EndLimits, SetLimit
from empath.storage.admin.recipients import AddAlias, ListRecipients, RemoveAlias
from empath.storage.admin.records import DkimKey
from empath.storage.admin.replay import Failure as FailedAttempt
from empath.storage.admin.replay import Reclassified, Reclassify, SwitchShaping
from empath.storage.admin.rerouting import Reroute
from empath.storage.admin.sources import RestSource, WakeSources
from empath.storage.admin.suppression import AddSuppressions, NewSuppression, RemoveSuppressions
from empath.storage.engine import Session
from empath.storage.queue.accept import INLINE, Accept
from empath.storage.queue.aging import RedactOld
from empath.storage.queue.api_tokens import RecordTokenRefusal, RecordTokenUse
from empath.storage.queue.audit import ClaimAudit
from empath.storage.queue.clock import BringForward
from empath.storage.queue.config_revisions import Revision
from empath.storage.queue.dedup import AcceptOnce
from empath.storage.queue.destination_rules import NoteExchangers, ResizeDestinations, Standing, SuspendByHours
from empath.storage.queue.destinations import ForgetDestinations, Idle, MarkLeaving, UnmarkAll
from empath.storage.queue.dns_cache import Asked, KeepAnswers
from empath.storage.queue.domain_reports import CloseReport, CountDmarc, DuePeriod, Period, PutOffReport
from empath.storage.queue.due_bound import LateBound, RepairBounds
from empath.storage.queue.event_sending import Advance, Claim, EndAside, RecordFailure, RecordTry
from empath.storage.queue.events import EVENTS, KeepConsumers
from empath.storage.queue.feedback import FEEDBACK, Entry, KeepFeedback
from empath.storage.queue.garbage import AddOrphans, Removal, SettleGarbage
from empath.storage.queue.greylist import NoteTry
from empath.storage.queue.hold_rules import HoldByRules
from empath.storage.queue.injection import Inject, InjectionKey
from empath.storage.queue.lease import Lease
from empath.storage.queue.process import Beat, EndProcess, RecordModules, Register
from empath.storage.queue.put_back import EndLease, Hold, Rekey, ReleaseUnknownLeases
from empath.storage.queue.rates import ExchangeTokens, RateKey, Trade
from empath.storage.queue.received_reports import KeepDmarcReport, KeepTlsReport
from empath.storage.queue.recipients import KeepVerification
from empath.storage.queue.reply_rules import KeepShippedRules, Shape
from empath.storage.queue.reports import Case, CloseNotices, DueReport
from empath.storage.queue.rerouting import MoveWaiting, RememberRoutes, Waiting
from empath.storage.queue.retention import Cutoffs, ForgetAudit, ForgetMessages, ForgetRecipients
from empath.storage.queue.seals import AppendSeal
from empath.storage.queue.sessions import KeepSessions, SessionRow
from empath.storage.queue.settle import Settle
from empath.storage.queue.sts_policies import KeepPolicy, NoteCheck
from empath.storage.queue.sweep import ForgetRows
from empath.storage.queue.tls_counts import CountPolicyFailure, CountTls, TlsCount
from empath.storage.queue.tokens import ForgetWaits, SweepBuckets
from empath.storage.queue.tracing import KeepTrace
from empath.storage.queue.transcripts import KeepTranscripts, TranscriptRow
from empath.storage.queue.warmup import CountWarmup, UncountWarmup, WaitForWarmup
from empath.storage.sqlite.engine import SqliteEngine
from empath.storage.sqlite.plans import ForgetStatistics
from empath.storage.sqlite.schema import prepare
from empath.storage.write import Batch, Write
from tests.kit.faults import NEVER, Failure, Fault, Step, run, steps_of
from tests.kit.queue import T0, Dump, Queue, connection_of, dump, ids, inspect, write
from tests.kit.vectors import vectors
from tests.message.aggregate.kit import REPORT as DMARC_REPORT
from tests.message.aggregate.test_tls import REPORT as TLS_REPORT
from tests.storage.migrations.kit import restore, saved

Works = Callable[[Queue, Lease], list[Write]]
AT_ONCE = Cutoffs.at(T0 + 9, delivered_s=0, final_s=0, content_s=0, audit_s=0)
GARBAGE = "spool:mx/0"
FORGOTTEN_IN = ("event", "refusal", "attempt", "audit", "recipient", "message")
SMALLEST = "write a row"


HOLDING = HoldRule(1, HoldPattern.parse("destination", "*"), None, "why", Timestamp(T0))


def _settle(status: RecipientStatus) -> Works:
    def works(queue: Queue, lease: Lease) -> list[Write]:
        return [queue.new_settle(lease, status, recipients=ids(lease))]

    return works


def _advance(queue: Queue, before: int, cursor: int, **more: Any) -> Advance:
    return Advance("crm", queue.process_id, now=T0, before=before, cursor=cursor, **more)


def _settle_suppressed(queue: Queue, lease: Lease) -> list[Write]:
    work = queue.new_settle(lease, RecipientStatus.BOUNCED, recipients=ids(lease))
    work.fates = tuple(fate._replace(bounce_class="bad-mailbox", suppressed_until=T0 + 9) for fate in work.fates)
    return [work]


def _accept_with_a_bad_one(queue: Queue, _: Lease) -> list[Write]:
    good = queue.new_accept("new.example")
    return [good, Accept(good.message), queue.new_accept("new.example")]


class Shell(Write):
    """A transaction of plain SQL, as a person types it."""

    def __init__(self, *statements: str) -> None:
        super().__init__()
        self._statements = statements

    def run(self, session: Session) -> None:
        for statement in self._statements:
            connection_of(session).execute(statement)


def _steered(status: str, *works: Callable[[Queue, Lease], Write]) -> Works:
    def steered(queue: Queue, lease: Lease) -> list[Write]:
        order = Shell(f"UPDATE queue SET status = '{status}', next_retry_unix = 2e9")
        return [Batch(order, *(work(queue, lease) for work in works))]

    return steered


def _case(kind: ReportKind) -> Case:
    """The case of the leased message, whose notices are the first of the queue."""
    message = ReportedMessage("", Timestamp(T0), False, None, None)
    return Case(DueReport(1, kind), message, "sender@example.test", 1, None, INLINE, b"", "", (), False, (1, 2), (1, 2))


def _settle_with_success(queue: Queue, lease: Lease) -> Write:
    """A delivery that the sender wants to hear of."""
    settle = queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease))
    settle.fates = tuple(fate._replace(wants_notice=True, handover=Handover.RELAYED) for fate in settle.fates)
    return settle


TOKENS = Bucket(ALL, Rate(5, 5.0, 2))
RATES = DeliveryRates(all_mail=Rate(5, 5.0, 2), of_destination=lambda name, _: (Bucket(name, Rate(1, 9.0)),))


def _end(_: Queue, lease: Lease) -> Write:
    return EndLease(lease.lease_id, destination="leased.example", is_failing=True, now=T0 + 1)


def _once(queue: Queue) -> Write:
    """The same message each time, with metadata of modules."""
    return AcceptOnce(queue.new_message("a.example")._replace(metadata='{"score": 7}'), 60.0)


_SESSION = SessionRow(
    number=1, listener="127.0.0.1:25", client_address="192.0.2.1", client_name="c.test", account=None, tls=None,
    state="ready", messages=0, octets=9, began_at=T0,
)  # fmt: skip
_POLICY = KeptPolicy("b.example", "1", StsPolicy(StsMode.ENFORCE, 9, ("mx.b.example",)), T0, T0 + 9, T0)
_COUNTED = CountedRow(
    *("b.example", "v=DMARC1", "192.0.2.1", "none", "fail", "fail", "", "", "b.example", "", "[]", "", ""),
)
_PERIOD = DuePeriod(1, "dmarc", "b.example", 0, 86_400, "v=DMARC1", 0, 3, 0)
_PLAN = WarmupPlan("192.0.2.10", "*", T0, ((1, 5),))
_REST = Effect("own:3", Action.REST, 2.5e8)
_FAILURE = FailedAttempt(1, "A@b.example", "b.example", T0, "bounced", None, Heard("rcpt", 550, None, "550 no", ""))
_LOGGED = Delivery(QueueId("0" * 26), "r@a.example", T0, None, "rcpt", "250 Ok")
_REVISION = Revision("text", "hash", "1", lambda: [("name", "value", None, "default")])
_GREYLIST = GreylistRules(delay_s=1, window_s=2, lifetime_s=3, auto_allow=1, ipv4_prefix=24, ipv6_prefix=64)
_TRIPLE = Triple("192.0.2.0/24", "a@b.example", "c@d.example")
DKIM_KEY = vectors("dkim-signed")["private_keys"]["e"].encode()
OPERATIONS: dict[str, Works] = {
    SMALLEST: lambda *_: [Shell("INSERT INTO _setting (name, value) VALUES ('a', '')")],
    "accept": lambda queue, _: [queue.new_accept("a.example", "new.example")],
    "accept batch": lambda queue, _: [
        queue.new_accept("a.example"),
        queue.new_accept("new.example"),
        queue.new_accept(),
    ],
    "accept batch with a bad one": _accept_with_a_bad_one,
    "lease": lambda queue, _: [queue.new_lease()],
    "transcripts": lambda *_: [KeepTranscripts([TranscriptRow(T0, "RCPT", "550 no", dialogue="C: QUIT")] * 2)],
    "feedback": lambda *_: [
        KeepFeedback(
            "01M8PC4VJYQKTGRH502JS35RRZ",
            [Entry("failure", (), "a@b.example", True, "bad-mailbox", 550, None, "550 no", T0 + 60)],
            reporter=None,
            form="dsn",
            now=T0,
        ),
        ForgetRows(FEEDBACK, [1]),
    ],
    "greylist": lambda *_: [NoteTry(_GREYLIST, _TRIPLE, note, T0) for note in (Note.FIRST_TRY, Note.DELIVERY)],
    # One operation for what sessions write, and one for what a person writes: a batch is one transaction, as in use.
    "what sessions write": lambda queue, _: [
        Batch(
            NoteTry(replace(_GREYLIST, most_first_tries=0), _TRIPLE, Note.FIRST_TRY, T0),
            ExchangeTokens([Trade(RateKey("failures_per_client", "192.0.2.1"), Rate(2, 60.0), 0, 1)], now=T0),
            KeepSessions(queue.process_id, [_SESSION], []),
            KeepAnswers(
                [
                    Asked(Question("a.example", Kind.A), Addresses(("192.0.2.1",), 60.0), 9.0, T0),
                    Asked(Question("a.example", Kind.A), Failed("SERVFAIL"), 0.0, T0),
                ],
                seen=0,
            ),
            KeepVerification("a@b.example", is_known=True, reply="250 Ok", expires_at=T0 + 9),
            RecordModules(queue.process_id, ("a", "b")),
            KeepPolicy(_POLICY),
            NoteCheck(_POLICY.domain, T0 + 1, "down"),
            CountDmarc({_COUNTED: 3}, Period(0, 86_400)),
            PutOffReport(_PERIOD, T0, "no answer"),
            KeepDmarcReport(DMARC_REPORT, sender="", queue_id="", now=T0),
            KeepTlsReport(TLS_REPORT, sender="", queue_id="", now=T0),
            CountTls(None, 0, {}),
            CountTls(0, 1, {Period(0, 86_400): {TlsCount("b.example", "sts", "", "", "", ""): 3}}),
            CountPolicyFailure("b.example", TlsResult("sts", "sts-policy-invalid", "x"), 0.0),
            CloseReport(_PERIOD, queue.new_accept("a.example"), now=T0, report_id="1", sent_to=["a@a.example"]),
            _once(queue),
            _once(queue),
            Inject([queue.new_accept("b.example")], InjectionKey("app", "key", "0" * 64, T0, T0 + 9), "{}"),
        )
    ],
    "what a person writes": lambda *_: [
        Batch(
            AddAccount("alice@a.example", Senders.parse(""), None, who="test", now=T0),
            AddDkimKeys("a.example", [("s", DKIM_KEY)], who="test", now=T0),
            BeginSigning([DkimKey("a.example", "s", "ed25519-sha256", "waiting", T0, "")], who="test"),
            RemoveDkimKey("a.example", "s", who="test"),
            AddToken("m", TokenRole.READ, networks="", digest="0" * 64, expires_at=2e9, who="test", now=T0),
            RecordTokenUse("m", client="192.0.2.1", now=T0),
            RecordTokenRefusal("192.0.2.1", "no such token"),
            Shell("UPDATE token SET networks = '::1', expires_at = NULL"),
            RevokeToken("m", who="test"),
            AddAlias("team@a.example", ("ann@a.example", "bob@a.example"), who="test"),
            RemoveAlias("team@a.example", ("bob@a.example",), who="test"),
            ListRecipients(["ann@a.example"], who="test"),
            Shell("DELETE FROM sts_policy"),
            Shell("INSERT INTO greylist (client) VALUES ('192.0.2.0/24')"),
            Shell("INSERT INTO bounce_rule (class, code) VALUES ('quota', '550')", "DELETE FROM bounce_rule"),
            AddSuppressions([NewSuppression("a@b.example", "gone", None, 2e9)], who="test"),
            RemoveSuppressions(["a@b.example"], who="test"),
            RestSource("192.0.2.10", now=T0, expires_at=2e9, reason="x", who="test"),
            WakeSources(["192.0.2.10"], who="test"),
            CountWarmup(_PLAN, day=1),
            UncountWarmup(_PLAN, day=1),
            WaitForWarmup("a.example", until=2e9, words="192.0.2.10"),
            KeepShippedRules(),
            SwitchShaping(["listed"], is_on=True, who="test"),
            Reclassify([Reclassified(_FAILURE, "quota", 2e9)], now=T0),
            ReplaceAnswers([Asked(Question("a.example", Kind.MX), Absent("NODATA", 60.0), 0.0, T0)], who="test"),
            ForgetAnswers(DnsFilter("a.example"), who="test"),
        )
    ],
    "what is an event": lambda queue, lease: [
        Batch(
            KeepConsumers([ConsumerOfFile("crm", "webhook"), ConsumerOfFile("stream", "stream")], now=T0),
            KeepConsumers([ConsumerOfFile("crm", "webhook", "bounced")], now=T0),
            AddConsumer("test", "", who="test"),
            queue.new_accept("new.example"),
            queue.new_settle(lease, RecipientStatus.BOUNCED, recipients=ids(lease)),
            CloseNotices(_case(ReportKind.FAILURE), queue.new_accept("new.example"), now=T0),
            Shell("UPDATE queue SET status = 'held' WHERE domain = 'new.example'"),
            Replay("crm", who="test", cursor=1),
            SetState("crm", who="test", state="paused"),
            SettleAsides(consumer=None, is_drop=True, who="test"),
            RemoveConsumer("test", who="test"),
            ForgetRows(EVENTS, [1, 2]),
        )
    ],
    "what a consumer took and refused": lambda queue, _: [
        Batch(
            KeepConsumers([ConsumerOfFile("crm", "webhook")], now=T0),
            queue.new_accept("new.example", "new.example", "new.example"),
            Claim("crm", queue.process_id),
            _advance(queue, 0, 1, is_taken=True, sent=1, refused=Event(1, T0, "held", "x")),
            _advance(queue, 1, 3, behind=[Event(2, T0, "held", "x"), Event(3, T0, "held", "y")]),
            RecordFailure("crm", queue.process_id, now=T0, next_try_at=T0 + 9, error="x"),
            RecordTry("crm", queue.process_id, now=T0, event_id=1, next_try_at=T0 + 9, error="x", is_dead=True),
            EndAside("crm", queue.process_id, now=T0, event_id=2),
        )
    ],
    "settle delivered": _settle(RecipientStatus.DELIVERED),
    "settle deferred": _settle(RecipientStatus.DEFERRED),
    "settle bounced": _settle(RecipientStatus.BOUNCED),
    "settle bounced and suppressed": _settle_suppressed,
    "settle deferred and shaped": lambda queue, lease: [
        Batch(
            *_settle(RecipientStatus.DEFERRED)(queue, lease),
            Shape(lease.destination, Effect("own:1", Action.SUSPEND, 9.0), now=T0, reply="421 wait"),
            Shape(lease.destination, Effect("own:2", Action.SLOW, 2.5e8, "concurrency", "2"), now=T0, reply="421 slow"),
            Shape(lease.destination, _REST, now=T0, reply="550 listed", source="192.0.2.10", company=[("192.0.2.11",)]),
        )
    ],
    "settle delayed": lambda queue, lease: [
        queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=ids(lease), is_delayed=True),
    ],
    "report": lambda queue, lease: [
        queue.new_settle(lease, RecipientStatus.BOUNCED, recipients=ids(lease)),
        CloseNotices(_case(ReportKind.FAILURE), queue.new_accept("new.example"), now=T0),
    ],
    "discard a report": lambda queue, lease: [
        queue.new_settle(lease, RecipientStatus.BOUNCED, recipients=ids(lease)),
        CloseNotices(_case(ReportKind.FAILURE), None, now=T0, is_discarded=True),
    ],
    "report a success": lambda queue, lease: [
        _settle_with_success(queue, lease),
        CloseNotices(_case(ReportKind.SUCCESS), queue.new_accept("new.example"), now=T0),
    ],
    "report a delay": lambda queue, lease: [
        Shell("UPDATE _recipient SET notify = 'DELAY'"),
        queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=ids(lease), is_delayed=True),
        CloseNotices(_case(ReportKind.DELAY), queue.new_accept("new.example"), now=T0),
    ],
    "settle the end of a delay": lambda queue, lease: [
        Batch(
            Shell(
                "UPDATE _message SET delay_reported_at = 1",
                "UPDATE _recipient SET notify = NULL, attempts = iif(recipient_id = 1, 1, attempts)",
                "INSERT INTO _attempt (recipient_id, process_id, lease_id, destination, started_at, duration_s, stage,"
                " text, outcome, decided_status) VALUES (1, 1, 1, 'x', 1, 1, 'mail', '', 'deferred', 'deferred')",
            ),
            queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease), clears_delay=True),
        )
    ],
    "settle and end": lambda queue, lease: [
        Batch(
            queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease)),
            EndLease(lease.lease_id, destination="leased.example", is_failing=True, now=T0 + 1),
        )
    ],
    "end lease": lambda _, lease: [EndLease(lease.lease_id, destination="leased.example", is_failing=True, now=T0 + 1)],
    "keep a trace": lambda _, lease: [
        KeepTrace(lease.messages[0].message_id, TraceContext("1" * 32, "2" * 16, is_sampled=True))
    ],
    "end lease that failed": lambda _, lease: [
        EndLease(
            lease.lease_id,
            destination="leased.example",
            is_failing=True,
            now=T0 + 1,
            seen=LeaseReport(failures=9, is_unreachable=True),
            failure="421 4.3.2 Busy",
        )
    ],
    "end lease with tokens": lambda _, lease: [
        EndLease(lease.lease_id, destination="leased.example", is_failing=False, now=T0 + 1, unused={TOKENS: 2})
    ],
    "lease with tokens": lambda queue, _: [queue.new_lease(now=T0 + 1, rates=RATES)],
    "forget tokens": lambda queue, _: [
        Batch(queue.new_lease(now=T0 + 1, rates=RATES), ForgetWaits(senders=None, now=T0), SweepBuckets(now=T0 + 99))
    ],
    "end strays": lambda queue, _: [ReleaseUnknownLeases(queue.process_id, (), now=T0 + 1)],
    "rekey": lambda queue, lease: [Rekey(lease.lease_id, dict.fromkeys(ids(lease), "smtp:127.0.0.1:2526"), now=T0 + 1)],
    "hold": lambda _, lease: [Hold(lease.lease_id, tuple(ids(lease)), now=T0, reason="no content")],
    "register": lambda *_: [
        Register(node="mx", instance="run", slot="worker-2", generation=1, pid=1, now=T0, revision=_REVISION),
    ],
    "forget an address": lambda *_: [
        Shell("INSERT OR IGNORE INTO _setting (name, value) VALUES ('pseudonym_key', '00')"),  # the same in each run
        LeaveOutKeyed(Address.parse("a@b.example"), is_whole=True, who="test"),
        *(LeaveOut(Address.parse("r1@a.example"), table, range(1, 9), who="test") for table in FORGOTTEN_IN),
    ],
    "redact old records": lambda *_: [
        RedactOld(table, [4, 5], Redaction(Way.MASK)) for table in ("audit", "recipient")
    ],
    "append a seal": lambda *_: [
        AppendSeal(sealed(1, T0, Span(0, 1, 1), Span(0, 0, 0), leaves=bytes(LEAF_OCTETS), previous=BEGINNING))
    ],
    "beat": lambda queue, _: [Beat(queue.process_id, now=T0 + 2)],
    "end process": lambda queue, _: [EndProcess(queue.process_id, now=T0 + 3)],
    "set and end limits": lambda *_: [
        SetLimit(LimitOverride("*", "errors", "5"), who="x"),
        SetLimit(LimitOverride("*", "errors", "6", Timestamp(T0 + 1e9), "why"), who="x"),
        EndLimits([("*", "errors")], who="x"),
    ],
    "add and end hold rules": lambda *_: [
        AddHold(HoldPattern.parse("destination", "*"), expires_at=T0 + 1e9, reason="why", who=Author("x", "add")),
        DeleteHolds([1], who="x"),
    ],
    "hold by rules": lambda _, lease: [
        AddHold(HoldPattern.parse("destination", "*"), expires_at=None, reason="why", who="x"),
        HoldByRules(lease.lease_id, dict.fromkeys(ids(lease), HOLDING), now=T0 + 1),
    ],
    "resize destinations": lambda *_: [ResizeDestinations({1: 3, 2: 3})],
    "suspend by hours": lambda *_: [SuspendByHours({1: (Standing(2), Standing(2, T0 + 60, "closed by schedule"))})],
    "note exchangers": lambda *_: [NoteExchangers("a.example", ("mx1.example.net",), max_leases=3)],
    "hold by order": _steered("held"),
    "return by order": _steered("bounced"),
    "undo": lambda *_: [
        Shell(
            "DELETE FROM queue WHERE destination = 'a.example'",
            "UPDATE history SET status = 'queued' WHERE status = 'cancelled'",
        )
    ],
    "settle what was ordered": _steered(
        "bounced", lambda queue, lease: queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=ids(lease)), _end
    ),
    "settle what was ordered too late": _steered(
        "held", lambda queue, lease: queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease)), _end
    ),
    "end lease of what was ordered": _steered("expired", _end),
    "end process of what was ordered": _steered("held", lambda queue, _: EndProcess(queue.process_id, now=T0 + 3)),
    "control": lambda *_: [
        Shell(
            "INSERT INTO control (verb) VALUES ('flush')",
            "INSERT INTO control (verb) VALUES ('thaw')",
            "INSERT INTO control (verb) VALUES ('reload')",
        )
    ],
    "forget recipients": lambda *_: [ForgetRecipients([1, 3, 4, 5], AT_ONCE)],
    "forget what was just delivered": lambda queue, lease: [
        queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease)),
        ForgetRecipients([1, 2], AT_ONCE),
    ],
    "forget contents": lambda *_: [ForgetMessages([1, 2, 3, 4], AT_ONCE)],
    "forget audit": lambda *_: [
        ForgetRecipients([4, 5], AT_ONCE),
        ForgetAudit([1, 2], Cutoffs(T0, 0.0, 0.0, 0.0, audit_before=time.time() + 9)),
    ],
    "forget statistics": lambda *_: [Batch(Shell("ANALYZE"), ForgetStatistics())],
    "claim audit": lambda *_: [ClaimAudit(99)],
    "settle garbage": lambda *_: [SettleGarbage([Removal(GARBAGE, 0, None), Removal("spool:mx/1", 1, "no")], now=T0)],
    "add orphans": lambda *_: [AddOrphans(["01", "02"], node="mx")],
    "bring forward": lambda *_: [BringForward(0, now=T0 - 60, step_s=60.0)],
    "reroute": lambda *_: [
        Reroute([(Waiting(3, "r@a.example", "a.example", "a.example", "", None, "{}"), "new.example")], who="x")
    ],
    "plan": lambda *_: [
        Shell(
            "INSERT INTO plan (verb, expires_unix) VALUES ('hold', unixepoch() + 3600)",
            "INSERT INTO plan_recipient (plan_id, recipient_id)"
            " SELECT 1, recipient_id FROM queue WHERE status = 'queued'",
            "UPDATE plan SET state = 'applied'",
        ),
        Shell("UPDATE plan SET state = 'undone'"),
    ],
    "mark delivered": lambda *_: [
        MarkDelivered(
            [Delivered(3, 2, "queued", None, None, 2, "a.example", _LOGGED)],
            who="x",
            node="mx",
            instance="restore",
            now=T0 + 9,
        )
    ],
    "follow routes": lambda *_: [MoveWaiting({3: "new.example"}), RememberRoutes("digest")],
    "forget destinations": lambda *_: [
        MoveWaiting({3: "new.example"}),
        Shell("UPDATE _destination SET due_at = NULL WHERE name = 'a.example'"),
        MarkLeaving([2]),
        ForgetDestinations([2], Idle(T0, leased_before=T0), after=5),
        UnmarkAll(),
    ],
    "repair": lambda *_: [
        Batch(_Break(), Repair(["lease_without_process", "due_at_late"], now=T0 + 9, spool=Path(), node="mx"))
    ],
    "repair bounds": lambda *_: [_LoseBounds(), RepairBounds([LateBound(2, "a.example", None, T0)])],
}


class _Break(Write):
    """More bugs."""

    def run(self, session: Session) -> None:
        connection_of(session).execute("UPDATE _destination SET due_at = NULL")
        connection_of(session).execute("UPDATE _process SET ended_at = 1.0")


class _LoseBounds(Write):
    """A bug."""

    def run(self, session: Session) -> None:
        connection_of(session).execute("UPDATE _destination SET due_at = NULL WHERE name = 'a.example'")


def _template(path: Path) -> tuple[Queue, Lease]:
    """
    A queue with a lease of one message for two recipients, a message without a lease, two cancelled messages, one of
    them in a file, and garbage.
    """
    queue = Queue(path, max_leases=2)
    queue.accept("leased.example", "leased.example")
    (lease,) = queue.lease()
    queue.accept("a.example")
    queue.accept("cancelled.example")
    queue.accept("cancelled.example", content=None, size=9, locator="spool:mx/2")
    queue.write("DELETE FROM queue WHERE recipient_id > 3")
    queue.write("UPDATE _recipient SET settled_at = ? WHERE status = 'cancelled'", T0)
    queue.write("INSERT INTO _spool_garbage (locator) VALUES (?), ('spool:mx/1')", GARBAGE)
    queue.close()
    return queue, lease


def _timeless(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """*rows* without the instants that SQL took from the clock; the queue's own are of another year."""
    now = time.time()

    def is_now(value: object) -> bool:
        return isinstance(value, float) and abs(value - now) < 86_400

    return [tuple("now" if is_now(value) else value for value in row) for row in rows]


def _execute(path: Path, works: list[Write], *, times: int = 1) -> str | None:
    """Run *works* as one batch, again as long as all of it fails and *times* allow; the last run's first error."""
    writer = SqliteEngine(path, max_leases=2).open_writer(deadline_s=1.0, notify=lambda: None)
    try:
        for _ in range(times):
            writer.execute(works)
            if not all(work.error for work in works):
                break
        return next((str(work.error).removeprefix(str(path)) for work in works if work.error), None)
    finally:
        writer.close()


class Inspector:
    """
    `inspect`, once for the same octets, because most failures leave the files unchanged.

    A table that is as it was at the first look is not read for instants again.
    """

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[Dump, Dump]] = {}
        self._first: Dump = {}
        self._first_timeless: Dump = {}

    def look(self, path: Path) -> tuple[Dump, Dump]:
        """The result of `inspect` for the database at *path*, without the instants of today."""
        key = _octets(path)
        if key not in self._found:
            state, wrong = inspect(path)
            timeless = {
                name: self._first_timeless[name] if rows == self._first.get(name) else _timeless(rows)
                for name, rows in state.items()
            }
            if not self._first:
                self._first, self._first_timeless = state, timeless
            self._found[key] = timeless, wrong
        return self._found[key]


def _places(steps: range, failure: Failure, *, turn: int = 0, most: int = 2) -> list[int]:
    """
    The steps that fail: in `make properties` all up to the last of *steps*.

    In `make test` about *most* of *steps* at equal distances, or half as many where a process is killed, because a fork
    costs more than the operation; at least one, and the last. *turn* moves the others. If *most* is 1, it is one step,
    the last at every second turn.
    """
    if settings.get_current_profile_name() == "deep":
        return list(range(1, steps.stop))
    if most == 1:
        return [steps[-1] if turn % 2 else steps[turn // 2 % len(steps)]]
    stride = max(1, len(steps) // (max(1, most // 2) if failure is Failure.SIGKILL else most))
    return sorted({*steps[turn % stride :: stride], steps[-1]})


def _octets(path: Path) -> bytes:
    """A digest of all durable octets of the database at *path*."""
    digest = hashlib.sha256()
    for suffix in ("", "-wal", "-journal"):
        file = path.with_name(path.name + suffix)
        digest.update(suffix.encode() + (file.read_bytes() if file.exists() else b"none"))
    return digest.digest()


def _remove(scratch: Path) -> None:
    """Remove the queue of a run; a connection that failed to close may do so now, and remove its own files."""
    for file in scratch.glob("queue.db*"):
        file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What an operation does without a fault: its error, the state after it, and the steps of each kind."""

    error: str | None
    after: Dump
    steps: dict[Step, int]


class Course:
    """The operations on copies of one queue, each run once without a fault."""

    def __init__(self, queue: Queue, lease: Lease) -> None:
        self.path = queue.path
        self.inspector = Inspector()
        self.before, _ = self.inspector.look(queue.path)
        self._queue = queue
        self._lease = lease
        self._known: dict[str, Undisturbed] = {}

    def works(self, name: str) -> list[Write]:
        """The writes of the operation, new ones each time."""
        return OPERATIONS[name](copy.copy(self._queue), copy.deepcopy(self._lease))

    def undisturbed(self, name: str, scratch: Path) -> Undisturbed:
        """The operation without a fault; it leaves a sound queue."""
        if name not in self._known:
            path = scratch / "whole.db"
            shutil.copy(self.path, path)
            error, steps = steps_of(partial(_execute, path, self.works(name)))
            after, wrong = self.inspector.look(path)
            assert {} == wrong
            self._known[name] = Undisturbed(error, after, steps)
        return self._known[name]

    def steps(self, name: str, step: Step, scratch: Path) -> range:
        """The operation's own steps: before them it has as many as the smallest one, which open the connection."""
        opening = 0 if name == SMALLEST else self.undisturbed(SMALLEST, scratch).steps[step]
        last = self.undisturbed(name, scratch).steps[step]
        return range(min(opening, last - 1) + 1, last + 1)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """All operations, on the queue of `_template`."""
    return Course(*_template(tmp_path_factory.mktemp("template") / "queue.db"))


def _kinds(turn: int) -> list[Step]:
    """In `make properties` both kinds of steps, in `make test` one of them at each turn."""
    kinds = [*Step]
    return kinds if settings.get_current_profile_name() == "deep" else [kinds[turn % len(kinds)]]


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_leaves_all_or_nothing(scratch: Path, course: Course, name: str, failure: Failure) -> None:
    """
    No reader ever sees a fate without its evidence, a lease without its slot, or a message without its content. An
    operation that failed once succeeds when the same writer repeats it.
    """
    whole = course.undisturbed(name, scratch)
    path = scratch / "queue.db"
    times = 2 if failure is Failure.ONCE else 1
    turn = list(OPERATIONS).index(name) + list(Failure).index(failure)

    for step in [*Step] if name == SMALLEST else _kinds(turn):
        steps = course.steps(name, step, scratch)
        for fail_at in _places(steps, failure, turn=turn // 2, most=len(steps) if name == SMALLEST else 1):
            shutil.copy(course.path, path)
            report = run(partial(_execute, path, course.works(name), times=times), Fault(step, failure, fail_at))

            met = f"{step} {fail_at} failed {failure}"
            assert report.was_met, met
            found, wrong = course.inspector.look(path)
            assert {} == wrong, met
            if report.was_killed or (report.error != whole.error and failure is Failure.FOR_GOOD):
                assert found in (course.before, whole.after), met
            else:
                assert (whole.error, whole.after) == (report.error, found), met
            _remove(scratch)


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("step", Step)
def test_preparation_can_be_begun_again(scratch: Path, step: Step, failure: Failure) -> None:
    """
    A start that dies while it makes the database must not break the next start.
    """
    fault = Fault(step, Failure.ONCE, NEVER)
    run(partial(_prepare, scratch / "whole.db"), fault)
    whole = dump(scratch / "whole.db")
    mended: set[bytes] = set()

    for fail_at in _places(range(1, fault.count + 1), failure):
        path = scratch / f"{fail_at}.db"
        report = run(partial(_prepare, path), Fault(step, failure, fail_at))
        assert report.was_met
        if report.error is None and not report.was_killed:
            assert whole == dump(path)
        left = _octets(path)
        if left not in mended:  # a start depends only on the files that it finds
            mended.add(left)
            prepare(path)
            assert (whole, {}) == inspect(path), f"{step} {fail_at} failed {failure}"


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("step", Step)
def test_migration_leaves_old_or_new_schema(scratch: Path, step: Step, failure: Failure) -> None:
    """
    A file is never between two versions, whatever it holds and wherever the start dies.
    """
    old, new, path = (scratch / name for name in ("old.db", "new.db", "queue.db"))
    restore(saved(1), old)
    write(old, "CREATE TRIGGER mine INSTEAD OF UPDATE OF priority ON queue BEGIN SELECT 1; END")
    shutil.copy(old, new)
    fault = Fault(step, Failure.ONCE, NEVER)
    run(partial(_prepare, new), fault)
    inspector = Inspector()
    states = [inspector.look(old)[0], inspector.look(new)[0]]

    for fail_at in _places(range(1, fault.count + 1), failure):
        shutil.copy(old, path)
        report = run(partial(_prepare, path), Fault(step, failure, fail_at))
        assert report.was_met
        found, wrong = inspector.look(path)
        assert found in (states if report.error or report.was_killed else states[1:])
        assert {} == wrong
        _remove(scratch)


def _prepare(path: Path) -> str | None:
    try:
        prepare(path)
    except EmpathError as exc:
        return str(exc)
    return None


def test_settle_is_what_the_kit_builds(course: Course) -> None:
    """
    The loop needs settles that touch recipients.
    """
    (work,) = course.works("settle delivered")

    assert isinstance(work, Settle)
    assert [1, 2] == [fate.recipient_id for fate in work.fates]
