"""test_forget - empath-admin forget: what a person sees who forgets somebody"""

import json

import pytest

from tests.cli.admin.kit import AdminTool

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
