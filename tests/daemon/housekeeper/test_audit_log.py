"""Orders by SQL, and the log of a running instance."""

from collections.abc import Callable

import pytest

from empath.daemon.housekeeper.audit_log import occurrence_of
from empath.storage.queue.audit import AuditRow
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.housekeeper import (
    DeliveryFrozen,
    DeliveryThawed,
    DestinationResumed,
    DestinationSuspended,
    QueueEdited,
    ServiceOrdered,
    StatusOrdered,
)
from tests.kit.process import Empathd
from tests.kit.queue import select, write

Make = Callable[..., Empathd]


def row(what: str, before: str | float | None, after: str | float | None, **about: str) -> AuditRow:
    """An audit row; *about* has its other columns."""
    queue_id, recipient, destination, row_of = map(about.get, ("queue_id", "recipient", "destination", "object"))
    return AuditRow(1, "sql", queue_id, recipient, destination, row_of, what, before, after)


MAIL = {"queue_id": "01", "recipient": "r@a.example"}


@pytest.mark.parametrize(
    ("audited", "told"),
    [
        (
            row("status", "deferred", "held", **MAIL),
            StatusOrdered(queue_id="01", recipient="r@a.example", before="deferred", after="held", who="sql"),
        ),
        (row("freeze", None, None), DeliveryFrozen(who="sql")),
        (row("thaw", None, None), DeliveryThawed(who="sql")),
        (
            row("suspended_until_unix", None, 1e9, destination="a.example"),
            DestinationSuspended(destination="a.example", until="2001-09-09T01:46:40Z", who="sql"),
        ),
        (
            row("suspended_until_unix", 1e9, None, destination="a.example"),
            DestinationResumed(destination="a.example", who="sql"),
        ),
        (
            row("flush", None, "a.example"),
            ServiceOrdered(verb="flush", argument="a.example", who="sql"),
        ),
        (
            row("priority", 2, 3, **MAIL),
            QueueEdited(
                queue_id="01",
                recipient="r@a.example",
                destination=None,
                object=None,
                what="priority",
                before="2",
                after="3",
                who="sql",
            ),
        ),
        (
            row("account status", "enabled", "disabled", object="alice"),
            QueueEdited(
                queue_id=None,
                recipient=None,
                destination=None,
                object="alice",
                what="account status",
                before="enabled",
                after="disabled",
                who="sql",
            ),
        ),
        (
            row("not kept: view mine", "x" * 1000, "why"),
            QueueEdited(
                queue_id=None,
                recipient=None,
                destination=None,
                object=None,
                what="not kept: view mine",
                before="x" * 200,
                after="why",
                who="sql",
            ),
        ),
        (row("report", "failure", "discarded", **MAIL), None),
    ],
)
def test_row_of_the_audit_is_told_as(audited: AuditRow, told: Occurrence | None) -> None:
    assert told == occurrence_of(audited)


def test_what_a_shell_orders_is_logged_once_also_across_a_restart(make_empathd: Make) -> None:
    """
    Only the audit knew of a freeze or of a cancellation by SQL, but people look into the log. The row is sealed, too.
    """
    service = make_empathd().start()
    write(service.queue, "INSERT INTO control (verb) VALUES ('freeze')")
    service.wait_for("delivery_frozen")
    anchored = service.wait_for("audit_sealed")
    sealed = "SELECT seal_id, digest, last_audit_id FROM audit_seal"
    assert [(anchored["seal"], anchored["digest"], 1)] == select(service.queue, sealed)
    assert 0 == service.stop()
    write(service.queue, "INSERT INTO control (verb) VALUES ('thaw')")

    service.start()
    service.wait_for("delivery_thawed")

    assert (1, 1) == (len(service.named("delivery_frozen")), len(service.named("delivery_thawed")))
    assert [("audit_told", "2")] == select(service.queue, "SELECT name, value FROM _setting WHERE name LIKE 'audit%'")
    assert 0 == service.stop()
