"""account - what a client may do that has logged in"""

from dataclasses import dataclass

from empath.mail.address import ReversePath
from empath.mail.reply import Reply
from empath.policy.limits.rate import Rate
from empath.policy.senders import Senders


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """
    The account by which a client has logged in.

    Shape: senders None allows any; a rate of None is the configured one.
    """

    name: str
    senders: Senders | None
    message_rate: Rate | None = None
    recipient_rate: Rate | None = None

    def sender_refusal(self, reverse_path: ReversePath) -> Reply | None:
        """The refusal of a MAIL command, None where the account may send from *reverse_path*."""
        return None if self.senders is None else self.senders.refusal(reverse_path)
