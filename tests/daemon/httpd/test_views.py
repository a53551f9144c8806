"""Rows of views by the API: the SQL of a person, in the name of a token."""

import json
import re
from typing import Any

import pytest

from empath.policy.senders import Senders
from empath.storage.admin.accounts import AddAccount
from empath.storage.open_views import OPEN_VIEWS
from tests.daemon.httpd.kit import HTTP, Web
from tests.docs.pages import text
from tests.kit.queue import T0

PATTERN = {"pattern": "team@a.example"}
ALIAS = {"pattern": "Team@a.example", "target": "ann@a.example"}
KEY = PATTERN | {"target": "ann@a.example"}


@pytest.fixture
def web(tmp_path):
    """The application, with mail for one destination and tokens of three roles."""
    made = Web(tmp_path, HTTP)
    made.queue.accept("a.example", count=3)
    for role in ("read", "operate", "admin"):
        made.add_token(role, role=role)
    yield made
    made.close()


def get(web, path, token="read", **params):
    """The record at a path."""
    answer = web.get(f"/api/v1{path}", f"secret of {token}", params=params)
    assert 200 == answer.status_code, answer.text
    return answer.json


def change(web, view, verb, token="operate", **more):
    """The answer to a change."""
    body = json.dumps({"view": view, "change": verb, **more})
    return web.get("/api/v1/changes", f"secret of {token}", method="POST", body=body)


def audit(web):
    """Who changed what, the tokens of the fixture left out."""
    return web.queue.select("SELECT who, object, what, before, after FROM audit WHERE who <> 'test' ORDER BY audit_id")


@pytest.mark.parametrize("view", OPEN_VIEWS.values(), ids=lambda view: view.name)
def test_the_table_names_columns_of_the_view(web, view):
    """
    A view that changes must not make the API fail on the day of an incident.
    """
    columns = {name for _, name, *_ in web.queue.select(f"PRAGMA table_info({view.name})")}
    assert {*view.columns, *view.inserts, *view.updates} <= columns
    assert get(web, f"/views/{view.name}", limit=1).keys() == {"rows", "next_after"}
    assert view.key == view.columns[: len(view.key)]


def test_a_row_is_added_changed_and_removed_in_the_name_of_the_token(web):
    added = change(web, "alias", "insert", values=ALIAS)
    assert {"view": "alias", "change": "insert", "is_dry_run": False, "rows": [KEY]} == added.json
    moved = change(web, "alias", "update", key=KEY, values={"target": "bob@a.example"})
    assert [PATTERN | {"target": "bob@a.example"}] == moved.json["rows"]
    gone = change(web, "alias", "delete", key=PATTERN | {"target": "bob@a.example"})
    assert [PATTERN | {"target": "bob@a.example"}] == gone.json["rows"]
    assert [] == get(web, "/views/alias")["rows"]
    assert {"token:operate"} == {who for who, *_ in audit(web)}
    assert 3 == len(audit(web))


def test_a_rehearsal_says_what_would_be_and_changes_nothing(web):
    assert [KEY] == change(web, "alias", "insert", values=ALIAS, dry_run=True).json["rows"]
    assert [] == get(web, "/views/alias")["rows"]
    assert [] == audit(web)
    assert 422 == change(web, "destination_rule", "insert", values={"pattern": "a.example"}, dry_run=True).status_code


def test_pages_follow_each_other_by_key(web):
    for target in ("ann", "bob", "eve"):
        change(web, "alias", "insert", values=ALIAS | {"target": f"{target}@a.example"})
    first = get(web, "/views/alias", limit=2)
    second = get(web, "/views/alias", limit=2, after=first["next_after"])
    assert ["ann@a.example", "bob@a.example", "eve@a.example"] == [
        row["target"] for row in first["rows"] + second["rows"]
    ]
    assert second["next_after"] is None
    for after in (
        "x",
        '"x"',
        "[]",
        '["x"]',
        "[1.5, 2]",
        '["x", null]',
        f"[{2**70}, 1]",
        '["\\u0000", "x"]',
        "[" * 1000,
    ):
        answer = web.get("/api/v1/views/alias", "secret of read", params={"after": after})
        assert (400, True) == (answer.status_code, "next_after" in answer.json["detail"]), after


