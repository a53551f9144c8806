"""
salvage - the usable part of a configuration that has mistakes

A command that reads the queue or stops the server needs only the tables [queue] and [process].  They must have no
mistake: a guess could name another queue, or take a running server for a stopped one.  Any other table with a mistake
is left out and gets its defaults.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from empath.config.load import keys_of, parse_config, read_octets
from empath.config.model import Config
from empath.errors import ConfigError

_NEEDED: Final = ("queue", "process")
_MAX_LINES: Final = 20  # most lines with syntax errors
_LINE: Final = re.compile(r"\(at line (\d+), ")
_HEADER: Final = re.compile(r"[ \t]*\[+[ \t]*[\"']?([A-Za-z0-9_-]+)")
# Values of required settings for a file that has no usable ones.
_STAND_INS: Final[dict[str, Any]] = {
    "hostname": "localhost",
    "postmaster": "postmaster@localhost",
    "listener": [{"address": "127.0.0.1:25"}],
}


def load_leniently(path: Path) -> tuple[Config, str]:
    """
    Read the configuration at *path*, and say what is wrong with it, empty if nothing.

    Raises:
        MissingInput: the file does not exist or may not be read.
        ConfigError: [queue] or [process] cannot be used, or the file cannot be taken apart.
    """
    octets, directory = read_octets(path)
    try:
        return parse_config(octets, str(path), directory), ""
    except ConfigError as exc:
        data = _tables(octets)
        config = None if data is None else _validated(data, directory)
        if config is None:
            raise
        return config, str(exc)


def _tables(octets: bytes) -> dict[str, Any] | None:
    """The content without the lines that are not TOML; None if one of them may belong to a needed table."""
    lines = octets.decode("utf-8-sig", "replace").split("\n")
    for _ in range(_MAX_LINES):
        try:
            return tomllib.loads("\n".join(lines))
        except (ValueError, RecursionError) as exc:
            match = _LINE.search(str(exc))
            number = int(match[1]) - 1 if match else len(lines)
            if number >= len(lines) or _is_needed(lines, number):
                return None
            lines[number] = ""
    return None


def _is_needed(lines: list[str], number: int) -> bool:
    """Whether the line may begin or belong to a needed table."""
    if not lines[number].strip() or _HEADER.match(lines[number]):
        return True
    headers = [match[1] for line in lines[:number] if (match := _HEADER.match(line))]
    table = headers[-1] if headers else lines[number].strip()
    return table.startswith(_NEEDED)


def _validated(data: dict[str, Any], directory: str) -> Config | None:
    for _ in range(2):
        try:
            return Config.model_validate(data, context={"directory": directory})
        except ValidationError as exc:
            wrong = {keys_of(error)[0] for error in exc.errors(include_url=False)}
            if not wrong.isdisjoint(_NEEDED):
                return None
            data = {key: value for key, value in data.items() if key not in wrong}
            data |= {key: value for key, value in _STAND_INS.items() if key in wrong}
    return None
