"""
judging - whether a sender and a recipient are accepted, and where the mail of a recipient goes

Each check has its own module; their order is here.  What costs a look-up comes last, and greylisting after all others:
only a recipient that would be accepted must come again.
"""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.transaction import Transaction
from empath.daemon.process.recipients import UNKNOWN
from empath.daemon.process.suppressions import Suppressions
from empath.mail.address import Address
from empath.mail.identity import Timestamp
from empath.mail.reply import Reply
from empath.policy.access import Role
from empath.policy.bounce import is_double_bounce
from empath.policy.limits.refusal import NO_SPACE, Limit
from empath.policy.recipients import hears_all_clients
from empath.policy.routing import FEEDBACK
from empath.policy.suppression import refusal as suppression_refusal
from empath.policy.timing import TimingLimits, find_refusal
from empath.smtp.server.events import MailOffered, RecipientOffered

_MOST_RECIPIENTS: Final = 10_000  # of one message, with the targets of aliases
_NO_QUEUE: Final = Reply.of("451 4.3.0 The queue is not available, try again later")
_NOT_FORWARDED: Final = Reply.of("550 5.1.1 This is no sender that this host has given out in the last three weeks")
_NOT_SENT: Final = Reply.of("550 5.1.1 This is no sender of mail that this host has sent in the last two months")
NO_ROUTE: Final = Reply.of("550 5.1.2 No route to this domain")
_NO_ROUTE_TO_POSTMASTER: Final = Reply.of("451 4.3.5 No route to the postmaster of this host, try again later")
_NO_ROUTE_TO_TARGET: Final = Reply.of("451 4.3.5 No route to a target of this alias, try again later")
_TOO_MANY_TARGETS: Final = Reply.of("452 4.5.3 Too many recipients in the aliases of this message")


class JudgedRecipient(NamedTuple):
    """
    A recipient that may be accepted.

    Shape: offer is what the client said, with what this host adds; targets are the addresses to which the mail goes,
    *address* itself without an alias; destinations is parallel to them.
    """

    address: Address
    offer: RecipientOffered
    targets: Sequence[Address]
    destinations: Sequence[str]


def find_sender_refusal(context: ListenerContext, client: Client, offer: MailOffered) -> Reply | None:
    """The refusal of a MAIL command, None if it may be accepted."""
    account = client.account
    refusal = context.config.relay.policy.decide_mail(context.role, client.address, is_logged_in=account is not None)
    if refusal is None and account is not None:
        refusal = account.sender_refusal(offer.reverse_path)
    if refusal is not None:
        return refusal
    if not context.space.is_in_place:
        return _NO_QUEUE
    if not context.space.has_room:
        return NO_SPACE
    if offer.hold is not None or offer.deliver_by is not None:
        limits = TimingLimits(context.configured.hold_s, context.configured.deliver_by_s)
        refusal = find_refusal(offer.hold, offer.deliver_by, Timestamp(time.time()), limits)
        if refusal is not None:
            return refusal
    return context.rates.take(Limit.MESSAGE_RATE, client.address, account)


def judge_recipient(
    context: ListenerContext, client: Client, transaction: Transaction, offer: RecipientOffered
) -> JudgedRecipient | Reply:
    """What becomes of the recipient that a client names, or the reply that refuses it."""
    config = context.config
    address, no_route = offer.forward_path.address, NO_ROUTE
    owner, is_feedback = None, False  # the first sender, of one by SRS; whether a report about mail is to be read
    is_to_postmaster = address is None or config.is_for_postmaster(address)
    # A listener that neither asks for lists nor for second tries needs to know no more of the address.
    is_choosy = client.listed is not None or context.greylist is not None
    hears_all = is_choosy and (address is None or is_to_postmaster or hears_all_clients(address))
    if client.listed is not None and client.account is None and not hears_all:
        return client.listed
    if address is None or is_to_postmaster:
        # RFC 3461 §5.2.1: reports name the address that the sender knows.
        offer = offer._replace(original_recipient=offer.original_recipient or f"rfc822;{offer.forward_path}")
        address, no_route = config.postmaster, _NO_ROUTE_TO_POSTMASTER
    elif context.forwarder is not None and context.forwarder.takes(address):
        owner = context.forwarder.owner(address, time.time())
        if owner is None:
            return _NOT_FORWARDED
    elif context.verp is not None and context.verp.takes(address):
        if context.verp.read(address, time.time()) is None:
            return _NOT_SENT
        is_feedback = True
    elif config.is_for_feedback(address):
        is_feedback = True
    # Accept mail to the double-bounce address from anyone; rejecting it would create a mail loop.
    elif not is_double_bounce(str(address), config.hostname):
        is_logged_in = client.account is not None
        refusal = config.relay.policy.decide(context.role, client.address, address, is_logged_in=is_logged_in)
        if refusal is not None:
            return refusal
    refusal = context.rates.take(Limit.RECIPIENT_RATE, client.address, client.account)
    if refusal is not None:
        return refusal
    if is_feedback:
        return JudgedRecipient(address, offer, (address,), (FEEDBACK,))
    targets = targets_of(context, owner or address, is_known=is_to_postmaster)
    if isinstance(targets, Reply):
        return targets
    destinations = []
    for target in targets:
        decision = context.rules.router.decide(str(target), target.domain, transaction.sent_by)
        if decision.route is None:
            return no_route if target == address else _NO_ROUTE_TO_TARGET
        destinations.append(decision.destination(str(target.domain)))
    if len(transaction.recipients) + len(targets) > _MOST_RECIPIENTS and len(targets) > 1:
        return _TOO_MANY_TARGETS
    if not transaction.recipients.has_room(len(targets)):
        return NO_SPACE
    if context.suppressions is not None and len(targets) == 1 and not is_to_postmaster:
        no_more = _suppressed(context, context.suppressions, targets[0])
        if no_more is not None:
            return no_more
    if context.greylist is not None and not hears_all:
        must_come_again = _greylisted(context, client, transaction, address)
        if must_come_again is not None:
            return must_come_again
    return JudgedRecipient(address, offer, targets, destinations)


def targets_of(context: ListenerContext, address: Address, *, is_known: bool) -> Sequence[Address] | Reply:
    """The addresses to which mail to *address* goes, itself without an alias; or the reply that refuses it."""
    if context.recipients is None or is_double_bounce(str(address), context.config.hostname):
        return (address,)
    return context.recipients.resolve(address, is_known=is_known)


def _suppressed(context: ListenerContext, suppressions: Suppressions, target: Address) -> Reply | None:
    """
    The refusal of a recipient that gets no more mail. An alias with several targets loses only this one, later.

    The reason may be the words of another host: only clients that send for this host's users hear it.
    """
    row = suppressions.find((str(target),)).get(str(target)) if suppressions.is_any else None
    if row is None or is_double_bounce(str(target), context.config.hostname):
        return None
    return suppression_refusal(row) if context.role is not Role.MX else UNKNOWN


def _greylisted(context: ListenerContext, client: Client, transaction: Transaction, recipient: Address) -> Reply | None:
    """
    The refusal of a recipient whose mail must come again.

    Mail without a sender is refused at DATA: other hosts ask by such a RCPT whether a sender exists, and take a
    refusal for a no.
    """
    if context.greylist is None or client.account is not None or context.config.relay.policy.is_trusted(client.address):
        return None
    refusal = context.greylist.judge(client.address, transaction.reverse_path, recipient)
    if refusal is None or not transaction.reverse_path.is_null:
        return refusal
    transaction.refusal_at_data = refusal
    return None
