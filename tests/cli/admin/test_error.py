"""empath-admin error: the page of a code, and the code behind a message"""

from tests.cli.admin.kit import AdminTool, run


def test_a_page_says_what_why_and_what_the_view_takes():
    """
    Enough to go on without a look at the documentation.
    """
    said = run("error", "e-record-001")
    assert (0, "") == (said.code, said.err)
    assert ["E-RECORD-001", "a message is changed through its recipients: UPDATE queue"] == said.out.splitlines()[:2]
    assert ["Why:", "Refused:", "The view", "More:"] == [
        word for word in ("Why:", "Refused:", "The view", "More:") if f"\n{word}" in said.out
    ]


def test_without_a_code_it_lists_all():
    """
    One line each, for grep.
    """
    lines = run("error").out.splitlines()
    assert len(lines) > 200
    assert lines == sorted(lines)


def test_an_unknown_code_is_exit_66():
    """
    A typing error is answered by one line.
    """
    assert (66, "", "empath-admin: no code E-X-1; `empath-admin error` lists all\n") == run("error", "E-X-1")


def test_a_refused_statement_ends_with_its_code(tool: AdminTool):
    """
    The line leads to the page.
    """
    tool.queue.accept()
    said = tool.run("sql", "--write", "UPDATE queue SET priority = 7")
    words, _, code = said.err.strip().rpartition(" ")
    assert "empath-admin: empath: priority takes 0 (first), 1, 2, 3 or 4 (last)" == words
    assert words.partition("empath: ")[2] in run("error", code.strip("[]")).out
