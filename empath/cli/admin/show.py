"""show - show: the content of a message, as it goes on"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import click

from empath.cli.admin.options import REFERENCE, unknown
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput
from empath.mail.printable import printable
from empath.storage.admin import snapshot as storage
from empath.storage.admin.records import Reference

Part = Literal["all", "headers", "body", "raw"]


@click.command()
@config_option()
@click.argument("reference", type=REFERENCE, metavar="ID")
@click.option("--headers", "part", flag_value="headers", help="Only the header section.")
@click.option("--body", "part", flag_value="body", help="Only the body.")
@click.option("--raw", "part", flag_value="raw", help="All octets, unchanged.")
@click.pass_context
def show(context: click.Context, reference: Reference, part: Part | None) -> None:
    """
    Show the content of a message.

    Lines end as usual here, and control characters are escaped; --raw prints the octets that the next host gets.
    """
    config = lenient_configuration(context)
    with storage.Snapshot(open_queue(config)) as snapshot:
        reference = snapshot.whole(reference)
        message = snapshot.find_message(reference, time.time())
        if message is None:
            raise MissingInput(unknown(reference))
        pieces = snapshot.content(message, config.queue.spool)
        if part == "raw":
            for piece in pieces:
                click.echo(piece, nl=False)
        else:
            _write_lines(_wanted(_lines(pieces), part or "all"))
    if message.content_locator is None:
        say(NAME, "the content was removed")


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
