"""An instance that starts with a queue of an older version."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.storage.spool import locate
from tests.e2e.service import Service
from tests.kit.peer import ScriptedPeer
from tests.kit.queue import select, violations
from tests.kit.waiting import eventually
from tests.storage.migrations.kit import restore, restore_spool, saved

WAITING = """
SELECT address, content_locator, octets
  FROM _recipient
  JOIN _message USING (message_id)
  LEFT JOIN _content USING (message_id)
 WHERE status IN ('queued', 'deferred', 'leased', 'held')
"""


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    """Accepts all mail."""
    with ScriptedPeer() as started:
        yield started


@pytest.fixture
def instance(tmp_path: Path, peer: ScriptedPeer) -> Iterator[Service]:
    """Not started yet; all its mail goes to `peer`."""
    made = Service(tmp_path / "instance", routes=f'"*.example" = "smtp://{peer.address}"')
    yield made
    made.clean_up()


def test_every_waiting_mail_of_version_1_is_delivered_octet_for_octet(instance: Service, peer: ScriptedPeer) -> None:
    """
    Its content begins with the fields that version 1 added. Empath must add no second Received field, and keep the
    first.
    """
    restore(saved(1), instance.queue)
    restore_spool(saved(1), instance.spool)
    old_lease = select(instance.queue, "SELECT max(lease_id) FROM _lease")[0][0]
    expected = sorted(
        (address, octets if octets is not None else locate(instance.spool, locator).read_bytes())
        for address, locator, octets in select(instance.queue, WAITING)
    )

    instance.start()
    eventually(
        lambda: [] == instance.rows("SELECT 1 FROM _lease WHERE lease_id <= ?", old_lease), "the dead lease ended"
    )
    instance.order("release", "--all")
    instance.order("retry", "--all")
    open_work = "SELECT (SELECT count(*) FROM queue) + (SELECT count(*) FROM _notice)"
    eventually(lambda: [(0,)] == instance.rows(open_work), "all delivered and reported")

    delivered = sorted((address, message.content) for message in peer.messages for address in message.recipients)
    reports = [content for address, content in delivered if (address, content) not in expected]
    assert expected == [mail for mail in delivered if mail in expected]
    # The open notice became a report, which returns the message with the fields of version 1.
    assert 1 == len(reports)
    assert 1 == reports[0].count(b"\r\nReceived: from client.example ")
    assert 0 == instance.stop()
    assert [] == instance.faults()
    assert {} == violations(instance.queue)
