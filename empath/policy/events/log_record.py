"""
log_record - an event as a record of a log, by the names that OpenTelemetry gives to what it is about

A row of the audit says who did what to which thing, and with which result. All other events are of mail.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from empath.mail.status import RecipientStatus
from empath.policy.audit_export import result_of
from empath.policy.events.form import Event, record_of

INFO: Final = 9  # SeverityNumber of OpenTelemetry
WARN: Final = 13
_WARNINGS: Final = frozenset({
    RecipientStatus.BOUNCED.value, RecipientStatus.EXPIRED.value, RecipientStatus.HELD.value, "lost", "maybe_delivered",
    "refused", "suppressed", "gap",
})  # fmt: skip
_OWN: Final = "mail."
# Members whose attribute has another name than their own after "mail.".
ATTRIBUTES: Final[Mapping[str, str]] = {
    "account": "user.name",
    "client_address": "client.address",
    "host": "server.address",
    "peer_address": "network.peer.address",
    "stage": "smtp.stage",
    "code": "smtp.code",
    "reply": "smtp.reply",
    "tls_version": "tls.protocol.version",
    "tls_cipher": "tls.cipher",
    "audit_id": "audit.id",
    "who": "audit.actor",
    "what": "audit.action",
    "object": "audit.object",
    "before": "audit.before",
    "after": "audit.after",
}
_OF_THE_RECORD: Final = frozenset({"version", "id", "at", "type"})
Value = str | int | float | bool


class LogRecord(NamedTuple):
    """
    One record.

    Shape: at in Unix seconds; severity is a SeverityNumber; name is that of the event, such as `mail.bounced`; body is
    the JSON form of the event; attributes are names and values.
    """

    at: float
    severity: int
    name: str
    body: str
    attributes: tuple[tuple[str, Value], ...]


def log_record(event: Event, queue: str) -> LogRecord:
    """*event* of the queue with the key *queue*; `event.key` is the same each time that it is sent."""
    record = record_of(event)
    attributes: dict[str, Value] = {"event.key": f"{queue}-{event.event_id}"}
    for name, value in record.items():
        if name not in _OF_THE_RECORD:
            attributes[ATTRIBUTES.get(name, f"{_OWN}{name}")] = _plain(value)
    what = event.detail.get("what")
    if event.type == "audited" and isinstance(what, str):
        attributes["audit.result"] = result_of(what)
    body = json.dumps(record, ensure_ascii=False)
    severity = WARN if event.type in _WARNINGS else INFO
    return LogRecord(event.at, severity, f"{_OWN}{event.type}", body, (*attributes.items(),))


def _plain(value: Any) -> Value:
    return value if isinstance(value, str | int | float | bool) else json.dumps(value)
