"""
test_steering - hold, release, delete, undelete, bounce, expire: which recipients they select, and what they change and
print
"""

import json
import os
import pty
import subprocess

import apsw
import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue.put_back import Hold
from tests.cli.admin.kit import MODULE, NEVER, AdminTool
from tests.kit.queue import T0, write
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S

DESTRUCTIVE = ("delete", "bounce", "expire")
VERBS = ("retry", "hold", "release", "delete", "undelete", "bounce", "expire")


def fates(record) -> list[tuple[int, str, str, str]]:
    """Number, effect, and status before and after, of each recipient."""
    return [(r["recipient_id"], r["effect"], r["before"]["status"], r["after"]["status"]) for r in record["recipients"]]


def audit(tool: AdminTool) -> list[tuple[object, ...]]:
    return tool.queue.select("SELECT who, recipient_id, what, before, after FROM audit ORDER BY audit_id")


def one_of_each(tool: AdminTool) -> None:
    """One message with recipients 1 queued, 2 deferred, 3 leased, 4 held, 5 delivered, 6 bounced, 7 cancelled."""
    tool.queue.accept(*(f"{letter}.example" for letter in "abcdefg"))
    leases = {lease.destination: lease for lease in tool.queue.lease()}
    settle = tool.queue.new_settle
    tool.queue.run(
        settle(leases["b.example"], RecipientStatus.DEFERRED, next_retry_at=NEVER),
        settle(leases["e.example"], RecipientStatus.DELIVERED),
        settle(leases["f.example"], RecipientStatus.BOUNCED),
        Hold(leases["d.example"].lease_id, (4,), now=T0, reason="looks odd"),
    )
    write(tool.path, "UPDATE _recipient SET status = 'queued', lease_id = NULL WHERE recipient_id IN (1, 7)")
    write(
        tool.path,
        "DELETE FROM _lease WHERE lease_id NOT IN (SELECT lease_id FROM _recipient WHERE lease_id IS NOT NULL)",
    )
    write(tool.path, "DELETE FROM queue WHERE recipient_id = 7")


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("retry", "due_already changed being_delivered held final final final"),
        ("hold", "changed changed ordered done_already final final final"),
        ("release", "not_held not_held not_held changed final final final"),
        ("delete", "changed changed ordered changed final final done_already"),
        ("undelete", "live live live live final bounced changed"),
        ("bounce", "changed changed ordered changed final done_already final"),
        ("expire", "changed changed ordered changed final final final"),
    ],
)
@pytest.mark.parametrize("way", ["rehearsed", "done"])
def test_each_status_meets_each_order(tool: AdminTool, verb: str, expected: str, way: str):
    """
    The table of docs/empath-admin.md holds for orders and rehearsals, and in the views. A rehearsal changes nothing.
    """
    one_of_each(tool)
    [(ulid,)] = tool.queue.select("SELECT ulid FROM _message")
    before = tool.queue.select("SELECT * FROM _recipient"), audit(tool)
    arguments = [verb, "--id", ulid, *(["--yes"] if verb in DESTRUCTIVE else [])]
    record = tool.record(*arguments, *(["--dry-run"] if way == "rehearsed" else []))
    effects = [r["effect"] for r in record["recipients"]]
    assert expected.replace("due_already", "done_already").split() == effects
    assert (effects.count("changed"), effects.count("ordered"), 7) == (
        record["changed"],
        record["ordered"],
        record["matched"],
    )
    now = tool.queue.select("SELECT * FROM _recipient"), audit(tool)
    assert (way == "rehearsed") == (before == now)
    if way == "done":
        states = dict(tool.queue.select("SELECT recipient_id, status FROM _recipient"))
        assert states == {r["recipient_id"]: r["after"]["status"] for r in record["recipients"]}


