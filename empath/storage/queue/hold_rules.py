"""
hold_rules - the rows by which mail is held when its turn comes

A worker holds what a rule is about before it gives the message to a carrier.  What a person has let go since a rule was
made is not held by that rule again: else no one message could pass while the rule stands.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.mail.status import RecipientStatus
from empath.policy.hold_rules import Held, HoldBook, HoldPattern, HoldRule
from empath.storage.engine import Selects, Session
from empath.storage.queue.order_trail import finish_order
from empath.storage.queue.put_back import let_go
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

ENDED: Final = Kept("hold_rules.ended", "hold_rules.forget")


def holds_in_force(selects: Selects, now: float) -> HoldBook:
    """
    The rules that have not ended. A row that cannot be read, which a shell may have made, is left out.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    found = []
    for number, scope, text, ends_at, reason, created_at in selects.rows("hold_rules.in_force", {"now": now}):
        try:
            pattern = HoldPattern.parse(scope, text)
        except SyntaxViolation:
            continue
        end = None if ends_at is None else Timestamp(ends_at)
        found.append(HoldRule(number, pattern, end, reason, Timestamp(created_at)))
    return HoldBook(found)


def released_at(selects: Selects, recipients: Sequence[int]) -> dict[int, float]:
    """
    When a person last let each of *recipients* go, in Unix seconds; others are left out.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return dict(selects.rows("hold_rules.released", {"recipients": tuple(recipients)}))


def held_of(selects: Selects, book: HoldBook, *, after: int, last: int) -> dict[int, HoldRule]:
    """
    What would be held of the recipients that wait, with numbers above *after* up to *last*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = {}
    for number, *columns in selects.rows("hold_rules.waiting", {"after": after, "last": last}):
        rule = book.find(Held(*columns))
        if rule is not None:
            found[number] = rule
    return not_released(selects, found)


def not_released(selects: Selects, found: Mapping[int, HoldRule]) -> dict[int, HoldRule]:
    """
    *found* without what a person has let go since its rule was made.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    if not found:
        return {}
    released = released_at(selects, [*found])
    return {number: rule for number, rule in found.items() if released.get(number, 0.0) < rule.created_at}


class HoldByRules(Write):
    """Hold leased recipients, each by the rule given for its number; the audit and the rules say so."""

    def __init__(self, lease_id: int, held: Mapping[int, HoldRule], *, now: float) -> None:
        super().__init__()
        self.rows = len(held)
        self.lease_id = lease_id
        self.held = held
        self._now = now

    def run(self, session: Session) -> None:
        hits: dict[int, int] = {}
        for recipient_id, rule in self.held.items():
            reason = f"administratively held by {rule.words}"
            changes = {"status": RecipientStatus.HELD, "reason": reason, "settled_at": self._now}
            for _, status in let_go(session, self.lease_id, now=self._now, recipient_id=recipient_id, **changes):
                if status != RecipientStatus.HELD:  # ordered meanwhile
                    finish_order(session, recipient_id, status, now=self._now)
                    continue
                hits[rule.rule_id] = hits.get(rule.rule_id, 0) + 1
                row = {"recipient_id": recipient_id, "who": rule.name, "now": self._now}
                session.run("hold_rules.record_hold", row)
        session.run_each("hold_rules.count_hits", [{"rule": rule, "hits": number} for rule, number in hits.items()])
