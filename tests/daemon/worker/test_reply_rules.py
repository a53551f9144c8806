"""The class of each reply that is not a success, as the rows say now."""

from typing import Any

import pytest

from empath.daemon.process.shared_reader import SharedReader
from empath.daemon.worker.reply_rules import ReplyRules, heard_of
from empath.errors import StorageFailure
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.policy.replies.reply_pattern import Heard
from empath.telemetry.occurrences.worker import ReplyRuleUnusable
from tests.kit.queue import Queue, said_by_host, write

ATTEMPT = Attempt("example.org", 1.0, 0.1, "MX.example.org", "192.0.2.1:25")
FULL = Said(Stage.RCPT, said_by_host("550 the mailbox is full"))


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "queue.db")
    queue.close()
    return queue


class Clock:
    """Monotonic seconds."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_row_acts_at_the_next_look_a_second_later(queue):
    """
    A look for each reply would cost more than the class.
    """
    clock = Clock()
    told: list[Any] = []
    emit: Any = told.append
    rules = ReplyRules(SharedReader(queue.engine.open_reader), emit, clock)
    assert "quota" == rules.class_of(ATTEMPT, FULL)
    write(queue.path, "INSERT INTO bounce_rule (class, provider) VALUES ('rate', '*.example.org')")
    assert "quota" == rules.class_of(ATTEMPT, FULL)
    clock.now += 1.0
    assert "rate" == rules.class_of(ATTEMPT, FULL)
    write(queue.path, "INSERT INTO bounce_rule (position, class, text) VALUES (1, 'policy', '(a+)+')")
    clock.now += 1.0
    assert "rate" == rules.class_of(ATTEMPT, FULL)
    assert [("own:2", True)] == [(each.rule, "repeated group" in each.error) for each in told]
    assert {ReplyRuleUnusable} == {type(each) for each in told}


def test_the_rules_of_before_stay_while_the_rows_cannot_be_read(queue):
    """
    A full disk must not stop the settling of mail.
    """

    def refuse():
        raise StorageFailure("disk")

    emit: Any = None
    assert "quota" == ReplyRules(SharedReader(refuse), emit, Clock()).class_of(ATTEMPT, FULL)


def test_a_reply_is_looked_at_as_its_row_will_have_it():
    """
    So the rules say the same of it later.
    """
    assert Heard("rcpt", 550, None, "550 the mailbox is full", "mx.example.org") == heard_of(ATTEMPT, FULL)
    own = Said(Stage.CONNECT, Reply.of("451 4.4.1 no"))
    assert Heard("connect", None, "4.4.1", "451 4.4.1 no", "") == heard_of(ATTEMPT._replace(host=None), own)
