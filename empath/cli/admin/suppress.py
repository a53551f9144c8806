"""
suppress - the addresses that get no more mail

A file of `import` and `export` has a line for each address: the address, and after blanks or a tab its reason.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, ParsedType, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, SyntaxViolation, UsageError
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.replies.bounce_class import parse_class
from empath.policy.suppression import parse_suppressed
from empath.storage.admin import suppression as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("ADDRESS", 0, 12), Column("SOURCE", 3, 8), Column("CLASS", 2), Column("SINCE", 2)),
    *(Column("UNTIL"), Column("REASON", 1, 12)),
)
_ADDRESS: Final = ParsedType("address", parse_suppressed)
_CLASS: Final = ParsedType("class", lambda text: str(parse_class(text)))
_AT_ONCE: Final = 1_000  # addresses of a file that are added in one transaction
_MOST_SHOWN: Final = 100_000

_reason_option: Final = click.option("--reason", metavar="TEXT", help="Why; the sender of refused mail reads it.")
_for_option: Final = click.option(
    "--for", "for_s", type=SPAN, metavar="DURATION", help="For how long, such as 30d; without it for good."
)
_class_option: Final = click.option(
    "--class", "of_class", type=_CLASS, metavar="CLASS", help="Rows of this class only."
)


@click.group()
def suppress() -> None:
    """See and change the addresses that get no more mail."""


@suppress.command("add")
@config_option()
@click.argument("addresses", type=_ADDRESS, nargs=-1, required=True, metavar="ADDRESS...")
@_reason_option
@_for_option
@wait_option
@click.pass_context
def add(
    context: click.Context, addresses: tuple[str, ...], reason: str | None, for_s: float | None, wait_s: float
) -> None:
    """
    Send no more mail to each ADDRESS.

    An ADDRESS is an address, or @DOMAIN for all addresses of a domain.
    """
    rows = _rows([(address, reason) for address in addresses], for_s)
    _report(len(rows), _add(context, rows, wait_s))


@suppress.command("import")
@config_option()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=False, path_type=Path))
@_reason_option
@_for_option
@wait_option
@click.pass_context
def import_file(context: click.Context, file: Path, reason: str | None, for_s: float | None, wait_s: float) -> None:
    """
    Suppress the addresses of FILE.

    One address a line; what follows it after a blank is its reason. A line that begins with # is a comment. If a line
    cannot be read, nothing is changed.
    """
    wanted = [(address, words or reason) for address, words in _read(file)]
    if not wanted:
        raise SyntaxViolation(f"{file}: has no address")
    rows = _rows(wanted, for_s)
    parts = [rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE)]
    _report(len(rows), sum(_add(context, part, wait_s) for part in parts))


def _read(file: Path) -> Iterator[tuple[str, str | None]]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise SyntaxViolation(f"{file}: is not UTF-8: {exc.reason} at octet {exc.start}") from exc
    except OSError as exc:
        raise MissingInput(f"{file}: {exc.strerror}") from exc
    for number, line in enumerate(text.splitlines(), start=1):
        address, _, reason = line.strip().replace("\t", " ").partition(" ")
        if address and not address.startswith("#"):
            try:
                yield parse_suppressed(address), reason.strip() or None
            except SyntaxViolation as exc:
                raise SyntaxViolation(f"{file}:{number}: {exc}") from exc


def _rows(wanted: Sequence[tuple[str, str | None]], for_s: float | None) -> list[storage.NewSuppression]:
    until = None if for_s is None else time.time() + for_s
    return [storage.NewSuppression(address, reason, expires_at=until) for address, reason in dict(wanted).items()]


def _add(context: click.Context, rows: Sequence[storage.NewSuppression], wait_s: float) -> int:
    change = storage.AddSuppressions(rows, who=who())
    carry_out(open_queue(lenient_configuration(context)), change, deadline_s=wait_s)
    return change.added


def _report(wanted: int, added: int) -> None:
    known = wanted - added
    click.echo(f"suppressed {count(added, 'address')}" + (f"; {known} were already" if known else ""))


@suppress.command("remove")
@config_option()
@click.argument("addresses", type=_ADDRESS, nargs=-1, required=True, metavar="ADDRESS...")
@wait_option
@click.pass_context
def remove(context: click.Context, addresses: tuple[str, ...], wait_s: float) -> None:
    """Let each ADDRESS get mail again, all or none."""
    change = storage.RemoveSuppressions(addresses, who=who())
    carry_out(open_queue(lenient_configuration(context)), change, deadline_s=wait_s)
    click.echo(f"removed {count(len(addresses), 'address')}")


@suppress.command("list")
@config_option()
@click.argument("address", type=_ADDRESS, required=False, metavar="[ADDRESS]")
@_class_option
@json_option("One JSON object for each address.")
@click.pass_context
def list_rows(context: click.Context, address: str | None, of_class: str | None, is_json: bool) -> None:
    """Show the suppressed addresses, or one of them."""
    found = storage.suppressions(open_queue(lenient_configuration(context)), address=address, of_class=of_class)
    if is_json:
        for each in found:
            output.write_json(each)
        return
    shown = list(itertools.islice(found, _MOST_SHOWN + 1))
    if len(shown) > _MOST_SHOWN:
        raise UsageError(f"more than {_MOST_SHOWN} addresses; `empath-admin suppress export` writes all of them")
    if shown:
        output.write_table(_COLUMNS, [_row(each) for each in shown])
    say(NAME, count(len(shown), "address"))


@suppress.command("export")
@config_option()
@_class_option
@click.pass_context
def export(context: click.Context, of_class: str | None) -> None:
    """Write all suppressed addresses, as import reads them."""
    written = 0
    for each in storage.suppressions(open_queue(lenient_configuration(context)), of_class=of_class):
        click.echo(printable(f"{each.address} {each.reason or ''}".rstrip()))
        written += 1
    say(NAME, count(written, "address"))


def _row(each: storage.SuppressionRow) -> tuple[object, ...]:
    until = "never ends" if each.expires_at is None else instant(each.expires_at)
    since = instant(each.created_at)
    return (each.address, each.source, each.bounce_class or "-", since, until, each.reason or "-")


VERBS: Final = (suppress,)
