"""The pages of the console, over a queue with mail of strangers in it."""

import html
import json
import re
import time
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from empath.daemon.httpd.console.layout import NAVIGATION
from empath.mail.status import RecipientStatus
from empath.storage.admin.snapshot import Snapshot
from empath.storage.queue.transcripts import KeepTranscripts, TranscriptRow
from tests.daemon.httpd.console.kit import OWN, Console
from tests.daemon.httpd.kit import STRANGER
from tests.kit.past import forget_recipients, index
from tests.kit.queue import REPLIES, T0, said_by_host
from tests.kit.sqlites import SQLITES

FORMS = {"trace", "test-mail", "judge-mail"}  # pages without a list
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2J\u202e"


@pytest.fixture
def console(tmp_path):
    """With some mail that waits, and one message that was bounced."""
    made = Console(tmp_path)
    queue = made.queue
    queue.accept("a.example", "b.example", subject=HOSTILE)
    queue.accept("c.example")
    for lease in queue.lease():
        status = RecipientStatus.BOUNCED if lease.destination == "c.example" else RecipientStatus.DEFERRED
        queue.run(queue.new_settle(lease, status, next_retry_at=time.time() + 3600))
    yield made
    made.close()


@pytest.fixture
def closed(tmp_path):
    """One that needs a token."""
    made = Console(tmp_path, "")
    made.add_token("ann")
    yield made
    made.close()


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
def test_each_page_is_whole_and_allows_no_script_but_its_own(console, name):
    answer = console.browse(f"/console/{name}")
    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "</html>" in answer.text
    elements = Elements(answer.text)
    assert {"/console/static/"} == {place.rpartition("/")[0] + "/" for place in elements.scripts}
    assert [] == [each for each in elements.attributes if each.startswith(("on", "style"))]
    assert set() == elements.names & {"style", "img", "iframe", "object", "base"}


def test_a_slash_at_the_end_leads_to_the_same_page(console):
    assert 200 == console.browse("/console/").status_code


@pytest.mark.parametrize("name", ["message/1", "messages", "overview"])
def test_text_of_strangers_stays_text(console, name):
    page = console.browse(f"/console/{name}").text
    assert ("<script>alert", "<img", "\x1b", "\u202e") == tuple(
        each for each in ("<script>alert", "<img", "\x1b", "\u202e") if each not in page
    )
    assert name == "overview" or r"&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("sqlite", SQLITES)
@pytest.mark.parametrize(
    "query", ["", "?status=deferred", "?recipient=r2%40b.example", "?sender=x%27y&domain=a.example"]
)
def test_the_sql_of_a_page_gives_its_rows_in_any_shell(console, sqlite, query):
    page = console.browse(f"/console/queue{query}").text
    shown = re.findall(r'href="/console/message/(\d+)"', page)
    assert shown == [str(row[0]) for row in console.queue.select(sql_of(page))]
    assert "" == sqlite(console.queue.path, sql_of(page))


def test_numbers_that_were_read_before_say_when(console):
    """
    A deep queue is read in the background, and the page never looks newer than it is.
    """
    console.queue.accept()
    with Snapshot(console.queue.engine) as snapshot:
        stats = snapshot.stats(10, T0)
    console.known = stats, time.time() - 3 * 3600 - 60
    assert "The queue was read 3 h ago" in console.browse("/console/overview").text
    console.known = None
    assert "The queue was read 0 s ago" in console.browse("/console/overview").text


@pytest.mark.parametrize("name", [name for name in NAVIGATION if name not in FORMS | {"overview"}])
def test_every_list_shows_sql_that_runs(console, name):
    rows = console.queue.select(sql_of(console.browse(f"/console/{name}").text))
    assert bool(rows) is (name not in {"refusals", "sessions", "audit", "events"})


def test_pages_follow_each_other_by_the_last_key(console):
    console.queue.accept("z.example", count=120)
    seen, places = [], ["?domain=z.example"]
    for place in places:
        page = console.browse(f"/console/queue{html.unescape(place)}").text
        seen += re.findall(r'href="/console/message/(\d+)"', page)
        places += re.findall(r'class="next" href="([^"]+)"', page)
    assert (120, 120) == (len(seen), len(set(seen)))


def test_the_life_of_a_message_is_one_list(console):
    """
    How it came, each attempt with the words of the host, and what a person changed.
    """
    console.queue.write("UPDATE queue SET priority = 4 WHERE recipient_id = 1")
    page = console.browse("/console/message/1").text
    for words in ("accepted", "192.0.2.1 (client.example)", "attempt: deferred", "changed by sql", "priority: 2 to 4"):
        assert words in page
    assert "the next attempt is due in" in page


