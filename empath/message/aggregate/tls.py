"""
tls - a report about TLS as JSON, RFC 8460: written, and read as other hosts send it

RULES
    A file that comes is that of a stranger: depth, size and number of entries have bounds, and what is of another type
    than it should be is passed over, or ends the reading where the report makes no sense without it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.mail.printable import printable

MOST_FAILURES: Final = 10_000
MOST_TEXT: Final = 255
_MOST_POLICIES: Final = 1_000
_MOST_LINES: Final = 50  # of one policy
_MOST_DEPTH: Final = 10
_MOST_COUNT: Final = 10**10  # the sum of all rows of all reports is a number that a database can have
_SUMMARY: Final = ("total-successful-session-count", "total-failure-session-count")
_MOST_SIGNS: Final = 250_000  # of a report, in texts, too; the parser of Python cannot be interrupted
_MOST_DIGITS: Final = 20  # the time for a number grows with their square
_SIGNS: Final = (b",", b"{", b"[")
# A string that does not end goes to the end: else each quote in it would be tried.
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """Sessions that failed in the same way, RFC 8460 §4.3. Shape: result is a result-type; the others may be empty."""

    result: str
    sessions: int
    host: str = ""
    sending_ip: str = ""
    receiving_ip: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TlsPolicyResult:
    """
    What came of the sessions under one policy.

    Shape: kind is tlsa, sts or no-policy-found; lines are those of the policy, mx its hosts.
    """

    kind: str
    domain: str
    successes: int
    failed: int
    lines: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    failures: tuple[TlsFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsReport:
    """
    A report. Shape: begin_at and end_at are in Unix seconds; left_out counts failed sessions that are not told apart.
    """

    org_name: str
    contact: str
    report_id: str
    begin_at: int
    end_at: int
    policies: tuple[TlsPolicyResult, ...] = ()
    left_out: int = field(default=0, compare=False)

    @property
    def sessions(self) -> int:
        """How many sessions it tells of."""
        return sum(each.successes + each.failed for each in self.policies)


def compose_json(report: TlsReport) -> bytes:
    """The file."""
    begin, end = Timestamp(report.begin_at).iso8601(), Timestamp(report.end_at - 1).iso8601()
    whole = {
        "organization-name": report.org_name,
        "date-range": {"start-datetime": begin, "end-datetime": end},
        "contact-info": report.contact,
        "report-id": report.report_id,
        "policies": [_policy(each) for each in report.policies],
    }
    return json.dumps(whole, indent=1).encode()


def _policy(result: TlsPolicyResult) -> dict[str, Any]:
    policy: dict[str, Any] = {"policy-type": result.kind, "policy-domain": result.domain}
    if result.lines:
        policy["policy-string"] = list(result.lines)
    if result.mx:
        policy["mx-host"] = list(result.mx)
    summary = {"total-successful-session-count": result.successes, "total-failure-session-count": result.failed}
    found: dict[str, Any] = {"policy": policy, "summary": summary}
    if result.failures:
        found["failure-details"] = [_failure(each) for each in result.failures]
    return found


def _failure(failure: TlsFailure) -> dict[str, Any]:
    named = {
        "sending-mta-ip": failure.sending_ip,
        "receiving-mx-hostname": failure.host,
        "receiving-ip": failure.receiving_ip,
        "failure-reason-code": failure.reason,
    }
    shown = {name: value for name, value in named.items() if value}
    return {"result-type": failure.result, **shown, "failed-session-count": failure.sessions}


def read_json(octets: bytes) -> TlsReport:
    """
    Read a file. Failures beyond MOST_FAILURES are counted in `left_out`.

    Raises:
        SyntaxViolation: it is no report; the text is a clause that calls it "it".
    """
    _check_depth(octets)
    if sum(map(octets.count, _SIGNS)) > _MOST_SIGNS:
        raise SyntaxViolation("it has too many values")
    try:
        whole = json.loads(octets.decode("utf-8"), parse_int=_whole_number, parse_float=str)  # the latter count nowhere
    except ValueError as exc:
        raise SyntaxViolation("it is not JSON") from exc
    if not isinstance(whole, dict) or not _text(whole, "report-id"):
        raise SyntaxViolation("it lacks its report-id")
    dates = whole.get("date-range")
    room = _Room()
    policies = [
        _read_policy(each, room) for each in _list(whole, "policies")[:_MOST_POLICIES] if isinstance(each, dict)
    ]
    return TlsReport(
        org_name=_text(whole, "organization-name"),
        contact=_text(whole, "contact-info"),
        report_id=_text(whole, "report-id"),
        begin_at=_instant(dates, "start-datetime"),
        end_at=_instant(dates, "end-datetime") + 1,
        policies=tuple(policies),
        left_out=room.left_out,
    )


class _Room:
    """How many failures may still be kept."""

    def __init__(self) -> None:
        self.rows = MOST_FAILURES
        self.left_out = 0

    def take(self, failure: TlsFailure) -> bool:
        """Whether there is room for *failure*, which is counted otherwise."""
        self.rows -= 1
        if self.rows < 0:
            self.left_out += failure.sessions
        return self.rows >= 0


def _read_policy(entry: Mapping[str, Any], room: _Room) -> TlsPolicyResult:
    policy = entry.get("policy")
    summary = entry.get("summary")
    policy = policy if isinstance(policy, dict) else {}
    # Some programs leave out a number that is zero, but not both.
    summary = (
        {**dict.fromkeys(_SUMMARY, 0), **summary}
        if isinstance(summary, dict) and not summary.keys().isdisjoint(_SUMMARY)
        else {}
    )
    hosts = policy.get("mx-host")
    failures = (_read_failure(each) for each in _list(entry, "failure-details") if isinstance(each, dict))
    return TlsPolicyResult(
        kind=_text(policy, "policy-type"),
        domain=_text(policy, "policy-domain").lower(),
        successes=_count(summary, "total-successful-session-count"),
        failed=_count(summary, "total-failure-session-count"),
        lines=_texts(policy.get("policy-string")),
        mx=_texts([hosts] if isinstance(hosts, str) else hosts),
        failures=tuple(each for each in failures if room.take(each)),
    )


def _read_failure(entry: Mapping[str, Any]) -> TlsFailure:
    return TlsFailure(
        result=_text(entry, "result-type"),
        sessions=_count(entry, "failed-session-count"),
        host=_text(entry, "receiving-mx-hostname"),
        sending_ip=_text(entry, "sending-mta-ip"),
        receiving_ip=_text(entry, "receiving-ip"),
        reason=_text(entry, "failure-reason-code"),
    )


def _check_depth(octets: bytes) -> None:
    """The reader of JSON goes into itself for each level, and would use up the stack."""
    depth = 0
    for found in _BRACKETS.finditer(octets):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found[0], 0)
        if depth > _MOST_DEPTH:
            raise SyntaxViolation("it is nested too deep")


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        return ""
    return printable(" ".join(value[: 4 * MOST_TEXT].split())[:MOST_TEXT])[:MOST_TEXT]


def _texts(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(_text({"": each}, "") for each in found[:_MOST_LINES] if isinstance(each, str))


def _list(entry: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = entry.get(name)
    return value if isinstance(value, list) else []


def _whole_number(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else -1


def _count(entry: Mapping[str, Any], name: str) -> int:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_COUNT:
        raise SyntaxViolation(f"its {name} is not a number")
    return value


def _instant(dates: object, name: str) -> int:
    value = dates.get(name) if isinstance(dates, dict) else None
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
        at = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return int(at.timestamp())
    except (ValueError, OverflowError) as exc:
        raise SyntaxViolation(f"its {name} is no instant") from exc
