"""Answers of the DNS are rows that people steer, expired ones help over an outage, and TLSA records demand TLS."""

import hashlib
import ssl
from collections.abc import Iterator

import pytest

from tests.e2e.service import PORT, Service, address
from tests.kit.certificates import issued, server
from tests.kit.dns import ScriptedDns
from tests.kit.peer import ScriptedPeer
from tests.kit.waiting import eventually


@pytest.fixture
def peers() -> Iterator[list[ScriptedPeer]]:
    """Two hosts at the port of mail exchangers; the first has TLS."""
    with ScriptedPeer(address(231), PORT).secure_with(server().context) as one, ScriptedPeer(address(232), PORT) as two:
        yield [one, two]


def send(service: Service, recipient: str, status: str = "delivered") -> str:
    """Send one mail and wait for its status; its queue id."""
    with service.client() as client:
        ulid = client.mail("<a@example.org>", f"<{recipient}>")
    service.wait_status(ulid, status)
    return ulid


def rows(service: Service, name: str) -> list[tuple[object, ...]]:
    """The answers about a name."""
    return service.rows("SELECT type, status, answer, dnssec FROM dns_cache WHERE name = ? ORDER BY type", name)


def test_a_deleted_row_is_asked_for_anew(service: Service, names: ScriptedDns, peers: list[ScriptedPeer]) -> None:
    """
    The worker has the answer in its memory, too. After a change of a zone nobody wants to wait for its time.
    """
    names.mx("steered.mx.test", (5, "h1.steered.test")).a("h1.steered.test", peers[0].host)
    names.ttl("steered.mx.test", 9999).secure("steered.mx.test")
    send(service, "b@steered.mx.test")
    expected = [("MX", "found", '["5 h1.steered.test"]', "secure")]
    assert expected == eventually(lambda: rows(service, "steered.mx.test"), "the row")
    names.mx("steered.mx.test", (5, "h2.steered.test")).a("h2.steered.test", peers[1].host)
    send(service, "b@steered.mx.test")
    assert [] == peers[1].messages
    service.shell("DELETE FROM dns_cache WHERE name = 'steered.mx.test'")
    eventually(lambda: send(service, "b@steered.mx.test") and peers[1].messages, "mail at the new host")
    assert 2 == names.count("steered.mx.test", "MX")


def test_an_expired_answer_serves_while_the_name_servers_fail(
    service: Service, names: ScriptedDns, peers: list[ScriptedPeer]
) -> None:
    """
    RFC 8767. An outage of the DNS stops no mail to where mail went before.
    """
    names.mx("stale.mx.test", (5, "h.stale.test")).a("h.stale.test", peers[1].host)
    names.ttl("stale.mx.test", 1).ttl("h.stale.test", 1)
    send(service, "b@stale.mx.test")
    names.fail("stale.mx.test", "MX").fail("h.stale.test", "A")
    eventually(lambda: send(service, "b@stale.mx.test") and service.named("stale_answer_used"), "an expired answer")


def test_g2_tlsa_records_demand_the_certificate(
    service: Service, names: ScriptedDns, peers: list[ScriptedPeer]
) -> None:
    """
    RFC 7672: what matches is proved; what does not match, or cannot be looked up, waits.
    """
    names.secure("dane.mx.test", "h.dane.test")
    for domain in ("good", "wrong", "failed"):
        names.mx(f"{domain}.dane.mx.test", (5, f"{domain}.h.dane.test")).a(f"{domain}.h.dane.test", peers[0].host)
    certificate = ssl.PEM_cert_to_DER_cert(issued("mx.example.test").certificate.decode())
    names.tlsa(f"_{PORT}._tcp.good.h.dane.test", f"3 0 1 {hashlib.sha256(certificate).hexdigest()}")
    names.tlsa(f"_{PORT}._tcp.wrong.h.dane.test", f"3 0 1 {'00' * 32}")
    names.fail(f"_{PORT}._tcp.failed.h.dane.test", "TLSA")
    for domain, status in (("good", "delivered"), ("wrong", "deferred"), ("failed", "deferred")):
        send(service, f"b@{domain}.dane.mx.test", status)
    found = service.rows(
        "SELECT tls_peer, text FROM attempt WHERE dnssec = 'secure' AND destination LIKE '%.dane.mx.test' ORDER BY"
        " attempt_id"
    )
    words = "451 4.7.5 the TLSA records of failed.h.dane.test are not known: "
    assert ["TLSA 3 0 1 at depth 0", None, None] == [peer for peer, _ in found]
    assert "the certificate matches no TLSA record" in found[1][1]
    assert found[2][1].startswith(words)
