"""test_accept - the rows of a message with a 250"""

import pytest

from empath.storage.queue.accept import Accept
from empath.storage.write import Write
from tests.kit.queue import LIFETIME_S, T0, Queue

pytestmark = pytest.mark.engines


def test_message_recipients_and_content_are_rows(queue: Queue) -> None:
    """
    The file must have everything for a later delivery or report, because the process may die right after the 250.
    """
    queue.accept("a.example", "smtp:127.0.0.1:2526", content=b"Subject: x\r\n\r\nbody\r\n", priority=1)

    assert [("sender@example.test", 20, "7BIT", 0, 0, "inline")] == queue.select(
        "SELECT reverse_path, size, body_type, has_8bit, is_smtputf8, content_locator FROM _message"
    )
    assert [(b"Subject: x\r\n\r\nbody\r\n",)] == queue.select("SELECT octets FROM _content")
    assert [
        ("r1@a.example", "a.example", "a.example", "queued", 1, T0, T0 + LIFETIME_S, 0, "FAILURE"),
        ("r2@example.test", "example.test", "smtp:127.0.0.1:2526", "queued", 1, T0, T0 + LIFETIME_S, 0, "FAILURE"),
    ] == queue.select(
        "SELECT r.address, r.domain, d.name, r.status, r.priority, r.next_retry_at, r.expires_at, r.attempts, r.notify"
        " FROM _recipient AS r JOIN _destination AS d USING (destination_id) ORDER BY recipient_id"
    )


@pytest.mark.sqlite_only("reads a view")
def test_a_recipient_may_have_a_sender_of_its_own(queue: Queue) -> None:
    """
    Forwarded mail leaves with another sender than what stays here; both views show it, and a lease brings it.
    """
    accept = queue.new_accept("a.example", "a.example")
    envelope = accept.message.envelope
    first, second = envelope.recipients
    recipients = (first, second._replace(sent_as="SRS0=x@srs.example"))
    queue.run(Accept(accept.message._replace(envelope=envelope._replace(recipients=recipients))))

    expected = [None, "SRS0=x@srs.example"]
    assert expected == [sent_as for (sent_as,) in queue.select("SELECT sent_as FROM queue ORDER BY recipient_id")]
    [lease] = queue.lease()
    assert expected == [each.sent_as for each in lease.messages[0].recipients]
    assert ["sender@example.test", "SRS0=x@srs.example"] == [each.mail_from for each in lease.messages[0].parts()]


def test_spooled_message_has_no_content_row(queue: Queue) -> None:
    """
    A large message is a file; the database only names it.
    """
    queue.accept(content=None, size=10**6, locator="spool:mx/01HF")

    assert [("spool:mx/01HF",)] == queue.select("SELECT content_locator FROM _message")
    assert [(0,)] == queue.select("SELECT count(*) FROM _content")


def test_new_recipient_is_due_at_once(queue: Queue) -> None:
    """
    The destination's bound follows every insert, the earliest wins.
    """
    for at in (T0 + 5, T0, T0 + 9):
        queue.accept(at=at)

    assert [(T0,)] == queue.select("SELECT due_at FROM _destination")


def test_weight_of_a_batch_counts_recipients_and_octets(queue: Queue) -> None:
    """
    The size of a batch depends on its rows, not on the number of its clients.
    """
    work: Write = queue.new_accept("a.example", "b.example", content=b"12345")

    assert (4, 5) == (work.rows, work.octets)
    assert 0 == queue.new_accept(content=None, locator="spool:mx/1").octets


def test_destination_that_may_have_no_connection_gives_no_lease(queue: Queue) -> None:
    """
    All of its zero slots are taken from the start.
    """
    queue.destination_ids.max_leases = 0
    queue.accept()

    assert [(1, None)] == queue.select("SELECT is_full, ready_at FROM _destination")
    assert [] == queue.lease()
