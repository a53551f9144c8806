"""admin_options - what the verbs of empath-admin take on the command line"""

from collections.abc import Callable
from typing import Any

import click

from empath.errors import SyntaxViolation
from empath.mail.domain import AddressLiteral, Domain
from empath.storage.admin_records import Reference


class ReferenceType(click.ParamType[Reference]):
    """A queue id in either case, or the number of one recipient."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Reference:
        """Parse; what is no id is an error of usage."""
        try:
            return Reference.parse(value)
        except SyntaxViolation as exc:
            self.fail(str(exc), param, ctx)


class DomainType(click.ParamType[str]):
    """A domain in A-labels or U-labels, or an address literal; the value is as the queue has it."""

    name = "domain"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse; what is no domain is an error of usage."""
        try:
            return str(AddressLiteral.parse(value) if value.startswith("[") else Domain.parse(value))
        except SyntaxViolation as exc:
            self.fail(str(exc), param, ctx)


def json_option(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--json", "is_json", is_flag=True, help=what)


wait_option = click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0.0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another process's write lock.",
)


def unknown(reference: Reference) -> str:
    """The line for an id that no row has."""
    what = "recipient" if reference.queue_id is None else "message"
    return f"no {what} {reference} in the queue database; it never was, or is past its retention"
