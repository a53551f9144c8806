"""Which hosts accept the mail of a domain, and in which order: every possible answer of the DNS, without a DNS."""

import ipaddress
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.lookup import Absent, Addresses, Exchanger, Exchangers, Failed, Kind, Question, Security, weakest
from empath.policy.hosts.search import MAX_HOSTS, Host, HostLookups, HostRules, HostSearch, NoHost, Verdict
from empath.policy.routing import MxRoute, SmtpRoute
from tests.kit.dns import DOCUMENTATION

NXDOMAIN, NODATA, SERVFAIL = Absent("NXDOMAIN", 60), Absent("NODATA", 60), Failed("SERVFAIL")
OURS = HostRules(
    own_names=frozenset({"mx.us.test"}),
    own_addresses=frozenset({"192.0.2.9", "2001:db8::9", "127.0.0.1", "::1"}),
    listeners=frozenset({("0.0.0.0", 25), ("::", 25), ("192.0.2.9", 587)}),
    allowed=DOCUMENTATION,
)
RELAY = SmtpRoute("relay.test", 25)


def mx(*records):
    return Exchangers(tuple(sorted(Exchanger(preference, name) for preference, name in records)), 60)


def search(zone, domain="x.test", *, route=None, rules=OURS):
    """A finished search over *zone*: name -> MX answer, or list of addresses, or the answer to A and AAAA."""
    found = HostSearch(route or MxRoute(), domain, rules)
    while found.wanted:
        found.learn([answer(zone, question) for question in found.wanted])
    return found


def answer(zone, question):
    if question.kind is Kind.MX:
        return zone.get("MX", NODATA)
    said = zone.get(question, zone.get(question.name, NXDOMAIN))
    if not isinstance(said, list):
        return said
    of_kind = tuple(address for address in said if (":" in address) == (question.kind is Kind.AAAA))
    return Addresses(of_kind, 60) if of_kind else NODATA


def hosts(zone, domain="x.test", *, seed=1, **more):
    """Name and address of each host, in order."""
    found = search(zone, domain, **more).hosts(random.Random(seed).random)
    assert isinstance(found, tuple), found
    return [(host.name, host.address) for host in found]


def refusal(zone, domain="x.test", **more):
    """The reply of a search without a host."""
    found = search(zone, domain, **more).hosts(random.random)
    assert isinstance(found, NoHost), found
    return str(found.reply)


# --- A domain that the operator names in place of the recipient's


@pytest.mark.parametrize(
    ("zone", "reply"),
    [
        ({"MX": mx((0, ""))}, "451 4.3.5 next hop hub.test: hub.test accepts no mail"),
        ({"MX": mx((5, "mx.us.test"))}, "451 4.3.5 next hop hub.test: mail for hub.test loops back to myself"),
        ({}, "451 4.3.5 next hop hub.test: no address for hub.test"),
        ({"MX": SERVFAIL}, "451 4.4.3 hub.test: MX look-up failed: SERVFAIL"),
    ],
)
def test_e7_a_mistake_in_a_named_domain_is_not_the_senders(zone, reply):
    """
    The recipient's domain takes mail; this host's configuration is wrong, so the mail waits.
    """
    assert reply == refusal(zone, route=MxRoute("hub.test"))


def test_the_records_of_a_named_domain_count():
    """
    As of a relay host without brackets in Postfix. A greeting by our name is then our mistake, too.
    """
    zone = {"MX": mx((5, "a.test")), "a.test": ["192.0.2.1"]}
    found = search(zone, route=MxRoute("hub.test"))
    assert Question("hub.test", Kind.MX) in found.answers
    assert [None] == [host.preference for host in found.hosts(random.random)]


def test_a_host_of_smtps_begins_with_tls():
    """
    RFC 8314 §3.3: no octet goes out in the clear.
    """
    found = search({"relay.test": ["192.0.2.1"]}, route=SmtpRoute("relay.test", 465, tls=True))
    assert (Host("relay.test", "192.0.2.1", 465, is_tls=True),) == found.hosts(random.random)


# --- E1


