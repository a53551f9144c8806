"""health - health: whether the service is ready for mail, by the checks of /health/ready"""

import time
from contextlib import AbstractContextManager
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import json_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, configuration, open_queue, say
from empath.policy.readiness import Result, is_ready, readiness_record, readiness_words
from empath.storage.admin.records import Stats
from empath.storage.admin.snapshot import Snapshot
from empath.storage.engine import Selects

_NOT_READY: Final = 1  # what a container's HEALTHCHECK takes for unhealthy
_TABLE: Final = (Column("COMPONENT"), Column("STATE"), Column("REASON", 0, 20), Column("REMEDY", 0, 20))


@click.command()
@config_option()
@json_option("The same JSON object as /health/ready.")
@click.pass_context
def health(context: click.Context, is_json: bool) -> None:
    """
    Say whether the service is ready for mail.

    Does the checks of /health/ready itself, so that it needs no [http]. The exit code is 0 if the service is ready,
    else 1.
    """
    from empath.daemon.process.health import HealthChecks  # noqa: PLC0415 - loads what no other verb needs

    _, config = configuration(context)
    engine = open_queue(config)

    def reading() -> AbstractContextManager[Selects]:
        return engine.visiting(None)

    def read_stats() -> Stats:
        with Snapshot(engine) as snapshot:
            return snapshot.stats(0, time.time())

    checks = HealthChecks(config, engine, reading=reading, read_stats=read_stats)
    results = {name: Result(checks.run(name), 0.0) for name in checks.components}
    if is_json:
        output.write_json(readiness_record(results))
    else:
        rows = [(name, each.diagnosis) for name, each in results.items()]
        output.write_table(_TABLE, [(name, d.level, d.found, d.remedy) for name, d in rows])
        say(NAME, readiness_words(results))
    if not is_ready(results):
        context.exit(_NOT_READY)


VERBS: Final = (health,)
