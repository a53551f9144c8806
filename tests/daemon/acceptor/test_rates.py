"""How often clients and accounts may do things, over real rows."""

from collections.abc import Iterator
from ipaddress import ip_address

import gevent
import pytest

from empath.config.tables.limits import Limits
from empath.daemon.acceptor.rates import ListenerRates, RateMeter
from empath.daemon.process.hub_writer import HubWriter
from empath.errors import QueueBusy
from empath.policy.limits.rate import Rate
from empath.policy.limits.refusal import REPLIES, Limit
from empath.policy.login.account import LoggedIn
from empath.storage.queue.rates import RateKey
from tests.kit.queue import Queue, select, violations, write

TEN = Rate(10, 3600.0)
KEY = RateKey("message_rate_per_client", "192.0.2.1")
ALICE = LoggedIn("alice", None)
ONE, OURS = ip_address("192.0.2.1"), ip_address("127.0.0.1")


class Clock:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class DirectWriter(HubWriter):
    """Commits in the calling greenlet, and counts the commits; raises `error` instead, if there is one."""

    def __init__(self, queue):
        self.queue = queue
        self.commits = 0
        self.error = None

    def commit(self, write, *, is_last=False):
        self.commits += 1
        if self.error is not None:
            raise self.error
        return self.queue.done(write)


@pytest.fixture
def queue(tmp_path) -> Iterator[Queue]:
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()
    assert {} == violations(made.path)


@pytest.fixture
def writer(queue) -> DirectWriter:
    return DirectWriter(queue)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_rate_is_used_up_once(writer, clock):
    """
    The row is touched once, whatever the number of uses within a second.
    """
    meter = RateMeter(writer, 1, clock)
    assert [True] * 10 + [False] * 90 == [meter.take(KEY, TEN) for _ in range(100)]
    assert 1 == writer.commits


def test_acceptors_keep_to_a_rate_together(writer, clock):
    """
    To a client they are one server.
    """
    first, second = RateMeter(writer, 2, clock), RateMeter(writer, 2, clock)
    assert [True] * 10 == [meter.take(KEY, TEN) for meter in (first, second) for _ in range(5)]
    clock.now += 1.1
    assert [False, False] == [meter.take(KEY, TEN) for meter in (first, second)]


def test_tokens_that_no_client_asks_for_are_returned(writer, clock):
    """
    Another acceptor may need them: the client connects to whichever is quicker.
    """
    first, second = RateMeter(writer, 1, clock), RateMeter(writer, 1, clock)
    assert first.take(KEY, TEN)
    assert not second.take(KEY, TEN)  # the first one holds all of the rest
    for _ in range(2):
        clock.now += 1.1
        first.settle()
    assert [True] * 9 + [False] == [second.take(KEY, TEN) for _ in range(10)]


def test_an_acceptor_that_goes_on_returns_what_it_holds_each_second(writer, clock):
    """
    Tokens that are held for long would be used in addition to those that the row gets meanwhile.
    """
    meter = RateMeter(writer, 1, clock)
    assert [True] * 5 == [meter.take(KEY, TEN) for _ in range(5)]
    clock.now += 1.1
    assert [True] * 5 + [False] == [meter.take(KEY, TEN) for _ in range(6)]
    assert 2 == writer.commits


def test_a_new_acceptor_knows_what_was_used(writer, clock):
    """
    A reload must not give each client all of its rate again.
    """
    old = RateMeter(writer, 1, clock)
    assert [True] * 10 == [old.take(KEY, TEN) for _ in range(10)]
    assert not RateMeter(writer, 1, clock).take(KEY, TEN)


def test_an_operator_gives_a_client_its_rate_back(writer, clock, queue):
    meter = RateMeter(writer, 1, clock)
    assert [True] * 10 == [meter.take(KEY, TEN) for _ in range(10)]
    assert [("message_rate_per_client", "192.0.2.1", "")] == select(
        queue.path, "SELECT name, holder, listener FROM rate"
    )
    write(queue.path, "DELETE FROM rate WHERE holder = '192.0.2.1'")
    clock.now += 1.1
    assert meter.take(KEY, TEN)
    assert [("sql", "192.0.2.1", "message_rate_per_client")] == select(
        queue.path, "SELECT who, object, what FROM audit"
    )


def test_clients_are_admitted_while_the_queue_cannot_be_written(writer, clock):
    """
    No mail is accepted then; a client is to hear 451 for it, and not a word about its rate.
    """
    writer.error = QueueBusy("locked")
    meter = RateMeter(writer, 1, clock)
    assert meter.take(KEY, TEN)


def test_clients_that_ask_at_the_same_time_share_one_exchange(queue):
    """
    A burst of a hundred clients of one network must not write its row a hundred times.
    """

    class SlowWriter(DirectWriter):
        """Lets other greenlets run before it commits."""

        def commit(self, write, *, is_last=False):
            gevent.sleep(0)
            return super().commit(write)

    writer = SlowWriter(queue)
    meter = RateMeter(writer, 1)
    asking = [gevent.spawn(meter.take, KEY, TEN) for _ in range(20)]
    assert 10 == [each.get() for each in asking].count(True)
    assert 1 == writer.commits


def test_a_burst_at_one_acceptor_waits_for_the_shares_of_the_others(writer):
    """
    All connections of a client may have come to the same acceptor. It gets all of its rate, a second later.
    """
    meter = RateMeter(writer, 2)
    assert [True] * 10 + [False] == [meter.take(KEY, TEN) for _ in range(11)]
    assert 2 == writer.commits


