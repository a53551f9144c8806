"""
empath-admin - see and steer the queue

Results go to standard output, messages about them to standard error.  Every verb works on the queue database itself,
whether or not the server runs.  A running server sees a change within half a second.

Each other module of this package has some verbs, in its VERBS.  This module adds them to the command.
"""

import click

from empath import __version__
from empath.cli.admin import (
    account,
    completion,
    dkim,
    dns,
    doctor,
    explain,
    fsck,
    greylist,
    health,
    modules,
    orders,
    read,
    recipients,
    reconcile,
    replies,
    report_preview,
    routing,
    rule,
    service,
    sessions,
    source,
    sql,
    suppress,
    suspension,
    tls,
    token,
    verify,
    warmup,
)
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, run_process


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@config_option(envvar="EMPATH_CONFIG")
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
def admin() -> None:
    """See and steer the mail queue of Empath."""


for module in (
    read,
    explain,
    orders,
    reconcile,
    account,
    token,
    recipients,
    greylist,
    suppress,
    rule,
    source,
    warmup,
    replies,
    modules,
    sessions,
    service,
    suspension,
    sql,
    fsck,
    doctor,
    health,
    dns,
    dkim,
    verify,
    tls,
    routing,
    report_preview,
    completion,
):
    for verb in module.VERBS:
        admin.add_command(verb)


def main() -> None:
    """Entry of the command."""
    run_process(admin, NAME)


if __name__ == "__main__":
    main()
