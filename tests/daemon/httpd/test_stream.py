"""Events as they come: one look at the queue for all clients, and nothing missed by one who comes again."""

import json
import socket as plain_socket
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network

import pytest
from gevent import socket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empath.daemon.httpd.api import feed as feeds
from empath.daemon.httpd.api.feed import Feed
from empath.daemon.httpd.server import HttpServer
from empath.policy.events.consumer import ConsumerOfFile
from empath.policy.events.filter import EventFilter
from empath.storage.queue.events import EVENTS, KeepConsumers
from empath.storage.queue.sweep import ForgetRows
from tests.daemon.httpd.kit import HTTP, Web
from tests.kit.queue import T0
from tests.kit.waiting import DEADLINE_S

PATH = "/api/v1/events"
ALL = EventFilter()


@pytest.fixture
def web(tmp_path):
    """The application with a stream, and a token."""
    made = Web(tmp_path, HTTP + "[events]\nstream = true\n")
    made.queue.run(KeepConsumers([ConsumerOfFile("stream", "stream")], now=T0))
    made.add_token("reader")
    made.add_token("sender", role="inject")
    yield made
    made.close()


def numbers(part):
    """Numbers of the events in a part of a stream."""
    return [int(line[4:]) for line in part.octets.decode().splitlines() if line.startswith("id: ")]


def test_one_look_serves_all_clients(web):
    """
    Each gets what comes after the event that it has, from memory.
    """
    feed = web.feed
    web.queue.accept()
    assert 1 == feed.enter()
    assert feed.next_part(1, ALL) is None
    web.queue.accept(count=3)
    feed.look()
    assert ([2, 3, 4], [4]) == (numbers(feed.next_part(1, ALL)), numbers(feed.next_part(3, ALL)))
    part = feed.next_part(1, EventFilter.of(recipients=["b.example"]))
    assert (b"", 4) == part
    feed.leave()


def test_who_comes_again_gets_what_it_missed(web):
    """
    From the queue, in parts; what has ended is a gap.
    """
    feed = web.feed
    web.queue.accept(count=600)
    feed.enter()
    first = feed.next_part(0, ALL)
    second = feed.next_part(first.through, ALL)
    assert list(range(1, 601)) == [*numbers(first), *numbers(second)]
    assert feed.next_part(600, ALL) is None

    web.queue.run(ForgetRows(EVENTS, [1, 2, 3]))
    gap = feed.next_part(1, EventFilter.of(types=["held"]))
    assert (3, [3]) == (gap.through, numbers(gap))
    assert '"first_id": 2, "last_id": 3' in gap.octets.decode()


def test_memory_holds_the_last_events_only(web, monkeypatch):
    """
    Whatever comes while clients do not read.
    """
    reader = web.queue.engine.open_reader()
    feed = Feed(reader)
    feed.enter()
    web.queue.accept(count=feeds.KEPT + 10)
    feed.look()
    assert feeds.KEPT == len(numbers(feed.next_part(10, ALL)))
    assert [1, 2] == numbers(feed.next_part(0, ALL))[:2]
    reader.close()


