"""docs/RELIABILITY.md and docs/SECURITY.md name existing tests."""

from tests.docs.pages import ROOT, rows, text
from tests.kit.cases import in_one_test

COLUMN = {"docs/RELIABILITY.md": 1, "docs/SECURITY.md": 2}  # where a row names its test
PROMISES = [
    (row[0], row[place])
    for page, place in COLUMN.items()
    for row in rows(page)
    if len(row) == 3 and row[place].partition("::")[0].endswith(".py")
]


@in_one_test("row", PROMISES, ids=lambda row: row[0][:60])
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
    assert len(PROMISES) >= 50
