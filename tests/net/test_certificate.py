"""Certificates and keys: what is presented, to whom, and what is wrong with a pair."""

import dataclasses
import ssl
import time
from pathlib import Path

import pytest
import trustme

from empath.errors import ConfigError
from empath.net.certificate import KeyPair, PemFile, ServerTls
from tests.kit import certificates
from tests.kit.certificates import Pem, issued

DAY_S = 86_400
BLOCK = b"-----BEGIN %s-----\nAAAA\n-----END %s-----\n"


def presented_to(tls: ServerTls, name: str | None, server_context: ssl.SSLContext | None = None) -> tuple[str, ...]:
    """The names of the certificate that a client gets that asks for *name*."""
    context = certificates.client()
    context.check_hostname = False
    upstream, downstream = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(downstream, upstream, server_hostname=name)
    server = (server_context or tls.context).wrap_bio(upstream, downstream, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    fields = client.getpeercert()
    assert fields is not None
    certificate = tls.certificate_of(server.context)
    assert certificate.der == client.getpeercert(binary_form=True)
    assert {("DNS", each) for each in certificate.names} == set(fields["subjectAltName"])
    return certificate.names


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, "mx.example.test"),
        ("mx.example.test", "mx.example.test"),
        ("unknown.example", "mx.example.test"),
        ("mail.example.net", "mail.example.net"),
        ("MAIL.Example.NET", "mail.example.net"),
        ("a.example.org", "*.example.org"),
        ("example.org", "mx.example.test"),
        ("_no_host-", "mx.example.test"),
    ],
)
def test_the_name_that_the_client_asks_for_chooses_the_certificate(asked, expected):
    """
    RFC 6066 §3: hosts of several names have a certificate for each; all other clients get the first one.
    """
    others = [issued(name).pair(name) for name in ("mail.example.net", "*.example.org")]
    tls = ServerTls([issued("mx.example.test").pair(), *others], "TLSv1.2")
    assert (expected,) == presented_to(tls, asked)
    assert (expected,) == presented_to(tls, asked, tls.context_without_ticket)


@pytest.mark.parametrize("days", [30, -1])
def test_the_end_of_a_certificate_is_known_even_when_it_is_past(days):
    """
    A host without a valid certificate still encrypts: most clients of a mail exchanger do not check it.
    """
    [certificate] = ServerTls([issued("mx.example.test", days=days).pair()], "TLSv1.2").certificates
    assert days * DAY_S == pytest.approx(certificate.expires_at - time.time(), abs=600)


def pem(key_type: trustme.KeyType = trustme.KeyType.ECDSA) -> Pem:
    leaf = certificates.authority().issue_cert("mx.example.test", key_type=key_type)
    return Pem(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())


def test_a_certificate_of_rsa_serves_too():
    assert ("mx.example.test",) == presented_to(ServerTls([pem(trustme.KeyType.RSA).pair()], "TLSv1.3"), None)


def broken(**parts: bytes) -> KeyPair:
    return dataclasses.replace(issued("mx.example.test"), **parts).pair()


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (broken(key=pem().key), "the key is not that of the certificate"),
        (broken(key=b""), "key.pem: has no private key in PEM form"),
        (broken(certificate=b"text"), "certificate.pem: has no certificate in PEM form"),
        (broken(certificate=BLOCK % (b"CERTIFICATE", b"CERTIFICATE")), "one of them is damaged"),
        (broken(certificate=issued("mx.example.test").certificate[:300]), "one of them is damaged"),
        (broken(key=BLOCK % (b"PRIVATE KEY", b"PRIVATE KEY")), "one of them is damaged"),
        (
            broken(key=BLOCK % (b"ENCRYPTED PRIVATE KEY", b"ENCRYPTED PRIVATE KEY")),
            "the key is encrypted, and Empath asks for no passphrase",
        ),
    ],
)
def test_a_pair_that_cannot_be_used_is_named_in_one_line(pair, words):
    """
    At a start, a reload or a change of a file, the operator reads what is wrong with which file.
    """
    with pytest.raises(ConfigError, match=words) as caught:
        ServerTls([issued("other.example.test").pair(), pair], "TLSv1.2")
    assert "\n" not in str(caught.value)


def test_a_self_signed_certificate_serves_too():
    """
    Many hosts have one: opportunistic TLS asks for no more.
    """
    pair = KeyPair(
        PemFile(Path("ca.pem"), certificates.authority().cert_pem.bytes()),
        PemFile(Path("key.pem"), certificates.authority().private_key_pem.bytes()),
    )
    [certificate] = ServerTls([pair], "TLSv1.2").certificates
    assert () == certificate.names
