"""test_examples - each verb of empath-admin has examples in its help, and each of them is what the verb takes"""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from empath.cli.admin.__main__ import admin
from empath.cli.admin.examples import EXAMPLES
from tests.kit.cases import in_one_test


def verbs(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All verbs, with those of the groups among them."""
    for name, verb in group.commands.items():
        yield (*path, name), verb
        if isinstance(verb, click.Group):
            yield from verbs(verb, (*path, name))


ALL = dict(verbs(admin))


@in_one_test("path", ALL, ids=" ".join)
def test_a_verb_has_examples_that_it_takes(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Each fits into a line of a terminal of 80 columns. A reader types it as it is.
    """
    monkeypatch.chdir(tmp_path)
    Path("message.eml").touch()  # which one of them reads
    lines = [line.strip() for line in (ALL[path].epilog or "").splitlines()[2:]]
    assert lines, "no examples"
    for line in lines:
        assert len(line) <= 78
        words = shlex.split(line.partition(" > ")[0].partition(" | ")[0])
        assert ["empath-admin", *path] == words[: len(path) + 1]
        command, arguments = ALL[path], words[len(path) + 1 :]
        context = click.Context(admin, info_name="empath-admin")
        while isinstance(command, click.Group) and arguments:
            name, *arguments = arguments
            command = command.commands[name]
        if not isinstance(command, click.Group):
            with command.make_context(str(command.name), arguments, parent=context):
                pass  # it is what the verb takes


def test_no_example_is_of_a_verb_that_is_gone() -> None:
    """
    Or of one whose examples are next to it.
    """
    assert [] == [name for name in EXAMPLES if tuple(name.split()) not in ALL]
