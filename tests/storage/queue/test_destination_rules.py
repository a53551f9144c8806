"""Rules of destinations as rows, and the limits of connections that follow from them."""

import apsw
import pytest

from empath.mail.identity import Timestamp
from empath.policy.destinations.rulebook import DestinationPattern, RuleRow
from empath.policy.destinations.settings import SETTINGS
from empath.storage.engine import NewDestination
from empath.storage.queue.destination_rules import (
    ENDED,
    RESTS_ENDED,
    KnownDestination,
    NoteExchangers,
    ResizeDestinations,
    Standing,
    SuspendByHours,
    destinations_after,
    rests,
    revision,
    rules_in_force,
)
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0, Queue

RULE = "INSERT INTO destination_rule (pattern, setting, value"
WRONG = {
    "concurrency": ("0", "-1", "1.5", "1000001", "x", ""),
    "retry": ("", "soon", "5m;", "0s", "1m 0m", "1m*0"),
    "without_8bitmime": ("", "send"),
    "schedule": ("", "Mon", "08:00-18:60", "08:00-18:00;x", "mon 08:00-18:00", "Mon,Tue 08:00-18:00", "08:00-18:00, "),
    "source": ("", "a b", "-x"),
    "overflow": ("", "a b", "-x"),
    "not_before": ("", "tomorrow", "2026-13-01", "2026-02-30 08:00"),
    "tls": (
        *("", "MAY", "must", "fingerprint", "fingerprint:SHA256:ab", "fingerprint:" + "g" * 64),
        *("fingerprint:SHA256:" + "00" * 31, f"fingerprint:SHA256:{'00' * 32},", f"fingerprint:SHA256:{'00' * 32},ab"),
    ),
    "rate": (
        *("", "100", "100/m", "0/1m", "100/1m 20", "100/1m burst", "1.5/1m", "100000000/1m"),
        *("100/1m burst 101", "100/1m burst 20 "),
    ),
    "route": (
        *(
            "",
            "MX",
            "relay.example",
            "maildir:",
            "maildir:mail",
            "pipe:",
            "pipe:a b",
            "webhook:",
            "https://",
            "smtp://",
        ),
        *("smtp://a, ", "smtp://a,smtp://b", "smtp://, smtp://b", "backup smtp://a", "lmtp:", "discard:x", "mx://a"),
    ),
    "chunking": ("", "True", "1"),
    "fold_lines": ("", "yes", "FALSE"),
    "verp": ("", "yes", "1"),
}


def test_a_limit_reaches_the_destination_also_when_its_slots_are_taken(queue: Queue) -> None:
    """
    A limit that is lowered below what is in use counts for the next lease.
    """
    queue.accept("a.example")
    queue.accept("b.example")
    queue.lease(limit=1)

    queue.run(ResizeDestinations({1: 1, 2: 1}))
    assert [("a.example", 1, 1), ("b.example", 1, 0)] == queue.select(
        "SELECT name, max_leases, is_full FROM _destination ORDER BY name"
    )

    queue.run(ResizeDestinations({1: 2, 2: 2}))
    assert [(2, 0), (2, 0)] == queue.select("SELECT max_leases, is_full FROM _destination")


def test_a_new_destination_has_the_limit_of_its_name(queue: Queue) -> None:
    """
    The first second of a new destination must not open more connections than its rule allows.
    """
    closed = NewDestination(4, T0 + 60, "closed by schedule Mon 08:00-09:00 UTC")
    queue.engine.begin_destinations({"a.example": NewDestination(3), "b.example": closed}.__getitem__)
    writer = queue.engine.open_writer(deadline_s=1.0, notify=lambda: None)
    writer.execute([queue.new_accept("a.example"), queue.new_accept("b.example")])
    assert [("a.example", 3, None, None), ("b.example", *closed)] == queue.select(
        "SELECT name, max_leases, suspended_until, suspended_reason FROM _destination ORDER BY name"
    )


