"""sweeping - rows that are forgotten when their time is over: which, how often, and what the configuration says"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from empath.config.model import Config
from empath.daemon.housekeeper.rounds import rest
from empath.daemon.process.runtime import Runtime
from empath.storage.engine import Reader
from empath.storage.queue.destination_rules import ENDED, RESTS_ENDED
from empath.storage.queue.dns_cache import DNS_ANSWERS, DNS_ORDERS
from empath.storage.queue.domain_reports import CLOSED
from empath.storage.queue.events import EVENTS
from empath.storage.queue.feedback import FEEDBACK
from empath.storage.queue.hold_rules import ENDED as HOLDS_ENDED
from empath.storage.queue.injection import INJECTIONS
from empath.storage.queue.listener_limits import ENDED as LIMITS_ENDED
from empath.storage.queue.log_levels import ENDED as LEVELS_ENDED
from empath.storage.queue.received_reports import RECEIVED
from empath.storage.queue.redaction import REDACTIONS
from empath.storage.queue.seals import SEALS
from empath.storage.queue.sweep import (
    DEDUP,
    GREYLIST,
    PLAN_RECIPIENTS,
    PLANS,
    STS_POLICIES,
    SUPPRESSIONS,
    VERIFICATIONS,
    Kept,
    outdated,
)
from empath.storage.queue.transcripts import CLIENT_TRANSCRIPTS, HOST_TRANSCRIPTS


def _none(_: Config) -> int:
    return 0


class Sweep(NamedTuple):
    """
    Rows that are looked at together, one kind after the other.

    Shape: name is for the log; period_s is the time from one look to the next; most gives the bound of rows, 0 for
    none, and kept_s the seconds for which rows stay after their time.
    """

    name: str
    period_s: float
    kept: tuple[Kept, ...]
    most: Callable[[Config], int] = _none
    kept_s: Callable[[Config], float] = _none


def _longest(config: Config) -> float:
    """Rows that a seal speaks of are gone after this."""
    kept = config.retention
    return max(kept.audit_s, kept.final_s, kept.delivered_s)


def _transcripts_kept_s(config: Config) -> float:
    redacted_after_s = config.audit.redaction.after_s
    kept_s = config.transcripts.retention_s
    return kept_s if redacted_after_s is None else min(kept_s, redacted_after_s)


SWEEPS: Final = (
    Sweep("ended_rules", 0.5, (ENDED, HOLDS_ENDED, LEVELS_ENDED, LIMITS_ENDED, RESTS_ENDED)),
    Sweep("greylist", 5.0, (GREYLIST,), most=lambda config: config.greylist.rows),
    Sweep("verifications", 5.0, (VERIFICATIONS,), most=lambda config: config.verification.rows),
    Sweep("suppressions", 5.0, (SUPPRESSIONS,), most=lambda config: config.suppression.rows),
    Sweep("dns_answers", 5.0, (DNS_ANSWERS,), most=lambda config: config.dns.cache_rows),
    Sweep("dns_orders", 5.0, (DNS_ORDERS,)),
    Sweep("duplicates", 5.0, (DEDUP, INJECTIONS)),
    Sweep(
        "events",
        5.0,
        (EVENTS,),
        most=lambda config: config.events.rows,
        kept_s=lambda config: config.events.retention_s,
    ),
    Sweep(
        "feedback",
        60.0,
        (FEEDBACK,),
        most=lambda config: config.feedback.rows,
        kept_s=lambda config: config.feedback.retention_s,
    ),
    Sweep(
        "transcripts",
        5.0,
        (CLIENT_TRANSCRIPTS, HOST_TRANSCRIPTS),
        most=lambda config: config.transcripts.rows,
        kept_s=_transcripts_kept_s,
    ),
    Sweep("planned_orders", 60.0, (PLAN_RECIPIENTS, PLANS)),  # the rows of recipients are found by their plans
    Sweep("sts_policies", 60.0, (STS_POLICIES,)),
    Sweep("closed_reports", 60.0, (CLOSED, RECEIVED), kept_s=lambda config: config.dmarc_reports.keep_s),
    Sweep("redactions", 60.0, (REDACTIONS,)),
    Sweep("old_seals", 60.0, (SEALS,), kept_s=_longest),
)


def sweep(runtime: Runtime, reader: Reader, rows: Sweep) -> None:
    """Remove *rows* that are over, and those that are too many. *reader* reads the queue, in the hub."""
    most, kept_s = rows.most(runtime.config), rows.kept_s(runtime.config)
    for kept in rows.kept:
        while (forgetting := outdated(reader, kept, time.time() - kept_s, most=most)) is not None:
            if not rest(runtime):
                return
            runtime.writer.commit(forgetting)
