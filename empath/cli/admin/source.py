"""source - the addresses that mail goes out from: see them, let one rest, end that"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import DURATION, ParsedType, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.config import Config
from empath.errors import UsageError
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.sources import FAMILIES, SourceAddress, parse_address
from empath.storage.admin import sources as storage
from empath.storage.admin.json_form import as_json
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("POOL"), Column("ADDRESS"), Column("WEIGHT", 2), Column("HOSTNAME", 3), Column("RESTS-UNTIL")),
    *(
        Column("CONNECTIONS", 1),
        Column("DELIVERIES", 1),
        Column("FAILURES", 1),
        Column("WHO", 4),
        Column("REASON", 0, 12),
    ),
)
_ADDRESS: Final = ParsedType("address", parse_address)
_MOST_REASON: Final = 1_000  # characters, as in sql/sqlite/control/source.sql
_DAY_S: Final = 86_400.0


@click.group(short_help="See the addresses that mail goes out from.")
def source() -> None:
    """See the addresses that mail goes out from, and let one rest."""


@source.command("list")
@config_option()
@json_option("One JSON object for each address of a pool.")
@click.pass_context
def list_sources(context: click.Context, is_json: bool) -> None:
    """
    Show the addresses of [sources] and their use.

    Shows which of them rest and why, and what went out from each in the last 24 hours.

    CONNECTIONS counts those that were opened, DELIVERIES and FAILURES the attempts for recipients, all by what is on
    record.
    """
    config = lenient_configuration(context)
    now = time.time()
    resting, used = storage.rests_and_use(open_queue(config), now=now, since=now - _DAY_S)
    records = _records(config, {rest.address: rest for rest in resting}, {use.source: use for use in used})
    if is_json:
        for record in records:
            output.write_json(record)
        return
    if records:
        output.write_table(_COLUMNS, [_row(record) for record in records])
    say(NAME, f"{count(len(records), 'address')}, {len(resting)} at rest")


def _records(
    config: Config, resting: dict[str, storage.Rest], used: dict[str, storage.SourceUse]
) -> list[dict[str, object]]:
    """The members of each pool, then addresses that rest, or were used, and are in no pool now."""
    members: list[tuple[str | None, SourceAddress]] = [
        (pool.name, member) for pool in config.source_pools.values() for member in pool.members
    ]
    known = {member.address for _, member in members}
    members += [(None, SourceAddress(address)) for address in sorted((resting.keys() | used.keys()) - known)]
    records = []
    for pool, member in members:
        rest, use = resting.get(member.address), used.get(member.address)
        record = {
            "pool": pool, "address": member.address, "weight": None if pool is None else member.weight,
            "hostname": member.hostname,
            "rests_until": None if rest is None else rest.expires_at,
            "reason": None if rest is None else rest.reason, "who": None if rest is None else rest.who,
            "connections": 0 if use is None else use.connections, "deliveries": 0 if use is None else use.deliveries,
            "failures": 0 if use is None else use.failures,
        }  # fmt: skip
        records.append(as_json(record))
    return records


def _row(record: dict[str, object]) -> tuple[object, ...]:
    shown = (
        "pool",
        "address",
        "weight",
        "hostname",
        "rests_until",
        "connections",
        "deliveries",
        "failures",
        "who",
        "reason",
    )
    return tuple(record[name] for name in shown)


@source.command("rest")
@config_option()
@click.argument("address", type=_ADDRESS)
@click.option("--for", "for_s", type=DURATION, required=True, metavar="DURATION", help="How long, such as 6h.")
@click.option("--reason", metavar="TEXT", help="Why, for people: `source list` and the view show it.")
@wait_option
@json_option()
@click.pass_context
def rest_source(
    context: click.Context, *, address: str, for_s: float, reason: str | None, wait_s: float, is_json: bool
) -> None:
    """
    Send no mail from ADDRESS for a while.

    The others of its pool take its share. Mail under way is finished; connections that wait are not used again. While
    no address of a pool is left, its mail is deferred. The rest survives a restart and ends by itself.
    """
    if for_s <= 0:
        raise UsageError("--for takes a time such as 6h")
    if reason is not None and not 1 <= len(reason) <= _MOST_REASON:
        raise UsageError(f"--reason takes up to {_MOST_REASON} characters")
    config = lenient_configuration(context)
    now = time.time()
    until = round(now + for_s, 3)
    order = storage.RestSource(address, now=now, expires_at=until, reason=reason, who=who())
    carry_out(open_queue(config), order, deadline_s=wait_s)
    others = {pool.name: pool.company(address) for pool in config.source_pools.values()}
    pools = [name for name, company in others.items() if company is not None]
    if is_json:
        record = {"address": address, "rests_until": until, "reason": reason, "before_until": order.before}
        output.write_json({**record, "pools": pools})
        return
    why = f" ({printable(reason)})" if reason else ""
    click.echo(f"{address} rests until {instant(until)}{why}")
    if order.before is not None:
        say(NAME, f"it rested until {instant(order.before)} before")
    if not pools:
        say(NAME, f"it has no effect: no pool of [sources] has {address}")
    for name in pools:
        if order.resting.issuperset(others[name] or ()):
            family = FAMILIES[":" in address]
            say(
                NAME,
                f"no {family} address of the pool {name} is left: its mail to {family} hosts is deferred meanwhile",
            )


@source.command("wake")
@config_option()
@click.argument("addresses", type=_ADDRESS, nargs=-1, required=True, metavar="ADDRESS...")
@wait_option
@json_option()
@click.pass_context
def wake(context: click.Context, addresses: tuple[str, ...], wait_s: float, is_json: bool) -> None:
    """Let mail go out from each ADDRESS again, all or none."""
    carry_out(open_queue(lenient_configuration(context)), storage.WakeSources(addresses, who=who()), deadline_s=wait_s)
    woken = list(dict.fromkeys(addresses))
    if is_json:
        output.write_json({"addresses": woken})
        return
    click.echo(f"mail goes out again from {', '.join(woken)}")


VERBS: Final = (source,)
