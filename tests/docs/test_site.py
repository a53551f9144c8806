"""docs/index.md is the navigation of the site; `make docs` checks the pages that are made from it."""

import json
import re

import pytest

from tests.docs.pages import PAGES, ROOT, links, text
from tests.docs.site import faults

INDEX = ROOT / "docs/index.md"
# docs/decisions.md has the records; the fragments become a part of CHANGELOG.md.
RECORDS = set((ROOT / "docs/adr").glob("*.md"))
FRAGMENTS = set((ROOT / "docs/changes").glob("*.md")) - {ROOT / "docs/changes/README.md"}


def test_each_page_is_once_in_the_navigation():
    """
    Sphinx takes its trees from these links. A page in two of them has no place of its own.
    """
    places = [(INDEX.parent / link).resolve() for link in links(INDEX)]
    assert sorted(set(PAGES) - RECORDS - FRAGMENTS - {INDEX}) == sorted(places)


def test_the_site_is_made_of_all_pages():
    """
    A folder that Sphinx is not told of would be found by `make docs` alone.
    """
    [patterns] = re.findall(r"^include_patterns = \[(.*?)\]", text("docs/site/conf.py"), re.MULTILINE | re.DOTALL)
    made_of = {page for pattern in re.findall(r'"([^"]+)"', patterns) for page in ROOT.glob(pattern)}
    assert set() == set(PAGES) - FRAGMENTS - made_of


def made(folder, body, names=("docs/a",)):
    """A site of one page."""
    (folder / "docs").mkdir()
    (folder / "docs/a.html").write_text(body)
    (folder / "searchindex.js").write_text(f"Search.setIndex({json.dumps({'docnames': names})})")
    return list(faults(folder))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<h1 id="x">A</h1><a href="#x">x</a><a href="a.html#x">x</a><a href="https://example.org/">out</a>', None),
        ('<a href="#y">y</a>', "docs/a.html: no such place: #y"),
        ('<a href="b.html">b</a>', "docs/a.html: no such place: b.html"),
        ('<script src="https://example.org/x.js"></script>', "docs/a.html: loads https://example.org/x.js"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "docs/a.html: loads //example.org/x.css"),
    ],
)
def test_the_check_of_the_site_finds(body, fault, tmp_path):
    """
    A check that finds nothing would pass each site.
    """
    assert [fault] * bool(fault) == made(tmp_path, body)


def test_the_check_of_the_site_finds_a_page_that_the_search_lacks(tmp_path):
    """
    Readers look for pages by the search.
    """
    assert ["docs/a.html: the search does not know it"] == made(tmp_path, "<p>A</p>", names=())


def test_the_check_of_the_site_finds_a_style_that_loads_another(tmp_path):
    """
    Themes bring fonts of other hosts along in that way.
    """
    (tmp_path / "a.css").write_text('@import "https://example.org/font.css";')
    assert ["a.css: has @import"] == made(tmp_path, "<p>A</p>")
