"""
salvage - the usable part of a configuration that has mistakes

Commands that look at the queue or stop the server need only the path of the queue and the pid file.  A mistake
elsewhere
must not disable them.  A table that cannot be read is left out and gets its defaults; of [queue] and [process] each
line
is read alone.  A misspelt path (`paht = "…"`, or without quotes) is understood if that file exists, because a guess
must
not name another queue.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from empath.config.keys import KeyPath
from empath.config.load import MAX_FILE_OCTETS, keys_of, parse_config, read_octets
from empath.config.model import Config
from empath.config.renamed import with_new_names
from empath.errors import ConfigError

_NEEDED: Final = ("queue", "process")
_MAX_ROUNDS: Final = 10  # a table that is left out may show a mistake in another
_MAX_PARTS: Final = 1_000  # most headers that are looked at
_MAX_LINES: Final = 10_000  # most lines of a needed table
_HEADER: Final = re.compile(r"[ \t]*\[\[?[ \t]*[\"']?([A-Za-z0-9_-]+)")
_PAIR: Final = re.compile(r"[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*[\"']?([^\"'#]*)")
# Values of required settings for a file that has no usable ones.
_STAND_INS: Final[dict[str, Any]] = {
    "hostname": "localhost",
    "postmaster": "postmaster@localhost",
    "listener": [{"address": "127.0.0.1:25"}],
}


@dataclass(frozen=True, slots=True)
class _Part:
    """The lines from one header to the next. Shape: table is empty for the lines above the first header."""

    table: str
    lines: list[str]


def load_leniently(path: Path) -> tuple[Config, str]:
    """
    Read the configuration at *path*, and say what is wrong with it, empty if nothing.

    Raises:
        MissingInput: the file does not exist or may not be read.
        ConfigError: it names no queue.
    """
    octets, directory = read_octets(path)
    try:
        return parse_config(octets, str(path), directory), ""
    except ConfigError as exc:
        if len(octets) > MAX_FILE_OCTETS:
            raise
        parts = list(_parts(octets.decode("utf-8-sig", "replace")))
        data = _renamed(_tables(parts))
        guesses = _guess(data, parts, directory)
        config = _validated(data, directory)
        if config is None:
            raise
        return config, "\n".join([str(exc), *(f"{path}: {guess}" for guess in guesses)])


def _parts(text: str) -> Iterator[_Part]:
    number, part = 0, _Part("", [])
    for line in text.splitlines():
        if (header := _HEADER.match(line)) and number < _MAX_PARTS:
            number += 1
            yield part
            part = _Part(_meant(header[1], _NEEDED), [])
        part.lines.append(line)
    yield part


def _meant(word: str, known: tuple[str, ...]) -> str:
    """The word of *known* that *word* misspells, else *word*."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.7)), word)


def _tables(parts: list[_Part]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for part in parts:
        for found in _read(part):
            _merge(data, found)
    return data


def _renamed(data: dict[str, Any]) -> dict[str, Any]:
    try:
        return with_new_names(data)[0]
    except PydanticCustomError:  # both names of a table: a finding of its own
        return data


def _read(part: _Part) -> Iterator[dict[str, Any]]:
    try:
        yield tomllib.loads("\n".join(part.lines))
    except (ValueError, RecursionError):
        is_needed = part.table in ("", *_NEEDED)
        header = f"[{part.table}]" if part.table else ""
        for line in part.lines[:_MAX_LINES] if is_needed else ():
            try:
                yield tomllib.loads(f"{header}\n{line}")
            except (ValueError, RecursionError):
                continue


def _merge(data: dict[str, Any], more: dict[str, Any]) -> None:
    """Add *more* to *data*; of two values for a key the first one stays."""
    for key, value in more.items():
        present = data.setdefault(key, value)
        if present is not value and isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif present is not value and isinstance(present, list) and isinstance(value, list):
            present += value


def _guess(data: dict[str, Any], parts: list[_Part], directory: str) -> list[str]:
    """Add the probable text of each needed key that *data* lacks; a line for each."""
    lines = []
    for table, key in (("queue", "path"), ("process", "pid_file")):
        values = data.get(table)
        if not isinstance(values, dict):
            values = data[table] = {}
        if not isinstance(values.get(key), str):
            meant = _read_loosely(parts, table, key)
            place = os.path.join(directory, meant or "")
            if meant and os.path.isfile(place):
                values[key] = place
                lines.append(f"{table}.{key}: using {place!r}")
    return lines


def _read_loosely(parts: list[_Part], table: str, key: str) -> str | None:
    for part in parts:
        for line in part.lines[:_MAX_LINES] if part.table == table else ():
            pair = _PAIR.match(line)
            if pair and _meant(pair[1], (key,)) == key:
                return pair[2].strip()
    return None


def _validated(data: dict[str, Any], directory: str) -> Config | None:
    for _ in range(_MAX_ROUNDS):
        try:
            return Config.model_validate(data, context={"directory": directory})
        except ValidationError as exc:
            wrong = {_unit(keys_of(error)) for error in exc.errors(include_url=False)}
            if not any([_leave_out(data, *keys) for keys in wrong]):  # noqa: C419 - all of them
                break
    return None


def _unit(path: KeyPath) -> tuple[str, ...]:
    """The part to leave out for a mistake at *path*: a single key of a needed table, else a whole table."""
    return tuple(map(str, path[: 2 if path[0] in _NEEDED else 1]))


def _leave_out(data: dict[str, Any], table: str, key: str | None = None) -> bool:
    """Remove a table, or a key of one, or put a stand-in in its place. Returns False if there is nothing to remove."""
    if key is not None:
        return data.get(table, {}).pop(key, None) is not None
    had = data.pop(table, None)
    stand_in = _STAND_INS.get(table)
    if stand_in is not None and had != stand_in:
        data[table] = stand_in
        return True
    return had is not None
