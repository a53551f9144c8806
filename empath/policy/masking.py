"""
masking - addresses in texts lose their local parts, for people who may see the mail but not whose it is

The first of several characters stays, and the domain: `ann@example.org` becomes `a…@example.org`.
"""

from typing import Final

_ENDS: Final = frozenset(" \t\r\n\f\v<>()[],;:\"'|&")  # what is not part of a local part without quotes
_MASK: Final = "…"


def masked(text: str) -> str:
    """
    *text* with the local part of each address masked; linear in its length.

    A local part ends at the at sign of its address, and begins where its characters, or its quotes, do.
    """
    *parts, last = text.split("@")
    return "@".join([*(part[: (begin := _begin(part))] + _short(part[begin:]) for part in parts), last])


def _short(local_part: str) -> str:
    """The mask of a local part; nothing is no local part, and one character would be all of it."""
    return local_part[:1] + _MASK if len(local_part) > 1 else _MASK[: len(local_part)]


def _begin(part: str) -> int:
    """Where the local part begins that *part* ends with."""
    if part.endswith('"'):
        begin = len(part) - 1
        while (begin := part.rfind('"', 0, begin)) > 0 and part[begin - 1] == "\\":
            pass
        return max(begin, 0)
    begin = len(part)
    while begin and part[begin - 1] not in _ENDS:
        begin -= 1
    return begin
