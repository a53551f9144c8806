"""The generated reference and the shipped configurations."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from empath.config import load_config, tables
from empath.config.load import parse_config
from empath.config.model import Config
from empath.config.tables.table import Table, named_table_of, table_of
from empath.policy.access import Role
from empath.policy.routing import MaildirRoute
from tests.docs.reference.settings import sections
from tests.kit.cases import in_one_test

ROOT = Path(__file__).parents[2]
LEAST = """\
hostname = "mx.example.test"
postmaster = "admin@example.test"
queue.path = "var/queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""


@pytest.mark.parametrize("path", sorted((ROOT / "conf").glob("*.toml")), ids=lambda path: path.name)
def test_a_shipped_configuration_loads(path):
    """
    The first thing a newcomer tries must work.
    """
    assert load_config(path).listeners


def test_the_development_configuration_stays_in_the_checkout():
    """
    `make run` needs no root and sends no mail to other hosts.
    """
    config = load_config(ROOT / "conf" / "dev.toml")
    assert (
        ROOT / "var" / "queue.db",
        ROOT / "var" / "empathd.pid",
        [("127.0.0.1:2525", Role.INTERNAL)],
        [("*", MaildirRoute(str(ROOT / "var" / "Maildir")))],
        None,
    ) == (
        config.queue.path,
        config.process.pid_file,
        [(listener.text, listener.role) for listener in config.listeners],
        [(str(pattern), route) for pattern, route in config.routes_by_pattern.items()],
        config.process.user,
    )


def is_needed_by_others(section, setting):
    """Whether the other settings of the table say nothing without this one."""
    return (section.key, setting.key) == ('mta_sts."name"', "mx")


PAIRS = (("user", "password_file"), ("access_key", "secret_file"))


def partners(section, setting):
    """The settings without which *setting* is refused, as lines with their examples."""
    names = {name for pair in PAIRS if setting.key in pair for name in pair} - {setting.key}
    return [f"{each.key} = {each.example}" for each in section.settings if each.key in names and each.default is None]


def settings(wanted):
    """Section and setting of all *wanted* ones."""
    return [
        pytest.param(section, setting, id=f"{section.key}.{setting.key}")
        for section in sections()
        for setting in section.settings
        if wanted(setting)
    ]


def with_lines(section, *lines):
    """The smallest configuration that has the table of *section*, with more lines in it."""
    if section.is_optional:
        needed = [f"{each.key} = {each.example}" for each in section.settings if each.is_required]
        text = f"{LEAST}\n{section.key} = [{{{', '.join([*needed, *lines])}}}]"
    elif section.is_list:
        text = LEAST.replace('"127.0.0.1:2525"', ", ".join(['"127.0.0.1:2525"', *lines]))
    elif section.key.startswith("listener."):
        table = f"{section.key.partition('.')[2]} = {{{', '.join(lines)}}}"
        text = LEAST.replace('"127.0.0.1:2525"', f'"127.0.0.1:2525", {table}')
    else:
        needed = [
            f"{each.key} = {each.example}"
            for each in section.settings
            if (each.is_required and section.is_named) or is_needed_by_others(section, each)
        ]
        text = "\n".join([LEAST, *(f"{section.key}.{line}" for line in [*needed, *lines])])
    return parse_config(text.encode(), "c.toml", "/")


@in_one_test(("section", "setting"), settings(lambda setting: setting.default is not None))
def test_the_default_that_is_shown_is_the_default(section, setting):
    """
    To write the shown default into the file must change nothing.
    """
    assert with_lines(section) == with_lines(section, f"{setting.key} = {setting.default}")


@in_one_test(("section", "setting"), settings(lambda setting: setting.default is None and not setting.is_required))
def test_the_example_that_is_shown_is_accepted(section, setting):
    """
    An example is copied more often than read.
    """
    without = (
        parse_config(LEAST.encode(), "c.toml", "/") if is_needed_by_others(section, setting) else with_lines(section)
    )
    own = [] if is_needed_by_others(section, setting) else [f"{setting.key} = {setting.example}"]
    lines = [*own, *partners(section, setting)]
    assert without != with_lines(section, *lines)


def tables_in(table):
    annotations = [field.annotation for field in table.model_fields.values()]
    return {each for one in annotations if (each := table_of(one) or named_table_of(one)) is not None}


def test_every_table_of_the_package_is_part_of_the_configuration():
    """
    No file can set a setting of a table that Config does not name.
    """
    for module in pkgutil.iter_modules(tables.__path__, f"{tables.__name__}."):
        importlib.import_module(module.name)
    defined = {table for table in Table.__subclasses__() if table.__module__.startswith(tables.__name__)}
    top = tables_in(Config)
    inner = {each for table in top for each in tables_in(table)}
    assert defined == {base for table in top | inner for base in table.__mro__} & {*Table.__subclasses__()}


def test_every_setting_is_read():
    """
    A setting that no code reads has no effect.
    """
    sources = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "empath").rglob("*.py"))
    fields = [name for table in Table.__subclasses__() for name in table.model_fields]
    assert [] == [name for name in fields if not re.search(rf"\.{name}\b", sources)]


@in_one_test("section", sections(), ids=lambda section: section.key)
def test_every_setting_says_what_it_is(section):
    """
    The text under a setting is its documentation.
    """
    docs = [section.doc] if section.key else []
    docs += [setting.doc for setting in section.settings]
    assert [doc for doc in docs if doc.endswith(".")] == docs
