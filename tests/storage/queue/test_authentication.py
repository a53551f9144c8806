"""What was found out about messages, and rows that make its effect milder."""

import apsw
import pytest

from empath.storage.queue.accept import Accept
from empath.storage.queue.authentication import overrides_in_force
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "queue.db")
    yield queue
    assert {} == queue.violations()
    queue.close()


def test_the_view_has_a_row_for_each_message_that_was_judged(queue):
    """
    What was not asked for is NULL.
    """
    queue.accept("a.example")
    message = queue.new_message("a.example")._replace(authentication='{"spf": "pass", "disposition": "tag"}')
    queue.run(Accept(message))
    found = queue.select("SELECT id, spf, dkim, disposition FROM authentication")
    assert [(str(message.queue_id), "pass", None, "tag")] == found


def test_rows_hold_until_they_end(queue):
    for pattern, end in (("list.example", "NULL"), ("192.0.2.0/24", T0 + 100)):
        queue.write(
            f"INSERT INTO authentication_override (pattern, at_most, expires_unix) VALUES ('{pattern}', 'tag', {end})"
        )
    reader = queue.engine.open_reader()
    assert [("192.0.2.0/24", "tag"), ("list.example", "tag")] == overrides_in_force(reader, T0 + 99)
    assert [("list.example", "tag")] == overrides_in_force(reader, T0 + 100)
    reader.close()


def test_a_row_is_changed_with_an_audit(queue):
    """
    A postmaster is asked who let the forged mail in.
    """
    queue.write(
        "INSERT INTO authentication_override (pattern, at_most, reason, expires_at) "
        "VALUES ('*.List.example', 'tag', 'x', '2033-01-01')"
    )
    assert [("2033-01-01 00:00:00", "sql")] == queue.select("SELECT expires_at, who FROM authentication_override")
    queue.write("UPDATE authentication_override SET at_most = 'hold', reason = 'y'")
    queue.write("UPDATE authentication_override SET expires_at = NULL")
    queue.write("DELETE FROM authentication_override")
    what = "SELECT what, before, after FROM audit WHERE object = '*.list.example' ORDER BY audit_id"
    assert [
        ("authentication_override", None, "tag: x"),
        ("authentication_override expires_unix", None, 1988150400.0),
        ("authentication_override at_most", "tag", "hold"),
        ("authentication_override reason", "x", "y"),
        ("authentication_override expires_unix", 1988150400.0, None),
        ("authentication_override", "hold", None),
    ] == queue.select(what)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        *(
            (f"(pattern, at_most) VALUES ({pattern}, 'tag')", "pattern takes")
            for pattern in (
                *("NULL", "'localhost'", "'a b.example'", "'.example'", "'a..example'", "'x*.example'", "'*'"),
                *(
                    "'a.example.'",
                    "'é.example'",
                    "'a.example/24'",
                    "'192.0.2.0/'",
                    "'2001:xyz::'",
                    "'192.0.2.0/33'",
                    "'192.0.2.0/24/24'",
                    "'192.0.2.1-192.0.2.9'",
                    "'a:b'",
                    "'-a.example'",
                    "'2001:db8::/129'",
                    "'300.0.2.0/24'",
                    "'192.0.256.1'",
                    "'192.0.1234.1'",
                    "'192.0.2'",
                    "'a@b.example'",
                    "7",
                ),
            )
        ),
        ("(pattern, at_most) VALUES ('a.example', 'none')", "at_most takes"),
        ("(pattern) VALUES ('a.example')", "at_most takes"),
        ("(pattern, at_most) VALUES ('OLD.example', 'tag')", "UPDATE authentication_override"),
        ("(pattern, at_most, who) VALUES ('a.example', 'tag', 'x')", "no other column"),
        ("(pattern, at_most, reason) VALUES ('a.example', 'tag', x'41')", "reason takes"),
        ("(pattern, at_most, expires_at) VALUES ('a.example', 'tag', 'soon')", "expires_at takes"),
        ("(pattern, at_most, expires_at, expires_unix) VALUES ('a.example', 'tag', 'now', 2e9)", "not both"),
    ],
)
def test_a_row_that_means_nothing_is_refused(queue, values, words):
    queue.write("INSERT INTO authentication_override (pattern, at_most) VALUES ('old.example', 'tag')")
    with pytest.raises(apsw.ConstraintError, match=words):
        queue.write(f"INSERT INTO authentication_override {values}")


@pytest.mark.parametrize(
    "pattern",
    ["a.example", "*.a.example", "xn--mnchen-3ya.example", "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::1"],
)
def test_each_form_of_a_pattern_is_taken(queue, pattern):
    queue.write(f"INSERT INTO authentication_override (pattern, at_most) VALUES ('{pattern}', 'reject')")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE authentication_override SET expires_at = 'now', expires_unix = 2e9", "not both"),
        ("UPDATE authentication_override SET pattern = 'b.example'", "DELETE the row"),
        ("UPDATE authentication_override SET at_most = 'none'", "at_most takes"),
        ("UPDATE authentication SET spf = 'pass'", "cannot be changed"),
        ("DELETE FROM authentication", "removed with it"),
        ("INSERT INTO authentication (id) VALUES ('x')", "not later"),
    ],
)
def test_what_is_a_record_stays_one(queue, statement, words):
    queue.run(Accept(queue.new_message("a.example")._replace(authentication="{}")))
    queue.write("INSERT INTO authentication_override (pattern, at_most) VALUES ('old.example', 'tag')")
    with pytest.raises(apsw.ConstraintError, match=words):
        queue.write(statement)
