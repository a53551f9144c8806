"""
resource - `POST /api/v1/messages`: mail in, and what became of each recipient out

The answer is 202 once the mail is durable. A message in its own form is read while it arrives, and goes to the spool
when it is large; JSON is in memory, so that the octets of all such requests together have a bound.
"""

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from typing import Any, Final

import falcon
from gevent.lock import BoundedSemaphore

from empath.config.tables.limits import Limits
from empath.daemon.httpd.api.bodies import read_model
from empath.daemon.httpd.api.message_models import MessageRequest
from empath.daemon.httpd.body import read_body
from empath.daemon.httpd.injection.injector import Injector, Outcome, Result, Submission, answer_of
from empath.daemon.httpd.injection.reading import (
    author_of,
    header_of,
    hold_of,
    mailbox_of,
    messages_of,
    metadata_of,
    raw_item,
    recipients_of,
    reverse_path_of,
)
from empath.daemon.httpd.problems import Problem
from empath.errors import SyntaxViolation
from empath.mail.reply import Reply
from empath.policy.access import ClientAddress, Network, is_within, plain_address
from empath.policy.api_token import Token, TokenRole
from empath.policy.limits.refusal import REPLIES, Limit
from empath.policy.login.account import LoggedIn
from empath.policy.senders import AUTHOR_NOT_ALLOWED, SENDER_NOT_ALLOWED
from empath.policy.tracing.context import TraceContext
from empath.storage.engine import Reader
from empath.storage.queue.injection import EarlierRequest, InjectionKey, earlier_request

_JSON: Final = "application/json"
_RAW: Final = "message/rfc822"
_PIECE_OCTETS: Final = 65_536
_LEAST_JSON: Final = 4 * 1024 * 1024  # octets of a body that is always allowed
_OVER_JSON: Final = 1.5  # times the largest message: base64 and names
_TURNS: Final = 8
_TURN_S: Final = 10.0
_KEY_OCTETS: Final = 255
_AGAIN: Final = {"Retry-After": "5"}
_PARAMETERS: Final = ("from", "to", "send_at", "priority", "metadata", "all_or_none")
_STATUSES: Final[Mapping[Reply, int]] = {
    **dict.fromkeys((REPLIES[Limit.MESSAGE_RATE], REPLIES[Limit.RECIPIENT_RATE]), 429),
    **dict.fromkeys((SENDER_NOT_ALLOWED, AUTHOR_NOT_ALLOWED), 403),
    REPLIES[Limit.MESSAGE_SIZE]: 413,
}
_THIS_HOST: Final = IPv4Address("127.0.0.1")
_DIFFERENT: Final = "another request had this Idempotency-Key"


