"""Sessions with filters: what filters see, what they may do, and what their failures cost."""

import hashlib
import time
from functools import partial
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from empath.config.tables.milter import Milter
from empath.daemon.acceptor.milters.changes import edits_of
from empath.daemon.acceptor.milters.filter import FAILURES, Filter
from empath.daemon.acceptor.milters.session import MilterSession
from empath.daemon.acceptor.milters.with_modules import MilterModuleSession
from empath.daemon.process.module_calls.calls import ModuleCalls
from empath.daemon.process.recipients import recipients_of
from empath.mail.address import Address
from empath.mail.status import RecipientStatus
from empath.modules.edits import Redirect
from empath.net.stream import Deadlines
from empath.policy.access import Role
from empath.policy.client_name import ClientName
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.login.account import LoggedIn
from empath.smtp.milter.answers import RecipientDeleted
from empath.smtp.milter.flags import Step
from empath.smtp.milter.packets import Packet
from empath.storage.admin.recipients import AddAlias
from empath.storage.queue.accept import ArrivalOrder
from empath.telemetry.occurrences.acceptor import MilterBack, MilterDecided, MilterFailed, MilterPaused
from tests.daemon.acceptor.kit import emitter_to
from tests.kit.milter import CLOSE, CONTINUE, SILENT, ScriptedFilter
from tests.kit.queue import Queue
from tests.modules.conftest import load  # noqa: F401 - a fixture

MESSAGE = b"Subject: x\r\nX-Spam: no\r\n\r\ntext\r\n"
UNAVAILABLE = b"451 4.3.0 A mail filter of this host is not available, try again later\r\n"
REJECT, TEMPFAIL, ACCEPT, DISCARD = Packet(b"r"), Packet(b"t"), Packet(b"a"), Packet(b"d")
WORDS = Packet(b"y", b"550 5.7.1 100%% spam\0")


class Host:
    """A context whose listener has filters, and what happens there."""

    def __init__(self, context, filters, told, session=MilterSession):
        self.context = context
        self.filters = filters
        self.told = told
        self.session = session

    @property
    def messages(self):
        return self.context.writer.messages

    def of(self, kind):
        return [what for what in self.told if isinstance(what, kind)]


@pytest.fixture
def filters():
    """Makes scripted filters, which are stopped at the end."""
    made = []

    def make(**script):
        made.append(ScriptedFilter(**script))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def host(make_context):
    """Makes a host that asks these scripted filters."""
    deadlines = Deadlines()
    watch = gevent.spawn(deadlines.run)
    made: list[Filter] = []

    def make(*scripted, context=None, clock=None, **settings):
        told: list[Any] = []
        context = context or make_context()
        context.emit = emitter_to(told)
        meter = RefusalMeter(per_second=1000, per_client=1000)
        clocks = {} if clock is None else {"clock": clock}
        context.milters = tuple(
            Filter(
                Milter.model_validate({"address": each.address, **settings}), deadlines, context.emit, meter, **clocks
            )
            for each in scripted
        )
        made.extend(context.milters)
        return Host(context, context.milters, told)

    yield make
    for each in made:
        each.idle = [(connection, 0.0) for connection, _ in each.idle]
        each.tidy()
    watch.kill()
    assert [] == list(deadlines)


@pytest.fixture
def meet(host, filters, visit):
    """A client that has said EHLO to a host with one scripted filter, both, and the host."""

    def make(context=None, settings=None, **script):
        scripted = filters(**script)
        its_host = host(scripted, context=context, **(settings or {}))
        client = visit(its_host.context, new_session=its_host.session)
        client.hear()
        client.say(b"EHLO c.test\r\n")
        return client, scripted, its_host

    return make


def send(client, content=MESSAGE, sender=b"a@b.test", recipients=(b"c@d.test",)):
    """One message; the replies to all of it."""
    heard = client.say(b"MAIL FROM:<%b>\r\n" % sender)
    if not heard.startswith(b"250"):
        return heard
    for each in recipients:
        heard += client.say(b"RCPT TO:<%b>\r\n" % each)
    reply = client.say(b"DATA\r\n")
    if not reply.startswith(b"354"):
        return heard + reply
    return heard + reply + client.say(content + b".\r\n")


def last(heard):
    """The last reply."""
    return heard.splitlines()[-1]


def stored(message, context):
    """The content of a message that is queued."""
    if message.content is not None:
        return message.content
    ulid = str(message.queue_id)
    return (context.config.queue.spool / ulid[-2:] / ulid).read_bytes()


