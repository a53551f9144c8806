"""Limits of listeners that stand above the file, as rows."""

import apsw
import pytest

from empath.config.listener_limits import limit_settings
from empath.mail.identity import Timestamp
from empath.policy.limits.override import LimitOverride
from empath.storage.queue.listener_limits import ENDED, limits_in_force
from empath.storage.queue.sweep import outdated
from tests.kit.queue import Queue

LIMIT = "INSERT INTO listener_limit (listener, setting, value"
COUNTS = ("", "0", "-1", "1.5", "x", "1000001", "none ")
RATES = ("", "100", "100/m", "0/1m", "1.5/1m", "100000000/1m", "100/1m burst 20", "1m")
WRONG = {
    "message_size": ("", "50", "63KiB", "50mib", "1.2.3MiB", "1.MiB", "51MiB", "none"),
    "recipients": (*COUNTS, "99", "none"),
    "messages_per_session": COUNTS,
    "recipients_per_session": (*COUNTS, "99"),
    "connections": (*COUNTS, "801", "none"),
    "connections_per_client": (*COUNTS, "none"),
    "connection_rate_per_client": RATES,
    "message_rate_per_client": RATES,
    "recipient_rate_per_client": RATES,
    "error_rate_per_client": RATES,
    "message_rate_per_account": RATES,
    "recipient_rate_per_account": RATES,
    "error_rate_per_account": RATES,
    "errors": COUNTS,
    "slow_errors": COUNTS,
    "junk": COUNTS,
    "command_length": (*COUNTS, "2047"),
    "line_length": ("", "-1", "997", "1000001", "none"),
    "header_size": ("", "256", "KiB", "1EiB"),
    "received_hops": COUNTS,
    "minimum_content_rate": ("", "500B", "500", "x/s", "500B/m"),
    "future_release": ("", "30", "d", "30 d", "-1d"),
    "deliver_by": ("", "60", "1x"),
}
RIGHT = {
    "message_size": ("64KiB", "1.5MiB", "50MiB", "50MB"),
    "messages_per_session": ("1", "none"),
    "recipients_per_session": ("100", "none"),
    "connections": ("800",),
    "line_length": ("0", "998"),
    "minimum_content_rate": ("0B/s", "1.5kB/s"),
    "future_release": ("0s", "1h30m"),
    "message_rate_per_client": ("none", "100/1h30m"),
}


@pytest.fixture
def served(queue: Queue) -> Queue:
    """A queue with the settings of a service: a listener, 800 connections, and messages of 50 MiB at most."""
    for name, value in (
        ("receiving.limits.connections", "800"), ("receiving.limits.message_size", "10MiB"),
        ('listener."192.0.2.25:25".role', "mx"), ('listener."192.0.2.25:25".limits.message_size', "50MiB"),
    ):  # fmt: skip
        queue.write(f"INSERT INTO _effective_setting VALUES ('mx', '{name}', '{value}', NULL, 'default')")
    return queue