def test_hours_suspend_a_destination_unless_another_did_meanwhile(queue: Queue) -> None:
    """
    An order that a person gives between the look and the write must not be lost.
    """
    queue.accept("a.example")
    change = {1: (Standing(20), Standing(20, T0 + 60, "closed by schedule"))}
    queue.run(SuspendByHours(change))
    shown = "SELECT suspended_until, suspended_reason FROM _destination"
    assert [(T0 + 60, "closed by schedule")] == queue.select(shown)
    queue.run(SuspendByHours({1: (change[1][1], Standing(20))}))
    assert [(None, None)] == queue.select(shown)
    queue.write("UPDATE destination SET suspended_until_unix = 2e9")
    queue.run(SuspendByHours(change))
    assert [(2e9,)] == queue.select("SELECT suspended_until FROM _destination")


def test_destinations_are_read_in_slices_with_their_exchangers(queue: Queue) -> None:
    """
    A rule for MX hosts counts as soon as a search has found them.
    """
    queue.accept("a.example")
    queue.accept("b.example")
    queue.run(NoteExchangers("b.example", ("mx1.example.net", "mx2.example.net"), max_leases=5))
    reader = queue.engine.open_reader()
    assert [
        KnownDestination(1, "a.example", Standing(20), ()),
        KnownDestination(2, "b.example", Standing(5), ("mx1.example.net", "mx2.example.net")),
    ] == destinations_after(reader, 0)
    assert [2] == [each.destination_id for each in destinations_after(reader, 1)]
    assert [("mx1.example.net mx2.example.net",)] == queue.select(
        "SELECT exchangers FROM destination WHERE destination = 'b.example'"
    )


def test_a_rule_is_a_row_with_its_author_and_a_new_revision(queue: Queue) -> None:
    """
    Processes read the rules again when the number changes, whoever changed them.
    """
    reader = queue.engine.open_reader()
    assert 0 == revision(reader)

    queue.write(f"{RULE}, expires_at, reason) VALUES ('Example.org', 'concurrency', 5, '+1 hour', 'slow')")
    queue.write(f"{RULE}) VALUES ('example.org', 'concurrency', '7')")

    temporary, lasting = rules_in_force(reader, 0.0)
    assert RuleRow(1, "example.org", "concurrency", "5", temporary.expires_at, "slow") == temporary
    assert RuleRow(2, "example.org", "concurrency", "7") == lasting
    assert temporary.expires_at is not None
    assert [lasting] == rules_in_force(reader, temporary.expires_at)
    assert [("sql", "sql")] == queue.select("SELECT min(who), max(who) FROM destination_rule")
    before = revision(reader)

    queue.write("UPDATE destination_rule SET value = 6, expires_at = '+2 hours', reason = NULL WHERE rule = 1")
    queue.write(f"{RULE}) VALUES ('example.org', 'concurrency', '8')")

    first, second = rules_in_force(reader, 0.0)
    assert ("6", None, "8") == (first.value, first.reason, second.value)
    assert first.expires_at is not None
    assert 3500 < first.expires_at - temporary.expires_at < 3700
    assert before < revision(reader)

    queue.write("DELETE FROM destination_rule WHERE expires_at IS NULL")
    assert [1] == [rule.rule_id for rule in rules_in_force(reader, 0.0)]
    rows = [
        ("concurrency", None, "5"), ("concurrency", None, "7"), ("concurrency", "5", "6"), ("reason", "slow", None),
        ("concurrency", "7", "8"), ("concurrency", "8", None),
    ]  # fmt: skip
    assert {(f"destination_rule {what}", before, after) for what, before, after in rows} == set(
        queue.select("SELECT what, before, after FROM audit WHERE what NOT LIKE '%unix'")
    )


