"""What README.md shows is what happens: its commands are run, in one shell, and answer as printed."""

import functools
import re
import subprocess
from collections.abc import Iterator

from tests.docs.pages import ROOT, blocks, text
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually

READING = ("cat ", "sqlite3 ", "bin/empath-admin list", "bin/empath-admin view")
# What differs from run to run, in the order in which it is replaced.
VARYING = (
    (re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b"), "ULID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?"), "INSTANT"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000"), "DATE"),
    (re.compile(r"\d\.\d{3}"), "SECONDS"),
    (re.compile(r"maildir:/\S*"), "maildir:DIRECTORY"),
    (re.compile(r"[0-9a-f]{64}"), "DIGEST"),
    (re.compile(r"size_octets\s+\d+"), "size_octets N"),
    (re.compile(r"[─ ]+"), " "),
)


class Shell:
    """One bash for all commands, as a reader has one terminal."""

    def __init__(self, directory) -> None:
        self._process = subprocess.Popen(
            ["bash"], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, command: str) -> str:
        """What *command* writes to both streams."""
        process = self._process
        process.stdin.write(f"{command}\necho end-of-command\n")
        process.stdin.flush()
        lines = []
        while (line := process.stdout.readline()) != "end-of-command\n":
            assert line, "the shell ended"
            lines.append(line)
        return "".join(lines)

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=DEADLINE_S)


def steps() -> Iterator[tuple[str, str]]:
    """Commands of the console blocks after the first, each with the output that is printed below it."""
    for block in blocks("README.md", "console")[1:]:
        for step in block.split("$ ")[1:] if block.startswith("$ ") else ():
            command, _, output = step.partition("\n")
            yield command, output


def plain(output: str) -> str:
    """*output* without what differs from run to run."""
    for pattern, word in VARYING:
        output = pattern.sub(word, output)
    return "\n".join(line.strip() for line in output.strip().splitlines())


def test_the_commands_answer_as_printed(make_empathd, tmp_path):
    """
    On other ports and in another directory than printed, which a developer's own `make run` may have.
    """
    empathd: Empathd = make_empathd()
    ports = {"2525": str(empathd.port), "2526": str(free_port())}
    (tmp_path / "bin").symlink_to(ROOT / "bin")
    (tmp_path / "conf").mkdir()
    (tmp_path / "var").mkdir(mode=0o750)
    empathd.config = tmp_path / "conf/dev.toml"
    empathd.config.write_text(text("conf/dev.toml").replace("2525", ports["2525"]))
    with empathd.config.open("a") as file:
        file.write(f'[log]\nformat = "json"\nfile = "{empathd.log}"\n')
    empathd.start()
    shell = Shell(tmp_path)

    def answer(command: str) -> str:
        for printed, ours in ports.items():
            command = command.replace(printed, ours)
        output = shell.run(command)
        for printed, ours in ports.items():
            output = output.replace(ours, printed)
        return plain(output)

    def is_as_printed(command: str, expected: str) -> bool:
        return expected == answer(command)

    try:
        for command, printed in steps():
            expected = plain(printed)
            if command.startswith(READING):  # a reader is slower than a delivery
                eventually(functools.partial(is_as_printed, command, expected), f"{command}: {expected}")
            else:
                assert (command, expected) == (command, answer(command))
            if command == "bin/empathd reload":
                empathd.wait_for("reload_finished")
    finally:
        shell.close()
    assert 0 == empathd.stop()


def test_the_two_commands_come_first_and_are_targets():
    """
    A newcomer types what is printed first; .ci/run types the second.
    """
    commands = re.findall(r"^\$ (.+?)  +#", blocks("README.md", "console")[0], re.MULTILINE)
    assert ["make run", "make test"] == commands
    assert {"run:", "test:"} <= set(re.findall(r"^\w+:", text("Makefile"), re.MULTILINE))
    assert text(".ci/run").endswith("exec make test\n")
