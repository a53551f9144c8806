"""empath-admin log-level."""

import pytest

from tests.cli.admin.kit import AdminTool


def test_a_level_of_a_part_is_set_shown_and_ended_in_the_name_of_a_person(tool: AdminTool) -> None:
    """
    No service need run: the next one reads the row.
    """
    (line,) = tool.lines("log-level", "set", "debug", "--client", "192.0.2.1/24", "--for", "5m", "--reason", "why")
    assert line.startswith("debug for client 192.0.2.0/24 until 2")
    tool.lines("log-level", "debug", "--destination", "A.test")
    heads, *rows = tool.lines("log-level", "list")
    assert ["SCOPE", "PATTERN", "LEVEL", "UNTIL", "WHO", "REASON"] == heads.split()
    assert [["client", "192.0.2.0/24", "debug"], ["destination", "a.test", "debug"]] == [
        row.split()[:3] for row in rows
    ]
    (first, _) = tool.records("log-level", "list")
    assert ("client", "192.0.2.0/24", "debug", "why") == tuple(
        first[key] for key in ("scope", "pattern", "level", "reason")
    )
    assert first["created_at"] < first["expires_at"]
    assert first["who"].startswith("empath-admin:")
    assert ["ended 1 level"] == tool.lines("log-level", "clear", "--client", "192.0.2.0/24")
    assert ["ended 1 level"] == tool.lines("log-level", "clear", "--all")
    assert [] == tool.lines("log-level", "list")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "debug", "--client", "mx.example"), "not an IP address"),
        (("set", "debug", "--area", "mail"), "not an area"),
        (("set", "debug", "--area", "smtp", "--id", "X"), "give one of"),
        (("set", "default", "--area", "smtp"), "log-level clear"),
        (("set", "debug", "--for", "5m"), "are for a part"),
        (("clear",), "or --all"),
        (("clear", "--all", "--area", "smtp"), "or --all"),
    ],
)
def test_what_cannot_be_is_a_usage_error(tool: AdminTool, arguments: tuple[str, ...], words: str) -> None:
    """
    It says what to give.
    """
    result = tool.run("log-level", *arguments)
    assert (64, True) == (result.code, words in result.err)