def test_a_rule_that_has_ended_is_removed_and_the_audit_says_so(queue: Queue) -> None:
    """
    Nobody must remember to take an exception back.
    """
    queue.write(f"{RULE}, expires_unix) VALUES ('*', 'concurrency', 5, {T0 + 5})")
    queue.write(f"{RULE}, expires_unix) VALUES ('a.example', 'concurrency', 5, {T0 + 50})")
    reader = queue.engine.open_reader()
    before = revision(reader)
    assert None is outdated(reader, ENDED, T0 + 4)

    found = outdated(reader, ENDED, T0 + 5)
    assert found is not None
    queue.run(found)

    assert ["a.example"] == [rule.pattern for rule in rules_in_force(reader, 0.0)]
    assert before < revision(reader)
    assert [("empath", "destination_rule concurrency", "5", None)] == queue.select(
        "SELECT who, what, before, after FROM audit ORDER BY audit_id DESC LIMIT 1"
    )


def test_the_limit_of_a_destination_becomes_its_rule(queue: Queue) -> None:
    """
    One place says what holds; the edit acts at once.
    """
    queue.accept("a.example")
    queue.write("UPDATE destination SET max_leases = 3")
    assert [("a.example", "concurrency", "3")] == queue.select("SELECT pattern, setting, value FROM destination_rule")
    assert [(3,)] == queue.select("SELECT max_leases FROM destination")

    queue.write("UPDATE destination SET max_leases = NULL")
    assert [] == queue.select("SELECT * FROM destination_rule")


def test_a_limit_that_is_covered_by_a_rule_with_an_end_waits(queue: Queue) -> None:
    """
    The exception stays in force until it ends.
    """
    queue.accept("a.example")
    queue.write(f"{RULE}, expires_at) VALUES ('a.example', 'concurrency', 2, '+1 day')")
    queue.write("UPDATE destination SET max_leases = 3")
    assert [(20,)] == queue.select("SELECT max_leases FROM destination")
    assert [("2",), ("3",)] == queue.select("SELECT value FROM destination_rule ORDER BY rule")


