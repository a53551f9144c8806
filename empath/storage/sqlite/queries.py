"""
queries - the named statements of sql/queries/

A file holds blocks that begin with `-- name: word`; the comments that follow say what the statement promises.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n|\s--\s[^\n]*", re.MULTILINE)


def script(name: str) -> str:
    """Text of one file of sql/, such as `schema.sql`."""
    return resources.files("empath").joinpath("sql", name).read_text(encoding="utf-8")


@cache
def queries(name: str) -> Mapping[str, str]:
    """
    Statements of `sql/queries/<name>.sql` by their names, without comments.

    Raises:
        KeyError: on look-up of a name that the file does not have.
    """
    _, *blocks = _NAME.split(script(f"queries/{name}.sql"))
    return MappingProxyType(
        {word: _COMMENT.sub("", text).strip() for word, text in zip(blocks[::2], blocks[1::2], strict=True)}
    )
