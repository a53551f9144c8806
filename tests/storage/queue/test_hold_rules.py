"""Rules by which mail is held when its turn comes, as rows."""

import time
from typing import Any

import apsw
import pytest

from empath.mail.identity import Timestamp
from empath.policy.hold_rules import HoldBook, HoldPattern, HoldRule
from empath.storage.engine import Reader
from empath.storage.queue.hold_rules import ENDED, HoldByRules, held_of, holds_in_force
from empath.storage.queue.sweep import outdated
from tests.kit.queue import Queue, ids
from tests.policy.test_hold_rules import FITTING

RULE = "INSERT INTO hold_rule (scope, pattern"
REVISION = "SELECT value FROM _setting WHERE name = 'destination_rules'"


def book_of(queue: Queue) -> HoldBook:
    """The rules of now."""
    reader = queue.engine.open_reader()
    try:
        return holds_in_force(reader, time.time())
    finally:
        reader.close()


def hold(queue: Queue, rule: HoldRule, recipients: tuple[int, ...] | None = None) -> None:
    """A worker takes what is due, and holds it."""
    (lease,) = queue.lease()
    queue.run(HoldByRules(lease.lease_id, dict.fromkeys(recipients or ids(lease), rule), now=time.time()))


def test_a_rule_is_a_row_and_the_audit_has_each_change(queue: Queue) -> None:
    """
    Workers read the rules again after each of them.
    """
    queue.write(f"{RULE}, expires_at, reason) VALUES ('sender', '@Shop.example', '+5 minutes', 'a leak')")
    shown = "SELECT rule, scope, pattern, reason, hits, who, round(expires_unix - created_unix) FROM hold_rule"
    assert [(1, "sender", "@shop.example", "a leak", 0, "sql", 300.0)] == queue.select(shown)
    queue.write("UPDATE hold_rule SET expires_at = NULL, reason = 'two leaks'")
    assert [(1, "sender", "@shop.example", "two leaks", 0, "sql", None)] == queue.select(shown)
    assert [("3",)] == queue.select(REVISION)
    queue.write("DELETE FROM hold_rule")
    assert [("4",)] == queue.select(REVISION)
    named = ("sender @shop.example", "sql")
    changes = queue.select("SELECT object, who, what, before, after FROM audit ORDER BY audit_id")
    assert {(*named, "hold_rule", None, "a leak"), (*named, "hold_rule", "two leaks", None)} <= {*changes}
    assert {"hold_rule", "hold_rule expires_unix", "hold_rule reason"} == {what for _, _, what, _, _ in changes}
    assert 5 == len(changes)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"{RULE}) VALUES ('subject', 'x')", "scope takes sender, recipient"),
        (f"{RULE}) VALUES ('account', NULL)", "pattern takes text"),
        (f"{RULE}) VALUES ('account', '')", "pattern takes text"),
        (f"{RULE}) VALUES ('recipient', '<>')", "a sender or recipient is an address"),
        (f"{RULE}) VALUES ('sender', 'shop.example')", "a sender or recipient is an address"),
        (f"{RULE}) VALUES ('sender', '@*shop.example')", "a sender or recipient is an address"),
        (f"{RULE}) VALUES ('sender', '@')", "a sender or recipient is an address"),
        (f"{RULE}) VALUES ('client', '192.0.2.256')", "a client is an IP address"),
        (f"{RULE}) VALUES ('client', '192.0.2.0/33')", "a client is an IP address"),
        (f"{RULE}) VALUES ('destination', 'mx:a.example')", "a destination is a domain"),
        (f"{RULE}) VALUES ('account', 'ann')", "there is a rule for this pattern"),
        (f"{RULE}, hits) VALUES ('account', 'bob', 7)", "no other column can be set"),
        (f"{RULE}, reason) VALUES ('account', 'bob', 7)", "reason takes text"),
        (f"{RULE}, expires_at) VALUES ('account', 'bob', 'soon')", "expires_at takes Unix seconds"),
        (f"{RULE}, expires_at, expires_unix) VALUES ('account', 'bob', 'now', 1e9)", "not both"),
        ("UPDATE hold_rule SET expires_at = 'soon'", "expires_at takes Unix seconds"),
        ("UPDATE hold_rule SET expires_at = 'now', expires_unix = 1e9", "not both"),
        (f"UPDATE hold_rule SET reason = '{1001 * 'x'}'", "reason takes text"),
        ("UPDATE hold_rule SET pattern = 'bob'", "DELETE the row and INSERT another"),
    ],
)
def test_what_a_row_cannot_be_is_refused_with_a_sentence(queue: Queue, statement: str, words: str) -> None:
    """
    The sentence says what the column takes.
    """
    queue.write(f"{RULE}) VALUES ('account', 'ann')")
    with pytest.raises(apsw.ConstraintError, match=words):
        queue.write(statement)
    assert [("account", "ann", 0, None)] == queue.select("SELECT scope, pattern, hits, reason FROM hold_rule")


def test_what_the_view_takes_the_program_reads(queue: Queue) -> None:
    """
    A row that it cannot read would hold nothing.
    """
    for scope, text in (*FITTING, ("sender", "<>"), ("recipient", '"a b"@a.example'), ("sender", "@[192.0.2.1]")):
        queue.write(f"{RULE}) VALUES ('{scope}', '{text}')")
    assert len(queue.select("SELECT 1 FROM hold_rule")) == len(book_of(queue).rules)


