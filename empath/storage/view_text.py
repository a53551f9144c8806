"""
view_text - statements over a public view that a program reads or changes row by row

The names come from the table of storage/open_views.py alone, and every value is bound.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from empath.storage.open_views import OpenView

Given = Mapping[str, Any]


def page_text(view: OpenView, after: Sequence[Any] | None, limit: int) -> tuple[str, Given]:
    """Up to *limit* rows behind the key *after*, by key; None: from the first on."""
    key = ", ".join(view.key)
    values: dict[str, Any] = {"limit": limit}
    condition = ""
    if after is not None:
        values |= {f"after_{name}": value for name, value in zip(view.key, after, strict=True)}
        condition = f" WHERE ({key}) > ({', '.join(f':after_{name}' for name in view.key)})"
    return f"SELECT {', '.join(view.columns)} FROM {view.name}{condition} ORDER BY {key} LIMIT :limit", values


def rows_text(view: OpenView, key: Given) -> tuple[str, Given]:
    """The rows with *key*, some of its columns or all."""
    return f"SELECT {', '.join(view.columns)} FROM {view.name} WHERE {_equal(key)}", _bound(key)


def last_text(view: OpenView) -> tuple[str, Given]:
    """The greatest key of a view with a key of one column."""
    return f"SELECT max({view.key[0]}) FROM {view.name}", {}


def insert_text(view: OpenView, values: Given) -> tuple[str, Given]:
    """Add a row."""
    names = [name for name in view.inserts if name in values]
    return f"INSERT INTO {view.name} ({', '.join(names)}) VALUES ({', '.join(f':{each}' for each in names)})", values


def update_text(view: OpenView, key: Given, values: Given) -> tuple[str, Given]:
    """Set *values* of the row with *key*."""
    names = [name for name in view.updates if name in values]
    changes = ", ".join(f"{name} = :{name}" for name in names)
    return f"UPDATE {view.name} SET {changes} WHERE {_equal(key)}", {**values, **_bound(key)}


def delete_text(view: OpenView, key: Given) -> tuple[str, Given]:
    """Remove the row with *key*."""
    return f"DELETE FROM {view.name} WHERE {_equal(key)}", _bound(key)


def _equal(names: Iterable[str]) -> str:
    return " AND ".join(f"{name} = :key_{name}" for name in names)


def _bound(key: Given) -> Given:
    return {f"key_{name}": value for name, value in key.items()}
