"""`empath-admin plan`, `apply`, `undo`: an order that is prepared, looked at, carried out and taken back."""

import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.process import configuration

STATUSES = "SELECT status FROM _recipient ORDER BY recipient_id"


@pytest.fixture
def full(tool: AdminTool) -> AdminTool:
    """Three recipients at a.example, one at b.example."""
    tool.queue.accept("a.example", count=3)
    tool.queue.accept("b.example")
    return tool


def statuses(tool: AdminTool) -> str:
    """The first letters of all statuses."""
    return "".join(status[0] for (status,) in tool.queue.select(STATUSES))


def test_a_plan_is_looked_at_carried_out_and_taken_back(full: AdminTool):
    """
    The plan itself changes nothing.
    """
    made = full.invoke("plan", "hold", "--domain", "a.example")
    assert (0, "qqqq") == (made.exit_code, statuses(full)), made.stderr
    assert made.stderr.endswith("nothing was changed; `empath-admin apply 1` carries it out\n")
    assert ["1", "hold", "planned", "3", "0", "0", "0"] == made.stdout.splitlines()[1].split()[:7]
    assert 3 + 4 == len(made.stdout.splitlines())

    rehearsed = full.words("apply", "1", "--dry-run")
    assert (["empath-admin: would hold 3 recipients; a dry run: nothing was changed"], "qqqq") == (
        rehearsed,
        statuses(full),
    )
    done = full.words("apply", "1")
    assert ("hhhq", "empath-admin: plan 1: 3 of 3 recipients changed") == (statuses(full), done[0])
    assert done[1].startswith("empath-admin: `empath-admin undo 1` takes it back, until ")
    assert ["empath-admin: plan 1: 3 of 3 recipients changed back"] == full.words("undo", "1")
    assert "qqqq" == statuses(full)
    again = full.run("apply", "1")
    assert (64, "empath-admin: plan 1 has been taken back; make another\n") == (again.code, again.err)
    who = full.queue.select("SELECT DISTINCT substr(who, 1, 13) FROM audit")
    assert [("empath-admin:",)] == who


def test_apply_refuses_what_would_be_another_set_by_now(full: AdminTool):
    """
    It says what differs. With --changed-ok it acts on what was planned and still is so; what joined was not looked at.
    """
    full.lines("plan", "hold", "--domain", "a.example")
    full.queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 2")
    full.queue.accept("a.example")
    done = full.run("apply", "1")
    assert (4, "qcqqq") == (done.code, statuses(full))
    assert [["2", "planned", "queued", "cancelled"]] == [
        [line.split()[0], *line.split()[2:5]] for line in done.out.splitlines()[1:]
    ]
    assert done.err.splitlines() == [
        "empath-admin: 1 recipient not in the plan would be selected by now",
        "empath-admin: 1 recipient of the plan would not be selected any more",
        "empath-admin: nothing was changed; make another plan, or use --changed-ok for the 2 that are as planned",
    ]
    assert "empath-admin: plan 1: 2 of 3 recipients changed" in full.words("apply", "1", "--changed-ok")
    assert "hchqq" == statuses(full)


def test_an_apply_that_was_interrupted_goes_on(full: AdminTool):
    """
    Each row knows whether it has been carried out.
    """
    full.lines("plan", "priority", "--to", "0", "--all")
    full.queue.write("UPDATE plan_recipient SET state = 'applied' WHERE recipient_id < 3")
    assert "empath-admin: plan 1: 2 of 2 recipients changed" in full.words("apply", "1")
    assert [(0,)] == full.queue.select("SELECT DISTINCT priority FROM _recipient")
    assert ["empath-admin: plan 1: 4 of 4 recipients changed back"] == full.words("undo", "1")
    assert [(2,)] == full.queue.select("SELECT DISTINCT priority FROM _recipient")


def test_undo_leaves_alone_what_something_else_has_changed(full: AdminTool):
    full.lines("plan", "hold", "--all")
    full.words("apply", "1")
    full.queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 1")
    [said] = full.words("undo", "1")
    assert "empath-admin: plan 1: 3 of 4 recipients changed back; 1 stay as they are:" in said
    assert "cqqq" == statuses(full)


