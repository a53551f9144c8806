"""
empath-admin - see and steer the queue

Results go to standard output, messages about them to standard error.  Every verb works on the queue database itself,
whether or not the server runs.  A running server sees a change within half a second.
"""

import click

from empath import __version__
from empath.cli.admin.output import NAME
from empath.cli.admin.verbs import Verbs
from empath.cli.common import config_option, run_process


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@config_option(envvar="EMPATH_CONFIG")
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
def admin() -> None:
    """See and steer the mail queue of Empath."""


def main() -> None:
    """Entry of the command."""
    run_process(admin, NAME)


if __name__ == "__main__":
    main()
