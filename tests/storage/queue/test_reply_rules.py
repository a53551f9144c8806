"""The rules about replies, as rows."""

import time

import apsw
import pytest

from empath.mail.fate import Passed, Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.policy.replies.bounce_class import BounceClass, BounceRules
from empath.policy.replies.reply_pattern import Heard
from empath.policy.replies.shaping import SHIPPED_SHAPING, Action, Effect
from empath.policy.replies.shipped_classes import SHIPPED_CLASSES
from empath.storage.queue.reply_rules import SHIPPED_FROM, KeepShippedRules, Shape, read_class_rules, read_shaping_rules
from tests.kit.queue import T0, Queue, write

pytestmark = pytest.mark.engines

FULL = Heard("rcpt", 550, None, "550 the mailbox is full", "mx.example.org")


@pytest.fixture
def queue(tmp_path):
    """A queue with the shipped rules."""
    queue = Queue(tmp_path / "queue.db")
    queue.run(KeepShippedRules())
    yield queue
    assert {} == queue.violations()
    queue.close()


def class_now(queue, heard=FULL):
    reader = queue.engine.open_reader()
    found = BounceRules(read_class_rules(reader).rules()).class_of(heard)
    reader.close()
    return str(found)


def test_the_view_shows_the_shipped_rules_in_their_order(queue):
    """
    People look up why a reply got its class.
    """
    found = queue.select("SELECT rule, class, is_enabled FROM bounce_rule WHERE is_shipped ORDER BY position")
    assert [(rule.name, str(rule.bounce_class), 1) for rule in SHIPPED_CLASSES] == found
    assert [(SHIPPED_FROM,)] == queue.select("SELECT min(position) FROM bounce_rule")


def test_an_own_rule_comes_first_and_a_shipped_one_can_be_switched_off(queue):
    """
    Both are edits of a plain shell.
    """
    assert "quota" == class_now(queue)
    queue.write("UPDATE bounce_rule SET is_enabled = 0 WHERE rule = 'quota'")
    assert "quota" != class_now(queue)
    queue.write("INSERT INTO bounce_rule (class, text) VALUES ('rate', 'IS FULL')")
    assert "rate" == class_now(queue)
    queue.write("UPDATE bounce_rule SET class = 'policy' WHERE NOT is_shipped")
    queue.write("INSERT INTO bounce_rule (position, class, code) VALUES (5, 'system', '5xx')")
    assert "system" == class_now(queue)
    queue.write("DELETE FROM bounce_rule WHERE NOT is_shipped")
    assert [("own:158",)] != queue.select("SELECT rule FROM bounce_rule WHERE NOT is_shipped")
    whats = "SELECT DISTINCT what FROM audit"
    assert [("bounce_rule",)] == queue.select(whats)


def test_a_rule_that_was_switched_off_stays_so_in_another_version(queue):
    """
    The rows are written anew when the shipped rules have changed.
    """
    queue.write("UPDATE bounce_rule SET is_enabled = 0 WHERE rule = 'quota'")
    queue.write("UPDATE _bounce_rule SET text = 'of an older version' WHERE name = 'spam'")
    queue.write("INSERT INTO bounce_rule (class, code) VALUES ('rate', '421')")
    queue.run(KeepShippedRules())
    assert [("quota",)] == queue.select("SELECT rule FROM bounce_rule WHERE NOT is_enabled")
    assert [(0,)] == queue.select("SELECT count(*) FROM bounce_rule WHERE text LIKE '%of an older version%'")
    assert [("421",)] == queue.select("SELECT code FROM bounce_rule WHERE NOT is_shipped")


def test_a_class_that_a_plain_shell_made_up_is_left_out(queue):
    """
    The private table takes what the view refuses.
    """
    queue.write("INSERT INTO _bounce_rule (class, code) VALUES ('odd', '550')")
    assert "quota" == class_now(queue)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO bounce_rule (class) VALUES ('quota')", "needs a condition"),
        ("INSERT INTO bounce_rule (class, code) VALUES ('full', '550')", "class takes"),
        ("INSERT INTO bounce_rule (class, code) VALUES ('virus tls', '550')", "class takes"),
        ("INSERT INTO bounce_rule (code) VALUES ('550')", "class takes"),
        ("INSERT INTO bounce_rule (class, code) VALUES ('quota', '750')", "three digits"),
        ("INSERT INTO bounce_rule (class, enhanced) VALUES ('quota', '*.*.*')", "status code"),
        ("INSERT INTO bounce_rule (class, stage) VALUES ('quota', 'lunch')", "stage takes"),
        ("INSERT INTO bounce_rule (class, text) VALUES ('quota', '')", "regular expression"),
        ("INSERT INTO bounce_rule (class, provider) VALUES ('quota', '*')", "names of hosts"),
        ("INSERT INTO bounce_rule (class, code, position) VALUES ('quota', '550', 10000)", "position takes"),
        ("INSERT INTO bounce_rule (class, code, is_enabled) VALUES ('quota', '550', 2)", "0 or 1"),
        ("INSERT INTO bounce_rule (rule, class, code) VALUES ('a', 'quota', '550')", "own rule takes"),
        ("UPDATE bounce_rule SET class = 'quota' WHERE rule = 'spam'", "only is_enabled"),
        ("UPDATE bounce_rule SET is_enabled = 7 WHERE rule = 'spam'", "0 or 1"),
        ("UPDATE bounce_rule SET rule = 'x' WHERE rule = 'spam'", "keeps its name"),
        ("DELETE FROM bounce_rule WHERE rule = 'spam'", "stays"),
        ("UPDATE attempt SET class = 'quota'", "is a record"),
    ],
)
def test_what_a_rule_cannot_be_is_refused_with_a_sentence(queue, statement, words):
    """
    The person who typed it reads what to type instead.
    """
    queue.accept("a.example")
    [lease] = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED))
    with pytest.raises(apsw.ConstraintError, match=f"empath: .*{words}"):
        queue.write(statement)


