"""
client - the client's side of AUTH: SCRAM-SHA-256 with and without channel binding, PLAIN and LOGIN

A client takes the strongest mechanism that the server offers and the operator allows.  SCRAM proves the password
without showing it, and the server proves that it knows the account: a login is over only once both have done so.
"""

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol

from empath.errors import SyntaxViolation
from empath.smtp.sasl.mechanisms import Mechanism
from empath.smtp.sasl.password import plain_response
from empath.smtp.sasl.scram import (
    client_key,
    client_proof,
    from_base64,
    salted_password,
    server_signature,
    signed_text,
    to_base64,
)

# Those that a client knows, strongest first.
CLIENT_MECHANISMS: Final = (
    Mechanism.SCRAM_SHA_256_PLUS,
    Mechanism.SCRAM_SHA_256,
    Mechanism.PLAIN,
    Mechanism.LOGIN,
)
_MOST_ITERATIONS: Final = 1_000_000  # a third of a second; a server may ask for any number
_SERVER_FIRST = re.compile(r"r=([!-+\--~]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9][0-9]{0,8})(?:,.*)?", re.DOTALL)


class ClientExchange(Protocol):
    """
    One login. `initial` goes out with the command, None if the server speaks first. `is_proved` says whether the server
    may say now that the login succeeded.
    """

    mechanism: Mechanism
    initial: bytes | None

    @property
    def is_proved(self) -> bool: ...

    def respond(self, challenge: bytes) -> bytes:
        """
        The answer to a challenge.

        Raises:
            SyntaxViolation: the challenge is not one of this mechanism, or the server did not prove itself.
        """


@dataclass(frozen=True, slots=True)
class ClientLogin:
    """
    A name and a password for one server.

    Shape: both are not empty; mechanisms are those that may be used; nonce is new for each session.
    """

    username: str
    password: str = field(repr=False)
    mechanisms: Collection[Mechanism] = CLIENT_MECHANISMS
    nonce: str = field(default="", compare=False)

    def begin(
        self, offered: Collection[str], bindings: Mapping[str, bytes], but_not: Collection[Mechanism] = ()
    ) -> ClientExchange | None:
        """
        Begin with the strongest mechanism of those *offered*; None if none of them may be used. The server has refused
        those in *but_not*.

        *bindings* has the data of the channel by the name of its type, RFC 5056; empty without TLS.
        """
        for mechanism in CLIENT_MECHANISMS:
            if mechanism not in self.mechanisms or mechanism not in offered or mechanism in but_not:
                continue
            if mechanism is Mechanism.SCRAM_SHA_256_PLUS and not bindings:
                continue
            match mechanism:
                case Mechanism.PLAIN:
                    return _PlainClient(plain_response(self.username, self.password))
                case Mechanism.LOGIN:
                    return _LoginClient([self.username.encode(), self.password.encode()])
                case _:
                    return _ScramClient(self, mechanism, offered, bindings)
        return None


class _PlainClient:
    """All in the initial response. Some servers ignore it, and ask for it by an empty challenge."""

    mechanism = Mechanism.PLAIN
    is_proved = True

    def __init__(self, response: bytes) -> None:
        self.initial: bytes | None = response
        self._has_repeated = False

    def respond(self, challenge: bytes) -> bytes:
        """See `ClientExchange`."""
        if challenge or self._has_repeated or self.initial is None:
            raise SyntaxViolation("a second challenge in PLAIN")
        self._has_repeated = True
        return self.initial


class _LoginClient:
    """The name, then the password; the words of the challenges differ from server to server."""

    mechanism = Mechanism.LOGIN
    initial: bytes | None = None

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers

    @property
    def is_proved(self) -> bool:
        """See `ClientExchange`."""
        return not self._answers

    def respond(self, challenge: bytes) -> bytes:
        """See `ClientExchange`."""
        if not self._answers:
            raise SyntaxViolation("a third challenge in LOGIN")
        return self._answers.pop(0)


class _ScramClient:
    """client-first, client-final, and an empty response to the server's proof; RFC 5802 §5."""

    def __init__(
        self, login: ClientLogin, mechanism: Mechanism, offered: Collection[str], bindings: Mapping[str, bytes]
    ) -> None:
        self.mechanism = mechanism
        binding = b""
        if mechanism is Mechanism.SCRAM_SHA_256_PLUS:
            name = next(iter(bindings))
            header, binding = f"p={name},,", bindings[name]
        elif bindings and Mechanism.SCRAM_SHA_256_PLUS not in offered:
            header = "y,,"  # a server that did offer it will notice that someone on the way removed it
        else:
            header = "n,,"
        self._password = login.password
        self._nonce = login.nonce
        self._binding = to_base64(header.encode() + binding)
        self._bare = f"n={login.username.replace('=', '=3D').replace(',', '=2C')},r={login.nonce}"
        self._signature: bytes | None = None  # that the server must show
        self.is_proved = False
        self.initial: bytes | None = (header + self._bare).encode()

    def respond(self, challenge: bytes) -> bytes:
        """See `ClientExchange`."""
        try:
            text = challenge.decode()
        except UnicodeDecodeError as exc:
            raise SyntaxViolation("a challenge that is not text") from exc
        return self._finish(text) if self._signature is not None else self._prove(text, self._bare)

    def _prove(self, server_first: str, client_first: str) -> bytes:
        match = _SERVER_FIRST.fullmatch(server_first)
        if match is None or not match[1].startswith(self._nonce) or match[1] == self._nonce:
            raise SyntaxViolation("the server's first message is not one of SCRAM")
        if int(match[3]) > _MOST_ITERATIONS:
            raise SyntaxViolation(f"the server asks for {match[3]} iterations, and {_MOST_ITERATIONS} are the most")
        salted = _salted(self._password, from_base64(match[2]), int(match[3]))
        without_proof = f"c={self._binding},r={match[1]}"
        signed = signed_text(client_first, server_first, without_proof)
        self._signature = server_signature(salted, signed)
        return f"{without_proof},p={to_base64(client_proof(client_key(salted), signed))}".encode()

    def _finish(self, server_final: str) -> bytes:
        assert self._signature is not None
        shown = server_final.partition(",")[0].removeprefix("v=")
        if self.is_proved or not hmac.compare_digest(shown.encode(), to_base64(self._signature).encode()):
            raise SyntaxViolation("the server does not prove that it knows the account")
        self.is_proved = True
        return b""


# Each session of a busy smarthost derives the same keys, which takes some hundredths of a second.
_salted = lru_cache(maxsize=16)(salted_password)
