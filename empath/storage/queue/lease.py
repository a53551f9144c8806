"""
lease - a worker takes recipients to deliver to

THEORY
    A lease is taken in two steps.  A destination is ready when its lower bound `due_at` has come and a slot is free.
    Destinations take turns: first those without a lease, then by the class of their due mail, then by how long they
    have waited since mail became due or their last lease was taken.  So a backlog elsewhere does not delay the mail of
    an idle destination.

    A lease takes up to 20 messages of a destination, class by class with one index seek each.  With each message it
    takes the other recipients that are due at the same destination.  Every eighth lease of a destination takes the
    oldest due rows of any class, and every eighth write takes the destinations that have been ready longest, so that no
    class starves.  A lease makes the bound exact.

    While the circuit breaker of a destination is half open (policy/concurrency), it gets one lease with one message: a
    probe.  Mail whose lifetime is over comes along.  It shares the fate of a probe that fails: a recipient expires only
    after an attempt, and the breaker must not keep mail for ever.

    Where rates are set, a lease takes no more messages than there are tokens, see lease_tokens.py.

    An engine on which many hosts write at once takes the leases of all destinations together, by the same rules, with
    one statement for each step (postgresql/lease.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from empath.mail.identity import Timestamp
from empath.policy.concurrency import MESSAGES, MESSAGES_PER_EXTRA_LEASE
from empath.policy.limits.delivery import Bucket, DeliveryRates
from empath.storage.engine import Row, Session
from empath.storage.queue.accept import INLINE
from empath.storage.queue.lease_tokens import LeaseTokens
from empath.storage.write import Write

SIBLINGS = 100  # most recipients of one message in one lease
CLASSES = range(5)
WITH_PROBE = 100  # most recipients that come along with a probe, because their lifetime is over
_PROBE_DEPTH = 1_000  # due recipients among which these are looked for
AGING = 8  # period, in leases of a destination and in writes of a process, at which one ignores the classes
PREFETCH_OCTETS = 256 * 1024  # most content that comes with a lease; the rest is read message by message


class LeasedRecipient(NamedTuple):
    """
    One recipient to deliver to.

    Shape: address is the forward-path's text form, domain its A-labels or literal; attempts counts the settled ones;
    sent_as is the reverse-path that its next host gets, in text form, None for that of the message.
    """

    recipient_id: int
    address: str
    domain: str
    attempts: int
    expires_at: Timestamp
    notify: str | None
    original_recipient: str | None
    sent_as: str | None = None


@dataclass(slots=True)
class LeasedMessage:
    """
    One message of a lease with its recipients at the destination.

    Shape: reverse_path is the text form, empty for null. The message is sent as added_fields followed by content, which
    is None until it has been read. size counts both; digest is the hexadecimal SHA-256 of the content as received;
    requires_tls is True with REQUIRETLS, False with the field `TLS-Required: No`, None with neither;
    delay_report_at is the instant from which a delay is reported, None for the usual one; metadata is the JSON object
    that modules wrote at reception; account is the name by which the client logged in, client_address its IP address;
    traceparent is the text form of its place in a trace, None where it is in none; priority is the best class of its
    recipients.
    """

    message_id: int
    queue_id: str
    reverse_path: str
    size: int
    received_at: Timestamp
    body_type: str
    has_8bit: bool
    is_smtputf8: bool
    dsn_return: str | None
    envelope_id: str | None
    locator: str | None
    added_fields: bytes
    digest: str
    requires_tls: bool | None = None
    delay_report_at: Timestamp | None = None
    metadata: str = "{}"
    account: str | None = None
    client_address: str = ""
    traceparent: str | None = None
    priority: int = 2
    recipients: list[LeasedRecipient] = field(default_factory=list)
    content: bytes | None = field(default=None, repr=False)  # gevent writes the arguments of a greenlet that fails

    @property
    def mail_from(self) -> str:
        """The reverse-path that the next host gets, in text form; all recipients of one part have the same."""
        sent_as = self.recipients[0].sent_as if self.recipients else None
        return self.reverse_path if sent_as is None else sent_as

    def parts(self) -> "list[LeasedMessage]":
        """This message, once for each reverse-path that its recipients give it: nearly always only itself."""
        first = self.recipients[0].sent_as
        if len(self.recipients) == 1 or all(each.sent_as == first for each in self.recipients):
            return [self]
        by_path: dict[str | None, list[LeasedRecipient]] = {}
        for each in self.recipients:
            by_path.setdefault(each.sent_as, []).append(each)
        return [replace(self, recipients=those) for those in by_path.values()]


@dataclass(slots=True)
class Lease:
    """
    Permission of one process to send these messages, one after another, to one destination.

    is_failing says that the destination's last attempt reached no host. A probe ends after the first message that
    reaches one.
    """

    lease_id: int
    destination: str
    is_failing: bool
    messages: list[LeasedMessage]
    is_probe: bool = False
    buckets: tuple[Bucket, ...] = ()  # each message took a token of each; those of senders are apart


def aging_slots(lease_count: int, slots: int) -> int:
    """How many of the next *slots* leases of a destination ignore the classes, after *lease_count* of them."""
    return (lease_count % AGING + slots) // AGING


def mixed(by_class: list[tuple[int, int, float]], wanted: int, oldest: int) -> list[tuple[int, int]]:
    """
    Of recipients, messages and instants, class by class, the first *wanted*; of these *oldest* by age instead.

    Shape: recipient and message.
    """
    kept = by_class[: wanted - oldest]
    rest = by_class[len(kept) :]
    rest.sort(key=lambda row: row[2])
    return [row[:2] for row in (kept + rest)[:wanted]]


def by_message(due: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Recipients by message, no more of each message than one lease takes."""
    chosen: dict[int, list[int]] = {}
    add_siblings(chosen, due)
    return chosen


