"""Tables in the documentation are whole."""

from tests.docs.pages import PAGES, name


def test_every_row_of_a_table_has_as_many_cells_as_its_header():
    """
    A row without its last cell names a trouble and not what to do about it. One with more loses them where it is shown;
    a bar in code counts, too.
    """
    wrong = []
    for page in PAGES:
        cells = 0
        for number, line in enumerate(page.read_text().splitlines(), 1):
            found = line.replace(r"\|", "").count("|") if line.startswith("|") else 0
            if cells and found and found != cells:
                wrong.append(f"{name(page)}:{number}")
            cells = found
    assert [] == wrong
