"""
DANE with a validating resolver as Debian has it: unbound, with signed zones of the test.

It needs the Debian package unbound, so `make interop` runs it and `make test` does not know it.
"""

import hashlib
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.kit.certificates import Pem
from tests.kit.chains import Issued, issue
from tests.kit.peer import ScriptedPeer
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select
from tests.kit.unbound import SignedZone, Unbound
from tests.kit.waiting import eventually

NOW = datetime.now(UTC)
BEGINS, ENDS = NOW - timedelta(days=1), NOW + timedelta(days=1)
ROOT = issue("root", is_ca=True, key=1, begins=BEGINS, ends=ENDS)
LEAF = issue("leaf", ROOT, names=("mx.ta.test",), key=2, begins=BEGINS, ends=ENDS)
OWN = issue("own", names=("anything.test",), key=3, begins=NOW - timedelta(days=9), ends=NOW - timedelta(days=5))
NEXT = issue("own", names=("anything.test",), key=4, begins=BEGINS, ends=ENDS)
SETTINGS = """
[relay]
networks = ["127.0.0.1/32"]
[retry]
base = "1h"
[delivery]
workers = 2
mx_port = {port}
[dns]
nameservers = ["{resolver}"]
dnssec = "{dnssec}"
allowed_networks = ["127.0.0.0/8"]
[destinations."*"]
tls = "dane"
"""


def spki(of: Issued) -> str:
    """The record 3 1 1 of a certificate."""
    return f"TLSA 3 1 1 {hashlib.sha256(of.spki).hexdigest()}"


def zone(name: str, host: str, *records: str, is_signed: bool = True) -> SignedZone:
    """A domain with one host that has these TLSA records."""
    lines = [f"_{PORT}._tcp.mx {record}" for record in records]
    return SignedZone(f"{name}.test", f"@ MX 5 mx.{name}.test.", f"mx A {host}", *lines, is_signed=is_signed)


PORT = free_port()
OWN_HOST, TA_HOST, PLAIN_HOST = "127.0.0.81", "127.0.0.82", "127.0.0.83"
ROOT_DIGEST = hashlib.sha512(ROOT.der).hexdigest()


def zones() -> list[SignedZone]:
    """One domain for each case, named after it."""
    return [
        zone("ee", OWN_HOST, spki(OWN)),
        zone("rollover", OWN_HOST, spki(NEXT), spki(OWN)),
        zone("wrong", OWN_HOST, spki(NEXT)),
        zone("ta", TA_HOST, f"TLSA 2 0 2 {ROOT_DIGEST}"),
        zone("unusable", OWN_HOST, f"TLSA 1 1 1 {'00' * 32}"),
        zone("notls", PLAIN_HOST, spki(OWN)),
        zone("none", PLAIN_HOST),
        zone("forged", OWN_HOST, spki(OWN)).forged(hashlib.sha256(OWN.spki).hexdigest(), "00" * 32),
        zone("hijacked", OWN_HOST).forged(f"A {OWN_HOST}", f"A {PLAIN_HOST}"),
        zone("unsigned", OWN_HOST, spki(NEXT), is_signed=False),
    ]


def context(*chain: Issued) -> ssl.SSLContext:
    """The context of a server with this certificate and its issuers."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with Pem(b"".join(each.pem for each in chain), chain[0].key_pem).on_disk() as (certificate, key):
        made.load_cert_chain(certificate, key)
    return made


@pytest.fixture(scope="module")
def empath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Empathd]:
    """An instance whose resolver is unbound, with three hosts: two with TLS, one without."""
    with ExitStack() as stack:
        resolver = stack.enter_context(Unbound(*zones()))
        stack.enter_context(ScriptedPeer(OWN_HOST, PORT).secure_with(context(OWN)))
        stack.enter_context(ScriptedPeer(TA_HOST, PORT).secure_with(context(LEAF, ROOT)))
        stack.enter_context(ScriptedPeer(PLAIN_HOST, PORT))
        settings = SETTINGS.format(port=PORT, resolver=resolver.address, dnssec="enforce")
        instance = Empathd(tmp_path_factory.mktemp("dane"), settings, routes='"*" = "mx"')
        try:
            instance.start()
            yield instance
            assert 0 == instance.stop()
        finally:
            instance.clean_up()


@pytest.mark.parametrize(
    ("domain", "outcome", "dnssec", "proof"),
    [
        ("ee", "delivered", "secure", "TLSA 3 1 1 at depth 0"),
        ("rollover", "delivered", "secure", "TLSA 3 1 1 at depth 0"),
        ("ta", "delivered", "secure", "TLSA 2 0 2 at depth 1"),
        ("unusable", "delivered", "secure", None),
        ("none", "delivered", "secure", None),
        ("unsigned", "delivered", "insecure", None),
        ("wrong", "deferred", "secure", "the certificate matches no TLSA record"),
        ("notls", "deferred", "secure", None),
        ("forged", "deferred", "secure", "TLSA look-up failed: SERVFAIL, a wrong DNSSEC signature"),
        ("hijacked", "deferred", "bogus", "A look-up failed: SERVFAIL, a wrong DNSSEC signature"),
    ],
)
def test_g2_what_the_zone_says_decides(
    empath: Empathd, domain: str, outcome: str, dnssec: str, proof: str | None
) -> None:
    """
    RFC 7672: a secure record must match, a failed look-up defers, and nothing is demanded of an unsigned domain.
    """
    recipient = f"a@{domain}.test"
    empath.send(recipient)
    asked = "SELECT outcome, dnssec, tls_peer, text FROM attempt WHERE recipient = ?"
    [row] = eventually(lambda: select(empath.queue, asked, recipient), "an attempt")
    assert (outcome, dnssec) == row[:2]
    if outcome == "delivered":
        assert proof == row[2]
    else:
        assert (proof or "") in row[3]
