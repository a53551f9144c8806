"""
output - how empath-admin writes its results

A record is one line, the columns of a table are aligned by spaces, and nothing is cut off.  On a terminal a table fits
the width: long cells fold, and columns that still do not fit are left out and named.  Text of peers is always escaped.
JSON is ASCII, one object a line; its keys are the fields of storage/admin/records.py.
"""

import dataclasses
import functools
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from empath.cli.common import say
from empath.mail.printable import printable
from empath.storage.admin.json_form import as_json

if TYPE_CHECKING:
    from rich.console import Console

NAME = "empath-admin"
_GAP = "  "
_LINES_AT_ONCE = 100  # lines per write; a missing reader is noticed at the next write


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """
    One column of a table.

    Shape: rank 0 is always shown, the highest rank is the first to be left out; fold_width is the width in cells down
    to which its cells may be folded, None where they must stay whole.
    """

    header: str
    rank: int = 0
    fold_width: int | None = None


def write_json(record: Any) -> None:
    """One object in one line."""
    click.echo(json.dumps(as_json(record)))


def write_table(
    columns: Sequence[Column], rows: Sequence[Sequence[object]], indent: int = 0, *, is_headed: bool = True
) -> None:
    """A header line if *is_headed*, and a line for each row; an empty cell is `-`, so that a line splits."""
    cells = [[printable("-" if cell is None or cell == "" else str(cell)) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _write_fitting(columns, cells, indent)
    else:
        _write_aligned([*([[column.header for column in columns]] if is_headed else []), *cells], indent)


def write_pairs(pairs: Sequence[tuple[str, object]], indent: int = 0) -> None:
    """A line for each pair of name and value."""
    cells = [[name, printable("-" if value is None or value == "" else str(value))] for name, value in pairs]
    if sys.stdout.isatty():
        _print_grid([Column("", 0), Column("", 0, 1)], cells, indent, _console(), is_headed=False)
    else:
        _write_aligned(cells, indent)


def fits(text: str) -> bool:
    """Whether *text* fits into one line of the terminal."""
    from rich.cells import cell_len  # noqa: PLC0415 - costs 20 ms, and only a terminal needs it

    return cell_len(text) <= _console().width


def folded(text: str, indent: int) -> list[str]:
    """The lines that *text* takes on the terminal, each indented."""
    from rich.text import Text  # noqa: PLC0415

    console = _console()
    lines = Text(text).wrap(console, max(1, console.width - indent))
    return [" " * indent + line.plain.rstrip() for line in lines]


def _write_aligned(lines: Sequence[Sequence[str]], indent: int) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for start in range(0, len(lines), _LINES_AT_ONCE):
        piece = lines[start : start + _LINES_AT_ONCE]
        texts = [_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in piece]
        click.echo("\n".join(" " * indent + text.rstrip(" ") for text in texts))


def _write_fitting(columns: Sequence[Column], cells: list[list[str]], indent: int) -> None:
    console = _console()
    shown, hidden = _choose(columns, cells, console.width - indent)
    kept = [[row[index] for index in shown] for row in cells]
    _print_grid([columns[index] for index in shown], kept, indent, console, is_headed=True)
    if hidden:
        say(NAME, f"not shown, the terminal is too narrow: {', '.join(hidden)} (a pipe or --json shows all columns)")


def _choose(columns: Sequence[Column], cells: list[list[str]], width: int) -> tuple[list[int], list[str]]:
    """Indexes of the columns that fit, and headers of those that do not."""
    from rich.cells import cell_len  # noqa: PLC0415 - costs 20 ms, and only a terminal needs it

    needs = []
    for index, column in enumerate(columns):
        widest = max(map(cell_len, [column.header, *(row[index] for row in cells)]))
        least = widest if column.fold_width is None else max(column.fold_width, len(column.header))
        needs.append(min(widest, least))
    shown = list(range(len(columns)))
    while sum(needs[index] for index in shown) + len(shown) - 1 > width:
        worst = max(shown, key=lambda index: columns[index].rank)
        if columns[worst].rank == 0:
            break
        shown.remove(worst)
    return shown, [column.header for index, column in enumerate(columns) if index not in shown]


def _print_grid(
    columns: Sequence[Column], cells: list[list[str]], indent: int, console: "Console", *, is_headed: bool
) -> None:
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=is_headed, header_style="bold")
    for column in columns:
        is_whole = column.fold_width is None  # if even that does not fit, the cut is marked
        table.add_column(column.header, no_wrap=is_whole, overflow="ellipsis" if is_whole else "fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))  # Text: a peer's brackets must not be read as markup
    console.print(Padding(table, (0, 0, 0, indent)))


@functools.cache
def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, soft_wrap=False)