def test_the_schema_knows_the_same_classes(queue):
    """
    A plain shell cannot ask the program.
    """
    for each in BounceClass:
        queue.write(f"INSERT INTO bounce_rule (class, code) VALUES ('{each}', '550')")


def test_the_class_is_kept_with_the_attempt(queue):
    """
    The views show it: with the attempt, and that of the last one with the recipient.
    """
    queue.accept("a.example")
    [lease] = queue.lease()
    settle = queue.new_settle(lease, RecipientStatus.DEFERRED)
    said = Said(Stage.RCPT, Reply.of("450 4.2.2 full"))
    [fate] = settle.fates
    settle.passed = (Passed(fate.recipient_id, said, "rate"),)
    settle.fates = (fate._replace(said=said, bounce_class="quota"),)
    queue.run(settle)
    assert [("next_host", "rate"), ("deferred", "quota")] == queue.select("SELECT outcome, class FROM attempt")
    assert [("quota",)] == queue.select("SELECT class FROM queue")
    assert [] == queue.select("SELECT class FROM history")


def test_only_the_class_of_an_attempt_can_change(queue):
    """
    It is an opinion, of which other rules may have another; the rest is evidence.
    """
    queue.accept("a.example")
    [lease] = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED))
    queue.write("UPDATE _attempt SET class = 'quota'")
    columns = [name for (name,) in queue.select("SELECT name FROM pragma_table_info('_attempt')")]
    for column in columns:
        if column != "class":
            with pytest.raises(apsw.ConstraintError, match="is a record"):
                queue.write(f"UPDATE _attempt SET {column} = {column}")


SUSPEND = Effect("google-flood", Action.SUSPEND, 900.0)
SLOW = Effect("own:1", Action.SLOW, 900.0, "concurrency", "2")


def test_a_destination_is_suspended_once_until_that_ends(queue):
    """
    Twenty connections may hear the same reply at once; each must not begin the time anew.
    """
    queue.accept("a.example")
    first, second, third = (
        queue.done(Shape("a.example", SUSPEND, now=now, reply="421 4.7.28 flood")) for now in (T0, T0 + 5, T0 + 900)
    )
    assert [True, False, True] == [each.is_done for each in (first, second, third)]
    found = "SELECT suspended_until, suspended_reason FROM _destination"
    assert [(T0 + 1800.0, "shaping rule google-flood: 421 4.7.28 flood")] == queue.select(found)
    audit = "SELECT who, destination, what, after FROM audit ORDER BY audit_id"
    assert [
        ("empath: shaping", "a.example", "suspended_until_unix", T0 + 900.0),
        ("empath: shaping", "a.example", "suspended_until_unix", T0 + 1800.0),
    ] == queue.select(audit)


def test_a_destination_is_slowed_by_a_rule_with_an_end(queue):
    """
    A rule that an operator made for a time stays as it is.
    """
    queue.accept("a.example")
    now = time.time()
    assert queue.done(Shape("a.example", SLOW, now=now, reply="421 slow down")).is_done
    assert not queue.done(Shape("a.example", SLOW, now=now + 5, reply="421 slow down")).is_done
    found = "SELECT pattern, setting, value, reason, who FROM destination_rule"
    reason = "shaping rule own:1: 421 slow down"
    assert [("a.example", "concurrency", "2", reason, "empath: shaping")] == queue.select(found)
    [(until,)] = queue.select("SELECT expires_unix FROM destination_rule")
    assert abs(until - now - 900.0) < 1.0
    assert [(0,)] == queue.select("SELECT count(*) FROM _actor")


REST = Effect("listed-source", Action.REST, 900.0)


