"""
language - in which languages a sender wants to read a report, as its message says
"""

import re
from typing import Final

from empath.message.fields import Fields

_MOST_TAGS: Final = 20
_MOST_CHARACTERS: Final = 35  # of a tag, RFC 5646 §4.4.1
_MOST_OCTETS: Final = 1000  # of one field
_RANGE = re.compile(r"([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=([01](?:\.[0-9]{0,3})?))?")
_COMMENT_OR_BLANKS = re.compile(r"\([^()]*\)|\s+")


def wanted_languages(fields: Fields) -> tuple[str, ...]:
    """
    Language tags in lower case, the best first: Accept-Language of RFC 3282 §3, then Content-Language of §2.

    What cannot be read is left out.
    """
    accepted = _ranges(fields.find(b"accept-language"))
    accepted.sort(key=lambda each: -each[1])
    written = _ranges(fields.find(b"content-language"))
    tags = [tag.lower() for tag, quality in (*accepted, *written) if quality > 0]
    return tuple(dict.fromkeys(tags))[:_MOST_TAGS]


def _ranges(value: bytes | None) -> list[tuple[str, float]]:
    text = _COMMENT_OR_BLANKS.sub("", (value or b"")[:_MOST_OCTETS].decode("ascii", "replace"))
    matches = map(_RANGE.fullmatch, text.split(","))
    return [(match[1], float(match[2] or 1)) for match in matches if match and len(match[1]) <= _MOST_CHARACTERS]
