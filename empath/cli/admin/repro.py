"""repro - repro: one message and what decides about it, as a small queue for a test"""

from pathlib import Path
from typing import Final

import click

from empath.cli.admin.options import REFERENCE
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.storage.admin import repro as storage
from empath.storage.admin.records import Reference


@click.command(short_help="Export one message as a small queue.")
@config_option()
@click.argument("reference", type=REFERENCE, metavar="ID")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--without-content", is_flag=True, help="Put another text in the place of the content.")
@click.option("--mask", "masks", is_flag=True, help="Replace local parts of addresses, too, and leave the subject out.")
@click.pass_context
def repro(context: click.Context, *, reference: Reference, target: Path, without_content: bool, masks: bool) -> None:
    """
    Export one message as a small queue in DIR, a new directory.

    It has the message, its recipients, attempts and audit, and what decides about it: its destinations, the rules, the
    configuration without secrets, and the answers of the DNS.
    """
    config = lenient_configuration(context)
    lost = storage.export(
        open_queue(config), config.queue.spool, reference, target, has_content=not without_content, masks=masks
    )
    for line in lost:
        say(NAME, line)
    click.echo(target)
    say(NAME, "read it before you give it away: replies of hosts and names of domains are in it")


VERBS: Final = (repro,)
