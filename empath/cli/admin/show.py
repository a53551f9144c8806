"""show - show: the content of a message, as it goes on"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

import click

from empath.cli.admin.options import REFERENCE, unknown
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, UsageError
from empath.mail.printable import printable
from empath.storage.admin import snapshot as storage
from empath.storage.admin.records import Reference

# "all", "headers", "body" or "raw"
Part = str


@click.command()
@config_option()
@click.argument("reference", type=REFERENCE, metavar="ID")
@click.option("--headers", is_flag=True, help="Only the header section.")
@click.option("--body", is_flag=True, help="Only the body.")
@click.option("--raw", is_flag=True, help="All octets, unchanged.")
@click.pass_context
def show(context: click.Context, /, reference: Reference, **parts: bool) -> None:
    """
    Show the content of a message.

    Lines end as usual here, and control characters are escaped; --raw prints the octets that the next host gets.
    """
    part = _only_part([name for name, is_wanted in parts.items() if is_wanted])
    config = lenient_configuration(context)
    with storage.Snapshot(open_queue(config)) as snapshot:
        reference = snapshot.whole(reference)
        message = snapshot.find_message(reference, time.time())
        if message is None:
            raise MissingInput(unknown(reference))
        trace_id = snapshot.trace_id(reference)
        pieces = snapshot.content(message, config.queue.spool)
        if part == "raw":
            for piece in pieces:
                click.echo(piece, nl=False)
        else:
            _write_lines(_wanted(_lines(pieces), part))
    if message.content_locator is None:
        say(NAME, "the content was removed")
    if trace_id is not None:
        say(NAME, f"trace {trace_id}")


def _only_part(wanted: list[str]) -> Part:
    if len(wanted) > 1:
        raise UsageError("only one of --headers, --body and --raw can be given")
    return wanted[0] if wanted else "all"


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\r\n")
        yield from whole
    if rest:
        yield rest


def _wanted(lines: Iterable[bytes], part: Part) -> Iterator[bytes]:
    is_header = True
    for line in lines:
        if is_header and not line:
            is_header = False
            if part == "all":
                yield line
        elif part == "all" or is_header == (part == "headers"):
            yield line


def _write_lines(lines: Iterable[bytes]) -> None:
    for line in lines:
        text = line.decode("utf-8", "backslashreplace")
        sys.stdout.write("\t".join(map(printable, text.split("\t"))) + "\n")


VERBS: Final = (show,)
