"""config - config list, show, diff: the configurations that the service ran by"""

from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import Whole, json_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.config.revision import text_differences
from empath.mail.words import count, instant
from empath.storage.admin.config_revisions import all_revisions, texts_of

_COLUMNS: Final = (
    *(Column("REVISION"), Column("SINCE"), Column("CAUSE", 2), Column("WHO", 1, 10), Column("VERSION", 3)),
    Column("HASH", 4),
)
_DIFFERENCES: Final = (Column("SETTING", 0, 20), Column("BEFORE", 0, 12), Column("AFTER", 0, 12))
_HASH_SHOWN: Final = 12  # characters
_REVISION: Final = Whole(1, 2**63 - 1)


@click.group()
def config() -> None:
    """See the configurations that the service ran by."""


@config.command("list")
@config_option()
@json_option("One JSON object for each revision, a line each.")
@click.pass_context
def list_(context: click.Context, *, is_json: bool) -> None:
    """List the configurations, the newest first."""
    found = all_revisions(open_queue(lenient_configuration(context)))
    if is_json:
        for revision in found:
            output.write_json(revision)
    elif found:
        rows = [(r.revision, instant(r.at), r.cause, r.who, r.version, r.hash[:_HASH_SHOWN]) for r in found]
        output.write_table(_COLUMNS, rows)
    say(NAME, count(len(found), "revision"))


@config.command()
@config_option()
@click.argument("revision", type=_REVISION)
@click.pass_context
def show(context: click.Context, *, revision: int) -> None:
    """
    Print one configuration as TOML.

    Defaults are in it. Secrets are not.
    """
    [text] = texts_of(open_queue(lenient_configuration(context)), revision)
    click.echo(text, nl=False)


@config.command()
@config_option()
@click.argument("before", type=_REVISION)
@click.argument("after", type=_REVISION)
@json_option("One JSON object for each setting, a line each.")
@click.pass_context
def diff(context: click.Context, *, before: int, after: int, is_json: bool) -> None:
    """Show the settings that differ between two configurations."""
    found = text_differences(*texts_of(open_queue(lenient_configuration(context)), before, after))
    if is_json:
        for difference in found:
            output.write_json(difference)
    elif found:
        output.write_table(_DIFFERENCES, [(d.key, _words(d.before), _words(d.after)) for d in found])
    say(NAME, f"{count(len(found), 'setting')} differ{'s' if len(found) == 1 else ''}")


def _words(value: object) -> str | None:
    return None if value is None else str(value)


VERBS: Final = (config,)
