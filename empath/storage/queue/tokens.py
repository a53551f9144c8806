"""
tokens - the token buckets of deliveries, as rows

A lease takes tokens in its transaction, which holds the write lock, so all workers keep to a rate together.  A bucket
that is full has no row.  The tokens of a lease whose process dies are lost; the bucket fills up again.
"""

from empath.policy.limits.delivery import Bucket, SenderRates, next_token_s
from empath.policy.limits.rate import exchange
from empath.storage.engine import Reader, Session
from empath.storage.write import Write


class Tokens:
    """The buckets that one transaction looks at. `keep` writes those that it has changed."""

    def __init__(self, session: Session, now: float) -> None:
        self._session = session
        self._now = now
        self._full_at: dict[Bucket, float] = {}
        self._changed: set[Bucket] = set()

    def free(self, bucket: Bucket) -> int:
        """Tokens that it has now."""
        return exchange(bucket.rate, self._state(bucket), self._now, returned=0, wanted=bucket.rate.capacity).granted

    def take(self, bucket: Bucket, tokens: int) -> None:
        """Take tokens, no more than it has."""
        self._exchange(bucket, returned=0, wanted=tokens)

    def give_back(self, bucket: Bucket, tokens: int) -> None:
        """Return tokens that were not used."""
        self._exchange(bucket, returned=tokens, wanted=0)

    def again_at(self, bucket: Bucket) -> float:
        """The instant from which an empty bucket is worth a look."""
        return self._now + next_token_s(bucket.rate, self._state(bucket), self._now)

    def nth_at(self, bucket: Bucket, number: int) -> float:
        """The instant at which it will have *number* tokens, counted from the present state."""
        rate = bucket.rate
        until = min(max(self._state(bucket), self._now), self._now + rate.fill_s)
        return until - rate.fill_s + number * rate.interval_s

    def keep(self) -> None:
        """Write the rows."""
        for bucket in self._changed:
            row = {"name": bucket.name, "full_at": self._full_at[bucket], "token_at": self.again_at(bucket)}
            if self.free(bucket):
                row["token_at"] = None
            self._session.run("tokens.set_bucket", row)
        self._changed.clear()

    def _state(self, bucket: Bucket) -> float:
        full_at = self._full_at.get(bucket)
        if full_at is None:
            full_at = self._session.value("tokens.full_at", {"name": bucket.name}) or 0.0
            # By the rate of now it is not emptier than empty; else it would stay so until the rate of before fills it.
            latest = self._now + bucket.rate.fill_s
            if full_at > latest:
                full_at = latest
                self._changed.add(bucket)
            self._full_at[bucket] = full_at
        return full_at

    def _exchange(self, bucket: Bucket, *, returned: int, wanted: int) -> None:
        done = exchange(bucket.rate, self._state(bucket), self._now, returned=returned, wanted=wanted)
        self._full_at[bucket] = done.full_at
        self._changed.add(bucket)


class ForgetWaits(Write):
    """
    After a change of the rates: no mail waits for a token of the old ones.

    Mail that a sender's rate holds back stays where it is unless the rate of *senders* lets all of it go sooner: there
    may be very much of it, and a lease would have to put it off again.
    """

    def __init__(self, *, senders: SenderRates | None, now: float) -> None:
        super().__init__()
        self._senders = senders
        self._now = now

    def run(self, session: Session) -> None:
        keys = {"now": self._now}
        session.run("tokens.forget_waits", keys)
        waiting: dict[Bucket | None, list[tuple[str, int, float]]] = {}
        for path, count, last_at in session.rows("tokens.held_back", keys):
            bucket = None if self._senders is None else self._senders.find(path)
            waiting.setdefault(bucket, []).append((path, count, last_at))
        tokens = Tokens(session, self._now)
        paths = [row[0] for bucket, rows in waiting.items() if _is_too_late(tokens, bucket, rows) for row in rows]
        if paths:
            session.run("tokens.let_go", {**keys, "paths": paths})
        tokens.keep()


def _is_too_late(tokens: Tokens, bucket: Bucket | None, rows: list[tuple[str, int, float]]) -> bool:
    """Whether the last of this mail could go sooner by the rate of now."""
    if bucket is None:
        return True
    last_at = max(row[2] for row in rows)
    return last_at > tokens.nth_at(bucket, sum(row[1] for row in rows)) + bucket.rate.interval_s


def has_full_buckets(reader: Reader, now: float) -> bool:
    """
    Whether a row means the same as no row at *now*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return bool(reader.value("tokens.has_full", {"now": now}))


class SweepBuckets(Write):
    """Remove the rows of buckets that are full."""

    def __init__(self, *, now: float) -> None:
        super().__init__()
        self._keys = {"now": now}

    def run(self, session: Session) -> None:
        session.run("tokens.forget_full", self._keys)
