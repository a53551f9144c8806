"""
empath-admin - see and steer the queue

Results go to standard output, messages about them to standard error.  Every verb works on the queue database itself,
whether or not the server runs.  A running server sees a change within half a second.

Each other module of this package has some verbs, in its VERBS.  This module adds them to the command.
"""

from typing import Final

import click

from empath import __version__
from empath.cli.admin import (
    account,
    audit,
    backup,
    completion,
    config,
    dkim,
    dns,
    doctor,
    error,
    events,
    explain,
    forget,
    fsck,
    greylist,
    health,
    hold_rule,
    import_postfix,
    limit,
    log_level,
    modules,
    orders,
    plan,
    read,
    recipients,
    reconcile,
    replies,
    report_preview,
    reports,
    repro,
    routing,
    rule,
    service,
    sessions,
    show,
    snapshot,
    source,
    sql,
    suppress,
    suspension,
    tls,
    token,
    top,
    trace,
    track,
    transcript,
    verify,
    warmup,
    whatif,
)
from empath.cli.admin.examples import add_examples
from empath.cli.admin.options import ARGUMENTS
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, run_process

SECTIONS: Final = (
    ("See the mail", (read, top, explain, show, track, transcript, events)),
    ("Steer the mail", (orders, hold_rule, plan, whatif, suspension, routing, reconcile)),
    ("Steer the service", (service, limit, log_level, trace, sessions, config, modules, health)),
    ("Who may send and receive", (account, token, recipients, greylist, suppress)),
    ("Where mail goes, and how", (rule, source, warmup, replies, dns, tls, dkim, verify, reports, report_preview)),
    ("The database", (sql, fsck, audit, forget, backup, snapshot, repro)),
    ("This host", (doctor, error, import_postfix, completion)),
)
_EXAMPLES: Final = (
    ("explain user@example.com", "why mail is not delivered"),
    ("list --domain example.com", "what waits there"),
    ("find --sender me@example.org", "live and past mail"),
    ("hold 4711 01JD3KQ9", "hold some mail"),
    ("retry --class greylist --dry-run", "only look"),
)


class _Verbs(click.Group):
    """The verbs in sections, with examples. It remembers the command line for the audit."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and remember what was given."""
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list for each section, in columns of one width."""
        width = max(map(len, self.commands)) + 2
        for title, members in SECTIONS:
            verbs = [verb for module in members for verb in module.VERBS]
            limit = formatter.width - 4 - width
            with formatter.section(title):
                formatter.write_dl(
                    [(str(verb.name).ljust(width - 2), verb.get_short_help_str(limit)) for verb in verbs]
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            formatter.write_dl([(f"{NAME} {words}", meaning) for words, meaning in _EXAMPLES], col_max=60)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@config_option(envvar="EMPATH_CONFIG")
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
def admin() -> None:
    """See and steer the mail queue of Empath."""


for _, modules_of_section in SECTIONS:
    for module in modules_of_section:
        for verb in module.VERBS:
            admin.add_command(verb)
add_examples(admin)


def main() -> None:
    """Entry of the command."""
    run_process(admin, NAME)


if __name__ == "__main__":
    main()
