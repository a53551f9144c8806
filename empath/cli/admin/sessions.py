"""sessions - the sessions of clients: see them, and close some"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.mail.words import count
from empath.storage.admin import sessions as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("SESSION"), Column("CLIENT"), Column("NAME", 1, 12), Column("ACCOUNT", 1, 12), Column("TLS", 3)),
    *(Column("STATE"), Column("MESSAGES", 2), Column("OCTETS", 2), Column("AGE"), Column("LISTENER", 4)),
)


@click.command()
@config_option()
@click.option(
    "--close",
    "to_close",
    multiple=True,
    metavar="SESSION",
    help="End this session with 421, within a second. May be given more than once.",
)
@wait_option
@json_option("One JSON object for each session.")
@click.pass_context
def sessions(context: click.Context, to_close: tuple[str, ...], wait_s: float, is_json: bool) -> None:
    """
    Show the sessions of clients, the oldest first.

    A session is there once it has lasted longer than a second.
    """
    engine = open_queue(lenient_configuration(context))
    if to_close:
        carry_out(engine, storage.CloseSessions(to_close, who=who()), deadline_s=wait_s)
    found = storage.open_sessions(engine)
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        now = time.time()
        output.write_table(_COLUMNS, [_row(each, now) for each in found])
    say(NAME, count(len(found), "session"))


def _row(each: storage.OpenSession, now: float) -> tuple[object, ...]:
    return (
        *(each.session, each.client, each.client_name, each.account, each.tls, each.state, each.messages),
        *(each.octets, f"{max(0, int(now - each.began_at))}s", each.listener),
    )


VERBS: Final = (sessions,)
