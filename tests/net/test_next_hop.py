"""A search for hosts with a real name server and a limit of time."""

import ipaddress
import random
from typing import Any

import gevent
import pytest
from gevent.event import Event

from empath.mail.lookup import Absent, Addresses, Exchanger, Exchangers, Kind, Security
from empath.mail.reply import Reply
from empath.net.dns_cache import CachingResolver
from empath.net.hosts_file import HostsFile
from empath.net.next_hop import NextHops
from empath.net.next_hop import hosts_of as hosts_of_route
from empath.net.resolver import DnsResolver
from empath.policy.dane import TlsaState
from empath.policy.hosts.search import Host, HostRules, NoHost
from empath.policy.routing import ListRoute, MxRoute, SmtpRoute, parse_route_list
from tests.kit.dns import DOCUMENTATION, ScriptedDns

RULES = HostRules(allowed=(ipaddress.ip_network("127.0.0.0/8"), *DOCUMENTATION))


@pytest.fixture
def script():
    """A running name server that knows nothing yet."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture(params=[True, False], ids=["cached", "plain"])
def hops(request, script):
    """The search with and without a cache."""
    asker = DnsResolver((script.address,), timeout_s=10.0)
    resolver = CachingResolver(asker, question_s=10.0) if request.param else asker
    return NextHops(resolver, lambda: RULES, timeout_s=20.0, random=random.Random(1).random)


def test_hosts_of_a_domain_are_found_by_mx_and_address(script, hops):
    """
    An exchanger that is an alias is followed. RFC 5321 §5.1 forbids it, but domains have it.
    """
    script.mx("x.test", (20, "b.test"), (5, "alias.test")).cname("alias.test", "a.test")
    script.a("a.test", "127.0.0.2").a("b.test", "127.0.0.3")
    expected = (Host("alias.test", "127.0.0.2", 25), Host("b.test", "127.0.0.3", 25))
    assert expected == hops.find(MxRoute(), "x.test")


def test_a_fixed_host_is_found_by_its_address_records_alone(script, hops):
    """
    It needs no MX look-up.
    """
    script.mx("relay.test", (5, "a.test")).a("relay.test", "127.0.0.2")
    assert (Host("relay.test", "127.0.0.2", 2525),) == hops.find(SmtpRoute("relay.test", 2525), "x.test")
    assert [("relay.test", "A"), ("relay.test", "AAAA")] == sorted(script.asked)


def test_where_there_is_no_host_the_reply_says_why(script, hops):
    """
    The words come from policy.
    """
    found = hops.find(MxRoute(), "x.test")
    assert isinstance(found, NoHost)
    assert "550 5.4.4 no address for x.test" == str(found.reply)


def hosts_of(hops, route):
    """The hosts of x.test by one search, which must find some."""
    found = hops.find(route, "x.test")
    assert not isinstance(found, NoHost)
    return found


class FakeResolver:
    """A hundred exchangers, the better half without an address; each look-up takes a second of the clock."""

    def __init__(self):
        self.now = 0.0
        self.sizes = []

    def look_up(self, questions, within_s):
        self.sizes.append(len(questions))
        self.now += 1.0
        if questions[0].kind is Kind.MX:
            return [Exchangers(tuple(Exchanger(5, f"h{n}.test") for n in range(100)), 60)]
        if len(self.sizes) < 4:
            return [Absent("NODATA", 60)] * len(questions)
        return [Addresses((f"192.0.2.{len(self.sizes)}",), 60) for _ in questions]


def test_all_look_ups_of_an_attempt_share_one_limit_of_time():
    """
    A hundred equal exchangers are looked up with sixteen questions at a time. Answers in time are used, and no further
    question is asked.
    """
    resolver = FakeResolver()
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0, clock=lambda: resolver.now)
    found = hosts_of(hops, MxRoute())
    assert {"192.0.2.4", "192.0.2.5"} == {host.address for host in found}
    assert [1, 16, 16, 16, 16] == resolver.sizes


def test_what_this_host_is_is_asked_at_each_search():
    """
    This host may get an address meanwhile.
    """
    rules = [HostRules(own_addresses=frozenset({"192.0.2.2"})), RULES]
    hops = NextHops(FakeResolver(), rules.pop, timeout_s=5.0, clock=lambda: 0.0)
    assert isinstance(hops.find(MxRoute(), "[192.0.2.2]"), tuple)
    assert isinstance(hops.find(MxRoute(), "[192.0.2.2]"), NoHost)


class CountingResolver:
    """One exchanger with two addresses for any domain; counts its questions."""

    def __init__(self, ttl_s=60.0):
        self.calls, self.ttl_s = 0, ttl_s

    def look_up(self, questions, within_s):
        self.calls += 1
        if questions[0].kind is Kind.MX:
            return [Exchangers((Exchanger(5, "h.test"),), 60)]
        return [Addresses(("192.0.2.1", "192.0.2.2"), self.ttl_s), Absent("NODATA", 60)]


@pytest.mark.parametrize(
    ("ttl_s", "seconds", "is_asked"), [(60, 4.9, False), (60, 5.0, True), (2, 2.0, True), (0, 0, True)]
)
def test_a_search_serves_others_for_some_seconds(ttl_s, seconds, is_asked):
    """
    At most for as long as its answers are valid.
    """
    resolver, now = CountingResolver(ttl_s), [0.0]
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0, clock=lambda: now[0])
    hops.find(MxRoute(), "x.test")
    now[0] = seconds
    hops.find(MxRoute(), "x.test")
    assert (4 if is_asked else 2) == resolver.calls


class SlowResolver(CountingResolver):
    """Answers once its gate is open, or fails."""

    def __init__(self):
        super().__init__()
        self.gate, self.error = Event(), None

    def look_up(self, questions, within_s):
        self.gate.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return super().look_up(questions, within_s)


@pytest.mark.parametrize("is_found", [True, False])
def test_all_leases_of_a_destination_share_one_search(is_found):
    """
    A hundred of them start at once after a pause. A search without a result is shared, too, but not remembered.
    """
    resolver = SlowResolver()
    rules = RULES if is_found else HostRules(own_names=frozenset({"h.test"}), allowed=DOCUMENTATION)
    hops = NextHops(resolver, lambda: rules, timeout_s=5.0)
    waiting = [gevent.spawn(hops.find, MxRoute(), "x.test") for _ in range(100)]
    gevent.idle()
    resolver.gate.set()
    gevent.joinall(waiting)
    assert ({not is_found}, 2 if is_found else 1) == (
        {isinstance(greenlet.get(), NoHost) for greenlet in waiting},
        resolver.calls,
    )


def test_a_search_that_failed_is_begun_anew_by_one_that_waited():
    """
    The death of one lease must not end the others.
    """
    resolver = SlowResolver()
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0)
    first, *others = [gevent.spawn(hops.find, MxRoute(), "x.test") for _ in range(3)]
    gevent.idle()
    first.kill()
    resolver.gate.set()
    gevent.joinall(others)
    assert ([True, True], 2) == ([isinstance(each.get(), tuple) for each in others], resolver.calls)


def test_a_search_by_other_rules_is_not_shared():
    """
    A new address of this host rules out a host that was acceptable before.
    """
    resolver = SlowResolver()
    rules = [HostRules(own_names=frozenset({"h.test"}), allowed=DOCUMENTATION), RULES]
    hops = NextHops(resolver, rules.pop, timeout_s=5.0)
    before, after = [gevent.spawn(hops.find, MxRoute(), "x.test") for _ in range(2)]
    gevent.idle()
    resolver.gate.set()
    assert (True, True) == (isinstance(before.get(), tuple), isinstance(after.get(), NoHost))


def test_the_host_of_a_route_may_be_a_name_of_the_hosts_file(tmp_path):
    """
    It may be a smarthost or a local filter without a DNS entry. localhost is this host, whatever the file says.
    """
    (tmp_path / "hosts").write_text("192.0.2.7 Filter.internal filter # ours\n")
    resolver = CountingResolver()
    file = HostsFile(str(tmp_path / "hosts"))
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0, hosts_file=file, random=random.Random(1).random)
    found = [hosts_of(hops, SmtpRoute(name, 2525)) for name in ("filter", "filter.internal", "localhost")]
    assert ([["192.0.2.7"], ["192.0.2.7"], ["127.0.0.1", "::1"]], 0) == (
        [sorted(host.address for host in each) for each in found],
        resolver.calls,
    )


def test_an_exchanger_is_no_name_of_the_hosts_file(tmp_path):
    """
    The owner of a zone must not choose among the names of this host.
    """
    (tmp_path / "hosts").write_text("192.0.2.7 h.test x.test\n")
    hops = NextHops(CountingResolver(), lambda: RULES, timeout_s=5.0, hosts_file=HostsFile(str(tmp_path / "hosts")))
    assert {"192.0.2.1", "192.0.2.2"} == {host.address for host in hosts_of(hops, MxRoute())}


def test_equals_are_drawn_anew_from_one_search():
    """
    RFC 5321 §5.1: load is spread.
    """
    resolver = CountingResolver()
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0, clock=lambda: 0.0, random=random.Random(1).random)
    firsts = {hosts_of(hops, MxRoute())[0].address for _ in range(30)}
    assert ({"192.0.2.1", "192.0.2.2"}, 2) == (firsts, resolver.calls)


def test_searches_that_are_remembered_are_bounded():
    """
    Mail to a million domains must not cost memory for a million.
    """
    resolver = CountingResolver()
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0, clock=lambda: 0.0)
    for number in range(2500):
        hops.find(MxRoute(), f"{number}.test")
    resolver.calls = 0
    for number in range(2500):
        hops.find(MxRoute(), f"{2499 - number}.test")
    assert 2 * (2500 - 250) == resolver.calls


@pytest.fixture
def secure_hops(script):
    """The search with DNSSEC."""
    asker = DnsResolver((script.address,), timeout_s=10.0, with_dnssec=True, is_trusted=lambda _: True)
    return NextHops(CachingResolver(asker, question_s=10.0), lambda: RULES, timeout_s=20.0)


def test_tlsa_records_of_a_secure_host_are_looked_up_once(script, secure_hops):
    """
    Each connection asks, and the cache answers.
    """
    script.secure("test").mx("x.test", (5, "mx.test")).a("mx.test", "127.0.0.2")
    script.tlsa("_25._tcp.mx.test", f"3 1 1 {'ab' * 32}")
    [host] = hosts_of(secure_hops, MxRoute())
    assert Security.SECURE is host.lookups.security
    for _ in range(2):
        findings = secure_hops.tlsa(host)
    assert (TlsaState.USABLE, ("mx.test", "x.test"), "mx.test") == (findings.state, findings.names, findings.base)
    assert 1 == script.count("_25._tcp.mx.test", "TLSA")


def test_a_host_of_a_route_is_asked_for_tlsa_at_its_port(script, secure_hops):
    """
    RFC 7672 §2.2.1: the operator names the host, so no MX record has to be signed.
    """
    script.secure("test").cname("relay.test", "real.test").a("real.test", "127.0.0.2")
    script.tlsa("_587._tcp.real.test", f"2 1 1 {'ab' * 32}")
    [host] = hosts_of(secure_hops, SmtpRoute("relay.test", 587))
    findings = secure_hops.tlsa(host)
    assert (TlsaState.USABLE, ("real.test", "relay.test")) == (findings.state, findings.names)


def test_an_insecure_host_is_not_asked_for_tlsa(script, secure_hops):
    """
    Nor is an address, or a host of /etc/hosts.
    """
    script.secure("test").insecure("mx.test").mx("x.test", (5, "mx.test")).a("mx.test", "127.0.0.2")
    routes = (MxRoute(), SmtpRoute("127.0.0.2", 25), SmtpRoute("localhost", 25))
    hosts = [hosts_of(secure_hops, route)[0] for route in routes]
    assert ["insecure", "unchecked", "unchecked"] == [host.lookups.security.value for host in hosts]
    assert [TlsaState.NONE] * 3 == [secure_hops.tlsa(host).state for host in hosts]
    assert not [name for name, kind in script.asked if kind == "TLSA"]


def test_a_search_without_time_left_fails_for_tlsa(script, secure_hops):
    """
    A look-up that was not made is not an absence.
    """
    script.secure("test").mx("x.test", (5, "mx.test")).a("mx.test", "127.0.0.2").fail("_25._tcp.mx.test", "TLSA")
    [host] = hosts_of(secure_hops, MxRoute())
    assert TlsaState.FAILED is secure_hops.tlsa(host).state


def test_a_domain_with_a_wrong_signature_has_no_host_for_now(script, secure_hops):
    """
    The row of the attempt says that it is no ordinary failure.
    """
    script.bogus("x.test", "MX")
    found = secure_hops.find(MxRoute(), "x.test")
    assert isinstance(found, NoHost)
    assert (4, Security.BOGUS) == (found.reply.klass, found.security)


def test_a_search_is_forgotten_with_the_answers():
    """
    It serves for five seconds otherwise, and an order to ask anew acts within one.
    """
    resolver = CountingResolver()
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0)
    for _ in range(2):
        hops.find(MxRoute(), "x.test")
        hops.find(MxRoute(), "x.test")
        hops.forget()
    assert 4 == resolver.calls


def test_a_search_that_is_under_way_does_not_serve_after_it_is_forgotten():
    """
    Its answers may be from before the order. Those who wait for it get them.
    """
    resolver = SlowResolver()
    hops = NextHops(resolver, lambda: RULES, timeout_s=5.0)
    early = gevent.spawn(hops.find, MxRoute(), "x.test")
    gevent.idle()
    hops.forget()
    resolver.gate.set()
    assert isinstance(early.get(), tuple)
    hops.find(MxRoute(), "x.test")
    assert 4 == resolver.calls


def test_the_hops_of_a_list_are_looked_up_at_the_same_time():
    """
    One whose zone hangs must not add its wait to that of another one.
    """
    under_way = []
    released = Event()

    class Waiting:
        def find(self, route, domain):
            under_way.append(route.host)
            if len(under_way) == 3:
                released.set()
            assert released.wait(10.0)
            return (
                NoHost(Reply.of("451 4.4.3 no answer")) if route.host == "b" else (Host(route.host, "192.0.2.1", 25),)
            )

    finder: Any = Waiting()
    route = parse_route_list(["smtp://a", "smtp://b", "lmtp:/run/c", "smtp://d"])
    assert isinstance(route, ListRoute)
    found = hosts_of_route(finder, route, "x.test", lambda: 0.5)
    assert isinstance(found, tuple)
    assert {"a", "b", "d"} == set(under_way)
    assert {"/run/c", "a", "d"} == {host.name for host in found}


def test_a_list_with_mx_asks_for_the_domain_of_the_recipient(script, hops):
    """
    Its destination is that domain.
    """
    script.mx("x.test", (5, "a.test")).a("a.test", "127.0.0.2")
    route = parse_route_list(["mx", "backup smtp://b.test"])
    assert isinstance(route, ListRoute)
    assert (Host("a.test", "127.0.0.2", 25),) == hosts_of_route(hops, route, route.destination("x.test"))
    assert "b.test" not in {name for name, _ in script.asked}
