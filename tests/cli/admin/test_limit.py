"""empath-admin limit, and what doctor and explain say of limits of listeners."""

import pytest

from empath.cli.admin.doctor_limits import diagnose_limits
from empath.config import load_config
from empath.policy.health import Level
from tests.cli.admin.kit import AdminTool
from tests.kit.process import configuration
from tests.kit.queue import T0

HERE = "127.0.0.1:2525"


@pytest.fixture
def limited(tool: AdminTool) -> AdminTool:
    tool.config.write_text(configuration(2525, "[receiving.limits]\nconnections = 900\n"))
    return tool


def test_a_limit_is_set_shown_and_ended_in_the_name_of_a_person(limited: AdminTool) -> None:
    """
    No service need run: the next one reads the row.
    """
    arguments = ("message_rate_per_client", "5/1m", "--for", "2h", "--reason", "a loop")
    first, *table = limited.lines("limit", "set", HERE, *arguments)
    assert first.startswith(f"message_rate_per_client of {HERE} is 5/1m until 2")
    assert [["LISTENER", "BEFORE", "AFTER"], [HERE, "none", "5/1m"]] == [line.split() for line in table]
    limited.lines("limit", "set", "*", "recipients", "500")
    heads, *rows = limited.lines("limit", "list")
    assert ["LISTENER", "SETTING", "VALUE", "UNTIL", "WHO", "REASON"] == heads.split()
    assert [["*", "recipients", "500", "-"], [HERE, "message_rate_per_client", "5/1m"]] == [
        rows[0].split()[:4], rows[1].split()[:3],
    ]  # fmt: skip
    record = limited.records("limit", "list")[1]
    assert (HERE, "5/1m", "a loop") == tuple(record[key] for key in ("listener", "value", "reason"))
    assert record["who"].startswith("empath-admin:")
    shown = {each["setting"]: each for each in limited.records("limit", "show", HERE)}
    assert ("5/1m", "row of the listener", "a loop") == tuple(
        shown["message_rate_per_client"][key] for key in ("value", "layer", "reason")
    )
    assert ["500 row of all listeners", "900 [receiving.limits]"] == [
        f"{shown[key]['value']} {shown[key]['layer']}" for key in ("recipients", "connections")
    ]
    [line] = [line for line in limited.lines("limit", "show", HERE) if "a loop" in line]
    assert "row of the listener until 2" in line
    assert ["ended 1 limit"] == limited.lines("limit", "delete", HERE)
    assert ["would end 1 limit"] == limited.lines("limit", "delete", "--all", "--dry-run")
    assert ["ended 1 limit"] == limited.lines("limit", "delete", "*", "recipients")
    assert [] == limited.lines("limit", "list")
    assert ["ended 0 limits"] == limited.lines("limit", "delete", "--all")


def test_a_dry_run_changes_nothing_and_shows_what_would_change(limited: AdminTool) -> None:
    arguments = ("limit", "set", "*", "errors", "5", "--dry-run")
    assert "errors of * would be 5" == limited.lines(*arguments)[0]
    assert ["empath-admin: it changes 1 listener", "empath-admin: a dry run: nothing was changed"] == limited.words(
        *arguments
    )
    record = limited.record(*arguments)
    assert [{"listener": HERE, "before": "20", "after": "5"}] == record["listeners"]
    assert [] == limited.lines("limit", "list")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "192.0.2.1:25", "errors", "5"), f"there are {HERE}, and * for all"),
        (("show", "*"), f"there are {HERE}"),
        (("set", "*", "ipv6_prefix", "56"), "`empath-admin limit settings` lists them"),
        (("set", "*", "recipients", "5"), "must be at least 100"),
        (("set", "*", "connections", "901"), "at most 900"),
        (("delete",), "or --all"),
        (("delete", "*", "--all"), "or --all"),
    ],
)
def test_what_cannot_be_is_a_usage_error(limited: AdminTool, arguments: tuple[str, ...], words: str) -> None:
    """
    It says what to give.
    """
    result = limited.run("limit", *arguments)
    assert (64, True) == (result.code, words in result.err), result.err


def test_what_can_be_set_is_listed_with_its_default(limited: AdminTool) -> None:
    assert ["message_size", "50MiB"] == limited.lines("limit", "settings")[1].split()
    assert {"setting": "line_length", "default": "998"} in limited.records("limit", "settings")


def test_doctor_tells_of_each_limit_and_explain_where_to_look(limited: AdminTool) -> None:
    """
    A limit that a shell has set for a listener that is gone has no effect.
    """
    config, engine = load_config(limited.config), limited.queue.engine

    def found() -> list[tuple[Level, str]]:
        return [(each.level, each.found) for each in diagnose_limits(config, engine, T0)]

    assert [(Level.OK, "no limit of a listener stands above the file")] == found()
    insert = "INSERT INTO listener_limit (listener, setting, value, expires_unix, reason) VALUES"
    limited.queue.write(f"{insert} ('*', 'errors', 5, 2e9, 'why'), ('*', 'connections', 999, NULL, NULL)")
    limited.queue.write(f"{insert} ('192.0.2.1:25', 'junk', 5, NULL, NULL)")
    assert [
        (Level.OK, "errors of * is 5 until 2033-05-18T03:33:20Z (why), above the file"),
        (
            Level.ERROR,
            "the limit connections of * is left out: connections is at most 900, [receiving.limits] connections: there"
            " are descriptors for so many",
        ),
        (Level.WARNING, "the limit junk of 192.0.2.1:25 has no effect: the configuration has no such listener"),
    ] == found()
    assert f"`empath-admin limit show {HERE}`" in limited.run("explain", HERE).err
