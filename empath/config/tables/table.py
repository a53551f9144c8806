"""
table - what all tables of the configuration have in common
"""

from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the file. An unknown key is an error, and a table does not change once it is read."""

    # defer_build: one validator for the whole Config is built when a file is read, and none without a file.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def table_of(annotation: Any) -> type[Table] | None:
    """The table that a value of this type is, or whose list it is; None for any other value."""
    if get_origin(annotation) is tuple:
        return table_of(get_args(annotation)[0])
    return annotation if isinstance(annotation, type) and issubclass(annotation, Table) else None


def named_table_of(annotation: Any) -> type[Table] | None:
    """The table that each value of a dictionary of this type is, by names that the operator chooses; else None."""
    return table_of(get_args(annotation)[1]) if get_origin(annotation) is dict else None
