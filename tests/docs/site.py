"""
`python -m tests.docs.site FOLDER`: check the site that `make docs` made in FOLDER

Every link within leads to a page and an element of it, no page loads anything from another host, and the search knows
every page.
"""

import json
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

# Attributes by which a page loads a file at once; a link that a reader follows may lead anywhere.
_LOADS: Final = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
_LOADS_IN_STYLE: Final = ("url(http", "url(//", "@import")


class Page(HTMLParser):
    """What one page has: elements with names, links for the reader, files that it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        for key, value in attrs:
            if key == "id" and value:
                self.ids.add(value)
            elif tag == "a" and key == "href" and value:
                self.links.append(value)
            elif _LOADS.get(tag) == key and value:
                self.loads.append(value)


def faults(site: Path) -> Iterator[str]:
    """Each fault of the site, as a line."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    if not pages:
        yield f"{site}: no pages"
    for path, page in sorted(pages.items()):
        for target in page.links + page.loads:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                if target in page.loads and parts.scheme != "data":
                    yield f"{path.relative_to(site)}: loads {target}"
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            wanted = unquote(parts.fragment)
            if not file.is_file() or (wanted and file in pages and wanted not in pages[file].ids):
                yield f"{path.relative_to(site)}: no such place: {target}"
    for path in sorted(site.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        yield from (f"{path.relative_to(site)}: has {word}" for word in _LOADS_IN_STYLE if word in text)
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    known = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))["docnames"]
    for path in sorted((site / "docs").rglob("*.html")):
        if str(path.relative_to(site).with_suffix("")) not in known:
            yield f"{path.relative_to(site)}: the search does not know it"


def main() -> int:
    """Print the faults; 1 if there are some."""
    found = list(faults(Path(sys.argv[1]).resolve()))
    print("\n".join(found), end="\n" if found else "", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