def test_what_a_host_said_when_it_failed_is_in_the_life_of_a_message(console):
    """
    It is text of strangers.
    """
    [(ulid, destination)] = console.queue.select("SELECT id, destination FROM queue WHERE recipient_id = 1")
    console.queue.run(
        KeepTranscripts([TranscriptRow(T0, "RCPT", "550", ulid, destination, "h", dialogue="S: <b>\nC: x")])
    )
    page = console.browse("/console/message/1").text
    assert "<summary>the dialogue</summary><pre>S: &lt;b&gt;\nC: x\n</pre>" in page


def test_the_page_of_a_message_to_very_many_has_a_bound(console):
    console.queue.accept(*["many.example"] * 130)
    [(ulid,)] = console.queue.select("SELECT id FROM queue ORDER BY recipient_id DESC LIMIT 1")
    page = console.browse(f"/console/message/{ulid}").text
    assert (100, True) == (page.count('class="life"'), "first 100 of 130" in page)


def test_a_message_that_was_judged_says_who_vouches_for_it(console):
    """
    The results are text of strangers, too.
    """
    judged = json.dumps({"author": "<b>a.example", "spf": "pass", "dmarc": "fail", "reason": "no signature"})
    console.queue.write("UPDATE _message SET authentication = ? WHERE message_id = 1", judged)
    page = console.browse("/console/message/1").text
    assert "<dt>author</dt><dd>&lt;b&gt;a.example</dd><dt>spf</dt><dd>pass</dd><dt>dmarc</dt><dd>fail</dd>" in page
    assert "Who vouches" not in console.browse("/console/message/3").text


def test_an_id_leads_to_its_message_and_an_address_to_its_mail(console):
    answer = console.browse("/console/find?q=1")
    assert (302, "/console/message/1") == (answer.status_code, answer.headers["location"])
    assert "r1@c.example" in console.browse("/console/find?q=r1%40c.example").text


def test_words_lead_to_mail_where_there_is_an_index(console):
    """
    Also to mail that the queue has forgotten. An index that cannot be read takes nothing from the page, and what has no
    word is no wish for all mail.
    """
    assert "r1@a.example" not in console.browse("/console/find?q=r1").text
    console.queue.write("DELETE FROM queue WHERE recipient_id = 1")
    file = index(console.queue)
    assert "r1@c.example" in console.browse("/console/find?q=R1+c.example").text
    assert "r1@c.example" not in console.browse("/console/find?q=%22+-").text
    forget_recipients(console.queue, 1)
    page = console.browse("/console/find?q=r1%40a.example").text
    assert (True, True) == ("cancelled" in page, "track.words(" in page)
    file.write_bytes(b"damaged" * 1000)
    assert "r1@c.example" in console.browse("/console/find?q=r1%40c.example").text


@pytest.mark.parametrize("reference", ["99", "zz", "01M00000000000000000000000", "%3Cscript%3E", "9" * 400])
def test_an_unknown_message_is_a_page(console, reference):
    answer = console.browse(f"/console/message/{reference}")
    assert (404, True) == (answer.status_code, "Not found" in answer.text)


@pytest.mark.parametrize("key", ["-1", "x", "9" * 30, "%00", "1 OR 1=1"])
@pytest.mark.parametrize("name", ["queue", "messages", "destinations", "refusals", "audit", "events"])
def test_odd_keys_are_harmless(console, name, key):
    assert 200 == console.browse(f"/console/{name}?from={key}").status_code


def test_without_a_queue_there_is_a_page_that_says_so(console):
    console.queue.path.rename(f"{console.queue.path}.away")
    answer = console.browse("/console/queue")
    assert (404, True) == (answer.status_code, "no queue database" in answer.text)


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8025", 200), ("[::1]:8025", 200), ("localhost", 200), ("MX.example.test", 200), ("evil.test", 403)],
)
def test_a_page_elsewhere_cannot_read_by_a_name_of_its_own(console, host, status):
    assert status == console.browse("/console", host=host).status_code


