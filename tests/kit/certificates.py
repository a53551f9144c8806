"""certificates - a certification authority for tests, and certificates from it"""

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import trustme

from empath.net.certificate import KeyPair, PemFile, ServerTls
from empath.policy.pattern import DomainPattern
from tests.kit import chains

TABLE = '[tls]\ncertificate = "certificate.pem"\nkey = "key.pem"\n'


@dataclass(frozen=True)
class Pem:
    """A certificate with its chain, and its key, as the text of files."""

    certificate: bytes
    key: bytes

    def write(self, directory: Path, prefix: str = "") -> None:
        """Write both, as TABLE names them with an empty *prefix*."""
        (directory / f"{prefix}certificate.pem").write_bytes(self.certificate)
        (directory / f"{prefix}key.pem").write_bytes(self.key)

    @contextmanager
    def on_disk(self) -> Iterator[tuple[Path, Path]]:
        """The paths of both, for a server that has files."""
        with tempfile.TemporaryDirectory() as directory:
            self.write(Path(directory))
            yield Path(directory, "certificate.pem"), Path(directory, "key.pem")

    def pair(self, *names: str) -> KeyPair:
        """Both as the server takes them."""
        return KeyPair(
            PemFile(Path("certificate.pem"), self.certificate),
            PemFile(Path("key.pem"), self.key),
            tuple(map(DomainPattern.parse, names)),
        )


@cache
def authority() -> trustme.CA:
    """The one authority of a run."""
    return trustme.CA()


@cache
def issued(*names: str, days: float = 90) -> Pem:
    """A certificate for *names* that expires in so many *days*; ECDSA on P-256."""
    leaf = authority().issue_cert(*names, not_after=datetime.now(UTC) + timedelta(days=days))
    return Pem(b"".join(blob.bytes() for blob in leaf.cert_chain_pems), leaf.private_key_pem.bytes())


def self_signed(*names: str) -> Pem:
    """A certificate for *names* that no authority vouches for."""
    own = chains.issue(names[0], names=names, begins=datetime.now(UTC), ends=datetime.now(UTC) + timedelta(days=9))
    return Pem(own.pem, own.key_pem)


def server(*names: str, minimum: str = "TLSv1.2") -> ServerTls:
    """What a server with one certificate presents."""
    return ServerTls([issued(*names or ("mx.example.test",)).pair()], minimum)


def client() -> ssl.SSLContext:
    """The context of a client that trusts the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context
