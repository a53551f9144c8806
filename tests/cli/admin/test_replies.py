"""test_replies - the rules about replies of hosts"""

import time

import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue.reply_rules import KeepShippedRules
from tests.cli.admin.kit import AdminTool
from tests.kit.queue import select, write


@pytest.fixture
def tried(tool: AdminTool) -> AdminTool:
    """r1@a.example was refused for good with 550 5.1.1, and r1@b.example put off with 451 4.7.1 greylisted."""
    now = time.time()
    tool.queue.run(KeepShippedRules())
    tool.queue.accept("a.example", "b.example", at=now)
    for lease in tool.queue.lease(now=now + 1):
        status = RecipientStatus.BOUNCED if lease.destination == "a.example" else RecipientStatus.DEFERRED
        work = tool.queue.new_settle(lease, status, now=now + 1, next_retry_at=now + 3600)
        work.fates = tuple(
            fate._replace(said=fate.said._replace(reply=_by_host(fate.said.reply))) for fate in work.fates
        )
        tool.queue.run(work)
    return tool


def _by_host(reply):
    return type(reply)(reply.code, reply.enhanced, reply.text, is_from_host=True)


def test_classify_shows_what_it_would_change_and_then_changes_it(tried: AdminTool) -> None:
    """
    Attempts of before have no class. Rules that were changed are tried first.
    """
    write(tried.path, "INSERT INTO bounce_rule (class, text) VALUES ('bad-mailbox', 'no such user|5.1.1')")
    lines = [line.split() for line in tried.lines("classify", "--dry-run")]
    assert [["OLD-CLASS", "NEW-CLASS", "ATTEMPTS"], ["-", "bad-mailbox", "1"], ["-", "greylist", "1"]] == lines[:3]
    assert [["would", "suppress", "r1@a.example"]] == lines[3:]
    assert [(None,), (None,)] == select(tried.path, "SELECT class FROM attempt ORDER BY attempt_id")
    assert [] == tried.lines("suppress", "export")

    record = tried.record("classify", "--since", "1h")
    assert (2, 2, False) == (record["attempts"], len(record["changes"]), record["is_dry_run"])
    assert {("bad-mailbox",), ("greylist",)} == set(select(tried.path, "SELECT class FROM attempt"))
    assert [] == tried.lines("suppress", "export")
    assert [
        "empath-admin: 0 attempts of 2 got another class",
        "empath-admin: suppressed 1 address; 0 were already",
    ] == (tried.words("classify", "--suppress", "bad-mailbox"))
    assert ["r1@a.example"] == [line.split()[0] for line in tried.lines("suppress", "export")]
    assert "suppressed 0 addresses; 1 were already" in tried.words("classify", "--suppress", "bad-mailbox")[1]


def test_classify_names_a_rule_that_cannot_be_read(tried: AdminTool) -> None:
    """
    Its author may wonder why nothing changes.
    """
    write(tried.path, "INSERT INTO bounce_rule (class, text) VALUES ('rate', '(a+)+')")
    assert "counts as switched off" in tried.words("classify", "--dry-run")[-1]


def test_shape_test_shows_what_rules_would_have_done(tried: AdminTool) -> None:
    """
    Rules that are off are tried, too: that is how one decides.
    """
    write(tried.path, "INSERT INTO shaping_rule (class, action, duration) VALUES ('greylist', 'suspend', '10m')")
    [own] = select(tried.path, "SELECT rule FROM shaping_rule WHERE NOT is_shipped")
    header, line = tried.lines("shape", "test", own[0])
    assert ["RULE", "STATE", "ACTION", "MATCHES", "EFFECTS", "DESTINATIONS", "EXAMPLE"] == header.split()
    assert [own[0], "on", "suspend", "1", "1", "1"] == line.split()[:6]
    record = tried.record("shape", "test", own[0], "--since", "1h")
    assert (["b.example"], 1, None) == (record["destinations"], record["effects"], record["problem"])


def test_shape_lists_and_switches_rules(tried: AdminTool) -> None:
    """
    A switch is audited, and all of them are made or none.
    """
    header, first, *_ = tried.lines("shape", "list")
    assert ["RULE", "STATE", "ACTION", "FOR", "VALUE", "CONDITION"] == header.split()
    assert ["google-flood", "on", "suspend", "15m"] == first.split()[:4]
    assert ["listed, full-mailbox: on"] == tried.lines("shape", "enable", "listed", "full-mailbox")
    assert ["google-flood: off"] == tried.lines("shape", "disable", "google-flood")
    states = {record["rule"]: record["is_enabled"] for record in tried.records("shape", "list")}
    assert (False, True, True) == (states["google-flood"], states["listed"], states["full-mailbox"])
    unknown = tried.run("shape", "test", "rate", "nothing")
    assert (66, "") == (unknown.code, unknown.out)
    result = tried.run("shape", "enable", "rate", "nothing")
    assert (66, True) == (result.code, "no shaping rule 'nothing'" in result.err)
    assert not {record["rule"]: record["is_enabled"] for record in tried.records("shape", "list")}["rate"]
    changes = "SELECT object, before, after FROM audit WHERE what = 'shaping_rule is_enabled' ORDER BY audit_id"
    assert [("listed", 0, 1), ("full-mailbox", 0, 1), ("google-flood", 1, 0)] == select(tried.path, changes)


def test_shape_says_when_no_rule_has_an_effect(tried: AdminTool) -> None:
    """
    Otherwise an operator waits for one in vain.
    """
    text = tried.config.read_text()
    tried.config.write_text(text + "\n[shaping]\nenabled = false\n")
    assert "enabled = true" in tried.words("shape", "list")[0]