def test_a_limit_is_a_row_with_its_author_and_the_audit_has_each_change(served: Queue) -> None:
    """
    A limit of the same listener and setting is replaced.
    """
    served.write(f"{LIMIT}, expires_at, reason) VALUES ('192.0.2.25:25', 'recipients', '100', '+5 minutes', 'why')")
    shown = "SELECT listener, setting, value, reason, who, round(expires_unix - created_unix) FROM listener_limit"
    assert [("192.0.2.25:25", "recipients", "100", "why", "sql", 300.0)] == served.select(shown)
    served.write(f"{LIMIT}) VALUES ('192.0.2.25:25', 'recipients', 200)")
    assert [("192.0.2.25:25", "recipients", "200", None, "sql", None)] == served.select(shown)
    served.write("DELETE FROM listener_limit")
    audit = "SELECT object, what, before, after FROM audit WHERE what GLOB 'listener_limit *' ORDER BY audit_id"
    assert [
        ("192.0.2.25:25", "listener_limit recipients", before, after)
        for before, after in ((None, "100"), ("100", "200"), ("200", None))
    ] == served.select(audit)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"{LIMIT}) VALUES ('192.0.2.26:25', 'errors', 5)", "listener takes the address of a listener"),
        (f"{LIMIT}) VALUES (NULL, 'errors', 5)", "listener takes the address of a listener"),
        (f"{LIMIT}) VALUES ('*', 'ipv6_prefix', 56)", "there is no such setting"),
        (f"{LIMIT}) VALUES ('*', NULL, 56)", "there is no such setting"),
        (f"{LIMIT}) VALUES ('*', 'errors', NULL)", "value takes text"),
        (f"{LIMIT}, expires_at) VALUES ('*', 'errors', 5, 'soon')", "expires_at takes Unix seconds"),
        (f"{LIMIT}, expires_at) VALUES ('*', 'errors', 5, '+11 years')", "expires_at takes Unix seconds"),
        (f"{LIMIT}, expires_at, expires_unix) VALUES ('*', 'errors', 5, 'now', 1e9)", "not both"),
        (f"{LIMIT}, who) VALUES ('*', 'errors', 5, 'me')", "no other column can be set"),
        (f"{LIMIT}, reason) VALUES ('*', 'errors', 5, 7)", "reason takes text"),
        ("UPDATE listener_limit SET value = '7'", "a limit is replaced: INSERT"),
    ],
)
def test_what_a_row_cannot_be_is_refused_with_a_sentence(served: Queue, statement: str, words: str) -> None:
    """
    The sentence says what the column takes.
    """
    served.write(f"{LIMIT}) VALUES ('*', 'errors', 6)")
    with pytest.raises(apsw.ConstraintError, match=words):
        served.write(statement)
    assert [("*", "6")] == served.select("SELECT listener, value FROM listener_limit")


def test_each_setting_refuses_what_is_no_value_of_it(served: Queue) -> None:
    """
    Its sentence names it. A setting of the file without one here would be refused as unknown.
    """
    assert set(WRONG) == set(limit_settings())
    for setting, values in WRONG.items():
        for value in values:
            with pytest.raises(apsw.ConstraintError, match=f"{setting} takes|value takes"):
                served.write(f"{LIMIT}) VALUES ('*', '{setting}', '{value}')")
    for setting, default in limit_settings().items():
        for value in RIGHT.get(setting, (default,)):
            served.write(f"{LIMIT}) VALUES ('*', '{setting}', '{value}')")


def test_without_a_service_any_listener_may_have_a_limit(queue: Queue) -> None:
    """
    Nobody knows the listeners then; `doctor` tells of those that there are not.
    """
    queue.write(f"{LIMIT}) VALUES ('192.0.2.26:25', 'connections', 1000000)")


def test_there_are_at_most_a_thousand_limits(queue: Queue) -> None:
    """
    Each process reads all of them. One that is there may still be replaced.
    """
    queue.write(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO _listener_limit"
        " (listener, setting, value, created_at, who) SELECT i, 'errors', '5', 0, 'sql' FROM n"
    )
    with pytest.raises(apsw.ConstraintError, match="there are 1000 limits"):
        queue.write(f"{LIMIT}) VALUES ('*', 'errors', 5)")
    queue.write(f"{LIMIT}) VALUES ('7', 'errors', 6)")


def test_a_limit_holds_until_its_end_and_the_audit_says_so(queue: Queue) -> None:
    """
    Nobody has to remember to take it back.
    """
    queue.write(f"{LIMIT}) VALUES ('*', 'junk', '7')")
    queue.write(f"{LIMIT}, expires_at) VALUES ('*', 'errors', '5', '+1 hour')")
    ((end,),) = queue.select("SELECT expires_unix FROM listener_limit WHERE setting = 'errors'")
    reader = queue.engine.open_reader()
    lasting, ending = LimitOverride("*", "junk", "7"), LimitOverride("*", "errors", "5", Timestamp(end))
    assert [lasting, ending] == limits_in_force(reader, end - 1)
    assert [lasting] == limits_in_force(reader, end)
    forgetting = outdated(reader, ENDED, end)
    assert forgetting is not None
    queue.run(forgetting)
    assert [("junk",)] == queue.select("SELECT setting FROM listener_limit")
    assert [("*", "listener_limit errors", "5", None, "empath")] == queue.select(
        "SELECT object, what, before, after, who FROM audit ORDER BY audit_id DESC LIMIT 1"
    )
