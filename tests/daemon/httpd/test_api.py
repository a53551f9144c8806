"""The API: the views as resources, and orders, by the same code as empath-admin."""

import json
import re
import time
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empath.daemon.httpd.api.forecasting import go_on_until
from empath.daemon.httpd.api.openapi import openapi
from empath.daemon.httpd.api.operation import PREFIX
from empath.daemon.httpd.api.operations import OPERATIONS
from empath.daemon.httpd.problems import Problem
from empath.errors import QueueBusy, StorageFailure
from empath.policy.api_token import TokenRole
from tests.cli.admin.kit import run
from tests.daemon.httpd.kit import HTTP, Web
from tests.docs.pages import text

READ, OPERATE = "secret of reader", "secret of operator"
SCHEMA = openapi(OPERATIONS)
_KEYS = ("order", "filter", "all", "dry_run", "show", "id", "domain", "sender", "status", "older_than")


@pytest.fixture
def web(tmp_path):
    """The application on a queue with five recipients of two domains, and a token of each kind."""
    made = Web(tmp_path, HTTP)
    made.queue.accept("a.example", count=3)
    made.queue.accept("b.example", count=2)
    made.add_token("reader")
    made.add_token("operator", role="operate")
    made.add_token("sender", role="inject")
    yield made
    made.close()


def get(web, path, token=READ, **params):
    """The record that a path gives."""
    answer = web.get(PREFIX + path, token, params=params)
    assert 200 == answer.status_code, answer.text
    return answer.json


def post(web, path, body, token=OPERATE):
    """The answer to an order."""
    return web.get(PREFIX + path, token, method="POST", body=json.dumps(body))


def test_a_list_is_that_of_the_command_page_by_page(web, tmp_path):
    """
    The same records, and the same filters.
    """
    pages = [get(web, "/queue", limit=2, domain="a.example")]
    pages.append(get(web, "/queue", limit=2, domain="a.example", after=pages[0]["next_after"]))
    assert [2, 1] == [len(page["recipients"]) for page in pages]
    assert None is pages[1]["next_after"]

    def said(*arguments):
        return json.loads(run("-c", str(tmp_path / "empath.toml"), *arguments, "--json").out)

    assert said("list", "--domain", "a.example")["recipients"] == [
        each for page in pages for each in page["recipients"]
    ]
    one = pages[0]["recipients"][0]
    assert [one] == get(web, "/queue", id=one["recipient_id"])["recipients"]
    shown = get(web, f"/messages/{one['id']}")["message"]
    assert {key: value for key, value in said("view", one["id"]).items() if key in shown} == shown


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/queue", "recipients"),
        ("/attempts", "attempts"),
        ("/history", "recipients"),
        ("/destinations", "destinations"),
        ("/processes", "processes"),
        ("/sessions", "sessions"),
        ("/audit", "changes"),
        ("/rules", "rules"),
        ("/suppressions", "suppressions"),
    ],
)
def test_each_list_is_as_the_schema_says(web, path, name):
    """
    Each row has the keys of its schema, and values of their types.
    """
    [lease] = web.queue.lease(now=2e9, limit=1)
    web.queue.run(web.queue.new_settle(lease, "bounced"))
    web.queue.write("INSERT INTO suppression (address, reason) VALUES ('a@b.example', 'gone')")
    web.queue.write("INSERT INTO destination_rule (pattern, setting, value) VALUES ('a.example', 'concurrency', '5')")
    found = get(web, path)
    answer = SCHEMA["paths"][PREFIX + path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    check(found, answer)
    assert (path == "/sessions") == (found[name] == [])


def check(value, schema):
    """Assert that *value* fits *schema*, as far as the schema of the API goes."""
    if "$ref" in schema:
        schema = SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        kinds = [each for each in schema["anyOf"] if fits(value, each)]
        assert kinds, (value, schema)
        schema = kinds[0]
    assert fits(value, schema), (value, schema)
    for name, each in schema.get("properties", {}).items() if isinstance(value, dict) else ():
        if name in schema.get("required", ()) or name in value:
            check(value[name], each)
    if isinstance(value, dict) and schema.get("properties") and schema.get("additionalProperties") is not True:
        assert set() == value.keys() - schema["properties"].keys()
    for each in value if isinstance(value, list) else ():
        check(each, schema["items"])


def fits(value, schema):
    """Whether the type of *value* is one of the schema."""
    kinds: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
        "null": type(None),
    }  # fmt: skip
    wanted = schema.get("type")
    if wanted is None:
        return True
    return any(isinstance(value, kinds[each]) for each in ([wanted] if isinstance(wanted, str) else wanted))


