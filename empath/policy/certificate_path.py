"""
certificate_path - certificates as far as a path to an issuer needs them, RFC 5280 §6

A path is checked for signatures, for the right to issue, and for limits on depth and names.  Who is trusted, and the
dates, are the caller's part.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ExtensionOID, NameOID

_KNOWN: Final = frozenset(  # critical extensions that are heeded here, or bind only what is not checked here
    (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    )
)
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


class Certificate:
    """
    One certificate.

    Its fields are all read when it is made, because the library reads each of them only when it is asked for, and a
    field that cannot be read raises then.
    """

    def __init__(self, der: bytes) -> None:
        self.der = der
        self.parsed = parsed = x509.load_der_x509_certificate(der)
        self._begins, self._ends = parsed.not_valid_before_utc, parsed.not_valid_after_utc
        self.is_self_issued = parsed.issuer == parsed.subject  # RFC 5280 §3.2
        self._extensions = list(parsed.extensions)
        _ = self.names

    def is_valid_at(self, now: datetime) -> bool:
        """Whether *now* is within its dates."""
        return self._begins <= now <= self._ends

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its DNS names in lower case; the common name counts only where there are none, RFC 6125 §6.4.4."""
        alternative = self.find(x509.SubjectAlternativeName)
        found = [] if alternative is None else alternative.get_values_for_type(x509.DNSName)
        if not found:
            common = self.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            found = [str(each.value) for each in common]
        return tuple(name.lower().removesuffix(".") for name in found)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The IP addresses that it is for, in their shortest form."""
        alternative = self.find(x509.SubjectAlternativeName)
        return () if alternative is None else tuple(map(str, alternative.get_values_for_type(x509.IPAddress)))

    @property
    def has_unknown(self) -> bool:
        """Whether it has a critical extension that is not understood, so that it must not be used."""
        return any(extension.critical and extension.oid not in _KNOWN for extension in self._extensions)

    def find(self, kind: type[_Extension]) -> _Extension | None:
        """The extension of that kind."""
        for extension in self._extensions:
            if isinstance(extension.value, kind):
                return extension.value
        return None


def read_certificate(der: bytes) -> Certificate | None:
    """The certificate, None if it cannot be read."""
    try:
        return Certificate(der)
    except _UNREADABLE:
        return None


def is_named(leaf: Certificate, names: Sequence[str]) -> bool:
    """Whether a name of the certificate is one of *names*; a first label `*` stands for any one label."""
    return any(_is_like(pattern, name.lower()) for pattern in leaf.names for name in names)


def is_issued_by(path: Sequence[Certificate], issuer: Certificate) -> bool:
    """
    Whether *issuer* signed the last certificate of *path*, and may stand above all of them.

    *path* begins with the certificate of the host.
    """
    below = path[-1]
    return (
        not (below.has_unknown or issuer.has_unknown)
        and _may_issue(issuer, sum(not each.is_self_issued for each in path[1:]))
        and all(_is_allowed(issuer.find(x509.NameConstraints), name) for name in path[0].names)
        and _has_signed(issuer, below)
    )


def is_signed_by(below: Certificate, key_der: bytes) -> bool:
    """Whether the key in *key_der*, a SubjectPublicKeyInfo, signed *below*. Of its owner nothing is known."""
    parsed = below.parsed
    signed = (parsed.signature, parsed.tbs_certificate_bytes)
    try:
        key, how = load_der_public_key(key_der), parsed.signature_algorithm_parameters
        if isinstance(key, RSAPublicKey):
            key.verify(*signed, how, parsed.signature_hash_algorithm)  # type: ignore[arg-type]
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(*signed, how)  # type: ignore[arg-type]
        else:
            key.verify(*signed)  # type: ignore[union-attr,call-arg]
    except (ValueError, TypeError, AttributeError, InvalidSignature, UnsupportedAlgorithm):
        return False  # another kind of key than that of the signature is a TypeError
    return not below.has_unknown


def _may_issue(issuer: Certificate, between: int) -> bool:
    """Whether *issuer* is an authority above *between* other authorities."""
    basic = issuer.find(x509.BasicConstraints)
    if basic is None or not basic.ca or (basic.path_length is not None and basic.path_length < between):
        return False
    usage = issuer.find(x509.KeyUsage)
    return usage is None or usage.key_cert_sign


def _has_signed(issuer: Certificate, below: Certificate) -> bool:
    try:
        below.parsed.verify_directly_issued_by(issuer.parsed)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_allowed(limits: x509.NameConstraints | None, name: str) -> bool:
    """Whether a DNS name is within the limits, RFC 5280 §4.2.1.10."""
    if limits is None:
        return True
    if any(_is_within(name, tree) for tree in _trees(limits.excluded_subtrees)):
        return False
    permitted = _trees(limits.permitted_subtrees)
    return not permitted or any(_is_within(name, tree) for tree in permitted)


def _trees(subtrees: Sequence[x509.GeneralName] | None) -> list[str]:
    return [each.value.lower() for each in subtrees or () if isinstance(each, x509.DNSName)]


def _is_within(name: str, tree: str) -> bool:
    bare = tree.removeprefix(".")
    return not bare or name == bare or name.endswith(f".{bare}")


def _is_like(pattern: str, name: str) -> bool:
    first, _, rest = pattern.partition(".")
    if first == "*":
        _, _, parent = name.partition(".")
        return "." in rest and parent == rest
    return bool(name) and pattern == name
