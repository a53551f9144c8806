"""The part of a configuration with mistakes that the tools can use."""

import time
from pathlib import Path

import pytest

from empath.config.salvage import load_leniently
from empath.errors import ConfigError

LEAST = """\
hostname = "mx.example.test"
postmaster = "admin@example.test"
listener = [{address = "127.0.0.1:2525"}]
[queue]
path = "var/queue.db"
[process]
pid_file = "run/pid"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of the configuration; the queue and the pid file exist."""
    for name in ("var/queue.db", "run/pid"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    return tmp_path / "c.toml"


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (LEAST, []),
        (LEAST + '[delivery]\nworkers = "two"\n', ["c.toml:9: delivery.workers: must be a whole number, not text"]),
        (LEAST + "[delivery]\nworkers = two\n", ["c.toml:9: Invalid value, at column 11"]),
        (LEAST + "[delivery\nworkers = 2\n", ["c.toml:8: Expected ']' at the end of a table declaration"]),
        (LEAST + 'x = """\n[log]\nlevel = "info"\n', ["c.toml:10: Unterminated string, at the end of the file"]),
        ("x = [\n" + LEAST, ["c.toml:2: Invalid value, at column 1"]),
        (LEAST + "colour\n[log]\n", ["c.toml:8: Expected '=' after a key in a key/value pair, at column 7"]),
        (LEAST.replace('"mx.example.test"', '"-"'), ["c.toml:1: hostname: not a domain name: '-'"]),
        (LEAST.replace('[{address = "127.0.0.1:2525"}]', "[]"), ["c.toml:3: listener: needs at least one"]),
        (LEAST.replace("hostname", "hostnaem"), ["c.toml:1: hostnaem: unknown key (did you mean hostname?)"]),
        (LEAST.replace("[process]", "colour = 2\n[process]"), ["c.toml:6: queue.colour: unknown key"]),
        (LEAST.replace("[process]", "colour =\n[process]"), ["c.toml:6: Invalid value, at column 9"]),
        (LEAST + 'user = ""\n', ["c.toml:8: process.user: must be a word without blanks, not ''"]),
        (LEAST + '[queue]\nreserve = "1GiB"\n', ["c.toml:8: The table [queue] is there twice, at column 7"]),
        (
            LEAST.replace("path =", "paht ="),
            ["c.toml:5: queue.paht: unknown key (did you mean path?)", "c.toml:4: queue.path: is missing"],
        ),
        (LEAST.replace('"var/queue.db"', "var/queue.db # here"), ["c.toml:5: Invalid value, at column 8"]),
        (LEAST.replace('"var/queue.db"', '"var/queue.db'), ["c.toml:5: Illegal character '\\n', at column 21"]),
        (LEAST.replace("[queue]", "[queu]"), ["c.toml:4: queu: unknown key (did you mean queue?)"]),
        (LEAST.replace("[queue]", "[queue"), ["c.toml:4: Expected ']' at the end of a table declaration, at column 7"]),
        (LEAST.replace("[queue]", "[[queue]]"), ["c.toml:4: queue: must be a table, not a list; write [queue]"]),
        (LEAST.replace("pid_file", "pid_fiel"), ["c.toml:7: process.pid_fiel: unknown key (did you mean pid_file?)"]),
        (LEAST.replace('"run/pid"', "run/pid"), ["c.toml:7: Invalid value, at column 12"]),
    ],
)
def test_a_mistake_anywhere_leaves_the_queue_and_the_pid_file(file: Path, text: str, findings: list[str]):
    """
    One typo must not disable `status`, `stop` and `list`.
    """
    file.write_text(text)
    config, said = load_leniently(file)
    assert (file.parent / "var/queue.db", file.parent / "run/pid") == (config.queue.path, config.process.pid_file)
    lines = [line.replace(f"{file.parent}/", "") for line in said.splitlines()]
    assert all(any(line.startswith(finding) for line in lines) for finding in findings), lines
    assert bool(findings) == bool(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LEAST.replace("path =", "paht ="), "queue.path: using "),
        (LEAST.replace('"run/pid"', "run/pid"), "process.pid_file: using "),
    ],
)
def test_a_guess_is_said(file: Path, text: str, line: str):
    """
    A person sees which queue the answer is about.
    """
    file.write_text(text)
    assert f"{file}: {line}" in load_leniently(file)[1]


@pytest.mark.parametrize("mistake", [("pid_file =", "pid_fiel ="), ('"run/pid"', "3"), ('"run/pid"', "run/pid")])
def test_a_pid_file_that_is_not_there_has_its_default(file: Path, mistake: tuple[str, str]):
    """
    The path is not needed: the lock of the queue shows the supervisor.
    """
    (file.parent / "run/pid").unlink()
    file.write_text(LEAST.replace(*mistake))
    assert file.parent / "var/empathd.pid" == load_leniently(file)[0].process.pid_file


@pytest.mark.parametrize(
    "text",
    [
        "half a configu",
        LEAST.replace("path =", "colour ="),
        LEAST.replace("path =", "paht =").replace("queue.db", "other.db"),
        LEAST.replace('"var/queue.db"', "3"),
        LEAST + "x" * 2**23,
    ],
    ids=["no table", "no path", "no such queue", "no text", "too long"],
)
def test_a_file_that_names_no_queue_is_refused(file: Path, text: str):
    """
    A guess could name another queue, or make a running server look stopped.
    """
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_leniently(file)


@pytest.mark.parametrize("line", ["= 1", "[x{}]", "[queu{}]", "x{} = [", 'x{} = """'])
def test_a_long_file_of_mistakes_is_taken_apart_in_time(file: Path, line: str):
    """
    The time grows with the length and no faster, also with a mistake in each line.
    """
    text = LEAST + "= 1\n" + "".join(f"{line}\n".format(number) for number in range(50_000))
    file.write_text(text)
    began = time.process_time()
    assert file.parent / "var/queue.db" == load_leniently(file)[0].queue.path
    assert time.process_time() - began < 5