def test_what_ends_recipients_is_asked_about(full: AdminTool):
    """
    And what was reported cannot be taken back.
    """
    full.lines("plan", "bounce", "--domain", "b.example")
    assert (64, "qqqq") == (full.run("apply", "1").code, statuses(full))
    full.words("apply", "1", "--yes")
    done = full.run("undo", "1")
    assert (64, "qqqb", True) == (done.code, statuses(full), "a plan to bounce cannot be taken back" in done.err)


def test_plans_are_listed_shown_and_removed(full: AdminTool):
    full.lines("plan", "hold", "--domain", "a.example")
    full.lines("plan", "retry", "--where", "recipient_id = 4", "--keep", "1h")
    assert ["2", "1"] == [line.split()[0] for line in full.lines("plan", "list")[1:]]
    record = full.record("plan", "show", "2")
    assert ("retry", 1, [4]) == (
        record["plan"]["verb"], record["plan"]["recipients"], [each["recipient_id"] for each in record["recipients"]],
    )  # fmt: skip
    assert ["empath-admin: plan 1 is removed"] == full.words("plan", "remove", "1")
    assert [2] == [record["plan_id"] for record in full.records("plan", "list")]
    assert 66 == full.run("plan", "show", "1").code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("plan", "hold"), 64),
        (("plan", "hold", "--domain", "none.example"), 66),
        (("plan", "hold", "--all", "--keep", "31d"), 64),
        (("plan", "hold", "--where", "1; DELETE"), 64),
        (("apply", "7"), 66),
        (("undo", "7"), 66),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_line(full: AdminTool, arguments: tuple[str, ...], code: int):
    done = full.run(*arguments)
    assert (code, 1, "") == (done.code, done.err.count("\n"), done.out)


def test_a_plan_of_sql_is_carried_out_by_the_command(full: AdminTool):
    """
    And the reverse: there is one kind of plan.
    """
    full.queue.write("INSERT INTO plan (verb) VALUES ('hold')")
    full.queue.write("INSERT INTO plan_recipient (plan_id, recipient_id) SELECT 1, recipient_id FROM queue")
    assert "empath-admin: plan 1: 4 of 4 recipients changed" in full.words("apply", "1")
    full.queue.write("UPDATE plan SET state = 'undone'")
    assert "qqqq" == statuses(full)


def test_a_plan_to_reroute_follows_the_routes_and_refuses_other_ones(full: AdminTool):
    """
    Between plan and apply somebody changes a route. Only what still goes where the plan says is moved.
    """
    destinations = "SELECT destination FROM queue ORDER BY recipient_id"
    routes = '"*" = "mx"\n"a.example" = "smtp://one.test"\n"b.example" = "smtp://two.test"'
    full.config.write_text(configuration(2525, routes=routes))
    made = full.invoke("plan", "reroute", "--all")
    assert (0, 3 + 5) == (made.exit_code, len(made.stdout.splitlines())), made.stderr
    assert ["RECIPIENT", "STATE", "FROM", "TO", "ADDRESS"] == made.stdout.splitlines()[3].split()
    assert ["1", "planned", "a.example", "smtp:one.test:25", "r1@a.example"] == made.stdout.splitlines()[4].split()
    assert [("a.example",)] * 3 + [("b.example",)] == full.queue.select(destinations)

    full.config.write_text(configuration(2525, routes=routes.replace("two.test", "three.test")))
    done = full.run("apply", "1")
    assert (4, "1 recipient of the plan would not be selected any more") == (done.code, done.err.splitlines()[0][14:])
    assert ["4", "planned", "b.example", "smtp:two.test:25"] == done.out.splitlines()[1].split()[:4]
    assert [("a.example",)] * 3 + [("b.example",)] == full.queue.select(destinations)

    assert ["empath-admin: plan 1: 3 of 4 recipients changed"] == full.words("apply", "1", "--changed-ok")[1:]
    assert [("smtp:one.test:25",)] * 3 + [("b.example",)] == full.queue.select(destinations)
    assert {"smtp:one.test:25"} == {
        after for (after,) in full.queue.select("SELECT after FROM audit WHERE what = 'destination'")
    }
    undone = full.run("undo", "1")
    assert (64, True) == (undone.code, "would move it again: set them back" in undone.err)
    assert 66 == full.run("plan", "reroute", "--domain", "a.example").code
