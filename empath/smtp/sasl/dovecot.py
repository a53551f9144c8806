"""
dovecot - the authentication protocol of Dovecot, version 1.2, as a client speaks it, without I/O

A line is words with a tab between them.  The server greets first; a request is answered by OK, FAIL or CONT, in any
order, each with the number of its request.  See doc.dovecot.org, "Dovecot Authentication Protocol v1.2".
"""

import binascii
from enum import Enum, auto
from typing import Final

from empath.errors import SyntaxViolation
from empath.smtp.sasl.password import plain_response

MAX_LINE_OCTETS: Final = 8192
MAX_OCTETS: Final = 256 * 1024  # of all lines: one that never stops would keep the process reading

_MAJOR: Final = b"1"
_ESCAPES: Final = {b"\x01": b"\x011", b"\x00": b"\x010", b"\t": b"\x01t", b"\r": b"\x01r", b"\n": b"\x01n"}


class DovecotAnswer(Enum):
    """What the server says about a request."""

    PROVED = auto()
    WRONG = auto()
    LATER = auto()  # a fault of the server: temp


class DovecotExchange:
    """
    One connection with one request. Octets of the server go to `receive`; `octets_to_send` has what to send it.

    `answer` is None until the server has answered.
    """

    __slots__ = ("_buffer", "_is_greeted", "_octets", "_out", "_request", "answer")

    def __init__(self, name: str, password: str, *, client_id: int, peer: str, is_secured: bool) -> None:
        """*client_id* is a number that no other connection to the server has."""
        # This server counts failures by itself, so Dovecot need not make a client wait for those of others.
        words = [b"AUTH", b"1", b"PLAIN", b"service=smtp", b"rip=" + _escaped(peer.encode()), b"no-penalty"]
        words += [b"secured"] * is_secured
        response = binascii.b2a_base64(plain_response(name, password), newline=False)
        self._request = b"\t".join((*words, b"resp=" + response)) + b"\n"
        self._out = b"VERSION\t%s\t1\nCPID\t%d\n" % (_MAJOR, client_id)
        self._buffer = b""
        self._octets = 0  # received
        self._is_greeted = False
        self.answer: DovecotAnswer | None = None

    def octets_to_send(self) -> bytes:
        """Take what is to be sent now."""
        out, self._out = self._out, b""
        return out

    def receive(self, octets: bytes) -> None:
        """
        Take what the server sent.

        Raises:
            SyntaxViolation: it speaks another protocol, or another version of it.
        """
        self._octets += len(octets)
        if self._octets > MAX_OCTETS:
            raise SyntaxViolation("it says too much and gives no answer")
        *lines, self._buffer = (self._buffer + octets).split(b"\n")
        if len(self._buffer) > MAX_LINE_OCTETS:
            raise SyntaxViolation("a line is too long")
        for line in lines:
            self._read(line.split(b"\t"))

    def _read(self, words: list[bytes]) -> None:
        match words:
            case [b"VERSION", major, *_] if major != _MAJOR:
                raise SyntaxViolation(f"version {major[:20].decode(errors='replace')} of the protocol is not known")
            case [b"DONE", *_] if not self._is_greeted:
                self._is_greeted = True
                self._out += self._request
            case [b"OK", b"1", *_]:
                self.answer = DovecotAnswer.PROVED
            case [b"FAIL", b"1", *parameters]:
                is_fault = b"temp" in parameters or b"code=temp_fail" in parameters
                self.answer = DovecotAnswer.LATER if is_fault else DovecotAnswer.WRONG
            case [b"CONT", b"1", *_]:
                self.answer = DovecotAnswer.WRONG  # PLAIN needs no further word


def _escaped(word: bytes) -> bytes:
    return b"".join(_ESCAPES.get(bytes([octet]), bytes([octet])) for octet in word)
