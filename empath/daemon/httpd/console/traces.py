"""
traces - live traces in the console

A person with a token of the role operate begins a trace by a form of this console. This process reads it in the
background, keeps its last lines, and ends it when the page asks no more. The page asks each second.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

import falcon
import gevent

from empath.daemon.httpd.console.form import read_form
from empath.daemon.httpd.console.layout import rendered
from empath.daemon.httpd.console.login import COOKIE
from empath.daemon.httpd.console.pages import Page
from empath.daemon.httpd.console.sources import Sources
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.problems import Problem, explained
from empath.errors import EmpathError, ServiceUnavailable, UsageError
from empath.mail.words import instant
from empath.policy.api_token import Token, TokenRole
from empath.policy.service_part import Scope, ServicePart

Records = Iterator[dict[str, Any] | None]
OpenTrace = Callable[[ServicePart, str], Records]

MOST_TRACES: Final = 4
MOST_LINES: Final = 500
UNASKED_S: Final = 15.0  # a page that asks no more is closed
SCOPES: Final = {Scope.CLIENT: "Clients", Scope.DESTINATION: "Destination", Scope.MESSAGE: "Message"}


class ConsoleTrace:
    """One trace. Shape: lines are the last ones; trouble says why it ended, if it has."""

    def __init__(self, part: ServicePart, who: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.part = part
        self.who = who
        self.lines: deque[dict[str, Any]] = deque(maxlen=MOST_LINES)
        self.left_out = 0
        self.ended = ""
        self._clock = clock
        self._asked_at = clock()

    def ask(self) -> None:
        """Note that a page asks for it."""
        self._asked_at = self._clock()

    def run(self, records: Records) -> None:
        """Take what *records* gives, until that ends or no page asks any more."""
        try:
            for record in records:
                if self._clock() - self._asked_at > UNASKED_S:
                    self.ended = "no page asked for it"
                    return
                if record is not None:
                    self._take(record)
            self.ended = self.ended or "its time is over"
        except OSError as exc:
            self.ended = exc.strerror or str(exc)

    def _take(self, record: dict[str, Any]) -> None:
        if "text" in record:
            self.lines.append(record | {"time": instant(record["at"])[11:19]})
        elif "error" in record:
            self.ended = str(record["error"])
        elif "ended" not in record:
            self.left_out += record.get("left_out", 0)


class TracePage(Page):
    """`/console/trace`: the form, and the lines of the trace that the address names."""

    def __init__(self, sources: Sources, name: str, guard: Guard, open_trace: OpenTrace) -> None:
        super().__init__(sources, name)
        self._guard = guard
        self._open = open_trace
        self._traces: dict[str, ConsoleTrace] = {}

    def on_get(self, request: falcon.Request, response: falcon.Response, **_keys: str) -> None:
        """Answer with the page. The lines are for a token of the role operate."""
        key = request.get_param("key") or ""
        trace = self._traces.get(key)
        token: Token | None = getattr(request.context, "token", None)
        if trace is not None:
            try:
                token = token or self._guard.admit(request, request.cookies.get(COOKIE), TokenRole.OPERATE)
            except Problem:
                token = None
            trace.ask()
        may_trace = token is not None and token.role.includes(TokenRole.OPERATE)
        words = "" if may_trace or token is None else "A trace needs a token of the role operate."
        self._show(response, key=key, trace=trace if may_trace else None, words=words)

    on_head = on_get

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Begin a trace, and lead to its page."""
        form = read_form(request)
        try:
            token = self._guard.admit(request, request.cookies.get(COOKIE), TokenRole.OPERATE)
            raise falcon.HTTPSeeOther(f"/console/trace?key={self._begin(form, f'token:{token.name}')}")
        except Problem as problem:
            response.status = problem.status
            self._show(response, words=f"{problem.said}. A trace needs a token of the role operate.")
        except EmpathError as exc:
            response.status = falcon.HTTP_503 if isinstance(exc, ServiceUnavailable) else falcon.HTTP_400
            self._show(response, words=explained(exc))

    def _begin(self, form: dict[str, str], who: str) -> str:
        if form.get("scope") not in set(SCOPES):
            raise UsageError("a trace is of clients, of a destination or of a message")
        part = ServicePart.parse(form["scope"], form.get("pattern", ""))
        self._traces = {key: trace for key, trace in self._traces.items() if not trace.ended}
        if len(self._traces) >= MOST_TRACES:
            raise ServiceUnavailable(f"{MOST_TRACES} traces are under way in the console; close one of their pages")
        key = secrets.token_urlsafe(12)
        trace = self._traces[key] = ConsoleTrace(part, who)
        gevent.spawn(trace.run, self._open(part, who))
        return key

    def _show(
        self, response: falcon.Response, *, key: str = "", trace: ConsoleTrace | None = None, words: str = ""
    ) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.text = rendered(
            "trace",
            here="trace",
            node=self._sources.node,
            title="Trace" if trace is None else f"Trace of {trace.part}",
            at=time.time(),
            query={},
            key=key,
            trace=trace,
            words=words,
            scopes=SCOPES,
        )
