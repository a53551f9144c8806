"""Commands, exit codes, dependencies and decisions are all on their pages."""

import importlib
import pkgutil
import re

import click
import pytest

from empath import errors
from empath.cli import admin as cli
from empath.cli import common, empathd
from empath.cli.admin.__main__ import admin
from tests.docs.pages import ROOT, rows, text
from tests.docs.reference import generated
from tests.kit.cases import in_one_test

admin.load()
COMMANDS = [
    pytest.param(page, verb, id=f"{page}-{verb.name}")
    for page, group in (("docs/empathd.md", empathd.empathd), ("docs/empath-admin.md", admin))
    for verb in group.commands.values()
]
NESTED = [
    pytest.param("docs/empath-admin.md", verb, id=f"{group.name}-{verb.name}")
    for group in admin.commands.values()
    if isinstance(group, click.Group)
    for verb in group.commands.values()
]


@pytest.mark.parametrize(("name", "generated"), generated(ROOT).items())
def test_a_generated_file_is_up_to_date(name, generated):
    """
    `make reference` was run after the last change of what the file is made from.
    """
    assert generated == text(name)


@in_one_test(("page", "verb"), COMMANDS + NESTED)
def test_every_verb_and_option_is_documented(page, verb):
    """
    The page explains what `--help` says in a line.
    """
    own = [option for option in verb.params if isinstance(option, click.Option) and option.name != "config"]
    words = [verb.name, *(option.opts[-1] for option in own)]
    assert [] == [word for word in words if not re.search(rf"`[^`\n]*{re.escape(word)}\b", text(page))]


@in_one_test(("page", "verb"), COMMANDS)
def test_every_verb_stands_in_the_table_of_its_page(page, verb):
    """
    A reader looks there for what a command can do.
    """
    assert any(re.search(rf"`{verb.name}\b", row[0]) for row in rows(page) if len(row) == 2)


@in_one_test("verb", [each.values[1] for each in COMMANDS + NESTED])
def test_every_verb_and_option_has_its_help(verb):
    """
    `--help` and the completion of a shell show it.
    """
    helps = [verb.help, *(option.help for option in verb.params if isinstance(option, click.Option))]
    assert [] == [text for text in helps if not text or "." not in text]


def test_every_verb_of_a_module_is_a_verb_of_the_command():
    """
    Each module names its own in VERBS, and the command knows which module has which.
    """
    modules = [importlib.import_module(found.name) for found in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}.")]
    values = [value for module in modules for value in (*vars(module).values(), *getattr(module, "VERBS", ()))]
    defined = {value for value in values if isinstance(value, click.Command)}
    nested = {verb for group in defined - {admin} if isinstance(group, click.Group) for verb in group.commands.values()}
    assert set(admin.commands.values()) == defined - nested - {admin}


def test_every_exit_code_is_documented():
    """
    Scripts decide by them.
    """
    kinds: list[type[errors.EmpathError]] = [errors.EmpathError, *errors.EmpathError.__subclasses__()]
    used = {kind.exit_code for kind in kinds} | {0, empathd.NOT_RUNNING, common.FINDINGS, common.INTERRUPTED}
    documented = {int(row[0]) for row in rows("docs/exit-codes.md") if row[0].isdigit()}
    assert set() == used - documented


def test_a_page_names_no_exit_code_that_the_table_of_codes_lacks():
    """
    One table has all codes; others have a part of it.
    """
    documented = {row[0] for row in rows("docs/exit-codes.md") if row[0].isdigit()}
    assert set() == {row[0] for row in rows("docs/empath-admin.md") if row[0].isdigit()} - documented


def test_every_dependency_has_its_reasons():
    """
    Every operator runs the code of a dependency.
    """
    names = re.findall(r'^ +"([a-z-]+)[<>=]+\d', text("setup.py"), re.MULTILINE)
    assert len(names) > 10
    page = text("docs/adr/0009-dependencies.md")
    assert [] == [name for name in names if not re.search(rf"\b{name}\b", page)]


def test_decisions_are_numbered_and_whole():
    """
    Each has the four parts of ADR-0001 and a number of its own. A branch may take a number before it is merged.
    """
    files = sorted((ROOT / "docs/adr").glob("*.md"))
    assert len(files) == len({file.name[:4] for file in files})
    for file in files:
        record = file.read_text(encoding="utf-8")
        assert record.startswith(f"# {int(file.name[:4])}. "), file.name
        parts = re.findall(r"^## (.+)$", record, re.MULTILINE)
        assert ["Context", "Decision", "Other ways", "Consequences"] == parts, file.name


def test_decisions_that_the_code_names_are_there():
    """
    A comment may refer to a record for its reasons.
    """
    records = {file.name[:4] for file in (ROOT / "docs/adr").glob("*.md")}
    files = [*ROOT.glob("empath/**/*.py"), *ROOT.glob("sql/**/*.sql"), *ROOT.glob("docs/**/*.md")]
    named = {number for file in files for number in re.findall(r"ADR-(\d{4})", file.read_text(encoding="utf-8"))}
    assert set() == named - records