def test_e1_a_null_mx_bounces_at_once_and_no_address_is_asked_for():
    """
    RFC 7505 §4.2.
    """
    zone = {"MX": mx((0, "")), "x.test": ["192.0.2.1"]}
    assert "556 5.1.10 x.test accepts no mail" == refusal(zone)
    assert [Question("x.test", Kind.MX)] == list(search(zone).answers)


def test_e1_a_dot_among_other_exchangers_is_no_null_mx():
    """
    RFC 7505 §3: a null MX stands alone.
    """
    assert [("a.test", "192.0.2.1")] == hosts({"MX": mx((0, ""), (5, "a.test")), "a.test": ["192.0.2.1"]})


# --- E2


@pytest.mark.parametrize("absent", [NODATA, NXDOMAIN])
def test_e2_without_mx_the_domain_is_its_own_exchanger(absent):
    """
    RFC 5321 §5.1, both families.
    """
    found = hosts({"MX": absent, "x.test": ["192.0.2.1", "2001:db8::1"]})
    assert [("x.test", "192.0.2.1"), ("x.test", "2001:db8::1")] == sorted(found)


@pytest.mark.parametrize("absent", [NODATA, NXDOMAIN])
def test_e2_without_mx_and_without_address_it_bounces(absent):
    """
    No host is usable, and every look-up had its answer.
    """
    assert "550 5.4.4 no address for x.test" == refusal({"MX": absent, "x.test": absent})


def test_e2_an_mx_look_up_that_failed_defers_and_never_falls_back_to_the_address():
    """
    The address may be a web server's, and waiting mail would bounce there.
    """
    zone = {"MX": SERVFAIL, "x.test": ["192.0.2.1"]}
    assert "451 4.4.3 x.test: MX look-up failed: SERVFAIL" == refusal(zone)
    assert [Question("x.test", Kind.MX)] == list(search(zone).answers)


def test_e2_an_answer_to_another_question_counts_as_a_failure():
    """
    Doubt keeps the mail.
    """
    assert "451 4.4.3 x.test: MX look-up failed: an answer to another question" == refusal(
        {"MX": Addresses(("192.0.2.1",), 60)}
    )


def test_e2_an_address_look_up_that_failed_defers():
    """
    "No such record" is an answer; a name server that does not answer is a failure.
    """
    assert "451 4.4.3 x.test: A look-up failed: SERVFAIL" == refusal({"x.test": SERVFAIL})


# --- E3


def test_e3_exchangers_without_address_do_not_fall_back_to_that_of_the_domain():
    """
    RFC 5321 §5.1: with MX records the domain's own address means nothing.
    """
    zone = {"MX": mx((5, "gone.test"), (6, "none.test")), "none.test": NODATA, "x.test": ["192.0.2.1"]}
    assert "550 5.4.4 no address for gone.test, none.test" == refusal(zone)


def test_e3_of_many_exchangers_without_address_three_are_named():
    """
    People read the reply.
    """
    zone = {"MX": mx(*((n, f"h{n}.test") for n in range(5)))}
    assert "550 5.4.4 no address for h0.test, h1.test, h2.test, ..." == refusal(zone)


@pytest.mark.parametrize("names", [("soft.test", "hard.test"), ("hard.test", "soft.test")])
def test_e3_a_soft_error_dominates_hard_ones_before_and_after(names):
    """
    Mail bounces only if every look-up had an answer.
    """
    zone = {"MX": mx((5, names[0]), (10, names[1])), "soft.test": SERVFAIL}
    assert "451 4.4.3 soft.test: A look-up failed: SERVFAIL" == refusal(zone)


def test_e3_one_family_that_failed_is_enough_to_defer():
    """
    The other family has no address; the failed one may have some.
    """
    zone = {"MX": mx((5, "a.test")), "a.test": NODATA, Question("a.test", Kind.AAAA): SERVFAIL}
    assert "451 4.4.3 a.test: AAAA look-up failed: SERVFAIL" == refusal(zone)


def test_e3_exchangers_without_address_are_passed_over():
    """
    One dead name must not cost the mail, whether its failure is temporary or permanent.
    """
    zone = {
        "MX": mx((5, "gone.test"), (10, "soft.test"), (20, "a.test")),
        "soft.test": SERVFAIL,
        "a.test": ["192.0.2.1"],
    }
    assert [("a.test", "192.0.2.1")] == hosts(zone)


