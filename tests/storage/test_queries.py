"""test_queries - the named statements of sql/, and the code that runs them"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.storage.queries import all_queries, blocks, query_files
from empath.storage.sqlite.session import ENGINE, Statements, compiled
from tests.kit.cases import in_one_test

PACKAGE = Path(__file__).parents[2] / "empath"
# Parts of other statements, and names that the code composes.
ASSEMBLED = re.compile(
    r"selection\.(condition_|probe_of_)\w+|fsck\.\w+|forget\.\w+|redaction\.set_\w+|retention\.old_\w+|numbers\.last_\w+|selection\.\w+_of_\w+|view_rows\.\w+"
)
POSTGRESQL = "postgresql"  # by its name: the driver need not be there
OVERRIDDEN = [
    (folder, other, file, name)
    for folder, other in (
        (f"{ENGINE}/queries", "queries"), (f"{POSTGRESQL}/queries", "queries"),
        (f"{POSTGRESQL}/queries", f"{ENGINE}/queries"),
    )
    for file in query_files(folder)
    if file in query_files(other)
    for name in sorted(dict(blocks(folder, file)).keys() & dict(blocks(other, file)).keys())
    if not (file == "fsck" and name.startswith("mend_"))  # a repair takes what the check of its engine has found
]  # fmt: skip


def _parameters(text: str) -> set[str]:  # an engine has its own way to take a list
    return set(re.findall(r"(?<!:):([a-z]\w*)", text))


def _used(folder: str = "", without: str = POSTGRESQL) -> Iterator[str]:
    """Text constants under empath/storage that look like the name of a statement, but for one engine."""
    files = {*query_files("queries"), *query_files(f"{ENGINE}/queries"), *query_files(f"{POSTGRESQL}/queries")}
    for file in (PACKAGE / "storage" / folder).rglob("*.py"):
        if without in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                head, _, tail = node.value.partition(".")
                if tail.isidentifier() and head in files and tail not in {"txt", "db"}:  # a file is no statement
                    yield node.value


def test_every_statement_that_is_named_is_there_and_the_other_way_round() -> None:
    """
    A misspelt name would fail at its first run. A statement that no code names is dead.
    """
    used = {name for name in _used() if name in all_queries(ENGINE) or not name.endswith(("_", "_of"))}
    assert set() == used - all_queries(ENGINE).keys()
    assert [] == [name for name in all_queries(ENGINE) if name not in used and not ASSEMBLED.fullmatch(name)]


def test_the_first_use_of_a_statement_reads_its_file_alone() -> None:
    """
    A verb of empath-admin runs a few statements of some hundred. A long-lived process reads all of them at once.
    """
    read, whole = Statements(), Statements()
    whole.read_all()

    assert read["rerouting.move"] == whole["rerouting.move"]
    assert {"rerouting"} == {name.partition(".")[0] for name in read}
    assert read.items() <= whole.items()
    assert whole.keys() == all_queries(ENGINE).keys()
    for name in ("rerouting.no_such_statement", "no_such_file.move"):
        with pytest.raises(KeyError):
            read[name]


def test_the_same_holds_of_what_is_built_on_postgresql() -> None:
    """
    Not all that the neutral code names is there yet, but what is there is of use.
    """
    own = {
        f"{file}.{name}"
        for file in query_files(f"{POSTGRESQL}/queries")
        for name, _ in blocks(f"{POSTGRESQL}/queries", file)
    }
    used = {name for name in _used(POSTGRESQL, without=ENGINE) if not name.endswith("_")}
    assert set() == used - all_queries(POSTGRESQL).keys()
    assert [] == sorted(name for name in own - {*_used(without=ENGINE)} if not ASSEMBLED.fullmatch(name))


@in_one_test(("folder", "other", "file", "name"), OVERRIDDEN)
def test_texts_of_one_name_take_the_same_parameters(folder: str, other: str, file: str, name: str) -> None:
    """
    The code does not know which of the two texts it runs.
    """
    assert _parameters(dict(blocks(other, file))[name]) == _parameters(dict(blocks(folder, file))[name])


@in_one_test("file", query_files("queries"))
def test_shared_text_has_no_form_of_sqlite_s_own(file: str) -> None:
    """
    Each has a form that both databases understand, see docs/adr/0018.
    """
    foreign = re.compile(r"\biif\(|\bOR IGNORE\b|\binstr\(|\bjson_each\(|\bjulianday\(|\bPRAGMA\b|\bIS NOT '", re.I)
    # Both engines take these, and mean different things: an end to count from, and to cut off or to round.
    ambiguous = re.compile(r"\bsubstr\([^()]*, -|\bCAST\((?!floor\()[^\n]*/[^\n]* AS (?:INTEGER|bigint)\)", re.I)
    assert [] == [name for name, text in blocks("queries", file) if foreign.search(text) or ambiguous.search(text)]


def test_a_list_is_one_parameter() -> None:
    """
    However many values it has, the statement is compiled once.
    """
    statement = compiled("SELECT 1 WHERE 2 IN (:numbers[]) OR 3 IN (:words[text])")
    expected = (
        "SELECT 1 WHERE 2 IN (SELECT value FROM json_each(:numbers)) OR 3 IN (SELECT value FROM json_each(:words))"
    )
    assert (expected, ("numbers", "words")) == statement
