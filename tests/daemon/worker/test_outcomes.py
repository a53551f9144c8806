"""
The behaviour of hosts and its result for a mail: scripted peers, through carrier, pool, session and classification.
"""

from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest

from empath.config import load_config
from empath.daemon.worker.pool import ConnectionPool
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.smtp import SmtpCarrier
from empath.mail.outcome import Handover, Outcome
from empath.mail.protocol import Protocol
from empath.net.stream import Deadlines
from empath.policy.destinations.settings import BUILT_IN, DestinationSettings
from empath.policy.hosts.search import Host
from empath.policy.routing import SmtpRoute
from empath.storage.queue.accept import INLINE
from tests.daemon.worker.test_delivery import message
from tests.kit.peer import END_OF_DATA, GREETING, ScriptedPeer
from tests.kit.process import configuration

DELIVERED, DEFERRED, BOUNCED, NEXT_HOST = Outcome
NEXT = (NEXT_HOST, DEFERRED)  # outcome with another host left, and at the last host
LATER = (DEFERRED, DEFERRED)
NEVER = (BOUNCED, BOUNCED)
SESSION = ("MAIL", "RCPT", "DATA")
STAGES = {
    GREETING: "greeting",
    "EHLO": "ehlo",
    "MAIL": "mail",
    "RCPT": "rcpt",
    "DATA": "data",
    END_OF_DATA: "end-of-data",
}
TRANSIENT, PERMANENT = "450 4.2.1 Not now", "550 5.7.1 Never"


class Hosts:
    """A carrier whose destination has these peers, in this order."""

    def __init__(self, pool, *peers, protocol=Protocol.SMTP):
        self.peers = peers
        self.settings = BUILT_IN
        hosts = tuple(
            Host(f"mx{place}.test", peer.host, peer.port, protocol=protocol)
            for place, peer in enumerate(peers, start=1)
        )
        finder = SimpleNamespace(find=lambda route, domain: hosts)
        self.carrier = SmtpCarrier(SmtpRoute("x.test", 25), "smtp:x.test:25", pool, finder)

    def send(self, recipients=1, content=b"text\r\n", **attributes):
        """Send one message; for each recipient at each host its outcome, stage, and code with enhanced code."""
        leased = message(1, recipients, domain="x.test")
        leased.size = len(content)
        for name, value in attributes.items():
            setattr(leased, name, value)
        body = Body(content, Path(), INLINE, len(content))
        job = DeliveryJob(leased, leased.recipients, body, lambda: True, lambda exchangers: self.settings)
        return [
            [(answer.outcome, str(answer.said.stage), str(answer.said.reply)[:9]) for answer in host_attempt.answers]
            for host_attempt in self.carrier.carry(job)
        ]


@pytest.fixture
def hosts(tmp_path):
    """Makes carriers to peers; at the end no stream is open."""
    deadlines = Deadlines()
    watch = gevent.spawn(deadlines.run)
    pools = []

    def make(*peers, protocol=Protocol.SMTP, **settings):
        file = tmp_path / "empath.toml"
        lines = "\n".join(f'{key} = "{value}"' for key, value in settings.items())
        file.write_text(configuration(2525, f"[delivery]\n{lines}"))
        pools.append(ConnectionPool(load_config(file).delivery, "mx.example.test", deadlines))
        return Hosts(pools[-1], *peers, protocol=protocol)

    yield make
    for pool in pools:
        pool.close_idle(all_of_them=True)
    watch.kill()
    assert [] == list(deadlines)


def refused(text):
    """A peer that gives this answer to one step; to HELO, too, if it refuses EHLO."""
    return lambda peer, step: peer.reply(step, text).reply("HELO", text if step == "EHLO" else "250 peer.test")


