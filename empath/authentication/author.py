"""author - the domains that DMARC asks about, RFC 9989 §4.2"""

from collections.abc import Sequence
from functools import lru_cache

from empath.mail.domain import Domain
from empath.message.authors import authors


def author_domains(from_fields: Sequence[bytes]) -> tuple[str, ...] | None:
    """
    The domains of the authors in A-labels, each once; *from_fields* are all From fields of a message, each with its
    name.

    None where there is no one reading: not exactly one field, an address that is not certain, or one without a domain.
    """
    return _domains(from_fields[0]) if len(from_fields) == 1 else None


@lru_cache(maxsize=512)
def _domains(field: bytes) -> tuple[str, ...] | None:
    domains = [each.domain for each in authors(field) or ()]
    if not domains or not all(isinstance(domain, Domain) for domain in domains):
        return None
    return tuple(dict.fromkeys(map(str, domains)))
