"""
domain_reports - a report about a period, from its rows and the configuration
"""

import json
from typing import Final

from empath import __version__
from empath.authentication.dmarc_record import find_record
from empath.config.model import Config
from empath.message.aggregate.dmarc import DmarcReport, DmarcRow
from empath.message.aggregate.tls import TlsFailure, TlsPolicyResult, TlsReport
from empath.policy.tls_results import STS
from empath.storage.engine import Selects
from empath.storage.queue.domain_reports import DuePeriod, dmarc_rows
from empath.storage.queue.sts_policies import find_policy
from empath.storage.queue.tls_counts import tls_rows

GENERATOR: Final = f"Empath {__version__}"


def dmarc_report(config: Config, reader: Selects, period: DuePeriod) -> DmarcReport:
    """
    What is counted for *period*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    record = find_record([period.policy])
    settings, hostname = config.dmarc_reports, str(config.hostname)
    rows = tuple(
        DmarcRow(
            **{name: value for name, value in row.items() if name != "dkim_results"},
            dkim_results=tuple(map(tuple, json.loads(row["dkim_results"]))),
        )
        for row in dmarc_rows(reader, period)
    )
    left_out = f"{period.left_out} messages with too many different results are left out"
    return DmarcReport(
        org_name=settings.org_name or hostname,
        email=str(settings.address or config.postmaster),
        report_id=f"{period.domain}.{period.begin_at}@{hostname}",
        begin_at=period.begin_at,
        end_at=period.end_at,
        domain=period.domain,
        policy={} if record is None else record.published,
        rows=rows,
        contact=settings.contact or "",
        error=left_out if period.left_out else "",
    )


def tls_report(config: Config, reader: Selects, period: DuePeriod) -> TlsReport:
    """
    What is counted for *period*, under each policy.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    settings, hostname = config.tls_reports, str(config.hostname)
    rows = tls_rows(reader, period)
    kept = find_policy(reader, period.domain)
    found = []
    for kind in dict.fromkeys(count.kind for count, _ in rows):
        own = [(count, sessions) for count, sessions in rows if count.kind == kind]
        policy = kept.policy if kind == STS and kept is not None else None
        failures = tuple(
            TlsFailure(count.result, sessions, count.host, "", count.receiving_ip, count.reason)
            for count, sessions in own
            if count.result
        )
        found.append(
            TlsPolicyResult(
                kind,
                period.domain,
                successes=sum(sessions for count, sessions in own if not count.result),
                failed=sum(each.sessions for each in failures),
                lines=() if policy is None else tuple(policy.octets.decode().splitlines()),
                mx=() if policy is None else policy.patterns,
                failures=failures,
            )
        )
    return TlsReport(
        org_name=settings.org_name or hostname,
        contact=settings.contact or str(settings.address or config.postmaster),
        report_id=f"{period.domain}.{period.begin_at}@{hostname}",
        begin_at=period.begin_at,
        end_at=period.end_at,
        policies=tuple(found),
    )
