"""
recipients - which addresses of a domain exist, and what an alias makes of one

A rule says what is known of the addresses of a domain.  An alias is a pattern with targets: an address, or `@domain` as
the catch-all of a domain.  The rules of this house:

- An exact alias comes first, then the same address without its tag (`user+tag`), then whether the address exists, and
  the catch-all last.  So a catch-all takes only what nothing else takes.
- Targets are expanded again by exact aliases.  A catch-all answers for what clients write, not for targets.
- An alias that names itself keeps its own mailbox.  A longer circle is a mistake of the operator, as is an expansion
  that is too deep or too wide.
"""

import hmac
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from empath.errors import EmpathError, SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import parse_domain
from empath.mail.endpoint import Endpoint

MOST_TARGETS: Final = 1_000  # of one address that a client gives
MOST_STEPS: Final = 10  # from that address to a target
_LMTP_PORT: Final = 24


class Source(StrEnum):
    """What knows which addresses of a domain exist."""

    ANY = "any"  # nothing here: the next host decides
    LISTED = "listed"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class RecipientRule:
    """
    How the addresses of a domain are checked.

    Shape: path is the file with the list, None for the view `recipient_list`; lmtp is the host that is asked by LMTP,
    None for the hosts of the route.
    Text form: `any`, `listed`, `listed:/path`, `verify` or `verify:lmtp://host:port`.
    """

    source: Source
    path: str | None = None
    lmtp: Endpoint | None = None

    @classmethod
    def parse(cls, text: str) -> "RecipientRule":
        """
        Read the text form, so that `str(parse(text)) == text` where the port is given.

        Raises:
            SyntaxViolation: *text* is none of these.
        """
        word, colon, argument = text.partition(":")
        if not colon and word in tuple(Source):
            return cls(Source(word))
        if word == Source.LISTED and argument.isprintable() and argument:
            return cls(Source.LISTED, path=argument)
        if word == Source.VERIFY and argument.startswith("lmtp://"):
            return cls(Source.VERIFY, lmtp=Endpoint.parse(argument.removeprefix("lmtp://"), default_port=_LMTP_PORT))
        raise SyntaxViolation(
            f'not a rule for recipients: {text!r} (use "any", "listed", "listed:/path", "verify" or'
            ' "verify:lmtp://host:port")'
        )

    def __str__(self) -> str:
        if self.path is not None:
            return f"{self.source}:{self.path}"
        return str(self.source) if self.lmtp is None else f"{self.source}:lmtp://{self.lmtp}"


class UnusableAlias(EmpathError):
    """The aliases of an address lead in a circle, too far, or to something that is not an address."""


_CAPITALS: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def folded(text: str) -> str:
    """*text* as lists and aliases compare it: ASCII letters in lower case, as SQLite's lower() does."""
    # Of nearly all addresses, in a tenth of the time of translate(), which looks up each character.
    return text.lower() if text.isascii() else text.translate(_CAPITALS)


def spellings(address: Address, delimiter: str) -> tuple[str, ...]:
    """What *address* is looked up as, the best first: itself, then without its tag. *delimiter* may be empty."""
    user, cut, _ = address.local_part.partition(delimiter) if delimiter else (address.local_part, "", "")
    exact = folded(str(address))
    return (exact, folded(str(Address(user, address.domain)))) if cut and user else (exact,)


def catch_all(address: Address) -> str:
    """The pattern of all addresses of the domain."""
    return f"@{address.domain}"


def parse_pattern(text: str) -> str:
    """
    Read the pattern of an alias: an address, or `@domain`. The result is folded.

    Raises:
        SyntaxViolation: *text* is neither.
    """
    return f"@{parse_domain(text[1:])}" if text.startswith("@") else folded(str(Address.parse(text)))


def parse_target(text: str, written: Address) -> Address:
    """
    Read a target: an address, or `@domain` for the same local part there. *written* is the address that it replaces.

    Raises:
        UnusableAlias: *text* is neither.
    """
    try:
        return Address(written.local_part, parse_domain(text[1:])) if text.startswith("@") else Address.parse(text)
    except SyntaxViolation as exc:
        raise UnusableAlias(f"the alias of {written} has the target {text!r}: {exc}") from exc


class Expansion:
    """
    What becomes of one address. The driver asks for `question`, looks its alias up, and calls `answer`, until
    `question` is None; then `recipients` has the result.
    """

    def __init__(self, address: Address) -> None:
        self.recipients: dict[Address, None] = {}  # in the order in which they were found
        self._waiting: deque[tuple[Address, tuple[Address, ...]]] = deque([(address, (address,))])

    @property
    def question(self) -> Address | None:
        """The address whose alias is to be looked up next."""
        return self._waiting[0][0] if self._waiting else None

    def answer(self, targets: Sequence[str]) -> None:
        """
        Take the *targets* of the alias; none: the address is a recipient.

        Raises:
            UnusableAlias: the aliases lead in a circle, too far, or to something that is not an address.
        """
        address, way = self._waiting.popleft()
        if not targets:
            self.recipients[address] = None
        elif len(way) > MOST_STEPS:
            raise UnusableAlias(f"the alias of {way[0]} has more than {MOST_STEPS} steps")
        for text in targets:
            target = parse_target(text, address)
            if folded(str(target)) == folded(str(address)):
                self.recipients[address] = None
            elif target in way:
                raise UnusableAlias(f"the alias of {way[0]} leads back to {target}")
            else:
                self._waiting.append((target, (*way, target)))
        if len(self._waiting) + len(self.recipients) > MOST_TARGETS:
            raise UnusableAlias(f"the alias of {way[0]} has more than {MOST_TARGETS} targets")


def loop_mark(key: str, address: Address) -> str:
    """
    What says in a message that the alias of *address* was expanded, to a host that has the same *key*.

    Shape: 16 hexadecimal digits. Others cannot tell the address by them, which may be one that they are not to know.
    """
    return hmac.digest(key.encode(), folded(str(address)).encode(), "sha256").hex()[:16]


def is_of_any_postmaster(address: Address) -> bool:
    """Whether *address* is the postmaster of its domain, which each domain has by RFC 5321 §4.5.1."""
    return folded(address.local_part) == "postmaster"


def hears_all_clients(address: Address) -> bool:
    """
    Whether *address* takes mail of clients that are listed or new: the postmaster of its domain, whom RFC 5321 §4.5.1
    keeps open to all, and its mailbox for abuse, RFC 2142 §4. There a client can say that a list is wrong.
    """
    return folded(address.local_part) in ("postmaster", "abuse")
