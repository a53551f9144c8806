"""empath-admin report-preview."""

import email
from pathlib import Path

import pytest

from empath.message.report.facts import ReportKind
from empath.message.report.template import BUILT_IN, ReportTemplate
from tests.cli.admin.kit import AdminTool


@pytest.fixture
def templates(tool: AdminTool, tmp_path: Path) -> Path:
    """The directory of the configuration."""
    directory = tmp_path / "reports"
    directory.mkdir()
    with tool.config.open("a") as file:
        file.write('\n[reports]\ntemplates = "reports"\n')
    (directory / "failure.de.txt").write_text("Subject: Unzustellbar: $subject\n\nGrüße\n$recipients\n")
    return directory


@pytest.mark.parametrize("kind", ReportKind)
def test_a_report_of_each_kind_is_shown(tool: AdminTool, kind: ReportKind) -> None:
    """
    With the words that are built in, where there is no template.
    """
    lines = tool.lines("report-preview", str(kind))
    assert [f"Subject: {BUILT_IN[kind].subject}", ""] == lines[:2]
    assert "<bob@example.org>" in lines
    source = "\n".join([*tool.lines("report-preview", str(kind), "--built-in"), ""])
    assert BUILT_IN[kind] == ReportTemplate.parse(source.encode(), "x")


def test_a_template_is_shown_to_who_reads_its_language(tool: AdminTool, templates: Path) -> None:
    lines = tool.lines("report-preview", "failure", "--language", "de-AT")
    assert ["Subject: Unzustellbar: Lunch?", "", "Grüße"] == lines[:3]
    assert "Subject: Undelivered mail returned to sender" == tool.lines("report-preview", "failure")[0]


def test_the_whole_message_is_as_it_would_be_sent(tool: AdminTool, templates: Path) -> None:
    file = str(templates / "failure.de.txt")
    text = tool.lines("report-preview", "failure", "--template", file, "--message")
    found = email.message_from_string("\n".join(text))
    assert ("multipart/report", 3) == (found.get_content_type(), len(found.get_payload()))


@pytest.mark.parametrize("more", [(), ("--template", "failure.txt")])
def test_a_mistake_is_named_with_its_line(tool: AdminTool, templates: Path, more: tuple[str, ...]) -> None:
    """
    Of a file in the directory, or of one that shall get there.
    """
    file = templates / "failure.txt"
    file.write_text("Subject: s\n\n$who\n$recipients\n")
    more = tuple(str(file) if each == "failure.txt" else each for each in more)
    result = tool.run("report-preview", "failure", *more)
    assert (78, True) == (result.code, f"{file}:3: there is no placeholder $who" in result.err)
