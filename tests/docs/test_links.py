"""Links and paths in the documentation lead to existing files."""

import re

from tests.docs.pages import PAGES, ROOT, anchors, links, name, prose

PATH = re.compile(r"(?<![\w/.])(?:empath|tests|sql|conf|docs|bin)/[\w./-]*\w/?")


def test_links_between_pages_resolve():
    """
    A broken link costs the reader's trust in all others.
    """
    lost = []
    for page in PAGES:
        for link in links(page):
            if "://" in link:
                continue
            file, _, fragment = link.partition("#")
            target = (page.parent / file).resolve() if file else page
            if not target.exists() or (fragment and fragment not in anchors(target)):
                lost.append(f"{name(page)}: {link}")
    assert [] == lost


def test_files_that_are_named_are_there():
    """
    A reader opens the named file next.
    """
    lost = [
        f"{name(page)}: {path}"
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for path in PATH.findall(prose(page))
        if not (ROOT / path).exists()
    ]
    assert [] == lost


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
