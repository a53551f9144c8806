"""The manual pages: they name every verb, option, setting and view, and man and mandoc have nothing against them."""

import re
import shutil
import subprocess

import click
import pytest

from empath.cli.admin.__main__ import admin
from empath.cli.empathd import empathd
from empath.cli.sendmail import sendmail
from empath.cli.sql import sql
from tests.docs.reference.man import pages
from tests.docs.reference.settings import destination_settings, sections
from tests.docs.reference.views import views

MANDOC = shutil.which("mandoc")
PAGES = pages("2026-11-30")


def plain(name):
    """The text of a page as a reader sees it, without its requests."""
    text = re.sub(r"\\f[BR]|\\&", "", PAGES[name])
    return text.replace("\\-", "-").replace("\\(dq", '"').replace("\\(aq", "'")


def verbs(command, above=""):
    """Each verb, also those in groups: its words and the command."""
    for each in command.commands.values():
        yield f"{above}{each.name}", each
        if isinstance(each, click.Group):
            yield from verbs(each, f"{above}{each.name} ")


@pytest.mark.parametrize(("page", "group"), [("empathd.8", empathd), ("empath-admin.8", admin)])
def test_every_verb_and_option_is_in_the_manual(page, group):
    """
    A reader searches the page for it.
    """
    text = plain(page)
    for words, verb in verbs(group):
        match = re.search(rf"^\.SS {re.escape(words)}(?: [^\n]*)?\n(.*?)(?=^\.S[SH])", text, re.MULTILINE | re.DOTALL)
        assert match is not None, words
        options = [each.opts[-1] for each in verb.params if isinstance(each, click.Option) and each.name != "config"]
        assert [] == [each for each in options if each not in match[1]], words


@pytest.mark.parametrize(("page", "command"), [("empath-sendmail.8", sendmail), ("empath-sql.7", sql)])
def test_every_option_of_the_other_commands_is_in_the_manual(page, command):
    """
    They have no verbs.
    """
    text = plain(page)
    options = [each.opts[0] for each in command.params if isinstance(each, click.Option) and each.name != "version"]
    assert [] == [each for each in options if each not in text]


def test_every_setting_is_in_the_manual():
    """
    Under the heading of its table.
    """
    text = plain("empath.toml.5")
    for section in sections():
        name = f"[[{section.key}]]" if section.is_list else f"[{section.key}]"
        _, found, below = text.partition(f".SH {name if section.key else 'SETTINGS ABOVE ALL TABLES'}\n")
        assert found, name
        own = below.partition("\n.SH ")[0]
        settings = destination_settings() if section.key == "destinations" else section.settings
        assert [] == [each.key for each in settings if f".TP\n.B {each.key}\n" not in own], name


def test_every_view_and_column_is_in_the_manual():
    """
    What an editor of SQL wants to look up.
    """
    text = plain("empath-sql.7")
    for view in views():
        own = text.partition(f".SS {view.name}\n")[2].partition("\n.S")[0]
        assert [] == [name for name, _ in view.columns if f".TP\n.B {name}\n" not in f"{own}\n"], view.name


def test_a_page_is_the_same_each_time():
    """
    The archives of a release have it.
    """
    assert pages("2026-11-30") == PAGES
    assert all(text.isascii() for text in PAGES.values())


@pytest.mark.skipif(MANDOC is None, reason="no mandoc")
@pytest.mark.parametrize("name", PAGES)
def test_mandoc_has_no_remark(name, tmp_path):
    """
    Every warning is text that some reader does not see.
    """
    (tmp_path / name).write_text(PAGES[name])
    done = subprocess.run([str(MANDOC), "-T", "lint", name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "" == done.stdout
