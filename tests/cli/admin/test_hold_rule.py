"""empath-admin hold-rule, and what explain and doctor say of such rules."""

import time

import pytest

from empath.cli.admin.doctor_holds import diagnose_holds
from empath.policy.health import Level
from tests.cli.admin.kit import AdminTool


def test_a_rule_is_added_shown_and_ended(tool: AdminTool) -> None:
    """
    What it has held stays held, and the command that lets it go is printed.
    """
    tool.queue.accept("a.example", "b.example")
    arguments = ("hold-rule", "add", "recipient", "@A.example", "--for", "2h", "--reason", "a leak")
    assert "a rule would hold mail of recipient @a.example until 2" == tool.lines(*arguments, "--dry-run")[0][:54]
    assert [] == tool.lines("hold-rule", "list")
    result = tool.invoke(*arguments)
    assert ("rule 1 holds mail of recipient @a.example until 2", "empath-admin: 1 recipient of it waits now\n") == (
        result.stdout[:49], result.stderr,
    )  # fmt: skip
    record = tool.record("hold-rule", "add", "client", "192.0.2.9/24")
    assert (2, "192.0.2.0/24", None, False) == tuple(
        record[key] for key in ("rule", "pattern", "expires_at", "is_dry_run")
    )
    heads, *rows = tool.lines("hold-rule", "list")
    assert ["RULE", "SCOPE", "PATTERN", "HITS", "UNTIL", "WHO", "REASON"] == heads.split()
    assert [["1", "recipient", "@a.example", "0"], ["2", "client", "192.0.2.0/24", "0", "-"]] == [
        rows[0].split()[:4], rows[1].split()[:5],
    ]  # fmt: skip
    assert ("a leak", 0) == tuple(tool.records("hold-rule", "list")[0][key] for key in ("reason", "hits"))
    [(statement,)] = tool.queue.select("SELECT DISTINCT statement FROM audit WHERE object GLOB 'recipient *'")
    assert statement.endswith("hold-rule add recipient @A.example --for 2h --reason 'a leak'")
    tool.queue.write("UPDATE _hold_rule SET hits = 3 WHERE hold_rule_id = 1")
    release = "empath-admin release --where \"reason LIKE '%held by hold rule 1,%'\""
    assert [f"empath-admin: what rule 1 has held stays held: {release}"] == tool.words("hold-rule", "delete", "1")
    assert ["would end 1 rule"] == tool.lines("hold-rule", "delete", "--all", "--dry-run")
    assert ["ended 1 rule"] == tool.lines("hold-rule", "delete", "--all")
    assert [] == tool.lines("hold-rule", "list")


def test_explain_names_the_rule_also_for_a_network(tool: AdminTool) -> None:
    tool.queue.accept("a.example")
    tool.queue.write("UPDATE _message SET client_address = '192.0.2.7'")
    tool.lines("hold-rule", "add", "client", "192.0.2.0/24", "--reason", "a leak")
    assert "is held by hold rule 1, client 192.0.2.0/24: a leak" in " ".join(
        " ".join(tool.lines("explain", "r1@a.example")).split()
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "subject", "x"), "is not one of"),
        (("add", "sender", "x"), "neither an address nor @domain"),
        (("delete",), "or --all"),
        (("delete", "1", "--all"), "or --all"),
        (("delete", "7"), "no hold rule 7"),
    ],
)
def test_what_cannot_be_is_refused(tool: AdminTool, arguments: tuple[str, ...], words: str) -> None:
    assert words in tool.run("hold-rule", *arguments).err


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_second_rule_for_a_pattern_is_a_mistake_of_the_command(tool: AdminTool, dry: tuple[str, ...]) -> None:
    tool.lines("hold-rule", "add", "sender", "@a.example")
    ended = tool.run("hold-rule", "add", "sender", "@A.example", "--for", "2h", *dry)
    words = "empath-admin: hold rule 1 is for this pattern; `empath-admin hold-rule delete 1` ends it"
    assert (64, words) == (ended.code, ended.err.strip())


def test_doctor_reminds_of_rules_without_an_end(tool: AdminTool) -> None:
    def found() -> list[tuple[Level, str]]:
        return [(each.level, each.found) for each in diagnose_holds(tool.queue.engine, time.time())]

    assert [(Level.OK, "no rule holds mail to come")] == found()
    tool.queue.write(
        "INSERT INTO hold_rule (scope, pattern, expires_at, reason) VALUES ('account', 'a', NULL, 'x'),"
        " ('account', 'b', '2033-05-18 03:33:20', NULL), ('client', '192.0.2.1', NULL, NULL)"
    )
    tool.queue.write("UPDATE _hold_rule SET pattern = 'x' WHERE scope = 'client'")
    assert [
        (Level.WARNING, "rule 1 holds mail of account a, without an end (x): 0 recipients held so far"),
        (Level.OK, "rule 2 holds mail of account b until 2033-05-18T03:33:20Z: 0 recipients held so far"),
    ] == found()[:2]
    assert (Level.ERROR, "rule 3 holds nothing: not an IP address") == (found()[2][0], found()[2][1][:39])
