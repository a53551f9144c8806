"""The DNS decides where mail goes and whether it waits: a real worker with a scripted name server."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.service import PORT, address
from tests.kit.peer import ScriptedPeer
from tests.kit.waiting import eventually


@pytest.fixture
def peers() -> Iterator[list[ScriptedPeer]]:
    """Three hosts at the port of mail exchangers, not started yet."""
    made = [ScriptedPeer(address(number), PORT) for number in (221, 222, 223)]
    yield made
    for peer in made:
        peer.stop()


@pytest.fixture
def world(service, names, peers):
    """The name server and these peers."""
    return service, names, peers


def fate_of(service, ulid):
    """Outcome, stage, and reply of the only attempt."""
    [(_, outcome, stage, text)] = service.attempts(ulid)
    return outcome, stage, text


def sent(service, recipient, status):
    """Send one mail and wait for its status; its queue id."""
    with service.client() as client:
        ulid = client.mail("<a@example.org>", f"<{recipient}>")
        service.wait_status(ulid, status)
    return ulid


def test_e2_without_mx_mail_goes_to_the_address_of_the_domain(service, names, peers):
    """
    RFC 5321 §5.1.
    """
    names.a("plain.mx.test", peers[0].host)
    with peers[0]:
        sent(service, "b@plain.mx.test", "delivered")
        assert 1 == len(peers[0].messages)


def test_e2_an_mx_look_up_that_failed_defers_though_the_domain_has_an_address(service, names, peers):
    """
    No host is asked. Once the zone is repaired, the mail goes to its MX host, after the two seconds of its schedule.
    """
    names.a("soft.mx.test", peers[0].host).fail("soft.mx.test", "MX")
    with peers[0], peers[1], service.client() as client:
        ulid = client.mail("<a@example.org>", "<b@soft.mx.test>")
        service.wait_status(ulid, "deferred")
        reply = f"451 4.4.3 soft.mx.test: MX look-up failed: SERVFAIL from {names.address}"
        assert ("deferred", "dns", reply) == fate_of(service, ulid)
        names.recover("soft.mx.test", "MX").mx("soft.mx.test", (5, "h.soft.test")).a("h.soft.test", peers[1].host)

        service.order("dns", "clear", "soft.mx.test")  # a failure is remembered for some seconds
        service.wait_status(ulid, "delivered")
        assert ([], 1) == (peers[0].sessions, len(peers[1].messages))


def test_e3_exchangers_without_address_bounce_though_the_domain_has_one(service, names, peers):
    """
    With MX records the domain's own address means nothing.
    """
    names.mx("bare.mx.test", (5, "h.gone.test")).a("bare.mx.test", peers[0].host)
    with peers[0]:
        ulid = sent(service, "b@bare.mx.test", "bounced")
        assert [] == peers[0].sessions
    assert ("bounced", "dns", "550 5.4.4 no address for h.gone.test") == fate_of(service, ulid)


def test_e4_an_attempt_ends_after_two_full_sessions(service, names, peers):
    """
    A third host would probably say the same, and each session costs a peer time.
    """
    for number, peer in enumerate(peers):
        peer.reply("RCPT", f"450 4.2.{number} Not now")
        names.a(f"h{number}.two.test", peer.host)
    names.mx("two.mx.test", *((number, f"h{number}.two.test") for number in range(3)))
    with peers[0], peers[1], peers[2]:
        sent(service, "b@two.mx.test", "deferred")
        assert [1, 1, 0] == [len(peer.sessions) for peer in peers]


def test_e4_hosts_that_give_no_session_do_not_count(service, names, peers):
    """
    Two are down; the third is tried.
    """
    names.mx("down.mx.test", *((number, f"h{number}.down.test") for number in range(3)))
    for number, peer in enumerate(peers):
        names.a(f"h{number}.down.test", peer.host)
    with peers[2]:
        sent(service, "b@down.mx.test", "delivered")
        assert 1 == len(peers[2].messages)


def test_e4_a_thousand_exchangers_are_read_and_the_best_is_used(service, names, peers):
    """
    The answer comes over TCP, and most exchangers are never looked up.
    """
    names.mx("many.mx.test", *((number, f"h{number}.many.test") for number in range(1, 1001)))
    names.a("h1.many.test", peers[0].host)
    with peers[0]:
        sent(service, "b@many.mx.test", "delivered")
    assert [("many.mx.test", "MX")] == [key for key in names.by_tcp if key[0] == "many.mx.test"]
    assert len([name for name, _ in names.asked if name.endswith(".many.test")]) <= 200


@pytest.mark.parametrize(
    ("best", "status", "reply"),
    [
        ((10, "mx.example.test"), "bounced", "550 5.4.6 mail for self1.mx.test loops back to myself"),
        ((10, "door.us.test"), "bounced", "550 5.4.6 mail for self2.mx.test loops back to myself"),
        ((5, "h.lost.test"), "deferred", "451 4.4.4 unable to find primary relay for self3.mx.test"),
    ],
)
def test_e5_mail_never_goes_to_ourselves_nor_to_a_host_that_is_no_better(world, best, status, reply):
    """
    This host recognises itself by its name and by the addresses of its interfaces.
    """
    service, names, peers = world
    domain = re.findall(r"self\d", reply)[0]
    names.mx(f"{domain}.mx.test", best, (10, "mx.example.test"), (20, "worse.us.test"))
    names.a("worse.us.test", peers[0].host).a("door.us.test", "127.0.0.1")
    with peers[0]:
        ulid = sent(service, f"b@{domain}.mx.test", status)
        assert [] == peers[0].sessions
    assert (status, "dns", reply) == fate_of(service, ulid)


def test_e6_mail_to_an_address_literal_goes_there(service, names):
    """
    The DNS is not asked.
    """
    asked = len(names.asked)
    with ScriptedPeer(address(230), PORT) as peer:
        sent(service, f"b@[{address(230)}]", "delivered")
        assert 1 == len(peer.messages)
    assert not [key for key in names.asked[asked:] if address(230) in key[0]]


def test_e7_a_fixed_next_hop_that_does_not_exist_defers(service):
    """
    The mistake is in the configuration; the sender's mail waits until it is corrected.
    """
    ulid = sent(service, "b@nobody.test", "deferred")
    expected = "451 4.3.5 next hop nowhere.hosts.test: no address for nowhere.hosts.test"
    assert ("deferred", "dns", expected) == fate_of(service, ulid)


def test_e8_an_exchanger_at_a_private_address_is_refused(service, names):
    """
    The settings of this instance allow only 127.0.0.0/8.
    """
    names.mx("inside.mx.test", (5, "h.inside.test")).a("h.inside.test", "10.255.255.1")
    ulid = sent(service, "b@inside.mx.test", "bounced")
    expected = "550 5.4.4 no address on the Internet for h.inside.test: 10.255.255.1 is private"
    assert ("bounced", "dns", expected) == fate_of(service, ulid)


def test_a_slow_zone_delays_no_other_domain(service, names, peers):
    """
    Twelve domains wait for their zone. Other mail goes out meanwhile, and theirs once the zone answers.
    """
    slow = [f"slow{number}.mx.test" for number in range(12)]
    for domain in slow:
        names.mx(domain, (5, "h.slow.test")).hold(domain, "MX")
    names.a("h.slow.test", peers[0].host)
    names.mx("quick.mx.test", (5, "h.quick.test")).a("h.quick.test", peers[1].host)
    with peers[0], peers[1], ExitStack() as at_the_end, service.client() as client:
        at_the_end.callback(names.release)
        stuck = [client.mail("<a@example.org>", f"<b@{domain}>") for domain in slow]
        eventually(lambda: all(names.count(domain, "MX") for domain in slow), "all were asked for")
        for _ in range(3):
            service.wait_status(client.mail("<a@example.org>", "<b@quick.mx.test>"), "delivered")
        assert {"leased"} == {service.recipients(ulid)[0][1] for ulid in stuck}
        assert [] == peers[0].sessions
        names.release()
        for ulid in stuck:
            service.wait_status(ulid, "delivered")


def test_domains_of_one_provider_share_its_look_ups(service, names, peers):
    """
    This holds for any number of leases that begin at once, and later mail needs no look-up.
    """
    domains = [f"of{number}.mx.test" for number in range(10)]
    for domain in domains:
        names.mx(domain, (5, "h.shared.test"))
    names.a("h.shared.test", peers[0].host)
    with peers[0], service.client() as client:
        service.order("freeze")
        for domain in domains:
            client.mail("<a@example.org>", f"<b@{domain}>")
        service.order("thaw")
        peers[0].wait_for_messages(len(domains))
        client.mail("<a@example.org>", f"<c@{domains[0]}>")
        peers[0].wait_for_messages(len(domains) + 1)
    assert [1] * 10 == [names.count(domain, "MX") for domain in domains]
    assert [1, 1] == [names.count("h.shared.test", kind) for kind in ("A", "AAAA")]