# --- E4


def test_e4_hosts_come_by_preference_whatever_the_order_of_the_records():
    """
    RFC 5321 §5.1: the lowest number first.
    """
    records = tuple(Exchanger(*record) for record in ((5, "a.test"), (20, "b.test"), (100, "c.test")))
    zone = {"MX": Exchangers(records, 60), "a.test": ["192.0.2.1"], "b.test": ["192.0.2.2"], "c.test": ["192.0.2.3"]}
    assert [("a.test", "192.0.2.1"), ("b.test", "192.0.2.2"), ("c.test", "192.0.2.3")] == hosts(zone)


def test_e4_equal_preferences_are_shuffled_at_each_use():
    """
    RFC 5321 §5.1: load is spread. One search gives a new order for each lease.
    """
    zone = {"MX": mx((5, "a.test"), (5, "b.test"), (5, "c.test"), (9, "d.test"))}
    zone |= {f"{name}.test": [f"192.0.2.{number}"] for number, name in enumerate("abcd", 1)}
    found = search(zone)
    draws = [[host.name for host in found.hosts(random.Random(seed).random)] for seed in range(50)]
    assert 6 == len({tuple(draw) for draw in draws})
    assert {"d.test"} == {draw[-1] for draw in draws}


def test_e4_families_of_equals_take_turns():
    """
    A host without IPv6 must not wait for four addresses of that family first.
    """
    zone = {"MX": mx((5, "a.test")), "a.test": ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]}
    for seed in range(10):
        versions = [":" in address for _, address in hosts(zone, seed=seed)]
        assert all(one != next_one for one, next_one in pairwise(versions))


@given(
    names=st.lists(st.lists(st.tuples(st.integers(4, 6), st.integers(1, 200)), max_size=9), min_size=1, max_size=6),
    preferences=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    seed=st.integers(0, 99),
)
def test_e4_of_all_addresses_five_are_tried_and_neither_family_is_hidden(names, preferences, seed):
    """
    Preference decides the order. If a family occurs within five more names, at least one of its addresses is tried.
    """
    zone = {"MX": mx(*((preference, f"h{n}.test") for n, preference in enumerate(preferences[: len(names)])))}
    for n, addresses in enumerate(names):  # 2001:db8:0:: has an address of this host
        zone[f"h{n}.test"] = [f"2001:db8:1{n}::{low}" if six == 6 else f"198.51.{n}.{low}" for six, low in addresses]
    all_of_them = {address for n in range(len(names)) for address in zone[f"h{n}.test"]}
    if not all_of_them:
        assert refusal(zone).startswith("550 5.4.4 ")
        return
    found = [(preferences[int(name[1])], address) for name, address in hosts(zone, seed=seed)]
    assert min(MAX_HOSTS, len(all_of_them)) == len({address for _, address in found}) == len(found)
    assert [preference for preference, _ in found] == sorted(preference for preference, _ in found)
    for is_six in (False, True):
        is_there = any((":" in address) == is_six for address in all_of_them)
        assert is_there == any((":" in address) == is_six for _, address in found)


def test_e4_a_search_ends_when_it_has_hosts_enough():
    """
    A thousand exchangers must not cost a thousand look-ups.
    """
    zone = {"MX": mx(*((n, f"h{n}.test") for n in range(100)))}
    zone |= {f"h{n}.test": [f"192.0.2.{n + 100}", f"2001:db8::{n + 100}"] for n in range(100)}
    assert 5 == len(hosts(zone))
    assert 1 + 2 * 3 == len(search(zone).answers)


def test_e4_of_one_family_alone_five_names_more_are_asked_for():
    """
    Most domains have no IPv6. A hundred exchangers must not cost two hundred questions for it.
    """
    zone = {"MX": mx(*((n, f"h{n:02}.test") for n in range(100)))}
    zone |= {f"h{n:02}.test": [f"192.0.2.{n + 100}"] for n in range(100)}
    assert {f"h0{n}.test" for n in range(5)} == {name for name, _ in hosts(zone)}
    assert 1 + 2 * (5 + 5) == len(search(zone).answers)