def test_a_rehearsal_foretells_what_is_done(tool: AdminTool):
    """
    Its counts and ids are exact.
    """
    one_of_each(tool)
    arguments = ("delete", "--sender", "sender@example.test", "--yes")
    foretold, done = tool.record(*arguments, "--dry-run"), tool.record(*arguments)
    assert fates(foretold) == fates(done)
    assert [(1, "changed", "queued", "cancelled"), (2, "changed", "deferred", "cancelled")] == fates(done)[:2]
    assert (True, 0, False, 1) == (
        foretold["is_dry_run"],
        foretold["transactions"],
        done["is_dry_run"],
        done["transactions"],
    )


def test_a_rehearsal_takes_no_lock(tool: AdminTool):
    """
    It works while another program writes, and on a queue that the user may only read.
    """
    tool.queue.accept()
    holder = apsw.Connection(str(tool.path))
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert 0 == tool.run("delete", "--all", "--dry-run").code
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def test_an_order_is_audited_with_who_gave_it(tool: AdminTool):
    """
    The audit row is in the same commit, and the name is removed from the queue after it.
    """
    tool.queue.accept()
    tool.lines("hold", "--all")
    [(who, *change)] = audit(tool)
    assert (True, [1, "status", "queued", "held"]) == (str(who).startswith("empath-admin:"), change)
    assert [] == tool.queue.select("SELECT * FROM _actor")


def test_hold_and_release_are_told_in_words(tool: AdminTool):
    """
    Each recipient has a line with the state before and after.
    """
    tool.queue.accept()
    [(ulid,)] = tool.queue.select("SELECT ulid FROM _message")
    result = tool.invoke("hold", "--domain", "a.example")
    assert [
        "RECIPIENT  ID                          STATUS  ADDRESS       CHANGE",
        f"1          {ulid}  queued  r1@a.example  held, was queued",
    ] == result.stdout.splitlines()
    assert "empath-admin: 1 of 1 recipient changed\n" == result.stderr
    assert tool.lines("release", "--id", "1")[1].endswith("queued, was held")


def test_an_order_to_a_leased_recipient_waits_and_can_be_taken_back(tool: AdminTool):
    """
    The order is carried out at the end of the lease.
    """
    tool.queue.accept()
    tool.queue.lease()
    [ordered] = tool.record("hold", "--id", "1")["recipients"]
    assert ("ordered", "leased", "held") == (ordered["effect"], ordered["after"]["status"], ordered["after"]["ordered"])
    assert "nothing, already ordered" in tool.lines("hold", "--id", "1")[1]
    result = tool.invoke("release", "--id", "1")
    assert "takes back the order held, it is being delivered right now" in result.stdout
    assert "1 ordered for the end of the delivery under way" in result.stderr
    assert [("leased", None)] == tool.queue.select("SELECT status, ordered FROM queue")


def test_undelete_queues_what_was_cancelled_but_not_what_bounced(tool: AdminTool):
    """
    The sender knows of a bounce, so `undelete` selects it only with --status bounced.
    """
    one_of_each(tool)
    assert [(7, "changed", "cancelled", "queued")] == fates(tool.record("undelete", "--all"))
    assert [(6, "changed", "bounced", "queued")] == fates(tool.record("undelete", "--status", "bounced"))
    assert 0 == tool.record("undelete", "--all")["matched"]