MISDEEDS = {
    "4yz": refused(TRANSIENT),
    "5yz": refused(PERMANENT),
    "421": refused("421 4.3.2 Closing"),
    "garbage": refused(b"\xff\x00 what?\r\n"),
    "close": lambda peer, step: peer.drop_at(step),
    "reset": lambda peer, step: peer.drop_at(step, is_reset=True),
}
SAID = {"4yz": "450 4.2.1", "5yz": "550 5.7.1", "421": "421 4.3.2", "garbage": "451 4.5.0"}
FATES = (
    {(step, misdeed): NEXT for step in (GREETING, "EHLO") for misdeed in MISDEEDS}
    | {(step, misdeed): NEXT for step in SESSION for misdeed in MISDEEDS}
    | {(END_OF_DATA, misdeed): LATER for misdeed in MISDEEDS}
    | {(step, "5yz"): NEVER for step in (*SESSION, END_OF_DATA)}
)
for _step in (GREETING, "EHLO", END_OF_DATA):
    del FATES[_step, "garbage"]  # noise is skipped where one reply is due, and no other one


@pytest.mark.parametrize(("step", "misdeed"), FATES)
def test_f1_f2_f5_f6_whatever_a_host_does_at_whatever_stage_has_its_fate(hosts, step, misdeed):
    """
    The host refuses, says 421, sends nonsense, closes or resets, as a host with another behind it and as the last one.
    """
    said = SAID.get(misdeed, "451 4.4.2")
    for outcome, others in zip(FATES[step, misdeed], (1, 0), strict=True):
        with MISDEEDS[misdeed](ScriptedPeer(), step) as peer, ScriptedPeer() as other:
            [first, *rest] = hosts(peer, *[other] * others).send()
            if (step, misdeed) == (GREETING, "reset") and first[0][1] == "connect":
                first = [(first[0][0], "greeting", said)]  # the session may notice it this early
            assert ([(outcome, STAGES[step], said)], 1) == (first, len(peer.sessions))
            assert (outcome is NEXT_HOST) == (len(other.messages) == 1) == (len(rest) == 1)


@pytest.mark.parametrize(
    ("protocol", "extensions", "handover"),
    [
        (Protocol.SMTP, ("PIPELINING", "DSN"), Handover.REPORTING),
        (Protocol.SMTP, ("PIPELINING",), Handover.RELAYED),
        (Protocol.LMTP, ("PIPELINING", "DSN"), Handover.REPORTING),
        (Protocol.LMTP, ("PIPELINING",), Handover.FINAL),
    ],
)
def test_d2_who_reports_a_success_depends_on_the_host(hosts, protocol, extensions, handover):
    """
    RFC 3461 §5.2.1 to §5.2.3. Parameters go to a host with DSN only.
    """
    peer = ScriptedPeer().extensions(*extensions)
    with peer.lmtp() if protocol is Protocol.LMTP else peer:
        way = hosts(peer, protocol=protocol)
        leased = message(1, 1, domain="x.test", notify="SUCCESS")
        leased.size, leased.envelope_id, leased.dsn_return = 6, "a+2Bb", "HDRS"
        body = Body(b"text\r\n", Path(), INLINE, 6)
        job = DeliveryJob(leased, leased.recipients, body, lambda: True)
        assert [handover] == [host_attempt.handover for host_attempt in way.carrier.carry(job)]
        [session] = peer.sessions
    said = " ".join(session.commands)
    words = [word in said for word in ("NOTIFY=SUCCESS", "RET=HDRS", "ENVID=a+2Bb")]
    assert [handover is Handover.REPORTING] * 3 == words


@pytest.mark.parametrize(
    ("step", "misdeed"), [(step, misdeed) for step, misdeed in FATES if step not in {GREETING, "EHLO"}]
)
def test_a_session_is_used_again_only_after_a_refusal(hosts, step, misdeed):
    """
    A host that says 421, sends nonsense or closes has ended the session.
    """
    with MISDEEDS[misdeed](ScriptedPeer(), step) as peer:
        way = hosts(peer)
        way.send()
        way.send()
        assert (1 if misdeed in ("4yz", "5yz") else 2) == len(peer.sessions)


def test_noise_is_no_answer_to_a_message(hosts):
    """
    The host may have the message, so it waits.
    """
    with ScriptedPeer().reply(END_OF_DATA, b"what?\r\n") as peer:
        assert [[(DEFERRED, "end-of-data", "451 4.4.2")]] == hosts(peer, end_of_data_timeout="1s").send()


