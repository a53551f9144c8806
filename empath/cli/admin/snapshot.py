"""snapshot - a copy of the queue in which another configuration can be tried, with deliveries discarded"""

import time
from pathlib import Path
from typing import Final

import click

from empath.cli.admin.backup import Said
from empath.cli.admin.options import Whole
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, configuration, examples, open_queue, say
from empath.config import load_config
from empath.config.sink import sink_toml
from empath.errors import UsageError
from empath.mail.status import LIVE
from empath.mail.words import count
from empath.storage.admin.sink_copy import copy_into

_FILE: Final = "empath.toml"


@click.command(
    epilog=examples(
        "empath-admin snapshot --sink /var/tmp/tomorrow --config tomorrow.toml",
    )
)
@config_option("-c")
@click.option(
    "--sink", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The new directory."
)
@click.option(
    "--config",
    "proposal",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="The configuration to try. Default: the one in force, which -c or EMPATH_CONFIG names.",
)
@click.option(
    "--port",
    type=Whole(1, 65535),
    default=2599,
    show_default=True,
    metavar="PORT",
    help="Port of 127.0.0.1 on which the copy takes mail.",
)
@click.pass_context
def snapshot(context: click.Context, *, folder: Path, proposal: Path | None, port: int) -> None:
    """
    Copy the queue into DIR, to try a configuration there.

    All mail is discarded there. `empathd -c DIR/empath.toml start` runs the copy: by its routes, rules, rates and
    retries each recipient becomes delivered, and no host is asked.
    """
    _, config = configuration(context)
    if not str(folder.absolute()).isprintable():  # [queue] path of the copy would be none
        raise UsageError(f"{str(folder)!r} has a character that a path of the configuration cannot have")
    text = sink_toml(config if proposal is None else load_config(proposal), port)
    made = copy_into(open_queue(config), config.queue.spool, folder, (_FILE, text), clock=time.time, on_progress=Said())
    live = sum(number for status, number in made.recipients.items() if status in LIVE)
    click.echo(folder / _FILE)
    say(NAME, f"{count(live, 'live recipient')} in the copy; all that it delivers is discarded")
    for fault in made.faults:
        say(NAME, f"the queue has this fault, too: {fault}")


VERBS: Final = (snapshot,)
