"""docs/rfc.md names existing code and tests."""

import re

from tests.docs.pages import ROOT, rows, text
from tests.kit.cases import in_one_test

TABLE = [row for row in rows("docs/rfc.md") if len(row) == 4 and row[2].startswith("`")]
OVERVIEW = [row for row in rows("docs/rfc.md") if len(row) == 3 and row[1].startswith(("Yes", "Partial", "No"))]


@in_one_test("row", TABLE, ids=lambda row: row[0])
def test_a_row_names_code_and_a_test_that_are_there(row):
    """
    Readers look up how Empath follows a rule, and which test checks it.
    """
    _, _, where, test = row
    code = re.findall(r"`([^`]+)`", where)
    assert code
    assert [] == [file for file in code if not (ROOT / file).is_file()]
    file, _, function = test.partition("::")
    assert not test or (ROOT / "tests" / file).is_file()
    assert not function or f"def {function}(" in text(f"tests/{file}")


@in_one_test("row", OVERVIEW, ids=lambda row: row[0])
def test_an_answer_is_yes_partial_or_no_and_a_test_shows_it(row):
    """
    People compare servers by the RFCs that they follow.
    """
    _, answer, test = row
    assert re.match(r"(Yes|No)\b|Partial: ", answer)
    file, _, function = test.partition("::")
    assert (ROOT / "tests" / file).is_file()
    assert not function or f"def {function}(" in text(f"tests/{file}")


def test_every_rfc_that_the_code_names_is_in_the_table():
    """
    People look up a rule that the code follows.
    """
    files = [*ROOT.glob("empath/**/*.py"), *ROOT.glob("sql/**/*.sql")]
    named = {number for file in files for number in re.findall(r"RFC (\d{4})\b", file.read_text(encoding="utf-8"))}
    page = text("docs/rfc.md")
    assert [] == sorted(number for number in named if number not in page)