@pytest.mark.parametrize(
    ("reply", "fate", "said"),
    [
        (b"354 Go\r\n550 5.7.1 Stop\r\n", BOUNCED, "550 5.7.1"),
        (b"354 Go\r\n450 4.2.1 Stop\r\n", NEXT_HOST, "450 4.2.1"),
        (b"354 Go\r\n421 4.3.2 Closing\r\n", NEXT_HOST, "421 4.3.2"),
        (b"354 Go\r\n250 2.0.0 Thanks\r\n", NEXT_HOST, "451 4.5.0"),
        (b"354 Go\r\nwhat?\r\n", NEXT_HOST, "451 4.5.0"),
    ],
)
def test_what_a_host_says_while_content_flows(hosts, reply, fate, said):
    """
    The host does not have the message yet: a promise counts as nonsense, a refusal counts.
    """
    with ScriptedPeer().reply("DATA", reply) as peer, ScriptedPeer() as other:
        assert [(fate, "content", said)] == hosts(peer, other).send()[0]


@pytest.mark.parametrize("step", ["EHLO", GREETING])
def test_f1_a_host_that_turns_us_away_hears_quit(hosts, step):
    """
    RFC 5321 §3.1: a host with a 5yz greeting waits for QUIT. Such a greeting never bounces mail.
    """
    with refused("554 5.7.1 No SMTP here")(ScriptedPeer(), step) as peer:
        assert [[(DEFERRED, STAGES[step], "554 5.7.1")]] == hosts(peer).send()
        peer.wait_until(lambda: ["QUIT"] == peer.sessions[0].verbs[-1:])


def test_f1_a_host_that_refuses_the_connection_is_passed_over(hosts):
    """
    The destination fails only if no host is left.
    """
    closed = ScriptedPeer().start()
    closed.stop()
    with ScriptedPeer() as peer:
        way = hosts(closed, peer)
        assert [
            [(NEXT_HOST, "connect", "451 4.4.1")],
            [(DELIVERED, "end-of-data", "250 2.0.0")],
        ] == way.send()
        assert not way.carrier.is_failing
    way = hosts(closed)
    assert [[(DEFERRED, "connect", "451 4.4.1")]] == way.send()
    assert way.carrier.is_failing


def test_f2_the_next_host_is_asked_for_the_recipients_that_were_put_off(hosts):
    """
    A recipient with 4yz goes on to the next host; 2yz and 5yz end its attempt.
    """
    first = ScriptedPeer().reply("RCPT", "250 2.1.5 Ok", TRANSIENT, PERMANENT)
    with first, ScriptedPeer() as second:
        taken = (DELIVERED, "end-of-data", "250 2.0.0")
        answers = hosts(first, second).send(3)
        assert [
            [taken, (NEXT_HOST, "rcpt", "450 4.2.1"), (BOUNCED, "rcpt", "550 5.7.1")],
            [taken],
        ] == answers
        assert [("r0@x.test",), ("r1@x.test",)] == [peer.messages[0].recipients for peer in (first, second)]


@pytest.mark.parametrize("reply", ["554 5.5.1 No valid recipients", "354 Go ahead"])
def test_f4_when_all_recipients_are_refused_no_message_goes_out_and_the_session_stays(hosts, reply):
    """
    A host that says 354 nevertheless gets a lone dot. RSET begins the next transaction.
    """
    with ScriptedPeer().reply("RCPT", PERMANENT, PERMANENT, "250 2.1.5 Ok").reply("DATA", reply, "354 Go") as peer:
        way = hosts(peer)
        assert [[(BOUNCED, "rcpt", "550 5.7.1")] * 2] == way.send(2)
        assert [[(DELIVERED, "end-of-data", "250 2.0.0")]] == way.send()
        assert ([("r0@x.test",)], 1) == ([m.recipients for m in peer.messages if m.recipients], len(peer.sessions))
        assert ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "RSET", "MAIL"] == peer.sessions[0].verbs[:7]


