"""Whether the certificate of a host is the one that its demand asks for."""

import hashlib
import ipaddress

import pytest
from cryptography import x509

from empath.mail.lookup import TlsaRecord
from empath.policy.tls_demand import HostDemand, TlsLevel
from empath.policy.tls_proof import Proof, prove
from tests.kit.chains import NOW, issue

ROOT = issue("root", is_ca=True, key=1)
LEAF = issue("leaf", ROOT, names=("mx.test", "*.wild.test"), key=2)
BARE = issue(None, ROOT, key=2)
AT_ADDRESS = issue(
    "leaf",
    ROOT,
    key=2,
    extensions=((x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]), False),),
)
DIGITS = hashlib.sha256(LEAF.der).hexdigest()


def judged(demand, *chain):
    return prove(demand, [each if isinstance(each, bytes) else each.der for each in chain], NOW.timestamp())


def verify(*names):
    return HostDemand(TlsLevel.VERIFY, names=names)


@pytest.mark.parametrize("level", [TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT])
@pytest.mark.parametrize("chain", [(), (LEAF,)])
def test_a_level_without_a_proof_takes_any_certificate(level, chain):
    assert Proof() == judged(HostDemand(level), *chain)


@pytest.mark.parametrize("level", [TlsLevel.FINGERPRINT, TlsLevel.DANE, TlsLevel.VERIFY])
def test_a_host_without_a_certificate_proves_nothing(level):
    assert Proof(failure="the host shows no certificate") == judged(HostDemand(level))


def test_a_fingerprint_is_that_of_the_certificate():
    demand = HostDemand(TlsLevel.FINGERPRINT, fingerprints=("00" * 32, DIGITS))
    assert Proof(f"fingerprint SHA256:{DIGITS}") == judged(demand, LEAF)
    assert judged(demand, ROOT).failure.startswith("the certificate has another fingerprint, SHA256:")


def test_g2_a_record_matches():
    record = TlsaRecord(3, 1, 1, hashlib.sha256(LEAF.spki).digest())
    demand = HostDemand(TlsLevel.DANE, records=(record,))
    assert Proof("TLSA 3 1 1 at depth 0") == judged(demand, LEAF)
    assert Proof(failure="the certificate matches no TLSA record") == judged(demand, ROOT)


@pytest.mark.parametrize(("names", "found"), [(("mx.test",), "mx.test"), (("x.test", "a.wild.test"), "a.wild.test")])
def test_one_name_of_a_certificate_is_enough(names, found):
    assert Proof(f"certificate for {found}") == judged(verify(*names), LEAF)


@pytest.mark.parametrize("name", ["other.test", "a.b.wild.test", "wild.test", "192.0.2.1"])
def test_a_certificate_for_another_name_proves_nothing(name):
    failure = f"the certificate is for mx.test, *.wild.test, and not for {name}"
    assert Proof(failure=failure) == judged(verify(name), LEAF)


def test_a_certificate_may_be_for_an_address():
    assert Proof("certificate for 192.0.2.1") == judged(verify("192.0.2.1"), AT_ADDRESS)
    assert "" == judged(verify("192.0.2.2"), AT_ADDRESS).how


def test_a_certificate_without_a_name_proves_nothing():
    assert Proof(failure="the certificate is for no name, and not for a.test or b.test") == judged(
        verify("a.test", "b.test"), BARE
    )


def test_what_is_not_a_certificate_proves_nothing():
    assert Proof(failure="the certificate cannot be read") == judged(verify("mx.test"), b"x")


def test_a_name_steers_no_terminal_and_fills_no_row():
    """
    A certificate may have any text for a name.
    """
    odd = issue("leaf", ROOT, names=("a\x1b[2J\r\nb" + "x" * 9_000,), key=2)
    failure = judged(verify("mx.test"), odd).failure
    assert r"for a\x1b[2j\r\nbxxx" in failure
    assert len(failure) < 400