@pytest.mark.parametrize(
    ("query", "headers", "status", "words"),
    [
        ("type=bonced", {}, 400, "not a type of event"),
        ("sender=a%20b", {}, 400, "not an address"),
        ("kind=held", {}, 400, "no such parameter"),
        ("after=x", {}, 400, "not the number of an event"),
        ("", {"Last-Event-ID": "1" * 20}, 400, "not the number of an event"),
        ("", {"Last-Event-ID": "-1"}, 400, "not the number of an event"),
        ("", {"Last-Event-ID": "\u0663"}, 400, "not the number of an event"),
        ("&".join(["account=a"] * 101), {}, 400, "more than 100 times"),
    ],
)
def test_what_cannot_be_followed_is_said(web, query, headers, status, words):
    """
    Before the stream begins.
    """
    headers = {"Authorization": "Bearer secret of reader", **headers}
    answer = web.client.simulate_get(PATH, query_string=query, headers=headers, remote_addr="127.0.0.1")
    assert (status, True) == (answer.status_code, words in answer.json["detail"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.one_of(st.text(max_size=25), st.integers(-(2**70), 2**70).map(str)), is_header=st.booleans())
def test_no_place_to_go_on_is_a_fault(web, text, is_header):
    """
    It is the number of an event, or it is refused before the stream begins.
    """
    web.is_ending = True  # a stream that begins ends at once
    headers = {"Authorization": "Bearer secret of reader"}
    if is_header:
        headers["Last-Event-ID"] = text.encode("utf-8", "replace").decode("latin-1")
    query = {} if is_header else {"after": text}
    answer = web.client.simulate_get(PATH, params=query, headers=headers, remote_addr="127.0.0.1")
    is_number = not text or (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63)
    assert (200 if is_number else 400) == answer.status_code, text
    assert [] == web.reported


def test_a_stream_needs_a_token_that_may_read(web, tmp_path):
    """
    And is there only where [events] says so.
    """
    assert 401 == web.get(PATH).status_code
    assert 403 == web.get(PATH, "secret of sender").status_code
    (tmp_path / "other").mkdir()
    other = Web(tmp_path / "other")
    other.add_token("reader")
    assert 404 == other.get(PATH, "secret of reader").status_code
    other.close()
    assert PATH in web.get("/api/v1/openapi.json").json["paths"]


class Served:
    """The application on a socket."""

    def __init__(self, web, most_streams):
        with plain_socket.create_server(("127.0.0.1", 0)) as listener:
            self.address = listener.getsockname()
            self._server = HttpServer(
                listener.detach(),
                web.application,
                (ip_network("127.0.0.0/8"),),
                most_connections=2,
                most_streams=most_streams,
            )
        self._server.start()

    def stop(self):
        """End it."""
        self._server.stop()

    @contextmanager
    def follow(self, query="", **headers):
        """The lines of a stream."""
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"GET {PATH}?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret of reader\r\n{more}\r\n"
        with socket.create_connection(self.address, DEADLINE_S) as client:
            client.sendall(head.encode())
            with client.makefile("r", encoding="utf-8", newline="\n") as lines:
                yield lines


def until(lines, wanted):
    """Read on until a line begins with *wanted*; the line."""
    while line := lines.readline():
        if line.startswith(wanted):
            return line.rstrip()
    raise AssertionError("the stream ended")


def test_clients_follow_and_come_again(web):
    """
    Streams do not count as connections that wait, and have a bound of their own.
    """
    served = Served(web, most_streams=3)
    web.queue.accept()
    try:
        with ExitStack() as open_streams:
            streams = [
                open_streams.enter_context(served.follow(*query))
                for query in ((), ("type=held",), ("after=0&recipient=a.example",))
            ]
            assert all(until(stream, "retry: 2000") for stream in streams)
            assert "id: 1" == until(streams[2], "id: ")
            with served.follow() as one_too_many:
                assert until(one_too_many, ": too many clients")
            web.queue.write("UPDATE queue SET status = 'held'")
            web.feed.look()
            assert ["id: 2"] * 3 == [until(stream, "id: ") for stream in streams]
            data = json.loads(until(streams[1], "data: ").removeprefix("data: "))
            assert ("held", 2) == (data["type"], data["id"])
            web.queue.write("UPDATE queue SET status = 'queued'")
            web.feed.look()
            assert "id: 3" == until(streams[2], "id: ")
        web.is_ending = True
    finally:
        served.stop()


def test_a_browser_that_comes_again_says_where_it_was(web):
    """
    Its number goes before what the query says; one that is beyond the last event goes on with the next.
    """
    served = Served(web, most_streams=3)
    web.queue.accept(count=3)
    try:
        with served.follow("after=0", Last_Event_ID="2") as again:
            assert "id: 3" == until(again, "id: ")
        with served.follow("", Last_Event_ID="999") as odd:
            until(odd, "retry")
            web.queue.accept()
            web.feed.look()
            assert "id: 4" == until(odd, "id: ")
        web.is_ending = True
    finally:
        served.stop()
