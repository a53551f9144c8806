"""test_suppress - the addresses that get no more mail"""

from tests.cli.admin.kit import AdminTool
from tests.kit.queue import write


def test_addresses_are_added_shown_and_removed(tool: AdminTool) -> None:
    """
    The row names who did it.
    """
    added = tool.lines("suppress", "add", "--reason", "asked", "--for", "30d", "Ann@a.test", "@B.test")
    assert ["suppressed 2 addresses"] == added
    assert ["suppressed 1 address; 1 were already"] == tool.lines("suppress", "add", "ann@a.test", "c@c.test")
    header, *lines = tool.lines("suppress", "list")
    assert ["ADDRESS", "SOURCE", "CLASS", "SINCE", "UNTIL", "REASON"] == header.split()
    assert ["@b.test", "ann@a.test", "c@c.test"] == [line.split()[0] for line in lines]
    record = tool.record("suppress", "list", "ann@a.test")
    assert ("asked", None, True) == (
        record["reason"],
        record["bounce_class"],
        record["source"].startswith("empath-admin:"),
    )
    assert ["removed 2 addresses"] == tool.lines("suppress", "remove", "ANN@a.test", "@b.test")
    assert ["c@c.test"] == tool.lines("suppress", "export")
    result = tool.run("suppress", "remove", "c@c.test", "ann@a.test")
    assert (66, True) == (result.code, "'ann@a.test' is not suppressed" in result.err)
    assert ["c@c.test"] == tool.lines("suppress", "export")


def test_a_file_that_was_exported_can_be_imported(tool: AdminTool) -> None:
    """
    Lists move between hosts, and come from other programs.
    """
    write(tool.path, "INSERT INTO suppression (address, reason, class) VALUES ('a@a.test', '550 no', 'bad-mailbox')")
    tool.lines("suppress", "add", "b@a.test")
    exported = tool.lines("suppress", "export")
    assert ["a@a.test 550 no", "b@a.test"] == exported
    assert ["a@a.test 550 no"] == tool.lines("suppress", "export", "--class", "bad-mailbox")
    file = tool.config.with_name("list")
    file.write_text("# kept\n\n" + "\n".join(exported) + "\nC@a.test\tleft\n")
    tool.lines("suppress", "remove", "a@a.test", "b@a.test")
    assert ["suppressed 3 addresses"] == tool.lines("suppress", "import", str(file), "--reason", "old list")
    assert ["a@a.test 550 no", "b@a.test old list", "c@a.test left"] == tool.lines("suppress", "export")


def test_a_file_with_a_mistake_changes_nothing(tool: AdminTool) -> None:
    """
    The line is named.
    """
    file = tool.config.with_name("list")
    file.write_text("a@a.test\nnobody\n")
    result = tool.run("suppress", "import", str(file))
    assert "list:2: 'nobody' is neither an address nor @domain" in result.err
    assert [] == tool.lines("suppress", "list")
    file.write_text("# nothing\n")
    assert "has no address" in tool.run("suppress", "import", str(file)).err
    file.write_bytes(b"\xff")
    assert "is not UTF-8" in tool.run("suppress", "import", str(file)).err
    assert "No such file" in tool.run("suppress", "import", f"{file}.gone").err


def test_a_reason_that_is_not_utf_8_is_one_clear_line(tool: AdminTool) -> None:
    """
    A terminal that is set to ISO 8859-1 sends such octets; nothing is written.
    """
    result = tool.run("suppress", "add", "--reason", "f\udcfcr", "a@a.test")
    assert (65, "") == (result.code, result.out)
    assert ["not UTF-8: 'f\\udcfcr'; set the terminal to UTF-8, and type the text again"] == [
        line.removeprefix("empath-admin: ") for line in result.err.splitlines()
    ]
    assert [] == tool.lines("suppress", "export")
