"""Who vouches for mail that comes in, and what is done with it: sessions, with a scripted name server."""

import hashlib
import json
import time
from collections import Counter
from ipaddress import ip_address

import gevent
import pytest
from gevent.event import Event

from empath.authentication.arc import Chain, seal
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.verify import Result
from empath.authentication.verp import Verp
from empath.daemon.acceptor.authentication import Authenticator, ClientShare, Inquiry, OverrideRows
from empath.errors import QueueBusy
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.identity import QueueId, Timestamp
from empath.mail.lookup import Failed, Kind, Question, Texts
from empath.mail.status import RecipientStatus
from empath.net.dns_cache import TOO_MANY, CachingResolver
from empath.net.resolver import DnsResolver
from empath.policy.access import Role
from empath.policy.router import ROUTE_KEY
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import Accepted, Disposed
from tests.authentication.kit import MESSAGE, NOW, TEXTS, digests_of, fields_of, key, signed, with_signature
from tests.kit.dns import ScriptedDns
from tests.kit.waiting import DEADLINE_S

CLIENT = "192.0.2.1"
FALSE = MESSAGE.replace(b"joe@example.com", b"joe@bank.example")
ALL = {"spf": True, "dkim": True, "arc": True, "dmarc": "reject"}


class Silent:
    """A name server that does not answer."""

    def ask(self, _question, within_s):
        Event().wait(within_s)
        return Failed("no answer in time")


class Rows:
    """A reader of the rows of authentication_override, as a test gives them."""

    def __init__(self):
        self.given = []
        self.error = None
        self.reads = 0

    def rows(self, _name, _keys):
        """As of a queue."""
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.given


@pytest.fixture
def names():
    with ScriptedDns() as server:
        server.txt("example.com", "v=spf1 ip4:192.0.2.1 -all").txt("_dmarc.example.com", "v=DMARC1; p=reject")
        server.txt("bank.example", "v=spf1 ip4:203.0.113.1 -all").txt("_dmarc.bank.example", "v=DMARC1; p=reject")
        for name, text in TEXTS.items():
            server.txt(name, *[text])
        yield server


@pytest.fixture
def heard():
    """What was reported."""
    return []


@pytest.fixture
def rows():
    return Rows()


@pytest.fixture
def counts():
    return {}


@pytest.fixture
def make(make_context, names, heard, rows, counts):
    """Makes a context that judges mail."""

    def made(more="", asker=None, max_flights=None, **wanted):
        context = make_context(more=f'[relay]\ndomains = ["d.test"]\n{more}', role=Role.MX)
        context.emit = Emitter("acceptor-1", (lambda _, what: heard.append(what),))
        asker = asker or DnsResolver((names.address,), timeout_s=DEADLINE_S, try_timeout_s=DEADLINE_S)
        overrides = OverrideRows(rows)
        settings = context.listener.authentication.model_copy(update=wanted or ALL)
        context.authentication = Authenticator(
            context.config,
            settings,
            CachingResolver(asker, question_s=DEADLINE_S, max_flights=max_flights),
            overrides,
            counts=counts,
            receiver="mx.example.test",
            clock=lambda: NOW,
        )
        return context

    return made


def send(visit, context, message, sender="joe@example.com", *, host=CLIENT):
    """Send one message; the reply to the end of data."""
    client = visit(context, host=host)
    client.hear()
    client.say(b"EHLO mail.example.com\r\n")
    client.say(b"MAIL FROM:<%b>\r\n" % sender.encode())
    client.say(b"RCPT TO:<u@d.test>\r\n")
    client.say(b"DATA\r\n")
    return client.say(message.replace(b"\r\n.", b"\r\n..") + b".\r\n").decode()


def share(waiting=None):
    """That of the client."""
    return ClientShare(Counter() if waiting is None else waiting, ip_address(CLIENT))


def columns(context):
    """What the queue has about the only message."""
    [message] = context.writer.messages
    return json.loads(message.authentication)


