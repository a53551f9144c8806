"""
certificate - certificates with their keys, and the contexts of TLS that present them

Files are given as octets: who may read a key reads it before, and a file that changes later changes nothing here.
"""

import os
import re
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import (
    CERT_REQUIRED,
    OP_NO_RENEGOTIATION,
    PROTOCOL_TLS_CLIENT,
    PROTOCOL_TLS_SERVER,
    MemoryBIO,
    PEM_cert_to_DER_cert,
    SSLCertVerificationError,
    SSLError,
    SSLObject,
    SSLWantReadError,
    TLSVersion,
    VerifyFlags,
    cert_time_to_seconds,
)
from typing import Any, Final, cast

from empath.errors import ConfigError, SyntaxViolation
from empath.mail.domain import Domain
from empath.policy.pattern import DomainPattern, PatternTable

MINIMUM_VERSIONS: Final = {"TLSv1.2": TLSVersion.TLSv1_2, "TLSv1.3": TLSVersion.TLSv1_3}
_BEGIN_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_PEM: Final = re.compile(_BEGIN_CERTIFICATE + b".*?-----END CERTIFICATE-----", re.DOTALL)
_END_KEY: Final = b"PRIVATE KEY-----"
_NO_CHECK_TIME: Final = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which ssl does not name
# In a process that is patched SSLContext is that of gevent, which gives the callback of SNI sockets of gevent only.
_NATIVE_CONTEXT: Final[Any] = next(base for base in ssl.SSLContext.__mro__ if base.__module__ == "_ssl")
_ROUNDS: Final = 4  # most turns of a handshake between two sides in memory
# What OpenSSL's reasons mean for the person that wrote the configuration.
_WORDS: Final = {
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    "EE_KEY_TOO_SMALL": "the key is too short",
    "CA_KEY_TOO_SMALL": "the key of a certificate in the chain is too short",
    "CA_MD_TOO_WEAK": "a certificate in the chain has a weak signature",
}


@dataclass(frozen=True, slots=True)
class PemFile:
    """A file, as it was read."""

    path: Path
    octets: bytes


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate, with its chain, and its key. Shape: names are those that clients ask for; the default has none."""

    certificate: PemFile
    key: PemFile
    names: tuple[DomainPattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    What a certificate says.

    Shape: path is that of its file; der its octets; names are its DNS names; expires_at is in Unix seconds; issuers are
    the certificates that are sent with it.
    """

    path: Path
    der: bytes
    names: tuple[str, ...]
    expires_at: float
    issuers: tuple[bytes, ...] = ()


