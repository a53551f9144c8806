"""test_orders - `empath-admin retry`, `freeze`, `thaw` and `stats`: what they print and change"""

import time

from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.storage.queue.put_back import Hold
from tests.cli.admin.kit import NEVER, AdminTool
from tests.kit.queue import T0, write


def deferred(tool: AdminTool, *destinations: str) -> str:
    """Accept one message and defer all of its recipients until NEVER; its queue id."""
    tool.queue.accept(*destinations)
    for lease in tool.queue.lease():
        tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=NEVER))
    [(ulid,)] = tool.queue.select("SELECT max(ulid) FROM _message")
    end_leases(tool)
    return str(ulid)


def end_leases(tool: AdminTool) -> None:
    write(tool.path, "DELETE FROM _lease WHERE lease_id NOT IN (SELECT lease_id FROM _recipient WHERE lease_id > 0)")


def effects(record) -> list[tuple[int, str]]:
    return [(recipient["recipient_id"], recipient["effect"]) for recipient in record["recipients"]]


def test_retry_makes_a_waiting_recipient_due(tool: AdminTool):
    """
    The same commit lowers the bound of the destination, so that the next worker that looks takes the recipient.
    """
    deferred(tool)
    before = time.time()
    record = tool.record("retry", "--id", "1")
    [(at,)] = tool.queue.select("SELECT next_retry_at FROM _recipient")
    assert (1, [(1, "changed")]) == (record["changed"], effects(record))
    assert before <= at <= time.time()
    assert [1] == [lease.messages[0].recipients[0].recipient_id for lease in tool.queue.lease(now=time.time())]


def test_retry_says_what_changed(tool: AdminTool):
    """
    The line has the state before and after.
    """
    ulid = deferred(tool)
    result = tool.invoke("retry", "--id", "1")
    assert [
        "RECIPIENT  ID                          STATUS    ADDRESS       CHANGE",
        f"1          {ulid}  deferred  r1@a.example  due now, was due 2096-10-02T07:06:40Z",
    ] == result.stdout.splitlines()
    assert "empath-admin: 1 of 1 recipient changed\n" == result.stderr


def test_retry_json_has_these_keys(tool: AdminTool):
    """
    The documented keys are an interface: scripts depend on each of them.
    """
    ulid = deferred(tool)
    record = tool.record("retry", "--id", ulid)
    assert [
        "verb", "is_dry_run", "recipients", "matched", "changed", "ordered", "not_found", "frozen_since",
        "transactions", "is_complete",
    ] == list(record)  # fmt: skip
    [recipient] = record["recipients"]
    assert [
        "recipient_id",
        "id",
        "recipient",
        "destination",
        "suspended_until",
        "effect",
        "before",
        "after",
    ] == list(recipient)
    assert "2096-10-02T07:06:40Z" == recipient["before"]["next_retry_at"]
    keys = ["status", "ordered", "next_retry_at", "ordered_next_retry_at"]
    assert [keys, keys] == [list(recipient["before"]), list(recipient["after"])]


def test_retry_changes_nothing_but_the_instant(tool: AdminTool):
    """
    Attempts, lifetime and status are the history of the mail.
    """
    deferred(tool)
    columns = "status, attempts, expires_at, settled_at, last_reply, priority"
    before = tool.queue.select(f"SELECT {columns} FROM _recipient")
    tool.lines("retry", "--id", "1")
    assert before == tool.queue.select(f"SELECT {columns} FROM _recipient")


def test_retry_of_a_ulid_takes_all_waiting_recipients_of_the_message(tool: AdminTool):
    """
    One id, in upper or lower case, is one commit.
    """
    ulid = deferred(tool, "a.example", "b.example", "c.example")
    deferred(tool)
    assert [(1, "changed"), (2, "changed"), (3, "changed")] == effects(tool.record("retry", "--id", ulid.lower()))
    assert [(NEVER,)] == tool.queue.select("SELECT next_retry_at FROM _recipient WHERE recipient_id = 4")


def test_a_recipient_named_twice_is_changed_once(tool: AdminTool):
    """
    The count is of recipients, not of arguments.
    """
    ulid = deferred(tool)
    record = tool.record("retry", "--id", ulid, "--id", "1", "--id", "1")
    assert (1, [(1, "changed")]) == (record["changed"], effects(record))