class Messages:
    """The resource."""

    roles: Final = {"POST": TokenRole.INJECT}
    is_open = False

    def __init__(
        self,
        injector: Injector,
        account_of: Callable[[Token, str], LoggedIn | None],
        reader: Reader,
        *,
        limits: Callable[[], Limits],
        key_s: float,
        trusted: Collection[Network] = (),
    ) -> None:
        """*account_of* gives the account of a token for a client, None if it is disabled; *limits* gives those in
        force; *key_s* is how long a key of a request is kept; *trusted* are clients that may name a trace."""
        self._injector = injector
        self._account_of = account_of
        self._reader = reader
        self._limits = limits
        self._key_s = key_s
        self._trusted = trusted
        self._json_octets = 0  # of requests that are under way
        self._turns = BoundedSemaphore(_TURNS)

    @property
    def _most_octets(self) -> int:
        return self._limits().message_octets

    @property
    def _most_json(self) -> int:
        return max(_LEAST_JSON, int(_OVER_JSON * self._most_octets))

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Take mail."""
        length, kind = request.content_length, (request.content_type or "").partition(";")[0].strip().lower()
        if length is None:
            raise Problem(411, "the body needs Content-Length")
        token: Token = request.context.token
        client = _client_of(request)
        account = self._account_of(token, str(client))
        if account is None:
            raise Problem(403, f"the account {token.account} of the token {token.name} is disabled")
        if kind == _RAW:
            submission = self._raw(request, length, client, account)
            outcome = self._injected(replace(submission, trace_parent=self._trace_parent(request, client)))
        elif kind == _JSON and request.params:
            raise Problem(400, f"parameters go with {_RAW}; a body of {_JSON} has keys for them")
        elif kind == _JSON:
            with self._held(length):
                octets = read_body(request, length)
                key = self._key(request, hashlib.sha256(octets))
                if key is not None and (earlier := earlier_request(self._reader, key)) is not None:
                    _answer_again(response, earlier, key)
                    return
                submission = _submission(octets, key, f"token:{token.name}", client, account, most=self._most_octets)
                del octets
                outcome = self._injected(replace(submission, trace_parent=self._trace_parent(request, client)))
        else:
            raise Problem(415, f"the body is {_JSON} or {_RAW}")
        if outcome.earlier is not None:
            asked = submission.key()
            assert asked is not None
            _answer_again(response, outcome.earlier, asked)
            return
        if not any(result.id for result in outcome.results):
            raise _refusal_of(outcome.results)
        _answer(response, json.dumps(answer_of(outcome.results)))

    def take(self, octets: bytes, token: Token, request: falcon.Request) -> Outcome:
        """
        Take the mail that the JSON in *octets* asks for, of the client of *request*: a form of the console.

        Raises:
            Problem: nothing was taken; a refused recipient is no problem.
        """
        client = _client_of(request)
        account = self._account_of(token, str(client))
        if account is None:
            raise Problem(403, f"the account {token.account} of the token {token.name} is disabled")
        name = f"token:{token.name}"
        return self._injected(_submission(octets, None, name, client, account, most=self._most_octets))

    def _trace_parent(self, request: falcon.Request, client: ClientAddress) -> TraceContext | None:
        """The trace that a client which is trusted with it names."""
        if not is_within(client, self._trusted):
            return None
        return TraceContext.find(request.get_header("traceparent"))

    def _injected(self, submission: Submission) -> Outcome:
        if not self._turns.acquire(timeout=_TURN_S):
            raise Problem(503, "too many requests of this kind are under way", headers=_AGAIN)
        try:
            return self._injector.inject(submission)
        finally:
            self._turns.release()

    @contextmanager
    def _held(self, octets: int) -> Iterator[None]:
        """Count a body of JSON among those that are in memory."""
        if octets > self._most_json:
            raise Problem(413, f"a body has at most {self._most_json} octets; send a large message as {_RAW}")
        if self._json_octets + octets > 2 * self._most_json:
            raise Problem(503, "too many large requests are under way", headers=_AGAIN)
        self._json_octets += octets
        try:
            yield
        finally:
            self._json_octets -= octets

    def _key(self, request: falcon.Request, digest: "hashlib._Hash") -> InjectionKey | None:
        text = request.get_header("Idempotency-Key")
        if text is None:
            return None
        if not (0 < len(text) <= _KEY_OCTETS and text.isascii() and text.isprintable()):
            raise Problem(400, f"Idempotency-Key has 1 to {_KEY_OCTETS} printable characters of ASCII")
        now = time.time()
        return InjectionKey(request.context.token.name, text, digest.hexdigest(), now, now + self._key_s)

    def _raw(self, request: falcon.Request, length: int, client: ClientAddress, account: LoggedIn) -> Submission:
        """A message that is sent as it comes."""
        unknown = [name for name in request.params if name not in _PARAMETERS]
        if unknown:
            raise Problem(400, f"no such parameter: {unknown[0][:100]}; there are {', '.join(_PARAMETERS)}")
        digest = hashlib.sha256(request.query_string.encode() + b"\n")
        self._key(request, digest)  # refuse one that is wrong before the content comes
        if length > self._most_octets:
            raise Problem(413, f"a message has at most {self._most_octets} octets")
        head, most = b"", self._limits().header_octets
        while len(head) < length and len(head) < most and b"\n\r\n" not in head and b"\n\n" not in head:
            head += _read_piece(request, length - len(head))
        header = header_of(head)
        try:
            given_to, given_from = request.get_param_as_list("to") or [], request.get_param("from")
            addresses = [mailbox_of("to", each).address for each in given_to] or recipients_of(header)
            sender = author_of(header) if given_from is None else reverse_path_of("from", given_from)
            metadata = metadata_of(_metadata(request.get_param("metadata")))
            item = raw_item(addresses, _pieces(request, head, length, digest), header, sender, metadata)
            item.size = length
            return Submission(
                client,
                f"token:{request.context.token.name}",
                account,
                sender,
                [item],
                hold_of(request.get_param("send_at")),
                _priority(request.get_param("priority")),
                _truth(request.get_param("all_or_none")),
                lambda: self._key(request, digest),
            )
        except SyntaxViolation as exc:
            raise Problem(400, str(exc)) from exc


def _submission(
    octets: bytes, key: InjectionKey | None, name: str, client: ClientAddress, account: LoggedIn, *, most: int
) -> Submission:
    asked: Any = read_model(MessageRequest, octets)
    try:
        sender, items = messages_of(asked, most)
        return Submission(
            client, name, account, sender, items, hold_of(asked.send_at), asked.priority, asked.all_or_none, lambda: key
        )
    except SyntaxViolation as exc:
        raise Problem(400, str(exc)) from exc


def _pieces(request: falcon.Request, head: bytes, length: int, digest: "hashlib._Hash") -> Iterator[bytes]:
    digest.update(head)
    yield head
    left = length - len(head)
    while left > 0:
        try:
            piece = _read_piece(request, left)
        except Problem as exc:
            raise SyntaxViolation(str(exc.description)) from exc
        digest.update(piece)
        left -= len(piece)
        yield piece


def _read_piece(request: falcon.Request, left: int) -> bytes:
    octets = read_body(request, min(_PIECE_OCTETS, left))
    if not octets:
        raise Problem(400, "the body is shorter than its Content-Length")
    return octets


def _answer(response: falcon.Response, record: str) -> None:
    response.status = falcon.HTTP_202
    response.content_type = _JSON
    response.data = record.encode()
    response.cache_control = ["no-store"]


def _answer_again(response: falcon.Response, earlier: EarlierRequest, key: InjectionKey) -> None:
    if earlier.digest != key.digest:
        raise Problem(422, f"{_DIFFERENT}, and another body")
    response.set_header("Idempotency-Replayed", "true")
    _answer(response, earlier.answer)


def _refusal_of(results: list[Result]) -> Problem:
    """What is said where no recipient has mail: the first refusal decides."""
    reply = next((result.reply for result in results if result.reply is not None), None)
    if reply is None:
        status = 422
    elif reply in _STATUSES:
        status = _STATUSES[reply]
    elif reply.klass == 4:
        status = 503
    else:
        status = 422
    first = next(result for result in results if result.refusal is not None)
    headers = _AGAIN if status in (429, 503) else None
    return Problem(status, f"{first.recipient[:200]}: {first.refusal}", headers=headers, **answer_of(results))


def _client_of(request: falcon.Request) -> ClientAddress:
    """Its address; that of this host if it came by a UNIX socket."""
    text = request.remote_addr.partition("%")[0]
    try:
        return plain_address(ip_address(text))
    except ValueError:
        return _THIS_HOST


def _metadata(text: str | None) -> dict[str, Any]:
    try:
        found = {} if text is None else json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise SyntaxViolation("metadata is not JSON") from exc
    if not isinstance(found, dict):
        raise SyntaxViolation("metadata is no JSON object")
    return found


def _priority(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.removeprefix("-").isdecimal()) or len(text) > 2 or not -9 <= int(text) <= 9:
        raise SyntaxViolation("priority is a whole number from -9 to 9")
    return int(text)


def _truth(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise SyntaxViolation("all_or_none is true or false")
    return text == "true"
