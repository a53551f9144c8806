"""A message judged step by step: one that a person pastes, and one in the queue."""

import html
import re
from urllib.parse import urlencode

import pytest

from empath.daemon.httpd.console.judging import MOST_PASTED
from empath.mail.lookup import Failed, Kind, Question, Texts
from tests.authentication.kit import MESSAGE, TEXTS, signed
from tests.daemon.httpd.console.kit import OWN, Console

SPF, POLICY = "v=spf1 ip4:203.0.113.1 -all", "v=DMARC1; p=reject"
ANSWERS = {
    Question("example.com", Kind.TXT): Texts((SPF,), 60.0),
    Question("_dmarc.example.com", Kind.TXT): Texts((POLICY,), 60.0),
}
PASTED = {"client": "192.0.2.1", "mail_from": "joe@example.com", "message": MESSAGE.decode()}


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    """A console with tokens of two roles."""
    made = Console(tmp_path_factory.mktemp("console"), "")
    for name, role in (("ann", "operate"), ("bob", "read")):
        made.add_token(name, role=role)
    made.answers.update(ANSWERS)
    yield made
    made.close()


def judged(console, origin=f"http://{OWN}", token="ann", **fields):
    """The answer to the form."""
    headers = {"Host": OWN, "Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    headers |= {} if token is None else {"Cookie": f'empath_console="secret of {token}"'}
    return console.client.simulate_post("/console/judge-mail", body=urlencode(fields), headers=headers)


def facts(page):
    """What was found, by name."""
    return {name: html.unescape(value) for name, value in re.findall(r"<dt>([\w ]+)</dt><dd>(.*?)</dd>", page)}


def test_a_pasted_message_is_judged_step_by_step(console):
    """
    A postmaster wants to know why a host refuses a mail, and has only its source.
    """
    page = judged(console, **PASTED)
    assert 200 == page.status_code
    for words in (SPF, POLICY, "_dmarc.example.com", "\n    spf=fail (-all) smtp.mailfrom=joe@example.com"):
        assert words in page.text
    found = facts(page.text)
    assert ("fail", "none", "fail", "reject") == tuple(found[name] for name in ("spf", "dkim", "dmarc", "policy"))
    assert "the message is accepted" == found["reply"]  # no listener of this service judges
    assert "listeners do not judge its mail" not in page.text
    assert "listeners do not judge its mail" in judged(console, **PASTED | {"client": "127.0.0.1"}).text


def test_a_message_in_the_queue_is_asked_about_anew(console):
    """
    With the client and the sender on record. What this host has added is no part of it.
    """
    for name, text in TEXTS.items():
        console.answers[Question(name, Kind.TXT)] = Texts((text,), 60.0)
    console.queue.accept(
        "a.example", content=signed(now=1_700_000_000), added_fields=b"ARC-Seal: i=1; cv=none; d=mx.example\r\n"
    )
    [[queue_id]] = console.queue.select("SELECT DISTINCT id FROM queue")
    assert f"judge-mail?id={queue_id}" in console.browse("/console/message/1", cookie="secret of ann").text
    form = console.browse(f"/console/judge-mail?id={queue_id}", cookie="secret of bob")
    assert (200, True) == (form.status_code, f'value="{queue_id}"' in form.text)
    page = judged(console, id=queue_id)
    found = facts(page.text)
    assert (200, True) == (page.status_code, "asked anew" in page.text)
    assert ("pass", "example.com", "none") == tuple(found[name] for name in ("dkim", "dkim domains", "arc"))


def test_answers_that_do_not_come_are_shown(console):
    """
    They are why a message was accepted.
    """
    console.answers[Question("slow.example", Kind.TXT)] = Failed("no answer in time")
    page = judged(console, **PASTED | {"mail_from": "", "helo": "slow.example"})
    assert (True, "temperror") == ("no answer in time" in page.text, facts(page.text)["spf"])


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"client": "<b>"}, 400, "the client is an IP address, and not &#39;&lt;b&gt;&#39;"),
        ({"mail_from": "a b"}, 400, "a b"),
        ({"message": " "}, 400, "paste a message"),
        ({"message": "x" * MOST_PASTED}, 413, f"at most {MOST_PASTED} octets; `empath-admin verify`"),
        ({"id": "999999"}, 404, "no message 999999"),
        ({"id": "%"}, 400, "%"),
        ({"token": "bob"}, 403, "a token of the role operate"),
        ({"token": None}, 303, ""),
        ({"origin": "http://evil.test"}, 403, "another site"),
    ],
)
def test_what_cannot_be_judged_is_told(console, fields, status, words):
    answer = judged(console, **PASTED | fields)
    assert (status, True) == (answer.status_code, words in answer.text), answer.text
    assert "What was found" not in answer.text


def test_what_the_dns_and_the_message_say_stays_text(console):
    """
    Both are of strangers.
    """
    console.answers[Question("evil.example", Kind.TXT)] = Texts(("v=spf1 <script>alert(1)</script>\x1b[2J",), 60.0)
    message = "From: <x@evil.example>\r\n\r\n</textarea><script>alert(2)</script>"
    page = judged(console, client="192.0.2.1", mail_from="x@evil.example", message=message).text
    assert ("<script>alert", "\x1b") == tuple(each for each in ("<script>alert", "\x1b") if each not in page)
    assert "&lt;script&gt;alert(1)" in page