def test_undelete_leaves_what_has_no_content_any_more(tool: AdminTool):
    """
    One of them must not stop the order for the others.
    """
    tool.queue.accept(count=2)
    tool.lines("delete", "--all", "--yes")
    write(tool.path, "DELETE FROM _content WHERE message_id = 1")
    write(tool.path, "UPDATE _message SET content_locator = NULL WHERE message_id = 1")
    record = tool.record("undelete", "--all")
    assert ["content_removed", "changed"] == [r["effect"] for r in record["recipients"]]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("--id", "2"), [2]),
        (("--id", "2", "--id", "3", "--domain", "c.example"), [3]),
        (("--domain", "B.example"), [2]),
        (("--sender", "<sender@example.test>"), [1, 3]),
        (("--sender", "<>"), [2]),
        (("--recipient", "r1@A.example"), [1]),
        (("--status", "held"), [3]),
        (("--older-than", "1h"), [1, 2]),
        (("--destination", "c.example"), [3]),
        (("--where", "recipient_id > 1 AND status <> 'held' -- not these"), [2]),
        (("--where", "id IN (SELECT id FROM message WHERE sender = '')"), [2]),
        (("--where", "0 OR 1", "--domain", "a.example"), [1]),
        (("--all",), [1, 2, 3]),
        (("--all", "--status", "deferred"), []),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_filters_narrow_lists_and_orders_alike(tool: AdminTool, filters, expected):
    """
    `list` shows the recipients that an order with the same filters would change.
    """
    for letter in "abc":
        tool.queue.accept(f"{letter}.example")
    write(tool.path, "UPDATE _message SET reverse_path = '' WHERE message_id = 2")
    write(tool.path, f"UPDATE _message SET received_at = {NEVER} WHERE message_id = 3")
    tool.lines("hold", "--id", "3")
    assert expected == [r["recipient_id"] for r in tool.record("list", *filters)["recipients"]]
    assert expected == [r["recipient_id"] for r in tool.record("delete", *filters, "--yes")["recipients"]]


@pytest.mark.parametrize(
    "where",
    [
        "no_such_column = 1",
        "1) OR (1",
        "1 THEN 1 END, CASE WHEN 1",
        "1); DELETE FROM queue; SELECT (1",
        "1; DELETE FROM queue",
        "recipient_id = ?",
        "domain = :domain",
        "count(*) > 1",
        "1 /* to the end",
        "EXISTS (SELECT * FROM pragma_table_list)",
        "(DELETE FROM queue)",
        "writable_schema('x')",
        "\ud800",
    ],
)
@pytest.mark.parametrize("verb", ["list", "retry", "undelete"])
def test_where_takes_one_expression_that_reads(tool: AdminTool, where: str, verb: str):
    """
    Anything else is one line and exit code 64, and changes nothing.
    """
    tool.queue.accept("a.example")
    before = tool.queue.select("SELECT * FROM _recipient")
    error = tool.invoke(verb, "--where", where, "--domain", "a.example").exception
    assert 64 == getattr(error, "exit_code", None)
    assert (True, 0) == (str(error).startswith("--where: "), str(error).count("\n"))
    assert before == tool.queue.select("SELECT * FROM _recipient")


@pytest.mark.parametrize("where", ["", " "])
def test_an_empty_where_is_not_an_expression(tool: AdminTool, where: str):
    """
    An unset variable of a script must not select all mail, nor become a part of Empath's SQL.
    """
    said = tool.run("list", "--where", where)
    words = "empath-admin: Invalid value for '--where': an SQL expression is missing\n"
    assert (64, "", words) == said


def test_where_that_fails_on_a_row_is_a_line(tool: AdminTool):
    """
    The expression compiles, but cannot take the value of some row.
    """
    tool.queue.accept()
    said = tool.run("list", "--where", "json_extract(recipient, '$')")
    assert (64, "", 1) == (said.code, said.out, said.err.count("\n"))


@pytest.mark.parametrize("verb", VERBS)
def test_an_order_without_a_selection_is_exit_64(tool: AdminTool, verb: str):
    """
    A forgotten filter must not select the whole queue.
    """
    tool.queue.accept()
    said = tool.run(verb)
    assert (64, "", 1) == (said.code, said.out, said.err.count("\n"))
    assert "--all" in said.err
    assert ["queued"] == tool.queue.statuses()


