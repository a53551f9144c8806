"""
api_token - who may do what by HTTP

A program shows a token, a secret of 256 bits. The queue keeps its SHA-256, from which nobody finds the secret: it is
random, so that a slow hash would add nothing. A token has a role, and perhaps networks and an end.

A client whose tokens are wrong too often waits. The bound is on wrong ones alone: a program with a good token is never
kept waiting for the errors of another one at the same address, which behind a proxy is that of everybody. It is a bound
on lines of the log, and not on guesses: nobody guesses 256 bits.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Final

from empath.errors import SyntaxViolation
from empath.policy.access import ClientAddress, Network, is_within
from empath.policy.limits.rate import Rate, exchange

PREFIX: Final = "empath_"  # so that tools that look for secrets find one that went astray
SECRET_OCTETS: Final = 32
FAILURES: Final = Rate(10, 60.0)
_MOST_CLIENTS: Final = 10_000


class TokenRole(StrEnum):
    """What a token is good for."""

    READ = "read"
    OPERATE = "operate"
    INJECT = "inject"
    ADMIN = "admin"

    def includes(self, wanted: "TokenRole") -> bool:
        """Whether a token of this role may do what *wanted* may. One that injects mail reads nothing."""
        return wanted in _INCLUDED[self]


_INCLUDED: Final = {
    TokenRole.READ: frozenset({TokenRole.READ}),
    TokenRole.OPERATE: frozenset({TokenRole.READ, TokenRole.OPERATE}),
    TokenRole.INJECT: frozenset({TokenRole.INJECT}),
    TokenRole.ADMIN: frozenset(TokenRole),
}


@dataclass(frozen=True, slots=True)
class Token:
    """
    One token.

    Shape: digest as `digest_of` gives it; networks is empty for a token of any client; instants in Unix seconds;
    account is that whose senders and rates its mail has, None for mail of any sender.
    """

    name: str
    role: TokenRole
    networks: tuple[Network, ...]
    digest: str
    expires_at: float | None = None
    last_used_at: float = 0.0
    account: str | None = None

    def refusal(self, client: ClientAddress | None, now: float) -> str | None:
        """Why *client* may not use it at *now*; None: it may. A client without an address came by a UNIX socket."""
        if self.expires_at is not None and now >= self.expires_at:
            return "the token has expired"
        if self.networks and (client is None or not is_within(client, self.networks)):
            return "the token is for other networks"
        return None


def digest_of(secret: str) -> str:
    """What is kept of *secret*."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def find_token(tokens: Iterable[Token], secret: str) -> Token | None:
    """The token with *secret*. It takes as long for each secret that is wrong, whatever is right of it."""
    digest = digest_of(secret)
    found = None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def parse_networks(text: str) -> tuple[Network, ...]:
    """
    Networks with blanks between them.

    Raises:
        SyntaxViolation: one of them is none.
    """
    try:
        return tuple(ip_network(word) for word in text.split())
    except ValueError as exc:
        raise SyntaxViolation(f"not a network: {exc} (use e.g. 192.0.2.0/24 or 2001:db8::1)") from exc


class WrongTokens:
    """The failures of clients, each a bucket of FAILURES."""

    def __init__(self, rate: Rate = FAILURES, most: int = _MOST_CLIENTS) -> None:
        self._rate = rate
        self._most = most
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def waits_s(self, client: Hashable, now: float) -> float:
        """Seconds for which a wrong token of *client* is one too many; 0: it may try."""
        return exchange(self._rate, self._full_at.get(client, 0.0), now, returned=0, wanted=0).next_s

    def count(self, client: Hashable, now: float) -> bool:
        """Count a failure of *client*; True if it is the first of a while, so that it is worth a row of the audit."""
        before = self._full_at.pop(client, 0.0)
        self._full_at[client] = exchange(self._rate, before, now, returned=0, wanted=1).full_at
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return before <= now
