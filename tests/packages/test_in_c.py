"""The modules in C. A checkout has none, so `make test` does not know these tests, and `make test-compiled` does."""

import ast
import inspect
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from tests.packages.test_compiled import MODULES, names_of


def dotted(path):
    """The name of a module by its path."""
    return ".".join(path.with_suffix("").parts)


def test_each_module_that_is_listed_is_in_c():
    """
    And its source is next to it, for tracebacks.
    """
    files = {path: Path(import_module(dotted(path)).__file__ or "") for path in MODULES}
    assert {} == {path: file for path, file in files.items() if not file.name.endswith(tuple(EXTENSION_SUFFIXES))}
    assert all((file.parent / path.name).is_file() for path, file in files.items())


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