def test_a_source_address_rests_once_and_the_last_of_a_pool_stays(queue):
    """
    A rule must not stop all mail of a pool; replies at the same time are one effect.
    """
    queue.accept("a.example")
    now = time.time()

    def rest(source, *company, at=now):
        effect = Shape("a.example", REST, now=at, reply="550 5.7.1 listed", source=source, company=company)
        return queue.done(effect).is_done

    others = ("192.0.2.11", "192.0.2.12")
    assert not rest("192.0.2.10", ())
    assert rest("192.0.2.10", others)
    assert not rest("192.0.2.10", others, at=now + 5)
    assert rest("192.0.2.11", ("192.0.2.10", "192.0.2.12"))
    assert not rest("192.0.2.12", ("192.0.2.10", "192.0.2.11"))
    assert not rest("192.0.2.12", ("192.0.2.20",), ("192.0.2.10", "192.0.2.11"))
    assert rest("192.0.2.12", ("192.0.2.10", "192.0.2.11"), at=now + 900)
    found = "SELECT address, reason, who FROM source_rest ORDER BY address"
    reason = "shaping rule listed-source: 550 5.7.1 listed"
    assert [(f"192.0.2.{last}", reason, "empath: shaping") for last in (10, 11, 12)] == queue.select(found)
    [(until,)] = queue.select("SELECT expires_unix FROM source_rest WHERE address = '192.0.2.10'")
    assert abs(until - now - 900.0) < 1.0
    assert [(0,)] == queue.select("SELECT count(*) FROM _actor")


def test_the_shipped_shaping_rules_can_be_switched_and_stay_so(queue):
    """
    Some wait for an operator to switch them on.
    """

    def in_force():
        reader = queue.engine.open_reader()
        rules = read_shaping_rules(reader).in_force()
        reader.close()
        return [rule.name for rule in rules]

    usual = [rule.name for rule in SHIPPED_SHAPING if rule.is_on]
    assert usual == in_force()
    queue.write("UPDATE shaping_rule SET is_enabled = 0 WHERE rule = 'google-flood'")
    queue.write("UPDATE shaping_rule SET is_enabled = 1 WHERE rule = 'listed'")
    queue.write("UPDATE _shaping_rule SET text = 'of an older version' WHERE name = 'google-wait'")
    queue.write("INSERT INTO shaping_rule (class, action) VALUES ('quota', 'bounce')")
    queue.write("INSERT INTO shaping_rule (code, action, is_enabled) VALUES ('450', 'bounce', 0)")
    queue.run(KeepShippedRules())
    own, *rest = in_force()
    assert own.startswith("own:")
    write(
        queue.path, "INSERT INTO shaping_rule (class, action, duration, is_enabled) VALUES ('policy', 'rest', '1h', 0)"
    )
    assert [name for name in [*usual, "listed"] if name != "google-flood"] == rest
    assert [] == queue.select("SELECT rule FROM shaping_rule WHERE text LIKE '%of an older version%'")
    queue.write("UPDATE shaping_rule SET position = 5, class = 'rate' WHERE class = 'quota' AND NOT is_shipped")
    queue.write("DELETE FROM shaping_rule WHERE NOT is_shipped")
    assert [(0,)] == queue.select("SELECT count(*) FROM shaping_rule WHERE NOT is_shipped")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO shaping_rule (action) VALUES ('bounce')", "needs a condition"),
        ("INSERT INTO shaping_rule (class, action) VALUES ('odd', 'bounce')", "class takes"),
        ("INSERT INTO shaping_rule (class, action, code) VALUES ('quota', 'bounce', '9')", "three digits"),
        ("INSERT INTO shaping_rule (class, action) VALUES ('quota', 'explode')", "action takes"),
        ("INSERT INTO shaping_rule (class) VALUES ('quota')", "action takes"),
        ("INSERT INTO shaping_rule (class, action, duration) VALUES ('quota', 'bounce', '1h')", "duration takes"),
        ("INSERT INTO shaping_rule (class, action) VALUES ('quota', 'suspend')", "duration takes"),
        ("INSERT INTO shaping_rule (class, action) VALUES ('quota', 'rest')", "duration takes"),
        ("INSERT INTO shaping_rule (class, action, duration) VALUES ('quota', 'suspend', 'soon')", "duration takes"),
        ("INSERT INTO shaping_rule (class, action, duration) VALUES ('quota', 'slow', '1h')", "value takes"),
        ("INSERT INTO shaping_rule (class, action, value) VALUES ('quota', 'bounce', 'rate 5/1m')", "value takes"),
        ("INSERT INTO shaping_rule (rule, class, action) VALUES ('a', 'quota', 'bounce')", "own rule takes"),
        ("UPDATE shaping_rule SET duration = '1h' WHERE rule = 'listed'", "only is_enabled"),
        ("UPDATE shaping_rule SET is_shipped = 0", "keeps its name"),
        ("DELETE FROM shaping_rule WHERE rule = 'listed'", "stays"),
    ],
)
def test_what_a_shaping_rule_cannot_be_is_refused_with_a_sentence(queue, statement, words):
    """
    The person who typed it reads what to type instead.
    """
    with pytest.raises(apsw.ConstraintError, match=f"empath: .*{words}"):
        queue.write(statement)