@pytest.mark.parametrize(("step", "stage"), [("MAIL", "mail"), ("DATA", "data"), (END_OF_DATA, "end-of-data")])
@pytest.mark.parametrize(("reply", "fate"), [(TRANSIENT, DEFERRED), (PERMANENT, BOUNCED)])
def test_f5_a_refusal_of_the_message_is_for_all_that_were_accepted(hosts, step, stage, reply, fate):
    """
    A recipient that was refused before keeps its own reason.
    """
    peer = ScriptedPeer().reply(step, reply).reply_to_recipient("r1@x.test", "550 5.1.1 Who?")
    with peer:
        [[first, second, third]] = hosts(peer).send(3)
    assert [(fate, stage, reply[:9])] * 2 == [first, third]
    assert (second if step == "MAIL" else (BOUNCED, "rcpt", "550 5.1.1")) == second


@pytest.mark.parametrize("step", [*SESSION, END_OF_DATA])
def test_f7_a_3yz_out_of_place_is_a_protocol_error_and_the_session_is_not_used_again(hosts, step):
    """
    It is neither yes nor no: 5.5.0. Only a 354 to DATA is in its place.
    """
    reply = "250 2.0.0 Go" if step == "DATA" else "354 Go ahead"
    with ScriptedPeer().reply(step, reply) as peer:
        way = hosts(peer)
        assert [[(BOUNCED, STAGES[step], "554 5.5.0")]] == way.send()
        way.send()
        assert 2 == len(peer.sessions)


@pytest.mark.parametrize(("step", "fates"), [("RCPT", NEXT), ("MAIL", NEVER), ("DATA", NEVER), (END_OF_DATA, NEVER)])
def test_f8_a_552_to_rcpt_counts_as_452_and_elsewhere_is_final(hosts, step, fates):
    """
    RFC 5321 §4.5.3.1.10.
    """
    for outcome, others in zip(fates, (1, 0), strict=True):
        with ScriptedPeer().reply(step, "552 5.2.2 Too much") as peer, ScriptedPeer() as other:
            assert [(outcome, STAGES[step], "552 5.2.2")] == hosts(peer, *[other] * others).send()[0]


def test_f9_a_mail_larger_than_the_host_takes_is_not_sent(hosts):
    """
    5.3.4, and no command of the transaction is sent.
    """
    with ScriptedPeer().extensions("SIZE 5") as peer:
        assert [[(BOUNCED, "mail", "552 5.3.4")]] == hosts(peer).send()
        assert ["EHLO"] == peer.sessions[0].verbs


def test_f9_a_mail_that_needs_smtputf8_bounces_when_no_host_offers_it(hosts):
    """
    All hosts are asked first, and it does not bounce while one of them is down.
    """
    closed = ScriptedPeer().start()
    closed.stop()
    lacks = (NEXT_HOST, "mail", "553 5.6.7"), (BOUNCED, "mail", "553 5.6.7")
    with ScriptedPeer().extensions("8BITMIME") as first, ScriptedPeer().extensions("8BITMIME") as second:
        wanted = {"content": b"Subject: \xc3\xa4\r\n\r\n", "has_8bit": 1, "is_smtputf8": 1}
        assert [[lacks[0]], [lacks[1]]] == hosts(first, second).send(**wanted)
        *_, [(fate, _, _)] = hosts(first, closed).send(**wanted)
        assert DEFERRED is fate
        *_, [(fate, _, said)] = hosts(closed, second).send(**wanted)
        assert (DEFERRED, "553 5.6.7") == (fate, said)


def test_f9_a_mail_whose_header_is_ascii_needs_no_smtputf8(hosts):
    """
    The client asked for SMTPUTF8, but only the body is not ASCII.
    """
    with ScriptedPeer().extensions("8BITMIME") as peer:
        [[(fate, _, _)]] = hosts(peer).send(content=b"Subject: x\r\n\r\n\xc3\xa4\r\n", has_8bit=1, is_smtputf8=1)
        assert (DELIVERED, "MAIL FROM:<s@b.test> BODY=8BITMIME") == (fate, peer.messages[0].mail)


