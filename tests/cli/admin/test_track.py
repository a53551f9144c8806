"""find and track: live and past mail together, and the life of one message."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from empath.mail.identity import QueueId
from empath.mail.status import RecipientStatus
from tests.cli.admin.kit import NEVER, AdminTool
from tests.kit.past import forget_recipients, index

ULID = "01JD3KQ9XWV5N8T2RZC4E6MBHA"


@pytest.fixture
def mail(tool: AdminTool) -> AdminTool:
    """A message with a delivered and a deferred recipient, and a younger one that is held."""
    tool.queue.accept("a.example", "b.example", queue_id=QueueId.parse(ULID), subject="Invoice 7")
    ends = {"a.example": RecipientStatus.DELIVERED, "b.example": RecipientStatus.DEFERRED}
    for lease in tool.queue.lease():
        tool.queue.run(tool.queue.new_settle(lease, ends[lease.destination], next_retry_at=NEVER))
    tool.queue.accept("a.example", at=time.time(), subject="Hello")
    tool.queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 3")
    return tool


def found(tool: AdminTool, *filters: str) -> list[int]:
    """Numbers of the recipients, in their order."""
    return [record["recipient_id"] for record in tool.records("find", *filters)]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ([], [3, 2, 1]),
        (["--limit", "2"], [3, 2]),
        (["--status", "delivered"], [1]),
        (["--domain", "a.example"], [3, 1]),
        (["--subject", "INVOICE"], [2, 1]),
        (["--message-id", "1@example.test", "--status", "held"], [3]),
        (["--message-id", "<2@example.test>"], []),
        (["--newer-than", "1h"], [3]),
        (["--older-than", "1h"], [2, 1]),
        (["--reply", "greylisted"], [2]),
        ([ULID[:12].lower()], [2, 1]),
        (["--where", "attempts = 1"], [2, 1]),
    ],
)
def test_live_and_past_mail_is_found_the_newest_first(mail: AdminTool, filters: list[str], numbers: list[int]) -> None:
    """
    People ask what became of a mail, and do not know whether it has ended.
    """
    assert numbers == found(mail, *filters)


def test_a_message_id_without_brackets_is_found(mail: AdminTool) -> None:
    """
    Some programs write the field so.
    """
    mail.queue.write("UPDATE _message SET header_message_id = '2@example.test' WHERE message_id = 2")
    assert [3] == found(mail, "--message-id", "2@example.test")


def test_what_is_found_is_a_table(mail: AdminTool) -> None:
    """
    With the reply that ended it; the number of rows is on standard error.
    """
    result = mail.invoke("find", "--status", "delivered")

    assert ["RECIPIENT", "ID", "STATUS", "RECEIVED", "SENDER", "ADDRESS", "REPLY"] == result.stdout.splitlines()[
        0
    ].split()
    assert result.stdout.splitlines()[1].endswith("sender@example.test  r1@a.example  250 2.0.0 Ok")
    assert "empath-admin: 1 recipient found\n" == result.stderr
    assert (
        "empath-admin: 1 recipient found; there are more, --limit shows them\n"
        == mail.invoke("find", "--limit", "1").stderr
    )


def test_a_narrow_terminal_shows_the_id_and_the_reply(mail: AdminTool) -> None:
    """
    The id is what the next command takes.
    """
    [(ulid,)] = mail.queue.select("SELECT id FROM history WHERE status = 'delivered'")

    lines = mail.on_a_terminal(80, "find", "--status", "delivered")

    assert ["NUMBER", "STATUS", "AGE", "SENDER", "->", "RECIPIENT"] == lines[0].split()
    assert lines[1].endswith("sender@example.test -> r1@a.example")
    assert f"  {ulid}  250 2.0.0 Ok" == lines[2]


def test_the_filters_of_find_hold_for_orders_too(mail: AdminTool) -> None:
    """
    There is one grammar.
    """
    assert 1 == mail.record("hold", "--subject", "invoice", "--older-than", "1h", "--dry-run")["matched"]
    assert [] == mail.record("list", "--newer-than", "1h", "--subject", "invoice")["recipients"]


def test_the_life_of_a_message_is_told_in_the_order_of_time(mail: AdminTool) -> None:
    """
    Where it came from, what each host said, who gave orders, and how it stands.
    """
    mail.queue.write("UPDATE queue SET priority = 0 WHERE recipient_id = 2")

    record: dict[str, Any] = mail.record("track", ULID[:10])

    assert ULID == record["id"]
    assert [
        ("accepted", None, "from 192.0.2.1 (client.example) by 127.0.0.1:2525 of mx.example.test"),
        ("delivered", "r1@a.example", "mx.a.example 192.0.2.2:25 end-of-data: 250 2.0.0 Ok"),
        ("deferred", "r2@b.example", "mx.a.example 192.0.2.2:25 end-of-data: 451 4.7.1 greylisted"),
        ("order", "r2@b.example", "priority by sql: 2 -> 0"),
    ] == [(each["what"], each["recipient"], each["words"]) for each in record["events"]]
    assert [("delivered", None), ("deferred", "retry")] == [
        (each["status"], each["blocked_by"]) for each in record["recipients"]
    ]
    lines = mail.lines("track", ULID)
    assert lines[0].split() == ["AT", "RECIPIENT", "WHAT", "WORDS"]
    assert lines[-1].split()[:4] == ["2", "deferred", "retry", "2096-10-02T07:06:40Z"]


def test_what_was_never_there_cannot_be_tracked(tool: AdminTool) -> None:
    """
    With the code that scripts know.
    """
    assert 66 == tool.run("track", "9").code
    assert 66 == tool.run("track", ULID).code


def test_the_trace_of_a_message_is_named(mail: AdminTool) -> None:
    """
    By each command that is about one message, as long as it has one.
    """
    assert "trace" not in mail.invoke("track", ULID).stdout
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    mail.queue.write(f"UPDATE _message SET traceparent = '00-{trace_id}-00f067aa0ba902b7-01' WHERE ulid = '{ULID}'")
    for verb in ("track", "explain"):
        assert trace_id in mail.invoke(verb, ULID).stdout
        assert f'"trace_id": "{trace_id}"' in mail.invoke(verb, ULID, "--json").stdout.replace('":"', '": "')
    assert f"empath-admin: trace {trace_id}\n" == mail.invoke("show", ULID).stderr


def test_support_sees_masked_mail(mail: AdminTool) -> None:
    """
    In tables and in JSON, replies and words on standard error included; subjects are left out.
    """
    mail.queue.write("UPDATE _recipient SET last_reply = '450 <r2@b.example> is over quota'")
    for line in (
        *("list", "list --json", "find", "find --json", f"track {ULID}", f"track {ULID} --json", "explain b.example"),
        *(f"view {ULID} --headers", f"view {ULID} --json", f"explain {ULID}", f"explain {ULID} --json", f"show {ULID}"),
    ):
        result = mail.invoke(*line.split(), "--masked")
        shown = result.stdout.replace("\\u2026", "…")
        assert (0, True) == (result.exit_code, "…" in shown), (line, shown, result.stderr)
        for word in ("sender@", "r1@", "r2@", "Invoice", "Hello"):
            assert word not in shown + result.stderr, (line, shown)
    assert 0 == mail.run("list", "--masked", "--at", "2026-11-30 12:00").code


def test_filters_do_not_tell_what_is_masked(mail: AdminTool) -> None:
    """
    Who guesses an address or a subject would see whether the guess is right.
    """
    for option, value in [("recipient", "a@b.example"), ("sender", "<>"), ("reply", "x"), ("subject", "x")]:
        assert 64 == mail.run("find", "--masked", f"--{option}", value).code
    said = mail.run("list", "--masked", "--where", "subject LIKE 'I%'", "--domain", "b.example")
    assert (64, "", "empath-admin: --masked goes without --where: an answer would tell what is masked\n") == said
    assert 64 == mail.run("explain", "r1@a.example", "--masked").code
    assert 64 == mail.run("show", ULID, "--masked", "--body").code
    assert 0 == mail.run("find", "--masked", "--message-id", "1@example.test", "--status", "held").code


@pytest.fixture
def past(mail: AdminTool) -> AdminTool:
    """The same mail in the index, of which the queue has forgotten the delivered recipient."""
    index(mail.queue)
    forget_recipients(mail.queue, 1)
    return mail


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ([], [3, 2, 1]),
        (["--limit", "2"], [3, 2]),
        (["--recipient", "R1@a.example"], [3, 1]),
        (["--recipient", "R1@a.example", "--status", "held"], [3]),
        (["--domain", "a.example", "--older-than", "1h"], [1]),
        (["invoice"], [2, 1]),
        (["invoice", "--status", "delivered"], [1]),
        (["r1@a.example", "7"], [7]),  # a number names a recipient
        (["r1@a.example", '"7"'], [1]),
        (["inv*", "--newer-than", "1h"], []),
        (["--where", "attempts = 1"], [2]),  # no SQL runs on the index
        ([ULID], [2]),
    ],
)
def test_the_index_adds_what_the_queue_has_forgotten(past: AdminTool, filters: list[str], numbers: list[int]) -> None:
    """
    The queue decides about what it still has.
    """
    if numbers == [7]:
        assert (64, "") == past.run("find", *filters)[:2]
    else:
        assert numbers == found(past, *filters)


def test_the_status_is_that_of_the_queue(past: AdminTool) -> None:
    """
    The index is some seconds late.
    """
    past.queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 2")
    assert ["held", "delivered"] == [each["status"] for each in past.records("find", "invoice")]
    assert [] == found(past, "invoice", "--status", "deferred")
    index(past.queue)
    assert [2] == found(past, "invoice", "--status", "held")


def test_a_message_that_only_the_index_knows_has_a_life_as_well(past: AdminTool) -> None:
    """
    Shorter than that of the queue: how it came, and how each recipient ended.
    """
    past.queue.write("DELETE FROM queue WHERE recipient_id = 2")
    index(past.queue)
    forget_recipients(past.queue, 2)
    [record] = past.records("track", ULID)
    assert ["accepted", "delivered", "cancelled"] == [each["what"] for each in record["events"]]
    assert ["delivered", "cancelled"] == [each["status"] for each in record["recipients"]]
    assert 66 == past.run("track", "01JD3KQ9XWV5N8T2RZC4E6MBHB").code


def test_words_need_an_index_and_none_that_hides_them(mail: AdminTool) -> None:
    """
    Each refusal says what to do.
    """
    said = mail.run("find", "invoice")
    assert (66, True) == (said.code, "set [track] keep = true" in said.err)
    file = index(mail.queue)
    for arguments, words in (
        (["invoice", "--masked"], "--masked goes without words"),
        (["invoice", "--where", "1"], "words go without an ID, --class and --where"),
        (["--", "--"], "a word has a letter or a digit"),
    ):
        said = mail.run("find", *arguments)
        assert (64, True) == (said.code, words in said.err), said
    assert [3, 2, 1] == found(mail, "--masked")
    file.write_bytes(b"damaged" * 1000)
    said = mail.run("find", "--subject", "hello")
    assert (0, True) == (said.code, "without the index of past mail: " in said.err)
    assert 74 == mail.run("find", "invoice").code


def test_others_know_the_index(past: AdminTool, tmp_path: Path) -> None:
    """
    fsck looks at it, backup leaves it out, a shell has it, and doctor wants it to be wanted.
    """
    assert "track" not in past.run("fsck").out
    rows = "SELECT 'row ' || w.rowid FROM track.words('invoice') AS w"
    assert "row 1" in past.run_apart("sql", rows).out
    assert "no such table" in past.run_apart("sql", "--masked", "SELECT * FROM track.mail").err
    (tmp_path / "kept").mkdir()
    told = past.run("backup", str(tmp_path / "kept"))
    assert "track.db is left out: it is made again of what the queue knows" in told.err
    assert [] == [*(tmp_path / "kept").rglob("track.db")]
    checks = [json.loads(line) for line in past.run("doctor", "--json").out.splitlines()]
    [said] = [each for each in checks if each["subject"] == "past mail"]
    assert ("warning", "remove it, or set keep = true") == (said["level"], said["remedy"])
    past.path.with_name("track.db").write_bytes(b"damaged" * 1000)
    findings = [json.loads(line) for line in past.run("fsck", "--json").out.splitlines()]
    assert [False] == [each["is_repairable"] for each in findings if each["check"] == "track_damaged"]
