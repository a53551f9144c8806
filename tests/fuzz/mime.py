"""
mime - content of any structure, walked and converted for a host without 8BITMIME

Promises: the walk loses nothing; converted content is ASCII, has the same parts, and is not converted again; and the
time is in proportion to the size. The turns of the case form one message; its choices say how often the middle ones are
repeated, so that a quadratic step shows.
"""

from empath.errors import SyntaxViolation
from empath.message.downgrade import converted, examine
from empath.message.mime import Step, walk
from tests.fuzz.case import Case

_LARGE_OCTETS = 512 * 1024
_ONE_LARGE_IN = 32
_PIECE_OCTETS = 16 * 1024


def content(case: Case) -> bytes:
    """The message of a case: the first turn, the middle ones repeated, and the last."""
    first, middle, last = case.turns[0], b"".join(case.turns[1:-1]), case.turns[-1] if len(case.turns) > 1 else b""
    times = max(1, _LARGE_OCTETS // len(middle)) if middle and case.choices % _ONE_LARGE_IN == 0 else 1
    return first + middle * times + last


def check(case: Case) -> list[str]:
    """
    Judge one case; returns what it reached, for the driver to tell new from old.

    Raises:
        AssertionError: a promise is broken.
    """
    octets = content(case)
    pieces = [octets[start : start + _PIECE_OCTETS] for start in range(0, len(octets), _PIECE_OCTETS)]
    given_back: list[bytes] = []
    steps = []
    try:
        for step, part, line in walk(pieces):
            given_back += part.fields.octets if step is Step.HEADER else []
            given_back.append(line)
            if step is Step.HEADER and part.number < 100:
                steps.append(f"{part.type} {part.depth} {part.encoding} {part.is_ambiguous}")
    except SyntaxViolation as exc:
        return [*steps, str(exc)]
    assert octets == b"".join(given_back), "the walk lost something"
    found = examine(pieces)
    if found.obstacle is not None:
        return [*steps, found.obstacle]
    result = b"".join(converted(pieces, found))
    assert result.isascii(), "8-bit octets are left"
    assert _shape(octets) == _shape(result), "the parts are others than before"
    again = examine([result])
    assert result == b"".join(converted([result], again)), "what was converted changes again"
    return [*steps, "converted" if result != octets else "as it was"]


def _shape(octets: bytes) -> list[tuple[str, int, bytes | None]]:
    return [(part.type, part.depth, part.boundary) for step, part, _ in walk([octets]) if step is Step.HEADER]
