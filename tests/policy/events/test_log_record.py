"""test_log_record - events as records of a log, by the names of OpenTelemetry"""

import json
from pathlib import Path

from empath.policy.events.form import Event, gap, record_of
from empath.policy.events.log_record import ATTRIBUTES, INFO, WARN, log_record
from empath.policy.events.types import MEMBERS

EVENTS_PAGE = Path(__file__).parents[3] / "docs/events.md"


def test_members_are_attributes_and_the_body_is_the_json_form() -> None:
    """
    A collector searches by attributes; what has no name of its own there begins with `mail.`.
    """
    detail = {"host": "mx.example", "code": 550, "reply": "550 no", "duration": 0.5, "odd": [1]}
    event = Event(7, 10.5, "bounced", "ID", 3, "a@a.test", "b@b.test", None, "b.test", detail)
    record = log_record(event, "KEY")
    assert (10.5, WARN, "mail.bounced", record_of(event)) == (*record[:3], json.loads(record.body))
    assert {
        "event.key": "KEY-7", "mail.queue_id": "ID", "mail.recipient_id": 3, "mail.sender": "a@a.test",
        "mail.recipient": "b@b.test", "mail.destination": "b.test", "server.address": "mx.example", "smtp.code": 550,
        "smtp.reply": "550 no", "mail.duration": 0.5, "mail.odd": "[1]",
    } == dict(record.attributes)  # fmt: skip


def test_a_row_of_the_audit_has_actor_action_resource_and_result() -> None:
    """
    As its JSON form has them.
    """
    detail = {"audit_id": 4, "who": "token:ci", "what": "status", "object": None, "before": "queued", "after": "held"}
    record = log_record(Event(8, 1.0, "audited", "ID", 3, detail=detail), "KEY")
    attributes = dict(record.attributes)
    assert (INFO, "mail.audited") == record[1:3]
    assert ("token:ci", "status", "done") == tuple(
        attributes[f"audit.{name}"] for name in ("actor", "action", "result")
    )
    refused = log_record(Event(9, 1.0, "audited", detail={"what": "token refused"}), "KEY")
    assert "refused" == dict(refused.attributes)["audit.result"]
    assert "audit.result" not in dict(log_record(Event(9, 1.0, "audited"), "KEY").attributes)
    assert WARN == log_record(gap(1, 3, 2.0), "KEY").severity


def test_each_name_is_documented() -> None:
    """
    By the member whose attribute it is.
    """
    page = EVENTS_PAGE.read_text()
    assert [] == [name for names in ATTRIBUTES.items() for name in names if f"`{name}`" not in page]
    assert set() == ATTRIBUTES.keys() - MEMBERS.keys() - {"account"}
