"""empath-admin alias and recipient."""

from empath.errors import MissingInput
from tests.cli.admin.kit import AdminTool


def test_an_alias_is_added_listed_and_removed(tool: AdminTool):
    """
    Patterns are folded, since mail is compared without regard to case.
    """
    said = tool.lines("alias", "add", "Team@example.org", "ann@example.org", "@example.net")
    assert ["mail to team@example.org goes to ann@example.org, @example.net"] == said
    both = [{"pattern": "team@example.org", "target": target} for target in ("@example.net", "ann@example.org")]
    assert both == tool.records("alias", "list")
    assert ["removed 1 target of team@example.org"] == tool.lines("alias", "remove", "team@example.org", "@example.net")
    assert ["PATTERN           TARGET", "team@example.org  ann@example.org"] == tool.lines("alias", "list")
    assert ["removed 1 target of team@example.org"] == tool.lines("alias", "remove", "team@example.org")
    whos = tool.queue.select("SELECT DISTINCT who LIKE 'empath-admin:%', what, object FROM audit")
    assert [(1, "alias", "team@example.org")] == whos


def test_recipients_are_added_imported_listed_and_removed(tool: AdminTool, tmp_path):
    file = tmp_path / "people"
    file.write_text("# people\nAnn@example.org OK\nbob@example.org\n")
    assert ["added 1 recipient"] == tool.lines("recipient", "add", "ann@example.org")
    assert ["added 1 recipient; the list had 1 already"] == tool.lines("recipient", "import", str(file))
    assert ["ann@example.org", "bob@example.org"] == tool.lines("recipient", "list")
    assert ["removed 1 recipient"] == tool.lines("recipient", "remove", "ANN@example.org")
    assert ["bob@example.org"] == tool.lines("recipient", "list")


def test_an_alias_that_cannot_be_used_is_said_at_once(tool: AdminTool):
    """
    Else the sender of the first mail would hear of it. An alias that keeps a copy for the address itself is none.
    """
    said = [
        [line for line in tool.invoke("alias", "add", *words).stderr.splitlines() if "until [aliases]" not in line]
        for words in (
            ("a@example.org", "b@example.org"), ("b@example.org", "A@example.org"), ("@example.net", "@example.org"),
            ("c@example.org", "c@example.org", "d@example.org"), ("user@example.org", "b+tag@example.org"),
        )
    ]  # fmt: skip
    circle = "empath-admin: mail to {} gets 451: the alias of {} leads back to {}"
    b, user = "b@example.org", "user@example.org"
    assert [[], [circle.format(b, b, b)], [], [], [circle.format(user, user, "A@example.org")]] == said


def test_a_list_that_no_rule_reads_is_said_at_once(tool: AdminTool, tmp_path):
    words = 'empath-admin: the list has no effect for example.org until [recipients] says "listed" of it'
    assert words in tool.invoke("recipient", "add", "ann@example.org").stderr
    file = tmp_path / "people"
    file.write_text("a@example.org\nb@example.net\n")
    assert "for example.org and 1 more until" in tool.invoke("recipient", "import", str(file)).stderr


def test_a_mistake_is_one_clear_line(tool: AdminTool, tmp_path):
    file = tmp_path / "people"
    file.write_text("ann@example.org\nbob\n")
    for hint, arguments in (
        ("people:2: an address needs a domain", ("recipient", "import", str(file))),
        ("no-such cannot be read", ("recipient", "import", str(tmp_path / "no-such"))),
        ("the list has no 'eve@example.org'", ("recipient", "remove", "eve@example.org")),
        ("no such alias of 'eve@example.org'", ("alias", "remove", "eve@example.org")),
        ("an address needs a domain", ("alias", "add", "eve", "ann@example.org")),
        ("'TARGET...': 'ann@': not a domain name", ("alias", "add", "eve@example.org", "ann@")),
    ):
        result = tool.invoke(*arguments)
        text = result.stderr if isinstance(result.exception, SystemExit) else str(result.exception)
        assert hint in text, (arguments, text)
    assert [] == tool.lines("recipient", "list")
    assert MissingInput.exit_code == 66
