"""
app - the console as a part of the HTTP application: its pages, its files, and what a browser may do with them
"""

import hashlib
import ipaddress
from http import HTTPStatus
from importlib import resources
from typing import Any, Final

import falcon

from empath.config.tables.http import Http
from empath.daemon.httpd.console.consumers import ConsumerOrders, EventsPage
from empath.daemon.httpd.console.login import COOKIE, Login, forget
from empath.daemon.httpd.console.orders import Orders
from empath.daemon.httpd.console.pages import Page, Series, routes
from empath.daemon.httpd.console.sources import Sources
from empath.daemon.httpd.console.traces import OpenTrace, TracePage
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.problems import Problem
from empath.policy.api_token import TokenRole

# A browser takes everything from this server and runs no script inside a page: text of a mail cannot become one.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        *("script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"),
        *("form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"),
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer" browsers send the Origin of each form as null
    "Cache-Control": "no-store",
}
_KINDS: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_PREFIX: Final = "/console"


class Files:
    """`GET /console/static/…`: style, scripts and the icon; a browser asks again only whether they have changed."""

    def __init__(self) -> None:
        folder = resources.files(__package__).joinpath("static")
        found = [*folder.iterdir(), *folder.joinpath("vendor").iterdir()]
        kinds = {each.name: each.name.rpartition(".")[2] for each in found}
        self._files = {
            each.name: (each.read_bytes(), _KINDS[kinds[each.name]]) for each in found if kinds[each.name] in _KINDS
        }
        self._tags = {name: hashlib.sha256(octets).hexdigest()[:32] for name, (octets, _) in self._files.items()}

    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Answer with the file *name*."""
        if name not in self._files:
            raise falcon.HTTPNotFound
        response.etag = self._tags[name]
        response.set_header("Cache-Control", "no-cache")
        if self._tags[name] in (request.get_header("If-None-Match") or ""):
            response.status = falcon.HTTP_304
            return
        response.data, response.content_type = self._files[name]

    on_head = on_get


class _Doors:
    """What holds of every page of the console: headers, the names that it answers to, and who may read."""

    def __init__(self, guard: Guard, hostname: str, *, is_open: bool) -> None:
        self._guard = guard
        self._hostname = hostname
        self._is_open = is_open

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        """
        Refuse a page of another name: a page elsewhere whose name leads to this address (DNS rebinding) could read all.
        """
        if request.path.startswith(_PREFIX):
            for name, value in _HEADERS.items():
                response.set_header(name, value)
            if not self._is_own(_host(request)):
                words = f"The console answers to an IP address, localhost and {self._hostname}, and not to other names."
                raise falcon.HTTPForbidden(title="Another name", description=words)

    def process_resource(
        self, request: falcon.Request, response: falcon.Response, resource: object, _params: dict[str, Any]
    ) -> None:
        """
        Lead a browser without a good token to the login. It forgets the token: pages that ask again and again with one
        that was revoked would count as attempts to guess one, and keep others of the same address out.
        """
        if not isinstance(resource, Page | Series) or (self._is_open and self._guard.is_open_to(request)):
            return
        try:
            readers = resource.readers if isinstance(resource, Page) else (TokenRole.READ,)
            request.context.token = self._guard.admit(request, request.cookies.get(COOKIE), *readers)
        except Problem as problem:
            if problem.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
                if COOKIE in request.cookies:
                    forget(response)
                raise falcon.HTTPSeeOther("/console/login") from problem
            raise

    def _is_own(self, host: str) -> bool:
        name = host.strip("[]").lower()
        if name in {"localhost", self._hostname}:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _host(request: falcon.Request) -> str:
    """The name that the browser asks for; empty if it is none."""
    try:
        return request.host
    except ValueError:  # the port is no number
        return ""


class _Home:
    """`GET /`: the way to the console."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Lead a browser to the console."""
        raise falcon.HTTPFound("/console")

    on_head = on_get


def add_console(app: "falcon.App[Any, Any]", sources: Sources, guard: Guard, http: Http, open_trace: OpenTrace) -> None:
    """
    Add the console to *app*. It answers to the name of the host, next to addresses; *guard* knows the tokens, and
    *open_trace* begins a live trace.
    """
    app.add_middleware(_Doors(guard, sources.node, is_open=http.open_console))
    app.add_route("/", _Home())
    app.add_route("/console/static/{name}", Files())
    app.add_route("/console/login", Login(guard, sources.node))
    app.add_route("/console/order", Orders(sources, guard))
    app.add_route("/console/consumer", ConsumerOrders(sources, guard))
    pages = {
        **routes(sources),
        "/console/events": EventsPage(sources, "events"),
        "/console/trace": TracePage(sources, "trace", guard, open_trace),
    }
    for place, page in pages.items():
        app.add_route(place, page)
