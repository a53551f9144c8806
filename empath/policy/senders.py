"""
senders - the addresses that an account may send as

A word is an address, `@example.org` for all addresses of a domain, `@*.example.org` for all below it, or `*` for any.
Local parts are compared without regard to case: whoever owns alice@ owns Alice@, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from empath.errors import SyntaxViolation
from empath.mail.address import Address, ReversePath
from empath.mail.domain import Domain
from empath.mail.reply import Reply
from empath.policy.pattern import DomainPattern, PatternTable

SENDER_NOT_ALLOWED = Reply.of("553 5.7.1 Sender address not allowed for this account")
AUTHOR_NOT_ALLOWED = Reply.of("550 5.7.1 From address not allowed for this account")


@dataclass(frozen=True, slots=True)
class Senders:
    """What one account may send as. Text form: the words, separated by a blank."""

    addresses: frozenset[tuple[str, str]]
    domains: PatternTable[bool]
    words: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Senders":
        """
        Read the words.

        Raises:
            SyntaxViolation: a word is none of the four forms.
        """
        return _parsed(text)

    def may_send_as(self, address: Address) -> bool:
        """Whether the account may send mail from *address*."""
        return _key(address) in self.addresses or self.domains.find(address.domain) is not None

    def may_speak_for(self, domain: Domain) -> bool:
        """Whether the account may send mail from any address of *domain*."""
        name = str(domain)
        return self.domains.find(domain) is not None or any(name == own for _, own in self.addresses)

    def refusal(self, reverse_path: ReversePath) -> Reply | None:
        """Judge MAIL: the null reverse-path is for any account, since programs answer and report with it."""
        if reverse_path.address is None or self.may_send_as(reverse_path.address):
            return None
        return SENDER_NOT_ALLOWED

    def author_refusal(self, authors: Iterable[Sequence[Address] | None]) -> Reply | None:
        """Judge the *authors* of each From field of a message; None: the addresses of a field are not certain."""
        for addresses in authors:
            if addresses is None or not all(map(self.may_send_as, addresses)):
                return AUTHOR_NOT_ALLOWED
        return None

    def __str__(self) -> str:
        return " ".join(self.words)


def own_address(name: str) -> str:
    """The senders of an account whose row names none: its own name, if that is an address."""
    try:
        return str(Address.parse(name))
    except SyntaxViolation:
        return ""


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Senders:
    addresses, patterns, words = set(), [], []
    for word in text.split():
        if word == "*" or word.startswith("@"):
            pattern = DomainPattern.parse(word.removeprefix("@"))
            patterns.append((pattern, True))
            words.append(word if word == "*" else f"@{pattern}")
        else:
            address = Address.parse(word)
            addresses.add(_key(address))
            words.append(str(address))
    return Senders(frozenset(addresses), PatternTable(patterns), tuple(dict.fromkeys(words)))


def _key(address: Address) -> tuple[str, str]:
    return address.local_part.lower(), str(address.domain)
