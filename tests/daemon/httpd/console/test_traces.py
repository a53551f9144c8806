"""Live traces in the console."""

from urllib.parse import urlencode

import gevent
import pytest

from empath.daemon.httpd.console.traces import MOST_LINES, MOST_TRACES, UNASKED_S, ConsoleTrace
from empath.policy.service_part import ServicePart
from tests.daemon.httpd.console.kit import OWN, Console

LINE = {
    "at": 43200.5, "process": "acceptor-1", "peer": "192.0.2.1", "session": 7, "destination": None, "queue_id": None,
    "speaker": "C", "text": "HELO <script>",
}  # fmt: skip


@pytest.fixture
def console(tmp_path):
    """Tokens of two roles, and a service whose one client says HELO."""
    made = Console(tmp_path, "")
    made.add_token("ann", role="operate")
    made.add_token("bob", role="read")
    yield made
    made.close()


def begin(console, token="ann", origin=f"http://{OWN}", **fields):
    """The answer to the form."""
    headers = {"Host": OWN, "Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    headers |= {} if token is None else {"Cookie": f'empath_console="secret of {token}"'}
    return console.client.simulate_post("/console/trace", body=urlencode(fields), headers=headers)


def look(console, place, token="ann"):
    """The page."""
    return console.browse(place, cookie=f'"secret of {token}"')


def test_a_trace_shows_lines_and_renews_itself_until_it_is_over(console):
    """
    Hostile text is text.
    """
    console.said = [{"process": "acceptor-1", "begun": "client 192.0.2.0/24"}, None, LINE, {"left_out": 3}]
    answer = begin(console, scope="client", pattern="192.0.2.1/24")
    assert 303 == answer.status_code
    place = answer.headers["location"]
    assert 'hx-trigger="every 1s"' in look(console, place).text
    gevent.sleep(0)
    page = look(console, place).text
    assert "12:00:00 192.0.2.1#7 C: HELO &lt;script&gt;" in page
    assert "3 lines came too fast" in page
    assert "The trace is over: its time is over." in page
    assert "every 1s" not in page
    assert [("client 192.0.2.0/24", "token:ann")] == console.traced


def test_who_may_only_read_sees_no_lines(console):
    """
    They have addresses of others, also those that no row has.
    """
    console.said = [LINE]
    place = begin(console, scope="client", pattern="192.0.2.1").headers["location"]
    gevent.sleep(0)
    page = look(console, place, token="bob").text
    assert "HELO" not in page
    assert "needs a token of the role operate" in page
    assert 403 == begin(console, token="bob", scope="client", pattern="192.0.2.1").status_code
    assert "/console/login" == begin(console, token=None, scope="client", pattern="192.0.2.1").headers["location"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "of clients, of a destination or of a message"),
        ({"scope": "area", "pattern": "smtp"}, "of clients, of a destination or of a message"),
        ({"scope": "client", "pattern": "mx.example"}, "not an IP address"),
        ({"scope": "message"}, "1 to 1024"),
    ],
)
def test_what_is_no_part_is_refused_with_words(console, fields, words):
    """
    A person sees what to give.
    """
    answer = begin(console, **fields)
    assert (400, True) == (answer.status_code, words in answer.text)


def test_the_form_of_another_site_begins_nothing(console):
    """
    A page elsewhere must not make a browser open traces.
    """
    assert 403 == begin(console, origin="http://evil.test", scope="client", pattern="192.0.2.1").status_code
    assert [] == console.traced


def test_there_are_few_traces_at_once(console):
    """
    Each is a connection to every process.
    """
    for _ in range(MOST_TRACES):
        assert 303 == begin(console, scope="client", pattern="192.0.2.1").status_code
    assert 503 == begin(console, scope="client", pattern="192.0.2.1").status_code


def test_a_trace_ends_when_no_page_asks_and_keeps_its_last_lines():
    """
    A browser that is closed says nothing.
    """
    now = [0.0]
    trace = ConsoleTrace(ServicePart.parse("client", "192.0.2.1"), "ann", lambda: now[0])

    def records():
        for _ in range(MOST_LINES + 5):
            yield LINE
        now[0] = UNASKED_S + 1
        yield None
        pytest.fail("it goes on")

    trace.run(records())
    assert (MOST_LINES, "no page asked for it") == (len(trace.lines), trace.ended)


def test_what_goes_wrong_is_said():
    """
    A page without lines must not look like silence.
    """
    part = ServicePart.parse("client", "192.0.2.1")
    trace = ConsoleTrace(part, "ann")
    trace.run(iter([{"error": "8 traces are under way already"}]))
    assert "8 traces are under way already" == trace.ended
    trace = ConsoleTrace(part, "ann")

    def fails():
        raise PermissionError(13, "Permission denied")
        yield

    trace.run(fails())
    assert "Permission denied" == trace.ended
