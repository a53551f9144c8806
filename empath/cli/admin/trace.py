"""trace - what is said in SMTP dialogues, while it is said"""

import time
from typing import Any, Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, json_option, who
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, say
from empath.daemon.process.trace_sockets import MOST_S, TraceReader
from empath.errors import PermissionRefused, ServiceUnavailable, SyntaxViolation, UsageError
from empath.mail.printable import printable
from empath.mail.words import count
from empath.policy.service_part import Scope, ServicePart

_OPTIONS: Final = {
    Scope.AREA: "--area",
    Scope.CLIENT: "--client",
    Scope.DESTINATION: "--destination",
    Scope.MESSAGE: "--id",
}
_ANSWER_S: Final = 2.0  # time for the first process to answer
_NONE_ANSWERS: Final = "no process can be traced: the service does not run, or is of an older version"


@click.command()
@config_option()
@click.option("--client", metavar="NETWORK", help="Sessions of clients with this address, or in this network.")
@click.option("--destination", metavar="NAME", help="Connections for this destination, domain or *.domain.")
@click.option("--id", "queue_id", metavar="ID", help="Connections that this message goes out over.")
@click.option(
    "--for", "for_s", type=SPAN, default="5m", show_default=True, metavar="DURATION", help="End after this time."
)
@json_option("One JSON object for each line.")
@click.pass_context
def trace(
    context: click.Context,
    *,
    client: str | None,
    destination: str | None,
    queue_id: str | None,
    for_s: float,
    is_json: bool,
) -> None:
    """
    Show what clients or hosts say and hear, until Ctrl-C.

    Passwords and content are never shown, only their sizes. C is the client of the dialogue, S the server.
    """
    config = lenient_configuration(context)
    part = part_of({Scope.CLIENT: client, Scope.DESTINATION: destination, Scope.MESSAGE: queue_id})
    if for_s > MOST_S:
        raise UsageError("--for takes a duration up to 1d")
    reader = TraceReader(config.queue.path, part, for_s, who())
    began = time.monotonic()
    traced = lines = 0
    try:
        for record in reader.records():
            if record is None:
                if not traced and time.monotonic() - began > _ANSWER_S:
                    raise ServiceUnavailable(
                        "no process can be traced: the service does not run, or is of an older version"
                    )
                continue
            if "error" in record:
                raise ServiceUnavailable(f"no trace: {record['error']}")
            if "begun" in record:
                if not traced and not is_json:
                    say(NAME, f"tracing {part}; Ctrl-C ends it")
                traced += 1
            lines += "text" in record
            if is_json:
                output.write_json(record)
            elif words := shown(record):
                click.echo(words)
    except KeyboardInterrupt:
        pass
    except PermissionError as exc:
        raise PermissionRefused("only root and the user of the service may trace") from exc
    if not is_json:
        say(NAME, count(lines, "line"))


def part_of(given: dict[Scope, str | None]) -> ServicePart:
    """The part that the options name."""
    named = [(scope, pattern) for scope, pattern in given.items() if pattern is not None]
    if len(named) != 1:
        raise UsageError(f"give one of {', '.join(_OPTIONS[scope] for scope in given)}")
    try:
        return ServicePart.parse(*named[0])
    except SyntaxViolation as exc:
        raise UsageError(str(exc)) from exc


def shown(record: dict[str, Any]) -> str:
    """*record* for people; empty where there is nothing to see."""
    if "text" in record:
        at = time.strftime("%H:%M:%S", time.gmtime(record["at"])) + f"{record['at'] % 1:.3f}"[1:]
        number = f"#{record['session']}" if record["session"] else ""
        queue_id = f" {record['queue_id']}" if record["queue_id"] else ""
        return printable(f"{at} {record['peer']}{number}{queue_id} {record['speaker']}: {record['text']}")
    if record.get("left_out") and "ended" not in record:
        return f"({record['process']} leaves out {count(record['left_out'], 'line')})"
    return ""


VERBS: Final = (trace,)
