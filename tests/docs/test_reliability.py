"""docs/RELIABILITY.md names existing tests."""

import pytest

from tests.docs.pages import ROOT, rows, text

PROMISES = [row for row in rows("docs/RELIABILITY.md") if len(row) == 3 and row[1].partition("::")[0].endswith(".py")]


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row[0][:60])
def test_a_promise_names_a_test_that_is_there(row):
    """
    A promise without a test is an advertisement.
    """
    file, _, function = row[1].partition("::")
    assert (ROOT / "tests" / file).is_file()
    assert not function or f"def {function}(" in text(f"tests/{file}")


def test_there_are_promises():
    """
    The test above needs rows.
    """
    assert len(PROMISES) >= 20
