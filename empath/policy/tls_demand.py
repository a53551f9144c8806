"""
tls_demand - what is demanded of TLS with one host

THEORY
    An operator sets a level for a destination, `tls`.  `demand_for` makes of it what holds of one host, together with
    what the message needs, what the DNS says by DANE (RFC 7672), and what the domain says by MTA-STS (RFC 8461).  It is
    the only place that decides this, and the demand says where it came from.

RULES
    DANE comes before MTA-STS, where the level asks for both.
    A demand that cannot be known, because a look-up failed, keeps the mail away from the host: it is never taken for
    "no demand".
    An MTA-STS policy in mode `testing` is tried: what fails is noted, and the mail goes on as without the policy.
    REQUIRETLS raises a demand and `TLS-Required: No` lowers one that DANE or MTA-STS made, RFC 8689.  Neither changes
    what the operator set by name.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from empath.errors import SyntaxViolation
from empath.mail.lookup import Security, TlsaRecord
from empath.mail.protocol import Protocol
from empath.mail.reply import EnhancedStatus, Reply
from empath.policy.dane import TlsaFindings, TlsaState
from empath.policy.hosts.search import Host

_FINGERPRINT: Final = "fingerprint:"
_SHA_256: Final = re.compile(r"(?:SHA256[:=])?([0-9A-F]{2}(?::?[0-9A-F]{2}){31})", re.IGNORECASE)
_FORMS: Final = "none, may, encrypt, verify, dane, sts, dane-or-sts or fingerprint:SHA256:… with 64 hexadecimal digits"
_SECURITY: Final = EnhancedStatus(4, 7, 5)  # cryptographic failure, RFC 3463 §3.8
_POLICY: Final = EnhancedStatus(4, 7, 0)


class TlsLevel(StrEnum):
    """What is demanded, from nothing to the proof of an identity."""

    NONE = "none"  # mail goes in the clear
    MAY = "may"  # TLS if the host offers it, without a check of its certificate
    ENCRYPT = "encrypt"  # TLS, without a check
    VERIFY = "verify"  # TLS, and a certificate of a known authority for the host or the domain
    FINGERPRINT = "fingerprint"  # TLS, and this very certificate
    DANE = "dane"  # as the TLSA records of the host say; `may` without any
    STS = "sts"  # as the MTA-STS policy of the domain says; `may` without one
    DANE_OR_STS = "dane-or-sts"  # the first of the two that says something


_BY_OTHERS: Final = frozenset({TlsLevel.DANE, TlsLevel.STS, TlsLevel.DANE_OR_STS})


@dataclass(frozen=True, slots=True)
class TlsDemand:
    """
    The setting `tls` of a destination.

    Shape: fingerprints are SHA-256 of certificates in lower-case hexadecimal, at least one exactly for FINGERPRINT.
    Text form: the level, or `fingerprint:SHA256:` and the digits; several fingerprints are divided by commas.
    """

    level: TlsLevel = TlsLevel.MAY
    fingerprints: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "TlsDemand":
        """
        Read the text form.

        Raises:
            SyntaxViolation: *text* is none.
        """
        if text.startswith(_FINGERPRINT):
            matches = [_SHA_256.fullmatch(part.strip()) for part in text.removeprefix(_FINGERPRINT).split(",")]
            if None in matches:
                raise SyntaxViolation(f"not the SHA-256 of a certificate: {text!r} (fingerprint:SHA256:AB:CD:…)")
            digits = (match[1].replace(":", "").lower() for match in matches if match is not None)
            return cls(TlsLevel.FINGERPRINT, tuple(digits))
        try:
            level = TlsLevel(text)
        except ValueError:
            level = TlsLevel.FINGERPRINT
        if level is TlsLevel.FINGERPRINT:
            raise SyntaxViolation(f"not a level of TLS: {text!r} ({_FORMS})")
        return cls(level)

    def __str__(self) -> str:
        if self.level is not TlsLevel.FINGERPRINT:
            return str(self.level)
        return _FINGERPRINT + ",".join(f"SHA256:{digits}" for digits in self.fingerprints)

    @property
    def asks_dane(self) -> bool:
        """Whether the TLSA records of a host count."""
        return self.level in (TlsLevel.DANE, TlsLevel.DANE_OR_STS)

    @property
    def asks_sts(self) -> bool:
        """Whether the MTA-STS policy of a domain counts."""
        return self.level in (TlsLevel.STS, TlsLevel.DANE_OR_STS)


MAY: Final = TlsDemand()


class StsMode(StrEnum):
    """What a policy asks of senders, RFC 8461 §5."""

    NONE = "none"  # nothing, or there is no policy
    TESTING = "testing"  # to report what would fail
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class StsFinding:
    """
    What the MTA-STS policy of a domain says of one host.

    Shape: is_listed says whether the policy names the host; origin are words for people, such as `MTA-STS policy 2026
    of example.org`.
    """

    mode: StsMode = StsMode.NONE
    is_listed: bool = False
    origin: str = ""


NO_STS: Final = StsFinding()


class MessageNeeds(NamedTuple):
    """
    What one message asks of the connection.

    Shape: requires_tls is True with REQUIRETLS, False with `TLS-Required: No` and None with neither, RFC 8689.
    is_overdue: its first retry delay is over, so that it may go in the clear where TLS is optional and fails.
    """

    requires_tls: bool | None = None
    is_overdue: bool = False


NEEDS_NOTHING: Final = MessageNeeds()


@dataclass(frozen=True, slots=True)
class HostDemand:
    """
    What holds of one host for one message.

    Shape: level is none, may, encrypt, verify, fingerprint or dane; origin are words for people that say what decided.
    names are those that the certificate may have: of verify, and of dane under a DANE-TA record. records are those of
    dane. server_name is the name to ask for (RFC 6066 §3), "" for an address. needs_requiretls: the host must offer
    REQUIRETLS. may_fall_back: after TLS failed, the message may go in the clear to the same host. refusal: the host
    gets no mail, and this is why. is_on_trial: a host that does not give what the level demands gets the message all
    the same, by `optional()`.
    """

    level: TlsLevel
    origin: str = "built-in"
    names: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    records: tuple[TlsaRecord, ...] = ()
    server_name: str = ""
    needs_requiretls: bool = False
    may_fall_back: bool = field(default=False, compare=False)
    refusal: Reply | None = None
    is_on_trial: bool = False

    @property
    def is_mandatory(self) -> bool:
        """Whether no mail may go in the clear."""
        return self.level not in (TlsLevel.NONE, TlsLevel.MAY)

    @property
    def is_proved_by_authority(self) -> bool:
        """Whether the certificate must come from an authority that is known."""
        return self.level is TlsLevel.VERIFY

    def __str__(self) -> str:
        return f"{self.level} by {self.origin}"

    def optional(self) -> "HostDemand":
        """The same after a trial failed."""
        return replace(self, level=TlsLevel.MAY, names=(), is_on_trial=False)

    def in_clear(self) -> "HostDemand":
        """The same after TLS failed, where it may fall back."""
        return replace(self, level=TlsLevel.NONE, origin=f"{self.origin}; TLS failed before", may_fall_back=False)


NO_TLS: Final = HostDemand(TlsLevel.NONE)


def demand_for(
    setting: TlsDemand,
    origin: str,
    host: Host,
    needs: MessageNeeds = NEEDS_NOTHING,
    *,
    dane: TlsaFindings | None = None,
    sts: StsFinding = NO_STS,
    has_login: bool = False,
) -> HostDemand:
    """
    What is demanded of TLS with *host*.

    Args:
        origin: what gave *setting*, in words.
        dane: what the TLSA records of the host say; None where nothing was asked.
        sts: what the policy of the recipient's domain says of the host.
        has_login: this host logs in there.
    """
    if host.is_socket:
        return HostDemand(TlsLevel.NONE, "UNIX socket")
    if needs.requires_tls is False and setting.level in _BY_OTHERS:
        demand = HostDemand(TlsLevel.MAY, f"TLS-Required: No, instead of {setting.level} by {origin}")
    else:
        demand = _of_setting(setting, origin, host, dane, sts)
    if demand.level is TlsLevel.NONE and needs.requires_tls is not True:
        return demand
    if not demand.server_name and host.name != host.address:
        demand = replace(demand, server_name=host.name)
    # LMTP hands the mail to its store, RFC 2033 §1: there is no further hop that must have the extension.
    if needs.requires_tls is True and host.protocol is not Protocol.LMTP:
        proved = demand.optional() if demand.is_on_trial else demand
        demand = replace(_raised(proved, host), needs_requiretls=True)
    is_optional = demand.level is TlsLevel.MAY or demand.is_on_trial
    may_fall_back = is_optional and needs.is_overdue and not has_login
    return replace(demand, may_fall_back=True) if may_fall_back else demand


def _of_setting(setting: TlsDemand, origin: str, host: Host, dane: TlsaFindings | None, sts: StsFinding) -> HostDemand:
    level = setting.level
    if setting.asks_dane and dane is not None and dane.state is not TlsaState.NONE:
        return _of_dane(dane, host)
    if setting.asks_sts and sts.mode is not StsMode.NONE:
        return _of_sts(sts, host)
    match level:
        case TlsLevel.DANE | TlsLevel.STS | TlsLevel.DANE_OR_STS:
            return HostDemand(TlsLevel.MAY, f"{level} by {origin}, which found nothing to enforce")
        case TlsLevel.VERIFY:
            return HostDemand(level, origin, names=_names(host))
        case TlsLevel.FINGERPRINT:
            return HostDemand(level, origin, fingerprints=setting.fingerprints)
        case TlsLevel.NONE | TlsLevel.MAY | TlsLevel.ENCRYPT:
            return HostDemand(level, origin)
        case _:
            assert_never(level)


def _of_dane(dane: TlsaFindings, host: Host) -> HostDemand:
    if dane.state is TlsaState.FAILED:
        refusal = Reply(451, _SECURITY, f"the TLSA records of {host.name} are not known: {dane.why}")
        return HostDemand(TlsLevel.DANE, "a TLSA look-up that failed", refusal=refusal)
    origin = f"TLSA records of {dane.base}"
    if dane.state is TlsaState.UNUSABLE:
        return HostDemand(TlsLevel.ENCRYPT, f"{origin}, of which none is usable", server_name=dane.base)
    return HostDemand(TlsLevel.DANE, origin, names=dane.names, records=dane.records, server_name=dane.base)


def _of_sts(sts: StsFinding, host: Host) -> HostDemand:
    if sts.mode is StsMode.TESTING:
        origin = f"{sts.origin}, in mode testing"
        if not sts.is_listed:
            return HostDemand(TlsLevel.MAY, f"{origin}, which does not name the host")
        return HostDemand(TlsLevel.VERIFY, origin, names=(host.name,), is_on_trial=True)
    if not sts.is_listed:
        refusal = Reply(451, _POLICY, f"{sts.origin} does not name the host {host.name}")
        return HostDemand(TlsLevel.VERIFY, sts.origin, refusal=refusal)
    return HostDemand(TlsLevel.VERIFY, sts.origin, names=(host.name,))


def _raised(demand: HostDemand, host: Host) -> HostDemand:
    """The demand of a message with REQUIRETLS, RFC 8689 §4.2.1: the identity of the host is proved."""
    if demand.level not in (TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT):
        return demand
    domain = host.lookups.domain
    # A name that an unsigned MX record gave may be that of an attacker, who has a certificate for it.
    is_name_sure = not domain or host.lookups.exchangers is Security.SECURE
    names = _names(host) if is_name_sure else (domain,)
    return replace(demand, level=TlsLevel.VERIFY, origin="REQUIRETLS of the message", names=names)


def _names(host: Host) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (host.lookups.domain, host.name))))