def add_siblings(chosen: dict[int, list[int]], siblings: Iterable[Row]) -> None:
    """Add recipients, each with its message, as long as the message has room."""
    for recipient_id, message_id in siblings:
        mine = chosen.setdefault(message_id, [])
        if len(mine) < SIBLINGS and recipient_id not in mine:
            mine.append(recipient_id)


def hands_of(messages: int, slots: int, *, is_probe: bool) -> int:
    """How many leases take so many *messages* where *slots* are free."""
    return min(1 if is_probe else slots, -(-messages // MESSAGES_PER_EXTRA_LEASE))


class _Seen(NamedTuple):
    """
    A destination in its turn.

    Shape: allowed is the number of messages for which its buckets have tokens, None for any number.
    """

    destination_id: int
    lease_count: int
    slots: int
    is_probe: bool
    allowed: int | None
    buckets: tuple[Bucket, ...]


class LeaseRequest(NamedTuple):
    """What a worker asks for; see TakeLeases."""

    process_id: int
    now: float
    limit: int
    failing_limit: int
    further_limit: int
    workers: int
    ignores_class: bool
    with_new: bool
    rates: DeliveryRates | None


class TakeLeases(Write):
    """
    Take up to *limit* leases, at most *failing_limit* of them for failing destinations.

    Of the slots of a destination the process takes no more than its share among *workers*. Only the first
    *further_limit* leases may be a second or further lease of a destination. With *ignores_class*, the destinations
    that have been ready longest come first, whatever the class of their mail. Without *with_new*, destinations that
    never had a lease get none.

    *rates* are those that are in force, None if there are none.

    After the commit `leases` holds the leases, and `has_more` tells that more mail may be due. `held_until` is the
    instant before which no lease can be taken for want of tokens, 0 if there is none; `empty` has the names of empty
    buckets. A process whose run was ended gets no lease, because nothing would release it: each lease is inserted only
    if the run has not ended. After an error it is unknown whether it was committed, see `ReleaseUnknownLeases`.
    """

    def __init__(
        self,
        *,
        process_id: int,
        now: float,
        limit: int,
        failing_limit: int,
        further_limit: int,
        workers: int,
        ignores_class: bool = False,
        with_new: bool = True,
        rates: DeliveryRates | None = None,
    ) -> None:
        super().__init__()
        self.leases: list[Lease] = []
        self.has_more = False
        self.held_until = 0.0
        self.empty: set[str] = set()
        self.asked = LeaseRequest(
            process_id, now, limit, failing_limit, further_limit, workers, ignores_class, with_new, rates or None
        )
        self._tokens: LeaseTokens | None = None
        self._is_ended = False
        self._wanted = {"process_id": process_id, "now": now, "workers": workers, "with_new": int(with_new)}

    def begin(self, session: Session) -> LeaseTokens | None:
        """Forget what an earlier run has found; the tokens that this one may take, None if no rate is set."""
        self.leases, self.has_more = [], False
        self._is_ended = False
        self.held_until = 0.0
        self.empty = set()
        rates, now = self.asked.rates, self.asked.now
        self._tokens = None if rates is None else LeaseTokens(session, rates, now)
        return self._tokens

    def finish(self) -> None:
        """Write what became of the tokens."""
        if self._tokens is not None:
            self._tokens.keep()
            self.held_until, self.empty = self._tokens.held_until, self._tokens.empty

    def run(self, session: Session) -> None:
        self.begin(session)
        asked = self.asked
        [(is_frozen, has_failing)] = session.rows("lease.state", {"now": asked.now})
        if is_frozen:
            return
        self._take(session, 0, asked.limit)
        left = min(asked.failing_limit, asked.limit - len(self.leases))
        if has_failing and left > 0:
            self._take(session, 1, left)
        self.finish()

    def after_commit(self, session: Session) -> None:
        with session.one_instant():  # one for all: a transaction per statement costs more than the statements
            for lease in self.leases:
                _fill(session, lease)

    def _take(self, session: Session, is_failing: int, limit: int) -> None:
        ready = self._ready(session, is_failing, limit)
        for place, (destination_id, name, lease_count, has_lease, is_probe, exchangers, free) in enumerate(ready):
            if self._is_ended or (self._tokens is not None and self._tokens.held_until):
                return
            # Each gets an equal part of what is left, so that a long backlog leaves slots to other destinations.
            part = -(-limit // (len(ready) - place))
            slots = min(part, free, max(self.asked.further_limit - len(self.leases), 0 if has_lease else 1))
            if slots <= 0:
                continue
            buckets: tuple[Bucket, ...] = ()
            allowed: int | None = None
            if self._tokens is not None:
                buckets = self._tokens.buckets(name, exchangers)
                allowed = self._tokens.allowed(destination_id, buckets)
            if allowed == 0:
                continue
            if allowed is not None:
                slots = min(slots, -(-allowed // MESSAGES_PER_EXTRA_LEASE))
            seen = _Seen(destination_id, lease_count, slots, bool(is_probe), allowed, buckets)
            leases = self._lease(session, seen)
            self.leases += [Lease(lease_id, name, bool(is_failing), [], bool(is_probe), buckets) for lease_id in leases]
            limit -= len(leases)

    def _ready(self, session: Session, is_failing: int, limit: int) -> list[Row]:
        """Destinations in their turn: those without a lease first, unless the class is ignored."""
        wanted = {**self._wanted, "is_failing": is_failing, "limit": limit}
        with_leased = self.asked.further_limit > len(self.leases)
        if self.asked.ignores_class:
            return session.rows("lease.longest_ready", {**wanted, "has_lease": int(with_leased)})
        ready = session.rows("lease.ready_destinations", {**wanted, "has_lease": 0})
        if with_leased and len(ready) < limit:
            wanted["limit"] = limit - len(ready)
            ready += session.rows("lease.ready_destinations", {**wanted, "has_lease": 1})
        return ready

    def _lease(self, session: Session, seen: "_Seen") -> list[int]:
        """Take what is due at one destination; the numbers of the leases."""
        destination_id, slots = seen.destination_id, seen.slots
        if seen.is_probe:
            due = self._due_for_probe(session, destination_id)
        else:
            due = self._due(session, destination_id, slots, aging=aging_slots(seen.lease_count, slots))
        chosen = self._with_siblings(session, destination_id, due)
        if self._tokens is not None:
            chosen = self._tokens.take(destination_id, seen.buckets, chosen, seen.allowed)
        messages = list(chosen.values())
        hands = hands_of(len(messages), slots, is_probe=seen.is_probe)
        leases: list[int] = []
        for first in range(hands):
            where = {"process_id": self.asked.process_id, "destination_id": destination_id, "now": self.asked.now}
            lease_id = session.value("lease.insert_lease", where)
            if lease_id is None:
                self._is_ended = True
                return leases
            leases.append(lease_id)
            recipients = [recipient_id for message in messages[first::hands] for recipient_id in message]
            session.run("lease.mark_leased", {"lease_id": lease_id, "recipients": recipients})
        self._make_bound_exact(session, destination_id)
        # Where nothing was due the bound was early, and took the place of a destination that may have due mail.
        self.has_more |= not due or len(due) == MESSAGES * slots
        return leases

    def _due(self, session: Session, destination_id: int, slots: int, aging: int) -> list[tuple[int, int]]:
        """Recipients and their messages, class by class; for *aging* of the slots the oldest of any class instead."""
        wanted = MESSAGES * slots
        seek = {"destination_id": destination_id, "now": self.asked.now, "limit": wanted}
        if not aging:
            return session.rows("lease.due_recipients", seek)
        by_class: list[tuple[int, int, float]] = []
        for priority in CLASSES:
            by_class += session.rows("lease.due_of_class", {**seek, "priority": priority})
        return mixed(by_class, wanted, MESSAGES * aging)

    def _due_for_probe(self, session: Session, destination_id: int) -> list[tuple[int, int]]:
        seek = {"destination_id": destination_id, "now": self.asked.now}
        first: list[tuple[int, int]] = session.rows("lease.due_recipients", {**seek, "limit": 1})
        at_end = session.rows("lease.due_at_end", {**seek, "limit": WITH_PROBE, "depth": _PROBE_DEPTH})
        return first + [row for row in at_end if row not in first]

    def _with_siblings(self, session: Session, destination_id: int, due: list[tuple[int, int]]) -> dict[int, list[int]]:
        """Recipients by message, with those that were not asked for but are due as well."""
        chosen = by_message(due)
        seek = {"messages": list(chosen), "destination_id": destination_id, "now": self.asked.now}
        add_siblings(chosen, session.rows("lease.due_siblings", seek))
        return chosen

    def _make_bound_exact(self, session: Session, destination_id: int) -> None:
        earliest = session.rows("lease.earliest_waiting", {"destination_id": destination_id})
        due_at, priority = min(earliest, default=(None, CLASSES[-1]))
        # Of what is due already, the best class counts.
        priority = min((one for at, one in earliest if at <= self.asked.now), default=priority)
        session.run("lease.set_due", {"due_at": due_at, "priority": priority, "destination_id": destination_id})


def _fill(session: Session, lease: Lease) -> None:
    """Read the messages of a lease, the best class first, and the contents that come with it."""
    lease.messages = messages_of(session.rows("lease.leased_work", {"lease_id": lease.lease_id}))
    wanted = prefetched(lease)
    contents: dict[int, bytes] = dict(session.rows("lease.inline_contents", {"messages": wanted}))
    for message in lease.messages:
        message.content = contents.get(message.message_id)


def messages_of(rows: Iterable[Row]) -> list[LeasedMessage]:
    """The messages of one lease, the best class first, from rows of the statement `leased_work`."""
    found: dict[int, LeasedMessage] = {}
    for priority, message_id, *row in rows:
        message = found.get(message_id)
        if message is None:
            message = found[message_id] = LeasedMessage(message_id, *row[:18])
            message.priority = priority
        elif priority < message.priority:
            message.priority = priority
        message.recipients.append(LeasedRecipient(*row[18:]))
    return sorted(found.values(), key=lambda each: (each.priority, each.message_id))


def prefetched(lease: Lease) -> list[int]:
    """The messages whose content comes with the lease."""
    wanted = []
    budget = PREFETCH_OCTETS
    for message in lease.messages:
        budget -= message.size
        if budget < 0:
            break
        if message.locator == INLINE:
            wanted.append(message.message_id)
    return wanted
