"""completion - completion: the script by which a shell completes verbs and options"""

from typing import Final

import click
from click.shell_completion import get_completion_class

from empath.cli.admin.output import NAME

_SHELLS: Final = ("bash", "zsh", "fish")
_VARIABLE: Final = "_EMPATH_ADMIN_COMPLETE"  # environment variable in which a shell asks click for completions


@click.command(short_help="Print the script that completes words in SHELL.")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """
    Print the script that completes verbs and options in SHELL.

    For example: source <(empath-admin completion bash)
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows all of _SHELLS"
    click.echo(kind(context.find_root().command, {}, NAME, _VARIABLE).source())


VERBS: Final = (completion,)
