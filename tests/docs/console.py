"""
console - the commands of a page's ```console blocks, and a shell that runs them as a reader would

If a test cannot run the commands of a block, a comment stands above it: `<!-- not run: the reason -->`.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import text
from tests.kit.waiting import DEADLINE_S

_BLOCK = re.compile(r"^(?:<!-- not run: ([^\n]+) -->\n)?```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"^[$#] ", re.MULTILINE)
# Parts that differ from run to run, in the order of their replacement.
_VARYING = (
    (re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b"), "ULID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?"), "INSTANT"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z"), "BACKUP"),
    (re.compile(r"\d+ [KMG]iB"), "SIZE"),
    (re.compile(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000"), "DATE"),
    (re.compile(r"\d\.\d{3}"), "SECONDS"),
    (re.compile(r"maildir:/\S*"), "maildir:DIRECTORY"),
    (re.compile(r"[0-9a-f]{64}"), "DIGEST"),
    (re.compile(r"size_octets\s+\d+"), "size_octets N"),
    (re.compile(r"pid \d+"), "pid N"),
    (re.compile(r"[─ ]+"), " "),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One console block. `reason` says why it is not run, None if it is; steps are commands, each with its output."""

    reason: str | None
    steps: tuple[tuple[str, str], ...]


def blocks(page: str) -> list[Block]:
    """All console blocks of one page. A command goes on in the next line after a backslash."""
    return [Block(reason or None, _steps(body)) for reason, body in _BLOCK.findall(text(page))]


def section(page: str, heading: str) -> list[Block]:
    """The console blocks below one heading of the second level."""
    _, _, rest = text(page).partition(f"\n## {heading}\n")
    assert rest, f"{page} has no section {heading}"
    own = rest.partition("\n## ")[0]
    return [Block(reason or None, _steps(body)) for reason, body in _BLOCK.findall(own)]


def plain(output: str) -> str:
    """*output* without the parts that differ from run to run."""
    for pattern, word in _VARYING:
        output = pattern.sub(word, output)
    return "\n".join(line.strip() for line in output.strip().splitlines())


class Shell:
    """One bash for all commands, like the terminal of a reader."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            cwd=directory,
            env=environment or None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """Exit code of *command*, and its output on both streams."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{command}\necho end-of-command $?\n")
        process.stdin.flush()
        lines = []
        while not (line := process.stdout.readline()).startswith("end-of-command "):
            assert line, "the shell ended"
            lines.append(line)
        return int(line.split()[1]), "".join(lines)

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=DEADLINE_S)


def _steps(body: str) -> tuple[tuple[str, str], ...]:
    if not _PROMPT.match(body):
        return ()
    found = []
    for step in _PROMPT.split(body)[1:]:
        lines = step.splitlines(keepends=True)
        count = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\\n"))
        found.append(("".join(lines[:count]).rstrip("\n"), "".join(lines[count:])))
    return tuple(found)
