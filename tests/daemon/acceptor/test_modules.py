"""Sessions with modules: what modules see, what they may do, and what their failures cost."""

import hashlib
import json
from base64 import b64encode
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.login.logins import Logins
from empath.daemon.acceptor.modules.session import ModuleSession
from empath.daemon.acceptor.rates import RateMeter
from empath.daemon.process.module_calls.calls import FAILURES, ModuleCalls
from empath.daemon.process.module_calls.metadata import Metadata
from empath.daemon.process.module_calls.switch import ModuleSwitch
from empath.daemon.process.module_calls.watchdog import Watchdog
from empath.mail.status import RecipientStatus
from empath.modules import Backend, Context, Mechanism, Verdict
from empath.policy.limits.refusal_log import RefusalMeter
from empath.storage.admin.modules import SwitchOn
from empath.storage.queue.accept import ArrivalOrder
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import ModuleBlocks, ModuleFailed, ModuleSwitchedOff, ModuleSwitchedOn
from tests.daemon.acceptor.test_tls import begin
from tests.kit import certificates
from tests.kit.queue import Queue
from tests.modules.conftest import load  # noqa: F401 - a fixture

ENVELOPE = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n"
MESSAGE = b"Subject: x\r\nX-Spam: no\r\n\r\ntext\r\n"
NOTHING_KNOWN = Context("127.0.0.1:25", "mx", "192.0.2.1", "", None, None, None, None, (), {})
UNAVAILABLE = b"451 4.3.0 A filter of this host is not available, try again later\r\n"


class Host:
    """The calls of a few modules, and what they report."""

    def __init__(self, *modules):
        self.told: list[Any] = []
        self.off: list[Any] = []
        self.emit = Emitter("acceptor-1", (lambda _, what: self.told.append(what),))
        self.calls = ModuleCalls(modules, self.emit, RefusalMeter(per_second=1000, per_client=1000), self.off.append)
        self.session = partial(ModuleSession, self.calls)

    def of(self, kind):
        return [what for what in self.told if isinstance(what, kind)]


@pytest.fixture
def meet(make_context, visit, load):  # noqa: F811
    """A client that has heard the banner of a server with the modules of these sources, the context and the host."""

    def make(*sources, context=None, **more):
        host = Host(*(load(source, **more) for source in sources))
        context = context or make_context()
        client = visit(context, new_session=host.session)
        return client, context, host

    return make


def greeted(client):
    client.hear()
    client.say(b"EHLO c.test\r\n")
    return client


def send(client, content=MESSAGE):
    client.say(ENVELOPE)
    client.say(b"DATA\r\n")
    return client.say(content + b".\r\n")