def test_a_filter_hears_of_the_session_and_of_all_of_a_message(meet):
    """
    In the order of the protocol, with the macros that filters expect.
    """
    client, scripted, host = meet()
    assert last(send(client, recipients=(b"c@d.test", b"e@d.test"))).startswith(b"250 2.0.0 Ok: queued as ")
    client.say(b"QUIT\r\n")
    assert "OCHMRRTLLNBE" == scripted.letters().rstrip("K")
    [queue_id] = [str(message.queue_id) for message in host.messages]
    assert [b"[127.0.0.1]\x004\0\x00127.0.0.1\0"] == scripted.of(b"C")
    assert [b"c.test\0"] == scripted.of(b"H")
    assert [b"<a@b.test>\0"] == scripted.of(b"M")
    assert [b"<c@d.test>\0", b"<e@d.test>\0"] == scripted.of(b"R")
    assert [b"Subject\0x\0", b"X-Spam\0no\0"] == scripted.of(b"L")
    assert [b"text\r\n"] == scripted.of(b"B")
    assert {
        "j": "mx.example.test", "_": "unknown [127.0.0.1]", "{daemon_name}": "internal", "{daemon_addr}": "127.0.0.1",
        "{daemon_port}": "2525", "{client_addr}": "127.0.0.1", "{client_name}": "unknown", "{client_ptr}": "unknown",
        "v": "Empath",
    } == scripted.macros(b"C")  # fmt: skip
    assert {
        "i": queue_id, "{mail_addr}": "a@b.test", "{mail_host}": "b.test", "{mail_mailer}": "esmtp",
    } == scripted.macros(b"M")  # fmt: skip
    assert {
        "i": queue_id, "{rcpt_addr}": "e@d.test", "{rcpt_host}": "d.test", "{rcpt_mailer}": "esmtp",
    } == scripted.macros(b"R")  # fmt: skip
    assert {"i": queue_id} == scripted.macros(b"E")
    assert [] == host.told[1:] or not host.of(MilterDecided)


def test_parameters_reach_the_filter(meet):
    """
    Those that say how the mail is to be handled.
    """
    client, scripted, _ = meet()
    client.say(b"MAIL FROM:<> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x\r\n")
    client.say(b"RCPT TO:<c@d.test> NOTIFY=NEVER ORCPT=rfc822;c@d.test\r\n")
    client.say(b"RSET\r\n")
    assert [b"<>\0SIZE=10\0BODY=8BITMIME\0SMTPUTF8\0RET=HDRS\0ENVID=x\0"] == scripted.of(b"M")
    assert [b"<c@d.test>\0NOTIFY=NEVER\0ORCPT=rfc822;c@d.test\0"] == scripted.of(b"R")
    assert "<>" == scripted.macros(b"M")["{mail_addr}"]


def test_a_login_and_a_verified_name_are_told(host, filters, visit, make_context):
    """
    Filters spare users, and judge clients by their names.
    """
    scripted = filters()
    its_host = host(scripted)
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    session = client.session
    session._client = session._client._replace(
        account=LoggedIn("anna", None), ptr=ClientName("mx.c.test", is_verified=True)
    )
    session._mechanism = "PLAIN"
    client.say(b"EHLO c.test\r\n")
    send(client)
    macros = scripted.macros(b"M")
    assert ("anna", "PLAIN", "anna") == tuple(macros[f"{{auth_{name}}}"] for name in ("authen", "type", "author"))


