"""One file has one use."""

from pathlib import Path

import pytest

from empath.config.file_uses import shared_files
from empath.config.load import load_config
from empath.config.workable.contradiction import located

LEAST = """\
hostname = "mx.empath.dev"
postmaster = "admin@empath.dev"
queue.path = "queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ('[process]\npid_file = "queue.db"', ["6: process.pid_file: {0}/queue.db is the queue database;"]),
        ('[process]\npid_file = "link.db"', ["6: process.pid_file: {0}/link.db is the queue database;"]),
        ('[process]\npid_file = "queue.db-wal"', ["6: process.pid_file: {0}/queue.db-wal is a file of the queue data"]),
        ('[process]\npid_file = "c.toml"', ["6: process.pid_file: {0}/c.toml is the configuration;"]),
        (
            '[process]\npid_file = "empathd.log"',
            ["6: process.pid_file: {0}/empathd.log is the file of standard error;"],
        ),
        ('[process]\npid_file = "spool"', ["6: process.pid_file: {0}/spool is the directory of content,"]),
        ('[process]\npid_file = "spool/pid"', ["6: process.pid_file: {0}/spool/pid is in {0}/spool, the directory of"]),
        ('[log]\nfile = "queue.db"', ["6: log.file: {0}/queue.db is the queue database;"]),
        ('[log]\nfile = "c.toml"', ["6: log.file: {0}/c.toml is the configuration;"]),
        ('[log]\nfile = "empathd.pid"', ["1: process.pid_file: {0}/empathd.pid is the log file;"]),
        ('[log]\nfile = "a"\n[process]\npid_file = "a"', ["8: process.pid_file: {0}/a is the log file;"]),
        ('[log]\nfile = "a"\n[process]\npid_file = "b"', []),
    ],
)
def test_no_file_has_two_uses(tmp_path: Path, more: str, lines: list[str]):
    """
    A pid file that is the queue database would overwrite it at the start; a log file would write into it.
    """
    file = tmp_path / "c.toml"
    file.write_text(LEAST + more + "\n")
    (tmp_path / "link.db").symlink_to("queue.db")
    found = located(file, [*shared_files(load_config(file), file)]).splitlines()
    assert len(lines) == len(found)
    expected = [f"{file}:{line.format(tmp_path)}" for line in lines]
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True)), found


def test_the_queue_is_not_the_configuration(tmp_path: Path):
    """
    The finding stands at the queue: the configuration is what the operator named.
    """
    file = tmp_path / "c.toml"
    file.write_text(LEAST.replace("queue.db", "c.toml"))
    expected = f"{file}:3: queue.path: {file} is the configuration; name another file"
    assert expected == located(file, [*shared_files(load_config(file), file)])


def test_a_queue_behind_a_link_has_each_file_once(tmp_path: Path):
    """
    Its files have two names, and one use.
    """
    (tmp_path / "real").mkdir()
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "link.db").symlink_to("real/queue.db")
    file = tmp_path / "c.toml"
    for path in ("folder/queue.db", "link.db"):
        file.write_text(LEAST.replace("queue.db", path))
        assert [] == list(shared_files(load_config(file), file))
