"""
load - read a file into a Config, or report every mistake in it

The file is read once, and the Config does not change: a reload makes a new one.
"""

import errno
import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from empath.config.keys import KeyPath, dotted, written
from empath.config.model import Config
from empath.config.read_keys import with_read_keys
from empath.config.reading import kind_of
from empath.config.renamed import with_new_lines
from empath.config.scan import scan
from empath.config.tables.table import Table, named_table_of, table_of
from empath.errors import ConfigError, MissingInput, PermissionRefused

_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# What tomllib says of a key or a table that is there a second time.
_TWICE: Final = re.compile(r"^Cannot (?:overwrite a value|declare \((?P<keys>.*)\) twice)")
_OPENED: Final = ("/dev", "/proc")  # where a path may name a descriptor of this process
MAX_FILE_OCTETS = 4 * 2**20


def load_config(path: Path) -> Config:
    """
    Read and check the configuration at *path*; relative paths in it are relative to its directory.

    Raises:
        MissingInput: the file does not exist or cannot be read.
        PermissionRefused: this user may not read it.
        ConfigError: it has mistakes; the text has one line for each, `file:line: key: what is wrong`.
    """
    octets, directory = read_octets(path)
    return parse_config(octets, str(path), directory)


def read_octets(path: Path) -> tuple[bytes, str]:
    """
    The content of the file at *path*, at most one octet more than a configuration may have, and its real directory.

    Raises:
        MissingInput, PermissionRefused: as `load_config`.
    """
    try:
        octets = read_file(path, MAX_FILE_OCTETS + 1)
    except PermissionError as exc:
        words = "this user may not read the configuration; ask as root, or as a member of the file's group"
        raise PermissionRefused(f"{path}: {words}") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the path
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise MissingInput(f"{path}: the configuration cannot be read: {reason}; name another by -c FILE") from exc
    try:
        return octets, os.path.realpath(path.parent)
    except FileNotFoundError as exc:
        words = "the working directory was removed; name the configuration by its full path"
        raise MissingInput(f"{path}: {words}") from exc


def read_file(path: Path, size: int = -1) -> bytes:
    """
    The first *size* octets of the file at *path*, or all. A pipe is refused, because its open waits for a writer, but
    for one that the caller has opened, such as /dev/stdin.

    Raises:
        OSError: it cannot be read, or is a pipe.
    """
    if stat.S_ISFIFO(path.stat().st_mode) and not any(map(path.is_relative_to, _OPENED)):
        raise OSError(errno.ESPIPE, "it is a pipe, not a file")
    with path.open("rb") as file:
        return file.read(size)


def parse_config(octets: bytes, name: str, directory: str) -> Config:
    """
    Check the content of a configuration file, called *name* in findings, that lies in *directory*.

    Raises:
        ConfigError: as `load_config`.
    """
    text = _decode(octets, name)
    try:
        data = tomllib.loads(text)
        lines = with_new_lines(scan(text))
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(_syntax_finding(name, text, str(exc))) from exc
    except RecursionError as exc:
        raise ConfigError(f"{name}:1: values are nested too deeply") from exc
    except ValueError as exc:  # an integer of thousands of digits
        raise ConfigError(f"{name}:1: {exc}") from exc
    try:
        return Config.model_validate(data, context={"directory": directory})
    except ValidationError as exc:
        findings = sorted(_finding(error, lines) for error in exc.errors(include_url=False))
        raise ConfigError("\n".join(f"{name}:{line}: {text}" for line, text in findings)) from exc


def _decode(octets: bytes, name: str) -> str:
    if len(octets) > MAX_FILE_OCTETS:
        raise ConfigError(f"{name}:1: a configuration is at most 4 MiB")
    try:
        return octets.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as exc:
        line = octets.count(b"\n", 0, exc.start) + 1
        raise ConfigError(f"{name}:{line}: not UTF-8: {exc.reason}") from exc


def _syntax_finding(name: str, text: str, message: str) -> str:
    message = _TWICE.sub(_words_of_twice, message)
    match = _TOML_POSITION.search(message)
    line, column = (match[1], match[2]) if match else (None, None)
    if line is None:
        return f"{name}:{max(len(text.splitlines()), 1)}: {_TOML_POSITION.sub('', message)}, at the end of the file"
    return f"{name}:{line}: {_TOML_POSITION.sub('', message)}, at column {column}"


def _words_of_twice(match: re.Match[str]) -> str:
    if match["keys"] is None:
        return "The key is there twice"
    table = dotted(tuple(re.findall(r"'((?:[^'\\\\]|\\\\.)*)'", match["keys"])))
    return f"The table [{table}] is there twice"


def find_lines(path: Path, wanted: Sequence[KeyPath]) -> list[int]:
    """The line of each of *wanted* in the valid configuration at *path*; a default has the line of its table."""
    if not wanted:
        return []
    octets, _ = read_octets(path)
    lines = with_read_keys(with_new_lines(scan(octets.decode("utf-8-sig"))))
    return [_line(keys, lines) for keys in wanted]


def keys_of(error: ErrorDetails) -> KeyPath:
    """The keys of the file that a finding of pydantic is about."""
    return _place(error).path


def words_of_value(error: ErrorDetails) -> str:
    """What a finding of pydantic about a single value says of it, such as `must be at least 100, not 5`."""
    return _words(error, (), None)


def _finding(error: ErrorDetails, lines: Mapping[KeyPath, int]) -> tuple[int, str]:
    place = _place(error)
    cause = error.get("ctx", {}).get("because_of", ()) if place.path[:1] not in lines else ()
    words = _words(error, place.path, place.parent)
    if words.startswith(("unknown key", "must be ")):
        words += _quotes(error, place) or _nameless(error, place)
    return _line(cause or place.path, lines), f"{dotted(place.path)}: {words}"


