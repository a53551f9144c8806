"""empath-admin modules."""

import pytest

from empath.storage.queue.process import RecordModules, modules_off
from tests.cli.admin.kit import AdminTool


@pytest.fixture
def failed(tool: AdminTool) -> AdminTool:
    """A process that has switched two modules off, one of which the configuration has."""
    with tool.config.open("a") as file:
        file.write('\n[modules."a.filter"]\ndeadline = "3s"\n[modules."b.filter"]\non_failure = "pass"\n')
    tool.queue.run(RecordModules(tool.queue.process_id, ("a.filter", "old")))
    return tool


def test_modules_are_shown_with_the_processes_that_have_switched_them_off(failed: AdminTool) -> None:
    assert [
        ["MODULE", "DEADLINE", "ON-FAILURE", "OFF-IN"],
        ["a.filter", "3s", "451", "worker-1"],
        ["b.filter", "2s", "pass", "-"],
    ] == [line.split() for line in failed.lines("modules", "list")]
    assert ["worker-1"] == failed.records("modules", "list")[0]["off_in"]


def test_a_module_is_switched_on_in_the_name_of_a_person(failed: AdminTool) -> None:
    assert ["a.filter is called again by worker-1"] == failed.lines("modules", "enable", "a.filter")
    reader = failed.queue.engine.open_reader()
    assert ["old"] == modules_off(reader, failed.queue.process_id)
    audit = failed.queue.select("SELECT who LIKE 'empath-admin:%', object, before, after FROM audit")
    assert [(1, "worker-1", "a.filter old", "old")] == audit
    failed.lines("modules", "enable", "old")
    assert [] == modules_off(reader, failed.queue.process_id)
    result = failed.run("modules", "enable", "old")
    assert (66, True) == (result.code, "no process has switched 'old' off" in result.err)
    reader.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [("modules_off = 'new'", "what is taken out is called again"), ("slot = 'x'", "takes only modules_off")],
)
def test_what_cannot_be_meant_is_refused_in_words(failed: AdminTool, change: str, words: str) -> None:
    result = failed.run("sql", "--write", f"UPDATE process SET {change}")
    assert words in result.err
