"""Sessions of clients that must come again."""

import pytest

from empath.daemon.acceptor.greylist import Greylist
from empath.daemon.process.hub_writer import HubWriter
from empath.daemon.process.shared_reader import SharedReader
from empath.errors import StorageFailure
from empath.policy.access import Role
from empath.policy.greylist import GreylistRules
from empath.storage.sqlite.engine import SqliteEngine
from tests.kit.queue import T0, Queue

RULES = GreylistRules(delay_s=300, window_s=2000, lifetime_s=90_000, auto_allow=2, ipv4_prefix=24, ipv6_prefix=64)
FROM, TO = b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n"


class Clock:
    def __init__(self):
        self.now = T0

    def __call__(self):
        return self.now


class QueueWriter(HubWriter):
    """Writes to a real queue, in the calling greenlet; `error` fails each write, `count` is their number."""

    def __init__(self, queue):
        self._queue = queue
        self.error = None
        self.count = 0

    def commit(self, write, *, is_last=False):
        if self.error is not None:
            raise self.error
        self.count += 1
        return self._queue.done(write)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(tmp_path):
    directory = tmp_path / "greylist"
    directory.mkdir()
    made = Queue(directory / "queue.db")
    yield made
    made.close()


@pytest.fixture
def writer(queue):
    return QueueWriter(queue)


@pytest.fixture
def context(make_context, queue, writer, clock):
    """A listener of role mx with a greylist in a real queue; this host is trusted."""
    context = make_context('[relay]\ndomains = ["d.test"]', role=Role.MX)
    context.greylist = Greylist(RULES, SharedReader(SqliteEngine(queue.path, max_leases=20).open_reader), writer, clock)
    return context


@pytest.fixture
def greeted(context, visit):
    """Makes sessions that are greeted."""

    def begin(host="192.0.2.7"):
        client = visit(context, host=host)
        client.hear()
        client.say(b"EHLO c.test\r\n")
        return client

    return begin


def test_who_helps_clients_hears_them_at_once(greeted, writer):
    """
    RFC 5321 §4.5.1, RFC 2142 §4.
    """
    client = greeted()
    client.say(FROM)
    for address in (b"postmaster", b"postmaster@d.test", b"Abuse@d.test"):
        assert client.say(b"RCPT TO:<%s>\r\n" % address).startswith(b"250 ")
    assert 0 == writer.count


def test_the_first_mail_of_a_sender_must_come_again(greeted, clock, writer):
    """
    A try before its time costs no write.
    """
    client = greeted()
    client.say(FROM)
    assert b"451 4.7.1 Greylisted, try again in 300 seconds\r\n" == client.say(TO)
    clock.now += 100
    assert b"451 4.7.1 Greylisted, try again in 200 seconds\r\n" == client.say(TO)
    assert 1 == writer.count
    clock.now += 200
    assert b"250 2.1.5 Ok\r\n" == client.say(TO)
    assert (b"250 2.1.5 Ok\r\n", 2) == (client.say(TO), writer.count)


def test_a_host_nearby_is_the_same_client(greeted, clock):
    """
    Large providers try again from another host.
    """
    for host, reply in (("192.0.2.7", b"451"), ("192.0.2.99", b"250"), ("192.0.3.7", b"451")):
        client = greeted(host)
        client.say(FROM)
        assert reply == client.say(TO)[:3]
        client.say(b"QUIT\r\n")
        clock.now += 300


def test_a_client_that_came_again_twice_passes(greeted, clock):
    client = greeted()
    for number in range(2):
        client.say(b"MAIL FROM:<%c@b.test>\r\n" % (ord("a") + number))
        assert b"451" == client.say(TO)[:3]
        clock.now += 300
        assert b"250" == client.say(TO)[:3]
        client.say(b"RSET\r\n")
    client.say(b"MAIL FROM:<other@elsewhere.test>\r\n")
    assert b"250" == client.say(TO)[:3]


def test_mail_without_a_sender_is_refused_at_data(greeted, clock):
    """
    Other hosts ask by RCPT whether a sender exists, and would take a refusal for a no.
    """
    client = greeted()
    client.say(b"MAIL FROM:<>\r\n")
    assert b"250 2.1.5 Ok\r\n" == client.say(TO)
    assert b"451 4.7.1 Greylisted, try again in 300 seconds\r\n" == client.say(b"DATA\r\n")
    client.say(b"RSET\r\n")
    clock.now += 300
    client.say(b"MAIL FROM:<>\r\n")
    client.say(TO)
    assert b"354" == client.say(b"DATA\r\n")[:3]
    client.say(b".\r\n")


def test_a_trusted_client_is_not_asked_about(greeted, writer):
    client = greeted("127.0.0.1")
    client.say(FROM)
    assert (b"250", 0) == (client.say(TO)[:3], writer.count)


def test_no_row_is_made_for_a_recipient_that_is_refused_anyway(greeted, writer):
    """
    Otherwise anyone could fill the table by relay attempts.
    """
    client = greeted()
    client.say(FROM)
    assert (b"554", 0) == (client.say(b"RCPT TO:<c@elsewhere.test>\r\n")[:3], writer.count)


def test_a_row_that_cannot_be_written_still_makes_the_mail_come_again(greeted, writer):
    writer.error = StorageFailure("disk full")
    client = greeted()
    client.say(FROM)
    assert b"451 4.7.1 " == client.say(TO)[:10]


def test_a_queue_that_cannot_be_read_greylists_no_mail(context, greeted, writer, clock, tmp_path):
    """
    The end of data has its own reply to that.
    """
    nowhere = SqliteEngine(tmp_path / "nowhere" / "queue.db", max_leases=20)
    context.greylist = Greylist(RULES, SharedReader(nowhere.open_reader), writer, clock)
    client = greeted()
    client.say(FROM)
    assert b"250 2.1.5 Ok\r\n" == client.say(TO)