class _Place(NamedTuple):
    """Where a finding is."""

    path: KeyPath
    parent: type[Table] | None  # the table of the last key; None if the operator chooses its keys
    chosen: int | None  # index of the first key that the operator chooses
    table: type[Table] | None  # what is there, if it is a table


def _place(error: ErrorDetails) -> _Place:
    loc = (*error["loc"], *error.get("ctx", {}).get("at", ()))
    place = _resolve(loc)
    # An unknown key may be the name of an attribute: it is none in the file.
    return place._replace(path=(*place.path[:-1], loc[-1])) if error["type"] == "extra_forbidden" else place


def _resolve(loc: tuple[str | int, ...]) -> _Place:
    """
    The place that *loc* means.

    pydantic names a value by its key when the file gives it and by its attribute when it is a default, and adds
    "[key]" where a key is wrong.
    """
    path: KeyPath = ()
    parent: type[Table] | None = None
    model: type[Table] | None = Config
    named: type[Table] | None = None  # of the table whose name comes next
    chosen: int | None = None
    for part in loc:
        if part == "[key]":
            continue
        if named is not None:
            model, named = named, None
            chosen = len(path)
        elif isinstance(part, str):
            parent = model
            if model is None and chosen is None:
                chosen = len(path)
            fields = model.model_fields if model else {}
            if part in fields:
                part = fields[part].alias or part  # noqa: PLW2901
            field = _field(part, model)
            model = table_of(field.annotation) if field else None
            named = named_table_of(field.annotation) if field else None
        path = (*path, part)
    return _Place(path, parent, chosen, model)


def _field(key: str, table: type[Table] | None) -> FieldInfo | None:
    """The setting *key* of *table*."""
    fields = table.model_fields if table else {}
    return next((field for name, field in fields.items() if (field.alias or name) == key), None)


def _quotes(error: ErrorDetails, place: _Place) -> str:
    """
    The advice to quote a name whose dots have made tables of it, as in `example.org = "mx"`; else nothing.

    Such a table is found where a value should be, or as an unknown key of the table that has the rest of the name.
    """
    given = error["input"]
    for part in error.get("ctx", {}).get("at", ()):
        given = given.get(part) if isinstance(given, dict) else None
    if place.chosen is None or not isinstance(given, dict) or not given:
        return ""
    names = [*map(str, place.path[place.chosen :])]
    if "." in names[0]:
        return ""
    is_value = len(names) == 1
    while isinstance(given, dict) and given:
        key = next(iter(given))
        if not is_value and not isinstance(given[key], dict):
            break
        names.append(key)
        given = given[key]
    return f"; if the name has dots, write it in quotes: {written('.'.join(names))}" if len(names) > 1 else ""


def _nameless(error: ErrorDetails, place: _Place) -> str:
    """The advice to name a table, where a setting of it stands in the place of a name; else nothing."""
    is_table = isinstance(error["input"], dict | list)
    if is_table or place.chosen != len(place.path) - 1 or _field(str(place.path[-1]), place.table) is None:
        return ""
    return f"; write [{dotted((*place.path[:-1], 'NAME'))}]"


def _line(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of the key, or of the first key in it, or of the nearest table around a missing key."""
    while path:
        if path in lines:
            return lines[path]
        if inner := [line for keys, line in lines.items() if keys[: len(path)] == path]:
            return min(inner)
        path = path[:-1]
    return 1


def _words(error: ErrorDetails, path: KeyPath, parent: type[Table] | None) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    given = error["input"]
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "unknown key" + _did_you_mean(path[-1], parent)
        case "problem":
            return str(context["message"])
        case "int_type":
            return f"must be a whole number, not {given if isinstance(given, float) else kind_of(given)}"
        case "finite_number":
            return f"must be a number, not {given}"
        case "float_type":
            return f"must be a number, not {kind_of(given)}"
        case "bool_type" | "bool_parsing":
            return f"must be true or false, not {kind_of(given)}"
        case "string_type":
            return f"must be text in quotes, not {kind_of(given)}"
        case "string_pattern_mismatch" | "string_too_short":
            return f"must be a word without blanks, not {given!r}"
        case "model_type" | "model_attributes_type" | "dict_type":
            remedy = f"; write [{dotted(path)}]" if isinstance(given, list) else ""
            return f"must be a table, not {kind_of(given)}{remedy}"
        case "tuple_type":
            is_table = isinstance(given, dict) and _is_table(path[-1], parent)
            remedy = f"; write [[{dotted(path)}]]" if is_table else ""
            return f"must be a list, not {kind_of(given)}{remedy}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {given}"
        case "less_than_equal":
            return f"must be at most {context['le']}, not {given}"
        case "literal_error" | "enum":
            return (
                f"must be {context['expected']}, not {given!r}"
                if isinstance(given, str)
                else (f"must be {context['expected']}, not {kind_of(given)}")
            )
        case _:
            return f"{error['msg']}"


def _is_table(key: str | int, parent: type[Table] | None) -> bool:
    field = _field(str(key), parent)
    return field is not None and table_of(field.annotation) is not None


def _did_you_mean(key: str | int, table: type[Table] | None) -> str:
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    if table is not None and table is not Config and key in ("hostname", "postmaster"):
        return "; put it above the first table"
    keys = [field.alias or name for name, field in table.model_fields.items()] if table else []
    near = difflib.get_close_matches(str(key), keys, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
