"""
refused - the sentences by which the program refuses, read from its syntax tree

A sentence is the text of an error that ends a command or answers a request, with `…` where a value stands. Where the
text comes from elsewhere, as in `str(exc)`, its sentence is `…`: the words are those of another error.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from empath import errors

GAP: Final = "…"
ROOT: Final = Path(errors.__file__).parent
_ENDS: Final = frozenset(
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.EmpathError) and name not in {"EmpathError", "DriverError"}
)
# Which argument has the words; SyntaxViolation only where values come from a configuration, an option or a request.
_PLACES: Final = {**dict.fromkeys(_ENDS, 0), "problem": 0, "Contradiction": 1, "Problem": 1, "DamagedQueue": 1}
_OF_VALUES: Final = ("config/", "policy/", "mail/")
# What a person gives in no configuration, option or request: what other hosts say, and rows.
_OF_OTHERS: Final = (
    "mail/lookup_text.py",
    "mail/reply.py",
    "policy/sts.py",
    "policy/password.py",
    "policy/tracing/context.py",
    "policy/seal.py",
)
# Functions that return the words of a finding about the configuration.
_OF_FINDINGS: Final = {"config/load.py": ("_words", "_syntax_finding", "_words_of_twice")}
_MOST: Final = 8  # forms of one sentence


class Said(NamedTuple):
    """One sentence, the name of the error that says it, and the place."""

    sentence: str
    error: str
    where: str


@cache
def said() -> tuple[Said, ...]:
    """All of them, in the order of the files."""
    return tuple(_said())


def _said() -> Iterator[Said]:
    for file in sorted(ROOT.rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = dict(_assigned(tree.body))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                yield from _said_in(function, name, constants)


def _said_in(function: ast.FunctionDef, name: str, constants: dict[str, list[ast.expr]]) -> Iterator[Said]:
    known = dict(constants)
    for variable, values in _assigned([each for each in ast.walk(function) if isinstance(each, ast.stmt)]):
        known[variable] = [*known.get(variable, []), *values]
    for call in ast.walk(function):
        if isinstance(call, ast.Return) and call.value is not None and function.name in _OF_FINDINGS.get(name, ()):
            yield from _says(call.value, known, "problem", f"{name}:{call.lineno}")
        if not isinstance(call, ast.Call):
            continue
        word = call.func.id if isinstance(call.func, ast.Name) else ""
        place = _PLACES.get(word)
        if word == "SyntaxViolation" and (not name.startswith(_OF_VALUES) or name in _OF_OTHERS):
            continue
        if place is None or len(call.args) <= place or any(each.arg == "is_warning" for each in call.keywords):
            continue
        yield from _says(call.args[place], known, word, f"{name}:{call.lineno}")


def _says(words: ast.expr, known: dict[str, list[ast.expr]], error: str, where: str) -> Iterator[Said]:
    for sentence in _forms(words, known, 2):
        yield Said(re.sub(f"{GAP}+", GAP, sentence), error, where)


def _assigned(statements: list[ast.stmt]) -> Iterator[tuple[str, list[ast.expr]]]:
    for each in statements:
        if isinstance(each, ast.Assign) and len(each.targets) == 1 and isinstance(each.targets[0], ast.Name):
            yield each.targets[0].id, [each.value]
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is not None:
            yield each.target.id, [each.value]


def _forms(node: ast.expr, known: dict[str, list[ast.expr]], depth: int) -> list[str]:
    """The texts that *node* may be; `…` for what only a run knows."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr():
            pieces = [_forms(piece, known, depth) for piece in node.values]
            return ["".join(each) for each in product(*pieces)][:_MOST]
        case ast.FormattedValue(conversion=-1, value=ast.Name() | ast.IfExp() as value):
            return _forms(value, known, depth)
        case ast.IfExp():
            return _forms(node.body, known, depth) + _forms(node.orelse, known, depth)
        case ast.BinOp(op=ast.Add()):
            return [a + b for a in _forms(node.left, known, depth) for b in _forms(node.right, known, depth)]
        case ast.Name(id=name) if depth and name in known:
            texts = [text for value in known[name] for text in _forms(value, known, depth - 1)]
            return [*dict.fromkeys(texts)][:_MOST]
        case _:
            return [GAP]