RIGHT = {
    "retry": ("1m  5m*10", "1m30s 1h*3"),
    "schedule": (
        "Mon Tue 08:00-18:00,20:00-21:00",
        "00:00-24:00",
        "Mon-Fri 08:00-12:00, Sat 09:00-12:00 Europe/Berlin",
    ),
    "not_before": ("2026-12-01", "2026-12-01T08:00:00Z"),
    "tls": (
        "dane-or-sts",
        "fingerprint:" + ":".join(["aB"] * 32),
        f"fingerprint:SHA256:{'00' * 32}, SHA256={'11' * 32}",
    ),
    "rate": ("none", "1/1m", "9999999/1d burst 9999999", "100/1h30m"),
    "route": (
        *(
            "mx",
            "discard:",
            "maildir:/a, b",
            "pipe:a",
            "webhook:a",
            "https://a/b",
            "http://127.0.0.1:80/x",
            "lmtp:/a b",
        ),
        *("mx, backup smtp://a", "smtp://a*3, smtp://b, backup lmtp:/c", "backup smtp://a, smtp://b", "smtp+mx://a"),
        *("smtp://[2001:db8::1]:25", "smtps://a", "lmtp://a:24", "smtp:/a"),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_view_takes_each_form_of_a_value(queue: Queue, name: str) -> None:
    for right in RIGHT[name]:
        SETTINGS[name].read(right)
        queue.write(f"{RULE}) VALUES ('a.example', '{name}', '{right}')")


@pytest.mark.parametrize("name", SETTINGS)
def test_the_view_takes_what_can_be_a_value_and_refuses_the_rest(queue: Queue, name: str) -> None:
    """
    A person hears of a slip at once, and not from a log that nobody reads.
    """
    queue.write(f"{RULE}) VALUES ('a.example', '{name}', '{SETTINGS[name].example}')")
    for wrong in (*WRONG[name], "x" * 1001):
        with pytest.raises(apsw.Error, match=name if len(wrong) < 1000 else "value"):
            queue.write(f"{RULE}) VALUES ('a.example', '{name}', '{wrong}')")
        with pytest.raises(apsw.Error, match=name if len(wrong) < 1000 else "value"):
            queue.write(f"UPDATE destination_rule SET value = '{wrong}'")


def test_a_route_is_found_by_the_domain(queue: Queue) -> None:
    """
    It says what the next hop is, so it cannot follow from the next hop.
    """
    with pytest.raises(apsw.Error, match="pattern of a route"):
        queue.write(f"{RULE}) VALUES ('smtp:relay.test:25', 'route', 'mx')")


def test_what_holds_when_mail_comes_has_no_pattern_of_mx_hosts(queue: Queue) -> None:
    """
    They are asked for at the first attempt.
    """
    with pytest.raises(apsw.Error, match="pattern of verp"):
        queue.write(f"{RULE}) VALUES ('mx:*.mail.test', 'verp', 'true')")
    queue.write(f"{RULE}) VALUES ('smtp:relay.test:25', 'verp', 'true')")
    queue.write(f"{RULE}) VALUES ('[192.0.2.1]', 'route', 'mx, backup smtp://a')")


@pytest.mark.parametrize(
    "pattern",
    ["*", "example.org", "*.example.org", "_x.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "mx:a.test", "mx:*.a.test",
     "smtp:relay.test:25", "smtp:[2001:db8::1]:25", "maildir:/a b", "discard:"],
)  # fmt: skip
def test_what_can_be_a_pattern_is_one_for_both(queue: Queue, pattern: str) -> None:
    """
    The view refuses what policy could not read, as far as SQL can tell.
    """
    queue.write(f"{RULE}) VALUES ('{pattern}', 'concurrency', 5)")
    assert [(pattern,)] == queue.select("SELECT pattern FROM destination_rule")
    assert pattern == str(DestinationPattern.parse(pattern))


@pytest.mark.parametrize(
    "pattern",
    ["", "a b", "Bücher.example", "mx:", "mx:*", "mx:[192.0.2.1]", "*.", "**", ".a", "a.", "a..b", "X:y", ":", "a\nb"],
)
def test_what_is_no_pattern_is_refused(queue: Queue, pattern: str) -> None:
    with pytest.raises(apsw.Error, match="pattern takes"):
        queue.write(f"{RULE}) VALUES ('{pattern}', 'concurrency', 5)")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"{RULE}) VALUES ('*', 'speed', 5)", "no such setting"),
        (f"{RULE}) VALUES (NULL, 'concurrency', 5)", "pattern takes"),
        (f"{RULE}, expires_at) VALUES ('*', 'concurrency', 5, 'tomorrow')", "expires_at takes"),
        (f"{RULE}, expires_at) VALUES ('*', 'concurrency', 5, 5)", "expires_at takes"),
        (f"{RULE}, expires_at) VALUES ('*', 'concurrency', 5, '2031-02-30')", "expires_at takes"),
        (f"{RULE}, expires_at) VALUES ('*', 'concurrency', 5, X'00')", "expires_at takes"),
        (f"{RULE}, expires_at, expires_unix) VALUES ('*', 'concurrency', 5, '+1 day', 2e9)", "not both"),
        (f"{RULE}, reason) VALUES ('*', 'concurrency', 5, 7)", "reason takes"),
        (f"{RULE}, who) VALUES ('*', 'concurrency', 5, 'me')", "no other column"),
        ("UPDATE destination_rule SET pattern = 'b.example'", "takes value, expires_at"),
        ("UPDATE destination_rule SET expires_at = 'soon' WHERE rule = 1", "expires_at takes"),
        ("UPDATE destination_rule SET expires_at = '+1 day', expires_unix = 2e9 WHERE rule = 1", "not both"),
        ("UPDATE destination_rule SET expires_at = '+1 day' WHERE rule = 1", "two rules of one pattern"),
        ("UPDATE destination_rule SET expires_at = NULL WHERE rule = 2", "two rules of one pattern"),
        ("UPDATE destination SET max_leases = 0", "concurrency takes"),
        ("UPDATE destination SET exchangers = 'x'", "no other column"),
    ],
)
def test_what_a_row_cannot_be_is_refused_with_a_sentence(queue: Queue, statement: str, words: str) -> None:
    queue.accept("a.example")
    queue.write(f"{RULE}) VALUES ('a.example', 'concurrency', 5)")
    queue.write(f"{RULE}, expires_at) VALUES ('a.example', 'concurrency', 6, '2033-05-18 03:33:20')")
    with pytest.raises(apsw.Error, match=words):
        queue.write(statement)