def test_e4_of_very_many_equals_some_are_drawn_and_asked_for():
    """
    RFC 5321 §5.1: load is spread over all of them, because each search draws again.
    """
    zone = {"MX": mx(*((5, f"h{n:02}.test") for n in range(100)))}
    zone |= {f"h{n:02}.test": [f"198.51.100.{n}"] for n in range(100)}
    draws = []
    for seed in range(20):
        found = HostSearch(MxRoute(), "x.test", OURS, random.Random(seed).random)
        while found.wanted:
            assert 16 >= len(found.wanted)
            found.learn([answer(zone, question) for question in found.wanted])
        assert 1 + 16 == len(found.answers)
        draws += [name for name, _ in found.answers]
    assert len(set(draws)) > 60


def test_e4_an_equal_that_is_ourselves_by_address_is_found_among_the_first_eight():
    """
    It does not matter how many hosts come before it.
    """
    zone = {"MX": mx(*((5, f"h{n}.test") for n in range(8)), (4, "a.test")), "a.test": ["192.0.2.1"]}
    zone |= {f"h{n}.test": [f"192.0.2.{n + 2}"] for n in range(8)}  # 192.0.2.9 is this host
    assert [("a.test", "192.0.2.1")] == hosts(zone)


def test_e4_no_number_of_addresses_is_too_many():
    """
    A zone may have any number; an attempt takes five.
    """
    many = [f"198.51.{n // 250}.{n % 250}" for n in range(20_000)]
    zone = {"MX": mx((5, "a.test"), (6, "b.test")), "a.test": many, "b.test": ["2001:db8::1"]}
    assert 5 == len(hosts(zone))


def test_e4_a_name_or_address_that_stands_twice_is_tried_once():
    """
    It has its best preference.
    """
    zone = {"MX": mx((5, "a.test"), (10, "b.test"), (20, "a.test")), "a.test": ["192.0.2.1"], "b.test": ["192.0.2.1"]}
    assert [("a.test", "192.0.2.1")] == hosts(zone)


def test_e4_an_exchanger_that_is_an_address_as_text_is_no_host():
    """
    RFC 5321 §5.1 wants a name there. A look-up of the text would find nothing, for each mail again.
    """
    zone = {"MX": mx((5, "192.0.2.1"), (6, "2001:db8::1"), (7, "a\\000b.test")), "x.test": ["192.0.2.1"]}
    assert "550 5.4.4 no address for 192.0.2.1, 2001:db8::1, a\\\\000b.test" == refusal(zone)
    assert 1 == len(search(zone).answers)


# --- E5


@pytest.mark.parametrize(
    "us",
    [
        {"mx.us.test": ["192.0.2.77"]},
        {"alias.test": ["192.0.2.9"]},
        {"alias.test": ["::ffff:192.0.2.9"]},
        {"alias.test": ["0.0.0.0"]},
        {"alias.test": ["::"]},
        {"alias.test": ["::ffff:0.0.0.0"]},
    ],
)
def test_e5_our_own_preference_and_all_worse_are_dropped(us):
    """
    RFC 5321 §5.1. This host is recognised by name and by address, even by an IPv4 address within IPv6, or by the
    unspecified address, which the kernel connects to this host.
    """
    [ours] = us
    zone = {"MX": mx((5, "a.test"), (10, ours), (10, "equal.test"), (20, "worse.test"))} | us
    zone |= {"a.test": ["192.0.2.1"], "equal.test": ["192.0.2.2"], "worse.test": ["192.0.2.3"]}
    assert [("a.test", "192.0.2.1")] == hosts(zone)
    assert Question("worse.test", Kind.A) not in search(zone).answers


@pytest.mark.parametrize(
    "zone", [{"MX": mx((5, "mx.us.test"), (10, "b.test")), "b.test": ["192.0.2.2"]}, {"x.test": ["192.0.2.9"]}]
)
def test_e5_mail_whose_best_exchanger_we_are_loops_back_to_myself(zone):
    """
    This includes a domain without MX that has our address.
    """
    assert "550 5.4.6 mail for x.test loops back to myself" == refusal(zone)


