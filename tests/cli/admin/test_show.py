"""show: the content of a message, for people and as octets."""

import shlex

import pytest

from empath.cli.admin.verbs import NAMES
from empath.mail.identity import QueueId
from empath.mail.status import RecipientStatus
from empath.storage.spool import locate
from tests.cli.admin.kit import AdminTool
from tests.kit.queue import give_spool

ULID = "01JD3KQ9XWV5N8T2RZC4E6MBHA"
FIELDS = b"Received: y\r\n"
CONTENT = b"Subject: a\x1b\r\nX: \xff\r\n\r\none\r\n\r\n\x07two\r\n"


@pytest.fixture(params=["inline", "spooled"])
def kept(request: pytest.FixtureRequest, tool: AdminTool) -> AdminTool:
    """A message whose content is in the database, or in a file."""
    if request.param == "inline":
        tool.queue.accept(queue_id=QueueId.parse(ULID), content=CONTENT, added_fields=FIELDS)
        return tool
    locator = f"spool:mx.example.test/{ULID}"
    tool.queue.accept(queue_id=QueueId.parse(ULID), content=None, size=99, locator=locator, added_fields=FIELDS)
    give_spool(tool.path)
    tool.queue.close()

    path = locate(tool.spool, locator)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CONTENT)
    return tool


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ([], ["Received: y", r"Subject: a\x1b", r"X: \xff", "", "one", "", r"\x07two"]),
        (["--headers"], ["Received: y", r"Subject: a\x1b", r"X: \xff"]),
        (["--body"], ["one", "", r"\x07two"]),
    ],
)
def test_people_see_lines_without_control_characters(kept: AdminTool, options: list[str], lines: list[str]) -> None:
    """
    A mail must not steer the terminal of the one who looks at it.
    """
    assert lines == kept.lines("show", ULID[:8], *options)


def test_raw_is_what_the_next_host_gets(kept: AdminTool) -> None:
    """
    Every octet.
    """
    assert FIELDS + CONTENT == kept.invoke("show", "1", "--raw").stdout_bytes


def test_removed_content_is_said_so(tool: AdminTool) -> None:
    """
    It goes once the mail is delivered.
    """
    tool.queue.accept()
    [lease] = tool.queue.lease()
    tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DELIVERED))
    tool.queue.write("UPDATE _message SET content_locator = NULL; DELETE FROM _content")

    result = tool.invoke("show", "1")

    assert (0, "", "empath-admin: the content was removed\n") == (result.exit_code, result.stdout, result.stderr)


def test_what_is_not_there_cannot_be_shown(tool: AdminTool) -> None:
    """
    With the code that scripts know.
    """
    assert 66 == tool.run("show", ULID).code


def test_two_parts_at_a_time_are_a_mistake(tool: AdminTool) -> None:
    """
    One of them would be left out without a word.
    """
    assert 64 == tool.run("show", "1", "--headers", "--body").code


def test_an_address_in_the_place_of_an_id_is_answered_by_the_way(tool: AdminTool) -> None:
    """
    People know the address first.
    """
    assert "find --recipient ADDRESS" in tool.run("show", "a@b.test").err


@pytest.mark.parametrize(
    ("word", "more"), [("hodl", " Did you mean 'hold'?"), ("supress", " Did you mean 'suppress'?"), ("xyzzy", "")]
)
def test_a_verb_that_there_is_not_gets_the_one_that_was_meant(tool: AdminTool, word: str, more: str) -> None:
    """
    A slip of the finger is seen at once.
    """
    said = tool.run(word)
    assert (64, f"empath-admin: No such command '{word}'.{more}\n") == (said.code, said.err)


def test_the_help_names_every_verb_in_a_section(tool: AdminTool) -> None:
    """
    What is in no section could not be found.
    """

    text = tool.run("--help").out

    assert all(f"\n  {name} " in text for name in NAMES)
    assert "\nExamples:\n  empath-admin explain user@example.com" in text
    assert [] == [line for line in text.splitlines()[1:] if line.endswith("...")]


@pytest.mark.parametrize(
    "verb", [["whatif"], ["snapshot"], ["forget"], ["audit", "export"], ["list"], ["sql"]], ids=lambda verb: verb[-1]
)
def test_the_help_of_a_verb_has_examples_that_can_be_typed(tool: AdminTool, verb: list[str]) -> None:
    """
    Each in one line of a terminal of 80 columns, with options that there are.
    """
    text = tool.run(*verb, "--help").out
    lines = [line.strip() for line in text.partition("Examples:\n")[2].splitlines() if line.strip()]
    assert lines
    assert [] == [line for line in text.splitlines() if len(line) > 80]
    for line in lines:
        words = shlex.split(line)
        assert ["empath-admin", *verb] == words[: len(verb) + 1]
        assert [] == [word for word in words if word.startswith("--") and word not in text.partition("Examples:")[0]]
