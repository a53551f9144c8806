"""
pages - each page of the console and each list of the API on a deep queue, with each of its filters

The paths come from the program itself: those of the menu of the console, and all GETs of its OpenAPI document. So a new
page is measured, too. A filter is tried with values that select all, few and none.
"""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from ..floors import Verdict
from ..machine import LOOPBACK, BenchFailure
from ..server import Setup, running
from ..traffic import Sink
from .served import Deep, DeepEmpath
from .verdicts import at_most, least_s, shown

PAGE_S: Final = 0.2
_TRIES: Final = 5
_DEADLINE_S: Final = 60.0
# By the name of the parameter. What the queue has is in fill.py.
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "after": ("500000",),
    "all": ("true",),
    "destination": ("d0042.example", "nowhere.example"),
    "domain": ("d0042.example", "nowhere.example"),
    "id": ("01JD3KQ9XW0000000000000042",),
    "limit": ("1000",),
    "object": ("setting",),
    "older_than": ("1h", "2d"),
    "outcome": ("deferred", "bounced"),
    "recipient": ("user5@d0042.example", "nobody@d0042.example"),
    "recipient_id": ("4711",),
    "sender": ("sender@bench.example", "nobody@bench.example"),
    "status": ("deferred", "held", "bounced"),
    "top": ("1000",),
    "what": ("status",),
    "who": ("operator",),
}
_LARGE: Final = ("limit", "top")  # a thousand rows, or more counts than are at hand: only shown
_CONSOLE_FILTERS: Final = ("status", "recipient", "sender", "domain", "destination")


def pages(name: str, tree: Path, template: Path, scratch: Path) -> list[Verdict]:
    """The seconds of each page and list of the queue in *template*, which is called *name*: the slowest of each."""
    slowest: dict[str, tuple[float, str]] = {}
    largest: tuple[float, str] = (0.0, "")
    with Sink(scratch) as sink:
        setup = Setup(sink.port, is_held=True, extra="console")
        with running(Deep(tree, template), "pages", scratch, setup) as server:
            assert isinstance(server, DeepEmpath)
            token = server.token("admin")
            with closing(http.client.HTTPConnection(LOOPBACK, server.http_port, timeout=_DEADLINE_S)) as connection:
                for path, query in [*_of_console(connection), *_of_api(connection, token)]:
                    target = f"{path}?{urlencode(query)}" if query else path
                    seconds = least_s(_TRIES, partial(_get, connection, target, token))
                    if query.keys() & set(_LARGE):
                        largest = max(largest, (seconds, target))
                    else:
                        slowest[path] = max(slowest.get(path, (0.0, "")), (seconds, target))
    found = [at_most(name, f"{target}, s", seconds, PAGE_S) for seconds, target in slowest.values()]
    return [*found, shown(name, f"{largest[1]}, s", largest[0])]


def _of_console(connection: http.client.HTTPConnection) -> Iterator[tuple[str, dict[str, str]]]:
    menu = dict.fromkeys(re.findall(r'href="(/console/[a-z]+)"', _get(connection, "/console/overview")))
    if len(menu) < 5:
        raise BenchFailure("the console has no menu")
    for path in menu:
        yield path, {}
    for name in _CONSOLE_FILTERS:
        for value in _VALUES[name]:
            yield "/console/queue", {name: value}
    yield "/console/queue", {"from": "500000"}
    yield "/console/find", {"q": "user5@d0042.example"}
    yield "/console/find", {"q": "nobody@d0042.example"}
    yield f"/console/message/{_VALUES['id'][0]}", {}
    yield "/console/series", {}


def _of_api(connection: http.client.HTTPConnection, token: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each GET, then with each of its parameters alone."""
    described: Any = json.loads(_get(connection, "/api/v1/openapi.json", token))
    for path, methods in described["paths"].items():
        if "get" not in methods or path.endswith("/events"):  # which has no end
            continue
        parameters = methods["get"].get("parameters", [])
        places = [""]
        for each in parameters:
            if each["in"] == "path":
                values = each["schema"].get("enum") or _VALUES[each["name"]]
                places = [path.replace(f"{{{each['name']}}}", value) for value in values]
        for place in places:
            at = place or path
            yield at, {}
            for each in parameters:
                if each["in"] == "query":
                    known = each["schema"].get("enum")
                    for value in _VALUES[each["name"]]:
                        if (known is None or value in known) and not (each["name"] == "after" and is_text(each)):
                            yield at, {each["name"]: value}


def is_text(parameter: Mapping[str, Any]) -> bool:
    """Whether a parameter of the document is a text: the key of a page of names is no number."""
    kind: str = parameter["schema"].get("type", "string")
    return kind == "string"


def _get(connection: http.client.HTTPConnection, target: str, token: str | None = None) -> str:
    headers = {} if token is None or target.startswith("/console") else {"Authorization": f"Bearer {token}"}
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status not in (200, 302, 404):  # there may be nothing of the name
        raise BenchFailure(f"{target}: {answer.status} {text[:300]}")
    return text
