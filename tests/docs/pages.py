"""pages - the documentation as tests read it: files, links, headings, fenced blocks"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name(page: Path) -> str:
    """The name of the page for people."""
    return str(page.relative_to(ROOT))


def text(page: str) -> str:
    """Text of one page of the checkout."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """Fenced blocks of one language."""
    return [body for kind, body in _FENCE.findall(text(page)) if kind == language]


def prose(page: Path) -> str:
    """The text outside of fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Targets of the links of one page."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The fragments of the headings of one page, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(page))}


def rows(table_page: str) -> Iterator[list[str]]:
    """Cells of every row of every table of a page, without heads and rules."""
    for line in text(table_page).splitlines():
        if line.startswith("| ") and not line.startswith("| |"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
