"""
What may be compiled to C, packaging/compiled.toml. `make test-compiled` runs these tests and many more on that form.
"""

import ast
import inspect
import tomllib
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from empath.cli.version import version_text
from tests.docs.pages import ROOT, text

CHOICE = tomllib.loads(text("packaging/compiled.toml"))
MODULES = sorted(
    path.relative_to(ROOT)
    for package in CHOICE["packages"]
    for path in ROOT.glob(f"{package}/*.py")
    if path.name != "__init__.py" and str(path.relative_to(ROOT)) not in CHOICE["interpreted"]
)
IS_COMPILED = version_text().endswith("(compiled)")
on_a_compiled_copy = pytest.mark.skipif(
    not IS_COMPILED, reason="a checkout is interpreted; `make test-compiled` is not"
)


def dotted(path):
    """The name of a module by its path."""
    return ".".join(path.with_suffix("").parts)


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


@on_a_compiled_copy
def test_each_module_that_is_listed_is_in_c():
    """
    And its source is beside it, for tracebacks.
    """
    files = {path: Path(import_module(dotted(path)).__file__ or "") for path in MODULES}
    assert {} == {path: file for path, file in files.items() if not file.name.endswith(tuple(EXTENSION_SUFFIXES))}
    assert all((file.parent / path.name).is_file() for path, file in files.items())


@on_a_compiled_copy
def test_a_module_in_c_offers_what_its_source_does():
    """
    Modules of operators, tests and the rest of Empath use both forms alike.
    """
    for path in MODULES:
        module = import_module(dotted(path))
        for name, node in names_of(path):
            made = getattr(module, name)
            if isinstance(node, ast.ClassDef):
                methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
                assert [] == [each for each in methods if not hasattr(made, each)], f"{path}: {name}"
            elif isinstance(node, ast.FunctionDef) and not node.decorator_list:
                wanted = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                assert wanted == list(inspect.signature(made).parameters)[: len(wanted)], f"{path}: {name}"
