"""Tables by the names that they had in the version before."""

from pathlib import Path

import pytest

from empath.config import Config
from empath.config.load import load_config, parse_config
from empath.config.renamed import RENAMED
from empath.config.salvage import load_leniently
from empath.config.workable.check import old_names
from empath.config.workable.contradiction import located
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
    assert (new.receiving, (("limits",), ("timeouts",)), ()) == (old.receiving, old.old_names, new.old_names)


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
        ("[delivery]\nconcurrency = 0\n", 'c.toml:6: destinations."*".concurrency: concurrency is a whole number'),
        ("[delivery]\nconcurrency = '3'\n", 'c.toml:6: destinations."*".concurrency: must be a whole number, not text'),
        (
            "[delivery]\nconcurrency = 3\n[destinations.'*']\nconcurrency = 3\n",
            'c.toml:6: delivery.concurrency: is the old name of concurrency in [destinations."*"], which the file has,'
            " too; remove this one",
        ),
        ("[schedules]\n'*' = '5m*0'\n", "c.toml:6: destinations.\"*\".retry: not a delay: '5m*0'"),
        ("schedules = 3\n", "c.toml:5: schedules: unknown key"),
    ],
)
def test_a_mistake_under_an_old_name_has_its_line(more: str, finding: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config((LEAST + more).encode(), "c.toml", "/")
    assert any(line.startswith(finding) for line in str(raised.value).splitlines()), str(raised.value)


def test_a_mistake_under_an_old_name_leaves_the_queue_known(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"{LEAST}[limits]\nrecipients = 9\n")
    config, findings = load_leniently(file)
    assert (1000, tmp_path / "var" / "queue.db") == (config.limits.recipients, config.queue.path)
    assert f"{file}:6: receiving.limits.recipients: must be at least 100, not 9" == findings


def test_what_delivery_and_schedules_said_of_destinations_is_in_their_table(tmp_path: Path) -> None:
    """
    What holds of destinations has one place; the warning names the line and the new place of each key.
    """
    file = tmp_path / "c.toml"
    file.write_text(
        f"""{LEAST}[delivery]
workers = 3
concurrency = 7
without_8bitmime = "bounce"
[schedules]
"Example.org" = "5m"
[destinations."*"]
retry = "1m"
"""
    )
    config = load_config(file)
    assert (3, 7, "bounce") == (config.delivery.workers, *_of(config, "example.org")[:2])
    assert [((300.0, 1),), ((60.0, 1),)] == [_of(config, domain)[2] for domain in ("example.org", "b.test")]
    assert [
        f'{file}:7: delivery.concurrency: is now concurrency in [destinations."*"]; the next version will not read the'
        " old name",
        f'{file}:8: delivery.without_8bitmime: is now without_8bitmime in [destinations."*"]; the next version will not'
        " read the old name",
        f'{file}:10: schedules."Example.org": is now retry in [destinations."Example.org"]; the next version will not'
        " read the old name",
    ] == located(file, [*old_names(config)]).splitlines()


def _of(config: Config, domain: str) -> tuple[object, ...]:
    found = config.rule_book().find(domain)
    return found.concurrency, found.without_8bitmime, found.retry


def test_an_empty_table_of_schedules_means_nothing() -> None:
    """
    `empathd check --effective` of the version before has one.
    """
    assert () == parse_config(f"{LEAST}[schedules]\n".encode(), "c.toml", "/").old_names


def test_no_name_is_old_and_new() -> None:
    assert set() == RENAMED.keys() & {new[: len(old)] for old in RENAMED for new in RENAMED.values()}
