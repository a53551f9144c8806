"""
cases - one test for all cases of a long table

pytest makes a test of each parameter, and that costs 3 ms: more than most cases of a table with hundreds of rows. The
test below runs them all, and tells of each that fails.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import pytest

_WORD = 100  # characters of a case in the report
_PARAM = type(pytest.param())


def in_one_test(
    names: str | Sequence[str], cases: Iterable[Any], ids: Callable[[Any], object] = repr
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    As `pytest.mark.parametrize`, but in one test. All cases have the same fixtures, so a case must leave them as they
    were. A mark of a case, as where its file is missing, is one of the test.
    """
    named = [names] if isinstance(names, str) else [*names]
    listed = [*cases]
    table = [_values(each, len(named), ids) for each in listed]
    marks = [mark for each in listed if isinstance(each, _PARAM) for mark in each.marks]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def run(**fixtures: Any) -> None:
            __tracebackhide__ = True
            failures: list[tuple[str, Exception]] = []
            for word, values in table:
                try:
                    test(**dict(zip(named, values, strict=True)), **fixtures)
                except Exception as exc:  # noqa: BLE001 - each case is told of
                    failures.append((word, exc))
            if failures:
                told = "\n".join(f"{word}: {type(exc).__name__}: {exc}" for word, exc in failures)
                raise AssertionError(f"{len(failures)} of {len(table)} cases\n{told}") from failures[0][1]

        signature = inspect.signature(test)
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[each for name, each in signature.parameters.items() if name not in named]
        )
        assert table, "no cases"
        for mark in marks:
            if isinstance(mark, pytest.MarkDecorator):
                mark(run)
        return run

    return decorate


def _values(case: Any, count: int, ids: Callable[[Any], object]) -> tuple[str, tuple[Any, ...]]:
    """How the report names a case, and its values."""
    if isinstance(case, _PARAM):
        return str(case.id or case.values)[:_WORD], tuple(case.values)
    values = (case,) if count == 1 else tuple(case)
    return "-".join(str(ids(each)) for each in values)[:_WORD], values