@pytest.mark.parametrize(
    "refusal",
    [
        ("C", REJECT, [], b"554 5.7.1 Refused by a filter of this host\r\n"),
        ("C", WORDS, [], b"550 5.7.1 100% spam\r\n"),
        ("C", TEMPFAIL, [], b"421 4.7.1 Put off by a filter of this host, try again later\r\n"),
        ("H", REJECT, [b"EHLO c.test\r\n"], b"550 5.7.1 Refused by a filter of this host\r\n"),
        ("H", WORDS, [b"EHLO c.test\r\n", b"EHLO d.test\r\n"], b"550 5.7.1 100% spam\r\n"),
        ("M", TEMPFAIL, [b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\n"],
         b"451 4.7.1 Put off by a filter of this host, try again later\r\n"),
        ("M", Packet(b"4"), [b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\n"],
         b"421 4.7.0 Closed by a filter of this host, try again later\r\n"),
        ("T", WORDS, [b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n"],
         b"550 5.7.1 100% spam\r\n"),
    ],
)  # fmt: skip
def test_a_filter_may_refuse_at_each_stage(host, filters, visit, refusal):
    """
    The client hears the filter's words where it has some, and the log names the filter.
    """
    letter, answer, said, reply = refusal
    scripted = filters(**{letter: answer})
    its_host = host(scripted)
    client = visit(its_host.context, new_session=its_host.session)
    heard = client.hear()
    for octets in said:
        heard = client.say(octets)
    assert (reply, []) == (heard, its_host.messages)
    decided = its_host.of(MilterDecided)[-1]
    assert (scripted.address, reply.decode().strip()) == (decided.milter, decided.reply)


@pytest.mark.parametrize("letter", ["L", "N", "B", "E"])
def test_a_message_is_refused_at_its_end(meet, letter):
    """
    Whatever stage of the content the filter dislikes.
    """
    client, scripted, host = meet(**{letter: WORDS})
    assert b"550 5.7.1 100% spam" == last(send(client))
    assert [] == host.messages
    [decided] = host.of(MilterDecided)
    assert ("refused", {"L": "header", "N": "eoh", "B": "body", "E": "eom"}[letter]) == (decided.verdict, decided.stage)
    assert {(scripted.address, "refused"): 1} == host.filters[0].verdicts
    assert last(send(client)).startswith(b"550 5.7.1 ")


def test_a_filter_refuses_one_recipient_of_several(meet):
    """
    The others get the mail.
    """
    client, _, host = meet(R=[CONTINUE, REJECT, CONTINUE])
    heard = send(client, recipients=(b"c@d.test", b"no@d.test", b"e@d.test"))
    assert b"550 5.7.1 Refused by a filter of this host" in heard
    [message] = host.messages
    assert ["c@d.test", "e@d.test"] == [str(each.address) for each in message.envelope.recipients]


def test_a_filter_may_hear_of_recipients_that_others_refuse(meet, make_context):
    """
    Where it asked for it when both sides agreed.
    """
    context = make_context(more='[relay]\nnetworks = ["192.0.2.0/24"]\ndomains = ["d.test"]', role=Role.MX)
    for steps, expected in ((0, 1), (Step.REFUSED_RECIPIENTS, 2)):
        client, scripted, _ = meet(context=context, steps=int(steps))
        send(client, recipients=(b"a@other.test", b"c@d.test"))
        assert expected == len(scripted.of(b"R"))
    refused = [data for data in scripted.of(b"D") if b"{rcpt_mailer}\0error\0" in data]
    assert 1 == len(refused)


def test_a_filter_that_leaves_stages_out_is_not_told_of_them(meet):
    """
    Each costs a round trip.
    """
    steps = Step.NO_CONNECT | Step.NO_HELO | Step.NO_RCPT | Step.NO_BODY | Step.UNANSWERED_FIELDS | Step.NO_DATA
    client, scripted, _ = meet(steps=int(steps))
    assert last(send(client)).startswith(b"250 ")
    assert "OMLLNE" == scripted.letters()


def test_a_filter_of_an_old_version_is_asked(meet):
    """
    It knows neither DATA nor the end of a session without a close.
    """
    client, scripted, _ = meet(version=2)
    assert last(send(client)).startswith(b"250 ")
    client.say(b"QUIT\r\n")
    scripted.heard("Q")
    assert "OCHMRLLNBEQ" == scripted.letters()


CHANGES = [
    Packet(b"p"),
    Packet(b"h", b"X-Added\0one\n two\0"),
    Packet(b"i", b"\0\0\0\0X-First\0zero\0"),
    Packet(b"i", b"\0\0\0\2X-Second\0two\0"),
    Packet(b"m", b"\0\0\0\1Subject\0changed\0"),
    Packet(b"m", b"\0\0\0\1X-Spam\0\0"),
    Packet(b"+", b"<new@d.test>\0"),
    Packet(b"2", b"<par@d.test>\0NOTIFY=NEVER\0"),
    Packet(b"-", b"<c@d.test>\0"),
    Packet(b"e", b"<other@b.test>\0"),
    Packet(b"b", b"new body\r\n"),
    Packet(b"b", b"caf\xc3\xa9\nsecond"),
    CONTINUE,
]


@pytest.mark.parametrize("size", [0, 700_000])
def test_all_changes_of_a_filter_reach_the_queue(meet, size):
    """
    Header, body, sender and recipients, in memory and in the spool; size and digest are those of what is stored.
    """
    client, _, host = meet(E=[CHANGES])
    content = MESSAGE + b"0123456789\r\n" * (size // 12)
    assert last(send(client, content, recipients=(b"c@d.test", b"e@d.test"))).startswith(b"250 ")
    [message] = host.messages
    whole = stored(message, host.context)
    assert b"Subject: changed\r\n\r\nnew body\r\ncaf\xc3\xa9\r\nsecond\r\n" == whole
    assert b"X-First: zero\r\nReceived: " == message.added_fields[:25]
    assert message.added_fields.endswith(b"X-Second: two\r\nX-Added: one\r\n two\r\n")
    assert (hashlib.sha256(whole).hexdigest(), True) == (message.digest, message.has_8bit)
    assert len(message.added_fields) + len(whole) == message.size
    assert ("changed", "other@b.test") == (message.subject, str(message.envelope.reverse_path))
    assert [("e@d.test", None), ("new@d.test", None), ("par@d.test", "NEVER")] == [
        (str(each.address), each.notify) for each in message.envelope.recipients
    ]
    [decided] = host.of(MilterDecided)
    assert ("changed", "body header recipients sender") == (decided.verdict, decided.changed)


def test_fields_of_filters_leave_the_content_as_received(meet):
    """
    What others signed stays what they signed, and nothing is written twice.
    """
    client, _, host = meet(E=[[Packet(b"h", b"X-A\0a\0"), Packet(b"i", b"\0\0\0\1X-B\0b\0"), ACCEPT]])
    send(client)
    [message] = host.messages
    assert MESSAGE == message.content
    assert message.added_fields.endswith(b"X-B: b\r\nX-A: a\r\n")


def test_a_filter_sees_what_the_one_before_it_left(host, filters, visit):
    """
    Filters are asked in the order of the file.
    """
    first = filters(
        E=[[Packet(b"h", b"X-A\0a\0"), Packet(b"m", b"\0\0\0\1X-Spam\0\0"), Packet(b"b", b"new\r\n"), CONTINUE]]
    )
    second = filters(E=[[Packet(b"m", b"\0\0\0\1X-A\0changed\0"), CONTINUE]], steps=int(Step.LEADING_BLANKS))
    its_host = host(first, second)
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    send(client)
    assert [b"X-A\0 a\0", b"Subject\0 x\0"] == second.of(b"L")
    assert [b"new\r\n"] == second.of(b"B")
    [message] = its_host.messages
    assert message.added_fields.endswith(b"X-A:changed\r\n")


def test_the_first_filter_that_refuses_ends_it(host, filters, visit):
    """
    The next is told that the message is over.
    """
    first, second = filters(E=REJECT), filters()
    its_host = host(first, second)
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    send(client)
    client.say(b"NOOP\r\n")
    assert ("OCHMRTLLNBE", "OCHMRTA") == (first.letters(), second.letters())


def test_a_filter_sees_the_results_of_authentication(meet, make_context):
    """
    They are on top of what it sees, and it may change them.
    """
    client, scripted, host = meet(E=[[Packet(b"m", b"\0\0\0\1Authentication-Results\0us; none\0"), CONTINUE]])
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    client.say(b"RCPT TO:<c@d.test>\r\n")
    disposition = SimpleNamespace(action="tag", reason="")
    judged = SimpleNamespace(
        field=b"Authentication-Results: us; spf=pass\r\n", refusal=None, columns=None, words={}, disposition=disposition
    )
    client.session._transaction.added.judged = judged
    client.say(b"DATA\r\n")
    client.say(MESSAGE + b".\r\n")
    assert b"Authentication-Results\0us; spf=pass\0" == scripted.of(b"L")[0]
    [message] = host.messages
    assert message.added_fields.startswith(b"Authentication-Results: us; none\r\nReceived:")


def test_a_submission_is_shown_with_the_fields_that_it_gets(meet, make_context):
    """
    A filter that signs must see Date and Message-ID; they are added once.
    """
    client, scripted, host = meet(context=make_context(role=Role.SUBMISSION), E=[[Packet(b"h", b"X-A\0a\0"), CONTINUE]])
    send(client)
    assert [b"Date", b"Message-ID", b"Subject", b"X-Spam"] == [data.partition(b"\0")[0] for data in scripted.of(b"L")]
    [message] = host.messages
    assert (1, 1) == (message.added_fields.count(b"\r\nDate: "), message.added_fields.count(b"\r\nMessage-ID: "))


def test_a_quarantine_holds_the_message(meet):
    """
    A person decides, and reads why.
    """
    client, scripted, host = meet(E=[[Packet(b"q", b"looks\todd\0"), CONTINUE]])
    assert last(send(client)).startswith(b"250 ")
    [message] = host.messages
    assert ArrivalOrder(RecipientStatus.HELD, f"milter:{scripted.address}", "looks\\todd") == message.order
    assert ["hold"] == [decided.verdict for decided in host.of(MilterDecided)]


@pytest.mark.parametrize("letter", ["M", "R", "L", "E"])
def test_a_discarded_message_is_a_cancelled_one(meet, letter):
    """
    The client hears 250; the audit says which filter it was, and the message can be queued again.
    """
    client, scripted, host = meet(**{letter: DISCARD})
    assert last(send(client)).startswith(b"250 ")
    [message] = host.messages
    wanted = ArrivalOrder(RecipientStatus.CANCELLED, f"milter:{scripted.address}", "discarded by the filter")
    assert (wanted, ["discard"]) == (message.order, [decided.verdict for decided in host.of(MilterDecided)])


def test_a_message_whose_recipients_are_all_deleted_is_a_cancelled_one(meet):
    """
    Not a message to nobody.
    """
    client, _, host = meet(E=[[Packet(b"-", b"<c@d.test>\0"), Packet(b"-", b"<not@there.test>\0"), CONTINUE]])
    assert last(send(client)).startswith(b"250 ")
    [message] = host.messages
    assert (RecipientStatus.CANCELLED, "no recipient left") == (message.order.status, message.order.reason)


@pytest.mark.parametrize(
    ("letter", "told"), [("C", "OC"), ("H", "OCH"), ("M", "OCHMM"), ("R", "OCHMRMR"), ("L", "OCHMRTLMRTL")]
)
def test_what_a_filter_accepts_early_it_is_not_asked_about_again(meet, letter, told):
    """
    A session, or one message.
    """
    client, scripted, host = meet(**{letter: ACCEPT})
    for _ in range(2):
        assert last(send(client)).startswith(b"250 ")
    assert told == scripted.letters().replace("A", "")
    assert 2 == len(host.messages)


def test_one_connection_serves_sessions_one_after_another(host, filters, visit):
    """
    QUIT_NC; but not after an abort, which libmilter does not survive.
    """
    scripted = filters()
    its_host = host(scripted)
    for _ in range(2):
        client = visit(its_host.context, new_session=its_host.session)
        client.hear()
        client.say(b"EHLO c.test\r\n")
        send(client)
        client.say(b"QUIT\r\n")
        client.running.join()
    assert ("OCHMRTLLNBEKCHMRTLLNBEK", 1) == (scripted.letters(), scripted.connections)
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    client.say(b"QUIT\r\n")
    client.running.join()
    scripted.heard("CHMAQ")
    assert [] == its_host.filters[0].idle


def test_an_idle_connection_that_the_filter_closed_is_replaced(host, filters, visit):
    """
    No mail is put off for it.
    """
    scripted = filters()
    its_host = host(scripted)
    for _ in range(2):
        client = visit(its_host.context, new_session=its_host.session)
        client.hear()
        client.say(b"EHLO c.test\r\n")
        assert last(send(client)).startswith(b"250 ")
        client.say(b"QUIT\r\n")
        client.running.join()
        scripted.hang_up()
    assert (2, []) == (scripted.connections, its_host.of(MilterFailed))


def test_a_filter_that_takes_no_second_session_gets_a_new_connection(host, filters, visit):
    """
    Some filters do not know QUIT_NC, and close when they hear it.
    """
    scripted = filters(C=[CONTINUE, CLOSE, CONTINUE])
    its_host = host(scripted)
    for _ in range(2):
        client = visit(its_host.context, new_session=its_host.session)
        client.hear()
        client.say(b"EHLO c.test\r\n")
        assert last(send(client)).startswith(b"250 ")
        client.say(b"QUIT\r\n")
        client.running.join()
    assert (2, []) == (scripted.connections, its_host.of(MilterFailed))


@pytest.mark.parametrize(("on_failure", "reply"), [("tempfail", UNAVAILABLE.strip()), ("accept", b"250 ")])
@pytest.mark.parametrize(
    ("letter", "answer"),
    [
        ("O", CLOSE),
        ("O", Packet(b"O", b"\0\0\0\7" + bytes(8))),
        ("C", CLOSE),
        ("H", CLOSE),
        ("M", SILENT),
        ("R", Packet(b"h", b"X\0y\0")),
        ("L", Packet(b"!")),
        ("B", Packet(b"s")),
        ("E", CLOSE),
        ("E", Packet(b"f")),
        ("E", SILENT),
        ("E", [Packet(b"h", b"X-A\0a\0"), CLOSE]),
        ("E", [[Packet(b"h", b"X-A\0a\0"), Packet(b"h", b"X B\0b\0"), CONTINUE]]),
        ("E", [[Packet(b"h", b"X-A\0a\0"), Packet(b"+", b"nonsense\0"), CONTINUE]]),
        ("E", [[Packet(b"2", b"<a@d.test>\0NOTIFY=MAYBE\0"), CONTINUE]]),
        ("E", [[Packet(b"m", b"\0\0\0\1Received\0\0"), CONTINUE]]),
        ("E", [[Packet(b"b", b"a\0b\r\n"), CONTINUE]]),
        ("E", [[Packet(b"e", b"nonsense\0"), CONTINUE]]),
        ("E", [[Packet(b"h", b"X-A\0" + b"\n ".join([b"x" * 900] * 9) + b"\0")] * 800 + [CONTINUE]]),
        ("E", [[Packet(b"h", b"X-A\0a\0")] * 1001 + [CONTINUE]]),
    ],
)
def test_a_filter_that_fails_is_answered_for(meet, on_failure, reply, letter, answer):
    """
    By its `on_failure`; what it wanted to change is not done, nor half of it. The log has the reason.
    """
    client, scripted, host = meet(settings={"on_failure": on_failure, "deadline": "0.1s"}, **{letter: answer})
    assert b"\n" + reply in b"\n" + send(client)
    failed = host.of(MilterFailed)[0]
    assert (scripted.address, True) == (failed.milter, len(failed.error) > 0)
    assert ("none: mail passes without it" if on_failure == "accept" else UNAVAILABLE.decode().strip()) == failed.answer
    for message in host.messages:
        assert MESSAGE == message.content
        assert message.added_fields.count(b"\r\n") == 4
        assert ["c@d.test"] == [str(each.address) for each in message.envelope.recipients]


def test_a_message_of_recipients_without_a_route_is_not_queued(meet, make_context):
    """
    A filter may send mail anywhere that this host may.
    """
    context = make_context(routes='"d.test" = "discard:"')
    client, _, host = meet(context=context, E=[[Packet(b"+", b"<a@elsewhere.test>\0"), CONTINUE]])
    assert UNAVAILABLE.strip() == last(send(client))
    assert "there is no route to a@elsewhere.test" == host.of(MilterFailed)[0].error


def test_progress_extends_the_deadline_up_to_that_of_the_message(meet):
    """
    A long examination is no failure; one without an end is.
    """
    client, _, host = meet(settings={"deadline": "0.2s", "message_deadline": "1s"}, E=[SILENT])
    assert UNAVAILABLE.strip() == last(send(client))
    assert "no answer within 0.2 s" == host.of(MilterFailed)[0].error


def test_a_flood_of_progress_is_a_failure(meet):
    """
    What has come already is never waited for, so that no deadline ends it.
    """
    client, _, host = meet(E=[[*[Packet(b"p")] * 10_000, Packet(b"c")]])
    assert UNAVAILABLE.strip() == last(send(client))
    assert "it reports progress without an end" == host.of(MilterFailed)[0].error


@pytest.mark.parametrize("packet", [Packet(b"q", b"x" * 900_000 + b"\0"), Packet(b"-", b"x" * 900_000 + b"\0")])
def test_a_flood_of_addresses_or_reasons_is_a_failure(meet, packet):
    """
    A thousand packets of a megabyte would be held for one message.
    """
    client, _, host = meet(E=[[packet, packet, CONTINUE]])
    assert UNAVAILABLE.strip() == last(send(client))
    assert "it gives addresses and reasons of more than 1048576 octets" == host.of(MilterFailed)[0].error


def test_many_recipients_are_deleted_at_once():
    """
    Each look at all others would make a second of a thousand of ten thousand, in which no session goes on.
    """
    addresses = [Address.parse(f"u{number}@d.test") for number in range(10_000)]
    given = {str(address): (address,) for address in addresses}
    deleted = [RecipientDeleted(f"<u{number}@d.test>".encode()) for number in range(1_000)]
    began_s = time.process_time()
    wanted = edits_of(deleted, addresses, given, keeps_blanks=True, body_octets=1_000, line_octets=None)
    assert time.process_time() - began_s < 0.3
    [redirect] = wanted.edits
    assert isinstance(redirect, Redirect)
    assert 9_000 == len(redirect.addresses) == len(wanted.given)


def test_an_address_that_is_no_text_is_a_failure(meet):
    """
    Mail goes from no address that the filter did not name.
    """
    client, _, host = meet(E=[[Packet(b"e", b"<\xff@b.test>\0"), Packet(b"c")]])
    assert UNAVAILABLE.strip() == last(send(client))
    assert "an address that it gives is not UTF-8" == host.of(MilterFailed)[0].error


def test_one_budget_holds_for_all_waits_of_a_message(host, filters, visit):
    """
    A filter that answers each request just in time holds no client for hours.
    """
    scripted = filters(E=[[Packet(b"p")] * 3])
    its_host = host(scripted, deadline="0.1s", message_deadline="0.1s")
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    assert UNAVAILABLE.strip() == last(send(client))


def test_a_filter_that_is_down_is_not_asked_for_each_mail(host, filters, visit):
    """
    The first failure to connect pauses it; when the pause is over one message tries it, and then all go on.
    """
    scripted = filters()
    now = [0.0]
    its_host = host(scripted, clock=lambda: now[0])
    scripted.stop()
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    for _ in range(3):
        assert UNAVAILABLE == send(client)
    assert (1, 1) == (len(its_host.of(MilterPaused)), its_host.filters[0].failures[scripted.address, "connect"])
    now[0] = 1.5
    send(client)
    assert 2 == sum(its_host.filters[0].failures.values())
    now[0] = 2.5  # the pause is 2 s now
    send(client)
    assert 2 == sum(its_host.filters[0].failures.values())
    revived = filters()
    its_host.filters[0].settings.__dict__["address"] = Milter.model_validate({"address": revived.address}).address
    now[0] = 4.0
    assert last(send(client)).startswith(b"250 ")
    assert ([MilterBack(milter=scripted.address)], 1) == (its_host.of(MilterBack), len(its_host.messages))


def test_a_filter_that_fails_again_and_again_is_paused_too(meet):
    """
    It answers, but never rightly: each message would wait for it in vain.
    """
    client, scripted, host = meet(settings={"on_failure": "accept"}, E=CLOSE)
    for _ in range(FAILURES + 2):
        assert last(send(client)).startswith(b"250 ")
    assert (FAILURES, 1) == (len(scripted.of(b"E")), len(host.of(MilterPaused)))


def test_a_filter_that_failed_in_one_message_judges_the_next(meet):
    """
    It hears of the session anew.
    """
    client, scripted, host = meet(E=[CLOSE, CONTINUE])
    assert UNAVAILABLE.strip() == last(send(client))
    assert last(send(client)).startswith(b"250 ")
    assert ("OCHMRTLLNBE" * 2, 2, 1) == (scripted.letters(), scripted.connections, len(host.messages))


@pytest.mark.parametrize("letter", ["L", "B", "E"])
def test_an_answer_too_many_lets_no_message_in(meet, letter):
    """
    It would stand for the next one, so that the refusal at the end came too late.
    """
    twice = [[CONTINUE, CONTINUE], CONTINUE] if letter != "E" else [[CONTINUE, CONTINUE], WORDS]
    client, _, host = meet(**{"E": WORDS, letter: twice})
    heard = [last(send(client)) for _ in range(2)]
    assert [UNAVAILABLE.strip(), b"550 5.7.1 100% spam"] == heard
    assert "it answers more than it was asked" == host.of(MilterFailed)[0].error
    assert [] == host.messages


def test_a_large_message_passes_without_a_filter_that_sees_small_ones(meet):
    """
    A scanner that cannot take it would only fail.
    """
    client, scripted, host = meet(settings={"message_size": "1KiB"})
    assert last(send(client, MESSAGE + b"0123456\r\n" * 200)).startswith(b"250 ")
    client.say(b"NOOP\r\n")
    assert ("OCHMRTA", 1) == (scripted.letters(), len(host.messages))


def test_a_body_beyond_the_memory_puts_the_mail_off(meet, make_context):
    """
    A filter cannot fill the memory of the process; another hour has more room.
    """
    context = make_context()
    context.budget.limit_octets = 1000
    context.budget.inline_octets = 100
    client, _, host = meet(context=context, E=[[Packet(b"b", b"x" * 5000)] * 3 + [CONTINUE]])
    assert last(send(client)).startswith(b"451 4.3.0 The message could not be stored")
    assert [] == host.messages
    assert last(send(client)).startswith(b"451 ")


def test_a_long_body_goes_in_pieces_and_may_be_skipped(meet):
    """
    A packet has 65,535 octets of it at most.
    """
    body = b"0123456789\r\n" * 30_000
    client, scripted, _ = meet(steps=int(Step.SKIP), B=[CONTINUE, CONTINUE, Packet(b"s"), CONTINUE])
    assert last(send(client, b"Subject: x\r\n\r\n" + body)).startswith(b"250 ")
    assert 3 == len(scripted.of(b"B"))
    assert body.startswith(b"".join(scripted.of(b"B")))
    assert all(len(piece) <= 65_535 for piece in scripted.of(b"B"))
    scripted.said.clear()
    assert last(send(client, b"Subject: x\r\n\r\n" + body)).startswith(b"250 ")
    assert body == b"".join(scripted.of(b"B"))


def test_chunks_are_shown_as_data_is(meet):
    """
    BDAT has no line of DATA.
    """
    client, scripted, host = meet()
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    client.say(b"RCPT TO:<c@d.test>\r\n")
    client.say(b"BDAT %d\r\n" % 10 + MESSAGE[:10])
    assert client.say(b"BDAT %d LAST\r\n" % len(MESSAGE[10:]) + MESSAGE[10:]).startswith(b"250 ")
    assert ("OCHMRTLLNBE", 1) == (scripted.letters(), len(host.messages))


def test_a_filter_on_a_unix_socket_is_asked(meet, tmp_path):
    """
    As most filters of Debian are.
    """
    client, _, host = meet(path=tmp_path / "filter.sock")
    assert last(send(client)).startswith(b"250 ")
    assert (f"unix:{tmp_path}/filter.sock", 1) == (host.filters[0].name, len(host.messages))


def test_idle_connections_are_closed_after_a_while(host, filters, visit):
    """
    A filter may be stopped, and its threads are few.
    """
    scripted, now = filters(), [0.0]
    its_host = host(scripted, clock=lambda: now[0])
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"QUIT\r\n")
    client.running.join()
    [asked] = its_host.filters
    asked.tidy()
    assert 1 == len(asked.idle)
    now[0] = 100.0
    asked.tidy()
    assert [] == asked.idle
    scripted.heard("KQ")


def test_modules_see_what_filters_left_and_have_the_last_word(make_context, filters, host, visit, load):  # noqa: F811
    """
    A module acts on the field of a filter; at RCPT it is asked first, so that the filter hears of no refused recipient.
    """
    scripted = filters(E=[[Packet(b"h", b"X-Spam-Flag\0YES\0"), Packet(b"q", b"why\0"), CONTINUE]])
    its_host = host(scripted)
    source = """
@hookimpl
def rcpt(recipient):
  if recipient == "no@d.test": return Reply.of("550 5.7.1 No")
@hookimpl
def data(message):
  if message.values("X-Spam-Flag") == ["YES"]: return [ReplaceField("X-Spam-Flag", "seen"), Discard("flagged")]
"""
    modules = [load(source)]
    meter = RefusalMeter(per_second=1000, per_client=1000)
    calls = ModuleCalls(modules, its_host.context.emit, meter, lambda names: None)
    client = visit(its_host.context, new_session=partial(MilterModuleSession, calls))
    client.hear()
    client.say(b"EHLO c.test\r\n")
    heard = send(client, recipients=(b"no@d.test", b"c@d.test"))
    assert b"\r\n550 5.7.1 No\r\n" in heard
    assert last(heard).startswith(b"250 ")
    assert ("OCHMRTLLNBE", [b"<c@d.test>\0"]) == (scripted.letters(), scripted.of(b"R"))
    [message] = its_host.messages
    assert message.added_fields.endswith(b"X-Spam-Flag: seen\r\n")
    assert MESSAGE == message.content
    assert (RecipientStatus.CANCELLED, "flagged") == (message.order.status, message.order.reason)


def test_a_client_that_another_names_is_a_session_of_its_own(make_context, filters, host, visit):
    """
    XCLIENT: the filter judges the client that the proxy names.
    """
    scripted = filters(C=[CONTINUE, CONTINUE, REJECT])
    its_host = host(
        scripted, context=make_context('[relay]\ndomains = ["d.test"]', listener='xclient = ["127.0.0.1/32"]')
    )
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"EHLO proxy.test\r\n")
    client.say(b"XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]\r\n")
    client.say(b"EHLO c.test\r\n")
    assert last(send(client)).startswith(b"250 ")
    assert [b"[127.0.0.1]\x004\0\x00127.0.0.1\0", b"[192.0.2.7]\x004\0\x00192.0.2.7\0"] == scripted.of(b"C")
    assert client.say(b"XCLIENT ADDR=192.0.2.8\r\n").startswith(b"521 5.7.1 Refused by a filter")


def test_a_filter_that_deletes_an_alias_deletes_its_targets(make_context, meet, tmp_path):
    """
    It names recipients as the client gave them; a target that another recipient leads to stays.
    """
    (tmp_path / "rows").mkdir()
    queue = Queue(tmp_path / "rows" / "queue.db")
    queue.run(AddAlias("one@d.test", ["shared@d.test", "own@d.test"], who="test"))
    queue.run(AddAlias("two@d.test", ["shared@d.test"], who="test"))
    context = make_context('[relay]\ndomains = ["d.test"]\n[aliases]\nenabled = true', role=Role.MX)
    context.recipients = recipients_of(
        context.config,
        queue.engine.open_reader(),
        emitter_to([]),
        RefusalMeter(per_second=1000, per_client=1000),
        lambda: pytest.fail("nothing to verify"),
    )
    client, _, host = meet(context, E=[[Packet(b"-", b"<one@d.test>\0"), CONTINUE]])
    assert last(send(client, recipients=(b"one@d.test", b"two@d.test", b"c@d.test"))).startswith(b"250 ")
    queue.close()
    [message] = host.messages
    assert ["shared@d.test", "c@d.test"] == [str(each.address) for each in message.envelope.recipients]


@pytest.mark.parametrize(
    ("deleted", "left"),
    [
        (b"<ann@d.test>", ["Ann@d.test", "Bob@d.test"]),
        (b"<Ann@D.TEST>", ["ann@d.test", "Bob@d.test"]),
        (b"<BOB@d.test>", ["Ann@d.test", "ann@d.test"]),
        (b"<c@d.test>", ["Ann@d.test", "ann@d.test", "Bob@d.test"]),
    ],
)
def test_a_filter_may_write_a_recipient_in_other_letters(meet, deleted, left):
    """
    Exactly the same address goes first. Else what a filter keeps from a recipient would reach it.
    """
    client, _, host = meet(E=[[Packet(b"-", deleted + b"\0"), CONTINUE]])
    assert last(send(client, recipients=(b"Ann@d.test", b"ann@d.test", b"Bob@d.test"))).startswith(b"250 ")
    [message] = host.messages
    assert left == [str(each.address) for each in message.envelope.recipients]


def test_a_failure_ends_its_pause_only_by_a_judgement(filters, host, visit):
    """
    A filter that can be reached, and always fails, is not asked again because it takes connections.
    """
    now = [0.0]
    scripted = filters(E=[CLOSE] * FAILURES + [CONTINUE])
    its_host = host(scripted, on_failure="accept", clock=lambda: now[0])
    client = visit(its_host.context, new_session=its_host.session)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    for _ in range(FAILURES + 1):
        assert last(send(client)).startswith(b"250 ")
    assert ([], FAILURES) == (its_host.of(MilterBack), len(scripted.of(b"E")))
    now[0] = 1.5
    assert last(send(client)).startswith(b"250 ")
    assert ([MilterBack(milter=scripted.address)], FAILURES + 1) == (its_host.of(MilterBack), len(scripted.of(b"E")))


def test_a_body_in_many_small_pieces_is_taken(meet):
    """
    A filter chooses their size, and lines may be cut anywhere.
    """
    pieces = [Packet(b"b", piece) for piece in (b"line\r", b"\nli", b"ne\n") * 500]
    client, _, host = meet(E=[[*pieces, CONTINUE], [Packet(b"b", b"x")] * 10_001])
    assert last(send(client)).startswith(b"250 ")
    assert host.messages[0].content.endswith(b"\r\n\r\n" + b"line\r\nline\r\n" * 500)
    assert UNAVAILABLE.strip() == last(send(client))


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        (["mx"], ["mx"]),
        (["submission"], ["submission"]),
        (["pickup"], ["pickup"]),
        (["127.0.0.1:25", "pickup"], ["mx", "pickup"]),
    ],
)
def test_a_filter_is_for_roles_and_names(names, seen):
    """
    Mail of local programs is a submission, but a filter of that role sees it only if it says so.
    """
    settings = Milter.model_validate({"address": "inet:127.0.0.1:1", "listeners": names})
    listeners = [("mx", "127.0.0.1:25"), ("submission", "127.0.0.1:465"), ("submission", "pickup")]
    expected = ["pickup" if name == "pickup" else role for role, name in listeners if settings.is_for(role, name)]
    assert seen == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("inet:127.0.0.1:11332", "inet:127.0.0.1:11332"),
        ("inet:11332@localhost", "inet:127.0.0.1:11332"),
        ("inet6:[::1]:8891", "inet:[::1]:8891"),
        ("inet6:8891@::1", "inet:[::1]:8891"),
        ("local:/run/x", "unix:/run/x"),
        ("unix:/run/x", "unix:/run/x"),
        ("127.0.0.1:11332", None),
        ("inet:rspamd:11332", None),
        ("inet:127.0.0.1", None),
    ],
)
def test_an_address_may_be_written_as_others_write_it(text, name):
    """
    People copy it from main.cf and from sendmail.mc.
    """
    if name is None:
        with pytest.raises(ValueError, match="not"):
            Milter.model_validate({"address": text})
    else:
        milter = Milter.model_validate({"address": text})
        assert (name, name) == (milter.name, milter.model_dump(mode="json", by_alias=True)["address"])
