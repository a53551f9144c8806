"""Orders from the console: a rehearsal, the order, the way back."""

import json
import re
from urllib.parse import urlencode

import pytest

from tests.daemon.httpd.console.kit import OWN, Console


@pytest.fixture
def console(tmp_path):
    """Three recipients that wait, and tokens of two roles."""
    made = Console(tmp_path, "")
    made.queue.accept("a.example", "b.example")
    made.queue.accept("c.example")
    made.add_token("ann", role="operate")
    made.add_token("bob", role="read")
    yield made
    made.close()


def order(console, origin=f"http://{OWN}", token="ann", **fields):
    """The answer to the form."""
    headers = {"Host": OWN, "Content-Type": "application/x-www-form-urlencoded"}
    headers |= {} if origin is None else {"Origin": origin}
    headers |= {} if token is None else {"Cookie": f'empath_console="secret of {token}"'}
    return console.client.simulate_post("/console/order", body=urlencode(fields), headers=headers)


def statuses(console):
    """Of all recipients, by number."""
    return [status for (status,) in console.queue.select("SELECT status FROM _recipient ORDER BY recipient_id")]


def test_the_first_answer_says_how_many_and_changes_nothing(console):
    page = order(console, verb="hold", domain="b.example").text
    assert "1 recipient of 1 would change" in page
    assert ["queued"] * 3 == statuses(console)
    assert 'name="domain" value="b.example"' in page


def test_filters_are_read_as_empath_admin_reads_them(console):
    for fields in ({"domain": "B.Example"}, {"recipient": f"<{_second(console)}>"}):
        assert "1 recipient of 1 would change" in order(console, verb="hold", **fields).text
    assert "0 recipients of 0 would change" in order(console, verb="hold", domain="no domain").text


def _second(console):
    [(recipient,)] = console.queue.select("SELECT recipient FROM queue WHERE recipient_id = 2")
    return recipient


def test_the_order_is_in_the_audit_with_the_name_of_the_token_and_has_a_way_back(console):
    page = order(console, verb="hold", sure="1").text
    assert "3 recipients of 3 changed" in page
    assert ["held"] * 3 == statuses(console)
    assert {("token:ann",)} == set(console.queue.select("SELECT who FROM audit WHERE what = 'status'"))
    [numbers] = re.findall(r'name="numbers" value="([^"]*)"', page)
    assert "2 recipients of 2 changed" in order(console, verb="release", numbers="1 3", sure="1").text
    assert ("1 2 3", ["queued", "held", "queued"]) == (numbers, statuses(console))


def test_what_was_cancelled_can_be_queued_again(console):
    assert 'value="undelete"' in order(console, verb="delete", numbers="2", sure="1").text
    assert "cancelled" == statuses(console)[1]
    order(console, verb="undelete", numbers="2", sure="1")
    assert "queued" == statuses(console)[1]


@pytest.mark.parametrize("origin", [None, "http://evil.test", "null", "http://127.0.0.1:80", "http://[", f"x{OWN}"])
def test_the_form_of_another_site_does_nothing(console, origin):
    assert 403 == order(console, origin=origin, verb="delete", sure="1").status_code
    assert ["queued"] * 3 == statuses(console)


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("bob", 403), ("nobody", 401)])
def test_an_order_needs_a_token_that_may_give_it(console, token, status):
    answer = order(console, token=token, verb="delete", sure="1")
    assert (status, True) == (answer.status_code, "needs a token of the role operate" in answer.text)
    assert ["queued"] * 3 == statuses(console)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"verb": "explode"}, "no such order"),
        ({}, "no such order"),
        ({"verb": "hold", "numbers": "1 x"}, "is neither a queue id"),
        ({"verb": "hold", "numbers": ""}, "the field numbers is empty"),
        ({"verb": "hold", "numbers": " "}, "the field numbers is empty"),
        ({"verb": "hold", "domain": ""}, "the field domain is empty"),
        ({"verb": "hold", "domian": "b.example"}, "has no field"),
        ({"verb": "hold", "numbers": "1", "domain": "b.example"}, "and not both"),
        ({"verb": "bounce"}, "the console has no such order"),
        ({"verb": "undelete"}, "the console has no such order"),
        ({"verb": "hold", "destination": "unknown.example"}, "no destination unknown.example"),
    ],
)
def test_an_order_that_cannot_be_is_a_page_with_a_reason(console, fields, words):
    """
    A form that no page of the console has is never about the whole queue.
    """
    answer = order(console, **fields, sure="1")
    assert (400, True) == (answer.status_code, words in answer.text)
    assert ["queued"] * 3 == statuses(console)


def test_what_was_committed_is_told_if_the_rest_fails(console):
    """
    An order is committed page by page. To say that none was given would be wrong, and what changed would be looked for.
    """
    console.queue.accept(*(f"d{n}.example" for n in range(100)), count=60)
    console.queue.write(
        "CREATE TRIGGER fails BEFORE UPDATE ON _recipient WHEN new.recipient_id = 5500"
        " BEGIN SELECT raise(ABORT, 'disk <b>'); END"
    )
    answer = order(console, verb="hold", sure="1")
    held = statuses(console).count("held")
    assert (503, True) == (answer.status_code, 0 < held < 5500)
    assert f"{held} recipients of {held} changed, and that stays" in answer.text
    assert "disk &lt;b&gt;" in answer.text
    console.queue.write("UPDATE _recipient SET status = 'queued' WHERE recipient_id <> 5500")
    answer = order(console, verb="hold", numbers="5500", sure="1")
    assert (503, True) == (answer.status_code, "No order was given" in answer.text)


def test_an_order_ends_with_the_process_and_says_what_it_did(console):
    """
    A reload ends the process within seconds. An order to many recipients would be cut off without a word.
    """
    console.queue.accept(*(f"d{n}.example" for n in range(100)), count=60)
    console.is_ending = True
    answer = order(console, verb="hold", sure="1")
    held = statuses(console).count("held")
    assert (503, True) == (answer.status_code, 0 < held < 6000)
    assert f"{held} recipients of {held} changed, and that stays" in answer.text
    body = json.dumps({"order": "release", "all": True})
    headers = {"Authorization": "Bearer secret of ann"}
    answer = console.client.simulate_post("/api/v1/orders", body=body, headers=headers)
    assert (503, False, True) == (answer.status_code, answer.json["is_complete"], 0 < answer.json["matched"] < 6000)


def test_a_form_has_bounds(console):
    assert 413 == order(console, verb="hold", numbers="1 " * 40_000).status_code
    assert 400 == order(console, **{f"x{number}": "1" for number in range(60)}).status_code


def test_a_page_offers_orders_to_a_browser_with_a_token_only(console):
    with_token = console.browse("/console/queue?domain=a.example", cookie='"secret of ann"').text
    assert re.search(r'<button name="verb" value="hold">', with_token)
    assert 'name="domain" value="a.example"' in with_token
    assert 'name="numbers" value="1"' in console.browse("/console/message/1", cookie='"secret of ann"').text


def test_a_token_that_only_reads_is_offered_no_orders(console):
    """
    The page says which token gives orders. The answer to a button would have been 403.
    """
    page = console.browse("/console/queue", cookie='"secret of bob"').text
    assert (False, True) == ('name="verb"' in page, "a token of the role operate" in page)
