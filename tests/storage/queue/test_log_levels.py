"""Levels of the log for parts of the service, as rows."""

import apsw
import pytest

from empath.mail.identity import Timestamp
from empath.policy.service_part import About
from empath.storage.queue.log_levels import ENDED, levels_in_force, revision
from empath.storage.queue.sweep import outdated
from tests.kit.queue import Queue

LEVEL = "INSERT INTO log_level (scope, pattern, level"
QUEUE_ID = "01KAN0000000000000000000ZZ"
NO_CLIENTS = [
    "300.1.1.1", "1.2.3", "1.2.3.4.5", "1.2..4", "10.0.0.1/33", "1.0.0.1/", "1.0.0.1/8/8", "1.0.0.a", "::/129",
]  # fmt: skip
WRONG = [
    (f"{LEVEL}) VALUES ('host', 'a', 'debug')", "scope takes area, client, destination or message"),
    (f"{LEVEL}) VALUES (NULL, 'a', 'debug')", "scope takes"),
    (f"{LEVEL}) VALUES ('area', 'smtp', 'loud')", "level takes debug, info"),
    (f"{LEVEL}) VALUES ('area', 'smtp', NULL)", "level takes debug, info"),
    (f"{LEVEL}) VALUES ('area', 'mail', 'debug')", "an area is smtp"),
    (f"{LEVEL}) VALUES ('area', NULL, 'debug')", "pattern takes text"),
    (f"{LEVEL}) VALUES ('client', 'mx.example', 'debug')", "a client is an IP address"),
    (f"{LEVEL}) VALUES ('client', '12', 'debug')", "a client is an IP address"),
    *((f"{LEVEL}) VALUES ('client', '{client}', 'debug')", "a client is an IP address") for client in NO_CLIENTS),
    (f"{LEVEL}) VALUES ('destination', 'a b', 'debug')", "a destination is a domain"),
    (f"{LEVEL}) VALUES ('message', 'X', 'debug')", "a message is named by its queue id"),
    (f"{LEVEL}) VALUES ('message', '{QUEUE_ID[:-1]}U', 'debug')", "a message is named by its queue id"),
    (f"{LEVEL}, expires_at) VALUES ('area', 'smtp', 'debug', 'soon')", "expires_at takes Unix seconds"),
    (f"{LEVEL}, expires_at) VALUES ('area', 'smtp', 'debug', '+31 days')", "expires_at takes Unix seconds"),
    (f"{LEVEL}, expires_at, expires_unix) VALUES ('area', 'smtp', 'debug', 'now', 1e9)", "not both"),
    (f"{LEVEL}, who) VALUES ('area', 'smtp', 'debug', 'me')", "no other column can be set"),
    (f"{LEVEL}, reason) VALUES ('area', 'smtp', 'debug', 5)", "reason takes text"),
    ("UPDATE log_level SET level = 'loud'", "level takes debug, info"),
    ("UPDATE log_level SET pattern = 'dns'", "DELETE the row and INSERT another"),
    ("UPDATE log_level SET expires_at = NULL", "expires_at takes Unix seconds"),
    ("UPDATE log_level SET expires_at = '+31 days'", "expires_at takes Unix seconds"),
]


def test_a_level_is_a_row_with_its_author_and_a_new_revision(queue: Queue) -> None:
    """
    A process reads the rows again when the number changes.
    """
    reader = queue.engine.open_reader()
    before = revision(reader)
    queue.write(f"{LEVEL}, expires_at, reason) VALUES ('client', '192.0.2.0/24', 'debug', '+5 minutes', 'why')")
    rows = "SELECT scope, pattern, level, reason, who, round(expires_unix - created_unix) FROM log_level"
    assert [("client", "192.0.2.0/24", "debug", "why", "sql", 300.0)] == queue.select(rows)
    queue.write(f"{LEVEL}) VALUES ('client', '192.0.2.0/24', 'error')")
    assert [("client", "192.0.2.0/24", "error", None, "sql", 3600.0)] == queue.select(rows)
    queue.write("UPDATE log_level SET level = 'info', reason = 'other', expires_at = '+2 hours'")
    queue.write("DELETE FROM log_level")
    assert 6 == revision(reader) - before  # the UPDATE sets three columns
    audit = "SELECT object, what, before, after FROM audit WHERE what LIKE 'log_level %' ORDER BY audit_id"
    assert {
        ("192.0.2.0/24", "log_level client", None, "debug"),
        ("192.0.2.0/24", "log_level client", "debug", "error"),
        ("192.0.2.0/24", "log_level client", "error", "info"),
        ("client 192.0.2.0/24", "log_level reason", None, "other"),
        ("192.0.2.0/24", "log_level client", "info", None),
    } == {row for row in queue.select(audit) if "expires" not in row[1]}


def test_what_a_row_cannot_be_is_refused_with_a_sentence(queue: Queue) -> None:
    """
    The sentence says what the column takes.
    """
    queue.write(f"{LEVEL}) VALUES ('area', 'delivery', 'debug')")
    for statement, words in WRONG:
        with pytest.raises(apsw.ConstraintError, match=words):
            queue.write(statement)
    assert [("delivery", "debug")] == queue.select("SELECT pattern, level FROM log_level")


def test_there_are_at_most_a_hundred_levels(queue: Queue) -> None:
    """
    Each line of the log is compared with them. One that is there may still be changed.
    """
    for number in range(100):
        queue.write(f"{LEVEL}) VALUES ('destination', 'd{number}.example', 'debug')")
    with pytest.raises(apsw.ConstraintError, match="there are 100 log levels"):
        queue.write(f"{LEVEL}) VALUES ('destination', 'more.example', 'debug')")
    queue.write(f"{LEVEL}) VALUES ('destination', 'd1.example', 'info')")


def test_levels_hold_until_their_end_and_the_audit_says_so(queue: Queue) -> None:
    """
    Nobody has to remember to switch a level back.
    """
    queue.write(f"{LEVEL}) VALUES ('destination', 'a.example', 'debug')")
    ((end,),) = queue.select("SELECT expires_unix FROM log_level")
    reader = queue.engine.open_reader()
    levels = levels_in_force(reader, end - 1)
    assert levels is not None
    assert (10, Timestamp(end)) == (levels.floor, levels.ends_at)
    assert 10 == levels.least(About("delivery", destination="a.example"), 20)
    assert levels_in_force(reader, end) is None
    forgetting = outdated(reader, ENDED, end)
    assert forgetting is not None
    queue.run(forgetting)
    assert [] == queue.select("SELECT * FROM log_level")
    assert [("a.example", "log_level destination", "debug", None, "empath")] == queue.select(
        "SELECT object, what, before, after, who FROM audit ORDER BY audit_id DESC LIMIT 1"
    )


def test_a_row_that_no_part_can_be_is_left_out(queue: Queue) -> None:
    """
    SQL sees only whether a network looks like one.
    """
    queue.write(f"{LEVEL}) VALUES ('client', '2001:db8::1::2', 'debug')")
    assert levels_in_force(queue.engine.open_reader(), 1.0) is None
