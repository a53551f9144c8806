"""The directory with the words of reports."""

from pathlib import Path

from empath.config.load import load_config
from empath.config.places import Account
from empath.config.report_templates import read_report_templates
from empath.config.workable.check import contradictions
from empath.message.report.facts import ReportKind
from tests.kit.process import configuration

GOOD = "Subject: {}\n\n$recipients\n"


def test_files_are_found_by_kind_and_language(tmp_path: Path) -> None:
    """
    Other files, such as copies of an editor, do not count.
    """
    for name in ("failure.txt", "failure.de.txt", "delay.PT-br.txt", "failure.txt~", "README"):
        (tmp_path / name).write_text(GOOD.format(name))
    found, faults = read_report_templates(tmp_path)
    assert () == faults
    assert "failure.txt" == found.find(ReportKind.FAILURE).subject
    assert "failure.de.txt" == found.find(ReportKind.FAILURE, ("de",)).subject
    assert "delay.PT-br.txt" == found.find(ReportKind.DELAY, ("pt-br",)).subject
    assert "Mail was delivered" == found.find(ReportKind.SUCCESS).subject


def test_a_file_that_cannot_be_used_leaves_the_others(tmp_path: Path) -> None:
    """
    Each has its line.
    """
    (tmp_path / "delay.txt").write_text(GOOD.format("good"))
    (tmp_path / "failure.txt").write_text("Subject: $x\n\n$recipients\n")
    (tmp_path / "success.txt").mkdir()
    found, faults = read_report_templates(tmp_path)
    [failure, success] = faults
    assert failure.startswith(f"{tmp_path}/failure.txt:1: there is no placeholder")
    assert f"{tmp_path}/success.txt: Is a directory" == success
    assert ("good", "Undelivered mail returned to sender") == (
        found.find(ReportKind.DELAY).subject, found.find(ReportKind.FAILURE).subject
    )  # fmt: skip


def test_a_directory_that_is_not_there_is_a_fault_and_none_is_none(tmp_path: Path) -> None:
    _, faults = read_report_templates(tmp_path / "no")
    assert (f"{tmp_path}/no: No such file or directory",) == faults
    assert () == read_report_templates(None).faults


def test_a_file_that_the_processes_may_not_read_is_found(tmp_path: Path) -> None:
    """
    root, who runs `check`, may.
    """
    file = tmp_path / "failure.txt"
    file.write_text(GOOD.format("x"))
    file.chmod(0o600)
    _, faults = read_report_templates(tmp_path, Account("mail", 12345, frozenset({12345}), "mail"))
    assert [f"{file}: user mail may not"] == [fault[: len(f"{file}: user mail may not")] for fault in faults]


def test_check_finds_a_mistake_in_a_template(tmp_path: Path) -> None:
    """
    With the line in the template; the line of the setting is that of any finding.
    """
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "delay.txt").write_text("Subject: s\n\n$who\n")
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, '[reports]\ntemplates = "reports"\n'))
    [found] = [each for each in contradictions(load_config(file)) if each.keys == ("reports", "templates")]
    assert found.words.startswith(f"{tmp_path}/reports/delay.txt:3: there is no placeholder $who here")