REST = "INSERT INTO source_rest (address, expires_at"


def test_an_address_rests_until_its_end_and_the_audit_says_so(queue: Queue) -> None:
    """
    The processes hear of it as of a rule, and nobody must remember to take it back.
    """
    reader = queue.engine.open_reader()
    queue.write(f"{REST}, reason) VALUES ('192.0.2.10', '2033-05-18 03:33:20', 'blocked')")
    assert ({"192.0.2.10": 2e9}, {}) == (rests(reader, T0), rests(reader, 2e9))
    before = revision(reader)
    assert before > 0
    queue.write(f"{REST}) VALUES ('192.0.2.10', 2000000060)")
    queue.write(f"{REST}) VALUES ('2001:db8::1', '+1 hour')")
    assert before < revision(reader)
    assert [("192.0.2.10", 2e9 + 60, None, "sql")] == queue.select(
        "SELECT address, expires_unix, reason, who FROM source_rest WHERE address NOT LIKE '%:%'"
    )
    queue.write("DELETE FROM source_rest WHERE address = '2001:db8::1'")
    found = outdated(reader, RESTS_ENDED, 2e9 + 60)
    assert found is not None
    queue.run(found)
    assert [] == queue.select("SELECT * FROM source_rest")
    assert [(None, 2e9), (2e9, 2e9 + 60), (2e9 + 60, None)] == queue.select(
        "SELECT before, after FROM audit WHERE object = '192.0.2.10' ORDER BY audit_id"
    )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"{REST}) VALUES ('host.example', '+1 hour')", "address takes"),
        (f"{REST}) VALUES (NULL, '+1 hour')", "address takes"),
        (f"{REST}) VALUES ('192.0.2.1', 'soon')", "expires_at takes"),
        (f"{REST}) VALUES ('192.0.2.1', NULL)", "expires_at takes"),
        (f"{REST}, expires_unix) VALUES ('192.0.2.1', '+1 hour', 2e9)", "not both"),
        (f"{REST}, who) VALUES ('192.0.2.1', '+1 hour', 'me')", "no other column"),
        (f"{REST}, reason) VALUES ('192.0.2.1', '+1 hour', 5)", "reason takes"),
        ("UPDATE source_rest SET reason = 'x'", "INSERT INTO source_rest"),
    ],
)
def test_what_cannot_be_a_rest_is_refused(queue: Queue, statement: str, words: str) -> None:
    queue.write(f"{REST}) VALUES ('192.0.2.9', '+1 hour')")
    with pytest.raises(apsw.Error, match=words):
        queue.write(statement)


def test_an_end_may_be_given_in_each_form(queue: Queue) -> None:
    """
    As every instant of the views.
    """
    for number, end in enumerate(("2000000000", "2e9", "'2033-05-18 03:33:20'", "'2000000000'"), 1):
        queue.write(f"{RULE}, expires_at) VALUES ('{number}.example', 'concurrency', 5, {end})")
    assert {Timestamp(2e9)} == {rule.expires_at for rule in rules_in_force(queue.engine.open_reader(), 0.0)}
