"""
canonical - the form of a message over which signatures are made, RFC 6376 §3.4

THEORY
    `simple` leaves a message nearly as it is, `relaxed` evens out blanks, folds and the case of names.
    A body is hashed in pieces, while it arrives.  What may still change with the next piece is held back, and that is
    little: blanks become one, and empty lines are counted.

RULES
    The time is in proportion to the size, whatever the octets are; the result does not depend on the cuts.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from empath.message.fields import Fields


class Canon(StrEnum):
    """How a header or a body is made ready for its hash."""

    SIMPLE = "simple"
    RELAXED = "relaxed"

    __hash__ = str.__hash__  # Enum's own is slow Python code


class BodyForm(NamedTuple):
    """Of which form of a body a signature has the hash. limit: octets of the form that count, None for all."""

    canon: Canon
    limit: int | None = None


class BodyDigest(NamedTuple):
    """
    SHA-256 of one form. Shape: octets is how many of the form were hashed; with a limit at most that, and is_cut says
    that the form goes on after it.
    """

    sha256: bytes
    octets: int
    is_cut: bool = False


Digests = Mapping[BodyForm, BodyDigest]

_CRLF: Final = b"\r\n"
_TURNED_LINE_ENDS: Final = re.compile(rb"(?:\n\r)*")
_LINE_ENDS: Final = _CRLF * 4096  # so many empty lines are hashed at once
_SIGNATURE: Final = re.compile(rb";[ \t\r\n]*b[ \t\r\n]*=([^;]*)")


def relaxed(octets: bytes) -> bytes:
    """One field in relaxed form, with its line end, RFC 6376 §3.4.2."""
    name, _, value = octets.partition(b":")
    return b":".join((name.rstrip(b" \t").lower(), _single_blanks(value.replace(_CRLF, b"")).strip(b" "))) + _CRLF


def without_signature(octets: bytes) -> bytes:
    """A field whose tag b= is emptied, without its line end: the form in which it is signed itself, RFC 6376 §3.7."""
    name, colon, value = octets.removesuffix(_CRLF).partition(b":")
    found = _SIGNATURE.search(b";" + value)  # so that each tag begins with a semicolon
    if found is None:
        return name + colon + value
    start, end = found.span(1)
    return name + colon + value[: start - 1] + value[end - 1 :]


class SignedFields:
    """
    The fields of one header section, as signatures choose from them: of several with a name the last comes first, RFC
    6376 §5.4.2. Each signature begins anew.
    """

    __slots__ = ("_places", "_relaxed", "fields")

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self._relaxed: dict[int, bytes] = {}
        self._places: dict[bytes, list[int]] = {}
        for place, name in enumerate(fields.names):
            self._places.setdefault(name, []).append(place)

    def count(self, name: bytes) -> int:
        """How many fields have this *name*, which is in lower case."""
        return len(self._places.get(name, ()))

    def places(self, name: bytes) -> Sequence[int]:
        """Where the fields with this *name* are, which is in lower case."""
        return self._places.get(name, ())

    def chosen(self, names: Iterable[bytes], canon: Canon) -> bytes:
        """The fields of these *names*, in lower case, in form *canon*; a name for which no field is left adds none."""
        found: list[bytes] = []
        left: dict[bytes, list[int]] = {}
        for name in [each for each in names if each in self._places]:  # many are signed so that nobody adds them
            places = left.get(name)
            if places is None:
                places = left[name] = [*self._places[name]]
            if places and name:
                found.append(self.form(places.pop(), canon))
        return b"".join(found)

    def form(self, place: int, canon: Canon) -> bytes:
        """The field at *place* in form *canon*."""
        octets = self.fields.octets[place]
        if canon is Canon.SIMPLE:
            return octets if octets.endswith(_CRLF) else octets + _CRLF
        known = self._relaxed.get(place)
        if known is None:
            known = self._relaxed[place] = relaxed(octets)
        return known


class BodyHash:
    """SHA-256 of one form of a body that arrives in pieces."""

    __slots__ = ("_empty_lines", "_form", "_hash", "_held", "_is_begun", "_is_cut", "octets")

    def __init__(self, form: BodyForm) -> None:
        self._form = form
        self._hash = hashlib.sha256()
        self._held = b""  # octets that may belong to a line end
        self._empty_lines = 0  # line ends that count only if text follows
        self._is_begun = False
        self._is_cut = False  # whether there is more than the limit: what else comes does not matter
        self.octets = 0

    def feed(self, octets: bytes) -> None:
        """Take the next piece of the body."""
        if self._is_cut:
            return
        if self._held:
            octets = self._held + octets
        if self._form.canon is Canon.RELAXED:
            octets = _evened(octets)
            kept = len(octets) - (2 if octets.endswith(b" \r") else 1 if octets.endswith((b" ", b"\r")) else 0)
        else:
            kept = len(octets) - octets.endswith(b"\r")
        self._held = octets[kept:]
        self._take(octets[:kept])

    def finish(self) -> BodyDigest:
        """The body has ended."""
        rest = self._held if self._form.canon is Canon.SIMPLE else self._held.removesuffix(b" ")
        if rest:
            self._take(rest)
        if self._is_begun or self._form.canon is Canon.SIMPLE:  # an empty body is a line end, relaxed it is nothing
            self._put(_CRLF)
        return BodyDigest(self._hash.digest(), self.octets, self._is_cut)

    def _take(self, octets: bytes) -> None:
        text = octets.rstrip(_CRLF)
        after = octets[len(text) :]
        ends = 0
        if after:
            match = _TURNED_LINE_ENDS.match(after[::-1])
            ends = 0 if match is None else match.end()
            text = octets[: len(octets) - ends]
        if text:
            while self._empty_lines:
                part = min(self._empty_lines, len(_LINE_ENDS) // 2)
                self._put(_LINE_ENDS[: 2 * part])
                self._empty_lines -= part
            self._put(text)
            self._is_begun = True
        self._empty_lines += ends // 2

    def _put(self, octets: bytes) -> None:
        limit = self._form.limit
        if limit is not None and len(octets) > limit - self.octets:
            self._is_cut = True
            octets = octets[: limit - self.octets]
        self._hash.update(octets)
        self.octets += len(octets)


def _evened(octets: bytes) -> bytes:
    """Each run of blanks as one space, none at the end of a line."""
    return _single_blanks(octets).replace(b" \r\n", _CRLF)


def _single_blanks(octets: bytes) -> bytes:
    """Each run of blanks as one space."""
    if b"\t" in octets:
        octets = octets.replace(b"\t", b" ")
    while b"  " in octets:  # each turn halves the runs
        octets = octets.replace(b"  ", b" ")
    return octets


class ArrivingBody:
    """The forms of one body that are wanted, hashed together while it arrives."""

    __slots__ = ("_hashes",)

    def __init__(self, forms: Iterable[BodyForm]) -> None:
        self._hashes = {form: BodyHash(form) for form in forms}

    def feed(self, octets: bytes) -> None:
        """Take the next piece."""
        for each in self._hashes.values():
            each.feed(octets)

    def finish(self) -> dict[BodyForm, BodyDigest]:
        """The body has ended: the digest of each form."""
        return {form: each.finish() for form, each in self._hashes.items()}
