"""headers - the header fields that a collector wants with each request, as a file has them"""

import re
from typing import Final

from empath.errors import SyntaxViolation

_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([!-~](?:[ -~\t]*[!-~])?)")
_MOST: Final = 20
_LONGEST: Final = 4_096
_OWN: Final = frozenset(
    {"content-length", "content-type", "content-encoding", "connection", "host", "transfer-encoding"}
)


def parse_headers(octets: bytes) -> tuple[tuple[str, str], ...]:
    """
    The fields of a file, one a line; empty lines, and those that begin with "#", do not count.

    Raises:
        SyntaxViolation: a line is no field, or there are too many. The text is a clause, and shows no value.
    """
    found = []
    for number, line in enumerate(octets.decode("latin-1").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _FIELD.fullmatch(text) if len(text) <= _LONGEST else None
        if match is None:
            raise SyntaxViolation(f"has no header field in line {number}; write it as `Name: value`")
        if match[1].lower() in _OWN:
            raise SyntaxViolation(f"has {match[1]} in line {number}, which Empath writes itself; remove that line")
        found.append((match[1], match[2]))
    if len(found) > _MOST:
        raise SyntaxViolation(f"has {len(found)} header fields, and {_MOST} are the most")
    return tuple(found)
