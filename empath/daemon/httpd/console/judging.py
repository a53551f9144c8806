"""
judging - a message judged by SPF, DKIM, ARC and DMARC for a person, with every question and every answer of the DNS

It is one in the queue, with the client and the sender on record, or one that the person pastes.  It is asked about
anew: the answers that counted when the message came are not kept.  Content is read and hashed in a thread, name servers
are waited for in a greenlet, and all of it has the budget of a message that comes in.
"""

import ipaddress
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, NamedTuple

import falcon
from gevent.lock import BoundedSemaphore

from empath.authentication.canonical import Digests, SignedFields
from empath.authentication.disposition import Overrides
from empath.authentication.findings import Wanted
from empath.config import Config
from empath.config.tables.authentication import ListenerAuthentication
from empath.daemon.httpd.console.form import read_form
from empath.daemon.httpd.console.layout import rendered
from empath.daemon.httpd.console.login import COOKIE
from empath.daemon.httpd.console.pages import Page
from empath.daemon.httpd.console.sources import Sources
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.problems import Problem, explained
from empath.daemon.process.judgement import (
    ALL_CHECKS,
    Ask,
    Judgement,
    Origin,
    judge,
    listener_checks,
    origin_of,
    read_message,
    wanted_of,
)
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError, MissingInput, ServiceUnavailable, SyntaxViolation, UsageError
from empath.mail.address import ReversePath
from empath.mail.words import size
from empath.policy.access import ClientAddress
from empath.policy.api_token import TokenRole
from empath.storage.admin.records import Message, Reference
from empath.storage.admin.selection import READERS
from empath.storage.admin.snapshot import Snapshot
from empath.storage.queue.authentication import overrides_in_force

PLACE: Final = "judge-mail"
MOST_PASTED: Final = 256 * 1024  # octets of a form
_MOST_OCTETS: Final = 50 * 1024 * 1024  # of a message in the queue
_AT_ONCE: Final = 2
_FIELDS: Final = ("client", "mail_from", "helo", "message", "id")
_NEEDED: Final = "To judge mail needs a token of the role operate."
_WRONG: Final = (UsageError, SyntaxViolation)
Read = tuple[SignedFields, Digests]


class _Task(NamedTuple):
    """What is to be judged, and how. Shape: read gives the message, read in a thread."""

    origin: Origin
    checks: ListenerAuthentication
    read: Callable[[], Read]


