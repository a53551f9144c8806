"""
sql - empath-sql, the system's sqlite3 on the queue of the configuration

It finds the configuration as empath-admin does, and becomes the shell, with our settings.
"""

import os
from typing import Final

import click

from empath import __version__
from empath.cli.common import config_option, lenient_configuration, open_queue, run_process

NAME: Final = "empath-sql"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True})
@config_option(envvar="EMPATH_CONFIG")
@click.option("--write", "is_writing", is_flag=True, help="Let statements change the queue.")
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTION|STATEMENT]...")
@click.pass_context
def sql(context: click.Context, is_writing: bool, arguments: tuple[str, ...]) -> None:
    """
    Open the system's sqlite3 on the queue, or let it run each STATEMENT.

    It reads only, unless --write is there. Each OPTION, such as --json or --csv, is one of sqlite3. After `--` it may
    begin with one hyphen. A queue in PostgreSQL is opened by psql, with its options.
    """
    engine = open_queue(lenient_configuration(context))
    command = engine.system_shell(arguments, writes=is_writing)
    os.execv(command[0], command)


def main() -> None:
    """Entry of the command."""
    run_process(sql, NAME)


if __name__ == "__main__":
    main()