@pytest.mark.parametrize("best", [NXDOMAIN, SERVFAIL, ["10.0.0.1"]])
def test_e5_a_backup_that_cannot_find_the_primary_waits(best):
    """
    There is a better exchanger that cannot be used: 4.4.4, for any reason.
    """
    zone = {"MX": mx((5, "a.test"), (10, "mx.us.test")), "a.test": best}
    assert "451 4.4.4 unable to find primary relay for x.test" == refusal(zone)


# --- E6


@pytest.mark.parametrize(("domain", "address"), [("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:db8::1]", "2001:db8::1")])
def test_e6_an_address_literal_is_connected_to_directly(domain, address):
    """
    RFC 5321 §4.1.3: no look-up is needed.
    """
    assert [(domain, address)] == hosts({}, domain)
    assert {} == search({}, domain).answers


def test_e6_a_literal_that_is_ours_loops_and_a_private_one_is_refused():
    """
    A client that may relay must not reach hosts that only this host can reach.
    """
    assert "550 5.4.6 mail for [192.0.2.9] loops back to myself" == refusal({}, "[192.0.2.9]")
    expected = "550 5.4.4 no address on the Internet for [10.0.0.1]: 10.0.0.1 is private"
    assert expected == refusal({}, "[10.0.0.1]")


def test_e6_a_fixed_host_is_looked_up_without_mx():
    """
    The route names the host itself.
    """
    zone = {"MX": mx((5, "a.test")), "relay.test": ["192.0.2.1", "2001:db8::1"]}
    assert [("relay.test", "192.0.2.1"), ("relay.test", "2001:db8::1")] == sorted(hosts(zone, route=RELAY))
    assert {Kind.A, Kind.AAAA} == {question.kind for question in search(zone, route=RELAY).answers}


def test_e6_a_fixed_address_needs_no_look_up_and_may_be_private():
    """
    It has the port of the route; other hosts have the port of the settings.
    """
    found = search({}, route=SmtpRoute("10.0.0.1", 2525))
    assert ({}, (Host("10.0.0.1", "10.0.0.1", 2525),)) == (found.answers, found.hosts(random.random))
    [host] = search({"x.test": ["192.0.2.1"]}, rules=HostRules(mx_port=2526, allowed=DOCUMENTATION)).hosts(
        random.random
    )
    assert 2526 == host.port


# --- E7


@pytest.mark.parametrize(
    ("route", "zone", "reply"),
    [
        (RELAY, {}, "451 4.3.5 next hop relay.test: no address for relay.test"),
        (
            RELAY,
            {"relay.test": ["192.0.2.9"]},
            "451 4.3.5 next hop relay.test: mail for relay.test loops back to myself",
        ),
        (SmtpRoute("127.0.0.2"), {}, "451 4.3.5 next hop 127.0.0.2: mail for 127.0.0.2 loops back to myself"),
        (SmtpRoute("::1"), {}, "451 4.3.5 next hop ::1: mail for ::1 loops back to myself"),
        (SmtpRoute("0.0.0.0"), {}, "451 4.3.5 next hop 0.0.0.0: mail for 0.0.0.0 loops back to myself"),
        (SmtpRoute("192.0.2.9", 587), {}, "451 4.3.5 next hop 192.0.2.9: mail for 192.0.2.9 loops back to myself"),
    ],
)
def test_e7_a_hard_failure_of_our_own_next_hop_becomes_a_deferral(route, zone, reply):
    """
    A mistake in the configuration must not bounce mail.
    """
    assert reply == refusal(zone, route=route)


