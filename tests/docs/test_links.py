"""Links and paths in the documentation lead to existing files."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, name, prose

PATH = re.compile(r"(?<![\w/.])(?:empath|tests|sql|conf|docs|bin)/[\w./-]*\w/?")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_between_pages_resolve(page):
    """
    A broken link costs the reader's trust in all others.
    """
    lost = []
    for link in links(page):
        if "://" in link:
            continue
        file, _, fragment = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            lost.append(link)
    assert [] == lost


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name)
def test_files_that_are_named_are_there(page):
    """
    A reader opens the named file next.
    """
    named = {path.rstrip("/") for path in PATH.findall(prose(page))}
    assert [] == sorted(path for path in named if not (ROOT / path).exists())


def test_every_page_can_be_reached_from_the_readme():
    """
    Readers find only pages with a link to them.
    """
    seen = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md":
                waiting.append(target)
            elif target.is_dir():
                waiting += target.glob("*.md")
    fragments = set((ROOT / "docs/changes").glob("*.md"))
    assert set() == set(PAGES) - seen - fragments - {ROOT / "CHANGELOG.md"}