def test_files_are_asked_for_again_only_if_they_changed(console):
    answer = console.browse("/console/static/console.css")
    assert (200, "text/css; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    kept = {"If-None-Match": answer.headers["etag"], "Host": "localhost"}
    again = console.client.simulate_get("/console/static/console.css", headers=kept)
    assert (304, "") == (again.status_code, again.text)
    assert 404 == console.browse("/console/static/README.md").status_code


def test_charts_have_one_number_for_each_instant(console):
    assert {"at", "messages", "refusals", "delivered", "deferred", "failed"} == set(
        json.loads(console.browse("/console/series").text)
    )


def test_a_reply_of_a_host_is_shown_as_it_was_said(console, monkeypatch):
    console.queue.accept("d.example")
    [lease] = [lease for lease in console.queue.lease() if lease.destination == "d.example"]
    monkeypatch.setitem(REPLIES, RecipientStatus.DEFERRED, said_by_host("450 4.2.1 <b>later</b>"))
    console.queue.run(console.queue.new_settle(lease, RecipientStatus.DEFERRED))
    page = console.browse("/console/queue?domain=d.example").text
    assert "&lt;b&gt;later&lt;/b&gt;" in page


@pytest.mark.parametrize("path", ["", "/queue", "/message/1", "/series", "/find?q=1"])
def test_without_a_token_a_browser_is_led_to_the_login(closed, path):
    answer = closed.browse(f"/console{path}")
    assert (303, "/console/login", "") == (answer.status_code, answer.headers["location"], answer.text)
    assert 200 == closed.browse("/console/static/console.css").status_code
    assert 'type="password"' in closed.browse("/console/login").text


def test_a_good_token_is_kept_by_the_browser_alone(closed):
    """
    No script reads the cookie, and no other site makes the browser send it. A token that is revoked is of no use.
    """
    answer = log_in(closed, "secret of ann")
    assert (303, "/console") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/console"} <= set(cookie.split("; "))
    kept = cookie.partition(";")[0].partition("=")[2].strip('"')
    assert 200 == closed.browse("/console", cookie=kept).status_code
    closed.queue.write("DELETE FROM token WHERE name = 'ann'")
    assert 303 == closed.browse("/console", cookie=kept).status_code


def test_a_browser_forgets_a_token_that_is_over(closed):
    """
    A page that is open asks on. With a token that was revoked it would count as one that guesses, and keep out every
    other client of the address: with a proxy, or a way by SSH, these are all.
    """
    forgotten = closed.browse("/console/series", cookie="revoked").headers["set-cookie"]
    assert {'empath_console=""', "Path=/console"} <= set(forgotten.split("; "))
    answers = [closed.browse("/console", cookie="revoked") for _ in range(12)]
    assert {(303, "/console/login")} == {(each.status_code, each.headers["location"]) for each in answers}
    assert "set-cookie" not in closed.browse("/console/series").headers


def test_behind_a_proxy_that_speaks_tls_the_cookie_is_for_tls_alone(closed):
    """
    The origin of the form is what the browser speaks, whatever the proxy makes of it.
    """
    assert "Secure" in log_in(closed, "secret of ann", origin=f"https://{OWN}").headers["set-cookie"].split("; ")
    assert "Secure" not in log_in(closed, "secret of ann").headers["set-cookie"].split("; ")


@pytest.mark.parametrize("host", ["localhost:abc", "localhost:1:2", "[::1", ""])
def test_a_host_that_is_none_is_no_fault_of_empath(closed, host):
    assert closed.browse("/console", host=host).status_code in {303, 403}
    assert [] == closed.reported


@pytest.mark.parametrize("path", ["/", "/console", "/console/login", "/console/queue", "/console/static/icon.svg"])
def test_a_head_of_a_page_is_that_of_get_without_a_body(console, path):
    got, head = console.browse(path), console.browse(path, method="HEAD")
    assert (got.status_code, "") == (head.status_code, head.text)


def test_a_browser_says_from_which_site_a_form_comes(closed):
    """
    Fetch §3.2: a page with the policy "no-referrer" sends the Origin `null`: nobody could log in or give orders.
    """
    assert "same-origin" == closed.browse("/console/login").headers["referrer-policy"]


@pytest.mark.parametrize("secret", ["secret of bob", "x" * 5000, "\x00", "<script>"])
def test_a_wrong_token_is_a_page_with_a_reason(closed, secret):
    answer = log_in(closed, secret)
    assert (401, True) == (answer.status_code, "the token is not valid" in answer.text)
    assert "set-cookie" not in answer.headers


def test_whoever_tries_tokens_has_to_wait(closed):
    codes = {log_in(closed, f"guess {number}").status_code for number in range(12)}
    assert {401, 429} == codes
    assert 303 == log_in(closed, "secret of ann").status_code


def test_a_form_of_another_site_is_refused(closed):
    assert 403 == log_in(closed, "secret of ann", origin="http://evil.test").status_code
    assert 403 == log_in(closed, "secret of ann", origin="null").status_code


def test_an_open_console_is_open_to_its_networks_only(console):
    console.add_token("ann")
    assert 303 == console.browse("/console", remote_addr=STRANGER).status_code
    assert 200 == console.browse("/console", remote_addr=STRANGER, cookie='"secret of ann"').status_code


def log_in(console, secret, origin=f"http://{OWN}"):
    """The answer to the form."""
    headers = {"Host": OWN, "Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    return console.client.simulate_post("/console/login", body=urlencode({"token": secret}), headers=headers)
