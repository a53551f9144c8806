"""
onward - the sender under which the mail of each recipient goes on

A message keeps its reverse-path here. On its way out, forwarded mail may get one of this house (SRS), and mail of an
account, or mail of users to a destination, one for each recipient (VERP), so that what comes back finds the message.
"""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.config import Config
from empath.daemon.acceptor.context import ListenerContext
from empath.mail.address import ReversePath
from empath.mail.envelope import Recipient
from empath.mail.identity import QueueId
from empath.policy.destinations.rulebook import RuleBook, domain_and_next_hop
from empath.policy.destinations.settings import SETTINGS
from empath.policy.login.account import LoggedIn

_counts_for: Final = SETTINGS["verp"].counts_for


class Onward(NamedTuple):
    """Shape: recipients have `sent_as` where it is not the reverse-path; forwarded_as is that of forwarded mail."""

    recipients: tuple[Recipient, ...]
    forwarded_as: str | None


def forwarded_places(config: Config, recipients: Sequence[Recipient], *, is_of_user: bool) -> list[int]:
    """The places of the *recipients* whose mail is forwarded: it leaves this house, and nobody here has sent it."""
    is_own = config.is_own_domain
    # A client that may not relay reaches an address elsewhere by an alias or a module only.
    return [
        place
        for place, each in enumerate(recipients)
        if (each.written is not None or not is_of_user) and not is_own(each.address.domain)
    ]


def onward(
    context: ListenerContext,
    recipients: Sequence[Recipient],
    reverse_path: ReversePath,
    queue_id: QueueId,
    account: LoggedIn | None,
    *,
    destinations: Sequence[str],
    is_of_user: bool,
) -> Onward:
    """
    The *recipients* of a message, with the sender of each; *destinations* has the one of each by its name, *account*
    has sent it, *is_of_user* as above.
    """
    forwarder, verp = context.forwarder, context.verp if is_of_user else None
    if (forwarder is None and verp is None) or reverse_path.is_null:
        return Onward(tuple(recipients), None)
    config, found = context.config, [*recipients]
    if verp is not None:
        is_wanted, book = _wants_verp(config, account), context.rules.book
        for place, (each, destination) in enumerate(zip(recipients, destinations, strict=True)):
            if not config.is_own_domain(each.address.domain) and (is_wanted or _goes_by_verp(book, each, destination)):
                found[place] = each._replace(sent_as=verp.sender(queue_id, each.address))
    places = [] if forwarder is None else forwarded_places(config, found, is_of_user=is_of_user)
    if forwarder is None or not places:
        return Onward(tuple(found), None)
    sender = forwarder.sender(reverse_path, time.time())
    if sender is not None:
        for place in places:
            found[place] = found[place]._replace(sent_as=sender)
    return Onward(tuple(found), sender)


def _wants_verp(config: Config, account: LoggedIn | None) -> bool:
    """Whether all mail of *account* gets a sender for each recipient."""
    accounts = config.verp.accounts
    return account is not None and ("*" in accounts or account.name in accounts)


def _goes_by_verp(book: RuleBook, recipient: Recipient, destination: str) -> bool:
    """Whether mail to *recipient* gets one because it goes to *destination*."""
    _, next_hop = domain_and_next_hop(destination)
    return book.find(str(recipient.address.domain), next_hop).verp and _counts_for(destination)