@pytest.mark.parametrize(
    ("listener", "target"), [("127.0.0.1", "0.0.0.0"), ("::1", "::"), ("127.0.0.1", "::ffff:0.0.0.0")]
)
@pytest.mark.parametrize("is_named", [False, True])
def test_e7_the_unspecified_address_is_a_listener_on_loopback(listener, target, is_named):
    """
    The kernel connects it to the loopback address of its family.
    """
    rules = HostRules(own_addresses=frozenset({"127.0.0.1", "::1"}), listeners=frozenset({(listener, 25)}))
    route = RELAY if is_named else SmtpRoute(target, 25)
    expected = f"451 4.3.5 next hop {route.host}: mail for {route.host} loops back to myself"
    assert expected == refusal({"relay.test": [target]}, route=route, rules=rules)
    other = SmtpRoute(route.host, 26)
    assert [(route.host, target)] == hosts({"relay.test": [target]}, route=other, rules=rules)


def test_e7_a_soft_failure_of_our_own_next_hop_stays_what_it_is():
    """
    Its text says what is wrong.
    """
    assert "451 4.4.3 relay.test: A look-up failed: SERVFAIL" == refusal({"relay.test": SERVFAIL}, route=RELAY)


@pytest.mark.parametrize(
    "route", [SmtpRoute("127.0.0.1", 2526), SmtpRoute("192.0.2.9", 26), SmtpRoute("192.0.2.1", 25)]
)
def test_e7_another_port_or_host_than_our_listeners_is_no_loop(route):
    """
    A filter on this host has this host's address.
    """
    assert [(route.host, route.host)] == hosts({}, route=route)


