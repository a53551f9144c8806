"""
bounce_class - what kind of failure a reply tells of

A table of rules, the first that fits decides: those of the operator, then those that Empath ships
(`shipped_classes`).  The class changes nothing of the fate of a recipient, which classify.py decides.  It is evidence:
counted by `stats --by class`, and the condition of what is suppressed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from empath.errors import SyntaxViolation
from empath.policy.replies.reply_pattern import Heard, ReplyPattern

_REMEMBERED: Final = 1_000  # replies whose class is kept


class BounceClass(StrEnum):
    """A kind of failure."""

    BAD_MAILBOX = "bad-mailbox"
    INACTIVE_MAILBOX = "inactive-mailbox"
    BAD_DOMAIN = "bad-domain"
    BAD_SENDER = "bad-sender"
    QUOTA = "quota"
    POLICY = "policy"
    SPAM_CONTENT = "spam-content"
    SPAM_BLOCK = "spam-block"
    AUTH_FAILURE = "auth-failure"
    VIRUS = "virus"
    TLS = "tls"
    RATE = "rate"
    GREYLIST = "greylist"
    PROTOCOL = "protocol"
    ROUTING = "routing"
    CONNECTION = "connection"
    SYSTEM = "system"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    RELAY_DENIED = "relay-denied"
    CONTENT = "content"
    LOGIN = "login"
    LOCAL = "local"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


MEANINGS: Final[Mapping[BounceClass, str]] = {
    BounceClass.BAD_MAILBOX: "the address does not exist",
    BounceClass.INACTIVE_MAILBOX: "the address exists, and is disabled, moved or has a new owner",
    BounceClass.BAD_DOMAIN: "the domain does not exist, or takes no mail",
    BounceClass.BAD_SENDER: "the sender's address is wrong, does not exist or may not be used",
    BounceClass.QUOTA: "the mailbox is full",
    BounceClass.POLICY: "a rule of the host refuses the mail, for no closer reason",
    BounceClass.SPAM_CONTENT: "the content is taken for spam",
    BounceClass.SPAM_BLOCK: "the address, network or domain of this host is listed or has a bad name",
    BounceClass.AUTH_FAILURE: "SPF, DKIM, DMARC, ARC or the name of this host's address does not prove the sender",
    BounceClass.VIRUS: "the content is taken for malware",
    BounceClass.TLS: "the connection is not as safe as one of the hosts demands",
    BounceClass.RATE: "too much mail in a time, or too many connections",
    BounceClass.GREYLIST: "the host wants the mail to come again later",
    BounceClass.PROTOCOL: "a command, its parameters or their order",
    BounceClass.ROUTING: "no way to the host, or a circle",
    BounceClass.CONNECTION: "no session: refused, silent, lost or timed out",
    BounceClass.SYSTEM: "a fault of the host: its disk, its software or its upkeep",
    BounceClass.TOO_LARGE: "the message is larger than the host takes",
    BounceClass.TOO_MANY: "too many recipients or hops",
    BounceClass.RELAY_DENIED: "the host takes no mail for this domain from here",
    BounceClass.CONTENT: "the form of the content: characters, encodings, header fields",
    BounceClass.LOGIN: "this host's login at a next hop",
    BounceClass.LOCAL: "a fault of this host",
    BounceClass.SUPPRESSED: "the address is in the list `suppression` of this host",
    BounceClass.UNKNOWN: "nothing that a rule knows",
}


@dataclass(frozen=True, slots=True)
class BounceRule:
    """
    Gives replies of a kind their class.

    Shape: name is unique, `own:7` for row 7 of the operator; a word for a rule that Empath ships.
    """

    name: str
    pattern: ReplyPattern
    bounce_class: BounceClass


def parse_class(text: str) -> BounceClass:
    """
    Read the name of a class.

    Raises:
        SyntaxViolation: there is no such class.
    """
    try:
        return BounceClass(text)
    except ValueError:
        raise SyntaxViolation(f"not a class: {text!r} (use {', '.join(BounceClass)})") from None


class BounceRules:
    """
    A table of rules, in their order.

    Shape: problems has a sentence for each rule that cannot be read, by its name; such a rule is left out.
    """

    def __init__(self, rules: Iterable[BounceRule]) -> None:
        self.problems: dict[str, str] = {}
        self._tests = []
        for rule in rules:
            try:
                self._tests.append((rule.pattern.test(), rule))
            except SyntaxViolation as exc:
                self.problems[rule.name] = str(exc)
        self._remembered: dict[Heard, BounceClass] = {}  # hosts that refuse much repeat their words

    def find(self, heard: Heard) -> BounceRule | None:
        """The rule that decides; None if none fits."""
        for test, rule in self._tests:
            if test(heard):
                return rule
        return None

    def class_of(self, heard: Heard) -> BounceClass:
        """The class of a reply."""
        known = self._remembered.get(heard)
        if known is not None:
            return known
        rule = self.find(heard)
        found = BounceClass.UNKNOWN if rule is None else rule.bounce_class
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[heard] = found
        return found
