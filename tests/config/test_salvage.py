"""The part of a configuration with mistakes that the tools can use."""

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


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (LEAST, []),
        (LEAST + '[delivery]\nworkers = "two"\n', ["c.toml:9: delivery.workers: must be a whole number, not text"]),
        (LEAST + "[delivery]\nworkers = two\n", ["c.toml:9: Invalid value, at column 11"]),
        (LEAST + "colour\n[log]\n", None),
        (LEAST.replace('"mx.example.test"', '"-"'), ["c.toml:1: hostname: not a domain name: '-'"]),
        (LEAST.replace('[{address = "127.0.0.1:2525"}]', "[]"), ["c.toml:3: listener: needs at least one"]),
        (LEAST.replace("hostname", "hostnaem"), ["c.toml:1: hostnaem: unknown key (did you mean hostname?)"]),
        (LEAST.replace("path", "paht"), None),
        (LEAST.replace("pid_file", "pid_fiel"), None),
        (LEAST.replace('"run/pid"', "run/pid"), None),
        (LEAST + "[delivery\n", None),
    ],
)
def test_mistakes_elsewhere_leave_the_queue_and_the_pid_file(tmp_path: Path, text: str, findings: list[str] | None):
    """
    One typo must not disable `status`, `stop` and `list`. The tools never guess queue or server.
    """
    file = tmp_path / "c.toml"
    file.write_text(text)
    if findings is None:
        with pytest.raises(ConfigError):
            load_leniently(file)
        return
    config, said = load_leniently(file)
    assert (tmp_path / "var/queue.db", tmp_path / "run/pid") == (config.queue.path, config.process.pid_file)
    lines = [line.replace(f"{tmp_path}/", "") for line in said.splitlines()]
    assert findings == lines[: len(findings)]
    assert bool(findings) == bool(lines)
