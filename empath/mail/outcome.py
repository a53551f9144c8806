"""
outcome - what an attempt means for one recipient

A closed set: policy/classify makes one of these from the reply that ended the recipient's transaction, and nothing
else in the system decides a fate.
"""

from dataclasses import dataclass
from enum import StrEnum

from empath.mail.reply import Reply


class Stage(StrEnum):
    """Where in the SMTP dialogue something happened; each has a timeout of its own (RFC 5321 §4.5.3.2)."""

    DNS = "dns"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"
    END_OF_DATA = "end-of-data"
    QUIT = "quit"
    LOCAL = "local"  # a Maildir or another transport without a dialogue


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next host took responsibility (a 2yz to the end of data)."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; the schedule says when again, or that the lifetime is over."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Bounced:
    """Never; the sender is to be told."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class TryNext:
    """
    This host will not do, another of the same destination may; the reply stands if there is none.

    is_final_here tells that this host would never take it, so that it bounces if all the others say the same.
    """

    reply: Reply
    is_final_here: bool = False


Outcome = Delivered | Deferred | Bounced | TryNext
