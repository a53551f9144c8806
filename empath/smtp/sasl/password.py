"""
password - the mechanisms that send the password itself: PLAIN, RFC 4616, and LOGIN, draft-murchison-sasl-login

A client may ask to act as another account than the one whose password it gives.  No account may.
"""

from typing import Final

from empath.errors import SyntaxViolation
from empath.smtp.sasl.prepared import prepared
from empath.smtp.sasl.steps import Challenge, Malformed, PasswordGiven, Refused, Step

_NAME_WANTED: Final = Challenge(b"Username:")
_PASSWORD_WANTED: Final = Challenge(b"Password:")


class PlainServer:
    """One exchange of PLAIN: `authorization NUL name NUL password`."""

    __slots__ = ()

    def respond(self, response: bytes | None) -> Step:
        """See `ServerExchange`."""
        if response is None:
            return Challenge(b"")
        parts = response.split(b"\0")
        if len(parts) != 3:
            return Malformed()
        acting_as, name, password = parts
        given = given_password(name, password)
        if isinstance(given, PasswordGiven) and acting_as and acting_as not in (name, given.name.encode()):
            return Refused()
        return given

    def refuse(self) -> Step:
        """See `ServerExchange`."""
        return Refused()


class LoginServer:
    """One exchange of LOGIN: the name, then the password. The words of the challenges do not matter to clients."""

    __slots__ = ("_name",)

    def __init__(self) -> None:
        self._name: bytes | None = None

    def respond(self, response: bytes | None) -> Step:
        """See `ServerExchange`; the initial response is the name."""
        if response is None:
            return _NAME_WANTED
        if self._name is None:
            self._name = response
            return _PASSWORD_WANTED
        return given_password(self._name, response)

    def refuse(self) -> Step:
        """See `ServerExchange`."""
        return Refused()


def plain_response(name: str, password: str) -> bytes:
    """What a client sends for PLAIN."""
    return b"\0".join((b"", name.encode(), password.encode()))


def given_password(name: bytes, password: bytes) -> Step:
    """The step for a *name* and a *password* as they came."""
    try:
        texts = name.decode(), password.decode()
    except UnicodeDecodeError:
        return Malformed()
    try:
        return PasswordGiven(*map(prepared, texts))
    except SyntaxViolation:
        return Refused()