def field(context):
    """Authentication-Results of the only message, in one line."""
    [message] = context.writer.messages
    return message.added_fields.decode().partition("\r\nReceived:")[0].replace("\r\n\t", " ")


def test_a_message_that_is_proven_is_accepted_with_its_results_on_top(make, visit, heard, counts):
    context = make()
    assert send(visit, context, signed()).startswith("250 ")
    results = field(context)
    assert results.startswith("Authentication-Results: mx.example.test; spf=none ")
    assert "spf=pass (ip4:192.0.2.1) smtp.mailfrom=joe@example.com;" in results
    assert results.count("dkim=pass header.d=example.com header.s=") == 2
    assert results.endswith("dmarc=pass (p=reject dis=tag) header.from=example.com")
    expected = {
        "spf": "pass", "dkim": "pass", "arc": "none", "dmarc": "pass", "author": "example.com",
        "spf_domain": "example.com", "helo": "none", "dkim_domains": "example.com", "policy": "reject",
        "record_of": "example.com", "disposition": "tag",
    }  # fmt: skip
    assert expected == columns(context)
    [accepted] = [what for what in heard if isinstance(what, Accepted)]
    assert ("pass", "pass", "none", "pass") == (accepted.spf, accepted.dkim, accepted.arc, accepted.dmarc)
    assert {("spf", "pass"): 1, ("dkim", "pass"): 1, ("arc", "none"): 1, ("dmarc", "pass"): 1} == counts


def test_a_message_that_is_false_is_refused(make, visit, heard, names):
    context = make()
    reply = send(visit, context, FALSE, "joe@bank.example")
    words = "Neither SPF nor DKIM proves bank.example, and its DMARC policy asks to refuse such mail"
    assert f"550 5.7.23 {words}\r\n" == reply
    assert [] == context.writer.messages
    [disposed] = [what for what in heard if isinstance(what, Disposed)]
    assert ("reject", "fail", "none", "fail") == (disposed.action, disposed.spf, disposed.dkim, disposed.dmarc)


def test_a_signature_that_fails_too_has_a_code_of_its_own(make, visit):
    """
    RFC 7372 §3.3.
    """
    message = signed().replace(b"joe@example.com", b"joe@bank.example")
    assert send(visit, make(), message, "joe@bank.example").startswith("550 5.7.26 ")


def test_the_words_of_the_domain_stand_at_the_end(make, visit, names):
    names.txt("words.bank.example", "v=spf1 -all exp=why.bank.example").txt("why.bank.example", "%{i} is not ours")
    reply = send(visit, make(), FALSE, "joe@words.bank.example")
    assert reply.endswith("asks to refuse such mail; words.bank.example says: 192.0.2.1 is not ours\r\n")


def test_a_message_without_one_author_is_refused(make, visit):
    message = MESSAGE.replace(b"From: Joe <joe@example.com>", b"From: joe@example.com <joe@bank.example>")
    expected = "550 5.7.1 The author of this message is not certain: there is no From field with one reading\r\n"
    assert expected == send(visit, make(), message)


@pytest.mark.parametrize(
    ("recipients", "code"), [(("bounce",), "250"), (("bounce", "u@d.test"), "550"), (("u@d.test",), "550")]
)
def test_a_report_to_a_sender_by_verp_is_read_whoever_has_written_it(make, visit, recipients, code):
    """
    Old hosts write no address in From, and bounces fail their own policies. The hash in the recipient is the proof.
    """
    context = make(more='[verp]\ndomain = "bounces.test"\nsecrets_file = "verp.secrets"\n')
    context.verp = Verp(Domain("bounces.test"), [b"a secret of this host"])
    sender = context.verp.sender(QueueId.make(Timestamp(time.time()), bytes(10)), Address.parse("ann@far.example"))
    client = visit(context, host=CLIENT)
    client.hear()
    client.say(b"EHLO mail.example.com\r\n")
    client.say(b"MAIL FROM:<>\r\n")
    for each in recipients:
        assert client.say(b"RCPT TO:<%b>\r\n" % (sender if each == "bounce" else each).encode()).startswith(b"250")
    client.say(b"DATA\r\n")
    assert client.say(MESSAGE.replace(b"Joe <joe@example.com>", b"MAILER-DAEMON <>") + b".\r\n").decode()[:3] == code