class JudgingPage(Page):
    """`/console/judge-mail`: the form, and a judgement step by step."""

    def __init__(self, sources: Sources, guard: Guard, config: Config, ask: Ask) -> None:
        """*ask* asks a name server, and yields to the hub meanwhile."""
        super().__init__(sources, PLACE)
        self._guard = guard
        self._config = config
        self._ask = ask
        self._turns = BoundedSemaphore(_AT_ONCE)

    def on_get(self, request: falcon.Request, response: falcon.Response, **_keys: str) -> None:
        """Answer with the form; `?id=` is a message in the queue."""
        self._show(response, {"id": (request.get_param("id") or "").strip()})

    on_head = on_get

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Judge."""
        try:
            self._guard.admit(request, request.cookies.get(COOKIE), TokenRole.OPERATE)
        except Problem as problem:
            response.status = problem.status
            self._show(response, {}, words=f"{problem.said}. {_NEEDED}")
            return
        try:
            form = read_form(request, most=MOST_PASTED, verbatim=("message",))
        except Problem as problem:
            if problem.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise
            response.status = problem.status
            self._show(response, {}, words=f"{problem.description}; `empath-admin verify` reads messages of any size")
            return
        given = {name: form.get(name, "") for name in _FIELDS}
        try:
            found, is_trusted = self._judged(given)
            self._show(response, given, found=found, is_trusted=is_trusted)
        except EmpathError as exc:
            response.status = _status(exc)
            self._show(response, given, words=explained(exc))

    def _judged(self, given: dict[str, str]) -> tuple[Judgement, bool]:
        """What is found, and whether the client is one about whose mail no listener asks."""
        if not self._turns.acquire(blocking=False):
            raise ServiceUnavailable(f"{_AT_ONCE} messages are being judged; try again in a moment")
        try:
            task = self._stored(given["id"]) if given["id"] else self._pasted(given)
            overrides = Overrides(self._sources.read(self._rows))
            found = judge(self._config, task.checks, task.origin, task.read(), ask=self._ask, overrides=overrides)
            return found, self._config.relay.policy.is_trusted(task.origin.client)
        finally:
            self._turns.release()

    def _checks(self, listener: str | None = None) -> ListenerAuthentication:
        """Those of *listener*, if it judges mail."""
        return listener_checks(self._config, listener) or listener_checks(self._config) or ALL_CHECKS

    def _rows(self) -> list[tuple[str, str]]:
        with self._sources.engine.visiting(None) as visit:
            return overrides_in_force(visit, time.time())

    def _pasted(self, given: dict[str, str]) -> _Task:
        if not given["message"].strip():
            raise UsageError("paste a message with its header")
        path = ReversePath.parse(READERS["sender"](given["mail_from"] or "<>"))
        origin = origin_of(_client(given["client"]), path, given["helo"])
        lines = given["message"].replace("\r\n", "\n").replace("\n", "\r\n")
        checks = self._checks()
        return _Task(origin, checks, partial(in_thread, read_message, [lines.encode()], wanted_of(checks)))

    def _stored(self, reference: str) -> _Task:
        message = self._sources.read(partial(self._found, Reference.parse(reference)))
        if message.content_locator is None:
            raise MissingInput("the content of this message was removed")
        if message.size_octets > _MOST_OCTETS:
            raise UsageError(f"a message of more than {size(_MOST_OCTETS)} is judged by `empath-admin verify`")
        if not message.client_address:
            raise UsageError("this host wrote this message itself: no client and no sender vouch for it")
        path = ReversePath.parse(message.sender, is_lenient=True)
        origin = origin_of(_client(message.client_address), path, message.client_name)
        checks = self._checks(message.listener)
        return _Task(origin, checks, partial(self._sources.read, partial(self._content, message, wanted_of(checks))))

    def _found(self, reference: Reference) -> Message:
        with Snapshot(self._sources.engine) as snapshot:
            message = snapshot.find_message(reference, time.time())
        if message is None:
            raise MissingInput(f"no message {reference}; it may be gone: see [retention]")
        return message

    def _content(self, message: Message, wanted: Wanted) -> Read:
        with Snapshot(self._sources.engine) as snapshot:
            # The first piece is what this host has added: its own seal is no part of the chain that came.
            return read_message(islice(snapshot.content(message, self._config.queue.spool), 1, None), wanted)

    def _show(self, response: falcon.Response, given: dict[str, str], **values: Any) -> None:
        response.content_type = falcon.MEDIA_HTML
        page = {
            **{"words": "", "found": None, "is_trusted": False, "at": time.time(), "query": {}, "title": "Judge mail"},
            **{"given": dict.fromkeys(_FIELDS, "") | given, "checks": listener_checks(self._config)},
        }
        response.text = rendered(PLACE, here=PLACE, node=self._sources.node, **(page | values))


def _client(text: str) -> ClientAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError as exc:
        raise SyntaxViolation(f"the client is an IP address, and not {text!r}") from exc


def _status(exc: EmpathError) -> str:
    if isinstance(exc, MissingInput):
        return falcon.HTTP_404
    return falcon.HTTP_400 if isinstance(exc, _WRONG) else falcon.HTTP_503


def add_judging(app: "falcon.App[Any, Any]", sources: Sources, guard: Guard, config: Config, ask: Ask) -> None:
    """Add the page to an *app* that has the console; *ask* as for `JudgingPage`."""
    app.add_route(f"/console/{PLACE}", JudgingPage(sources, guard, config, ask))
