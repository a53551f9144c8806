"""completion - completion of empathd and of empath-admin: the script by which a shell completes verbs and options"""

from typing import Final

import click
from click.shell_completion import get_completion_class

_SHELLS: Final = ("bash", "zsh", "fish")


def completion_of(program: str) -> click.Command:
    """The verb that prints the script for *program*, whose other words are those of the group that it is added to."""
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"  # by which a shell asks click for completions

    @click.command("completion", short_help="Print the script that completes words in SHELL.")
    @click.argument("shell", type=click.Choice(_SHELLS))
    @click.pass_context
    def completion(context: click.Context, shell: str) -> None:
        kind = get_completion_class(shell)
        assert kind is not None, "click knows all of _SHELLS"
        click.echo(kind(context.find_root().command, {}, program, variable).source())

    example = f"source <({program} completion bash)"
    completion.help = f"Print the script that completes verbs and options in SHELL.\n\nFor example: {example}"
    return completion