@pytest.mark.parametrize("verb", DESTRUCTIVE)
def test_a_destructive_order_without_a_terminal_needs_yes(tool: AdminTool, verb: str):
    """
    A script has to say that it means it.
    """
    tool.queue.accept()
    said = tool.run(verb, "--all")
    words = (
        f"empath-admin: {verb} asks before it acts, and there is no terminal: add --yes, or look first with --dry-run\n"
    )
    assert (64, "", words) == said
    assert ["queued"] == tool.queue.statuses()


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [("n", 130, "queued"), ("y", 0, "cancelled"), ("\x04", 130, "queued")],
)
def test_a_destructive_order_asks_on_a_terminal(tool: AdminTool, answer: str, code: int, status: str):
    """
    The question has the number of recipients; the end of input means no.
    """
    tool.queue.accept("a.example", "b.example")
    tool.queue.close()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*STARTER.words(MODULE), "-c", str(tool.config), "delete", "--all"],
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        assert process.stderr is not None
        question = "empath-admin: delete 2 recipients in 1 message? [y/N]: "
        asked = ""
        while len(asked) < len(question) and (piece := process.stderr.read(1)):
            asked += piece
        os.write(ours, f"{answer}\n".encode())
        assert (code, question) == (process.wait(DEADLINE_S), asked)
    os.close(ours)
    assert [status, status] == tool.queue.statuses()


def test_an_order_that_selects_no_recipient_asks_nothing(tool: AdminTool):
    """
    An order that selects no recipient is not an error.
    """
    said = tool.run("delete", "--all", "--yes")
    assert (0, "", "empath-admin: 0 of 0 recipients changed\n") == said
    assert {"matched": 0, "recipients": []}.items() <= tool.record("hold", "--all").items()


def test_a_large_order_is_committed_page_by_page(tool: AdminTool):
    """
    The write lock is free between two pages. The report is one table with one header, or one object.
    """
    tool.queue.accept(*(f"d{n}.example" for n in range(100)), count=7)
    result = tool.invoke("hold", "--all")
    lines = result.stdout.splitlines()
    assert (701, 1) == (len(lines), sum(line.startswith("RECIPIENT") for line in lines))
    assert "empath-admin: in 2 transactions, to keep waits for the write lock short" in result.stderr.splitlines()
    record = tool.record("release", "--all")
    assert (700, 700, 2, True) == (
        record["changed"],
        len(record["recipients"]),
        record["transactions"],
        record["is_complete"],
    )
    assert list(range(1, 701)) == [r["recipient_id"] for r in record["recipients"]]


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_an_order_is_completed_without_its_reader(tool: AdminTool, option):
    """
    `empath-admin hold --all | head` must hold all.
    """
    tool.queue.accept(*(f"d{n}.example" for n in range(100)), count=60)
    tool.queue.close()
    with subprocess.Popen(
        [*STARTER.words(MODULE), "-c", str(tool.config), "hold", "--all", *option],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"empath-admin: 6000 of 6000 recipients changed\n" in process.stderr.read()
        assert 0 == process.wait(DEADLINE_S)
    assert {"held"} == set(tool.queue.statuses())


def test_a_terminal_is_not_flooded(tool: AdminTool):
    """
    A terminal shows a thousand lines; the order is carried out for all.
    """
    tool.queue.accept(*(f"d{n}.example" for n in range(100)), count=11)
    lines = tool.on_a_terminal(200, "hold", "--all")
    assert 1000 == sum(line.split()[0].isdigit() for line in lines)  # each page has a header
    assert {"held"} == set(tool.queue.statuses())


def test_what_was_committed_is_told_if_the_rest_fails(tool: AdminTool):
    """
    The JSON object is complete, and says that the order is not.
    """
    tool.queue.accept(*(f"d{n}.example" for n in range(100)), count=7)
    write(
        tool.path,
        "CREATE TRIGGER fails BEFORE UPDATE ON _recipient WHEN new.recipient_id = 600"
        " BEGIN SELECT raise(ABORT, 'disk'); END",
    )
    result = tool.invoke("hold", "--all", "--json")
    write(tool.path, "DROP TRIGGER fails")
    record = json.loads(result.stdout)
    assert (500, False, 74) == (record["changed"], record["is_complete"], getattr(result.exception, "exit_code", None))
    assert "empath-admin: not finished: 500 of 500 recipients changed" in result.stderr
    assert 500 == tool.queue.statuses().count("held")