def test_why_a_message_waits_and_how_it_ended(web):
    [one, *_] = get(web, "/queue", domain="a.example")["recipients"]
    post(web, "/orders", {"order": "hold", "filter": {"id": [one["id"]]}})
    found = get(web, f"/messages/{one['id']}/explanation")
    assert [(one["recipient_id"], "hold", [])] == [
        (each["recipient_id"], each["blocked_by"], each["attempt_log"]) for each in found["waiting"]
    ]
    assert [] == found["settled"]
    post(web, "/orders", {"order": "delete", "filter": {"id": [one["id"]]}})
    found = get(web, f"/messages/{one['recipient_id']}/explanation")
    assert ([], ["cancelled"]) == (found["waiting"], [each["status"] for each in found["settled"]])
    assert 404 == web.get(f"{PREFIX}/messages/999/explanation", READ).status_code


def test_filters_of_attempts_history_and_audit(web):
    [lease] = web.queue.lease(now=2e9, limit=1)
    web.queue.run(web.queue.new_settle(lease, "bounced"))
    [attempt] = get(web, "/attempts", outcome="bounced")["attempts"]
    assert [attempt] == get(web, "/attempts", id=attempt["id"], recipient_id=attempt["recipient_id"])["attempts"]
    assert [] == get(web, "/attempts", outcome="delivered")["attempts"]
    [final] = get(web, "/history", status="bounced")["recipients"]
    assert attempt["recipient_id"] == final["recipient_id"]
    post(web, "/orders", {"order": "hold", "filter": {"domain": "b.example"}})
    assert {"token:operator"} == {each["who"] for each in get(web, "/audit", what="status")["changes"]}
    assert [] == get(web, "/audit", who="nobody")["changes"]
    counted = get(web, "/stats")["recipients"]
    assert (2, 1) == (counted["held"], counted["bounced"])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/queue?limit=0", "limit: '0' is not a whole number from 1 to 1000"),
        ("/queue?limit=1001", "limit"),
        ("/queue?limit=x", "limit"),
        ("/queue?after=-1", "after"),
        ("/queue?status=delivered", "status: 'delivered' is none of queued"),
        ("/queue?domain=a..b", "domain"),
        ("/queue?sender=", "sender"),
        ("/queue?id=7&id=x", "id: 'x' is neither"),
        ("/queue?limit=1&limit=2", "more than once"),
        ("/queue?where=1", "no such parameter: where; there are id, domain"),
        ("/queue?older_than=soon", "older_than"),
        ("/attempts?id=7", "not a queue id"),
        ("/messages/x", "neither a queue id"),
        ("/audit?what=%00", "what"),
        ("/processes?all=yes", "none of true, false"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(web, path, words):
    answer = web.get(PREFIX + path.partition("?")[0], READ, query_string=path.partition("?")[2])
    assert (400, True) == (answer.status_code, words in answer.json["detail"]), answer.text


def test_what_is_not_there_is_404(web):
    for path in ("/messages/01JD3KQ9XWV5N8T2RZC4E6MBHA", "/messages/999", "/nothing"):
        assert 404 == web.get(PREFIX + path, READ).status_code
    assert 404 == web.get(f"{PREFIX}/queue", READ, params={"destination": "nowhere.example"}).status_code
    assert 404 == post(web, "/orders", {"order": "hold", "filter": {"id": ["999"]}}).status_code


def test_an_order_says_first_what_it_would_do(web):
    """
    Exactly: the numbers of the rehearsal are those of the order. The audit names the token.
    """
    body = {"order": "hold", "filter": {"domain": "a.example"}, "show": 2}
    rehearsed = post(web, "/orders", body | {"dry_run": True}).json
    assert (3, 3, True, 2, 0) == (
        *(rehearsed["matched"], rehearsed["changed"], rehearsed["is_dry_run"], len(rehearsed["recipients"])),
        rehearsed["transactions"],
    )
    assert [(0,)] == web.queue.select("SELECT count(*) FROM queue WHERE status = 'held'")
    done = post(web, "/orders", body).json
    assert rehearsed | {"is_dry_run": False, "transactions": 1} == done
    assert [(3,)] == web.queue.select("SELECT count(*) FROM queue WHERE status = 'held'")
    assert [("token:operator", 3)] == web.queue.select(
        "SELECT who, count(*) FROM audit WHERE what = 'status' GROUP BY who"
    )
    statement = 'POST /api/v1/orders {"order": "hold", "filter": {"domain": "a.example"}, "show": 2}'
    assert {statement} == {each["statement"] for each in get(web, "/audit", what="status")["changes"]}
    check(done, {"$ref": "#/components/schemas/OrderResult"})
    assert 3 == post(web, "/orders", {"order": "release", "all": True}).json["changed"]


@pytest.mark.parametrize("verb", ["retry", "delete", "bounce", "expire"])
def test_each_order_of_the_command_is_one_of_the_api(web, verb):
    web.queue.write("UPDATE queue SET next_retry_at = '+1 hour'")
    assert 5 == post(web, "/orders", {"order": verb, "all": True}).json["changed"]


def test_what_was_cancelled_comes_back(web):
    post(web, "/orders", {"order": "delete", "filter": {"domain": "b.example"}})
    assert 2 == post(web, "/orders", {"order": "undelete", "all": True}).json["changed"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"order": "hold"}, "no recipients selected"),
        ({"order": "explode", "all": True}, "order"),
        ({"order": "hold", "filter": {"where": "1"}}, "filter.where"),
        ({"order": "hold", "all": "true"}, "all"),
        ({"order": "hold", "filter": {"status": "delivered"}}, "none of queued"),
        ({"order": "hold", "filter": {"id": ["x"]}}, "neither a queue id"),
        ({"order": "hold", "all": True, "show": 1001}, "show"),
        ([], ""),
        ("hold", ""),
    ],
)
def test_a_wrong_order_changes_nothing(web, body, words):
    answer = post(web, "/orders", body)
    assert (400, True) == (answer.status_code, words in answer.json["detail"]), answer.text
    assert [] == web.queue.select("SELECT * FROM audit WHERE what = 'status'")