class ServerTls:
    """
    What a server presents: a context for each pair; the first is for clients that name no host, or another.

    `context` is for sessions that may resume another one and get a ticket, `context_without_ticket` for those that
    neither do nor get.
    """

    def __init__(self, pairs: Sequence[KeyPair], minimum: str) -> None:
        """
        *minimum* is the oldest version, a key of MINIMUM_VERSIONS.

        Raises:
            ConfigError: a pair cannot be used; the text is one line.
        """
        contexts = [_server_context(pair, minimum) for pair in pairs]
        self.certificates = tuple(_inspected(context, pair) for context, pair in zip(contexts, pairs, strict=True))
        self.context = contexts[0]
        self.context_without_ticket = _server_context(pairs[0], minimum)
        self.context_without_ticket.num_tickets = 0
        self._certificates = dict(zip(contexts, self.certificates, strict=True))
        self._certificates[self.context_without_ticket] = self.certificates[0]
        by_name = [(name, context) for context, pair in zip(contexts, pairs, strict=True) for name in pair.names]
        self._by_name = PatternTable(by_name)
        if by_name:
            sys.unraisablehook = _report_unraisable
            for context in (self.context, self.context_without_ticket):
                _NATIVE_CONTEXT.sni_callback.__set__(context, self._choose)

    def certificate_of(self, context: ssl.SSLContext) -> Certificate:
        """The certificate that *context*, one of these, presents."""
        return self._certificates[context]

    def _choose(self, tls: SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """Set the context for the host *name* that the client asks for, RFC 6066 §3."""
        if name is None:
            return
        try:
            context = self._by_name.find(Domain.parse(name))
        except SyntaxViolation:
            return
        if context is not None:
            tls.context = context


def _report_unraisable(report: "sys.UnraisableHookArgs") -> None:
    """
    Report an exception that Python cannot raise, but not that a client asks for a host by octets that are not ASCII.

    The module `ssl` decodes the name before it calls `_choose`. It ends the handshake then, and would print a traceback
    for every such client.
    """
    if not (isinstance(report.exc_value, UnicodeDecodeError) and isinstance(report.object, bytes)):
        sys.__unraisablehook__(report)


def load_pair(context: ssl.SSLContext, pair: KeyPair) -> None:
    """
    Have *context* present *pair*.

    Raises:
        ConfigError: it cannot be used; the text is one line.
    """
    for file, mark, kind in (
        (pair.certificate, _BEGIN_CERTIFICATE, "certificate"),
        (pair.key, _END_KEY, "private key"),
    ):
        if mark not in file.octets:
            raise ConfigError(f"{file.path}: has no {kind} in PEM form")
    try:
        with _opened(pair.certificate.octets) as certificate, _opened(pair.key.octets) as key:
            context.load_cert_chain(certificate, key, password="")
    except SSLError as exc:
        raise _unusable(pair, exc) from exc


def _server_context(pair: KeyPair, minimum: str) -> ssl.SSLContext:
    context = ssl.SSLContext(PROTOCOL_TLS_SERVER)
    context.minimum_version = MINIMUM_VERSIONS[minimum]
    context.options |= OP_NO_RENEGOTIATION
    context.num_tickets = 1  # a second one costs a full handshake a fifteenth, and is for clients that connect in pairs
    load_pair(context, pair)
    return context


@contextmanager
def _opened(octets: bytes) -> Iterator[str]:
    """A path under which OpenSSL can read *octets* without a file on a disk, before this process drops privileges."""
    fd = os.memfd_create("empath-pem", os.MFD_CLOEXEC)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(octets)
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _inspected(context: ssl.SSLContext, pair: KeyPair) -> Certificate:
    """
    Read the certificate that *context* presents by a handshake in memory, which shows that it serves, too.

    `ssl` reads the fields of a certificate only for a peer that it has verified. So the client trusts this certificate.
    """
    try:
        found = [pem.decode("ascii") for pem in _PEM.findall(pair.certificate.octets)]
        der, *issuers = map(PEM_cert_to_DER_cert, found)
        client_context = ssl.SSLContext(PROTOCOL_TLS_CLIENT)
        client_context.check_hostname = False
        client_context.verify_mode = CERT_REQUIRED
        client_context.verify_flags |= VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
        client_context.load_verify_locations(cadata=der)
        fields = _presented(context, client_context)
    except (SSLError, ValueError) as exc:
        raise _unusable(pair, exc) from exc
    names = cast("tuple[tuple[str, str], ...]", fields.get("subjectAltName", ()))
    return Certificate(
        path=pair.certificate.path,
        der=der,
        names=tuple(name.lower() for kind, name in names if kind == "DNS"),
        expires_at=float(cert_time_to_seconds(cast("str", fields["notAfter"]))),
        issuers=tuple(issuers),
    )


def _presented(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> dict[str, object]:
    """The fields of the certificate that a client gets from *server_context*."""
    upstream, downstream = MemoryBIO(), MemoryBIO()
    client = client_context.wrap_bio(downstream, upstream)
    server = server_context.wrap_bio(upstream, downstream, server_side=True)
    for _ in range(_ROUNDS):
        for side in (client, server):
            try:
                side.do_handshake()
            except SSLWantReadError:
                continue
    return dict(client.getpeercert() or {})


def _unusable(pair: KeyPair, error: SSLError | ValueError) -> ConfigError:
    reason = (error.reason or "") if isinstance(error, SSLError) else ""
    if b"ENCRYPTED" in pair.key.octets:
        words = "the key is encrypted, and Empath asks for no passphrase"
    elif isinstance(error, SSLCertVerificationError):
        words = str(error.verify_message)
    else:
        words = _WORDS.get(reason) or reason.replace("_", " ").lower() or "one of them is damaged"
    return ConfigError(f"{pair.certificate.path} with the key {pair.key.path} cannot be used: {words}")
