"""test_forget - empath-admin forget: what a person sees who forgets somebody"""

import json

import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.past import forget_recipients, index

ADDRESS = "r1@a.example"


@pytest.fixture
def past(tool: AdminTool) -> AdminTool:
    """A queue with one message, which was cancelled."""
    tool.queue.accept()
    tool.queue.write("UPDATE queue SET status = 'cancelled'")
    return tool


def test_a_look_counts_and_a_run_forgets(past: AdminTool) -> None:
    """
    The table has the same numbers.
    """
    look = past.run("forget", ADDRESS, "--dry-run")
    assert (0, ["ROWS  OF", "1     audit", "1     recipient"]) == (look.code, look.out.splitlines())
    assert "empath-admin: 2 rows would be changed or removed; nothing was changed\n" == look.err
    done = past.run("forget", ADDRESS, "--yes")
    assert (0, look.out) == (done.code, done.out)
    [(address,)] = past.queue.select("SELECT recipient FROM history")
    name = address.removeprefix("forgotten-").removesuffix("@a.example")
    assert f"empath-admin: 2 rows changed or removed; the audit names it {name}\n" == done.err
    assert "r1@" not in past.run("audit", "verify").out


def test_it_asks_or_wants_yes(past: AdminTool) -> None:
    """
    It cannot be undone.
    """
    said = past.run("forget", ADDRESS)
    assert (64, "") == said[:2]
    assert "forget asks before it acts" in said.err
    assert "not an address" not in said.err
    assert 64 == past.run("forget", "nobody", "--yes").code


def test_what_stays_is_told(tool: AdminTool) -> None:
    """
    Mail that waits, the suppression, and an account: with what to do.
    """
    tool.queue.accept()
    tool.queue.write("INSERT INTO suppression (address) VALUES (?)", ADDRESS)
    tool.queue.write("INSERT INTO recipient_list (address) VALUES (?)", ADDRESS)
    said = tool.run("forget", ADDRESS, "--yes")
    assert 4 == said.code
    assert "mail of this address still waits (1 row) and stays" in said.err
    assert f"`empath-admin delete --recipient {ADDRESS}`" in said.err
    assert "the address stays suppressed" in said.err
    assert "the configuration in the queue names it, and stays: recipient_list" in said.err
    found = json.loads(tool.run("forget", ADDRESS, "--yes", "--suppression", "--json").out)
    assert (1, False, ["recipient_list"]) == tuple(found[key] for key in ("waiting", "suppressed", "configured"))
    assert [] == tool.queue.select("SELECT * FROM suppression")


def test_the_index_of_past_mail_forgets_too(tool: AdminTool) -> None:
    """
    What the queue has forgotten, and what it has; but not mail that waits.
    """
    tool.queue.accept("a.example", "b.example", subject="Secret")
    tool.queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 1")
    tool.queue.accept("a.example", subject="Other")
    index(tool.queue)
    forget_recipients(tool.queue, 1)
    tool.queue.accept("c.example")
    look = tool.run("forget", ADDRESS, "--dry-run")
    assert "1     index of past mail" in look.out
    done = tool.run("forget", ADDRESS, "--yes")
    assert (look.out, 4) == (done.out, done.code), done  # mail of the address waits
    [gone] = tool.records("find", "forgotten*")
    assert (1, "cancelled") == (gone["recipient_id"], gone["status"])
    assert [3] == [each["recipient_id"] for each in tool.records("find", ADDRESS)]
    assert [2] == [each["recipient_id"] for each in tool.records("find", "secret")]
