"""What may be compiled to C, packaging/compiled.toml."""

import ast
import tomllib
from pathlib import Path

from tests.docs.pages import ROOT, text

CHOICE = tomllib.loads(text("packaging/compiled.toml"))
MODULES = sorted(
    path.relative_to(ROOT)
    for package in CHOICE["packages"]
    for path in ROOT.glob(f"{package}/*.py")
    if path.name != "__init__.py" and str(path.relative_to(ROOT)) not in CHOICE["interpreted"]
)


def names_of(path):
    """What a module defines itself, without what it keeps to itself."""
    tree = ast.parse((ROOT / path).read_text())
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name, node
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield name, node


def test_what_is_compiled_does_no_io():
    """
    mypyc takes a type for a fact: a branch that no test takes may end in a TypeError. The packages that do no I/O are
    those whose tests take each branch.
    """
    assert {"mail", "message", "smtp"} == {Path(package).parts[1] for package in CHOICE["packages"]}
    assert MODULES


def test_what_stays_interpreted_is_there_and_has_a_reason():
    """
    A module that was renamed would be compiled unnoticed.
    """
    for path, reason in CHOICE["interpreted"].items():
        assert (ROOT / path).is_file()
        assert str(Path(path).parent) in CHOICE["packages"]
        assert reason


def test_no_source_that_is_compiled_asks_whether_a_tuple_is_another():
    """
    In C, a tuple of a module is made anew each time it is read, so that `is` says no.
    """
    found = []
    for path in MODULES:
        tree = ast.parse((ROOT / path).read_text())
        tuples = {name for name, node in names_of(path) if isinstance(getattr(node, "value", None), ast.Tuple)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                is_identity = any(isinstance(each, ast.Is | ast.IsNot) for each in node.ops)
                if is_identity and any(isinstance(each, ast.Name) and each.id in tuples for each in sides):
                    found.append(f"{path}:{node.lineno}")
    assert [] == found
