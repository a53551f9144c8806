"""
signer - the keys of this host, and which of them sign a message

A message is signed for the domain of its author, by all keys that this domain has here.  Without one certain author, or
without a key, it is not signed.
"""

from collections.abc import Callable, Mapping, Sequence

from empath.authentication.author import author_domains
from empath.authentication.canonical import Digests, SignedFields
from empath.authentication.key_record import Algorithm
from empath.authentication.sign import SIGNED_FORM, names_to_sign, sign
from empath.authentication.signing_key import SigningKey
from empath.mail.domain import Domain

Keys = Mapping[str, Sequence[tuple[str, SigningKey]]]  # selectors and keys by domain, in A-labels
MaySign = Callable[[Domain], bool]


class Signer:
    """Signs messages. Shape: expires_s is how long a signature is to be believed, 0 for ever."""

    __slots__ = ("_expires_s", "keys")

    def __init__(self, keys: Keys, expires_s: float = 0.0) -> None:
        self.keys = {domain: tuple(each) for domain, each in keys.items() if each}
        self._expires_s = int(expires_s)

    def __bool__(self) -> bool:
        return bool(self.keys)

    def joined_by(self, more: Keys) -> "Signer":
        """What signs with these keys and with *more*; of two keys with one selector this one's."""
        keys = {domain: dict(each) for domain, each in more.items()}
        for domain, each in self.keys.items():
            keys[domain] = {**keys.get(domain, {}), **dict(each)}
        return Signer({domain: [*each.items()] for domain, each in keys.items()}, self._expires_s)

    def domains(self, fields: SignedFields, may_sign: MaySign) -> tuple[str, ...]:
        """The domains that sign a message with this header; *may_sign* says for which its client may speak."""
        if not self.keys:
            return ()
        whole = fields.fields
        authors = [octets for name, octets in zip(whole.names, whole.octets, strict=True) if name == b"from"]
        found = author_domains(authors) or ()
        return tuple(domain for domain in found if domain in self.keys and may_sign(Domain(domain)))

    def sign(self, fields: SignedFields, digests: Digests, domains: Sequence[str], now: float) -> bytes:
        """
        The fields with the signatures of *domains*, each with its line end.

        Args:
            fields: the whole header section, as it goes on.
            digests: of the body, with that in SIGNED_FORM.
            domains: those of `domains`, for this header.
            now: the instant.
        """
        names = names_to_sign(fields)
        body = digests[SIGNED_FORM].sha256
        expires_at = int(now) + self._expires_s if self._expires_s else None
        return b"".join(
            sign(fields, body, self.keys[domain], domain=domain, names=names, now=int(now), expires_at=expires_at)
            for domain in domains
        )

    def key_of(self, domain: str, selector: str | None = None) -> tuple[str, SigningKey] | None:
        """
        The key of *domain* with this *selector*; without one the first of RSA, which every verifier knows, else the
        first. None: there is none.
        """
        keys = [each for each in self.keys.get(domain, ()) if selector in (None, each[0])]
        return next((each for each in keys if each[1].algorithm is Algorithm.RSA), keys[0] if keys else None)

    def selectors(self, domains: Sequence[str]) -> str:
        """Which keys sign for *domains*, for people."""
        return " ".join(f"{domain}:{selector}" for domain in domains for selector, _ in self.keys[domain])
