"""
renamed - keys that had another name in the version before

The old name is still read, as if the file had the new one.  `empathd check` and each start warn about it, with its
line.  A row stays in RENAMED for one version.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from empath.config.keys import KeyPath, dotted
from empath.config.reading import problem

ANY: Final = "\0"  # stands for any key of a table whose keys the operator chooses

RENAMED: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    ("limits",): ("receiving", "limits"),
    ("timeouts",): ("receiving", "timeouts"),
    ("schedules", ANY): ("destinations", ANY, "retry"),
    ("delivery", "concurrency"): ("destinations", "*", "concurrency"),
    ("delivery", "without_8bitmime"): ("destinations", "*", "without_8bitmime"),
}
_GONE: Final = ("schedules",)  # tables of which nothing is left


def with_new_names(data: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[KeyPath, ...]]:
    """
    *data* of a file with the new names, and the old names that it has.

    Raises:
        PydanticCustomError: a key has both names.
    """
    found = _copy(data)
    old_names = []
    for old, new in _present(found):
        table = found
        for part in new[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                break  # its own finding
            table = inner
        else:
            if new[-1] in table:
                remedy = "move its keys there" if isinstance(table[new[-1]], dict) else "remove this one"
                raise problem(f"is the old name of {named(new)}, which the file has, too; {remedy}", *old)
            source = found
            for part in old[:-1]:
                source = source[part]
            table[new[-1]] = source.pop(old[-1])
            old_names.append(old)
    for name in _GONE:
        if found.get(name) == {}:
            del found[name]
    return found, tuple(old_names)


def _copy(data: Mapping[str, Any]) -> dict[str, Any]:
    """*data* with tables that may be changed."""
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in data.items()}


def _present(data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The old names that *data* has, each with the new one."""
    paths: list[tuple[str, ...]] = [(key,) for key in data]
    paths += [(key, inner) for key, table in data.items() if isinstance(table, dict) for inner in table]
    return [(path, new) for path in paths for new in _new_names(path)]


def _new_names(path: KeyPath) -> list[tuple[str, ...]]:
    """The new name of the key at *path*, if its name is an old one."""
    return [
        tuple(str(path[-1]) if part == ANY else part for part in new)
        for old, new in RENAMED.items()
        if len(path) == len(old) and all(part in (ANY, given) for part, given in zip(old, path, strict=True))
    ]


def named(new: KeyPath) -> str:
    """The key *new*, as a person looks for it in the file."""
    return f"[{dotted(new)}]" if new[0] == "receiving" else f"{new[-1]} in [{dotted(new[:-1])}]"


def new_name(path: KeyPath) -> KeyPath | None:
    """The new name of a key that has an old one, or is below one; None if there is none."""
    for end in (1, 2):
        for new in _new_names(path[:end]) if len(path) >= end else ():
            return (*new, *path[end:])
    return None


def with_new_lines(lines: Mapping[KeyPath, int]) -> dict[KeyPath, int]:
    """*lines* of the keys of a file, with those of the new names for old ones."""
    return dict(_moved(lines)) | dict(lines)


def _moved(lines: Mapping[KeyPath, int]) -> Iterator[tuple[KeyPath, int]]:
    for path, line in lines.items():
        new = new_name(path)
        if new is not None:
            yield new, line
            for end in range(1, len(new)):  # the tables around it, where the file has none
                yield new[:end], line