def test_retry_leaves_each_that_does_not_wait_and_says_why(tool: AdminTool):
    """
    A leased recipient is being delivered, a held one waits for a person, a final one is over. None of them is an error.
    """
    tool.queue.accept("a.example", "b.example", "c.example", "d.example", "e.example")
    leases = {lease.destination: lease for lease in tool.queue.lease()}
    settles = [
        tool.queue.new_settle(leases[f"{letter}.example"], status, next_retry_at=at)
        for letter, status, at in (
            ("a", RecipientStatus.DEFERRED, T0),
            ("c", RecipientStatus.BOUNCED, 0),
            ("d", RecipientStatus.DELIVERED, 0),
        )
    ]
    hold = Hold(leases["e.example"].lease_id, (5,), now=T0, reason="looks odd")
    tool.queue.run(*settles, hold)
    [(ulid,)] = tool.queue.select("SELECT ulid FROM _message")
    before = tool.queue.select("SELECT * FROM _recipient")
    record = tool.record("retry", "--id", ulid)
    assert (0, [(1, "done_already"), (2, "being_delivered"), (3, "final"), (4, "final"), (5, "held")]) == (
        record["changed"],
        effects(record),
    )
    assert before == tool.queue.select("SELECT * FROM _recipient")
    assert [
        "nothing, due since 2023-11-14T22:13:20Z",
        "nothing, it is being delivered right now",
        "nothing, it is bounced for good",
        "nothing, it is delivered for good",
        "nothing, it is held",
    ] == [line[line.index("nothing") :] for line in tool.lines("retry", "--id", ulid)[1:]]
    assert ["empath-admin: 0 of 5 recipients changed"] == tool.words("retry", "--id", ulid)


def test_an_id_that_is_not_found_beside_others_is_said(tool: AdminTool):
    """
    The order is carried out for the others, and the exit code is 0.
    """
    deferred(tool)
    result = tool.invoke("retry", "--id", "17", "--id", "1")
    assert 0 == result.exit_code
    assert [
        "empath-admin: no recipient 17 in the queue database: it never existed, or its retention is over",
        "empath-admin: 1 of 1 recipient changed",
    ] == result.stderr.splitlines()
    assert ["17"] == tool.record("retry", "--id", "17", "--id", "1")["not_found"]


def test_retry_is_exit_66_if_no_id_is_found(tool: AdminTool):
    """
    The order changed no row.
    """
    unknown = str(QueueId.make(Timestamp(T0), bytes(10)))
    said = tool.run("retry", "--id", "17", "--id", unknown)
    assert (66, "") == (said.code, said.out)
    assert [
        "empath-admin: no recipient 17 in the queue database: it never existed, or its retention is over",
        f"empath-admin: no message {unknown} in the queue database: it never existed, or its retention is over",
    ] == said.err.splitlines()


def test_retry_in_a_frozen_queue_says_that_nothing_will_go_out(tool: AdminTool):
    """
    The order is carried out, but has no effect before `thaw`.
    """
    deferred(tool)
    tool.lines("freeze")
    [first, second] = tool.words("retry", "--id", "1")
    assert "empath-admin: 1 of 1 recipient changed" == first
    assert second.startswith("empath-admin: delivery is frozen since 20")


def test_freeze_stops_delivery_until_thaw(tool: AdminTool):
    """
    It is a row in the queue, so it survives every restart.
    """
    tool.queue.accept()
    [frozen] = tool.lines("freeze")
    assert [] == tool.queue.lease()
    [thawed] = tool.lines("thaw")
    assert thawed == f"thawed, was {frozen}"
    assert 1 == len(tool.queue.lease())


def test_a_second_freeze_keeps_the_first_instant(tool: AdminTool):
    """
    People want to know since when no mail goes out.
    """
    write(tool.path, "INSERT INTO _setting VALUES ('frozen', '2023-11-14T22:13:20Z')")
    result = tool.invoke("freeze")
    assert (0, "frozen since 2023-11-14T22:13:20Z\n") == (result.exit_code, result.stdout)
    assert "empath-admin: was frozen before; nothing changed\n" == result.stderr


def test_thaw_of_what_is_not_frozen_changes_nothing(tool: AdminTool):
    """
    The verb can be repeated.
    """
    result = tool.invoke("thaw")
    assert (0, "not frozen\n") == (result.exit_code, result.stdout)
    assert "empath-admin: was not frozen; nothing changed\n" == result.stderr


