"""All cases of a table are tried, and each that fails is told of."""

import inspect

import pytest

from tests.kit.cases import in_one_test


def test_each_case_is_tried_and_each_failure_told_of() -> None:
    """
    A table of which the first row fails may have more that do.
    """
    tried = []

    @in_one_test(("number", "word"), [(1, "one"), pytest.param(2, "two", id="the second"), (3, "three")])
    def check(number: int, word: str, fixture: str) -> None:
        tried.append((number, word, fixture))
        assert number == 3, f"{word} is wrong"

    assert ["fixture"] == [*inspect.signature(check).parameters]
    with pytest.raises(AssertionError) as failed:
        check(fixture="given")
    assert [(1, "one", "given"), (2, "two", "given"), (3, "three", "given")] == tried
    told = str(failed.value).splitlines()
    assert "2 of 3 cases" == told[0]
    assert [
        ["1-'one': AssertionError: one is wrong"],
        ["the second: AssertionError: two is wrong"],
    ] == [[line for line in told if line.startswith(name)] for name in ("1-", "the second")]


def test_a_table_whose_file_is_missing_is_skipped() -> None:
    """
    Its mark is one of the test.
    """

    @in_one_test("case", [pytest.param(None, marks=pytest.mark.skip(reason="no file"), id="missing")])
    def check(case: object) -> None:
        raise AssertionError(case)

    assert ["skip"] == [mark.name for mark in check.pytestmark]  # type: ignore[attr-defined]
