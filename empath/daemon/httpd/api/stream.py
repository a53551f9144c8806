"""
stream - `GET /api/v1/events`: events as they come, as a browser's EventSource reads them

A client that comes again says by Last-Event-ID where it was, and gets what it missed as long as the events are kept.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

import falcon

from empath.daemon.httpd.api.feed import Follows
from empath.daemon.httpd.problems import Problem
from empath.errors import EmpathError, SyntaxViolation
from empath.policy.api_token import TokenRole
from empath.policy.events.filter import EventFilter, parse_party, parse_type

PATH: Final = "/events"
STREAMS: Final = "empath.streams"  # key of the environment by which the server counts streams
_BEAT_S: Final = 15.0  # of silence, after which a comment shows that the connection lives
_WAIT_S: Final = 1.0
_RETRY: Final = b"retry: 2000\n\n"  # milliseconds until a browser comes again
_BEAT: Final = b": still here\n\n"
_MOST_WORDS: Final = 100  # of a filter
_MAX_ID: Final = 2**63 - 1
_READERS: Final[dict[str, Callable[[str], str]]] = {
    "type": parse_type,
    "sender": parse_party,
    "recipient": parse_party,
    "account": str,
}


class EventStream:
    """The resource."""

    roles: Final = {"GET": TokenRole.READ}
    is_open = False

    def __init__(self, feed: Follows | None, is_ending: Callable[[], bool]) -> None:
        """*feed* is None where [events] has no stream."""
        self._feed = feed
        self._is_ending = is_ending

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Begin a stream."""
        wanted, after = _filter_of(request), _position_of(request)
        if self._feed is None:
            raise Problem(404, "events are not streamed; set stream = true in [events]")
        streams: Callable[[], AbstractContextManager[bool]] | None = request.env.get(STREAMS)
        response.content_type = "text/event-stream"
        response.cache_control = ["no-store"]
        response.set_header("X-Accel-Buffering", "no")  # nginx hands each event on at once
        last = self._feed.enter()
        position = last if after is None else min(after, last)
        response.stream = _Stream(self._feed, wanted, position, self._is_ending, streams)

    def describe(self) -> dict[str, Any]:
        """Its part of the schema."""
        parameters = [
            {"name": name, "in": "query", "required": False, "schema": {"type": "array", "items": {"type": "string"}},
             "description": f"events of this {name} only; more than once for any of several"}
            for name in _READERS
        ]  # fmt: skip
        whole = {"type": "integer", "minimum": 0, "maximum": _MAX_ID}
        parameters.append(
            {
                "name": "after",
                "in": "query",
                "required": False,
                "schema": whole,
                "description": "begin after this event",
            }
        )
        content = {"text/event-stream": {"schema": {"type": "string"}}}
        return {
            "summary": "Events as they come",
            "description": f"Needs a token with the role {TokenRole.READ}.",
            "operationId": "get_events",
            "parameters": parameters,
            "responses": {"200": {"description": "a stream that ends when the client leaves", "content": content}},
        }


class _Stream:
    """The octets of one answer. `close` is called at its end, also by a client that leaves."""

    def __init__(
        self,
        feed: Follows,
        wanted: EventFilter,
        position: int,
        is_ending: Callable[[], bool],
        streams: Callable[[], AbstractContextManager[bool]] | None,
    ) -> None:
        self._feed = feed
        self._wanted = wanted
        self._position = position
        self._is_ending = is_ending
        self._streams = streams
        self._is_open = True
        self._parts = self._made()

    def __iter__(self) -> Generator[bytes, None, None]:
        return self._parts

    def close(self) -> None:
        """End it."""
        if self._is_open:
            self._is_open = False
            self._parts.close()
            self._feed.leave()

    def _made(self) -> Generator[bytes, None, None]:
        if self._streams is None:
            yield from self._events()
            return
        with self._streams() as is_one_of_few:
            if is_one_of_few:
                yield from self._events()
            else:
                yield b"retry: 30000\n: too many clients follow events; come again later\n\n"

    def _events(self) -> Iterator[bytes]:
        yield _RETRY
        said_at = time.monotonic()
        while not self._is_ending():
            try:
                part = self._feed.next_part(self._position, self._wanted)
            except EmpathError:
                part = None  # the queue cannot be read now
                self._feed.wait(_WAIT_S)
            if part is not None:
                self._position = part.through
                if part.octets:
                    yield part.octets
                    said_at = time.monotonic()
                continue
            if time.monotonic() - said_at >= _BEAT_S:
                yield _BEAT
                said_at = time.monotonic()
            self._feed.wait(_WAIT_S)


def _filter_of(request: falcon.Request) -> EventFilter:
    unknown = [name for name in request.params if name not in _READERS and name != "after"]
    if unknown:
        raise Problem(400, f"no such parameter: {unknown[0][:100]}; there are {', '.join(_READERS)} and after")
    found: dict[str, list[str]] = {}
    for name, read in _READERS.items():
        texts = request.get_param_as_list(name) or []
        if len(texts) > _MOST_WORDS:
            raise Problem(400, f"{name}: is given more than {_MOST_WORDS} times")
        try:
            found[name] = [read(text) for text in texts]
        except SyntaxViolation as exc:
            raise Problem(400, f"{name}: {exc}") from exc
    return EventFilter.of(found["type"], found["sender"], found["recipient"], found["account"])


def _position_of(request: falcon.Request) -> int | None:
    """The event after which the stream begins: what a browser says that comes again, else what the query says."""
    for name, text in (("Last-Event-ID", request.get_header("Last-Event-ID")), ("after", request.get_param("after"))):
        if text:
            if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _MAX_ID):
                raise Problem(400, f"{name}: is not the number of an event")
            return int(text)
    return None
