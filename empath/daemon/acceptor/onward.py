"""
onward - the sender under which the mail of each recipient goes on

A message keeps its reverse-path here. On its way out, forwarded mail may get one of this house (SRS), and mail of an
account one for each recipient (VERP), so that what comes back finds the message.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from empath.authentication.verp import Verp
from empath.config import Config
from empath.daemon.acceptor.context import ListenerContext
from empath.mail.address import ReversePath
from empath.mail.envelope import Recipient
from empath.mail.identity import QueueId
from empath.policy.login.account import LoggedIn


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
    is_of_user: bool,
) -> Onward:
    """The *recipients* of a message, with the sender of each; *account* has sent it, *is_of_user* as above."""
    forwarder, verp = context.forwarder, _verp(context, account)
    if (forwarder is None and verp is None) or reverse_path.is_null:
        return Onward(tuple(recipients), None)
    config, found = context.config, [*recipients]
    if verp is not None:
        for place, each in enumerate(found):
            if not config.is_own_domain(each.address.domain):
                found[place] = each._replace(sent_as=verp.sender(queue_id, each.address))
    places = [] if forwarder is None else forwarded_places(config, found, is_of_user=is_of_user)
    if forwarder is None or not places:
        return Onward(tuple(found), None)
    sender = forwarder.sender(reverse_path, time.time())
    if sender is not None:
        for place in places:
            found[place] = found[place]._replace(sent_as=sender)
    return Onward(tuple(found), sender)


def _verp(context: ListenerContext, account: LoggedIn | None) -> Verp | None:
    """What gives each recipient a sender, if that is wanted for *account*."""
    if context.verp is None or account is None:
        return None
    accounts = context.config.verp.accounts
    return context.verp if "*" in accounts or account.name in accounts else None