def test_rows_that_mean_nothing_are_removed(writer, clock, queue):
    """
    The table would else have a row for each client that ever came.
    """
    meter = RateMeter(writer, 1, clock)
    meter.take(KEY, TEN)
    write(queue.path, "UPDATE _rate SET full_at = 1.0")
    clock.now += 20.0
    meter.settle()
    meter.settle()
    assert [] == select(queue.path, "SELECT name FROM _rate WHERE full_at = 1.0")


def limits(**given: str) -> Limits:
    return Limits.model_validate(given)


@pytest.fixture
def rates_of(writer, clock):
    """Makes the rates of a listener; `OURS` is trusted."""

    def make(scope: str = "", **given: str) -> ListenerRates:
        return ListenerRates(RateMeter(writer, 1, clock), limits(**given), scope, lambda client: client == OURS)

    return make


def test_each_rate_has_its_own_refusal(rates_of):
    rates = rates_of(message_rate_per_client="1/1h", recipient_rate_per_client="2/1h")
    taken = [rates.take(limit, ONE) for limit in (Limit.MESSAGE_RATE, Limit.RECIPIENT_RATE) for _ in range(3)]
    messages, recipients = REPLIES[Limit.MESSAGE_RATE], REPLIES[Limit.RECIPIENT_RATE]
    assert [None, messages, messages, None, None, recipients] == taken


def test_clients_of_ours_have_no_rate(rates_of):
    """
    One internal mail hub stands for many users, as for the number of connections.
    """
    rates = rates_of(message_rate_per_client="1/1h", connection_rate_per_client="1/1h")
    assert [None] * 6 == [
        *(rates.take(Limit.MESSAGE_RATE, OURS) for _ in range(3)),
        *(rates.admit(OURS) for _ in range(3)),
    ]


def test_an_account_has_a_rate_wherever_it_comes_from(rates_of):
    """
    A password that was stolen is used from many addresses, perhaps from one of ours.
    """
    rates = rates_of(message_rate_per_account="2/1h")
    clients = (ONE, OURS, ip_address("198.51.100.1"))
    assert [None, None, REPLIES[Limit.MESSAGE_RATE]] == [
        rates.take(Limit.MESSAGE_RATE, client, ALICE) for client in clients
    ]
    assert None is rates.take(Limit.MESSAGE_RATE, ONE, LoggedIn("bob", None))


def test_an_account_may_have_a_rate_of_its_own(rates_of):
    rates = rates_of(message_rate_per_account="1/1h")
    assert [None, None, None] == [
        rates.take(Limit.MESSAGE_RATE, ONE, LoggedIn("alice", None, message_rate=TEN)) for _ in range(3)
    ]


def test_a_listener_with_limits_of_its_own_counts_apart(rates_of):
    everywhere, here = (rates_of(scope, message_rate_per_client="1/1h") for scope in ("", "192.0.2.200:25"))
    assert [None, None] == [rates.take(Limit.MESSAGE_RATE, ONE) for rates in (everywhere, here)]


def test_a_rate_changes_for_clients_that_are_connected(rates_of):
    """
    Who sends too much does so in a session that has begun.
    """
    rates = rates_of()
    assert [None, None] == [rates.take(Limit.MESSAGE_RATE, ONE) for _ in range(2)]
    rates.change(limits(message_rate_per_client="1/1h"), "192.0.2.200:25")
    assert [None, REPLIES[Limit.MESSAGE_RATE]] == [rates.take(Limit.MESSAGE_RATE, ONE) for _ in range(2)]
    rates.change(limits(), "")
    assert None is rates.take(Limit.MESSAGE_RATE, ONE)


def test_a_client_that_made_too_many_errors_is_not_admitted(rates_of):
    """
    Its sessions end at the same rate, and it would connect again at once.
    """
    rates = rates_of(error_rate_per_client="2/1h")
    assert [None] * 5 == [rates.admit(ONE) for _ in range(5)]
    for _ in range(2):
        rates.take(Limit.ERROR_RATE, ONE)
    assert REPLIES[Limit.ERROR_RATE] == rates.admit(ONE)


def test_a_network_on_ipv6_is_one_client(rates_of):
    rates = rates_of(connection_rate_per_client="1/1h")
    clients = (ip_address("2001:db8::1"), ip_address("2001:db8::2"), ip_address("2001:db8:0:1::1"))
    assert [None, REPLIES[Limit.CONNECTION_RATE], None] == [rates.admit(client) for client in clients]


def test_a_session_hears_of_each_rate(make_context, visit, writer):
    """
    The recipients before the limit stay valid, and a client that only makes errors is sent away.
    """
    settings = """
        [receiving.limits]
        message_rate_per_client = "2/1h"
        recipient_rate_per_client = "3/1h"
        error_rate_per_client = "3/1h"
        [relay]
        networks = []
        domains = ["d.test"]
    """
    context = make_context(more=settings, rate_writer=writer)
    client = visit(context)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    client.say(b"MAIL FROM:<a@b.test>\r\n")
    replies = [client.say(b"RCPT TO:<c@d.test>\r\n")[:9] for _ in range(4)]
    assert [b"250 2.1.5"] * 3 + [b"450 4.7.1"] == replies
    replies = [client.say(octets)[:9] for octets in (b"RSET\r\n", b"MAIL FROM:<a@b.test>\r\n", b"RSET\r\n")]
    assert [b"250 2.0.0", b"250 2.1.0", b"250 2.0.0"] == replies
    assert b"450 4.7.1" == client.say(b"MAIL FROM:<a@b.test>\r\n")[:9]
    heard = b""
    while b"421 4.7.0 Too many errors in a short time" not in heard:
        heard += client.say(b"NONSENSE\r\n")
    assert 4 == heard.count(b"500 5.5.2")
    counts = context.tally.counts
    assert (1, 1, 1) == (counts[Limit.RECIPIENT_RATE], counts[Limit.MESSAGE_RATE], counts[Limit.ERROR_RATE])
