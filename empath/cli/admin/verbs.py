"""
verbs - the verbs in sections, and the module that has each

A command line needs one of them. To import them all would take most of its time, so a module is imported when a verb of
it is named. The help and the documentation take them all.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Final

import click

from empath.cli.admin.examples import add_examples
from empath.cli.admin.options import ARGUMENTS
from empath.cli.admin.output import NAME

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "See the mail": (
        *("list", "view", "stats", "process", "top", "explain", "show", "find", "track", "transcript", "events"),
    ),
    "Steer the mail": (
        *("retry", "hold", "release", "delete", "undelete", "bounce", "expire", "hold-rule"),
        *("plan", "apply", "undo", "whatif", "suspend", "resume", "route", "reroute", "reconcile"),
    ),
    "Steer the service": (
        *("freeze", "thaw", "flush", "reload", "drain", "stop-listener"),
        *("limit", "log-level", "trace", "sessions", "config", "modules", "health"),
    ),
    "Who may send and receive": ("account", "token", "alias", "recipient", "greylist", "suppress"),
    "Where mail goes, and how": (
        *("rule", "source", "warmup", "classify", "shape", "dns", "tls", "dkim", "verify"),
        *("reports", "report-preview"),
    ),
    "The database": ("sql", "fsck", "audit", "forget", "backup", "restore", "snapshot", "repro"),
    "This host": ("doctor", "error", "import-postfix", "completion"),
}
# Modules of more than one verb. Each other verb has a module of its name.
_SHARED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("list", "view", "stats", "process"), "read"),
    **dict.fromkeys(("find", "track"), "track"),
    **dict.fromkeys(("retry", "hold", "release", "delete", "undelete", "bounce", "expire"), "orders"),
    **dict.fromkeys(("plan", "apply", "undo"), "plan"),
    **dict.fromkeys(("suspend", "resume"), "suspension"),
    **dict.fromkeys(("route", "reroute"), "routing"),
    **dict.fromkeys(("freeze", "thaw", "flush", "reload", "drain", "stop-listener"), "service"),
    **dict.fromkeys(("alias", "recipient"), "recipients"),
    **dict.fromkeys(("classify", "shape"), "replies"),
    **dict.fromkeys(("backup", "restore"), "backup"),
}
NAMES: Final = tuple(name for names in SECTIONS.values() for name in names)
_EXAMPLES: Final = (
    ("explain user@example.com", "why mail is not delivered"),
    ("list --domain example.com", "what waits there"),
    ("find --sender me@example.org", "live and past mail"),
    ("hold 4711 01JD3KQ9", "hold some mail"),
    ("retry --class greylist --dry-run", "only look"),
)


class Verbs(click.Group):
    """The verbs in sections, with examples. It remembers the command line for the audit."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and remember what was given."""
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all verbs."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of this name; its module is imported now. None if no verb has this name."""
        return self.verb(cmd_name) if cmd_name in NAMES else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As of any group; a name that there is not gets the one that was meant, as far as it can be told."""
        name = args[0]
        if name not in NAMES and not name.startswith("-"):
            meant = get_close_matches(name, NAMES, n=1)
            ctx.fail(f"No such command '{name}'." + (f" Did you mean '{meant[0]}'?" if meant else ""))
        return super().resolve_command(ctx, args)

    def verb(self, name: str) -> click.Command:
        """The verb *name*, one of NAMES, with its examples."""
        if name not in self.commands:
            module = import_module(f"empath.cli.admin.{_SHARED.get(name, name.replace('-', '_'))}")
            for verb in module.VERBS:
                add_examples(verb)
                self.add_command(verb)
        return self.commands[name]

    def load(self) -> None:
        """Have all verbs in `commands`."""
        for name in NAMES:
            self.verb(name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list for each section, in columns of one width."""
        width = max(map(len, NAMES)) + 2
        limit = formatter.width - 4 - width
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width - 2), self.verb(name).get_short_help_str(limit)) for name in names]
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            formatter.write_dl([(f"{NAME} {words}", meaning) for words, meaning in _EXAMPLES], col_max=60)
