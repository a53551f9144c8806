"""
renamed - tables that had another name in the version before

The old name is still read, as if the file had the new one.  `empathd check` and each start warn about it, with its
line.  A row stays in RENAMED for one version.
"""

from collections.abc import Mapping
from typing import Any, Final

from empath.config.fields import problem
from empath.config.keys import KeyPath

RENAMED: Final[dict[str, tuple[str, str]]] = {
    "limits": ("receiving", "limits"),
    "timeouts": ("receiving", "timeouts"),
}


def with_new_names(data: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """
    *data* of a file with the new names, and the old names that it has.

    Raises:
        PydanticCustomError: a table has both names.
    """
    found = dict(data)
    old_names = tuple(name for name in RENAMED if name in found)
    for old in old_names:
        outer, inner = RENAMED[old]
        table = found.get(outer, {})
        if not isinstance(table, Mapping):
            continue  # its own finding
        if inner in table:
            words = f"is the old name of [{outer}.{inner}], which the file has, too; move its keys there"
            raise problem(words, old)
        found[outer] = {**table, inner: found.pop(old)}
    return found, old_names


def with_new_lines(lines: Mapping[KeyPath, int]) -> dict[KeyPath, int]:
    """*lines* of the keys of a file, with those of the new names for old ones."""
    moved = {(*RENAMED[path[0]], *path[1:]): line for path, line in lines.items() if path[0] in RENAMED}
    return moved | dict(lines)
