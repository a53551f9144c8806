"""The page of events, and orders to consumers: a rehearsal, the order, the way back."""

from urllib.parse import urlencode

import pytest

from empath.policy.events.consumer import ConsumerOfFile
from empath.storage.queue.events import KeepConsumers
from tests.daemon.httpd.console.kit import OWN, Console
from tests.kit.queue import T0


@pytest.fixture
def console(tmp_path):
    """Two consumers, an event that one of them refused, and tokens of two roles."""
    made = Console(tmp_path, "")
    made.queue.run(KeepConsumers([ConsumerOfFile("crm", "webhook"), ConsumerOfFile("rabbit", "sink")], now=T0))
    made.queue.write("INSERT INTO consumer (name) VALUES ('program')")
    made.queue.accept("a.example")
    made.queue.write(
        "INSERT INTO _event_aside (consumer, event_id, ulid, state, tries, since, next_try_at, last_error)"
        " SELECT 'crm', event_id, ulid, 'dead', 10, at, at, 'HTTP status 400: <script>alert(1)\x1b' FROM _event"
    )
    made.queue.write("UPDATE _consumer SET cursor = 1, last_error = '<img src=x>' WHERE name = 'crm'")
    made.add_token("ann", role="operate")
    made.add_token("bob", role="read")
    yield made
    made.close()


def order(console, origin=f"http://{OWN}", token="ann", **fields):
    """The answer to the form."""
    headers = {"Host": OWN, "Content-Type": "application/x-www-form-urlencoded"}
    headers |= {} if origin is None else {"Origin": origin}
    headers |= {} if token is None else {"Cookie": f'empath_console="secret of {token}"'}
    return console.client.simulate_post("/console/consumer", body=urlencode(fields), headers=headers)


def rows(console):
    """State and number of dead letters of each consumer."""
    return {name: more for name, *more in console.queue.select("SELECT name, state, dead FROM consumer")}


UNCHANGED = {"crm": ["active", 1], "program": ["active", 0], "rabbit": ["active", 0]}


@pytest.mark.parametrize("token", ["ann", "bob"])
def test_the_page_shows_who_is_told_and_what_was_refused(console, token):
    """
    Replies of endpoints are text of strangers. Only a person who may give orders gets forms.
    """
    answer = console.browse("/console/events", cookie=f"secret of {token}")
    assert 200 == answer.status_code
    for words in (
        "crm",
        "rabbit",
        "Dead letters",
        r"HTTP status 400: &lt;script&gt;alert(1)\x1b",
        "&lt;img",
        "accepted",
    ):
        assert words in answer.text
    assert not [each for each in ("<script>alert", "<img", "\x1b") if each in answer.text]
    forms = answer.text.count('action="/console/consumer"')
    assert forms == (2 if token == "ann" else 0)  # none for the program, which takes events itself
    assert ('value="again"' in answer.text, "Log in" in answer.text) == (token == "ann", token == "bob")


def test_an_order_is_rehearsed_given_and_taken_back(console):
    """
    The audit has the name of the token.
    """
    page = order(console, verb="pause", consumer="rabbit").text
    assert "rabbit would get nothing more. 1 event would wait" in page
    assert UNCHANGED == rows(console)
    page = order(console, verb="pause", consumer="rabbit", sure="1").text
    assert ("paused", True) == (rows(console)["rabbit"][0], 'name="verb" value="resume"' in page)
    order(console, verb="resume", consumer="rabbit", sure="1")
    assert UNCHANGED == rows(console)
    assert {("token:ann",)} == set(console.queue.select("SELECT who FROM audit WHERE object LIKE '%rabbit%'"))


@pytest.mark.parametrize(
    ("verb", "words", "state"),
    [("again", "would be sent 1 dead letter again", "waiting"), ("skip", "would never get 1 event", None)],
)
def test_dead_letters_are_sent_again_or_skipped(console, verb, words, state):
    """
    Only of the consumer that the form names.
    """
    assert words in order(console, verb=verb, consumer="crm").text
    assert UNCHANGED == rows(console)
    order(console, verb=verb, consumer="crm", sure="1")
    assert ([] if state is None else [(state,)]) == console.queue.select("SELECT state FROM event_aside")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"verb": "explode", "consumer": "crm"}, "there is no such order"),
        ({"verb": "pause"}, "no consumer &#39;&#39;"),
        ({"verb": "pause", "consumer": "<b>"}, "no consumer &#39;&lt;b&gt;&#39;"),
        ({"verb": "pause", "consumer": "program"}, "it takes events itself"),
        ({"verb": "resume", "consumer": "crm"}, "crm is active"),
        ({"verb": "skip", "consumer": "rabbit"}, "rabbit has no dead letters"),
    ],
)
def test_an_order_that_cannot_be_is_a_page_with_a_reason(console, fields, words):
    """
    It is about one consumer that is there, and changes something.
    """
    answer = order(console, **fields, sure="1")
    assert (400, True) == (answer.status_code, words in answer.text)
    assert UNCHANGED == rows(console)


@pytest.mark.parametrize(
    ("origin", "token", "status"),
    [("http://evil.test", "ann", 403), (None, "ann", 403), (f"http://{OWN}", "bob", 403), (f"http://{OWN}", None, 401)],
)
def test_nobody_else_gives_an_order(console, origin, token, status):
    """
    Neither another site nor a token that only reads.
    """
    answer = order(console, origin=origin, token=token, verb="pause", consumer="crm", sure="1")
    assert status == answer.status_code
    assert UNCHANGED == rows(console)
