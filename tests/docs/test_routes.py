"""Every kind of route is documented, and leads to a carrier."""

import re
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from empath.daemon.worker.session_rules import BUILT_IN_RULES
from empath.daemon.worker.transport.choose import choose_carrier
from empath.policy.routing import ListRoute, Route, parse_route, parse_route_list, route_text
from tests.docs.pages import text

# A route as documentation writes it: an example, or a form with a word in place of the port. One with a weight is an
# entry of a list.
_FORM = re.compile(r"[`\"](mx|[a-z+]+:[^`\"\s]*)[`\"]")


def documented(page, heading, end):
    """The routes in one part of a page."""
    _, _, rest = text(page).partition(heading)
    forms = [form.replace(":port", ":25") for form in _FORM.findall(rest.partition(end)[0])]
    return [parse_route_list([form]) if "*" in form else parse_route(form) for form in forms]


@pytest.mark.parametrize(
    ("page", "heading", "end"),
    [
        ("docs/DELIVERY.md", "### 1. The route\n", "\n### "),
        ("docs/configuration.md", "A route is ", "\n"),
    ],
)
def test_every_kind_of_route_is_documented(page, heading, end):
    """
    A kind without documentation cannot be used.
    """
    assert set(get_args(Route)) == {type(route) for route in documented(page, heading, end)}


def test_every_kind_of_route_has_a_carrier_and_a_text():
    """
    mypy checks this for the code; this test checks the routes in the documentation.
    """
    unused: Any = None
    pool: Any = SimpleNamespace(rules=BUILT_IN_RULES)
    config: Any = SimpleNamespace(pipes={}, webhooks={}, delivery=SimpleNamespace(sink=False))
    for route in documented("docs/DELIVERY.md", "### 1. The route\n", "\n### "):
        if not isinstance(route, ListRoute):
            assert route == parse_route(route_text(route))
        assert choose_carrier(pool, unused, config, route, route.destination("x.test")).is_failing is False
