"""
lease - the leases of all destinations of a write, with one statement for each step

THEORY
    The rules are those of queue/lease.py; what differs is the order of the work.  There a destination is leased from
    after another.  Here all that are ready are locked, and each step is one statement for all of them, because a
    statement is a way to the server and back.  What a step gives decides the next one, in Python.

    How many slots a destination may fill depends on what those before it in the turn have used.  So the work goes in
    rounds.  In the first one each destination gets its part; what is left after that goes to those that have more.

    A destination that another worker takes from at this moment is passed over.  If all are, this one waits for one of
    them, in a transaction that holds no other lock.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from empath.policy.concurrency import MESSAGES, MESSAGES_PER_EXTRA_LEASE
from empath.policy.limits.delivery import Bucket
from empath.storage.engine import Row
from empath.storage.postgresql.session import PostgresSession
from empath.storage.queue.lease import (
    WITH_PROBE,
    Lease,
    TakeLeases,
    add_siblings,
    aging_slots,
    by_message,
    hands_of,
    messages_of,
    mixed,
    prefetched,
)
from empath.storage.queue.lease_tokens import LeaseTokens

_PROBE_DEPTH: Final = 1_000  # due recipients among which those whose lifetime is over are looked for
_LOOK: Final = 100  # ready destinations of a class that are looked at beyond those wanted: others may have locked them
_ROUNDS: Final = 3


@dataclass(slots=True)
class _Seen:
    """
    A destination in its turn, locked.

    Shape: free is the number of slots that the process may fill; in_use and taken count leases, of all processes and
    of this write; allowed is the number of messages for which its buckets have tokens, None for any number;
    has_more: more than what was taken may be due; wants_more: for want of slots.
    """

    destination_id: int
    name: str
    lease_count: int
    is_probe: bool
    exchangers: str | None
    lease_limit: int
    max_leases: int
    due_at: float
    has_lease: bool = False
    free: int = 0
    in_use: int = 0
    taken: int = 0
    slots: int = 0
    allowed: int | None = None
    buckets: tuple[Bucket, ...] = ()
    due: list[tuple[int, int]] = field(default_factory=list)
    has_more: bool = False
    wants_more: bool = False


def take(session: PostgresSession, write: TakeLeases) -> bool:
    """
    Take the leases of *write*, inside a transaction; False if all that is ready is locked by others.

    Then nothing was changed but bells.
    """
    asked = write.asked
    tokens = write.begin(session)
    if not session.rows("lease.may_lease", {"process_id": asked.process_id}):
        return True
    session.run("lease.answer_bells")
    [(_, has_failing)] = session.rows("lease.state", {"now": asked.now})
    seen = _take(session, write, tokens, 0, asked.limit)
    left = min(asked.failing_limit, asked.limit - len(write.leases))
    if has_failing and left > 0:
        seen += _take(session, write, tokens, 1, left)
    _close(session, write, seen)
    write.finish()
    if write.leases or write.held_until or seen:
        return True
    reader = {"process_id": asked.process_id, "now": asked.now, "workers": asked.workers}
    reader |= {"has_lease": int(asked.further_limit > 0), "with_new": int(asked.with_new)}
    [(is_frozen, has_healthy, has_failing)] = session.rows("lease.outlook", reader)
    return is_frozen or not (has_healthy or (has_failing and asked.failing_limit > 0))


def wait(session: PostgresSession, write: TakeLeases) -> None:
    """Wait until another worker is through with a destination that is ready; a transaction of its own."""
    session.rows("lease.wait_ready", {"is_failing": 0, "now": write.asked.now})


def fill(session: PostgresSession, leases: list[Lease]) -> None:
    """Read the messages of *leases* and the contents that come with them, after the commit."""
    if not leases:
        return
    rows: dict[int, list[Row]] = {}
    for lease_id, *row in session.rows("lease.work_of_leases", {"leases": [lease.lease_id for lease in leases]}):
        rows.setdefault(lease_id, []).append(tuple(row))
    for lease in leases:
        lease.messages = messages_of(rows.get(lease.lease_id, ()))
    wanted = [number for lease in leases for number in prefetched(lease)]
    contents: dict[int, bytes] = dict(session.rows("lease.inline_contents", {"messages": wanted})) if wanted else {}
    for lease in leases:
        for message in lease.messages:
            message.content = contents.get(message.message_id)


def _take(
    session: PostgresSession, write: TakeLeases, tokens: LeaseTokens | None, is_failing: int, limit: int
) -> list[_Seen]:
    """Take up to *limit* leases; the destinations that are locked now."""
    ready = _ready(session, write, is_failing, limit)
    if tokens is not None and ready:
        for seen in ready:
            seen.buckets = tokens.buckets(seen.name, seen.exchangers)
        names = sorted({bucket.name for seen in ready for bucket in seen.buckets})
        session.run("tokens.lock", {"names": names})
    left, waiting = limit, ready
    for _ in range(_ROUNDS):
        waiting = _deal(write, tokens, waiting, left)
        if not waiting:
            break
        before = len(write.leases)
        _find_due(session, write, waiting)
        _lease(session, write, tokens, waiting, is_failing)
        left -= len(write.leases) - before
        waiting = [seen for seen in waiting if seen.wants_more and seen.free > 0 and not seen.is_probe]
    write.has_more |= any(seen.has_more for seen in ready)
    return ready


def _ready(session: PostgresSession, write: TakeLeases, is_failing: int, limit: int) -> list[_Seen]:
    """Destinations in their turn: those without a lease first, unless the class is ignored. They are locked."""
    asked = write.asked
    wanted: dict[str, Any] = {
        "process_id": asked.process_id, "now": asked.now, "workers": asked.workers, "with_new": int(asked.with_new),
        "is_failing": is_failing, "limit": limit, "look": limit + _LOOK,
    }  # fmt: skip
    with_leased = asked.further_limit > len(write.leases)
    if asked.ignores_class:
        found = session.rows("lease.lock_longest_ready", {**wanted, "has_lease": int(with_leased)})
    else:
        found = session.rows("lease.lock_ready", {**wanted, "has_lease": 0})
        if with_leased and len(found) < limit:
            wanted["limit"] = limit - len(found)
            known = {row[0] for row in found}
            more = session.rows("lease.lock_ready", {**wanted, "has_lease": 1})
            found += [row for row in more if row[0] not in known]
    ready = [_Seen(*row) for row in found]
    if ready:
        seek = {"process_id": asked.process_id, "destinations": [seen.destination_id for seen in ready]}
        in_use = {row[0]: row[1:] for row in session.rows("lease.slots_in_use", seek)}
        for seen in ready:
            seen.in_use, mine = in_use.get(seen.destination_id, (0, 0))
            share = -(-seen.max_leases // asked.workers)
            seen.free = max(min(seen.lease_limit - seen.in_use, share - mine), 0)
            seen.has_lease = seen.in_use > 0
    return ready


def _deal(write: TakeLeases, tokens: LeaseTokens | None, ready: list[_Seen], limit: int) -> list[_Seen]:
    """Give each an equal part of what is left, so that a long backlog leaves slots to others; those that got some."""
    given: list[_Seen] = []
    further = write.asked.further_limit - len(write.leases)
    for place, seen in enumerate(ready):
        if tokens is not None and tokens.held_until:
            break
        part = -(-limit // (len(ready) - place))
        seen.slots = min(part, seen.free, max(further, 0 if seen.has_lease else 1))
        if seen.slots > 0 and tokens is not None:
            seen.allowed = tokens.allowed(seen.destination_id, seen.buckets)
            if seen.allowed is not None:
                seen.slots = min(seen.slots, -(-seen.allowed // MESSAGES_PER_EXTRA_LEASE))
        if seen.slots > 0:
            given.append(seen)
            limit -= seen.slots
            further -= seen.slots
    return given


def _find_due(session: PostgresSession, write: TakeLeases, ready: list[_Seen]) -> None:
    """Find the recipients that are due at each destination, and lock them."""
    now = write.asked.now
    seek: list[tuple[int, int, int, float]] = []
    for seen in ready:
        wanted = 1 if seen.is_probe else MESSAGES * seen.slots
        is_aging = not seen.is_probe and aging_slots(seen.lease_count, seen.slots)
        seek.append((seen.destination_id, wanted, wanted * 5 if is_aging else wanted, seen.due_at))
    columns = dict(
        zip(("destinations", "of_class", "in_all", "bound"), map(list, zip(*seek, strict=True)), strict=True)
    )
    found: dict[int, list[tuple[int, int, float]]] = {}
    for destination_id, *row in session.rows("lease.due_of_destinations", {**columns, "now": now}):
        found.setdefault(destination_id, []).append((row[0], row[1], row[2]))
    for seen in ready:
        rows = found.get(seen.destination_id, [])
        if seen.is_probe:
            seen.due = [row[:2] for row in rows]
            end = {"destination_id": seen.destination_id, "now": now, "limit": WITH_PROBE, "depth": _PROBE_DEPTH}
            seen.due += [row for row in session.rows("lease.due_at_end", end) if row not in seen.due]
        else:
            aging = aging_slots(seen.lease_count, seen.slots)
            wanted = MESSAGES * seen.slots
            seen.due = mixed(rows, wanted, MESSAGES * aging) if aging else [row[:2] for row in rows[:wanted]]


def _lease(
    session: PostgresSession, write: TakeLeases, tokens: LeaseTokens | None, ready: list[_Seen], is_failing: int
) -> None:
    """Make the leases, and put what is due under them."""
    asked = write.asked
    chosen = {seen.destination_id: by_message(seen.due) for seen in ready}
    of = [(message_id, number) for number, messages in chosen.items() for message_id in messages]
    known = [recipient_id for messages in chosen.values() for mine in messages.values() for recipient_id in mine]
    if of:
        seek = {"messages": [row[0] for row in of], "of_destination": [row[1] for row in of], "known": known}
        for destination_id, *row in session.rows("lease.siblings_of_messages", {**seek, "now": asked.now}):
            add_siblings(chosen[destination_id], (tuple(row),))
    if tokens is not None:
        if asked.rates is not None and asked.rates.senders is not None and of:
            _lock_senders(session, asked.rates.senders.find, [row[0] for row in of])
        for seen in ready:
            number = seen.destination_id
            seen.allowed = tokens.allowed(number, seen.buckets)  # those before it may have taken from the same bucket
            if seen.allowed == 0:
                seen.due, chosen[number] = [], {}
            else:
                chosen[number] = tokens.take(number, seen.buckets, chosen[number], seen.allowed)
    hands = {
        seen.destination_id: hands_of(len(chosen[seen.destination_id]), seen.slots, is_probe=seen.is_probe)
        for seen in ready
    }
    made = _insert(session, write, hands)
    put: list[tuple[int, int]] = []
    for seen in ready:
        leases = made[seen.destination_id]
        messages = list(chosen[seen.destination_id].values())
        for first, lease_id in enumerate(leases):
            put += [(recipient_id, lease_id) for mine in messages[first :: len(leases)] for recipient_id in mine]
        write.leases += [
            Lease(lease_id, seen.name, bool(is_failing), [], seen.is_probe, seen.buckets) for lease_id in leases
        ]
        seen.taken += len(leases)
        seen.lease_count += len(leases)
        seen.in_use += len(leases)
        seen.free -= len(leases)
        seen.has_lease |= bool(leases)
        seen.has_more = len(seen.due) == MESSAGES * seen.slots
        seen.wants_more = seen.has_more and len(leases) == seen.slots
    if put:
        columns = {"recipients": [row[0] for row in put], "leases": [row[1] for row in put]}
        session.run("lease.mark_all_leased", columns)


def _insert(session: PostgresSession, write: TakeLeases, hands: dict[int, int]) -> dict[int, list[int]]:
    """So many leases of each destination as *hands* says; their numbers."""
    made: dict[int, list[int]] = {number: [] for number in hands}
    wanted = [*Counter(hands).elements()]
    if wanted:
        asked = write.asked
        row = {"process_id": asked.process_id, "now": asked.now, "destinations": wanted}
        for lease_id, destination_id in session.rows("lease.insert_leases", row):
            made[destination_id].append(lease_id)
    return made


def _lock_senders(session: PostgresSession, find: Any, messages: Iterable[int]) -> None:
    """Lock the buckets of the senders of *messages*, in the order of their names."""
    paths = session.rows("tokens.senders", {"messages": list(messages)})
    buckets = {find(path) for _, path in paths}
    names = sorted(bucket.name for bucket in buckets if bucket is not None)
    if names:
        session.run("tokens.lock", {"names": names})


def _close(session: PostgresSession, write: TakeLeases, ready: list[_Seen]) -> None:
    """Make the bounds of all that are locked exact."""
    if not ready:
        return
    columns = {
        "destinations": [seen.destination_id for seen in ready],
        "taken": [seen.taken for seen in ready],
        "in_use": [seen.in_use for seen in ready],
        "bound": [seen.due_at for seen in ready],
    }
    closed: dict[int, float | None] = dict(session.rows("lease.close", {**columns, "now": write.asked.now}))
    for seen in ready:
        due_at = closed.get(seen.destination_id)
        # Where nothing was due the bound was early, and took the place of a destination that may have due mail.
        if not seen.due and seen.slots > 0 and (due_at is None or due_at > write.asked.now):
            write.has_more = True
