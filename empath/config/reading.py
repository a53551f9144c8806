"""
reading - what all kinds of value of the configuration share: words for a mistake, and how text is read

A kind of value is a type with a reader, which takes one TOML value and describes a mistake in words.  It coerces
nothing: "20" is not a number and 1 is not text.
"""

import os.path
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from empath.errors import SyntaxViolation

T = TypeVar("T")


def kind_of(value: object) -> str:
    """The kind of a TOML value, as messages name it."""
    for types, words in (
        (bool, "a boolean"),
        (str, "text"),
        ((int, float), "a number"),
        (list, "a list"),
        (dict, "a table"),
    ):
        if isinstance(value, types):
            return words
    return "a date or time"


def problem(message: str, *at: str | int, because_of: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """
    A finding in words, raised by a validator. *at* is the path from the validated value to the wrong part. If the file
    does not have that part, the finding is on the line of the keys *because_of*.

    pydantic formats the message as a template, so the text is passed as a value of it.
    """
    return PydanticCustomError("problem", "{message}", {"message": message, "at": at, "because_of": because_of})


def setting(default: Any, key: str | None = None, example: str | int | None = None) -> Any:
    """
    A setting that may be left out.

    Args:
        default: the value as in the file; it is checked like a value of the file.
        key: its name in the file, if the attribute adds a unit to that.
        example: what the reference shows of a setting whose default cannot be written in the file.
    """
    return Field(default, alias=key, validate_default=True, examples=None if example is None else [example])


def as_text(value: object) -> str:
    """*value*, which must be text."""
    if not isinstance(value, str):
        raise problem(f"must be text in quotes, not {kind_of(value)}")
    return value


def read_by(parse: Callable[[str], T]) -> PlainValidator:
    """The reader of a kind whose text *parse* reads; a SyntaxViolation of it is a finding."""

    def validate(value: object) -> T:
        try:
            return parse(as_text(value))
        except SyntaxViolation as exc:
            raise problem(str(exc)) from exc

    return PlainValidator(validate)


def absolute_path(path: str, info: ValidationInfo) -> str:
    """*path*, taken from the directory of the file that is read."""
    if not path or not path.isprintable():
        raise problem(f"not a path: {path!r}")
    directory = (info.context or {}).get("directory", "/")
    absolute = os.path.normpath(os.path.join(directory, path))
    if not absolute.isprintable():  # the directory of the file may have a character that a file cannot hold
        raise problem(f"not a path: {absolute!r}")
    return absolute


AS_TEXT = PlainSerializer(str, return_type=str)
