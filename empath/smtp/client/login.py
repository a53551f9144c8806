"""
login - the dialogue of one AUTH command, as a client, RFC 4954

Each step gives the line to send, or the reply that ends the session: 4.7.8 where no login is possible, because our
credentials are no fault of the mail, which waits until they are right.
"""

import binascii
from collections.abc import Mapping
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply
from empath.smtp.sasl.client import ClientExchange, ClientLogin
from empath.smtp.sasl.mechanisms import Mechanism

_NO_LOGIN: Final = EnhancedStatus(4, 7, 8)
_MOST_INITIAL_CHARACTERS: Final = 480  # of an initial response, so that the line has at most 512; RFC 4954 §4
# RFC 4954 §6: a change of the password is needed, the mechanism is unknown, or too weak for this user.
_OTHER_MECHANISM: Final = frozenset({432, 504, 534})
CANCEL: Final = b"*\r\n"  # ends an exchange


class LoginDialogue:
    """
    A login that has not begun. `begin` comes first, then `answer` for each challenge, then `verdict`. After a refusal
    `begin_again` may have another mechanism.
    """

    def __init__(self, login: ClientLogin) -> None:
        self._login = login
        self._exchange: ClientExchange | None = None
        self._refused: list[Mechanism] = []
        self._is_initial_due = False  # too long for the line of the command

    def begin(self, offered: tuple[str, ...], bindings: Mapping[str, bytes]) -> bytes | Reply:
        """The command, with the best mechanism that the peer has *offered*. *bindings*: see `ClientLogin.begin`."""
        exchange = self._login.begin(offered, bindings, self._refused)
        if exchange is None:
            allowed = " ".join(map(str, self._login.mechanisms))
            words = f"The host offers {' '.join(offered) or 'no mechanism'} to log in, and {allowed} may be used"
            return Reply(454, _NO_LOGIN, words)
        self._exchange = exchange
        line = f"AUTH {exchange.mechanism}"
        if exchange.initial is not None:
            initial = _base64(exchange.initial)
            self._is_initial_due = len(initial) > _MOST_INITIAL_CHARACTERS
            if not self._is_initial_due:
                line += f" {initial}"
        return line.encode() + b"\r\n"

    def begin_again(self, reply: Reply, offered: tuple[str, ...], bindings: Mapping[str, bytes]) -> bytes | None:
        """The command with another mechanism, if *reply* refuses the mechanism and not the login; None: it is over."""
        if reply.code not in _OTHER_MECHANISM:
            return None
        self._refused.append(self._begun.mechanism)
        command = self.begin(offered, bindings)
        return None if isinstance(command, Reply) else command

    def answer(self, challenge: Reply) -> bytes | Reply:
        """The response to a 3yz; after a Reply the exchange is to be cancelled."""
        exchange = self._begun
        try:
            if self._is_initial_due:
                self._is_initial_due = False
                response = exchange.initial or b""
            else:
                # Nothing depends on what LOGIN asks, and some hosts write "Username:" as it is.
                text = "" if exchange.mechanism is Mechanism.LOGIN else challenge.text
                response = exchange.respond(binascii.a2b_base64(text, strict_mode=True) if text else b"")
        except (SyntaxViolation, ValueError) as exc:
            return Reply(454, _NO_LOGIN, f"{exchange.mechanism} failed: {exc}")
        return _base64(response).encode() + b"\r\n"

    def verdict(self) -> Reply | None:
        """Why a login that the peer accepted does not count; None if it does."""
        if self._begun.is_proved:
            return None
        words = f"{self._begun.mechanism} failed: the server did not prove that it knows the account"
        return Reply(454, _NO_LOGIN, words)

    @property
    def _begun(self) -> ClientExchange:
        assert self._exchange is not None
        return self._exchange


def refused(reply: Reply) -> Reply:
    """What the refusal of a login means for the mail: it waits."""
    if reply.klass == 4:
        return reply
    return Reply(454, _NO_LOGIN, f"The host refuses our login: {reply.escaped()}")


def _base64(octets: bytes) -> str:
    return binascii.b2a_base64(octets, newline=False).decode()