def test_f9_mail_to_a_non_ascii_address_reaches_a_host_with_smtputf8_and_without_8bitmime(hosts):
    """
    The Received field names the address, so the mail has 8-bit octets. RFC 6531 §3.1 makes such a host take them.
    """
    content = "Received: by x\r\n\tfor <ä@b.test>; now\r\n\r\nx\r\n".encode()
    with ScriptedPeer().extensions("SMTPUTF8") as peer:
        [[(fate, _, _)]] = hosts(peer).send(content=content, has_8bit=1, is_smtputf8=1)
        assert (DELIVERED, "MAIL FROM:<s@b.test> SMTPUTF8", content) == (
            fate,
            peer.messages[0].mail,
            peer.messages[0].content,
        )


EIGHT_BIT = (
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe an alle, die es lesen\r\n"
)


def test_f9_a_host_without_8bitmime_gets_7_bits(hosts):
    """
    It gets quoted-printable, without an announced size. The next host gets the original mail.
    """
    with ScriptedPeer().extensions("SIZE") as peer, ScriptedPeer() as other:
        assert [[(DELIVERED, "end-of-data", "250 2.0.0")]] == hosts(peer).send(content=EIGHT_BIT, has_8bit=1)
        [sent] = peer.messages
        header, _, body = sent.content.partition(b"\r\n\r\n")
        assert ("MAIL FROM:<s@b.test>", b"Gr=C3=BC=C3=9Fe an alle, die es lesen\r\n") == (sent.mail, body)
        assert header.endswith(b"Content-Transfer-Encoding: quoted-printable")
        hosts(other).send(content=EIGHT_BIT, has_8bit=1)
        assert (EIGHT_BIT, f"MAIL FROM:<s@b.test> SIZE={len(EIGHT_BIT)} BODY=8BITMIME") == (
            other.messages[0].content,
            other.messages[0].mail,
        )


@pytest.mark.parametrize(
    ("content", "without_8bitmime", "fate"),
    [
        (EIGHT_BIT, "bounce", BOUNCED),
        (b"DKIM-Signature: x\r\n" + EIGHT_BIT, "convert", BOUNCED),
        (b"DKIM-Signature: x\r\n" + EIGHT_BIT, "convert-or-send", DELIVERED),
        (EIGHT_BIT, "convert-or-send", DELIVERED),
    ],
)
def test_f9_what_may_not_be_converted_bounces_5_6_3_or_goes_as_it_is(hosts, content, without_8bitmime, fate):
    """
    The setting decides, after all hosts were asked.
    """
    with ScriptedPeer().extensions("SIZE") as peer:
        way = hosts(peer, peer)
        way.settings = DestinationSettings(without_8bitmime=without_8bitmime)
        *_, [(last, _, said)] = way.send(content=content, has_8bit=1)
        assert (fate, "554 5.6.3" if fate is BOUNCED else "250 2.0.0") == (last, said)
        is_signed = content.startswith(b"DKIM")
        assert [content] * (fate is DELIVERED and is_signed) == [m.content for m in peer.messages if is_signed]


def test_f11_a_waiting_connection_that_the_host_closed_is_made_anew_once(hosts):
    """
    One close does not count as a failed delivery; repeated closes do.
    """
    with ScriptedPeer().drop_once_answered(END_OF_DATA) as peer:
        way = hosts(peer)
        assert [[[(DELIVERED, "end-of-data", "250 2.0.0")]]] * 3 == [way.send() for _ in range(3)]
        assert 3 == len(peer.sessions)
    with ScriptedPeer().reply("MAIL", "250 2.1.0 Ok", "421 4.3.2 Closing") as peer:
        way = hosts(peer)
        way.send()
        assert [[(DEFERRED, "mail", "421 4.3.2")]] == way.send()
        assert 2 == len(peer.sessions)


def test_a_host_that_never_answers_quit_delays_no_mail(hosts):
    """
    No other mail waits for the reply.
    """
    with ScriptedPeer().hang_at("QUIT") as peer:
        assert [[(DELIVERED, "end-of-data", "250 2.0.0")]] == hosts(peer, reuse="0s").send()
        peer.wait_until(lambda: ["QUIT"] == peer.sessions[0].verbs[-1:])