def test_freeze_and_thaw_have_json(tool: AdminTool):
    """
    The object has the state, whether it is new, and the instant.
    """
    first, second, third, fourth = (tool.record(verb) for verb in ("freeze", "freeze", "thaw", "thaw"))
    since = first["frozen_since"]
    assert [
        {"is_frozen": True, "is_changed": True, "frozen_since": since},
        {"is_frozen": True, "is_changed": False, "frozen_since": since},
        {"is_frozen": False, "is_changed": True, "frozen_since": since},
        {"is_frozen": False, "is_changed": False, "frozen_since": None},
    ] == [first, second, third, fourth]


def test_stats_count(tool: AdminTool):
    """
    The count by status has final recipients, the count by destination has live ones only.
    """
    tool.queue.accept("a.example", "b.example", content=b"x" * 100)
    tool.queue.accept("b.example", at=T0 + 1, content=b"x" * 10)
    tool.queue.accept("c.example", at=T0 - 1)
    leases = {lease.destination: lease for lease in tool.queue.lease()}
    tool.queue.run(
        tool.queue.new_settle(leases["a.example"], RecipientStatus.DEFERRED),
        tool.queue.new_settle(leases["c.example"], RecipientStatus.BOUNCED),
    )  # one recipient of b.example is leased, the other came a second later
    record = tool.record("stats")
    assert "2023-11-14T22:13:20Z" == record["oldest_received_at"]
    assert record.pop("oldest_age_s") >= int(time.time() - T0) - 60
    del record["at"]
    assert {
        "is_frozen": False,
        "frozen_since": None,
        "suspended_destinations": 0,
        "messages": 2,
        "size_octets": 110,
        "oldest_received_at": "2023-11-14T22:13:20Z",
        "recipients": {
            "queued": 1,
            "deferred": 1,
            "leased": 1,
            "held": 0,
            "delivered": 0,
            "bounced": 1,
            "expired": 0,
            "cancelled": 0,
        },
        "destinations": 2,
        "top_destinations": [
            {
                "destination": "b.example",
                "live": 2,
                "queued": 1,
                "deferred": 0,
                "leased": 1,
                "held": 0,
                "is_failing": False,
                "suspended_until": None,
                "blocked_by": None,
            },
            {
                "destination": "a.example",
                "live": 1,
                "queued": 0,
                "deferred": 1,
                "leased": 0,
                "held": 0,
                "is_failing": False,
                "suspended_until": None,
                "blocked_by": None,
            },
        ],
    } == record


def test_stats_are_text_for_people(tool: AdminTool):
    """
    Three paragraphs, with units in the names.
    """
    tool.queue.accept("a.example", count=2)
    write(tool.path, "INSERT INTO _setting VALUES ('frozen', '2023-11-14T22:13:20Z')")
    lines = tool.lines("stats")
    assert [
        "delivery      frozen since 2023-11-14T22:13:20Z",
        "messages      2",
        "size_octets   34",
        "oldest        2023-11-14T22:13:20Z",
    ] == lines[:4]
    assert ["destinations  1", "suspended     0", "", "STATUS     RECIPIENTS", "queued     2"] == lines[5:10]
    assert [
        "",
        "DESTINATION  LIVE  QUEUED  DEFERRED  LEASED  HELD  FAILING  SUSPENDED-UNTIL  BLOCKED-BY",
        "a.example    2     2       0         0       0     no       -                frozen",
    ] == lines[-3:]


def test_stats_name_as_many_destinations_as_asked(tool: AdminTool):
    """
    Busiest first, then by name.
    """
    tool.queue.accept("c.example", "b.example", "a.example")
    tool.queue.accept("c.example")
    names = [row["destination"] for row in tool.record("stats", "--top", "2")["top_destinations"]]
    assert ("c.example", 2) == (names[0], len(names))
    assert [] == tool.record("stats", "--top", "0")["top_destinations"]


def test_stats_of_an_empty_queue(tool: AdminTool):
    """
    Counts are 0, and the exit code is 0.
    """
    record = tool.record("stats")
    assert (0, 0, None, None) == (
        record["messages"],
        record["size_octets"],
        record["oldest_received_at"],
        record["oldest_age_s"],
    )
    assert ["delivery      on", "messages      0", "size_octets   0", "oldest        -"] == tool.lines("stats")[:4]
