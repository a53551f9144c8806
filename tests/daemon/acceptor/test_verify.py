"""Recipients that the next host is asked about."""

import gevent
import pytest

from empath.daemon.acceptor.verify import Verifier
from empath.daemon.process.recipients import recipients_of
from empath.daemon.process.shared_reader import SharedReader
from empath.mail.reply import Reply
from empath.net.stream import Deadlines
from empath.policy.access import Role
from empath.policy.dane import NOT_ASKED
from empath.policy.hosts.search import Host, NoHost
from empath.storage.sqlite.engine import SqliteEngine
from empath.telemetry.subscribers import emitter
from tests.daemon.acceptor.test_greylist import Clock, QueueWriter
from tests.kit.peer import GREETING, ScriptedPeer
from tests.kit.queue import Queue
from tests.kit.waiting import DEADLINE_S


class Hosts:
    """Finds *peers* for any domain, or nothing."""

    def __init__(self, *peers):
        self._hosts = tuple(Host("mx.d.test", peer.host, peer.port) for peer in peers)

    def find(self, route, domain):
        return self._hosts or NoHost(Reply.of("451 4.4.3 no answer"))

    def tlsa(self, host):
        return NOT_ASKED


@pytest.fixture
def queue(tmp_path):
    directory = tmp_path / "rows"
    directory.mkdir()
    made = Queue(directory / "queue.db")
    yield made
    made.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(make_context, visit, queue, clock):
    """Makes a session whose rule for d.test is the given one."""
    deadlines = Deadlines()
    watch = gevent.spawn(deadlines.run)

    def make(rule, more="", peers=(), **waits):
        configured = f'[relay]\ndomains = ["d.test"]\n[recipients]\n"d.test" = "{rule}"\n{more}'
        context = make_context(configured, '"*" = "mx"', role=Role.MX)
        verifier = Verifier(
            context.config, context.rules, Hosts(*peers), deadlines, QueueWriter(queue), clock=clock, **waits
        )
        open_reader = SqliteEngine(queue.path, max_leases=20).open_reader
        context.recipients = recipients_of(
            context.config, SharedReader(open_reader), emitter("acceptor-1"), context.refusals, lambda: verifier
        )
        client = visit(context, host="192.0.2.7")
        client.hear()
        client.say(b"EHLO c.test\r\n")
        client.say(b"MAIL FROM:<a@b.test>\r\n")
        return client

    yield make
    watch.kill()


def rcpt(client, address):
    client.push(f"RCPT TO:<{address}>\r\n".encode())
    return gevent.spawn(client.hear).get(timeout=DEADLINE_S)


def lmtp(peer):
    return f"verify:lmtp://{peer.address}"


def test_the_next_host_is_asked_once_until_its_answer_is_old(client, clock, queue):
    """
    Both answers are remembered: a program that tries names asks for the same ones again.
    """
    with ScriptedPeer().reply("LHLO", "250 peer").reply("RCPT", "250 2.1.5 Ok", "550 5.1.1 no") as peer:
        session = client(lmtp(peer))
        for _ in range(2):
            assert b"250 2.1.5 Ok\r\n" == rcpt(session, "ann@d.test")
            assert b"550 5.1.1 The next host does not know this recipient\r\n" == rcpt(session, "eve@d.test")
        assert 2 == len(peer.sessions)
        assert [("ann@d.test", 1), ("eve@d.test", 0)] == queue.select("SELECT address, is_known FROM verification")
        clock.now += 3601
        peer.reply("RCPT", "250 2.1.5 Ok")
        assert b"250 2.1.5 Ok\r\n" == rcpt(session, "eve@d.test")
        assert 3 == len(peer.sessions)


def test_an_answer_that_says_nothing_is_450_and_not_remembered(client, queue):
    """
    As unverified_recipient_tempfail_action of Postfix does.
    """
    with ScriptedPeer().reply("LHLO", "250 peer").reply("MAIL", "550 no null sender") as peer:
        reply = b"450 4.4.3 This recipient cannot be verified now, try again later\r\n"
        assert reply == rcpt(client(lmtp(peer)), "ann@d.test")
    assert [] == queue.select("SELECT * FROM verification")


def test_a_host_that_cannot_be_found_is_450(client):
    assert b"450 4.4.3" == rcpt(client("verify"), "ann@d.test")[:9]


def test_a_silent_host_leaves_time_for_the_others(client):
    """
    Else all recipients of a domain are refused while one of its hosts drops packets.
    """
    with ScriptedPeer().hang_at(GREETING) as silent, ScriptedPeer() as other:
        session = client("verify", '[verification]\ndeadline = "60s"\n', peers=(silent, other), most_wait_s=0.05)
        assert b"250 2.1.5 Ok\r\n" == rcpt(session, "ann@d.test")
