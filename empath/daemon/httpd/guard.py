"""
guard - who may do what: networks that read metrics and health, and tokens for everything else

A resource has `roles`, what each of its methods needs, and `is_open` if clients of `[http] networks` need no token for
it. The tokens are read again when anything was committed to the queue, so that one that is revoked is of no use to the
next request. A use is recorded once a minute at most, and never waited for.
"""

import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any, Final, Protocol, runtime_checkable

import falcon
import gevent

from empath.config.tables.http import Http
from empath.daemon.httpd.problems import Problem
from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.policy.access import ClientAddress, is_within, plain_address
from empath.policy.api_token import Token, TokenRole, WrongTokens, find_token
from empath.policy.limits.connections import client_network
from empath.policy.limits.rate import Rate
from empath.storage.engine import Reader
from empath.storage.queue.api_tokens import RecordTokenRefusal, RecordTokenUse, read_tokens
from empath.storage.write import Write
from empath.telemetry.occurrences.httpd import TokenRefused

_SCHEME: Final = "bearer "
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
_TOUCH_S: Final = 60.0
_IPV6_PREFIX: Final = 64
_AUDITED: Final = Rate(60, 60.0)  # refusals that are recorded, of all clients together
_LOCAL: Final = "unix"
_NEEDED: Final = "this needs a token: `Authorization: Bearer …`; `empath-admin token add` makes one"


@runtime_checkable
class Guarded(Protocol):
    """A resource."""

    roles: dict[str, TokenRole]
    is_open: bool


class Guard:
    """The middleware that lets a request through, or refuses it."""

    def __init__(self, runtime: Runtime, reader: Reader, *, is_local: bool) -> None:
        """*is_local* says that clients come by a UNIX socket, and have no address."""
        self._runtime = runtime
        self._http: Http = runtime.config.http
        self._reader = reader
        self._is_local = is_local
        self._tokens: tuple[Token, ...] = ()
        self._news: int | None = None
        self._touched: dict[str, float] = {}
        self._wrong = WrongTokens()
        self._recorded = WrongTokens(_AUDITED)
        self.write: Callable[[Write], object] = self._begin
        self.clock: Callable[[], float] = time.time
        self.steady: Callable[[], float] = time.monotonic  # for who waits: a clock that steps back keeps nobody out

    def process_resource(
        self, request: falcon.Request, _response: falcon.Response, resource: object, _params: dict[str, Any]
    ) -> None:
        """Refuse a request that may not be made; else note its token, if it needs one."""
        if not isinstance(resource, Guarded):
            return
        if resource.is_open and self.is_open_to(request):
            return
        wanted = resource.roles.get(request.method, TokenRole.READ)
        request.context.token = self.admit(request, _bearer(request), wanted)

    def is_open_to(self, request: falcon.Request) -> bool:
        """Whether the client needs no token for what is open."""
        client = self._client(request)
        return client is None or is_within(client, self._http.networks)

    def admit(self, request: falcon.Request, secret: str | None, *wanted: TokenRole) -> Token:
        """
        The token whose *secret* the client shows for something that needs one of *wanted*; None: it shows none.

        Raises:
            Problem: 401 without a good token, 403 if its role is too small, 429 for too many wrong ones.
        """
        client = self._client(request)
        if secret is None:
            raise Problem(401, _NEEDED, headers=_CHALLENGE)
        key = _LOCAL if client is None else str(client_network(client, _IPV6_PREFIX))
        now = self.clock()
        token = find_token(self._known(), secret) if secret else None
        reason = "no such token" if token is None else token.refusal(client, now)
        if token is None or reason is not None:
            if wait_s := self._wrong.waits_s(key, self.steady()):
                words = "too many wrong tokens from this address; wait"
                raise Problem(429, words, headers={"Retry-After": str(int(wait_s) + 1)})
            self._refuse(key, reason or "", token)
            raise Problem(401, "the token is not valid", headers=_CHALLENGE)
        if not any(map(token.role.includes, wanted)):
            needed = " or ".join(wanted)
            raise Problem(403, f"the token {token.name} has the role {token.role}; this needs {needed}")
        self._touch(token, _LOCAL if client is None else str(client), now)
        return token

    def _client(self, request: falcon.Request) -> ClientAddress | None:
        """Its address; None if it came by a UNIX socket."""
        return None if self._is_local else plain_address(ip_address(request.remote_addr.partition("%")[0]))

    def _known(self) -> tuple[Token, ...]:
        try:
            news = self._reader.news()
            if news != self._news:
                self._tokens = read_tokens(self._reader)
                self._news = news
        except EmpathError as exc:
            raise Problem(503, "the tokens cannot be read now; see the log") from exc
        return self._tokens

    def _refuse(self, key: str, reason: str, token: Token | None) -> None:
        now = self.steady()
        # One that is known but over is no guess: a program that goes on with it keeps no other one of its address out.
        counted = key if token is None else (key, token.name)
        if self._wrong.count(counted, now) and not self._recorded.waits_s(_LOCAL, now):
            self._recorded.count(_LOCAL, now)
            self._runtime.emit(TokenRefused(client=key, reason=reason))
            self.write(RecordTokenRefusal(key, reason))

    def _touch(self, token: Token, client: str, now: float) -> None:
        if now - max(token.last_used_at, self._touched.get(token.name, 0.0)) >= _TOUCH_S:
            self._touched[token.name] = now
            self.write(RecordTokenUse(token.name, client=client, now=now))

    def _begin(self, write: Write) -> None:
        gevent.spawn(partial(self._commit, write))

    def _commit(self, write: Write) -> None:
        try:
            self._runtime.writer.commit(write)
        except EmpathError:
            pass  # the log has what keeps the queue from being written


def _bearer(request: falcon.Request) -> str | None:
    """The token that the client shows: empty if it shows something else, None if it shows nothing."""
    header = request.get_header("Authorization") or ""
    if not header:
        return None
    return header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else ""
