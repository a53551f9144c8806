"""The modules of docs/examples, each called as a session calls it; tests/e2e/test_modules.py has some in a server."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from empath.modules import AddField, Context, Message
from empath.modules.edits import one_line_field
from empath.modules.loading import WantedModule, load_module
from tests.authentication.kit import MESSAGE, cut, judged
from tests.docs.pages import ROOT, text
from tests.kit.vectors import vectors
from tests.kit.waiting import DEADLINE_S

EXAMPLES = ROOT / "docs/examples"
TENANT = {"domain": "example.com", "selector": "r", "key": ""}
SETTINGS = {
    "add_field": {"name": "X-A", "value": "b"},
    "dkim_by_tenant": {"tenants": {"acme": TENANT}},
    "greylist_by_hand": {"file": "", "wait_s": 300},
    "refuse_listed": {"file": ""},
    "tag_and_quota": {"customers": {}, "messages_a_day": 1},
    "webhook": {"url": "http://127.0.0.1/"},
}
NEW = Message("01JD3KQ9XWV5N8T2RZC4E6MBHA", len(MESSAGE), cut(MESSAGE)[0], lambda: iter([MESSAGE[:40], MESSAGE[40:]]))


@pytest.fixture
def load(monkeypatch):
    """Loads an example with settings; its state ends with the test."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield lambda name, **own: load_module(WantedModule(name, 5.0, True, SETTINGS[name] | own))
    for name in SETTINGS:
        sys.modules.pop(name, None)


def session(**known):
    """A session with a client that has named a sender."""
    usual: dict[str, Any] = {
        "listener": "127.0.0.1:25",
        "role": "mx",
        "client_address": "192.0.2.1",
        "client_name": "c.example",
    }
    usual |= {"client_ptr": None, "tls": None, "account": None, "sender": "a@b.example", "recipients": ("d@e.example",)}
    return Context(**(usual | {"metadata": {}} | known))


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_each_example_is_a_module_that_the_page_names(load, file):
    """
    A newcomer finds it there, and copies it.
    """
    assert load(file.stem).hooks
    assert f"(examples/{file.name})" in text("docs/MODULES.md")


def called(load, name, hook, context, settings=None, **arguments):
    """What an example answers."""
    module = load(name, **(settings or {}))
    call = module.hooks[hook]
    given = {"context": context, "settings": module.settings} | arguments
    return call.function(*(given[each] for each in call.arguments))


def test_a_stranger_is_taken_when_it_comes_again(load, tmp_path):
    """
    Its neighbour may come in its place, and an account is no stranger.
    """

    def answer(wait_s, **known):
        settings = {"file": str(tmp_path / "greylist.db"), "wait_s": wait_s}
        return called(load, "greylist_by_hand", "rcpt", session(**known), settings, recipient="d@e.example")

    assert "451" in str(answer(300))
    assert None is answer(0, client_address="192.0.2.9")
    assert "451" in str(answer(300, client_address="2001:db8::1"))
    assert None is answer(300, account="ann")


def test_a_tenant_signs_the_mail_of_its_accounts(load, tmp_path):
    """
    The signature holds over what goes on, and other mail has none.
    """
    file = tmp_path / "acme.key"
    file.write_text(vectors("dkim-signed")["private_keys"]["r"])
    settings = {"tenants": {"acme": TENANT | {"key": str(file)}}}
    edit = called(load, "dkim_by_tenant", "data", session(account="acme/shop"), settings, message=NEW)
    assert isinstance(edit, AddField)
    field = one_line_field(edit.name, edit.value)
    assert ["pass"] == [each.result for each in judged(field + MESSAGE, now=time.time())]
    assert None is called(load, "dkim_by_tenant", "data", session(account="other"), settings, message=NEW)
    assert None is called(load, "dkim_by_tenant", "data", session(), settings, message=NEW)


def test_a_service_is_told_of_a_message(load):
    """
    One POST, with what the service needs to look the message up.
    """
    told = []

    class Service(BaseHTTPRequestHandler):
        """Notes what it is told."""

        def do_POST(self) -> None:
            """The request of the module."""
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        called(load, "webhook", "accepted", session(), {"url": f"http://127.0.0.1:{server.server_port}/"}, message=NEW)
        thread.join(DEADLINE_S)
    assert [
        {
            "id": NEW.queue_id,
            "sender": "a@b.example",
            "recipients": ["d@e.example"],
            "subject": "s",
            "size": len(MESSAGE),
        }
    ] == told
