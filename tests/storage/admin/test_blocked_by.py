"""Why due mail does not go out, in the views; and the reason of a suspension."""

import pytest
from apsw import Error

from tests.kit.queue import Queue


def blocked(queue: Queue) -> list[str | None]:
    """The column of both views."""
    return [
        *(row[0] for row in queue.select("SELECT blocked_by FROM destination")),
        *(row[0] for row in queue.select("SELECT blocked_by FROM queue")),
    ]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT 1", None),
        ("INSERT INTO control (verb) VALUES ('freeze')", "frozen"),
        ("UPDATE _destination SET suspended_until = 4e9", "suspended until 2096-10-02 07:06:40"),
        (
            "UPDATE _destination SET suspended_until = 4e9, suspended_reason = 'no room'",
            "suspended until 2096-10-02 07:06:40 (no room)",
        ),
        ("UPDATE _destination SET breaker_until = 4e9", "breaker open until 2096-10-02 07:06:40"),
        (
            "UPDATE _destination SET breaker_until = 4e9, last_failure = '421 Busy'",
            "breaker open until 2096-10-02 07:06:40 after 421 Busy",
        ),
        ("UPDATE _destination SET token_at = 4e9", "rate"),
        ("INSERT INTO _bucket (name, full_at, token_at) VALUES ('all', 4e9, 4e9)", "rate"),
        ("INSERT INTO _bucket (name, full_at) VALUES ('all', 4e9)", None),
        ("UPDATE _destination SET max_leases = 0", "concurrency"),
        ("UPDATE _destination SET breaker_until = 1, max_leases = 0", "breaker half open: a probe is under way"),
        ("UPDATE _destination SET suspended_until = 1, breaker_until = 1, token_at = 1", None),
    ],
)
def test_what_holds_due_mail_back_is_said(queue: Queue, statement: str, words: str | None) -> None:
    """
    An instant in the past beside mail that stays would look like a fault.
    """
    queue.accept()

    queue.write(statement)

    assert [words, words] == blocked(queue)


def test_mail_that_is_not_due_is_held_back_by_what_lasts_longer(queue: Queue) -> None:
    """
    A slot will be free until then, but the suspension goes on.
    """
    queue.accept(at=3e9)
    queue.write("UPDATE _destination SET max_leases = 0")
    assert [None, None] == blocked(queue)

    queue.write("UPDATE _destination SET suspended_until = 4e9")

    assert ["suspended until 2096-10-02 07:06:40"] * 2 == blocked(queue)


def test_mail_that_waits_for_the_rate_of_its_sender_says_so(queue: Queue) -> None:
    """
    Until something else decides its next attempt: a retry, or an order.
    """
    queue.accept()
    queue.write("UPDATE _recipient SET next_retry_at = 4e9, held_back_until = 4e9")
    assert [None, "sender rate"] == blocked(queue)

    queue.write("UPDATE queue SET next_retry_at = '+1 hour'")

    assert [None, None] == blocked(queue)


def test_leased_and_held_mail_is_not_blocked(queue: Queue) -> None:
    """
    One is under way, the other waits for a person.
    """
    queue.accept(count=2)
    queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 2")
    queue.lease()
    queue.write("INSERT INTO control (verb) VALUES ('freeze')")

    assert ["frozen", None, None] == blocked(queue)


def test_the_reason_goes_with_the_suspension(queue: Queue) -> None:
    """
    The reason of the last one must not stand beside the next.
    """
    queue.accept()
    reasons = []
    for change in (
        "suspended_until = '+1 hour', suspended_reason = 'one'",
        "suspended_until = '+2 hours'",
        "suspended_reason = 'two'",
        "suspended_until = NULL",
        "suspended_until = '+1 hour'",
        "suspended_reason = 'three'",
    ):
        queue.write(f"UPDATE destination SET {change}")
        reasons.append(queue.select("SELECT suspended_reason FROM destination")[0][0])

    assert ["one", "one", "two", None, None, "three"] == reasons
    assert [(None, "one"), ("one", "two"), ("two", None), (None, "three")] == queue.select(
        "SELECT before, after FROM audit WHERE what = 'suspended_reason' ORDER BY audit_id"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("suspended_reason = 'x'", "a reason needs a suspension"),
        ("suspended_until = '+1 hour', suspended_reason = ''", "suspended_reason takes text"),
        ("suspended_until = '+1 hour', suspended_reason = 5", "suspended_reason takes text"),
        (f"suspended_until = '+1 hour', suspended_reason = '{'x' * 201}'", "suspended_reason takes text"),
        ("blocked_by = 'x'", "no other column can be set"),
        ("lease_limit = 5", "no other column can be set"),
    ],
)
def test_what_a_suspension_cannot_be_is_refused(queue: Queue, change: str, words: str) -> None:
    """
    With a sentence.
    """
    queue.accept()

    with pytest.raises(Error, match=words):
        queue.write(f"UPDATE destination SET {change}")
