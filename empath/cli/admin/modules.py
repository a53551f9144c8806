"""modules - the modules of the configuration: see them, and switch on again what failed"""

from dataclasses import dataclass
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.mail.printable import printable
from empath.mail.words import count
from empath.storage.admin import modules as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (Column("MODULE"), Column("DEADLINE", 2), Column("ON-FAILURE"), Column("OFF-IN"))


@dataclass(frozen=True, slots=True)
class _Line:
    module: str
    deadline_s: float
    on_failure: str
    off_in: list[str]


@click.group()
def modules() -> None:
    """List modules, and switch on again what failed."""


@modules.command("list")
@config_option()
@json_option("One JSON object for each module.")
@click.pass_context
def list_modules(context: click.Context, is_json: bool) -> None:
    """Show the modules in their order, and where they are off."""
    config = lenient_configuration(context)
    off = storage.slots_without(open_queue(config))
    found = [_Line(name, each.deadline_s, each.on_failure, off.get(name, [])) for name, each in config.modules.items()]
    if is_json:
        for line in found:
            output.write_json(line)
        return
    if found:
        rows = [(x.module, f"{x.deadline_s:g}s", x.on_failure, ", ".join(x.off_in) or "-") for x in found]
        output.write_table(_COLUMNS, rows)
    say(NAME, count(len(found), "module"))


@modules.command("enable")
@config_option()
@click.argument("name", metavar="MODULE")
@wait_option
@click.pass_context
def enable(context: click.Context, name: str, wait_s: float) -> None:
    """Have MODULE called again, within a second, where it is off."""
    change = storage.SwitchOn(name, who=who())
    carry_out(open_queue(lenient_configuration(context)), change, deadline_s=wait_s)
    click.echo(printable(f"{name} is called again by {', '.join(change.slots)}"))


VERBS: Final = (modules,)
