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

    Where rates are set, a lease takes no more messages than there are tokens, and takes these in the same transaction.
    A destination without a token is not ready before `token_at`.  Messages whose sender has none are put off, each to
    the instant of its token, so that the mail of others behind them goes out; an hour at most, for the rate may change.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from empath.mail.identity import Timestamp
from empath.policy.concurrency import MESSAGES, MESSAGES_PER_EXTRA_LEASE
from empath.policy.limits.delivery import ALL, Bucket, DeliveryRates, SenderRates
from empath.storage.engine import Row, Session
from empath.storage.queue.accept import INLINE
from empath.storage.queue.tokens import Tokens
from empath.storage.write import Write

SIBLINGS = 100  # most recipients of one message in one lease
CLASSES = range(5)
WITH_PROBE = 100  # most recipients that come along with a probe, because their lifetime is over
_PROBE_DEPTH = 1_000  # due recipients among which these are looked for
AGING = 8  # period, in leases of a destination and in writes of a process, at which one ignores the classes
LONGEST_PUT_OFF_S = 3600.0  # of a message whose sender has no token: a change of the rate acts then at the latest
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
    content: bytes | None = None

    @property
    def mail_from(self) -> str:
        """The reverse-path that the next host gets, in text form; all recipients of one part have the same."""
        sent_as = self.recipients[0].sent_as if self.recipients else None
        return self.reverse_path if sent_as is None else sent_as

    def parts(self) -> "list[LeasedMessage]":
        """This message, once for each reverse-path that its recipients give it: nearly always only itself."""
        first = self.recipients[0].sent_as
        if all(each.sent_as == first for each in self.recipients):
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
        self._rates = rates or None
        self._tokens: Tokens | None = None
        self._is_ended = False
        self._process = {"process_id": process_id}
        self._now = now
        self._limits = (limit, failing_limit)
        self._further_limit = further_limit
        self._ignores_class = ignores_class
        self._wanted = {**self._process, "now": now, "workers": workers, "with_new": int(with_new)}

    def run(self, session: Session) -> None:
        self.leases, self.has_more = [], False
        self._is_ended = False
        self.held_until = 0.0
        self.empty = set()
        if self._rates is not None:
            self._tokens = Tokens(session, self._now)
        [(is_frozen, has_failing)] = session.rows("lease.state", {"now": self._now})
        if is_frozen:
            return
        limit, failing_limit = self._limits
        self._take(session, 0, limit)
        left = min(failing_limit, limit - len(self.leases))
        if has_failing and left > 0:
            self._take(session, 1, left)
        if self._tokens is not None and self._rates is not None:
            if self._rates.all is not None and not self._tokens.free(self._rates.all):
                self.held_until = self._tokens.again_at(self._rates.all)
                self.empty.add(ALL)
            self._tokens.keep()

    def after_commit(self, session: Session) -> None:
        with session.one_instant():  # one for all: a transaction per statement costs more than the statements
            for lease in self.leases:
                _fill(session, lease)

    def _take(self, session: Session, is_failing: int, limit: int) -> None:
        ready = self._ready(session, is_failing, limit)
        for place, (destination_id, name, lease_count, has_lease, is_probe, exchangers, free) in enumerate(ready):
            if self._is_ended or self.held_until:
                return
            # Each gets an equal part of what is left, so that a long backlog leaves slots to other destinations.
            part = -(-limit // (len(ready) - place))
            slots = min(part, free, max(self._further_limit - len(self.leases), 0 if has_lease else 1))
            if slots <= 0:
                continue
            buckets = self._buckets(name, exchangers)
            allowed = self._allowed(session, destination_id, buckets)
            if allowed == 0:
                continue
            if allowed is not None:
                slots = min(slots, -(-allowed // MESSAGES_PER_EXTRA_LEASE))
            seen = _Seen(destination_id, lease_count, slots, bool(is_probe), allowed, buckets)
            leases = self._lease(session, seen)
            self.leases += [Lease(lease_id, name, bool(is_failing), [], bool(is_probe), buckets) for lease_id in leases]
            limit -= len(leases)

    def _buckets(self, name: str, exchangers: str | None) -> tuple[Bucket, ...]:
        if self._rates is None:
            return ()
        every = () if self._rates.all is None else (self._rates.all,)
        return every + self._rates.find(name, exchangers)

    def _allowed(self, session: Session, destination_id: int, buckets: tuple[Bucket, ...]) -> int | None:
        """Messages for which there are tokens; None: any number. Where there are none, note when there will be."""
        tokens, rates = self._tokens, self._rates
        if tokens is None or rates is None or not buckets:
            return None
        if rates.all is not None and not tokens.free(rates.all):
            self.held_until = tokens.again_at(rates.all)
            return 0
        self._note_empty(session, tokens, destination_id, buckets)
        return min(map(tokens.free, buckets))

    def _note_empty(self, session: Session, tokens: Tokens, destination_id: int, buckets: tuple[Bucket, ...]) -> None:
        """Let the destination wait for the tokens of its own buckets and of its provider's."""
        empty = [bucket for bucket in buckets if bucket.name != ALL and not tokens.free(bucket)]
        if empty:
            self.empty.update(bucket.name for bucket in empty)
            token_at = max(map(tokens.again_at, empty))
            session.run("tokens.set_token_at", {"destination_id": destination_id, "token_at": token_at})

    def _ready(self, session: Session, is_failing: int, limit: int) -> list[Row]:
        """Destinations in their turn: those without a lease first, unless the class is ignored."""
        wanted = {**self._wanted, "is_failing": is_failing, "limit": limit}
        with_leased = self._further_limit > len(self.leases)
        if self._ignores_class:
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
            due = self._due(session, destination_id, slots, aging=(seen.lease_count % AGING + slots) // AGING)
        chosen = self._with_siblings(session, destination_id, due)
        if self._tokens is not None:
            chosen = self._with_tokens(session, self._tokens, chosen, seen)
        messages = list(chosen.values())
        hands = min(1 if seen.is_probe else slots, -(-len(messages) // MESSAGES_PER_EXTRA_LEASE))
        leases: list[int] = []
        for first in range(hands):
            where = {**self._process, "destination_id": destination_id, "now": self._now}
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

    def _with_tokens(
        self, session: Session, tokens: Tokens, chosen: dict[int, list[int]], seen: "_Seen"
    ) -> dict[int, list[int]]:
        """Those of the *chosen* messages for which there are tokens, which are taken."""
        rates = self._rates
        assert rates is not None
        if rates.senders is not None and chosen:
            chosen = self._with_sender_tokens(session, tokens, rates.senders, chosen, seen.allowed)
        elif seen.allowed is not None:
            chosen = dict(list(chosen.items())[: seen.allowed])
        for bucket in seen.buckets:
            tokens.take(bucket, len(chosen))
        self._note_empty(session, tokens, seen.destination_id, seen.buckets)
        return chosen

    def _with_sender_tokens(
        self, session: Session, tokens: Tokens, senders: SenderRates, chosen: dict[int, list[int]], allowed: int | None
    ) -> dict[int, list[int]]:
        """The same by sender. Messages of a sender without tokens are put off, each to the instant of its token."""
        kept: dict[int, list[int]] = {}
        put_off: dict[Bucket, int] = {}
        paths: dict[int, str] = dict(session.rows("tokens.senders", {"messages": list(chosen)}))
        for message_id, recipients in chosen.items():
            if len(kept) == allowed:
                break
            bucket = senders.find(paths[message_id])
            if bucket is None or tokens.free(bucket):
                kept[message_id] = recipients
                if bucket is not None:
                    tokens.take(bucket, 1)
                continue
            self.empty.add(bucket.name)
            number = put_off[bucket] = put_off.get(bucket, 0) + 1
            at = min(tokens.nth_at(bucket, number), self._now + LONGEST_PUT_OFF_S)
            later = {"recipients": recipients, "next_retry_at": at}
            session.run("tokens.hold_back", later)
        return kept

    def _due(self, session: Session, destination_id: int, slots: int, aging: int) -> list[tuple[int, int]]:
        """Recipients and their messages, class by class; for *aging* of the slots the oldest of any class instead."""
        wanted = MESSAGES * slots
        seek = {"destination_id": destination_id, "now": self._now, "limit": wanted}
        if not aging:
            return session.rows("lease.due_recipients", seek)
        by_class: list[tuple[int, int, float]] = []
        for priority in CLASSES:
            by_class += session.rows("lease.due_of_class", {**seek, "priority": priority})
        kept = by_class[: wanted - MESSAGES * aging]
        rest = by_class[len(kept) :]
        rest.sort(key=lambda row: row[2])
        return [row[:2] for row in (kept + rest)[:wanted]]

    def _due_for_probe(self, session: Session, destination_id: int) -> list[tuple[int, int]]:
        seek = {"destination_id": destination_id, "now": self._now}
        first: list[tuple[int, int]] = session.rows("lease.due_recipients", {**seek, "limit": 1})
        at_end = session.rows("lease.due_at_end", {**seek, "limit": WITH_PROBE, "depth": _PROBE_DEPTH})
        return first + [row for row in at_end if row not in first]

    def _with_siblings(self, session: Session, destination_id: int, due: list[tuple[int, int]]) -> dict[int, list[int]]:
        """Recipients by message, with those that were not asked for but are due as well."""
        chosen: dict[int, list[int]] = {}
        for recipient_id, message_id in due:
            mine = chosen.setdefault(message_id, [])
            if len(mine) < SIBLINGS:
                mine.append(recipient_id)
        seek = {"messages": list(chosen), "destination_id": destination_id, "now": self._now}
        for recipient_id, message_id in session.rows("lease.due_siblings", seek):
            mine = chosen[message_id]
            if len(mine) < SIBLINGS and recipient_id not in mine:
                mine.append(recipient_id)
        return chosen

    def _make_bound_exact(self, session: Session, destination_id: int) -> None:
        earliest = session.rows("lease.earliest_waiting", {"destination_id": destination_id})
        due_at, priority = min(earliest, default=(None, CLASSES[-1]))
        # Of what is due already, the best class counts.
        priority = min((one for at, one in earliest if at <= self._now), default=priority)
        session.run("lease.set_due", {"due_at": due_at, "priority": priority, "destination_id": destination_id})


def _fill(session: Session, lease: Lease) -> None:
    """Read the messages of a lease, the best class first, and the contents that come with it."""
    found: dict[int, LeasedMessage] = {}
    for priority, message_id, *row in session.rows("lease.leased_work", {"lease_id": lease.lease_id}):
        message = found.get(message_id)
        if message is None:
            message = found[message_id] = LeasedMessage(message_id, *row[:18])
            message.priority = priority
        elif priority < message.priority:
            message.priority = priority
        message.recipients.append(LeasedRecipient(*row[18:]))
    lease.messages = sorted(found.values(), key=lambda each: (each.priority, each.message_id))
    wanted = []
    budget = PREFETCH_OCTETS
    for message in lease.messages:
        budget -= message.size
        if budget < 0:
            break
        if message.locator == INLINE:
            wanted.append(message.message_id)
    contents: dict[int, bytes] = dict(session.rows("lease.inline_contents", {"messages": wanted}))
    for message in lease.messages:
        message.content = contents.get(message.message_id)
