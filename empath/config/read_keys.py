"""
read_keys - the keys of tables such as [destinations], in the form that findings have

A key there is a value: the file may write "smtp://Relay.example" where Empath calls it "smtp:relay.example:25".
"""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from empath.config.keys import KeyPath
from empath.config.model import Config


def with_read_keys(lines: Mapping[KeyPath, int]) -> dict[KeyPath, int]:
    """*lines* by the keys of a valid file, and also by these keys as their tables read them."""
    readers = dict(_readers())
    found = dict(lines)
    for path, line in lines.items():
        reader = readers.get(str(path[0]))
        if reader is not None and len(path) > 1:
            found.setdefault((path[0], _read(reader, path[1]), *path[2:]), line)
    return found


def _readers() -> list[tuple[str, TypeAdapter[Any]]]:
    """What reads the keys of each table whose keys are values."""
    fields = ((field.alias or name, field.annotation) for name, field in Config.model_fields.items())
    return [(key, TypeAdapter(get_args(kind)[0])) for key, kind in fields if get_origin(kind) is dict]


def _read(reader: TypeAdapter[Any], key: str | int) -> str:
    try:
        return str(reader.validate_python(key))
    except ValidationError:
        return str(key)  # the file has changed since it was read
