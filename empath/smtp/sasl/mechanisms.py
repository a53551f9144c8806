"""
mechanisms - the mechanisms that Empath knows, strongest first

A mechanism is one entry here.  Clients take the first that they know, or the one that they are set to.
"""

from collections.abc import Mapping
from enum import StrEnum

from empath.smtp.sasl.bearer import BearerServer
from empath.smtp.sasl.password import LoginServer, PlainServer
from empath.smtp.sasl.scram import ScramServer
from empath.smtp.sasl.steps import ServerExchange


class Mechanism(StrEnum):
    """A mechanism, by its name in the registry of IANA."""

    SCRAM_SHA_256_PLUS = "SCRAM-SHA-256-PLUS"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    OAUTHBEARER = "OAUTHBEARER"
    XOAUTH2 = "XOAUTH2"
    PLAIN = "PLAIN"
    LOGIN = "LOGIN"

    @property
    def has_password(self) -> bool:
        """Whether the server sees the password of the client."""
        return self in (Mechanism.PLAIN, Mechanism.LOGIN)

    @property
    def has_token(self) -> bool:
        """Whether the client shows a bearer token."""
        return self in (Mechanism.OAUTHBEARER, Mechanism.XOAUTH2)

    @property
    def has_keys(self) -> bool:
        """Whether the server needs the keys of the account."""
        return self in (Mechanism.SCRAM_SHA_256, Mechanism.SCRAM_SHA_256_PLUS)


def begin_exchange(
    mechanism: Mechanism, nonce: str, bindings: Mapping[str, bytes], *, offers_plus: bool
) -> ServerExchange:
    """Begin an exchange as the server; *nonce*, *bindings* and *offers_plus* as for `ScramServer`."""
    match mechanism:
        case Mechanism.PLAIN:
            return PlainServer()
        case Mechanism.LOGIN:
            return LoginServer()
        case Mechanism.OAUTHBEARER | Mechanism.XOAUTH2:
            return BearerServer(is_standard=mechanism is Mechanism.OAUTHBEARER)
        case _:
            is_plus = mechanism is Mechanism.SCRAM_SHA_256_PLUS
            return ScramServer(nonce, bindings, is_plus=is_plus, offers_plus=offers_plus)
