"""
secret_list - the secrets of a file, by which this host knows addresses again that it has given out

One a line.  The first makes new addresses, and all are accepted, so a new one is written above the others, and the last
is removed when no mail with it is on its way.
"""

from typing import Final

from empath.errors import SyntaxViolation

_LEAST_OCTETS: Final = 16
_MOST: Final = 20  # each is tried


def parse_secrets(octets: bytes) -> tuple[bytes, ...]:
    """
    The secrets of a file; empty lines, and those that begin with "#", do not count.

    Raises:
        SyntaxViolation: there is none, there are too many, or one is too short to be one.
    """
    lines = (line.strip() for line in octets.splitlines())
    found = tuple(line for line in lines if line and not line.startswith(b"#"))
    if not found:
        raise SyntaxViolation("has no secret in it; `openssl rand -hex 32` makes one")
    if len(found) > _MOST:
        raise SyntaxViolation(f"has {len(found)} secrets, and {_MOST} are the most")
    if min(map(len, found)) < _LEAST_OCTETS:
        raise SyntaxViolation(f"has a secret of less than {_LEAST_OCTETS} characters; `openssl rand -hex 32` makes one")
    return found
