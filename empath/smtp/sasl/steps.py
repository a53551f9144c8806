"""steps - what an exchange wants next"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Challenge:
    """Send these octets, which may be empty, and give the response to the exchange."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class PasswordGiven:
    """The client claims to be *name*. The exchange is over: the password decides."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenGiven:
    """
    A bearer token decides, and says who the client is; *name* is who the client claims to be, "" if it did not say.

    If the token is bad, go on with `ServerExchange.refuse`.
    """

    name: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeysWanted:
    """Look up the keys of the account *name*, and go on with `ScramServer.use`."""

    name: str


@dataclass(frozen=True, slots=True)
class Proved:
    """The client has proved that it is *name*."""

    name: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The client has proved nothing. Do not tell it why."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """The client's words do not match the grammar of the mechanism."""


Step = Challenge | PasswordGiven | TokenGiven | KeysWanted | Proved | Refused | Malformed


class ServerExchange(Protocol):
    """One exchange, as the server leads it."""

    def respond(self, response: bytes | None) -> Step:
        """
        Take what the client said, and give the next step.

        The first call has the initial response, None if the client sent none.
        """

    def refuse(self) -> Step:
        """The token of the last step is bad: some mechanisms say so to the client before they end."""