def test_a_body_is_bounded_and_must_be_json(web):
    for octets, status in ((b"{", 400), (b"[" * 60_000, 400), (b" " * 65_537, 413), (b"\xff", 400)):
        answer = web.get(f"{PREFIX}/orders", OPERATE, method="POST", body=octets)
        assert status == answer.status_code


def test_roles_say_who_may_order_and_nothing_is_open(web):
    """
    Not even to this host: any user of it could speak to the API.
    """
    order = {"order": "hold", "all": True}
    assert 401 == web.get(f"{PREFIX}/queue").status_code
    assert 403 == post(web, "/orders", order, READ).status_code
    assert 403 == web.get(f"{PREFIX}/queue", "secret of sender").status_code
    assert 200 == web.get(f"{PREFIX}/openapi.json").status_code
    assert 405 == web.get(f"{PREFIX}/orders", OPERATE).status_code


def test_mail_is_moved_by_the_routes_of_now(tmp_path):
    web = Web(tmp_path, HTTP)
    web.queue.accept("a.example", count=2)
    web.add_token("operator", role="operate")
    rehearsed = post(web, "/reroute", {"dry_run": True}).json
    [move] = rehearsed["moves"]
    assert (2, "a.example", True) == (move["recipients"], move["from_destination"], rehearsed["is_dry_run"])
    assert rehearsed | {"is_dry_run": False} == post(web, "/reroute", {}).json
    assert [] == post(web, "/reroute", {}).json["moves"]
    web.close()


