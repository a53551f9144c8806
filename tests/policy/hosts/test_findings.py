"""What the search found about each exchanger, for people who ask."""

import random
from typing import Any

from empath.mail.lookup import Kind, Question
from empath.policy.hosts.findings import findings
from empath.policy.hosts.search import HostRules, NoHost
from empath.policy.routing import SmtpRoute
from tests.policy.hosts.test_search import NODATA, OURS, SERVFAIL, mx, search


def told(zone, domain="x.test", **more):
    """Order, host, address, fate and reason of each finding."""
    found = search(zone, domain, **more)
    hosts = found.hosts(random.Random(1).random)
    listed = findings(found, () if isinstance(hosts, NoHost) else hosts)
    return [(f.order, f.host, f.address, str(f.fate), f.why) for f in listed]


def test_every_exchanger_is_accounted_for():
    """
    Findings are in the order of preference. Exchangers after this host are not looked up.
    """
    zone: dict[Any, Any] = {
        "MX": mx(
            (1, "a.test"), (2, "in.test"), (3, "gone.test"), (4, "soft.test"), (5, "192.0.2.1"), (6, "a\\000.test")
        )
    }
    zone["MX"] = mx(*zone["MX"].records, (7, "mx.us.test"), (8, "late.test"))
    zone |= {"a.test": ["192.0.2.1"], "in.test": ["10.0.0.1"], "soft.test": NODATA}
    zone[Question("soft.test", Kind.AAAA)] = SERVFAIL
    assert [
        (1, "a.test", "192.0.2.1", "tried", ""),
        (None, "in.test", "10.0.0.1", "refused", "private"),
        (None, "gone.test", None, "absent", "NXDOMAIN"),
        (None, "soft.test", None, "failed", "AAAA look-up failed: SERVFAIL"),
        (None, "192.0.2.1", None, "no-host", "an address, not a name"),
        (None, "a\\000.test", None, "no-host", "not the name of a host"),
        (None, "mx.us.test", None, "ours", "own name"),
        (None, "late.test", None, "dropped", "no better than ourselves"),
    ] == told(zone)


def test_of_equals_the_order_is_that_of_the_draw():
    """
    Addresses beyond the five come last.
    """
    zone: dict[Any, Any] = {
        "MX": mx((1, "a.test"), (1, "b.test")),
        "a.test": [f"192.0.2.{n}" for n in range(10, 16)],
        "b.test": ["2001:db8::1"],
    }
    found = told(zone)
    assert [1, 2, 3, 4, 5, None, None] == [order for order, *_ in found]
    assert ["tried"] * 5 + ["spare"] * 2 == [fate for *_, fate, _ in found]


def test_the_equals_of_ourselves_are_dropped():
    """
    RFC 5321 §5.1.
    """
    zone = {"MX": mx((1, "a.test"), (1, "b.test")), "a.test": ["192.0.2.9"], "b.test": ["192.0.2.1"]}
    assert [
        (None, "a.test", "192.0.2.9", "ours", "interface"),
        (None, "b.test", "192.0.2.1", "dropped", "no better than ourselves"),
    ] == told(zone)


def test_exchangers_behind_enough_hosts_were_not_asked_for():
    """
    The findings still name them.
    """
    zone = {"MX": mx((1, "a.test"), (2, "b.test")), "a.test": [f"192.0.2.{n}" for n in range(10, 16)] + ["2001:db8::1"]}
    assert (None, "b.test", None, "not-asked", "hosts enough before it") == told(zone)[-1]


def test_a_literal_and_a_fixed_host_are_hosts_too():
    """
    Each has the address that it names.
    """
    assert [(1, "[IPv6:2001:db8::1]", "2001:db8::1", "tried", "")] == told({}, "[IPv6:2001:db8::1]")
    assert [(None, "[10.0.0.1]", "10.0.0.1", "refused", "private")] == told({}, "[10.0.0.1]")
    assert [(1, "10.0.0.1", "10.0.0.1", "tried", "")] == told({}, route=SmtpRoute("10.0.0.1"))
    assert [(None, "127.0.0.1", "127.0.0.1", "ours", "listener")] == told({}, route=SmtpRoute("127.0.0.1"), rules=OURS)
    assert [(1, "127.0.0.1", "127.0.0.1", "tried", "")] == told({}, route=SmtpRoute("127.0.0.1"), rules=HostRules())


def test_a_domain_that_failed_has_no_findings():
    """
    The reply says everything.
    """
    assert [] == told({"MX": SERVFAIL})
