"""
arriving - a message that arrives in pieces, hashed for its signatures on the way

The header is complete before the body comes, and it says which forms of the body are signed.  So the body is hashed
once for all who want that, and nobody reads it again.
"""

from collections.abc import Callable, Iterable
from typing import Final

from empath.authentication.canonical import ArrivingBody, BodyForm, Digests, SignedFields
from empath.message.fields import Fields

_CRLF: Final = b"\r\n"
_END: Final = b"\r\n\r\n"

Wanted = Callable[[SignedFields], Iterable[BodyForm]]


class ArrivingMessage:
    """
    Content in pieces. Each of *wanted* gets the header as soon as it is complete, and says which forms of the body it
    wants.

    After `finish`: digests of these forms, empty where the header is longer than *limit* octets, so that nobody was
    asked.
    """

    __slots__ = ("_body", "_limit", "_open", "_wanted", "digests")

    def __init__(self, limit: int, wanted: Iterable[Wanted]) -> None:
        self._limit = limit
        self._wanted = tuple(wanted)
        self._open: bytearray | None = bytearray()  # the header as far as it has come, None when that is over
        self._body: ArrivingBody | None = None
        self.digests: Digests = {}

    @property
    def held_octets(self) -> int:
        """Memory for the header."""
        return len(self._open or b"")

    def feed(self, octets: bytes, *, is_headerless: bool) -> None:
        """Take the next piece; *is_headerless* says that the content is known to be text without a header."""
        if self._body is not None:
            self._body.feed(octets)
            return
        if self._open is None:
            return
        border = max(0, len(self._open) - len(_END) + 1)
        seen = self._open
        seen += octets  # in place: a client may send an octet at a time
        if is_headerless:
            self._begin(b"", bytes(seen))
        elif seen.startswith(_CRLF):
            self._begin(b"", bytes(seen[len(_CRLF) :]))
        elif (end := seen.find(_END, border)) >= 0:
            self._begin(bytes(seen[: end + len(_CRLF)]), bytes(seen[end + len(_END) :]))
        elif len(seen) > self._limit + len(_END):
            self._open = None

    def finish(self) -> None:
        """The content has ended."""
        if self._body is None and self._open is not None:
            self._begin(bytes(self._open), b"")
        if self._body is not None:
            self.digests = self._body.finish()

    def _begin(self, header: bytes, body: bytes) -> None:
        self._open = None
        fields = SignedFields(Fields.of(header))
        self._body = ArrivingBody(form for ask in self._wanted for form in ask(fields))
        self._body.feed(body)