def test_a_change_is_forecast_as_the_command_does(tmp_path):
    """
    Nothing is changed, and what cannot be is refused before the queue is read.
    """
    web = Web(tmp_path, HTTP)
    web.queue.accept("a.example", count=2)
    web.queue.accept("b.example")
    web.queue.write("UPDATE _recipient SET expires_at = unixepoch() + 432000")
    web.add_token("operator", role="operate")
    seen = "SELECT * FROM _recipient"
    before = web.queue.select(seen)
    rule = {"pattern": "b.example", "setting": "source", "value": "pool-x"}
    asked = {"rules": [rule], "retry": "1h", "final": 0, "hold": True, "filter": {"domain": "a.example"}, "show": 1}
    answer = post(web, "/whatif", asked).json
    assert (2, 1, 2) == (answer["newly_held"], answer["more_destinations"], answer["after"]["held"])
    assert (3, 0) == (answer["before"]["messages"], answer["before"]["held"])
    assert ["b.example source: there is no pool pool-x in [sources], so its mail is deferred"] == answer["warnings"]
    for wrong in ({"hold": True}, {"all": True}, {"rules": [rule | {"setting": "speed"}]}, {"retry": "soon"}):
        assert 400 == post(web, "/whatif", wrong).status_code, wrong
    assert before == web.queue.select(seen)
    web.is_ending = True
    assert 503 == post(web, "/whatif", {}).status_code
    web.is_ending = False
    codes = [post(web, "/whatif", {}).status_code for _ in range(10)]
    assert (200, 429) == (codes[0], codes[-1])
    web.close()


def test_a_forecast_ends_in_time():
    """
    The command is there for queues of any size.
    """
    with pytest.raises(Problem, match="503"):
        go_on_until(0.0, lambda: False)()
    go_on_until(time.monotonic() + 60, lambda: False)()


def test_a_queue_that_is_locked_or_broken_is_503(web, monkeypatch):
    """
    A fault of Empath is 500, and the log has it.
    """
    for error, status in ((QueueBusy("locked"), 503), (StorageFailure("disk"), 503), (RuntimeError("x"), 500)):
        monkeypatch.setattr(web.queue.engine, "visiting", _raiser(error))
        answer = web.get(f"{PREFIX}/stats", READ)
        assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert [("request_crashed", f"{PREFIX}/stats")] == [(each.event, each.path) for each in web.reported]


def _raiser(error):
    def run(*_):
        raise error

    return run


def test_the_page_has_each_operation_and_parameter():
    page = text("docs/api.md")
    for operation in OPERATIONS:
        assert f"`{operation.method} {operation.path}`" in page
        for parameter in operation.parameters:
            assert f"`{parameter.name}`" in page or parameter.is_in_path


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["hold", "delete", "a.example"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=60) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_a_fault(web, body):
    """
    Whatever a program sends, it hears what is wrong with it, or is obeyed.
    """
    answer = web.get(f"{PREFIX}/orders", OPERATE, method="POST", body=body)
    assert answer.status_code in {200, 400, 404, 411}, (body, answer.text)
    assert [] == web.reported


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    path=st.sampled_from([each.path for each in OPERATIONS if (each.method, each.role) == ("GET", TokenRole.READ)]),
    name=st.sampled_from(["id", "after", "limit", "domain", "sender", "older_than", "destination", "what", "top"]),
    value=st.text(max_size=30),
)
def test_no_parameter_is_a_fault(web, path, name, value):
    answer = web.get(PREFIX + re.sub(r"\{.*\}", quote(value, safe="") or "x", path), READ, params={name: value})
    assert answer.status_code in {200, 400, 404}, answer.text
    assert [] == web.reported


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80), number=st.integers(1, 10**6))
def test_no_token_is_a_fault(web, header, number):
    client = str(ip_address(0x0A000000 + number))
    answer = web.client.simulate_get(f"{PREFIX}/stats", headers={"Authorization": header}, remote_addr=client)
    assert answer.status_code in {401, 429}
    assert {"token_refused"} >= {each.event for each in web.reported}
