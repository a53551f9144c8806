"""The pages of the console, over a queue with mail of strangers in it."""

import html
import json
import re
import time
from html.parser import HTMLParser

import falcon
import pytest
from falcon import testing

from empath.daemon.httpd.console.app import add_console
from empath.daemon.httpd.console.layout import NAVIGATION
from empath.daemon.httpd.console.pages import Sources
from empath.daemon.httpd.history import History
from empath.mail.status import RecipientStatus
from empath.storage.sqlite.engine import SqliteEngine
from tests.kit.engines import ENGINES
from tests.kit.queue import REPLIES, Queue, said_by_host

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2J\u202e"


@pytest.fixture
def queue(tmp_path):
    """Some mail that waits, and one message that was bounced."""
    made = Queue(tmp_path / "queue.db")
    made.accept("a.example", "b.example", subject=HOSTILE)
    made.accept("c.example")
    for lease in made.lease():
        status = RecipientStatus.BOUNCED if lease.destination == "c.example" else RecipientStatus.DEFERRED
        made.run(made.new_settle(lease, status, next_retry_at=time.time() + 3600))
    yield made
    made.close()


@pytest.fixture
def client(queue):
    """A browser without scripts."""
    return browser(queue.path)


def browser(path):
    app = falcon.App()
    sources = Sources(SqliteEngine(path, max_leases=20), "mx.example.test", History(), lambda: None)
    add_console(app, sources, "mx.example.test")
    return testing.TestClient(app, headers={"Host": "127.0.0.1:8025"})


class Elements(HTMLParser):
    """The elements of a page, as a browser reads it."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes, self.scripts = set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.attributes += [name for name, _ in attributes]
        if tag == "script":
            self.scripts.append(dict(attributes)["src"])


def sql_of(page):
    """The SELECT that a page shows."""
    [shown] = re.findall(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)
    return html.unescape(shown)


@pytest.mark.parametrize("name", [*NAVIGATION, "message/1", "find?q=r1%40a.example"])
def test_each_page_is_whole_and_allows_no_script_but_its_own(client, name):
    answer = client.simulate_get(f"/console/{name}")
    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "</html>" in answer.text
    elements = Elements(answer.text)
    assert {"/console/static/"} == {place.rpartition("/")[0] + "/" for place in elements.scripts}
    assert [] == [each for each in elements.attributes if each.startswith(("on", "style"))]
    assert set() == elements.names & {"style", "img", "iframe", "object", "base"}


@pytest.mark.parametrize("name", ["message/1", "messages", "overview"])
def test_text_of_strangers_stays_text(client, name):
    page = client.simulate_get(f"/console/{name}").text
    assert ("<script>alert", "<img", "\x1b", "\u202e") == tuple(
        each for each in ("<script>alert", "<img", "\x1b", "\u202e") if each not in page
    )
    assert name == "overview" or r"&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "query", ["", "?status=deferred", "?recipient=r2%40b.example", "?sender=x%27y&domain=a.example"]
)
def test_the_sql_of_a_page_gives_its_rows_in_any_shell(client, queue, engine, query):
    page = client.simulate_get(f"/console/queue{query}").text
    shown = re.findall(r'href="/console/message/(\d+)"', page)
    assert shown == [str(row[0]) for row in queue.select(sql_of(page))]
    assert "" == engine(queue.path, sql_of(page))


@pytest.mark.parametrize("name", [name for name in NAVIGATION if name != "overview"])
def test_every_list_shows_sql_that_runs(client, queue, name):
    rows = queue.select(sql_of(client.simulate_get(f"/console/{name}").text))
    assert bool(rows) is (name not in {"sessions", "audit"})


def test_pages_follow_each_other_by_the_last_key(queue):
    queue.accept("z.example", count=120)
    client, seen, places = browser(queue.path), [], ["?domain=z.example"]
    for place in places:
        page = client.simulate_get(f"/console/queue{html.unescape(place)}").text
        seen += re.findall(r'href="/console/message/(\d+)"', page)
        places += re.findall(r'class="next" href="([^"]+)"', page)
    assert (120, 120) == (len(seen), len(set(seen)))


def test_the_life_of_a_message_is_one_list(client, queue):
    """
    How it came, each attempt with the words of the host, and what a person changed.
    """
    queue.write("UPDATE queue SET priority = 4 WHERE recipient_id = 1")
    page = client.simulate_get("/console/message/1").text
    for words in ("accepted", "192.0.2.1 (client.example)", "attempt: deferred", "changed by sql", "priority: 2 to 4"):
        assert words in page
    assert "the next attempt is due in" in page


def test_an_id_leads_to_its_message_and_an_address_to_its_mail(client):
    answer = client.simulate_get("/console/find?q=1")
    assert (302, "/console/message/1") == (answer.status_code, answer.headers["location"])
    assert "r1@c.example" in client.simulate_get("/console/find?q=r1%40c.example").text


@pytest.mark.parametrize("reference", ["99", "zz", "01M00000000000000000000000", "%3Cscript%3E", "9" * 400])
def test_an_unknown_message_is_a_page(client, reference):
    answer = client.simulate_get(f"/console/message/{reference}")
    assert (404, True) == (answer.status_code, "Not found" in answer.text)


@pytest.mark.parametrize("key", ["-1", "x", "9" * 30, "%00", "1 OR 1=1"])
@pytest.mark.parametrize("name", ["queue", "messages", "destinations", "audit"])
def test_odd_keys_are_harmless(client, name, key):
    assert 200 == client.simulate_get(f"/console/{name}?from={key}").status_code


def test_without_a_queue_there_is_a_page_that_says_so(tmp_path):
    answer = browser(tmp_path / "none.db").simulate_get("/console/queue")
    assert (404, True) == (answer.status_code, "no queue database" in answer.text)


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8025", 200), ("[::1]:8025", 200), ("localhost", 200), ("MX.example.test", 200), ("evil.test", 403)],
)
def test_a_page_elsewhere_cannot_read_by_a_name_of_its_own(client, host, status):
    assert status == client.simulate_get("/console", headers={"Host": host}).status_code


def test_files_are_asked_for_again_only_if_they_changed(client):
    answer = client.simulate_get("/console/static/console.css")
    assert (200, "text/css; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    again = client.simulate_get("/console/static/console.css", headers={"If-None-Match": answer.headers["etag"]})
    assert (304, "") == (again.status_code, again.text)
    assert 404 == client.simulate_get("/console/static/README.md").status_code


def test_charts_have_one_number_for_each_instant(client):
    assert {"at", "messages", "refusals", "delivered", "deferred", "failed"} == set(
        json.loads(client.simulate_get("/console/series").text)
    )


def test_a_reply_of_a_host_is_shown_as_it_was_said(queue, monkeypatch):
    queue.accept("d.example")
    [lease] = [lease for lease in queue.lease() if lease.destination == "d.example"]
    monkeypatch.setitem(REPLIES, RecipientStatus.DEFERRED, said_by_host("450 4.2.1 <b>later</b>"))
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED))
    page = browser(queue.path).simulate_get("/console/queue?domain=d.example").text
    assert "&lt;b&gt;later&lt;/b&gt;" in page
