"""
recipient_file - a file with the addresses of a domain, one a line

What follows an address after a blank does not count, so that the tables of Postfix can be used as they are.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from empath.errors import MissingInput, SyntaxViolation
from empath.mail.address import Address
from empath.policy.recipients import folded

_MOST_OCTETS: Final = 256 * 1024 * 1024


def read_recipients(path: str | Path) -> frozenset[str]:
    """
    The addresses in the file *path*, folded.

    Raises:
        MissingInput: it cannot be read, or is larger than 256 MiB.
        SyntaxViolation: a line is not an address.
    """
    return frozenset(each_recipient(path))


def each_recipient(path: str | Path) -> Iterator[str]:
    """The same one by one, for who may not need them all. Raises the same."""
    file = Path(path)
    try:
        if file.stat().st_size > _MOST_OCTETS:
            raise MissingInput(f"{file} is larger than 256 MiB; the view recipient_list takes more addresses")
        with file.open(encoding="utf-8", errors="surrogateescape") as lines:
            for number, line in enumerate(lines, 1):
                words = line.split(maxsplit=1)
                if words and not words[0].startswith("#"):
                    try:
                        address = Address.parse(words[0])
                    except SyntaxViolation as exc:
                        raise SyntaxViolation(f"{file}:{number}: {exc}") from exc
                    yield folded(str(address))
    except OSError as exc:
        raise MissingInput(f"{file} cannot be read: {exc.strerror}") from exc
