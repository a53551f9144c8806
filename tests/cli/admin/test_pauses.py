"""test_pauses - no command says that frozen or suspended mail goes out now"""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from empath.cli import common
from empath.cli.empathd import empathd
from empath.storage.admin.pauses import resume_command
from tests.cli.admin.kit import NEVER, AdminTool
from tests.kit.queue import write

UNTIL = "2096-10-02T07:06:40Z"
COMMAND = "empath-admin resume a.example"
SUSPENDED = f"empath-admin: a.example is suspended until {UNTIL}; to end that: {COMMAND}"
READING = (("list",), ("view", "1"), ("stats",))


@pytest.fixture
def suspended(tool: AdminTool) -> AdminTool:
    """One mail for two destinations, of which the first one is suspended."""
    tool.queue.accept("a.example", "b.example")
    tool.queue.close()
    write(tool.path, "UPDATE _destination SET suspended_until = ? WHERE name = 'a.example'", NEVER)
    return tool


def status(tool: AdminTool, *arguments: str) -> tuple[int, str, str]:
    """The output of `empathd status`."""
    with CliRunner(env={"EMPATH_CONFIG": str(tool.config)}).isolation() as (out, err, _):
        code = common.run(empathd, "empathd", ["status", *arguments])
        return code, out.getvalue().decode(), err.getvalue().decode()


@pytest.mark.parametrize("verb", READING, ids=lambda verb: verb[0])
def test_a_suspension_is_said_until_when_and_how_to_end_it(suspended: AdminTool, verb: tuple[str, ...]) -> None:
    """
    An instant in the past would look like mail that goes out now.
    """
    assert SUSPENDED in suspended.words(*verb)
    write(suspended.path, "UPDATE destination SET suspended_until = NULL")
    assert [] == [line for line in suspended.words(*verb) if "suspended" in line]


@pytest.mark.parametrize("verb", [*READING, ("retry", "--id", "1"), ("flush",)], ids=lambda verb: verb[0])
def test_a_freeze_is_said_since_when_and_how_to_end_it(suspended: AdminTool, verb: tuple[str, ...]) -> None:
    """
    A freeze concerns all mail.
    """
    since = suspended.record("freeze")["frozen_since"]
    line = f"empath-admin: delivery is frozen since {since}; nothing goes out before `empath-admin thaw`"
    assert line in suspended.words(*verb)


@pytest.mark.parametrize("verb", READING, ids=lambda verb: verb[0])
def test_closed_hours_are_opened_by_a_rule_and_not_by_resume(suspended: AdminTool, verb: tuple[str, ...]) -> None:
    """
    The next look at the hours would close the destination again; `resume` says so, too.
    """
    reason = "closed by schedule Mon 01:00-02:00 (UTC)"
    write(suspended.path, "UPDATE _destination SET suspended_reason = ? WHERE name = 'a.example'", reason)
    end = "empath-admin rule set a.example schedule 00:00-24:00 --for 1h"
    line = f"empath-admin: a.example is suspended until {UNTIL} ({reason}); to end that: {end}"
    assert line in suspended.words(*verb)
    assert [f"empath-admin: its hours close it again within a minute; to keep it open: {end}"] == (
        suspended.words("resume", "a.example")
    )


def test_a_destination_that_takes_no_mail_now_is_named(tool: AdminTool) -> None:
    """
    Its mail is due, and nothing in the table of `list` says why it waits. `view` has a line for it.
    """
    tool.queue.accept("a.example", *(f"{number}.example" for number in range(6)))
    write(tool.path, "UPDATE _destination SET token_at = ?", NEVER)
    words = tool.words("list")
    assert "empath-admin: 0.example takes no mail now: rate" in words
    assert "empath-admin: 2 more wait; see blocked_by in the views queue and destination" in words


def test_a_sender_whose_mail_waits_for_its_rate_is_named(tool: AdminTool) -> None:
    """
    Its mail has another next try than any attempt led to.
    """
    tool.queue.accept("a.example")
    write(tool.path, "UPDATE _recipient SET next_retry_at = ?1, held_back_until = ?1", NEVER)
    [sender] = {each["sender"] for each in tool.record("list")["recipients"]}
    assert f"empath-admin: mail from {sender} waits for its rate in [senders]" in tool.words("list")
    assert "  blocked by  sender rate" in tool.lines("view", "1")
    assert "no mail now" not in "".join(tool.words("list"))


