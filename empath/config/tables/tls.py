"""
tls - the tables [tls] and [[tls.sni]]: the certificates that listeners present
"""

from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from empath.config.fields import CertificateName, ConfigPath
from empath.config.keys import KeyPath
from empath.config.reading import setting
from empath.config.tables.table import Table
from empath.policy.pattern import DomainPattern


class TlsMode(StrEnum):
    """When a listener speaks TLS."""

    NONE = "none"
    STARTTLS = "starttls"
    REQUIRED = "required"
    IMPLICIT = "implicit"

    @property
    def needs_certificate(self) -> bool:
        """Whether the listener presents one."""
        return self is not TlsMode.NONE

    @property
    def has_starttls(self) -> bool:
        """Whether the listener begins in the clear."""
        return self in (TlsMode.STARTTLS, TlsMode.REQUIRED)


class PairFiles(NamedTuple):
    """The files of a certificate and its key, after the table that names them; names are those that it is for."""

    keys: KeyPath
    certificate: Path
    key: Path
    names: tuple[DomainPattern, ...]


class Sni(Table):
    """A certificate for clients that ask for other names than those of the first one. There may be several."""

    names: tuple[CertificateName, ...] = Field(examples=[["mail.example.net"]])
    """Host names that clients ask for: "mail.example.net", "*.example.net"."""

    certificate: ConfigPath = Field(examples=["/etc/empath/mail.example.net/fullchain.pem"])
    """As in [tls]."""

    key: ConfigPath = Field(examples=["/etc/empath/mail.example.net/privkey.pem"])
    """As in [tls]."""


class TlsClient(Table):
    """TLS with the hosts that mail goes to. What is demanded of it is the setting `tls` of a destination. Changed files
    are read without a reload."""

    certificate: ConfigPath | None = setting(None, example="/etc/empath/client.pem")
    """The certificate that is shown to hosts which ask for one, in PEM form, followed by those that lead to its
    root."""

    key: ConfigPath | None = setting(None, example="/etc/empath/client.key")
    """The private key of the certificate in PEM form, without a passphrase. Only root need be able to read it."""

    ca: ConfigPath | None = setting(None, example="/etc/empath/authorities.pem")
    """The authorities that may vouch for hosts, in PEM form. Not set: those of the system."""

    minimum: Literal["TLSv1.2", "TLSv1.3"] = setting("TLSv1.2")
    """The oldest version of TLS that is spoken: "TLSv1.2" or "TLSv1.3"."""

    @property
    def pair(self) -> PairFiles | None:
        """The files of the certificate."""
        if self.certificate is None or self.key is None:
            return None
        return PairFiles(("tls", "client"), self.certificate, self.key, ())


class Tls(Table):
    """Certificates of the listeners whose `tls` is not "none". Changed files are read without a reload."""

    certificate: ConfigPath | None = setting(None, example="/etc/empath/fullchain.pem")
    """The certificate in PEM form, followed by those that lead to its root."""

    key: ConfigPath | None = setting(None, example="/etc/empath/privkey.pem")
    """The private key of the certificate in PEM form, without a passphrase. Only root need be able to read it."""

    minimum: Literal["TLSv1.2", "TLSv1.3"] = setting("TLSv1.2")
    """The oldest version of TLS that is spoken: "TLSv1.2" or "TLSv1.3"."""

    client: TlsClient = setting({})
    sni: tuple[Sni, ...] = setting([])

    @property
    def pairs(self) -> tuple[PairFiles, ...]:
        """The files of all certificates, that of [tls] first; empty without one."""
        if self.certificate is None or self.key is None:
            return ()
        others = (PairFiles(("tls", "sni", n), sni.certificate, sni.key, sni.names) for n, sni in enumerate(self.sni))
        return (PairFiles(("tls",), self.certificate, self.key, ()), *others)
