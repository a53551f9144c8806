"""report - messages, processes and numbers, as lines for people and as records for programs"""

from collections.abc import Sequence
from typing import Final

import click

from empath.cli.admin.output import Column, write_pairs, write_table
from empath.mail.identity import Timestamp
from empath.mail.status import LIVE, WAITING, RecipientStatus
from empath.mail.words import instant, path
from empath.storage.admin.records import (
    AttemptRow,
    ClassLoad,
    Message,
    ProcessRun,
    Recipient,
    Stats,
)
from empath.storage.admin.stats_record import oldest_age_s

_ATTEMPTS: Final = (
    Column("AT"), Column("SECONDS", 4), Column("OUTCOME"), Column("STAGE", 2), Column("CLASS", 4),
    Column("HOST", 3, 12), Column("REPLY", 1, 16),
)  # fmt: skip
_PROCESSES: Final = (
    Column("PROCESS"), Column("SLOT"), Column("PID"), Column("LIVENESS"), Column("LEASES", 1), Column("STARTED", 2),
    Column("SILENT-S", 1), Column("NODE", 3, 12), Column("VERSION", 4),
)  # fmt: skip
_STATUSES: Final = (Column("STATUS"), Column("RECIPIENTS"))
_CLASSES: Final = (
    Column("CLASS"), Column("ATTEMPTS"), Column("RECIPIENTS", 1), Column("DESTINATIONS", 1), Column("DEFERRED", 1),
    Column("BOUNCED", 1), Column("EXPIRED", 2), Column("LAST", 1),
)  # fmt: skip
_DESTINATIONS: Final = (
    Column("DESTINATION", 0, 20), Column("LIVE"), Column("QUEUED", 1), Column("DEFERRED", 1), Column("LEASED", 3),
    Column("HELD", 2), Column("FAILING", 2), Column("SUSPENDED-UNTIL", 1),
    Column("BLOCKED-BY", 3, 12),
)  # fmt: skip


def write_message(message: Message) -> None:
    """Fields of the message, then a paragraph for each recipient."""
    shown = "" if len(message.recipients) == message.recipient_count else f", {len(message.recipients)} shown"
    parameters = {
        "BODY": message.body_type,
        "SMTPUTF8": "yes" if message.is_smtputf8 else None,
        "RET": message.dsn_return,
        "ENVID": message.envelope_id,
    }
    pairs: list[tuple[str, object]] = [
        ("id", message.id),
        ("sender", path(message.sender)),
        ("received", instant(message.received_at)),
        ("client", f"{message.client_address} ({message.client_name})"),
        ("listener", f"{message.listener} of {message.node}"),
        ("size_octets", message.size_octets),
        ("parameters", " ".join(f"{name}={value}" for name, value in parameters.items() if value is not None)),
        ("message-id", message.header_message_id),
        ("subject", message.subject),
        ("digest", message.digest),
        ("content", message.content_locator or "removed"),
        ("recipients", f"{message.recipient_count}{shown}"),
    ]
    if message.tls_version is not None:
        pairs.insert(4, ("tls", f"{message.tls_version} {message.tls_cipher}"))
    if message.account is not None:
        pairs.insert(4, ("account", message.account))
    write_pairs(pairs)
    for recipient in message.recipients:
        _write_recipient(recipient)


def _what_settled(recipient: Recipient) -> str:
    """What happened to it last: an order changes its fate, too."""
    if recipient.status not in LIVE:
        return "settled"
    if recipient.status == RecipientStatus.HELD:
        return "held since"
    return "last try" if recipient.attempts else "changed"


