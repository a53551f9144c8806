"""
sealer - the set of fields of ARC that this host adds to mail which it passes on

A seal says what this host found out about a message before it passed it on, RFC 8617.  So only a message that was
judged is sealed, the chain of ARC included: without that it is unknown what the seal would have to say of the chain.
"""

from typing import Final, NamedTuple

from empath.authentication.arc import MAX_SETS, Chain, seal
from empath.authentication.canonical import Digests, SignedFields
from empath.authentication.sign import SIGNED_FORM, names_to_sign
from empath.authentication.signing_key import SigningKey
from empath.authentication.verify import Result

_SIGNATURE: Final = b"dkim-signature"
_MOST_SIGNATURES: Final = 20  # that the seal covers


class Sealed(NamedTuple):
    """The fields of a set, each with its line end; words name it for people, as domain:selector and its number."""

    fields: bytes
    words: str


class Unsealed(NamedTuple):
    """Why there is no set."""

    why: str


def obstacle(chain: Chain) -> str | None:
    """Why nobody may add a set to *chain*; None: a set may be added."""
    if chain.is_closed:
        return "a host before has sealed its chain as broken"
    if chain.last >= MAX_SETS:
        return f"its chain has {MAX_SETS} sets"
    return "it is not known whether its chain holds" if chain.result is Result.TEMPERROR else None


class Sealer(NamedTuple):
    """Seals in the name of *domain* by the key whose record is *selector* there; authserv_id is that of the results."""

    domain: str
    selector: str
    key: SigningKey
    authserv_id: str

    def seal(
        self, fields: SignedFields, digests: Digests, chain: Chain, results: bytes, now: float
    ) -> Sealed | Unsealed:
        """
        The next set for a message.

        Args:
            fields: the whole header section, as it goes on.
            digests: of the body, with that in SIGNED_FORM.
            chain: what became of the chain as it came.
            results: the field Authentication-Results of this host.
            now: the instant.
        """
        why = obstacle(chain)
        if why is not None:
            return Unsealed(why)
        names = names_to_sign(fields) + (_SIGNATURE,) * min(fields.count(_SIGNATURE), _MOST_SIGNATURES)
        made = seal(
            fields,
            digests[SIGNED_FORM].sha256,
            chain,
            key=self.key,
            domain=self.domain,
            selector=self.selector,
            authserv_id=self.authserv_id,
            results=results.partition(b";")[2].strip(),
            names=names,
            now=int(now),
        )
        return Sealed(made, f"{self.domain}:{self.selector} i={chain.last + 1} cv={chain.result}")