def test_a_hold_waits_for_a_person(make, visit, heard):
    context = make(**{**ALL, "dmarc": "hold"})
    assert send(visit, context, FALSE).startswith("250 ")
    [message] = context.writer.messages
    assert (RecipientStatus.HELD, "dmarc") == (message.order.status, message.order.who)
    assert "bank.example asks for reject: not aligned: spf=example.com" == message.order.reason
    assert "hold" == columns(context)["disposition"]


QUARANTINE = '[authentication]\nquarantine_route = "smtp://127.0.0.1:2599"\n'


def test_mail_in_quarantine_goes_its_own_way(make, visit):
    context = make(more=QUARANTINE, **{**ALL, "dmarc": "quarantine-route"})
    assert send(visit, context, FALSE).startswith("250 ")
    [message] = context.writer.messages
    assert ("smtp:127.0.0.1:2599",) == message.destinations
    assert "smtp://127.0.0.1:2599" == json.loads(message.metadata)[ROUTE_KEY]


def test_a_domain_that_asks_for_quarantine_is_not_refused(make, visit, names):
    names.txt("_dmarc.shop.example", "v=DMARC1; p=quarantine")
    message = MESSAGE.replace(b"joe@example.com", b"joe@shop.example")
    context = make()
    assert send(visit, context, message).startswith("250 ")
    assert "tag" == columns(context)["disposition"]


def test_a_tag_refuses_nothing(make, visit):
    context = make(spf=True, dkim=False, arc=False, dmarc="tag")
    assert send(visit, context, FALSE).startswith("250 ")
    assert "dmarc=fail (p=reject dis=tag) header.from=bank.example" in field(context)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("_dmarc.bank.example", "TXT"), ("bank.example", "TXT"), ("r._domainkey.bank.example", "TXT")],
)
def test_an_outage_of_the_dns_refuses_no_mail(make, visit, names, name, kind):
    """
    DMARC with a failure in it is temperror.
    """
    names.fail(name, kind)
    context = make()
    message = signed(selectors="r").replace(b"example.com", b"bank.example")
    assert send(visit, context, message, "joe@bank.example").startswith("250 ")
    assert "temperror" == columns(context)["dmarc"]


def test_a_silent_dns_costs_no_more_than_the_deadline(make, visit):
    """
    All questions of a message share it.
    """
    context = make(asker=Silent(), more='[authentication]\ndeadline = "50ms"\n')
    assert send(visit, context, MESSAGE).startswith("250 ")
    assert ("temperror", "temperror") == (columns(context)["spf"], columns(context)["dmarc"])


def test_a_row_makes_it_milder(make, visit, rows):
    """
    The mailing list of a partner, for a while.
    """
    rows.given = [
        ("192.0.2.0/24", "hold"),
        ("*.example", "tag"),
        ("bank.example", "quarantine-route"),
        ("0/0/0", "tag"),
    ]
    context = make(more=QUARANTINE)
    assert send(visit, context, FALSE).startswith("250 ")
    found = columns(context)
    assert "quarantine-route" == found["disposition"]
    assert found["reason"].endswith(", but authentication_override has bank.example")


def passed_on(message=FALSE, names=(b"from", b"to", b"subject")):
    """*message* with a seal of example.com, which found that DMARC passes."""
    return (
        seal(
            fields_of(message),
            digests_of(message, SIGNED_FORM)[SIGNED_FORM].sha256,
            Chain(Result.NONE),
            key=key("r"),
            domain="example.com",
            selector="r",
            authserv_id="list.example.com",
            results=b"dmarc=pass header.from=bank.example",
            names=names,
            now=NOW,
        )
        + message
    )


