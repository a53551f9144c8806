"""
settle - the results of many attempts and the ends of many leases, in a transaction

THEORY
    All leases of the batch are locked first, in order.  Then the fates are settled with one statement: those that need
    no more thought, which are nearly all.  A recipient that somebody is editing at this moment is passed over, and one
    with an order, or whose lease is gone, needs the whole rule.  These are settled one by one by the code that SQLite
    uses, each in a transaction of its own, which waits for the edit.  Until then their lease does not end.

    A fate that is written twice counts once, because each names its lease.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Final

from empath.mail.fate import Fate
from empath.mail.status import RecipientStatus
from empath.message.report.facts import ReportKind
from empath.policy.bounce import success_action
from empath.storage.postgresql.accept import columns_of
from empath.storage.postgresql.session import PostgresSession
from empath.storage.queue.order_trail import finish_order
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.settle import Settle

_COLUMNS: Final = (
    "recipient_id", "process_id", "lease_id", "destination", "started_at", "duration_s", "connect_s", "host",
    "peer_address", "stage", "code", "enhanced", "text", "outcome", "decided_status", "decided_next_retry_at", "dnssec",
    "class", "tls_policy", "tls_version", "tls_cipher", "tls_peer", "tls_failure", "source",
    "now", "notice_kind", "notice_action",
)  # fmt: skip


def lock_leases(session: PostgresSession, leases: Iterable[int]) -> set[int]:
    """Lock those of *leases* that still stand, before anything else of the transaction."""
    return {number for (number,) in session.rows("settle.lock_leases", {"leases": sorted(leases)})}


def settle_together(
    session: PostgresSession, settles: Sequence[Settle], standing: set[int]
) -> list[tuple[Settle, Settle]]:
    """
    Settle what needs no more thought; each write of which something is left, with a write of one fate of it.

    *standing* are the leases that are locked.
    """
    rows: list[tuple[Any, ...]] = []
    for settle in settles:
        settle.is_stale = False
        settle.record_passed(session)
        if settle.lease_id in standing:
            rows += [_row(settle, fate) for fate in settle.fates]
    settled: set[int] = set()
    if rows:
        settled = {number for (number,) in session.rows("settle.settle_recipients", columns_of(_COLUMNS, rows))}
    left: list[tuple[Settle, Settle]] = []
    delivered: set[int] = set()
    for settle in settles:
        for fate in settle.fates:
            if settle.lease_id in standing and fate.recipient_id in settled:
                if fate.suppressed_until is not None or settle.clears_delay:
                    settle.follow(session, fate)
                if fate.status is RecipientStatus.DELIVERED:
                    delivered.add(settle.message_id)
            else:
                part = copy(settle)
                part.fates, part.passed, part.is_delayed = (fate,), (), False
                left.append((settle, part))
        if settle.is_delayed and settle.lease_id in standing:
            settle.insert_delay_notices(session)
    if delivered:
        session.run("settle.forget_delivered_contents", {"messages": sorted(delivered)})
    return left


def end_together(session: PostgresSession, ends: Sequence[EndLease]) -> list[EndLease]:
    """End leases, which are locked; those that still hold a recipient whom somebody is editing."""
    wanted: list[EndLease] = []
    for end in ends:
        end.before = end.after = None
        end.is_ended = not end.only_in_company or bool(
            session.value("put_back.has_company", {"lease_id": end.lease_id})
        )
        if end.is_ended:
            wanted.append(end)
    if not wanted:
        return []
    leases = {"leases": sorted({end.lease_id for end in wanted})}
    now = max(end.now for end in wanted)
    for recipient_id, status, is_ordered in session.rows("put_back.put_back", {**leases, "now": now}):
        if is_ordered:
            finish_order(session, recipient_id, status, now=now)
    ended = {number for (number,) in session.rows("put_back.end_leases", leases)}
    gone = {end.lease_id for end in wanted} - ended
    if gone:  # either it holds somebody, or it had ended before
        gone &= lock_leases(session, gone)
    return [end for end in wanted if end.lease_id in gone]


def needs_standing(session: PostgresSession, ends: Sequence[EndLease]) -> list[EndLease]:
    """Those whose leases have shown something new of their destination; the others know it already."""
    found = {}
    names = sorted({end.destination for end in ends})
    for name, *row in session.rows("put_back.standings", {"destinations": names}) if names else ():
        found[name] = tuple(row)
    return [end for end in ends if end.destination in found and end.learn(found[end.destination]) is not None]


def keep_standing(session: PostgresSession, end: EndLease) -> None:
    """Keep what a lease has seen of its destination, in a transaction of its own."""
    for row in session.rows("put_back.standing", {"destination": end.destination}):
        new = end.learn(row)
        if new is not None:
            session.run("put_back.set_standing", new)


def give_back(session: PostgresSession, end: EndLease) -> None:
    """Return tokens, in a transaction of its own; the buckets are locked in the order of their names."""
    session.run("tokens.lock", {"names": sorted(bucket.name for bucket in end.unused)})
    end.give_back(session)


def _row(settle: Settle, fate: Fate) -> tuple[Any, ...]:
    status = fate.status
    evidence = settle.attempt_row(fate, outcome=status, decided=status, next_retry_at=fate.next_retry_at)
    kind: ReportKind | None = None
    action: str | None = None
    if fate.wants_notice:
        kind = ReportKind.FAILURE
        if status is RecipientStatus.DELIVERED:
            kind, action = ReportKind.SUCCESS, success_action(fate.handover)
    return (*evidence, settle.now, kind, action)