def test_what_a_rule_holds_has_its_reason_and_stays_held_without_it(queue: Queue) -> None:
    """
    The hits and the audit are in the commit of the hold. A person lets the mail go.
    """
    queue.accept("a.example", "a.example")
    queue.write(f"{RULE}, reason) VALUES ('recipient', '@a.example', 'a leak')")
    [rule] = book_of(queue).rules
    hold(queue, rule)
    reason = "administratively held by hold rule 1, recipient @a.example: a leak"
    status = "SELECT status, reason FROM queue"
    assert [("held", reason)] * 2 == queue.select(status)
    assert [(2,)] == queue.select("SELECT hits FROM hold_rule")
    assert [("hold rule 1", "r1@a.example", "held"), ("hold rule 1", "r2@a.example", "held")] == (
        queue.select("SELECT who, recipient, after FROM audit WHERE what = 'status'")
    )
    assert [("hold", reason)] * 2 == queue.select("SELECT blocked_by, rule FROM explanation")
    queue.write("DELETE FROM hold_rule")
    assert [("held", reason)] * 2 == queue.select(status)
    queue.write("UPDATE queue SET status = 'queued' WHERE reason LIKE '%held by hold rule 1,%'")
    assert [("queued", None)] * 2 == queue.select(status)


def test_an_order_of_a_person_comes_before_a_rule(queue: Queue) -> None:
    """
    It was given while the worker had the recipient.
    """
    queue.accept("a.example", "a.example")
    (lease,) = queue.lease()
    first, second = ids(lease)
    queue.write(f"DELETE FROM queue WHERE recipient_id = {first}")
    rule = HoldRule(1, HoldPattern.parse("destination", "*"), None, None, Timestamp(1.0))
    queue.run(HoldByRules(lease.lease_id, {first: rule, second: rule}, now=time.time()))
    assert [(first, "cancelled"), (second, "held")] == queue.select("SELECT recipient_id, status FROM _recipient")


def test_what_a_person_let_go_is_not_held_again_by_the_same_rule(queue: Queue) -> None:
    """
    A rule that is made anew holds it again.
    """
    queue.accept("a.example")
    queue.write(f"{RULE}) VALUES ('recipient', '@a.example')")
    [rule] = book_of(queue).rules
    shown = "SELECT next_attempt FROM explanation"
    words = "is held: a hold rule is about it"
    assert [(words,)] == queue.select(shown)
    hold(queue, rule)
    queue.write("UPDATE queue SET status = 'queued'")
    reader = queue.engine.open_reader()
    assert {} == held_of(reader, book_of(queue), after=0, last=9)
    assert [(words,)] != queue.select(shown)
    queue.write("DELETE FROM hold_rule")
    queue.write(f"{RULE}) VALUES ('recipient', '@a.example')")
    queue.write("UPDATE _hold_rule SET created_at = created_at + 1")
    assert [1] == [*held_of(reader, book_of(queue), after=0, last=9)]
    reader.close()
    assert [(words,)] == queue.select(shown)


@pytest.mark.parametrize(("scope", "text"), [(scope, text) for scope, text in FITTING if "/" not in text])
def test_the_view_explanation_agrees_with_the_program(queue: Queue, scope: str, text: str) -> None:
    """
    The program holds, and the view says so before. It knows no networks of clients.
    """
    queue.accept("a.example", "b.example")
    queue.write(
        "UPDATE _message SET reverse_path = 'ann@sub.shop.example', account = 'shop', client_address = '192.0.2.7'"
    )
    queue.write("UPDATE _recipient SET address = iif(recipient_id = 1, 'Bob@A.example', 'bob@b.test')")
    queue.write("UPDATE _recipient SET domain = 'b.test' WHERE recipient_id = 2")
    queue.write(f"{RULE}) VALUES ('{scope}', '{text}')")
    reader = queue.engine.open_reader()
    found = [*held_of(reader, book_of(queue), after=0, last=9)]
    reader.close()
    said = queue.select("SELECT recipient_id FROM explanation WHERE next_attempt GLOB 'is held*' ORDER BY recipient_id")
    assert found == [number for (number,) in said]


def test_a_rule_that_is_over_goes_and_the_audit_says_so(queue: Queue) -> None:
    queue.write(f"{RULE}, expires_at) VALUES ('account', 'ann', '+1 hour')")
    reader: Reader = queue.engine.open_reader()
    assert None is outdated(reader, ENDED, time.time())
    forget: Any = outdated(reader, ENDED, time.time() + 3601)
    queue.run(forget)
    reader.close()
    assert [] == queue.select("SELECT * FROM hold_rule")
    assert [("empath", "account ann", "held", None)] == queue.select(
        "SELECT who, object, before, after FROM audit ORDER BY audit_id DESC LIMIT 1"
    )


def test_a_row_that_a_shell_made_unreadable_is_left_out(queue: Queue) -> None:
    queue.write(f"{RULE}) VALUES ('account', 'ann'), ('client', '192.0.2.1')")
    queue.write("UPDATE _hold_rule SET pattern = 'x' WHERE scope = 'client'")
    assert ["account ann"] == [str(rule.pattern) for rule in book_of(queue).rules]
