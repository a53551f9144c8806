"""
layout - the templates of the console, and how they write values

Text is escaped wherever a template writes it.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from empath.mail.printable import printable
from empath.mail.words import count, instant, path, size, span

TEST_MAIL: Final = "test-mail"
# The pages that the menu names, in its order.
NAVIGATION: Final[Mapping[str, str]] = {
    "overview": "Overview",
    "queue": "Queue",
    "stuck": "Stuck",
    "messages": "Messages",
    "destinations": "Destinations",
    "refusals": "Refusals",
    "sessions": "Sessions",
    "processes": "Processes",
    "events": "Events",
    "audit": "Audit",
    "trace": "Trace",
    TEST_MAIL: "Test mail",
    "judge-mail": "Judge mail",
}


def _shown(value: object) -> str:
    return "" if value is None else printable(str(value))


def _shown_lines(text: str) -> str:
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def _with_start(query: Mapping[str, str], key: str) -> str:
    """The query of the page that begins beyond *key*."""
    return urlencode({**query, "from": key})


def _since(at: float, now: float) -> str:
    return f"{span(now - at)} ago" if now >= at else f"in {span(at - now)}"


_TEMPLATES: Final = Environment(
    loader=PackageLoader(__package__),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {
    "shown": _shown,
    "shown_lines": _shown_lines,
    "with_start": _with_start,
    "instant": instant,
    "path": path,
    "size": size,
    "span": span,
    "since": _since,
}
_TEMPLATES.globals |= {"navigation": NAVIGATION, "count": count}


def rendered(template: str, **values: Any) -> str:
    """The page as HTML. The menu has all pages, unless *values* has another `navigation`."""
    return _TEMPLATES.get_template(f"{template}.html").render(values)
