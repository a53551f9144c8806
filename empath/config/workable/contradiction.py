"""contradiction - a setting that is valid by itself and cannot work"""

from pathlib import Path
from typing import NamedTuple

from empath.config.keys import KeyPath, dotted
from empath.config.load import find_lines


class Contradiction(NamedTuple):
    """One setting that cannot work, and why. A warning: one that works in some networks."""

    keys: KeyPath
    words: str
    is_warning: bool = False


def located(file: Path, found: list[Contradiction]) -> str:
    """A line for each contradiction, in the form of `load_config`: `file:line: key: reason`."""
    lines = find_lines(file, [each.keys for each in found])
    return "\n".join(
        f"{file}:{line}: {dotted(each.keys)}: {each.words}" for line, each in sorted(zip(lines, found, strict=True))
    )
