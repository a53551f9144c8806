"""
queries - the named statements of sql/

A file is a list of statements.  Each begins with `-- name: word`, and the comments after that describe it.
sql/queries/ has the statements that every engine understands; sql/<engine>/queries/ has those of one engine, and takes
precedence.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n|\s--\s[^\n]*", re.MULTILINE)


def script(name: str) -> str:
    """Text of one file of sql/, such as `sqlite/schema.sql`."""
    return _file(name).read_text(encoding="utf-8")


def query_files(folder: str) -> tuple[str, ...]:
    """Names, without `.sql`, of the files in a folder such as `queries` or `<engine>/queries`, sorted."""
    place = _file(folder)
    return tuple(sorted(file.name.removesuffix(".sql") for file in place.iterdir())) if place.is_dir() else ()


def blocks(folder: str, name: str) -> Iterator[tuple[str, str]]:
    """Names and texts, without comments, of the statements in one file."""
    _, *found = _NAME.split(script(f"{folder}/{name}.sql"))
    for word, text in zip(found[::2], found[1::2], strict=True):
        yield word, _COMMENT.sub("", text).strip()


@cache
def queries(name: str, engine: str) -> Mapping[str, str]:
    """
    Statements of *engine* in the file *name*: the shared ones, then its own.

    Raises:
        KeyError: on look-up of a name that is in neither.
    """
    folders = [folder for folder in ("queries", f"{engine}/queries") if _file(f"{folder}/{name}.sql").is_file()]
    return MappingProxyType({word: text for folder in folders for word, text in blocks(folder, name)})


@cache
def all_queries(engine: str) -> Mapping[str, str]:
    """All statements of *engine*, by `file.name`."""
    names = sorted({*query_files("queries"), *query_files(f"{engine}/queries")})
    return MappingProxyType({f"{name}.{word}": text for name in names for word, text in queries(name, engine).items()})


def _file(name: str) -> Traversable:
    return resources.files("empath").joinpath("sql", *name.split("/"))
