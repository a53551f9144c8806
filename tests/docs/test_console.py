"""The commands of README.md and docs/QUICKSTART.md, run in one shell, print what the pages show."""

import functools
import re
from pathlib import Path

import pytest

from tests.docs.console import Shell, blocks, plain
from tests.docs.pages import ROOT, text
from tests.kit.process import Empathd, free_port
from tests.kit.sqlites import SHELL
from tests.kit.starter import STARTER
from tests.kit.waiting import eventually

pytestmark = pytest.mark.on_disk

READING = re.compile(r"cat |sqlite3 |bin/empath-admin (-c \S+ )?(list|view)\b")
RUN = ("README.md", "docs/QUICKSTART.md")
COVERED = (*RUN, "docs/INSTALL.md", "docs/TROUBLESHOOTING.md")


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
@pytest.mark.parametrize("page", RUN)
def test_the_commands_answer_as_printed(make_empathd, tmp_path, page):
    """
    The test uses other ports and another directory, because a developer's own `make run` may have the printed ones.
    """
    empathd: Empathd = make_empathd()
    ports = {"2525": str(empathd.port), "2526": str(free_port()), "8025": str(free_port())}
    _make_programs(tmp_path / "bin")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/sqliterc").symlink_to(ROOT / "conf/sqliterc")
    (tmp_path / "var").mkdir(mode=0o750)
    empathd.config = tmp_path / "conf/dev.toml"
    made = text("conf/dev.toml").replace("2525", ports["2525"]).replace("8025", ports["8025"])
    empathd.config.write_text(made.replace('format = "text"', f'format = "json"\nfile = "{empathd.log}"'))
    empathd.start()
    shell = Shell(tmp_path)
    reloads = 0

    def answer(command: str) -> str:
        for printed, ours in ports.items():
            command = command.replace(printed, ours)
        _, output = shell.run(command)
        for printed, ours in ports.items():
            output = output.replace(ours, printed)
        return plain(output)

    def is_as_printed(command: str, expected: str) -> bool:
        return expected == answer(command)

    try:
        for command, printed in (step for block in blocks(page) if block.reason is None for step in block.steps):
            expected = plain(printed)
            if READING.match(command):  # a reader is slower than a delivery
                eventually(functools.partial(is_as_printed, command, expected), f"{command}: {expected}")
            else:
                assert (command, expected) == (command, answer(command))
            if command.startswith("bin/empathd reload"):
                reloads += 1
                empathd.wait_for("reload_finished", count=reloads)
    finally:
        shell.close()
    assert 0 == empathd.stop()


def _make_programs(directory: Path) -> None:
    """Programs that start at once; tests/cli runs those of the checkout."""
    directory.mkdir()
    STARTER.install_program(directory / "empathd", "empath.cli.empathd")
    STARTER.install_program(directory / "empath-admin", "empath.cli.admin.__main__")
    (directory / "empath-sqlite3").symlink_to(ROOT / "bin/empath-sqlite3")


@pytest.mark.parametrize("page", COVERED)
def test_every_block_of_commands_is_run_or_says_why_not(page):
    """
    A marked block has its reason in the mark. The others are run, here or in tests/host/.
    """
    found = blocks(page)
    assert len(re.findall(r"^```console$", text(page), re.MULTILINE)) == len(found)
    assert [] == [block for block in found if not block.steps]
    assert [] == [block for block in found if block.reason is not None and len(block.reason) < 10]


def test_the_two_commands_come_first_and_are_targets():
    """
    A newcomer types the first command of the page. .ci/run types the second, after `make check`.
    """
    commands = [command.partition("  ")[0] for command, _ in blocks("README.md")[0].steps]
    assert ["make run", "make test"] == commands
    assert {"run:", "test:"} <= set(re.findall(r"^\w+:", text("Makefile"), re.MULTILINE))
    assert ["make check || checked=$?", "make test"] == re.findall(r"^make .*", text(".ci/run"), re.MULTILINE)


def test_the_first_screen_says_what_why_and_how():
    """
    The first 50 lines have the two commands and a picture of a terminal, for a reader who takes one look.
    """
    first = "\n".join(text("README.md").splitlines()[:50])
    assert "make run" in first
    assert "FROM queue" in first
    assert "┌" in first
