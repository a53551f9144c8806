"""doctor - doctor: check the machine, the queue and the service"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import ParsedType, json_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import FINDINGS, config_option, named_file, open_queue, say
from empath.config import Config
from empath.policy.dnsbl import Blocklist
from empath.policy.health import Diagnosis, Level
from empath.policy.limits.session import wanted_space_octets
from empath.policy.recipients import Source
from empath.storage.admin.doctor import diagnose_queue
from empath.storage.admin.doctor_past import diagnose_past
from empath.storage.admin.doctor_pickup import diagnose_pickup
from empath.storage.admin.doctor_rows import diagnose_rows
from empath.storage.admin.events import diagnose_consumers
from empath.storage.open import open_past_mail

_CORRECT: Final = "correct it; `empathd check` reads the file again"
_TABLE: Final = (Column("SUBJECT"), Column("STATE"), Column("FOUND", 0, 20), Column("REMEDY", 0, 20))


@click.command()
@config_option()
@click.option("--reach", metavar="HOST", help="Try whether a connection to port 25 of HOST, outside, is let through.")
@click.option(
    "--blocklist",
    "blocklists",
    multiple=True,
    type=ParsedType("zone", lambda text: Blocklist.parse(text).zone),
    metavar="ZONE",
    help="Ask this blocklist about the addresses of this host, such as zen.spamhaus.org; several.",
)
@json_option("One JSON object for each check, a line each.")
@click.pass_context
def doctor(context: click.Context, *, reach: str | None, blocklists: tuple[str, ...], is_json: bool) -> None:
    """
    Check host, queue and service, also as others see it.

    Says what is wrong and what to do, and changes nothing. The exit code is 0 if there is no error, else 4.
    """
    # All load what no other verb needs.
    from empath.cli.admin.dns_answers import resolver  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_dkim import diagnose_dkim  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_dns import diagnose_dns  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_holds import diagnose_holds  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_limits import diagnose_limits  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_milter import diagnose_milters  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_rules import diagnose_rules  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_sts import diagnose_sts  # noqa: PLC0415 - slow to load
    from empath.cli.admin.doctor_world import Wanted, diagnose_world  # noqa: PLC0415 - slow to load
    from empath.config.doubtful import doubts  # noqa: PLC0415 - slow to load
    from empath.config.file_uses import shared_files  # noqa: PLC0415 - slow to load
    from empath.config.salvage import load_leniently  # noqa: PLC0415 - slow to load
    from empath.config.workable.check import contradictions  # noqa: PLC0415 - slow to load
    from empath.config.workable.contradiction import located  # noqa: PLC0415 - slow to load
    from empath.config.workable.server_queue import unbuilt_words  # noqa: PLC0415 - slow to load
    from empath.daemon.process.certificates import diagnose_certificate, examine_certificates  # noqa: PLC0415 - slow to load
    from empath.daemon.process.health import diagnose_answer  # noqa: PLC0415 - slow to load
    from empath.daemon.process.next_hop_files import examine_next_hops  # noqa: PLC0415 - slow to load
    from empath.daemon.process.secrets import examine_secrets  # noqa: PLC0415 - slow to load
    from empath.daemon.process.signing import examine_signing  # noqa: PLC0415 - slow to load
    from empath.daemon.process.slots import slots  # noqa: PLC0415 - slow to load
    from empath.daemon.supervisor import launch  # noqa: PLC0415 - slow to load
    from empath.daemon.supervisor.doctor import diagnose_instance, diagnose_machine  # noqa: PLC0415 - slow to load
    from empath.net.interfaces import Interfaces  # noqa: PLC0415 - slow to load

    file = named_file(context)
    config, mistakes = load_leniently(file)
    certificates = examine_certificates(config)
    unfit = [] if mistakes else [
        *contradictions(config), *doubts(config), *shared_files(config, file), *certificates.wrong,
        *examine_next_hops(config), *examine_signing(config), *examine_secrets(config),
    ]  # fmt: skip
    found = [Diagnosis("configuration", Level.ERROR, line, _CORRECT) for line in mistakes.splitlines()]
    for each in unfit:
        level = Level.WARNING if each.is_warning else Level.ERROR
        found.append(Diagnosis("configuration", level, located(file, [each]), _CORRECT))
    found.append(diagnose_instance(config))
    if not mistakes:  # the settings that are left out are not those of the service
        found += diagnose_machine(file, config, diagnose_answer)
        found += [diagnose_certificate(certificate, time.time()) for _, certificate in certificates.presented]
        found += diagnose_dns(config, resolver(config))
        found += diagnose_sts(config, resolver(config), certificates.presented)
        wanted = Wanted(Interfaces().addresses(), bool(launch.status(config).is_running), reach, blocklists)
        found += diagnose_world(config, resolver(config), certificates.presented, wanted, time.time())
    found += [Diagnosis("not built", Level.OK, words) for words in unbuilt_words(config)]
    found += diagnose_queue(
        open_queue(config),
        config.process.user,
        wanted_octets=wanted_space_octets(config.queue.reserve_octets, config.largest_message_octets),
        log_limit_octets=config.queue.wal_limit_octets,
        is_running=launch.status(config).is_running,
        slots=() if mistakes else slots(config),
        now=time.time(),
    )
    if not mistakes:
        rules = config.greylist.rules if config.greylist.enabled else None
        if config.pickup.directory is not None:
            is_running = launch.status(config).is_running
            found.append(diagnose_pickup(config.pickup.directory, time.time(), is_running=is_running))
        found += diagnose_rows(open_queue(config), _listed(config), rules)
        found += diagnose_consumers(open_queue(config))
        found += diagnose_past(
            open_queue(config),
            open_past_mail(config.queue.path),
            is_kept=config.track.is_kept,
            is_running=bool(launch.status(config).is_running),
            now=time.time(),
        )
        found += diagnose_rules(config, open_queue(config), time.time())
        found += diagnose_limits(config, open_queue(config), time.time())
        found += diagnose_holds(open_queue(config), time.time())
        found += diagnose_dkim(config)
        found += diagnose_milters(config)
    _write(found, context, is_json=is_json)


def _listed(config: Config) -> list[str]:
    """The domains whose addresses are in the view `recipient_list`."""
    return [
        str(pattern)
        for pattern, rule in config.recipients_by_pattern.items()
        if rule.source is Source.LISTED and rule.path is None and not str(pattern).startswith("*")
    ]


def _write(found: list[Diagnosis], context: click.Context, *, is_json: bool) -> None:
    if is_json:
        for diagnosis in found:
            output.write_json(diagnosis)
    else:
        output.write_table(_TABLE, [(d.subject, d.level, d.found, d.remedy) for d in found])
    errors = sum(d.level is Level.ERROR for d in found)
    warnings = sum(d.level is Level.WARNING for d in found)
    say(NAME, f"{errors} error{'s' if errors != 1 else ''}, {warnings} warning{'s' if warnings != 1 else ''}")
    if errors:
        context.exit(FINDINGS)


VERBS: Final = (doctor,)
