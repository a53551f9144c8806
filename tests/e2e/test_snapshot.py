"""A copy of the queue in which tomorrow's configuration runs, and nothing leaves the host."""

import tomllib
from pathlib import Path

import pytest

from tests.cli.admin.kit import AdminTool
from tests.docs.console import Shell, section
from tests.kit.process import configuration, free_port
from tests.kit.queue import give_spool, select
from tests.kit.starter import STARTER
from tests.kit.waiting import eventually

PORT = "2599"


def test_the_recipe_of_the_page_tries_a_configuration(tmp_path: Path) -> None:
    """
    As typed. Mail of a destination that is closed tomorrow waits in the copy; all other is discarded, although nothing
    listens where its route leads. The queue stays as it is.
    """
    (tmp_path / "today").mkdir(mode=0o750)
    tool = AdminTool(tmp_path / "today")
    give_spool(tool.path)
    tool.queue.accept("a.example", "closed.example", count=3)
    proposal = tmp_path / "tomorrow.toml"
    closed = '[destinations."closed.example"]\nnot_before = "2096-01-01"\n'
    routes = f'"*" = "smtp://127.0.0.1:{free_port()}"\n"closed.example" = "mx"'
    proposal.write_text(configuration(free_port(), closed, routes))
    before = tool.queue.dump()
    tool.queue.close()
    copy, port = tmp_path / "copy", str(free_port())
    for name, module in (
        ("empathd", "empath.cli.empathd"),
        ("empath-admin", "empath.cli.admin.__main__"),
        ("empath-sql", "empath.cli.sql"),
    ):
        STARTER.install_program(tmp_path / name, module)
    shell = Shell(tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin", EMPATH_CONFIG=str(tool.config))

    def waiting() -> list[tuple[str, int]]:
        return select(copy / "queue.db", "SELECT destination, count(*) FROM queue GROUP BY destination")

    [block] = section("docs/empath-admin.md", "snapshot")
    try:
        for command, _ in block.steps:
            typed = command.replace("/var/tmp/tomorrow", str(copy)).replace(" --config ", f" --port {port} --config ")
            code, said = shell.run(typed)
            if not command.startswith("empath-sql"):  # the shell of the system may be missing
                assert (typed, 0) == (typed, code), said
            if " thaw" in command:
                eventually(lambda: waiting() == [("closed.example", 3)], "all other mail is gone")
    finally:
        shell.run(f"empathd -c {copy}/empath.toml stop")
        shell.close()

    found = select(copy / "queue.db", "SELECT DISTINCT status, last_reply FROM history")
    assert [("delivered", "250 2.0.0 discarded")] == found
    assert before == tool.queue.dump()
    tool.queue.close()


def test_the_file_of_the_copy_tells_and_asks_nobody(tmp_path: Path) -> None:
    """
    What listens, calls or reports is left out. Only its owner may read it.
    """
    tool = AdminTool(tmp_path)
    give_spool(tool.path)
    more = '[http]\naddress = "127.0.0.1:8025"\n[retry]\nbase = "7m"\n[dmarc_reports]\n'
    tool.config.write_text(configuration(2525, more))
    assert [str(tmp_path / "copy/empath.toml")] == tool.lines("snapshot", "--sink", str(tmp_path / "copy"))
    file = tmp_path / "copy/empath.toml"
    found = tomllib.loads(file.read_text())
    assert (True, "7m", [f"127.0.0.1:{PORT}"]) == (
        found["delivery"]["sink"],
        found["retry"]["base"],
        [each["address"] for each in found["listener"]],
    )
    assert set() == {"http", "events", "dmarc_reports", "milter", "modules", "pickup", "dkim"} & found.keys()
    assert (0o600, 0o700) == (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777)
    assert {"empath.toml", "queue.db", "spool"} == {each.name for each in file.parent.iterdir()}


@pytest.mark.parametrize("place", ["copy", "copy/below/a/file"])
def test_a_copy_needs_a_place_of_its_own(tmp_path: Path, place: str) -> None:
    """
    Nothing is written over.
    """
    tool = AdminTool(tmp_path)
    (tmp_path / "copy").write_text("mine")
    said = tool.run("snapshot", "--sink", str(tmp_path / place))
    assert (73, True) == (said.code, said.err.startswith("empath-admin: ")), said
    assert "mine" == (tmp_path / "copy").read_text()


def test_a_copy_whose_configuration_could_not_name_it_is_not_made(tmp_path: Path) -> None:
    """
    A path with a line feed is none in a file of settings.
    """
    tool = AdminTool(tmp_path)
    said = tool.run("snapshot", "--sink", str(tmp_path / "a\nb"))
    assert (64, 1, True) == (
        said.code,
        said.err.count("\n"),
        "a character that a path of the configuration" in said.err,
    )
    assert not (tmp_path / "a\nb").exists()
