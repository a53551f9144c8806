"""
orders - the orders for recipients, and the effect of an order on one recipient

A table and a few rules; nothing here touches the database. The views apply the same rules in SQL
(sql/sqlite/control/), because a plain shell knows only SQL; test_each_status_meets_each_order in tests/cli/admin/
holds both equal. An order skips each row that the views would refuse, so that one row cannot fail an order for many.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from empath.mail.status import FINAL, LIVE, WAITING, RecipientStatus
from empath.storage.admin.records import Effect, State


class Verb(StrEnum):
    """What is ordered."""

    RETRY = "retry"
    HOLD = "hold"
    RELEASE = "release"
    DELETE = "delete"
    UNDELETE = "undelete"
    BOUNCE = "bounce"
    EXPIRE = "expire"


TARGETS: Final = {
    Verb.HOLD: RecipientStatus.HELD,
    Verb.RELEASE: RecipientStatus.QUEUED,
    Verb.DELETE: RecipientStatus.CANCELLED,
    Verb.UNDELETE: RecipientStatus.QUEUED,
    Verb.BOUNCE: RecipientStatus.BOUNCED,
    Verb.EXPIRE: RecipientStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Order:
    """
    One order. *now* is Unix seconds, *who* goes into the audit; *takes* is the status that `undelete` acts on.
    """

    verb: Verb
    who: str
    now: float
    takes: str = RecipientStatus.CANCELLED

    def effect(self, state: State, *, has_content: bool) -> Effect:
        """What the order does to a recipient in *state*; only CHANGED and ORDERED change anything."""
        if self.verb is Verb.UNDELETE:
            return self._undelete(state, has_content=has_content)
        if state.status in FINAL:
            return Effect.DONE_ALREADY if state.status == TARGETS.get(self.verb) else Effect.FINAL
        if self.verb is Verb.RETRY:
            return self._retry(state)
        if self.verb is Verb.RELEASE:
            if state.status == RecipientStatus.LEASED:
                return Effect.NOT_HELD if state.ordered is None else Effect.ORDERED
            return Effect.CHANGED if state.status == RecipientStatus.HELD else Effect.NOT_HELD
        if state.status == RecipientStatus.LEASED:
            return Effect.DONE_ALREADY if state.ordered == TARGETS[self.verb] else Effect.ORDERED
        return Effect.DONE_ALREADY if state.status == TARGETS[self.verb] else Effect.CHANGED

    def expected(self, state: State, effect: Effect) -> State:
        """What a recipient in *state* will be after *effect*."""
        if effect is Effect.ORDERED:
            if self.verb is Verb.RELEASE:
                return replace(state, ordered=None, ordered_next_retry_at=self.now)
            return replace(state, ordered=TARGETS[self.verb])
        if effect is not Effect.CHANGED:
            return state
        if self.verb is Verb.RETRY:
            return replace(state, next_retry_at=self.now)
        if TARGETS[self.verb] == RecipientStatus.QUEUED:
            return replace(state, status=RecipientStatus.QUEUED, next_retry_at=min(state.next_retry_at, self.now))
        return replace(state, status=TARGETS[self.verb])

    def _undelete(self, state: State, *, has_content: bool) -> Effect:
        if state.status in LIVE:
            return Effect.LIVE
        if state.status != self.takes:
            return Effect.BOUNCED if state.status == RecipientStatus.BOUNCED else Effect.FINAL
        return Effect.CHANGED if has_content else Effect.CONTENT_REMOVED

    def _retry(self, state: State) -> Effect:
        if state.status in WAITING:
            return Effect.CHANGED if state.next_retry_at > self.now else Effect.DONE_ALREADY
        return Effect.HELD if state.status == RecipientStatus.HELD else Effect.BEING_DELIVERED
