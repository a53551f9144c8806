"""Suspend a destination for a while, and resume it."""

import time

import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.queue import write


def test_a_destination_is_suspended_for_a_time_and_resumed(tool: AdminTool) -> None:
    """
    Its mail waits with the reason beside it, and goes out at once after the end.
    """
    tool.queue.accept("a.example", "b.example")

    (line,) = tool.lines("suspend", "a.example", "--for", "2h", "--reason", "their maintenance")

    assert line.startswith("a.example is suspended until 20")
    assert line.endswith(" (their maintenance)")
    assert {"b.example"} == {lease.destination for lease in tool.queue.lease(now=time.time())}
    ((blocked_by,),) = tool.queue.select("SELECT blocked_by FROM queue WHERE destination = 'a.example'")
    assert blocked_by.startswith("suspended until 20")
    assert blocked_by.endswith("(their maintenance)")
    assert any(
        "(their maintenance); to end that: empath-admin resume a.example" in each for each in tool.words("stats")
    )
    (line,) = tool.lines("resume", "a.example")
    assert line.startswith("a.example resumed, was suspended until 20")
    assert {"a.example"} == {lease.destination for lease in tool.queue.lease(now=time.time())}
    [(who,)] = tool.queue.select("SELECT DISTINCT who FROM audit")
    assert who.startswith("empath-admin:")


def test_json_says_what_was(tool: AdminTool) -> None:
    """
    A script learns whether it was the first to suspend.
    """
    tool.queue.accept("a.example")

    first = tool.record("suspend", "a.example", "--for", "1h")
    second = tool.record("suspend", "a.example", "--for", "2h", "--reason", "x")

    assert (False, None) == (first["was_suspended"], first["reason"])
    assert (True, "x") == (second["was_suspended"], second["reason"])
    assert first["suspended_until"] < second["suspended_until"]
    assert {"destination": "a.example", "was_suspended": True} == tool.record("resume", "a.example")
    assert {"destination": "a.example", "was_suspended": False} == tool.record("resume", "a.example")


def test_a_second_suspension_says_that_it_replaces_one(tool: AdminTool) -> None:
    """
    Another person may have had a reason.
    """
    tool.queue.accept("a.example")
    tool.lines("suspend", "a.example", "--for", "1h")

    (line,) = tool.words("suspend", "a.example", "--for", "2h")

    assert line.startswith("empath-admin: it was suspended until 20")


def test_resume_of_what_goes_out_changes_nothing(tool: AdminTool) -> None:
    """
    It is no error: the wish is met.
    """
    tool.queue.accept("a.example")

    assert ["a.example is not suspended"] == tool.lines("resume", "a.example")
    assert [] == tool.words("resume", "a.example")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("suspend", "x.example", "--for", "1h"), 66),
        (("resume", "x.example"), 66),
        (("suspend", "a.example"), 64),
        (("suspend", "a.example", "--for", "0s"), 64),
        (("suspend", "a.example", "--for", "4000d"), 64),
        (("suspend", "a.example", "--for", "1h", "--reason", ""), 64),
        (("suspend", "a.example", "--for", "1h", "--reason", "x" * 201), 64),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tool: AdminTool, arguments: tuple[str, ...], code: int) -> None:
    """
    The name is mistyped, or there is no time.
    """
    tool.queue.accept("a.example")

    said = tool.run(*arguments)

    assert (code, "") == (said.code, said.out)


def test_list_view_stats_and_doctor_say_what_holds_mail_back(tool: AdminTool) -> None:
    """
    Due mail that does not move looks like a fault otherwise.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    write(tool.path, "UPDATE _destination SET breaker_until = 4e9, last_failure = '421 Too many'")

    blocked = "breaker open until 2096-10-02T07:06:40Z after 421 Too many"
    assert f"  blocked by  {blocked}" in tool.lines("view", "1")
    assert blocked in tool.lines("stats")[-1]
    assert [blocked] == [each["blocked_by"] for each in tool.record("list")["recipients"]]
    said = tool.run("doctor")
    assert "mail for a.example waits, because connections fail: 421 Too many" in said.out + said.err
