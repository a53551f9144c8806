"""
counted - what a report of DMARC tells of one message: the row that counts it

Messages with the same row are counted together, so a row has nothing that differs between messages of one sender.
"""

import json
from dataclasses import dataclass
from typing import Final

from empath.authentication.disposition import Action, Disposition
from empath.authentication.dmarc import DmarcResult
from empath.authentication.findings import Findings
from empath.authentication.verify import DkimResult, Result

MOST_RECORD: Final = 2_000  # octets of a record that is reported; longer ones name too much
_MOST_SIGNATURES: Final = 5
_MOST_COMMENT: Final = 200
_TREATED: Final = {
    Action.REJECT: "reject",
    Action.HOLD: "quarantine",
    Action.QUARANTINE_ROUTE: "quarantine",
}


@dataclass(frozen=True, slots=True)
class CountedRow:
    """
    Shape: domain is that of the record, whose text is record; the others are as in message.aggregate.dmarc.DmarcRow,
    dkim_results as a JSON list of lists.
    """

    domain: str
    record: str
    source_ip: str
    disposition: str
    dkim: str
    spf: str
    reason: str
    comment: str
    header_from: str
    envelope_from: str
    dkim_results: str
    spf_domain: str
    spf_result: str


def counted_row(findings: Findings, disposition: Disposition) -> CountedRow | None:
    """The row of a message; None where its domain wants no reports, or has no record that could be read."""
    dmarc = findings.dmarc
    if dmarc is None or dmarc.record is None or not dmarc.record.rua or len(dmarc.record.text) > MOST_RECORD:
        return None
    is_pass = dmarc.result is DmarcResult.PASS
    treated = _TREATED.get(disposition.action, "pass" if is_pass else "none")
    reason, comment = "", ""
    if not is_pass and treated != dmarc.record.policy:
        is_test = dmarc.record.is_testing and dmarc.result is DmarcResult.FAIL
        reason = "policy_test_mode" if is_test and treated == dmarc.policy else "local_policy"
        comment = disposition.reason[:_MOST_COMMENT] if reason == "local_policy" else ""
    sent_from = findings.sent_from
    spf = sent_from.of_sender
    return CountedRow(
        domain=dmarc.record_of,
        record=dmarc.record.text,
        source_ip=sent_from.client,
        disposition=treated,
        dkim="pass" if "dkim" in dmarc.proven else "fail",
        spf="pass" if "spf" in dmarc.proven else "fail",
        reason=reason,
        comment=comment,
        header_from=dmarc.author,
        envelope_from=sent_from.sender.rpartition("@")[2].lower(),
        dkim_results=json.dumps(_signatures(findings.dkim or ())),
        spf_domain="" if spf is None else spf.domain.lower(),
        spf_result="" if spf is None else str(spf.result),
    )


def _signatures(results: tuple[DkimResult, ...]) -> list[list[str]]:
    """Domain, selector and result of each, those that hold first, RFC 9990 §3.1.3."""
    found = [
        [each.signature.domain.lower(), each.signature.selector.lower(), str(each.result)]
        for each in sorted(results, key=lambda each: each.result is not Result.PASS)
        if each.signature is not None
    ]
    return found[:_MOST_SIGNATURES]