@pytest.mark.parametrize(("trusted", "code"), [("example.com", "250"), ("other.example", "550")])
def test_a_list_that_is_trusted_may_change_a_message(make, visit, trusted, code):
    """
    RFC 8617 §7.2. The chain of ARC holds, and its seal says that DMARC had passed.
    """
    context = make(more=f'[authentication]\ntrusted_sealers = ["{trusted}"]\n')
    assert send(visit, context, passed_on()).startswith(code)
    if code == "250":
        found = columns(context)
        assert ("pass", "example.com", "fail", "tag") == (
            found["arc"], found["sealers"], found["dmarc"], found["disposition"],
        )  # fmt: skip
        assert found["reason"].endswith(", but example.com is trusted to have passed it on")


@pytest.mark.parametrize(
    "message",
    [
        b"From: ceo@bank.example\r\n" + passed_on(MESSAGE),
        passed_on(MESSAGE, [b"to", b"subject"]).replace(b"joe@example.com", b"joe@bank.example"),
    ],
    ids=["a second From", "From is not signed"],
)
def test_a_message_of_a_trusted_list_is_not_sent_again_with_another_author(make, visit, message):
    """
    The chain of such a message holds still.
    """
    context = make(more='[authentication]\ntrusted_sealers = ["example.com"]\n')
    assert send(visit, context, message, "x@evil.example").startswith("550 ")


def test_rows_are_read_only_where_they_could_help(make, visit, rows):
    """
    A message that is proven costs none.
    """
    context = make()
    send(visit, context, MESSAGE)
    assert 0 == rows.reads


def test_rows_that_cannot_be_read_refuse_nothing_for_good(make, visit, rows):
    rows.error = QueueBusy("locked")
    assert send(visit, make(), FALSE).startswith("451 ")


def test_fields_that_claim_to_be_of_this_host_are_removed(make, visit):
    """
    RFC 8601 §5. Those of others stay, and what nobody can tell goes, too.
    """
    forged = (
        b"Authentication-Results: MX.example.test; dmarc=pass\r\nX: 1\r\n"
        b"authentication-results: (x) mx.example.test 1;\r\n\tdkim=pass\r\n"
        b"Authentication-Results: other.example; spf=pass\r\nAuthentication-Results: =\r\n"
    )
    context = make()
    assert send(visit, context, forged + signed()).startswith("250 ")
    [message] = context.writer.messages
    assert b"X: 1\r\nAuthentication-Results: other.example; spf=pass\r\n" + signed() == message.content
    assert "dkim=pass" in field(context)


LARGE = b"\r\n" + (b"x" * 70 + b"\r\n") * 6_000


@pytest.mark.parametrize(
    "rest", [b"\r\nbody\r\n", b"X: 1\r\n", b"", LARGE], ids=["body", "no body", "nothing else", "in the spool"]
)
@pytest.mark.parametrize("dkim", [True, False])
def test_only_that_field_is_removed(make, visit, dkim, rest):
    """
    Whoever reads the header: what hashes the body, or nobody before. The digest is that of what is stored.
    """
    context = make(spf=False, dkim=dkim, arc=False, dmarc="none")
    forged = b"Authentication-Results: mx.example.test; dkim=pass\r\n"
    assert send(visit, context, forged + rest).startswith("250 ")
    [message] = context.writer.messages
    assert hashlib.sha256(rest).hexdigest() == message.digest
    assert (None if rest is LARGE else rest) == message.content


def test_a_large_message_is_judged_as_a_small_one(make, visit):
    body = b"x" * 70 + b"\r\n"
    message = signed(MESSAGE + body * 20_000)
    context = make(spf=False, dkim=True, arc=False, dmarc="none")
    assert send(visit, context, message).startswith("250 ")
    expected = {"dkim": "pass", "dkim_domains": "example.com", "author": "example.com", "disposition": "tag"}
    assert expected == columns(context)


def test_clients_that_may_relay_are_not_judged(make, visit, names):
    context = make()
    assert send(visit, context, FALSE, host="127.0.0.1").startswith("250 ")
    [message] = context.writer.messages
    assert (None, []) == (message.authentication, names.asked)


