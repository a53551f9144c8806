"""parts - the generated parts of a page, between their markers"""

from collections.abc import Mapping


def renewed(page: str, parts: Mapping[str, str]) -> str:
    """*page* with the text between the markers of each of *parts* replaced."""
    for name, part in parts.items():
        start, end = f"<!-- {name}: begin (generated, do not edit) -->", f"<!-- {name}: end -->"
        head, _, rest = page.partition(start)
        page = f"{head}{start}\n\n{part}\n\n{end}{rest.partition(end)[2]}"
    return page