def test_the_tables_show_the_suspension(suspended: AdminTool) -> None:
    """
    It is in the column of the next try, in the pairs of view, and in the line of the destination.
    """
    assert [UNTIL, "2023-11-14T22:13:20Z"] == [line.split()[4] for line in suspended.lines("list")[1:]]
    assert f"  suspended   until {UNTIL}" in suspended.lines("view", "1")
    assert "suspended     1" in suspended.lines("stats")
    assert [UNTIL, "-"] == [line.split()[7] for line in suspended.lines("stats")[-2:]]


def test_json_has_the_suspension(suspended: AdminTool) -> None:
    """
    It is for programs; without a suspension it is null.
    """
    assert [UNTIL, None] == [each["suspended_until"] for each in suspended.record("list")["recipients"]]
    assert [UNTIL, None] == [each["suspended_until"] for each in suspended.record("view", "1")["recipients"][:1]] + [
        None
    ]
    assert {"a.example": UNTIL, "b.example": None} == {
        each["destination"]: each["suspended_until"] for each in suspended.record("stats")["top_destinations"]
    }
    assert 1 == suspended.record("stats")["suspended_destinations"]


def test_retry_does_not_say_due_now_of_suspended_mail(suspended: AdminTool) -> None:
    """
    The mail goes out at the end of the suspension. The line has the command to end it.
    """
    write(suspended.path, "UPDATE _recipient SET next_retry_at = ?", NEVER - 1)
    result = suspended.invoke("retry", "--all")
    was = "was due 2096-10-02T07:06:39Z"
    assert [f"due at the end of the suspension, {UNTIL}, {was}", f"due now, {was}"] == [
        line[line.index("due ") :] for line in result.stdout.splitlines()[1:]
    ]
    assert SUSPENDED in result.stderr.splitlines()
    [first, second] = suspended.record("retry", "--all")["recipients"]
    assert (UNTIL, None) == (first["suspended_until"], second["suspended_until"])


def test_retry_does_not_say_due_now_while_delivery_is_frozen(suspended: AdminTool) -> None:
    """
    No mail goes out before the thaw.
    """
    write(suspended.path, "UPDATE _recipient SET next_retry_at = ?", NEVER - 1)
    suspended.lines("freeze")
    lines = suspended.lines("retry", "--all")
    assert ["due at the next thaw, was due 2096-10-02T07:06:39Z"] * 2 == [
        line[line.index("due ") :] for line in lines[1:]
    ]


def test_retry_of_what_is_due_and_suspended_says_both(suspended: AdminTool) -> None:
    """
    "due since" alone would not explain why the mail waits.
    """
    line = suspended.lines("retry", "--id", "1")[1]
    assert line.endswith(f"nothing, due since 2023-11-14T22:13:20Z, suspended until {UNTIL}")


def test_flush_names_the_suspensions_that_stay(suspended: AdminTool) -> None:
    """
    A flush ends back-off, but no order of a person.
    """
    assert [SUSPENDED] == suspended.words("flush")
    assert [] == suspended.words("flush", "--destination", "b.example")


def test_orders_that_make_nothing_due_do_not_speak_of_it(suspended: AdminTool) -> None:
    """
    A hold does not send mail.
    """
    assert ["empath-admin: 2 of 2 recipients changed"] == suspended.words("hold", "--all")
    assert ["empath-admin: 2 recipients in 1 message"] == suspended.words("list")


def test_many_suspensions_are_counted(tool: AdminTool) -> None:
    """
    Five of them are named, so that the list stays readable.
    """
    tool.queue.accept(*(f"d{number}.example" for number in range(7)))
    write(tool.path, "UPDATE _destination SET suspended_until = ?", NEVER)
    words = tool.words("stats")
    assert 6 == len(words)
    assert words[5].startswith("empath-admin: 2 more are suspended: empath-admin sql ")
    assert words[4].startswith("empath-admin: d4.example is suspended")