def _write_recipient(recipient: Recipient) -> None:
    optional = [
        ("given as", path(recipient.original) if recipient.original != recipient.recipient else None),
        ("sent as", None if recipient.sent_as is None else path(recipient.sent_as)),
        ("ordered", recipient.ordered),
        ("reason", recipient.reason),
        ("next try", instant(recipient.next_retry_at) if recipient.status in WAITING else None),
        ("suspended", f"until {instant(recipient.suspended_until)}" if recipient.suspended_until else None),
        ("blocked by", recipient.blocked_by),
        ("expires", instant(recipient.expires_at) if recipient.status in LIVE else None),
        (_what_settled(recipient), instant(recipient.settled_at) if recipient.settled_at is not None else None),
        ("last reply", recipient.last_reply),
        ("feedback", recipient.feedback),
        ("lost leases", recipient.lost_leases or None),
        ("notify", recipient.notify),
        ("orcpt", recipient.original_recipient),
    ]
    click.echo()
    write_pairs([("recipient", f"{recipient.recipient_id} {path(recipient.recipient)}")])
    pairs = [("status", recipient.status), ("next hop", recipient.destination), ("attempts", recipient.attempts)]
    write_pairs([*pairs, *((name, value) for name, value in optional if value is not None)], 2)
    if recipient.attempt_log:
        write_table(_ATTEMPTS, [_attempt_row(attempt) for attempt in recipient.attempt_log], 2)


def _attempt_row(attempt: AttemptRow) -> tuple[object, ...]:
    host, peer = attempt.host or "", attempt.peer_address or ""
    if peer.rpartition(":")[0].strip("[]") != host:  # an address in the place of the host name is shown once
        peer = f"{host} {peer}".strip()
    if attempt.source is not None:
        peer = f"{peer} from {attempt.source}"
    return (
        instant(attempt.started_at),
        f"{attempt.duration_s:.3f}",
        attempt.outcome,
        attempt.stage,
        attempt.bounce_class or "-",
        peer,
        attempt.reply,
    )


def header_lines(header: bytes) -> list[str]:
    """The lines as they stand; octets that are not UTF-8 are escaped."""
    return [line.decode("utf-8", "backslashreplace") for line in header.split(b"\r\n")[:-1]]


def write_processes(page: Sequence[tuple[ProcessRun, str]], now: float) -> None:
    """A line for each process, with its liveness."""
    rows = [
        (p.process_id, p.slot, p.pid, liveness, p.leases, instant(p.started_at), _age(now, p), p.node, p.version)
        for p, liveness in page
    ]
    write_table(_PROCESSES, rows)


def _age(now: float, process: ProcessRun) -> str:
    """Seconds since its last sign of life, never negative: the clock may have been set back."""
    return f"{max(0.0, now - process.beat_at):.1f}" if process.ended_at is None else "-"


def write_stats(stats: Stats, now: Timestamp) -> None:
    """Totals, then the table by status, then the busiest destinations."""
    since = stats.pauses.frozen_since
    oldest = "-" if stats.oldest_received_at is None else instant(stats.oldest_received_at)
    write_pairs(
        [
            ("delivery", "on" if since is None else f"frozen since {since}"),
            ("messages", stats.messages),
            ("size_octets", stats.size_octets),
            ("oldest", oldest),
            ("oldest_age_s", oldest_age_s(stats, now)),
            ("destinations", stats.destination_count),
            ("suspended", stats.pauses.suspended),
        ]
    )
    click.echo()
    write_table(_STATUSES, list(stats.recipients.items()))
    if stats.top_destinations:
        rows = [
            (
                d.destination,
                d.live,
                d.queued,
                d.deferred,
                d.leased,
                d.held,
                "yes" if d.is_failing else "no",
                instant(d.suspended_until),
                d.blocked_by,
            )
            for d in stats.top_destinations
        ]
        click.echo()
        write_table(_DESTINATIONS, rows)


def write_classes(classes: Sequence[ClassLoad]) -> None:
    """A line for each class of failure."""
    rows = [
        (c.bounce_class, c.attempts, c.recipients, c.destinations, c.deferred, c.bounced, c.expired, instant(c.last_at))
        for c in classes
    ]
    write_table(_CLASSES, rows)
