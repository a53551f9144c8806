"""
client_tls - what this host presents and trusts as a client of other hosts

There are two contexts.  One takes any certificate: where TLS is optional, or where no authority has to vouch for the
host, as with DANE.  It also takes the weak keys and old hosts that OpenSSL refuses by default, because without them the
mail would go in the clear.  The other one takes only certificates of known authorities; it is made when it is first
needed, because to load them takes time.
"""

import ssl
from functools import cached_property
from ssl import (
    CERT_NONE,
    CERT_REQUIRED,
    OP_NO_RENEGOTIATION,
    PROTOCOL_TLS_CLIENT,
    SSLError,
)
from typing import Final

from empath.errors import ConfigError
from empath.net.certificate import MINIMUM_VERSIONS, KeyPair, PemFile, load_pair

# A host without RFC 5746, which OpenSSL 3 refuses. The name in `ssl` is there from Python 3.12 on.
_LEGACY_SERVER_CONNECT: Final = 0x4
_ANY_STRENGTH: Final = "DEFAULT:!aNULL:!eNULL:!MD5:!RC4:@SECLEVEL=0"


class ClientTls:
    """The contexts of a client."""

    def __init__(
        self, pair: KeyPair | None = None, authorities: PemFile | None = None, minimum: str = "TLSv1.2"
    ) -> None:
        """
        *pair* is shown to hosts that ask for a certificate; *authorities* are trusted instead of those of the system.
        *minimum* is the oldest version, a key of MINIMUM_VERSIONS.

        Raises:
            ConfigError: a file cannot be used; the text is one line.
        """
        self._pair = pair
        self._authorities = authorities
        self._minimum = minimum
        self.unverified = self._context()
        self.unverified.check_hostname = False
        self.unverified.verify_mode = CERT_NONE
        self.unverified.set_ciphers(_ANY_STRENGTH)
        self.unverified.options |= _LEGACY_SERVER_CONNECT
        if authorities is not None:
            self.verified  # noqa: B018 - the file is found wrong at the start, and not at the first mail

    @cached_property
    def verified(self) -> ssl.SSLContext:
        """Takes only certificates of known authorities. Names are compared elsewhere."""
        context = self._context()
        context.check_hostname = False
        context.verify_mode = CERT_REQUIRED
        if self._authorities is None:
            context.load_default_certs()
            return context
        try:
            context.load_verify_locations(cadata=self._authorities.octets.decode("ascii"))
        except (SSLError, ValueError) as exc:
            raise ConfigError(f"{self._authorities.path}: has no certificates in PEM form") from exc
        return context

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(PROTOCOL_TLS_CLIENT)
        context.minimum_version = MINIMUM_VERSIONS[self._minimum]
        context.options |= OP_NO_RENEGOTIATION
        if self._pair is not None:
            load_pair(context, self._pair)
        return context
