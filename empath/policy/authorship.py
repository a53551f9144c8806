"""
authorship - who orders something, and the words that the order was given in

The audit has both.  The words are bounded, and have no secrets.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from empath.policy.credentials import MASK, is_secret, without_credentials

MOST_CHARACTERS: Final = 2000  # of a statement


class Author(str):
    """
    A name as the audit has it, together with the `statement` by which its bearer gives an order; None: not known.

    It is a string, because all that takes an order takes the name of its author.
    """

    __slots__ = ("statement",)
    statement: str | None

    def __new__(cls, name: str, statement: str | None = None) -> "Author":
        author = super().__new__(cls, name)
        author.statement = statement
        return author


def statement_of(who: str) -> str | None:
    """The statement by which *who* gives an order, if it is known."""
    return who.statement if isinstance(who, Author) else None


def statement_of_command(program: str, arguments: Sequence[str]) -> str:
    """A command line as a shell takes it, without secrets."""
    return _bounded(shlex.join([program, *_arguments(arguments)]).replace("\0", ""))


def _arguments(arguments: Sequence[str]) -> Iterator[str]:
    before = ""
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if sign and value and is_secret(name):
            yield f"{name}={MASK}"
        elif before.startswith("--") and "=" not in before and is_secret(before):
            yield MASK
        else:
            yield without_credentials(argument)
        before = argument


def statement_of_request(method: str, path: str, body: Mapping[str, Any]) -> str:
    """A request by HTTP with the members of its *body*, without secrets."""
    return _bounded(f"{method} {path} {json.dumps(without_credentials(dict(body)), ensure_ascii=False, default=str)}")


def statement_of_sql(text: str) -> str:
    """SQL as a person typed it, without secrets."""
    return _bounded(without_credentials(text.strip()).replace("\0", ""))


def _bounded(statement: str) -> str:
    return statement if len(statement) <= MOST_CHARACTERS else statement[: MOST_CHARACTERS - 1] + "…"