def test_a_bounce_is_judged_by_the_name_in_helo(make, visit, names):
    """
    RFC 7208 §2.4.
    """
    names.txt("mail.example.com", "v=spf1 a:mail.example.com -all").a("mail.example.com", CLIENT)
    context = make()
    assert send(visit, context, MESSAGE, "").startswith("250 ")
    found = columns(context)
    assert ("pass", "mail.example.com", "pass") == (found["spf"], found["spf_domain"], found["dmarc"])


def test_answers_at_hand_need_no_greenlet(make, visit, names):
    """
    The second message of a domain asks nothing.
    """
    context = make(spf=True, dkim=False, arc=False, dmarc="tag")
    send(visit, context, MESSAGE)
    asked = len(names.asked)
    send(visit, context, MESSAGE)
    assert asked == len(names.asked)


def test_a_client_that_gives_up_leaves_no_question_behind(make, visit):
    context = make(asker=Silent())
    client = visit(context, host=CLIENT)
    client.hear()
    client.say(b"EHLO mail.example.com\r\n")
    asking: list[gevent.Greenlet[..., object]] = []
    gevent.Greenlet.add_spawn_callback(asking.append)
    try:
        client.say(b"MAIL FROM:<joe@example.com>\r\n")
    finally:
        gevent.Greenlet.remove_spawn_callback(asking.append)
    assert asking
    assert not any(each.ready() for each in asking)
    assert b"250 2.0.0 Ok\r\n" == client.say(b"RSET\r\n")
    gevent.wait(asking, timeout=DEADLINE_S)
    assert all(each.ready() for each in asking)


def test_a_stranger_cannot_use_up_the_questions_about_the_author(make, visit, names):
    """
    A sender with a hundred names to look up, and a name in HELO with as many.
    """
    for domain in ("evil.example", "mail.example.com"):
        names.txt(domain, "v=spf1 " + " ".join(f"mx:m{n}.{domain}" for n in range(10)) + " -all")
        for n in range(10):
            names.mx(f"m{n}.{domain}", *((k, f"h{k}.m{n}.{domain}") for k in range(10)))
            for k in range(10):
                names.a(f"h{k}.m{n}.{domain}", "203.0.113.9")
    context = make()
    assert send(visit, context, FALSE, "x@evil.example").startswith("550 ")
    assert len(names.asked) < 100


@pytest.mark.parametrize("place", [0, 1, 2])
def test_another_author_cannot_use_up_the_time_of_the_author(make, visit, names, place):
    """
    Authors whose name servers do not answer must not hide that one is false, wherever it stands.
    """
    known = DnsResolver((names.address,), timeout_s=DEADLINE_S, try_timeout_s=DEADLINE_S)

    class Half:
        def ask(self, question, within_s):
            if "evil" in question.name:
                return Silent().ask(question, within_s)
            Event().wait(0.02)  # the way to a name server takes time
            return known.ask(question, within_s)

    found = [b"x@a.evil.example", b"x@b.evil.example"]
    found.insert(place, b"joe@bank.example")
    context = make(more='[authentication]\ndeadline = "1s"\n', asker=Half())
    assert send(visit, context, FALSE.replace(b"Joe <joe@bank.example>", b", ".join(found))).startswith("550 ")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_another_author_cannot_use_up_the_questions_about_the_author(make, visit, names, place):
    """
    Long names of authors, and a signature whose key is not known: each name is then asked about twice.
    """
    names.fail("r._domainkey.example.com", "TXT")
    deep = "a.b.c.d.e.f.g.h"
    found = [b"x@%b" % f"{deep}.{name}.example.com".encode() for name in "xy"]
    found.insert(place, f"joe@{deep}.bank.example".encode())
    context = make(more="[authentication]\nquestions = 40\n")
    message = FALSE.replace(b"Joe <joe@bank.example>", b", ".join(found))
    forged = with_signature(b"v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=r; h=from", message)
    assert send(visit, context, forged, "x@evil.example").startswith("550 ")


