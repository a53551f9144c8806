"""
effective - the configuration in force, written as a file

Every table and key is there, whether set in the file or by default; durations and sizes have units, paths are absolute.
The text loads again to an equal Config, from any directory.
"""

import json
from collections.abc import Iterator, Mapping
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
    return toml_of(settings(config))


def toml_of(found: Mapping[str, Any]) -> str:
    """The settings *found* as TOML v1.0.0, as `effective_toml` writes them."""
    return "\n\n".join(_blocks("", found, is_in_list=False)) + "\n"


def _blocks(path: str, table: Mapping[str, Any], *, is_in_list: bool) -> Iterator[str]:
    """The blocks of *table*, which is at *path*, and of the tables in it."""
    header = f"[[{path}]]" if is_in_list else f"[{path}]"
    lines = _lines({key: value for key, value in table.items() if not _tables(value)})
    yield "\n".join([header, *lines] if path else lines)
    for key, value in table.items():
        inner = f"{path}.{written(key)}" if path else written(key)
        for each in _tables(value):
            yield from _blocks(inner, each, is_in_list=isinstance(value, list))


def _tables(value: Any) -> list[Mapping[str, Any]]:
    """The tables in *value*."""
    if isinstance(value, dict):
        return [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [
        f"# {written(key)} is not set" if value is None else f"{written(key)} = {_value(value)}"
        for key, value in table.items()
    ]


def _value(value: Any) -> str:
    # Text, numbers and lists of text have the same form in JSON and TOML. Surrogate pairs do not, so the text is not
    # forced to ASCII. TOML wants DEL escaped, but no value contains it.
    return json.dumps(value, ensure_ascii=False)
