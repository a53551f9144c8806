"""
views - the columns of the public views, as docs/sql.md shows them

The comments of sql/sqlite/views.sql are the source: a block above each view, and one behind each column. A test checks
that the tables of docs/sql.md name exactly the columns that SQLite sees.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from empath.storage.queries import script

_VIEW = re.compile(r"^((?:-- .*\n)+)CREATE VIEW ([a-z]\w*) AS\n((?:.*\n)*?.*);$", re.MULTILINE)
_COLUMN = re.compile(r"^(?:SELECT|      ) .* AS (\w+),? *-- (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class View:
    """
    One public view.

    Shape: doc is a sentence or more; columns are name and meaning, in the order of `SELECT *`.
    """

    name: str
    doc: str
    columns: tuple[tuple[str, str], ...]


def views(file: str = "sqlite/views.sql") -> Iterator[View]:
    """The public views of *file* in sql/, in its order."""
    for comment, name, body in _VIEW.findall(script(file)):
        if name.startswith("_"):
            continue
        doc = " ".join(line.removeprefix("-- ") for line in comment.splitlines())
        yield View(name, doc, tuple(_COLUMN.findall(body)))


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    [past] = views("sqlite/track/schema.sql")
    return {
        "views": "\n".join(f"### `{view.name}`\n\n{_table(view)}\n" for view in views()).rstrip(),
        "past": _table(past),
    }


def _table(view: View) -> str:
    """What a view is, and its columns, as Markdown."""
    rows = "\n".join(f"| `{name}` | {meaning.replace('|', chr(92) + '|')} |" for name, meaning in view.columns)
    return f"{view.doc}\n\n| column | meaning |\n|---|---|\n{rows}"