def test_a_key_that_nobody_gives_does_not_keep_another_from_its_answer():
    """
    All are asked at once.
    """
    known = Texts(("v=DKIM1",), 60.0)

    class Half:
        def ask(self, question, within_s):
            return known if question.name == "a.test" else Silent().ask(question, within_s)

    inquiry = Inquiry(CachingResolver(Half(), question_s=DEADLINE_S), 10, 0.05, share())
    silent, there = Question("b.test", Kind.TXT), Question("a.test", Kind.TXT)
    inquiry.fetch([silent, there])
    assert (known, Failed("no answer in time")) == (inquiry.answer(there), inquiry.answer(silent))
    inquiry.fetch([Question(f"{n}.test", Kind.TXT) for n in range(9)])
    assert Failed("too many questions about one message") == inquiry.answer(Question("0.test", Kind.TXT))


@pytest.mark.parametrize("record", ["ptr", "exists:%{p}.x.bank.example"])
@pytest.mark.parametrize("name", ["1.2.0.192.in-addr.arpa", "bank.example"], ids=["no name", "the name of another"])
def test_the_names_of_a_client_do_not_use_up_the_time_of_the_rest(make, visit, names, record, name):
    """
    The owner of an address answers for its names, late or never. The record of the author is to be read to its end.
    """
    known = DnsResolver((names.address,), timeout_s=DEADLINE_S, try_timeout_s=DEADLINE_S)
    names.txt("bank.example", f"v=spf1 {record} a include:_spf.bank.example -all")
    names.txt("_spf.bank.example", "v=spf1 ip4:203.0.113.1 -all").ptr(CLIENT, name, "evil.example")
    names.a("bank.example", "203.0.113.2")
    slow = {"evil.example", name} - {"bank.example"}

    class Half:
        def ask(self, question, within_s):
            Event().wait(within_s if question.name in slow else 0.02)
            return known.ask(question, within_s)

    context = make(more='[authentication]\ndeadline = "2s"\n', asker=Half())
    assert send(visit, context, FALSE, "joe@bank.example").startswith("550 ")


@pytest.mark.parametrize(("dmarc", "code"), [("reject", "451 "), ("tag", "250 ")])
def test_who_crowds_the_questions_does_not_let_forged_mail_in(make, visit, dmarc, code):
    """
    What may be refused is put off where this host cannot ask.
    """
    context = make(max_flights=0, **{**ALL, "dmarc": dmarc})
    assert send(visit, context, FALSE).startswith(code)


def test_a_client_has_a_part_of_the_questions_and_gives_it_back(names):
    """
    Signatures of many messages, whose keys nobody gives, must not keep the mail of others from being judged.
    """
    asker = DnsResolver((names.address,), timeout_s=DEADLINE_S, try_timeout_s=DEADLINE_S)
    resolver, waiting = CachingResolver(asker, question_s=DEADLINE_S), Counter({ip_address(CLIENT): 24})
    of_client, question = share(waiting), Question("example.com", Kind.TXT)
    assert isinstance(of_client.look_up(resolver, [question], DEADLINE_S)[0], Texts)
    assert (24, False) == (waiting[ip_address(CLIENT)], of_client.is_over)
    assert [TOO_MANY] * 2 == of_client.look_up(resolver, [question] * 2, DEADLINE_S)
    assert (24, True) == (waiting[ip_address(CLIENT)], of_client.is_over)
    del waiting[ip_address(CLIENT)]
    of_client.look_up(resolver, [question], DEADLINE_S)
    assert not waiting


def test_questions_beyond_the_budget_count_as_not_answered(names):
    asker = DnsResolver((names.address,), timeout_s=DEADLINE_S, try_timeout_s=DEADLINE_S)
    inquiry = Inquiry(CachingResolver(asker, question_s=DEADLINE_S), 1, DEADLINE_S, share())
    first = inquiry.answer(Question("example.com", Kind.TXT))
    assert isinstance(inquiry.answer(Question("bank.example", Kind.TXT)), Failed)
    assert isinstance(first, Texts)
    assert first is inquiry.answer(Question("example.com", Kind.TXT))
