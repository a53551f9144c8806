"""The audit says by which command an order was given."""

import json
import time

from empath.policy.seal import Kept
from empath.storage.admin.seals import check_seals
from empath.storage.queue.audit import ClaimAudit
from empath.storage.queue.retention import AuditSweep, Cutoffs, ForgetRecipients
from tests.cli.admin.kit import AdminTool
from tests.storage.queue.test_seals import seal

ALL = Kept(0.0, 0.0)


def test_each_change_has_the_command_that_made_it(tool: AdminTool) -> None:
    """
    Also one that is given twice, and a change by a shell between two orders has none.
    """
    tool.queue.accept("a.example", "b.example")
    tool.lines("hold", "--domain", "a.example")
    tool.queue.write("UPDATE queue SET priority = 0 WHERE domain = 'b.example'")
    tool.lines("hold", "--domain", "a.example")
    tool.lines("suppress", "add", "x@b.example", "--reason", "it's off")
    command = f"empath-admin -c {tool.config}"
    assert [
        ("status", f"{command} hold --domain a.example"),
        ("priority", None),
        ("suppression", f"{command} suppress add x@b.example --reason 'it'\"'\"'s off'"),
    ] == tool.queue.select("SELECT what, statement FROM audit ORDER BY audit_id")


def test_an_order_that_changes_nothing_leaves_no_words(tool: AdminTool) -> None:
    tool.queue.accept("a.example")
    tool.lines("release", "--domain", "a.example")
    assert [] == tool.queue.select("SELECT * FROM _audit")


def test_an_export_has_the_words_after_their_rows(tool: AdminTool) -> None:
    tool.queue.accept("a.example", "a.example")
    tool.lines("hold", "--all")
    *rows, words = [json.loads(line) for line in tool.lines("audit", "export")]
    assert ["status", "status"] == [row["action"] for row in rows]
    assert ("statement", rows[0]["id"], f"empath-admin -c {tool.config} hold --all") == (
        words["action"], words["before"], words["after"],
    )  # fmt: skip


def test_seals_cover_the_words_and_an_address_in_them_is_forgotten(tool: AdminTool) -> None:
    """
    The command that forgets would name the address, so it leaves no words.
    """
    tool.queue.accept("a.example", "b.example")
    tool.lines("delete", "--yes", "--recipient", "r1@a.example")
    tool.lines("delete", "--yes", "--all")
    seal(tool.queue)
    tool.lines("forget", "r1@a.example", "--yes")
    seal(tool.queue)
    assert [(None,)] == tool.queue.select("SELECT DISTINCT statement FROM audit WHERE what = 'forgotten'")
    words = [words for (words,) in tool.queue.select("SELECT DISTINCT statement FROM audit WHERE what = 'status'")]
    assert ["forgotten" in words[0], "r1@" in words[0]] == [True, False]
    assert () == check_seals(tool.queue.engine, ALL, []).faults
    tool.queue.write("INSERT INTO _setting (name, value) VALUES ('redacting', '1')")
    tool.queue.write("UPDATE _audit SET after = 'empath-admin thaw' WHERE what = 'statement'")
    assert ("audit rows 2, 4 were changed or added after seal 1",) == check_seals(tool.queue.engine, ALL, []).faults


def test_the_words_stay_as_long_as_a_row_that_they_made(tool: AdminTool) -> None:
    """
    A row about a recipient stays with it, however old it is.
    """
    tool.queue.accept("a.example", "b.example")
    tool.lines("delete", "--yes", "--all")
    tool.queue.run(ClaimAudit(99))
    reader = tool.queue.engine.open_reader()
    now = time.time() + 9
    old = Cutoffs(now, 0.0, 0.0, 0.0, audit_before=now)
    assert None is AuditSweep().step(reader, old)
    went = []
    for recipient in (1, 2):
        tool.queue.run(ForgetRecipients([recipient], Cutoffs(now, now, now, now)))
        for _ in range(2):
            work = AuditSweep().step(reader, old)
            went.append(0 if work is None else tool.queue.done(work).audit_rows)
    reader.close()
    assert [1, 0, 1, 1] == went
    assert [] == tool.queue.select("SELECT * FROM _audit")
