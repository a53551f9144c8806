"""
lease_tokens - the tokens that leases take

THEORY
    Where rates are set, a lease takes no more messages than there are tokens, and takes these in the same transaction.
    A destination without a token is not ready before `token_at`.  Messages whose sender has none are put off, each to
    the instant of its token, so that the mail of others behind them goes out; an hour at most, for the rate may change.
"""

from empath.policy.limits.delivery import ALL, Bucket, DeliveryRates, SenderRates
from empath.storage.engine import Session
from empath.storage.queue.tokens import Tokens

LONGEST_PUT_OFF_S = 3600.0  # of a message whose sender has no token: a change of the rate acts then at the latest


class LeaseTokens:
    """
    The buckets that one write of leases looks at.

    `held_until` is the instant before which no lease can be taken, 0 if there is none; `empty` has the names of empty
    buckets. `keep` writes the rows and makes both complete.
    """

    def __init__(self, session: Session, rates: DeliveryRates, now: float) -> None:
        self.held_until = 0.0
        self.empty: set[str] = set()
        self._session = session
        self._rates = rates
        self._now = now
        self._tokens = Tokens(session, now)

    def buckets(self, name: str, exchangers: str | None) -> tuple[Bucket, ...]:
        """The buckets of the destination *name*, whose hosts are *exchangers*; those of senders are apart."""
        every = () if self._rates.all is None else (self._rates.all,)
        return every + self._rates.find(name, exchangers)

    def allowed(self, destination_id: int, buckets: tuple[Bucket, ...]) -> int | None:
        """Messages for which there are tokens; None: any number. Where there are none, note when there will be."""
        tokens, every = self._tokens, self._rates.all
        if not buckets:
            return None
        if every is not None and not tokens.free(every):
            self.held_until = tokens.again_at(every)
            return 0
        self._note_empty(destination_id, buckets)
        return min(map(tokens.free, buckets))

    def take(
        self, destination_id: int, buckets: tuple[Bucket, ...], chosen: dict[int, list[int]], allowed: int | None
    ) -> dict[int, list[int]]:
        """Take the tokens of the *chosen* messages that have some; these. *allowed* is what `allowed` gave."""
        if self._rates.senders is not None and chosen:
            chosen = self._with_sender_tokens(self._rates.senders, chosen, allowed)
        elif allowed is not None:
            chosen = dict(list(chosen.items())[:allowed])
        for bucket in buckets:
            self._tokens.take(bucket, len(chosen))
        self._note_empty(destination_id, buckets)
        return chosen

    def keep(self) -> None:
        """Write the rows."""
        every = self._rates.all
        if every is not None and not self._tokens.free(every):
            self.held_until = self._tokens.again_at(every)
            self.empty.add(ALL)
        self._tokens.keep()

    def _note_empty(self, destination_id: int, buckets: tuple[Bucket, ...]) -> None:
        """Let the destination wait for the tokens of its own buckets and of its provider's."""
        empty = [bucket for bucket in buckets if bucket.name != ALL and not self._tokens.free(bucket)]
        if empty:
            self.empty.update(bucket.name for bucket in empty)
            token_at = max(map(self._tokens.again_at, empty))
            self._session.run("tokens.set_token_at", {"destination_id": destination_id, "token_at": token_at})

    def _with_sender_tokens(
        self, senders: SenderRates, chosen: dict[int, list[int]], allowed: int | None
    ) -> dict[int, list[int]]:
        """The same by sender. Messages of a sender without tokens are put off, each to the instant of its token."""
        tokens = self._tokens
        kept: dict[int, list[int]] = {}
        put_off: dict[Bucket, int] = {}
        paths: dict[int, str] = dict(self._session.rows("tokens.senders", {"messages": list(chosen)}))
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
            self._session.run("tokens.hold_back", later)
        return kept
