"""sql - sql: the queue in an SQL shell"""

from typing import Final

import click

from empath.cli.admin.options import wait_option
from empath.cli.common import config_option, examples, lenient_configuration, open_queue
from empath.errors import UsageError


@click.command(
    epilog=examples(
        'empath-admin sql "SELECT status, count(*) FROM queue GROUP BY status"',
        'empath-admin sql --masked "SELECT id, recipient, last_reply FROM queue"',
    )
)
@config_option()
@click.option("--write", "is_writing", is_flag=True, help="Let statements change the queue.")
@click.option("--masked", "masks", is_flag=True, help="Only the views, with the local parts of addresses masked.")
@wait_option
@click.argument("statements", nargs=-1, metavar="[STATEMENT]...")
@click.pass_context
def sql(context: click.Context, *, is_writing: bool, masks: bool, wait_s: float, statements: tuple[str, ...]) -> None:
    """
    Open an SQL shell on the queue, or run each STATEMENT.

    Without a STATEMENT a script is read from standard input, unless that is a terminal. The first error ends a script;
    earlier statements stay done.
    """
    if masks and is_writing:
        raise UsageError("--masked is for people who only look: leave --write out")
    config = lenient_configuration(context)
    try:
        open_queue(config).run_shell(statements, write_deadline_s=wait_s if is_writing else None, masks=masks)
    except SystemExit as ended:  # `.exit` and `.quit`, with the code that a person gives
        context.exit(int(ended.code or 0))


VERBS: Final = (sql,)
