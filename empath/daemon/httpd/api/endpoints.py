"""
endpoints - requests of the API on their way to an operation and back

A few operations run at the same time, each in a thread; more of them wait, and not for long. Those with a rate run one
after the other, and get 429 beyond the rate. A request that is wrong
gets 400 with what is wrong, one that names what is not there 404, and one that the queue cannot answer now 503.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import falcon
from gevent.lock import BoundedSemaphore
from pydantic import BaseModel

from empath.daemon.httpd.api.bodies import read_model
from empath.daemon.httpd.api.feed import Follows
from empath.daemon.httpd.api.openapi import openapi
from empath.daemon.httpd.api.operation import PREFIX, Backend, Operation
from empath.daemon.httpd.api.operations import DESCRIBED, OPERATIONS
from empath.daemon.httpd.api.stream import PATH, EventStream
from empath.daemon.httpd.body import read_body
from empath.daemon.httpd.problems import Problem
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError, MissingInput, QueueBusy, StatementRefused, SyntaxViolation, UsageError
from empath.mail.words import span
from empath.policy.api_token import TokenRole
from empath.policy.authorship import Author, statement_of_request
from empath.policy.limits.rate import exchange
from empath.storage.refusals import with_code
from empath.telemetry.occurrence import Occurrence, traceback_text, words_of
from empath.telemetry.occurrences.httpd import RequestCrashed

_MOST_OCTETS: Final = 65_536  # of a body
_READS: Final = 4
_ORDERS: Final = 2
_TURN_S: Final = 10.0
_AGAIN: Final = {"Retry-After": "5"}


class _Endpoint:
    """The operation of one path."""

    is_open = False

    def __init__(self, operation: Operation, on: Backend, turns: BoundedSemaphore) -> None:
        self.roles = {operation.method: operation.role}
        self.operation = operation
        self._on = on
        self._turns = turns
        self._full_at = 0.0  # of the bucket of its rate, by the steady clock

    def answer(self, given: Any, request: falcon.Request, response: falcon.Response) -> None:
        """Run the operation and write its answer."""
        token, needed = request.context.token, self.operation.role_of
        if needed is not None and not token.role.includes(needed(given)):
            raise Problem(403, f"the token {token.name} has the role {token.role}; this needs {needed(given)}")
        if not self._turns.acquire(timeout=_TURN_S):
            raise Problem(503, "too many requests of this kind are under way", headers=_AGAIN)
        try:
            self._take_token()
            who = Author(f"token:{request.context.token.name}", self._statement(given))
            record = in_thread(partial(_outcome, self.operation.run, self._on, given, who))
        finally:
            self._turns.release()
        if isinstance(record, Problem):
            raise record
        response.content_type = "application/json"
        response.data = json.dumps(record).encode()
        response.cache_control = ["no-store"]

    def _statement(self, given: Any) -> str | None:
        """What the audit says of an order; a request that only reads gives none."""
        if not isinstance(given, BaseModel):
            return None
        body = given.model_dump(mode="json", exclude_unset=True)
        return statement_of_request(self.operation.method, PREFIX + self.operation.path, body)

    def _take_token(self) -> None:
        rate = self.operation.rate
        if rate is None:
            return
        found = exchange(rate, self._full_at, time.monotonic(), returned=0, wanted=1)
        if not found.granted:
            words = f"there are at most {rate.count} of these requests in {span(rate.period_s)}"
            raise Problem(429, words, headers={"Retry-After": str(int(found.next_s) + 1)})
        self._full_at = found.full_at


def _outcome(run: Callable[..., Any], on: Backend, given: Any, who: str) -> Any:
    """What *run* gives; a Problem as a value, because the pool of threads prints what is raised in it."""
    try:
        return run(on, given, who)
    except Problem as problem:
        return problem


class _Get(_Endpoint):
    def on_get(self, request: falcon.Request, response: falcon.Response, **path: str) -> None:
        """Read."""
        parameters = {parameter.name: parameter for parameter in self.operation.parameters}
        unknown = [name for name in request.params if name not in parameters or parameters[name].is_in_path]
        if unknown:
            raise Problem(400, f"no such parameter: {unknown[0]}; there are {', '.join(parameters) or 'none'}")
        given: dict[str, Any] = {}
        for name, parameter in parameters.items():
            texts = [path[name]] if parameter.is_in_path else request.get_param_as_list(name) or []
            try:
                values = [parameter.read(text) for text in texts]
            except SyntaxViolation as exc:
                raise Problem(400, f"{name}: {exc}") from exc
            if len(values) > 1 and not parameter.is_list:
                raise Problem(400, f"{name}: is given more than once")
            given[name] = values if parameter.is_list else values[0] if values else parameter.default
        self.answer(given, request, response)

    on_head = on_get


class _Post(_Endpoint):
    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Order."""
        if request.content_length is None:
            raise Problem(411, "the body needs Content-Length")
        if request.content_length > _MOST_OCTETS:
            raise Problem(413, f"a body has at most {_MOST_OCTETS} octets")
        octets = read_body(request, request.content_length)
        assert self.operation.body is not None
        self.answer(read_model(self.operation.body, octets), request, response)


class _Schema:
    """`GET /api/v1/openapi.json`: what the API offers. Whoever may read metrics may read it: it has no secret."""

    roles: Final = {"GET": TokenRole.READ}
    is_open = True

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._octets = b""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer."""
        if not self._octets:
            schema = openapi(DESCRIBED)
            schema["paths"][PREFIX + PATH] = {"get": self._stream.describe()}
            self._octets = json.dumps(schema).encode()
        response.content_type = "application/json"
        response.data = self._octets

    on_head = on_get


def add_api(
    app: "falcon.App[falcon.Request, falcon.Response]",
    on: Backend,
    emit: Callable[[Occurrence], None],
    feed: Follows | None = None,
) -> None:
    """Add the API to *app*; a fault of Empath is reported by *emit*. Without a *feed* no events are streamed."""
    reads, orders = BoundedSemaphore(_READS), BoundedSemaphore(_ORDERS)
    for operation in OPERATIONS:
        kind, turns = (_Get, reads) if operation.method == "GET" else (_Post, orders)
        if operation.rate is not None:
            turns = BoundedSemaphore(1)
        app.add_route(PREFIX + operation.path, kind(operation, on, turns))
    stream = EventStream(feed, on.is_ending)
    app.add_route(PREFIX + PATH, stream)
    app.add_route(f"{PREFIX}/openapi.json", _Schema(stream))
    app.add_error_handler(EmpathError, _refuse)
    app.add_error_handler(Exception, partial(_crash, emit))


def _refuse(_request: falcon.Request, _response: falcon.Response, error: EmpathError, _params: dict[str, Any]) -> None:
    match error:
        case StatementRefused():
            raise Problem(422, with_code(str(error)))
        case UsageError() | SyntaxViolation():
            raise Problem(400, str(error))
        case MissingInput():
            raise Problem(404, str(error))
        case QueueBusy():
            raise Problem(503, str(error), headers=_AGAIN)
        case _:
            raise Problem(503, str(error))


def _crash(
    emit: Callable[[Occurrence], None],
    request: falcon.Request,
    _response: falcon.Response,
    error: Exception,
    _params: dict[str, Any],
) -> None:
    emit(RequestCrashed(path=request.path[:200], error=words_of(error), exception=traceback_text(error)))
    raise Problem(500, "a fault in Empath; the log has `request_crashed`")