def test_f16_a_host_with_a_limit_of_recipients_gets_all_of_them_at_once(hosts):
    """
    They go in further transactions over the same connection. Sixty recipients used to take half an hour.
    """
    taken, too_many = "250 2.1.5 Ok", "452 4.5.3 Too many recipients"
    with ScriptedPeer().reply("RCPT", taken, taken, too_many, too_many, taken, too_many, taken) as peer:
        course = hosts(peer).send(recipients=4)
        delivered = (DELIVERED, "end-of-data", "250 2.0.0")
        assert [[delivered, delivered], [delivered], [delivered]] == course
        assert (1, [2, 1, 1]) == (len(peer.sessions), [len(one.rcpts) for one in peer.messages])


LONG_LINES = b"Subject: x\r\n\r\n" + b"y" * 1500 + b"\r\n"


@pytest.mark.parametrize("size", [6, 300_000])
def test_content_goes_in_a_chunk_where_the_operator_and_the_host_want_it(hosts, size):
    """
    RFC 3030: the same content, and one wait less. A host without CHUNKING gets DATA.
    """
    content = b".dot\r\n" * (size // 6)
    with ScriptedPeer().extensions("PIPELINING", "CHUNKING", "SIZE 1000000") as peer, ScriptedPeer() as other:
        for host, verb in ((peer, "BDAT"), (other, "DATA")):
            way = hosts(host)
            way.settings = DestinationSettings(chunking=True)
            assert [[(DELIVERED, "end-of-data", "250 2.0.0")]] == way.send(content=content)
            assert content == host.messages[0].content
            assert ["EHLO", "MAIL", "RCPT", verb] == host.sessions[0].verbs[:4]


@pytest.mark.parametrize("reply", ["500 5.5.1 What?", "502 No"])
def test_a_host_that_does_not_know_the_chunks_it_offers_gets_data(hosts, reply):
    """
    At once, and so do the next mails. It would take the content for commands, so that session ends.
    """
    with ScriptedPeer().extensions("PIPELINING", "CHUNKING").reply(END_OF_DATA, reply, "250 2.0.0 Ok") as peer:
        way = hosts(peer)
        way.settings = DestinationSettings(chunking=True)
        for _ in range(2):
            assert [[(DELIVERED, "end-of-data", "250 2.0.0")]] == way.send()
        assert [["BDAT"], ["DATA", "DATA"]] == [
            [verb for verb in session.verbs if verb in {"BDAT", "DATA"}] for session in peer.sessions
        ]


def test_a_chunk_that_is_refused_leaves_the_session_for_the_next_mail(hosts):
    """
    As a refused final dot.
    """
    with ScriptedPeer().extensions("CHUNKING").reply(END_OF_DATA, "550 5.7.1 Spam", "250 2.0.0 Ok") as peer:
        way = hosts(peer)
        way.settings = DestinationSettings(chunking=True)
        assert [[(BOUNCED, "end-of-data", "550 5.7.1")]] == way.send()
        assert [[(DELIVERED, "end-of-data", "250 2.0.0")]] == way.send()
        assert 1 == len(peer.sessions)


@pytest.mark.parametrize(
    ("content", "is_folded"),
    [
        (LONG_LINES, True),
        (b"DKIM-Signature: x\r\n" + LONG_LINES, False),
        (b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" + LONG_LINES, False),
    ],
)
def test_b9_long_lines_are_folded_where_the_operator_wants_it_but_in_signed_mail(hosts, content, is_folded):
    """
    A host that cuts such lines destroys more than a fold. A signature would break.
    """
    with ScriptedPeer() as peer:
        way = hosts(peer)
        way.send(content=content)
        way.settings = DestinationSettings(fold_lines=True)
        way.send(content=content)
        plain, folded = (each.content for each in peer.messages)
        assert content == plain == folded.replace(b"\r\n ", b"")
        assert is_folded is (max(map(len, folded.split(b"\r\n"))) <= 998)
        is_size_said = ["SIZE=" in each.mail for each in peer.messages]
        assert [True, not is_folded] == is_size_said