def test_status_says_what_keeps_mail_from_going_out(suspended: AdminTool) -> None:
    """
    Standard output stays one line, because scripts read the pid from it.
    """
    since = suspended.record("freeze")["frozen_since"]
    code, out, err = status(suspended)
    assert (3, "stopped\n") == (code, out)
    assert [
        f"empathd: delivery is frozen since {since}; nothing goes out before `empath-admin thaw`",
        SUSPENDED.replace("empath-admin: a", "empathd: a"),
    ] == err.splitlines()
    record = json.loads(status(suspended, "--json")[1])
    assert (since, 1) == (record["frozen_since"], record["suspended_destinations"])


def test_doctor_warns_of_both(suspended: AdminTool) -> None:
    """
    Each warning has the command that ends the pause.
    """

    def look() -> Iterator[tuple[str, str, str]]:
        for found in map(json.loads, suspended.run("doctor", "--json").out.splitlines()):
            if found["subject"] == "delivery":
                yield found["level"], found["found"], found["remedy"]

    assert [("warning", f"a.example is suspended until {UNTIL}", f"run `{COMMAND}`")] == list(look())
    since = suspended.record("freeze")["frozen_since"]
    assert ("warning", f"frozen since {since}: nothing goes out", "run `empath-admin thaw`") == next(look())
    write(suspended.path, "UPDATE destination SET suspended_until = NULL")
    suspended.lines("thaw")
    assert [("ok", "not frozen, and no destination is suspended", "")] == list(look())


@pytest.mark.parametrize(
    "destination", ["a.example", "maildir:/it's", 'maildir:/a "b"', "maildir:/$HOME/`x`", "maildir:/a!b\\c"]
)
def test_the_command_to_end_a_suspension_can_be_pasted(tool: AdminTool, destination: str) -> None:
    """
    A name may have characters that are special in a shell or in SQL.
    """
    tool.queue.accept("a.example", destination)
    write(tool.path, "UPDATE _destination SET suspended_until = ?", NEVER)
    command = resume_command(destination).replace("empath-admin", f"empath-admin -c {tool.config}", 1)
    assert 0 == tool.paste(command)
    suspended = "SELECT destination FROM destination WHERE suspended_until IS NOT NULL"
    assert destination not in [name for (name,) in tool.queue.select(suspended)]


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        ("closed by schedule Mon 08:00-09:00 UTC", "empath-admin rule set a.example schedule 00:00-24:00 --for 1h"),
        ("closed by not_before 2033-05-18T03:33:20Z", "empath-admin rule set a.example not_before 2000-01-01 --for 1h"),
        ("broken disk", COMMAND),
        (None, COMMAND),
    ],
)
def test_a_destination_outside_its_hours_is_opened_by_a_rule(reason: str | None, command: str) -> None:
    """
    The hours would close it again within a second after `resume`.
    """
    assert command == resume_command("a.example", reason)


@pytest.mark.parametrize("verb", READING, ids=lambda verb: verb[0])
def test_mail_that_waits_for_a_day_of_warm_up_needs_a_larger_day(suspended: AdminTool, verb: tuple[str, ...]) -> None:
    """
    After `resume` the next message would suspend the destination again.
    """
    reason = "warm-up: 192.0.2.1 to *: the number of day 2 is reached"
    write(suspended.path, "UPDATE _destination SET suspended_reason = ? WHERE name = 'a.example'", reason)
    end = "give the day a larger number: `empath-admin warmup list` shows the plan"
    line = f"empath-admin: a.example is suspended until {UNTIL} ({reason}); to end that, {end}"
    assert line in suspended.words(*verb)
    assert [f"empath-admin: its next message suspends it again; to keep it open, {end}"] == (
        suspended.words("resume", "a.example")
    )


def test_a_release_names_only_what_it_released(suspended: AdminTool) -> None:
    """
    The suspension of other mail has nothing to do with the order.
    """
    suspended.run("hold", "--id", "2")
    assert [] == [line for line in suspended.words("release", "--all") if "suspended" in line]
    suspended.run("hold", "--id", "1")
    assert SUSPENDED in suspended.words("release", "--all")


def test_a_number_out_of_range_is_said_in_words(suspended: AdminTool) -> None:
    """
    "x>=1" is not a sentence.
    """
    said = suspended.run("list", "--limit", "0")
    assert (64, True) == (said.code, "'0' is not a whole number from 1 to 100000" in said.err)
