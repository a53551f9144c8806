"""
collected_recipients - the recipients of one transaction, each with its destination

They take memory before the content comes, so what a client may make this process hold is bounded.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.process.recipients import Recipients
from empath.mail.address import Address
from empath.mail.envelope import Recipient, original_recipient_of
from empath.message.report.facts import ReportKind
from empath.policy.bounce import merged_notify, notify_of_targets, wants_notice
from empath.policy.router import Router, SentBy
from empath.smtp.server.events import RecipientOffered

_LEAST_RECIPIENTS = 100
_RECIPIENT_OCTETS = 512  # memory for one recipient besides the local part, which a client chooses
_NO_RECIPIENTS: Final[Mapping[Address, Recipient]] = MappingProxyType({})


class CollectedRecipients:
    """
    The recipients so far. Call `release` last.

    Shape: all has the recipients, destinations the destination of each, in the same order; expanded has the addresses
    with several targets, whose sender hears of that; marks has a mark of each alias that was expanded, see
    `Recipients.loop_mark`.
    """

    __slots__ = ("_budget", "_held", "_known", "_places", "all", "destinations", "expanded", "marks")

    def __init__(self, budget: ContentBudget, known: Recipients | None) -> None:
        """*budget* is the memory of the process for unfinished messages; *known* has the aliases, if there are any."""
        self._budget = budget
        self._known = known
        self._held = 0  # octets of memory for the recipients
        self._places: dict[Address, int] = {}
        self.all: list[Recipient] = []
        self.destinations: list[str] = []
        self.expanded: dict[Address, Recipient] = {}
        self.marks: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self.all)

    @property
    def addresses(self) -> list[Address]:
        """Their addresses."""
        return [recipient.address for recipient in self.all]

    @property
    def only(self) -> str | None:
        """The address of the recipient, where there is one alone."""
        return str(self.all[0].address) if len(self.all) == 1 else None

    def has_room(self, more: int) -> bool:
        """
        Whether the memory that the process has for unfinished messages takes *more* recipients. Each transaction has
        the number of RFC 5321 §4.5.3.1.8.
        """
        budget = self._budget
        return len(self.all) + more <= _LEAST_RECIPIENTS or budget.held_octets <= budget.limit_octets

    def add(self, address: Address, offer: RecipientOffered, destination: str, written: Address | None = None) -> None:
        """
        Add one recipient. One that is given twice gets one copy; the notices of both are wanted. *written* is what the
        client gave, where that is another address.
        """
        place = self._places.setdefault(address, len(self.all))
        if place == len(self.all):
            self.all.append(Recipient(address, offer.notify, offer.original_recipient, written))
            self.destinations.append(destination)
            octets = _RECIPIENT_OCTETS + 4 * len(address.local_part) + len(offer.original_recipient or "")
            self._held += octets
            self._budget.held_octets += octets
        else:
            known = self.all[place]
            self.all[place] = known._replace(notify=merged_notify(known.notify, offer.notify))

    def add_expansion(
        self, written: Address, targets: Sequence[Address], offer: RecipientOffered, destinations: Sequence[str]
    ) -> None:
        """Add the *targets* of the alias of *written*, which the client gave, RFC 3461 §5.2.7."""
        # An alias that names itself may come back from its mailbox.
        if self._known is not None and written not in targets:
            self.marks[self._known.loop_mark(written)] = None
        original = offer.original_recipient or original_recipient_of(written)
        notify = offer.notify
        if len(targets) > 1 and wants_notice(notify, ReportKind.SUCCESS):
            self.expanded.setdefault(written, Recipient(written, notify, original))
            notify = notify_of_targets(notify)
        offer = offer._replace(notify=notify, original_recipient=original)
        for target, destination in zip(targets, destinations, strict=True):
            self.add(target, offer, destination, written)

    def replace(
        self,
        addresses: Sequence[Address],
        router: Router,
        sent_by: SentBy,
        more: Mapping[Address, Recipient] = _NO_RECIPIENTS,
    ) -> None:
        """
        Make *addresses* the recipients; each of them has a route by *router*. Those of the client keep what it asked
        for, and *more* has what is asked for others.
        """
        known = {**more, **{each.address: each for each in self.all}}
        destinations = []
        for address in addresses:
            decision = router.decide(str(address), address.domain, sent_by)
            if decision.route is None:
                raise RuntimeError("an edit added a recipient without a route")
            destinations.append(decision.destination(str(address.domain)))
        self.destinations = destinations
        self.all = [known.get(address) or Recipient(address) for address in addresses]

    def release(self) -> None:
        """Give the memory back."""
        self._budget.held_octets -= self._held
        self._held = 0
