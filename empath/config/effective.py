"""
effective - the configuration in force, written as a file

Every table and key is there, whether set in the file or by default; durations and sizes have units, paths are absolute.
The text loads again to an equal Config, from any directory.
"""

import json
from collections.abc import Mapping
from typing import Any

from empath.config.keys import written
from empath.config.model import Config


def settings(config: Config) -> dict[str, Any]:
    """
    *config* by the keys of the file, in their order.

    Shape: values are text, numbers, lists, tables, lists of tables; None where nothing is set.
    """
    return config.model_dump(mode="json", by_alias=True)


def effective_toml(config: Config) -> str:
    """*config* as TOML v1.0.0. A setting that is not set is a comment, because TOML has no null."""
    found = settings(config)
    blocks = [_lines({key: value for key, value in found.items() if not _tables(value)})]
    for key, value in found.items():
        header = f"[[{key}]]" if isinstance(value, list) else f"[{key}]"
        blocks += [[header, *_lines(table)] for table in _tables(value)]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _tables(value: Any) -> list[Mapping[str, Any]]:
    """The tables in *value*. Above all tables, only a list of tables is a list."""
    return [value] if isinstance(value, dict) else value if isinstance(value, list) else []


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [
        f"# {written(key)} is not set" if value is None else f"{written(key)} = {_value(value)}"
        for key, value in table.items()
    ]


def _value(value: Any) -> str:
    # Text, numbers and lists of text have the same form in JSON and TOML. Surrogate pairs do not, so the text is not
    # forced to ASCII. TOML wants DEL escaped, but no value contains it.
    return json.dumps(value, ensure_ascii=False)