@pytest.mark.parametrize(
    ("view", "values", "column", "value"),
    [
        ("destination_rule", {"pattern": "a.example", "setting": "concurrency", "value": "2"}, "who", "token:operate"),
        ("suppression", {"address": "A@b.example", "reason": "gone", "expires_at": "+1 day"}, "address", "a@b.example"),
        ("greylist", {"client": "192.0.2.0/24"}, "sender", "*"),
        ("recipient_list", {"address": "ann@a.example"}, "address", "ann@a.example"),
        ("control", {"verb": "freeze"}, "who", "token:operate"),
        ("consumer", {"name": "Billing", "types": "bounced"}, "name", "Billing"),
        ("authentication_override", {"pattern": "192.0.2.0/24", "at_most": "tag"}, "at_most", "tag"),
    ],
)
def test_what_may_be_added(web, view, values, column, value):
    for _ in range(1 + (view == "control")):  # the row that was added, and not the first one
        answer = change(web, view, "insert", values=values)
    assert [value] == [row[column] for row in answer.json["rows"]], answer.text
    if view == "control":
        assert [2] == [row["control_id"] for row in answer.json["rows"]]


def test_a_destination_waits_and_goes_on(web):
    key = {"destination": "a.example"}
    asked = {"suspended_until": "+1 hour", "suspended_reason": "they asked"}
    [row] = change(web, "destination", "update", key=key, values=asked).json["rows"]
    assert ("they asked", True) == (row["suspended_reason"], row["suspended_until_unix"] > T0)
    [row] = change(web, "destination", "update", key=key, values={"suspended_until": None}).json["rows"]
    assert row["suspended_until_unix"] is None


def test_accounts_and_tokens_need_an_administrator(web):
    """
    Else a token that operates the queue could make itself one that does all.
    """
    web.queue.run(AddAccount("shop", Senders.parse("a@b.example"), None, who="test", now=T0))
    disabled = {"key": {"name": "shop"}, "values": {"status": "disabled"}}
    assert 403 == change(web, "account", "update", **disabled).status_code
    assert 403 == change(web, "account", "update", token="read", **disabled).status_code
    [row] = change(web, "account", "update", token="admin", **disabled).json["rows"]
    assert "disabled" == row["status"]
    assert "hash" not in json.dumps(get(web, "/views/account")) + json.dumps(get(web, "/views/token"))
    assert 200 == change(web, "token", "delete", token="admin", key={"name": "read"}).status_code
    assert 401 == web.get("/api/v1/views/alias", "secret of read").status_code


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        (("alias", "insert", {"values": {"pattern": "x", "target": "y"}}), 422, "pattern and target take"),
        (("control", "insert", {"values": {"verb": "explode"}}), 422, "verb takes reload"),
        (("alias", "update", {"key": KEY, "values": {"target": "b@c.example"}}), 404, "alias has no row with pattern"),
        (("alias", "delete", {"key": PATTERN}), 400, "the key of alias is pattern, target"),
        (("alias", "delete", {"key": KEY, "values": {"target": "x"}}), 400, "takes no values"),
        (("alias", "insert", {"key": KEY, "values": KEY}), 400, "an insert has values, and no key"),
        (("alias", "insert", {}), 400, "there are no values"),
        (("alias", "insert", {"values": {"x; DROP TABLE _alias": "y"}}), 400, "takes pattern, target"),
        (("refusal", "delete", {"key": {"refusal_id": 1}}), 400, "refusal takes no delete"),
        (("dns_cache", "insert", {"values": {"name": "x"}}), 400, "dns_cache takes no insert"),
        (("_alias", "delete", {"key": KEY}), 400, "view"),
        (("alias", "drop", {}), 400, "change"),
        (("alias", "delete", {"key": {"pattern": 2**64, "target": "x"}}), 404, "no row"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(web, asked, status, words):
    view, verb, more = asked
    answer = change(web, view, verb, **more)
    assert (status, True) == (answer.status_code, words in answer.json["detail"]), answer.json
    assert [] == audit(web)


def test_the_configuration_in_force_is_for_administrators(web):
    """
    It has paths of keys and no secret.
    """
    assert "mx.example.test" == get(web, "/config", token="admin")["config"]["hostname"]
    assert 403 == web.get("/api/v1/config", "secret of operate").status_code


def test_the_page_has_each_view_and_what_it_takes():
    rows: dict[str, tuple[Any, ...]] = {}
    for line in text("docs/api.md").partition("### Rows of views")[2].splitlines():
        cells = [re.findall(r"`(\w+)`", cell) for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[0]:
            rows |= {name: (*cells[1:4], "yes" in line.split("|")[5], "(admin)" in line) for name in cells[0]}
    for view in OPEN_VIEWS.values():
        key, inserts, updates, is_deletable, is_guarded = rows.pop(view.name)
        assert (set(view.key), set(view.updates)) == (set(key), set(updates)), view.name
        assert set(view.inserts) == set(inserts) or view.name == "alias"
        assert (view.is_deletable, view.is_guarded) == (is_deletable, is_guarded), view.name
    assert {} == rows