# --- E8


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("127.1.2.3", "loopback"),
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "shared address space"),
        ("169.254.169.254", "link-local"),
        ("0.0.0.0", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("192.0.0.8", "reserved for protocols"),
        ("192.88.99.1", "reserved for protocols"),
        ("198.19.255.255", "reserved for benchmarks"),
        ("203.0.113.1", "reserved for documentation"),
        ("::", "unspecified"),
        ("fd00::1", "private"),
        ("fe80::1", "link-local"),
        ("ff02::1", "multicast"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:0:10.0.0.1", "reserved"),
        ("::10.0.0.1", "reserved"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b:1::10.0.0.1", "reserved"),
        ("2002:a00:1::1", "private"),
        ("2002:7f00:1::1", "loopback"),
        ("100::1", "discarded"),
        ("2001::1", "reserved for protocols"),
        ("2001:db8::1", "reserved for documentation"),
        ("3fff::1", "reserved for documentation"),
        ("5f00::1", "reserved"),
        ("fec0::1", "private"),
        ("a000::1", "reserved"),
    ],
)
def test_e8_an_exchanger_that_is_not_of_the_internet_is_refused(address, what):
    """
    The owner of a zone must not make this host connect to hosts behind the firewall.
    """
    zone = {"MX": mx((5, "a.test")), "a.test": [address]}
    expected = f"550 5.4.4 no address on the Internet for a.test: {address} is {what}"
    assert expected == refusal(zone, rules=HostRules())
    networks = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    assert [("a.test", address)] == hosts(zone, rules=HostRules(allowed=networks))


@pytest.mark.parametrize(
    "address", ["2a00:1450::1", "64:ff9b::8.8.8.8", "2002:808:808::1", "::ffff:8.8.8.8", "192.0.1.1", "198.20.0.1"]
)
def test_e8_an_address_of_the_internet_is_taken_in_any_spelling(address):
    """
    A host behind NAT64 or 6to4 is judged by its IPv4 address.
    """
    assert [("a.test", address)] == hosts({"MX": mx((5, "a.test")), "a.test": [address]}, rules=HostRules())


@pytest.mark.parametrize("address", ["64:ff9b::192.0.2.9", "2002:c000:209::1"])
def test_e8_an_address_that_leads_to_ours_by_a_translator_is_ours(address):
    """
    The mail would come back.
    """
    zone = {"MX": mx((5, "a.test")), "a.test": [address]}
    assert "550 5.4.6 mail for x.test loops back to myself" == refusal(zone)


def test_e8_a_translation_of_ones_own_is_allowed_by_its_prefix():
    """
    RFC 8215: a network may translate to addresses of its own.
    """
    zone = {"MX": mx((5, "a.test")), "a.test": ["64:ff9b:1::10.0.0.1"]}
    rules = HostRules(allowed=(ipaddress.ip_network("64:ff9b:1::/48"),))
    assert [("a.test", "64:ff9b:1::a00:1")] == [
        (name, str(ipaddress.ip_address(address))) for name, address in hosts(zone, rules=rules)
    ]


def test_e8_only_the_networks_that_are_named_are_allowed():
    """
    A permission for one network says nothing about another.
    """
    zone = {"MX": mx((5, "a.test")), "a.test": ["10.0.0.1", "10.1.0.1", "192.0.2.1"]}
    rules = HostRules(allowed=(ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("192.0.2.0/24")))
    assert [("a.test", "10.1.0.1"), ("a.test", "192.0.2.1")] == sorted(hosts(zone, rules=rules))


def test_a_search_says_what_it_thinks_of_an_address():
    """
    For people who ask for the reason.
    """
    found = HostSearch(MxRoute(), "x.test", OURS)
    assert [(Verdict.USABLE, ""), (Verdict.OWN, "interface"), (Verdict.REFUSED, "private")] == [
        found.judge(address) for address in ("192.0.2.1", "192.0.2.9", "10.0.0.1")
    ]


def signed(records, security, alias_of=""):
    """An answer with addresses, or with exchangers where they are pairs."""
    if isinstance(records[0], tuple):
        return Exchangers(tuple(Exchanger(*each) for each in records), 60, security)
    return Addresses(tuple(records), 60, security, alias_of)


@pytest.mark.parametrize("by_mx", list(Security)[:2])
@pytest.mark.parametrize("by_address", [Security.SECURE, Security.INSECURE, Security.UNCHECKED])
def test_a_host_has_the_security_of_the_look_ups_that_led_to_it(by_mx, by_address):
    """
    DANE applies only if both are secure. Each family of addresses is a look-up of its own.
    """
    zone = {
        "MX": signed([(5, "a.test")], by_mx),
        Question("a.test", Kind.A): signed(["192.0.2.1"], by_address, "b.test"),
        Question("a.test", Kind.AAAA): signed(["2001:db8::1"], Security.SECURE),
    }
    found = search(zone).hosts(random.Random(1).random)
    assert not isinstance(found, NoHost)
    by_version = {":" in host.address: host.lookups for host in found}
    assert HostLookups(by_mx, by_address, "b.test", "x.test") == by_version[False]
    assert HostLookups(by_mx, Security.SECURE, "", "x.test") == by_version[True]
    assert weakest(by_mx, by_address) is by_version[False].security


def test_a_domain_without_mx_is_as_secure_as_that_absence():
    """
    Else an attacker could take the MX away, and lead mail to a web server. A fixed host has no MX to be signed.
    """
    zone = {"MX": Absent("NODATA", 60, Security.INSECURE), "x.test": signed(["192.0.2.1"], Security.SECURE)}
    [host] = search({**zone, Question("x.test", Kind.AAAA): NODATA}).hosts(random.random)
    assert Security.INSECURE is host.lookups.security
    relay = {Question("relay.test", Kind.A): signed(["192.0.2.1"], Security.SECURE)}
    [host] = search(relay, route=RELAY).hosts(random.random)
    assert HostLookups(Security.SECURE, Security.SECURE, "", "") == host.lookups
    [host] = search({}, route=SmtpRoute("192.0.2.1", 25)).hosts(random.random)
    assert HostLookups() == host.lookups


def test_a_search_without_a_host_tells_of_a_wrong_signature():
    """
    The row of the attempt says that it is no ordinary failure.
    """
    bogus = {"MX": Failed("SERVFAIL", security=Security.BOGUS)}
    assert Security.BOGUS is search(bogus).hosts(random.random).security
    null = {"MX": signed([(0, "")], Security.SECURE)}
    assert Security.SECURE is search(null).hosts(random.random).security
    assert Security.UNCHECKED is search({}, "[127.0.0.1]").hosts(random.random).security


def test_a_host_is_named_by_its_address_and_port_or_by_its_socket():
    """
    So logs and attempts name it.
    """
    hosts = [Host("mx.test", "2001:db8::1", 25), Host("/run/lmtp", "/run/lmtp", 0)]
    assert ["[2001:db8::1]:25", "unix:/run/lmtp"] == [host.peer for host in hosts]