@pytest.mark.parametrize(
    ("hook", "said", "replies"),
    [
        ("connect", [], b"550 5.7.1 No\r\n"),
        ("ehlo", [b"EHLO c.test\r\n"], b"550 5.7.1 No\r\n"),
        ("mail", [b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\n"], b"550 5.7.1 No\r\n"),
        ("rcpt", [b"EHLO c.test\r\n", ENVELOPE], b"250 2.1.0 Ok\r\n550 5.7.1 No\r\n"),
        ("data", [b"EHLO c.test\r\n", ENVELOPE, b"DATA\r\n", MESSAGE + b".\r\n"], b"550 5.7.1 No\r\n"),
    ],
)
def test_a_module_may_refuse_at_each_hook(meet, hook, said, replies):
    """
    The client hears the module's words, and nothing is queued.
    """
    client, context, _ = meet(f'@hookimpl\ndef {hook}(): return Reply.of("550 5.7.1 No")')
    heard = client.hear()
    for octets in said:
        heard = client.say(octets)
    assert (replies, []) == (heard, context.writer.messages)


def test_a_refused_sender_leaves_no_transaction(meet):
    """
    The next MAIL is possible, and RCPT is not.
    """
    client, _, _ = meet('@hookimpl\ndef mail(sender):\n  if sender == "a@b.test": return Reply.of("550 5.7.1 No")')
    greeted(client)
    assert client.say(ENVELOPE).startswith(b"550 5.7.1 No\r\n503 5.5.1 ")
    assert b"250 2.1.0 Ok\r\n" == client.say(b"MAIL FROM:<other@b.test>\r\n")


SEES = """
@hookimpl
def connect(context): context.metadata["seen"] = [["connect", context.client_address, context.role]]
@hookimpl
def ehlo(context, name): context.metadata["seen"].append(["ehlo", name, context.sender])
@hookimpl
def mail(context, sender): context.metadata["seen"].append(["mail", sender, context.sender])
@hookimpl
def rcpt(context, recipient): context.metadata["seen"].append(["rcpt", recipient, *context.recipients])
@hookimpl
def data(context, message):
    content = b"".join(message.chunks()).decode()
    context.metadata["seen"].append(["data", message.values("subject"), message.size, content, *context.recipients])
"""


def test_what_a_module_writes_is_stored_with_the_message(meet):
    """
    The contract of context.metadata: what was known at reception is known at delivery. What a module wrote before MAIL
    belongs to each message of the session, what it wrote later to that one.
    """
    client, context, _ = meet(SEES)
    greeted(client)
    for _ in range(2):
        assert send(client).startswith(b"250 ")
    seen = [
        ["connect", "127.0.0.1", "internal"], ["ehlo", "c.test", None], ["mail", "a@b.test", "a@b.test"],
        ["rcpt", "c@d.test"], ["data", ["x"], len(MESSAGE), MESSAGE.decode(), "c@d.test"],
    ]  # fmt: skip
    assert [{"seen": seen}] * 2 == [json.loads(message.metadata) for message in context.writer.messages]


def test_without_metadata_the_column_has_its_default(meet):
    """
    A module that only refuses leaves no trace.
    """
    client, context, _ = meet("@hookimpl\ndef rcpt(): pass")
    send(greeted(client))
    assert ["{}"] == [message.metadata for message in context.writer.messages]


EDITS = """
@hookimpl
def mail(): return AddField("X-Mail", "1")
@hookimpl
def rcpt(recipient): return [AddRecipient("copy@d.test"), AddField("X-Rcpt", recipient)]
@hookimpl
def data(): return [ReplaceField("Subject", "new"), RemoveField("X-Spam")]
"""


@pytest.mark.parametrize("size", [0, 600_000])
def test_edits_change_the_message_that_is_queued(meet, size):
    """
    Added fields stay apart from the content; a field taken out changes it, its size and its digest, in the spool, too.
    """
    body = b"text\r\n" + b"0123456789\r\n" * (size // 12)
    client, context, _ = meet(EDITS)
    assert send(greeted(client), b"Subject: x\r\nX-Spam: no\r\n\r\n" + body).startswith(b"250 ")
    [message] = context.writer.messages
    content = message.content
    if content is None:
        ulid = str(message.queue_id)
        content = (context.config.queue.spool / ulid[-2:] / ulid).read_bytes()
    assert b"Subject: new\r\n\r\n" + body == content
    assert hashlib.sha256(content).hexdigest() == message.digest
    assert len(message.added_fields) + len(content) == message.size
    assert message.added_fields.endswith(b"X-Mail: 1\r\nX-Rcpt: c@d.test\r\n")
    assert "new" == message.subject
    assert ["c@d.test", "copy@d.test"] == [str(each.address) for each in message.envelope.recipients]
    assert 2 == len(message.destinations)


def test_a_field_replaced_in_text_without_a_header_begins_one(meet):
    """
    The text does not become part of the field.
    """
    client, context, _ = meet('@hookimpl\ndef data(): return ReplaceField("Subject", "new")')
    assert send(greeted(client), b"just text\r\n").startswith(b"250 ")
    [message] = context.writer.messages
    assert b"Subject: new\r\n\r\njust text\r\n" == message.content
    assert not message.added_fields.endswith(b"\r\n\r\n")


def test_a_module_routes_a_message(meet):
    """
    The route is kept with the message, so that each lease sees it, days later and in any process.
    """
    client, context, _ = meet('@hookimpl\ndef rcpt(): return SetRoute("smtp://relay.test:587")')
    assert send(greeted(client)).startswith(b"250 ")
    [message] = context.writer.messages
    assert ("smtp:relay.test:587",) == message.destinations
    assert {"empath.route": "smtp://relay.test:587"} == json.loads(message.metadata)


def test_a_route_that_does_not_fit_into_the_metadata_is_a_failure_of_the_module(meet):
    """
    The client comes again: mail without the route that its module wants would go to a wrong place.
    """
    source = """
@hookimpl
def rcpt(context):
    context.metadata["x"] = "y" * 16_370
    return SetRoute("discard:")
"""
    client, context, host = meet(source)
    assert UNAVAILABLE == send(greeted(client))
    assert ["rcpt"] == [each.hook for each in host.of(ModuleFailed)]
    assert [] == context.writer.messages


@pytest.mark.parametrize(("edit", "status"), [("Hold", RecipientStatus.HELD), ("Discard", RecipientStatus.CANCELLED)])
def test_a_module_holds_or_discards_with_a_reason(meet, edit, status):
    """
    The client hears 250; the queue gets the order with the message, and its author.
    """
    client, context, host = meet(f'@hookimpl\ndef data(): return {edit}("spam")')
    assert send(greeted(client)).startswith(b"250 ")
    name = host.calls.standings[0].module.wanted.name
    assert [ArrivalOrder(status, f"module:{name}", "spam")] == [each.order for each in context.writer.messages]


def test_an_observer_sees_what_was_accepted_and_the_end(meet, tmp_path):
    """
    It sees the queue id; what it returns has no effect.
    """
    file = tmp_path / "seen"
    client, context, host = meet(f"""
        def note(*words):
            with open({str(file)!r}, "a") as seen: print(*words, file=seen)
        @hookimpl
        def accepted(context, message):
            note("accepted", message.queue_id, context.sender, *context.recipients)
            return Reply.of("550 too late")
        @hookimpl
        def ended(context, reason): note("ended", context.client_name, reason)
    """)
    assert send(greeted(client)).startswith(b"250 ")
    client.say(b"QUIT\r\n")
    client.running.join()
    [message] = context.writer.messages
    assert [f"accepted {message.queue_id} a@b.test c@d.test", "ended c.test quit"] == file.read_text().splitlines()
    assert [] == host.of(ModuleFailed)


BAD = [
    "1 / 0",
    "raise SystemExit(1)",
    "raise KeyboardInterrupt",
    "import asyncio; raise asyncio.CancelledError",
    "import gevent; raise gevent.Timeout(1)",
    "import gevent; raise gevent.GreenletExit",
    "raise type('Odd', (Exception,), {'__repr__': lambda self: 1 / 0, '__str__': lambda self: 1 / 0})",
    "return Reply('550', None, 'no')",
    "return Reply(550.5, None, 'no')",
    "return Reply(550, None, b'no')",
    "return Reply(550, '5.7.1', 'no')",
    "return AddRecipient(5)",
    "return AddField(None, b'x')",
    "return Hold(None)",
    "return Redirect(7)",
    "return 3",
    'return [Hold("x"), 3]',
    'return Reply.of("250 2.0.0 Ok")',
    'return Reply.of("550 4.0.0 no")',
    'return Reply.of("550 x\\r\\n250 injected")',
    'return Reply.of("550 " + "x" * 500)',
    "context.metadata['x'] = object()",
    "context.metadata['x'] = float('nan')",
    "context.metadata['x'] = '\\ud800'",
    "context.metadata['x'] = 'x' * 20000",
    'return AddRecipient("nonsense")',
    'return AddField("X", "1\\r\\n")',
    "import gevent; gevent.sleep(60)",
    "import time; time.perf_counter(); t = time.monotonic()\n  while time.monotonic() < t + 0.06: pass",
]


@pytest.mark.parametrize("body", BAD)
@pytest.mark.parametrize(("answers_451", "start"), [(True, UNAVAILABLE), (False, b"250 2.0.0 Ok: queued as ")])
def test_a_module_that_fails_is_answered_by_its_default(meet, body, answers_451, start):
    """
    M3: it may raise, hang, block, or return nonsense. The session goes on, and the log says which module it was.
    """
    client, context, host = meet(f"@hookimpl\ndef data(context):\n  {body}", answers_451=answers_451, deadline_s=0.05)
    greeted(client)
    assert send(client).startswith(start)
    assert (["data"], not answers_451) == ([each.hook for each in host.of(ModuleFailed)], bool(context.writer.messages))
    assert ["{}"] * len(context.writer.messages) == [message.metadata for message in context.writer.messages]
    assert b"250 2.0.0 Ok\r\n" == client.say(b"NOOP\r\n")


def test_an_edit_outside_a_message_is_a_failure(meet):
    """
    There is nothing to edit.
    """
    client, _, host = meet('@hookimpl\ndef ehlo(): return Hold("x")')
    client.hear()
    assert UNAVAILABLE == client.say(b"EHLO c.test\r\n")
    assert 1 == len(host.of(ModuleFailed))


def test_an_added_recipient_needs_a_route(meet, make_context):
    """
    Its mail would have nowhere to go.
    """
    context = make_context(routes='"d.test" = "discard:"\n"example.test" = "discard:"')
    client, _, host = meet('@hookimpl\ndef data(): return AddRecipient("x@nowhere.test")', context=context)
    assert UNAVAILABLE == send(greeted(client))
    assert "AddRecipient: there is no route to x@nowhere.test" == host.of(ModuleFailed)[0].error


@pytest.mark.parametrize(("answers_451", "start"), [(True, UNAVAILABLE), (False, b"250 ")])
def test_a_module_that_goes_on_failing_is_switched_off(meet, answers_451, start):
    """
    It is no longer called, but its default still answers: a filter that must see all mail lets none pass unseen.
    """
    client, _, host = meet("@hookimpl\ndef data(): 1 / 0", answers_451=answers_451)
    greeted(client)
    for _ in range(FAILURES + 2):
        assert send(client).startswith(start)
    [standing] = host.calls.standings
    assert (FAILURES, FAILURES, True) == (standing.calls, standing.failures, standing.is_off)
    assert (FAILURES, 1) == (len(host.of(ModuleFailed)), len(host.of(ModuleSwitchedOff)))
    assert [(standing.module.wanted.name,)] == host.off


@pytest.mark.parametrize("body", ["1 / 0", 'return AddField("X", "1\\r\\n")'])
def test_a_hook_that_always_fails_is_found_though_others_of_its_module_succeed(meet, body):
    """
    Most modules have a hook that does little, and one that does the work.
    """
    client, _, host = meet(f"@hookimpl\ndef rcpt(): pass\n@hookimpl\ndef data(): {body}")
    greeted(client)
    for _ in range(FAILURES):
        assert UNAVAILABLE == send(client)
    assert host.calls.standings[0].is_off


def test_edits_that_are_carried_out_end_a_row_of_failures(meet):
    """
    The hook has done its work then.
    """
    value = '"1\\r\\n" if turn % 2 else "1"'
    client, _, host = meet(
        f"turn = 0\n@hookimpl\ndef data():\n  global turn; turn += 1\n  return AddField('X', {value})"
    )
    greeted(client)
    for _ in range(2 * FAILURES):
        send(client)
    assert (FAILURES, False) == (host.calls.standings[0].failures, host.calls.standings[0].is_off)


def test_a_success_ends_a_row_of_failures(meet):
    """
    A module that fails now and then stays on.
    """
    client, _, host = meet("turn = 0\n@hookimpl\ndef data():\n  global turn; turn += 1\n  if turn % 2: 1 / 0")
    greeted(client)
    for _ in range(2 * FAILURES):
        send(client)
    assert (FAILURES, False) == (host.calls.standings[0].failures, host.calls.standings[0].is_off)


def test_modules_are_asked_in_the_order_of_the_configuration_until_one_refuses(meet):
    """
    The order of the file is the order of the questions.
    """
    note = 'def rcpt(context):\n  context.metadata.setdefault("order", []).append({})'
    client, context, _ = meet(
        f"@hookimpl\n{note.format(1)}",
        f"@hookimpl\n{note.format(2)}",
        '@hookimpl\ndef data(message):\n  if "no" in message.values("X-Spam"): return Reply.of("550 5.7.1 First")',
        '@hookimpl\ndef data(): return Reply.of("550 5.7.1 Second")',
    )
    greeted(client)
    assert b"550 5.7.1 First\r\n" == send(client)
    assert b"550 5.7.1 Second\r\n" == send(client, b"Subject: x\r\n\r\n")
    assert [] == context.writer.messages


def test_one_failing_module_keeps_what_others_wrote(meet):
    """
    Only what the failing call wrote is forgotten.
    """
    client, context, _ = meet(
        "@hookimpl\ndef data(context): context.metadata['good'] = 1",
        "@hookimpl\ndef data(context):\n  context.metadata['bad'] = 1; 1 / 0",
        answers_451=False,
    )
    send(greeted(client))
    assert [{"good": 1}] == [json.loads(message.metadata) for message in context.writer.messages]


def test_a_module_that_blocks_the_process_is_found_while_it_does(load):  # noqa: F811
    """
    No deadline can interrupt it: a thread that the hub cannot stop says which module it is, and where.
    """
    told: list[Any] = []
    emit = Emitter("acceptor-1", (lambda _, what: told.append(what),))
    module = load(
        """
        import time
        @hookimpl
        def connect(settings):
            until = time.monotonic() + 20
            while not settings["told"] and time.monotonic() < until: pass
        """,
        deadline_s=60.0,
        told=told,
    )
    module.settings["told"] = told
    calls = ModuleCalls([module], emit, RefusalMeter(per_second=1000, per_client=1000), lambda _: None)
    watchdog = Watchdog(emit, late_s=0.1)
    watchdog.start()
    gevent.sleep(0)
    try:
        calls.ask("connect", NOTHING_KNOWN, Metadata())
    finally:
        watchdog.stop()
    [blocked] = told
    assert (ModuleBlocks, module.wanted.name, "connect") == (type(blocked), blocked.module, blocked.hook)
    assert "in connect" in blocked.exception


def test_a_module_may_refuse_tls_and_sees_it_afterwards(make_context, visit, load):  # noqa: F811
    """
    What was agreed on is in the context of later hooks.
    """
    refusing = Host(load('@hookimpl\ndef starttls(): return Reply.of("454 4.7.0 Not now")'))
    seeing = Host(load('@hookimpl\ndef mail(context): return Reply.of(f"550 5.7.1 {context.tls}")'))
    context = make_context()
    listener = context.listener.model_copy(update={"tls": TlsMode.STARTTLS})
    context = replace(context, listener=listener, server_tls=certificates.server())
    client = greeted(visit(context, new_session=refusing.session))
    assert b"454 4.7.0 Not now\r\n" == client.say(b"STARTTLS\r\n")
    secured = begin(visit(context, new_session=seeing.session))
    secured.say(b"EHLO c.test\r\n")
    assert b"550 5.7.1 TLSv1.3\r\n" == secured.say(b"MAIL FROM:<a@b.test>\r\n")


class Anyone(Backend):
    """Proves whatever a client says."""

    mechanisms = frozenset({Mechanism.PLAIN})

    def check_password(self, name, password, peer):
        return Verdict.PROVED


class NoAccounts:
    """Has no rows."""

    def find(self, name):
        return None


def test_a_module_may_refuse_a_login_that_was_proved(make_context, visit, load):  # noqa: F811
    """
    The client is not logged in then, and may try again with another account.
    """
    host = Host(load('@hookimpl\ndef auth(account):\n  if account == "mallory": return Reply.of("535 5.7.8 Not here")'))
    context = make_context()
    settings: Any = context.config.auth
    meter = RateMeter(context.writer, 1)
    logins = Logins(settings, NoAccounts(), [Anyone()], host.emit, context.refusals, meter=meter)  # type: ignore[arg-type]
    listener = context.listener.model_copy(update={"auth_in_clear": True})
    client = greeted(visit(replace(context, listener=listener, logins=logins), new_session=host.session))
    assert b"535 5.7.8 Not here\r\n" == client.say(b"AUTH PLAIN " + b64encode(b"\0mallory\0x") + b"\r\n")
    assert b"AUTH PLAIN" in client.say(b"EHLO c.test\r\n")
    assert client.say(b"AUTH PLAIN " + b64encode(b"\0alice\0x") + b"\r\n").startswith(b"235 ")


def test_a_client_that_another_one_names_is_asked_about_anew(make_context, visit, load):  # noqa: F811
    """
    A proxy by XCLIENT hides no client from the modules.
    """
    host = Host(
        load(
            'def connect(context):\n  if context.client_address == "192.0.2.66": return Reply.of("554 5.7.1 You")\n'
            "connect = hookimpl(connect)"
        )
    )
    context = make_context()
    listener = context.listener.model_copy(update={"xclient": (ip_network("127.0.0.1/32"),)})
    client = greeted(visit(replace(context, listener=listener), new_session=host.session))
    assert client.say(b"XCLIENT ADDR=192.0.2.65\r\n").startswith(b"220 ")
    client.say(b"EHLO c.test\r\n")
    assert b"521 5.7.1 You\r\n" == client.say(b"XCLIENT ADDR=192.0.2.66\r\n")


def test_a_module_that_a_person_switches_on_is_called_again(load, tmp_path):  # noqa: F811
    """
    A reload would do so for all modules, and begin all processes anew.
    """
    queue = Queue(tmp_path / "queue.db")
    host = Host(load("@hookimpl\ndef ehlo(): raise ValueError"))
    writer = SimpleNamespace(commit=queue.run)
    runtime: Any = SimpleNamespace(process_id=queue.process_id, reader=queue.engine.open_reader(), writer=writer)
    switch = ModuleSwitch(runtime)
    [standing] = host.calls.standings
    name = standing.module.wanted.name
    switch.look(host.calls)
    for _ in range(FAILURES):
        host.calls.ask("ehlo", NOTHING_KNOWN, Metadata(), name="c.test")
    assert standing.is_off
    switch.record((name,))
    gevent.sleep(0)
    switch.look(host.calls)
    assert standing.is_off
    queue.run(SwitchOn(name, who="test"))
    switch.look(host.calls)
    assert (False, [ModuleSwitchedOn(module=name)]) == (standing.is_off, host.of(ModuleSwitchedOn))
    queue.close()
