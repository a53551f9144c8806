"""show - show: the content of a message, as it goes on"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

import click

from empath.cli.admin.options import REFERENCE, masked_option, unknown
from empath.cli.admin.output import NAME
from empath.cli.admin.report import header_lines
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, UsageError
from empath.mail.printable import printable
from empath.policy.masked_header import masked_header
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
@masked_option
@click.pass_context
def show(context: click.Context, /, reference: Reference, *, masks: bool, **parts: bool) -> None:
    """
    Show the content of a message.

    Lines end as usual here, and control characters are escaped; --raw prints the octets that the next host gets.
    --masked shows the header section only.
    """
    part = _only_part([name for name, is_wanted in parts.items() if is_wanted])
    if masks and part not in ("all", "headers"):
        raise UsageError(f"--masked shows the header section only: leave --{part} out")
    config = lenient_configuration(context)
    with storage.Snapshot(open_queue(config)) as snapshot:
        reference = snapshot.whole(reference)
        message = snapshot.find_message(reference, time.time())
        if message is None:
            raise MissingInput(unknown(reference))
        trace_id = snapshot.trace_id(reference)
        if masks:
            header = snapshot.header(message, config.queue.spool)
            _write_texts(masked_header(header_lines(header or b"")))
        elif part == "raw":
            for piece in snapshot.content(message, config.queue.spool):
                click.echo(piece, nl=False)
        else:
            _write_lines(_wanted(_lines(snapshot.content(message, config.queue.spool)), part))
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
    _write_texts(line.decode("utf-8", "backslashreplace") for line in lines)


def _write_texts(texts: Iterable[str]) -> None:
    for text in texts:
        sys.stdout.write("\t".join(map(printable, text.split("\t"))) + "\n")


VERBS: Final = (show,)
