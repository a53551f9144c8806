"""The form for a test mail: it is checked as mail of programs is, and leads to its life."""

import re
from urllib.parse import urlencode

import pytest

from tests.daemon.httpd.console.kit import OWN, Console

MAIL = {"from": "ann@example.org", "to": "bob@a.example", "subject": "A <test>"}


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    """The console of a service that takes mail, and tokens of three roles."""
    made = Console(tmp_path_factory.mktemp("console"), "")
    made.take_mail()
    for name, role in (("ann", "admin"), ("bob", "operate"), ("cat", "inject")):
        made.add_token(name, role=role)
    yield made
    made.close()


def send(console, origin=f"http://{OWN}", token="ann", **fields):
    """The answer to the form."""
    headers = {"Host": OWN, "Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    headers |= {} if token is None else {"Cookie": f'empath_console="secret of {token}"'}
    return console.client.simulate_post("/console/test-mail", body=urlencode(MAIL | fields), headers=headers)


def test_a_mail_is_queued_and_the_page_leads_to_its_life(console):
    """
    The form has what a person would write anyway, and needs no script.
    """
    form = console.browse("/console/test-mail", cookie="secret of ann")
    assert (200, True) == (form.status_code, 'value="postmaster@example.test"' in form.text)
    answer = send(console)
    assert 200 == answer.status_code
    [place] = re.findall(r'href="(/console/message/\w+)"', answer.text)
    life = console.browse(place, cookie="secret of ann")
    assert (200, True) == (life.status_code, "A &lt;test&gt;" in life.text)
    assert [("ann@example.org", "bob@a.example")] == console.queue.select("SELECT sender, recipient FROM queue")


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"to": "<script>"}, 400, "&lt;script&gt;"),
        ({"from": ""}, 400, "from"),
        ({"to": ""}, 400, "to"),
        ({"token": "bob"}, 403, "the role inject or admin"),
        ({"token": None}, 303, ""),
        ({"origin": "http://evil.test"}, 403, "another site"),
    ],
)
def test_what_cannot_be_sent_is_told(console, fields, status, words):
    """
    Nothing is queued then.
    """
    before = console.queue.select("SELECT count(*) FROM queue")
    answer = send(console, **fields)
    assert (status, True) == (answer.status_code, words in answer.text), answer.text
    assert "<script>a" not in answer.text
    assert before == console.queue.select("SELECT count(*) FROM queue")


def test_a_token_that_injects_mail_sees_the_form_alone(console):
    """
    It reads nothing: not even the life of the mail that it sent.
    """
    for token, status in (("bob", 200), ("cat", 200), ("nobody", 303)):
        assert status == console.browse("/console/test-mail", cookie=f"secret of {token}").status_code
    answer = send(console, token="cat", subject="Of a cat")
    [queue_id] = re.findall(r"as (\w{26})\.", answer.text)
    assert 200 == answer.status_code
    assert ["/console/test-mail"] * 2 == re.findall(r'<a [^>]*href="(/[^"]*)"', answer.text)
    for place in ("", "/queue", f"/message/{queue_id}", "/find?q=bob", "/trace"):
        assert 403 == console.browse(f"/console{place}", cookie="secret of cat").status_code, place


def test_a_login_leads_to_what_the_token_may_see(console):
    """
    A person who may send a test mail does not begin at a page that is refused.
    """
    headers = {"Host": OWN, "Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{OWN}"}
    for token, place in (("ann", "/console"), ("bob", "/console"), ("cat", "/console/test-mail")):
        body = urlencode({"token": f"secret of {token}"})
        answer = console.client.simulate_post("/console/login", body=body, headers=headers)
        assert (303, place) == (answer.status_code, answer.headers["location"])
