"""Tables by the names that they had in the version before."""

from pathlib import Path

import pytest

from empath.config.load import load_config, parse_config
from empath.config.renamed import RENAMED
from empath.config.salvage import load_leniently
from empath.config.workable import located, old_names
from empath.errors import ConfigError

LEAST = """\
hostname = "mx.example.test"
postmaster = "admin@example.test"
queue.path = "var/queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""
OLD = f"{LEAST}[limits]\nrecipients = 200\n\n[timeouts]\ncommand = '1m'\n"
NEW = f"{LEAST}[receiving.limits]\nrecipients = 200\n\n[receiving.timeouts]\ncommand = '1m'\n"


def test_an_old_name_means_the_same(tmp_path: Path) -> None:
    """
    An update must not stop a server whose file was right yesterday.
    """
    old, new = (parse_config(text.encode(), "c.toml", "/") for text in (OLD, NEW))
    assert (200, 60.0) == (old.limits.recipients, old.timeouts.command_s)
    assert (new.receiving, ("limits", "timeouts"), ()) == (old.receiving, old.old_names, new.old_names)


def test_an_old_name_gives_a_warning_with_its_line(tmp_path: Path) -> None:
    """
    The next version will not read it, and a warning without the place would send people searching.
    """
    file = tmp_path / "c.toml"
    file.write_text(OLD)
    warnings = [*old_names(load_config(file))]
    assert all(warning.is_warning for warning in warnings)
    assert [
        f"{file}:5: limits: is now [receiving.limits]; the next version will not read the old name",
        f"{file}:8: timeouts: is now [receiving.timeouts]; the next version will not read the old name",
    ] == located(file, warnings).splitlines()


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ("[limits]\n\nrecipients = 9\n", "c.toml:7: receiving.limits.recipients: must be at least 100, not 9"),
        (
            "[receiving.limits]\n[limits]\nrecipients = 200\n",
            "c.toml:6: limits: is the old name of [receiving.limits], which the file has, too; move its keys there",
        ),
        ("limits = 3\n", "c.toml:5: receiving.limits: must be a table, not a number"),
        ("receiving = 3\n[limits]\n", "c.toml:6: limits: unknown key"),
    ],
)
def test_a_mistake_under_an_old_name_has_its_line(more: str, finding: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config((LEAST + more).encode(), "c.toml", "/")
    assert finding in str(raised.value).splitlines()


def test_a_mistake_under_an_old_name_leaves_the_queue_known(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"{LEAST}[limits]\nrecipients = 9\n")
    config, findings = load_leniently(file)
    assert (1000, tmp_path / "var" / "queue.db") == (config.limits.recipients, config.queue.path)
    assert f"{file}:6: receiving.limits.recipients: must be at least 100, not 9" == findings


def test_no_name_is_old_and_new() -> None:
    assert set() == RENAMED.keys() & {new[0] for new in RENAMED.values()}
