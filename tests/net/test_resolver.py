"""Which hosts take the mail of a domain, as a real resolver asks a scripted name server."""

import dns.rcode
import pytest

from empath.net.resolver import DnsResolver, Host, ResolutionFailed
from tests.kit.dns import ScriptedDns


@pytest.fixture
def script():
    """A running name server that knows nothing yet."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def resolver(script):
    """A resolver that asks it."""
    return DnsResolver((script.address,), timeout_s=10.0)


def refusal(call, *arguments):
    """Code, enhanced status and text of what a look-up ends with."""
    with pytest.raises(ResolutionFailed) as caught:
        call(*arguments)
    return caught.value.reply.code, str(caught.value.reply.enhanced), caught.value.reply.text


def test_hosts_come_in_the_order_of_preference(script, resolver):
    """
    RFC 5321 §5.1: lowest number first, whatever the order of the records.
    """
    script.mx("example.org", (20, "b.test"), (5, "a.test"), (100, "c.test"))
    script.a("a.test", "127.0.0.2").a("b.test", "127.0.0.3").a("c.test", "127.0.0.4")
    expected = [Host("a.test", "127.0.0.2", 25), Host("b.test", "127.0.0.3", 25), Host("c.test", "127.0.0.4", 25)]
    assert expected == resolver.mail_hosts("example.org")


def test_both_families_of_a_host_are_tried(script, resolver):
    """
    IPv4 first.
    """
    script.mx("example.org", (5, "a.test")).a("a.test", "127.0.0.2").aaaa("a.test", "::1")
    assert ["127.0.0.2", "::1"] == [host.address for host in resolver.mail_hosts("example.org")]


def test_an_exchanger_that_is_an_alias_is_followed(script, resolver):
    """
    RFC 5321 §5.1 forbids it, domains do it.
    """
    script.mx("example.org", (5, "alias.test")).cname("alias.test", "a.test").a("a.test", "127.0.0.2")
    assert [Host("alias.test", "127.0.0.2", 25)] == resolver.mail_hosts("example.org")


@pytest.mark.parametrize("has_name", [True, False])
def test_without_mx_the_domain_is_its_own_exchanger(script, resolver, has_name):
    """
    RFC 5321 §5.1, for NODATA; where the domain is not there at all, its address is asked for once more.
    """
    if has_name:
        script.a("example.org", "127.0.0.2")
        assert [Host("example.org", "127.0.0.2", 25)] == resolver.mail_hosts("example.org")
    else:
        assert (550, "5.4.4", "no address for example.org") == refusal(resolver.mail_hosts, "example.org")


def test_a_null_mx_takes_no_mail_and_has_no_address(script, resolver):
    """
    RFC 7505 §3: no look-up of an address follows.
    """
    script.mx("example.org", (0, ".")).a("example.org", "127.0.0.2")
    assert (556, "5.1.10", "example.org accepts no mail") == refusal(resolver.mail_hosts, "example.org")
    assert [("example.org", "MX")] == script.asked


def test_a_dot_among_other_exchangers_is_no_null_mx(script, resolver):
    """
    RFC 7505 §3: a null MX stands alone.
    """
    script.mx("example.org", (0, "."), (5, "a.test")).a("a.test", "127.0.0.2")
    assert [Host("a.test", "127.0.0.2", 25)] == resolver.mail_hosts("example.org")


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_failed_mx_look_up_defers_and_asks_no_address(script, resolver, code):
    """
    The address might be a web server's: mail would bounce that is only to wait.
    """
    script.a("example.org", "127.0.0.2").fail("example.org", "MX", code)
    expected = (451, "4.4.3", "example.org: MX look-up failed: NoNameservers")
    assert expected == refusal(resolver.mail_hosts, "example.org")
    assert {("example.org", "MX")} == set(script.asked)


def test_a_name_server_that_is_silent_defers_within_the_time(script):
    """
    A look-up has one limit of time over all its tries.
    """
    script.ignore("example.org", "MX")
    resolver = DnsResolver((script.address,), timeout_s=0.1)
    expected = (451, "4.4.3", "example.org: MX look-up failed: LifetimeTimeout")
    assert expected == refusal(resolver.mail_hosts, "example.org")


def test_without_any_name_server_a_look_up_defers(tmp_path):
    """
    A host may have none configured and send all its mail to a fixed address.
    """
    resolver = DnsResolver(system=str(tmp_path / "resolv.conf"))
    assert [Host("127.0.0.1", "127.0.0.1", 2525)] == resolver.addresses("127.0.0.1", 2525)
    assert (451, "4.4.3") == refusal(resolver.mail_hosts, "example.org")[:2]


def test_the_name_servers_of_the_system_are_those_of_its_file(tmp_path):
    """
    None is configured in most places.
    """
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.9\n")
    resolver = DnsResolver(system=str(tmp_path / "resolv.conf"), timeout_s=0.1)
    assert ["127.0.0.9"] == resolver._resolver.nameservers


def test_exchangers_without_address_are_passed_over(script, resolver):
    """
    One dead name must not cost the mail.
    """
    script.mx("example.org", (5, "gone.test"), (10, "empty.test"), (20, "a.test"))
    script.a("empty.test").a("a.test", "127.0.0.2")
    assert [Host("a.test", "127.0.0.2", 25)] == resolver.mail_hosts("example.org")


def test_exchangers_that_all_have_no_address_bounce_and_the_domain_is_not_tried(script, resolver):
    """
    RFC 5321 §5.1: with MX records, the domain's own address means nothing.
    """
    script.mx("example.org", (5, "gone.test")).a("example.org", "127.0.0.2")
    assert (550, "5.4.4", "no address for gone.test") == refusal(resolver.mail_hosts, "example.org")


@pytest.mark.parametrize("order", [("soft.test", "hard.test"), ("hard.test", "soft.test")])
def test_one_exchanger_that_may_come_back_defers(script, resolver, order):
    """
    Doubt dominates, before and after.
    """
    script.mx("example.org", (5, order[0]), (10, order[1])).fail("soft.test", "A")
    assert (451, "4.4.3") == refusal(resolver.mail_hosts, "example.org")[:2]


def test_hosts_of_one_attempt_are_bounded(script, resolver):
    """
    A domain may name a thousand; one message must not knock at each.
    """
    script.mx("example.org", *((n, f"h{n}.test") for n in range(1, 9)))
    for n in range(1, 9):
        script.a(f"h{n}.test", f"127.0.1.{n}", f"127.0.2.{n}")
    expected = ["127.0.1.1", "127.0.2.1", "127.0.1.2", "127.0.2.2", "127.0.1.3"]
    assert expected == [host.address for host in resolver.mail_hosts("example.org")]


@pytest.mark.parametrize(("domain", "address"), [("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:db8::1]", "2001:db8::1")])
def test_an_address_literal_is_asked_of_nobody(script, resolver, domain, address):
    """
    RFC 5321 §4.1.3.
    """
    assert [Host(domain, address, 25)] == resolver.mail_hosts(domain)
    assert [] == script.asked


@pytest.mark.parametrize("name", ["192.0.2.1", "2001:db8::1"])
def test_an_exchanger_that_is_an_address_is_taken_as_one(script, resolver, name):
    """
    Wrong, and what is meant is plain.
    """
    assert [Host(name, name, 2525)] == resolver.addresses(name, 2525)
    assert [] == script.asked


def test_a_host_with_a_name_is_looked_up_without_mx(script, resolver):
    """
    The route says which host it means.
    """
    script.mx("relay.test", (5, "a.test")).a("relay.test", "127.0.0.2", "127.0.0.3")
    expected = [Host("relay.test", "127.0.0.2", 2525), Host("relay.test", "127.0.0.3", 2525)]
    assert expected == resolver.addresses("relay.test", 2525)


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 53),
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("[::1]:5353", "::1", 5353),
        ("::1", "::1", 53),
        ("[::1]", "::1", 53),
    ],
)
def test_name_servers_have_a_port_if_it_is_not_53(text, address, port):
    """
    As the configuration has them.
    """
    [server] = DnsResolver((text,))._resolver.nameservers
    assert (address, port) == (server.address, server.port)
