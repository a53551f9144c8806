"""
client_name - the name of a client in the DNS, by its address

Who owns a network may give its addresses any name.  A name is verified if the DNS gives the address for the name, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.lookup import Addresses, Kind, LookupAnswer, Question, Texts
from empath.policy.access import ClientAddress, plain_address

_MAX_NAMES: Final = 5  # number of names that are verified


@dataclass(frozen=True, slots=True)
class ClientName:
    """One name. Shape: name in A-labels; is_verified: the name has the address of the client."""

    name: str
    is_verified: bool


def name_question(client: ClientAddress) -> Question:
    """Ask for the names of *client*, RFC 1035 §3.5 and RFC 3596 §2.5."""
    return Question(plain_address(client).reverse_pointer, Kind.PTR)


def address_questions(client: ClientAddress, answer: LookupAnswer) -> list[Question]:
    """Ask for the addresses of the names that *answer* gives *client*."""
    kind = Kind.A if plain_address(client).version == 4 else Kind.AAAA
    return [Question(name, kind) for name in _names(answer)]


def find_name(
    client: ClientAddress, answer: LookupAnswer, addresses: Mapping[Question, LookupAnswer]
) -> ClientName | None:
    """The first verified name, else the first one, None if *client* has none; *addresses* are answers about them."""
    for question in address_questions(client, answer):
        found = addresses.get(question)
        if isinstance(found, Addresses) and str(plain_address(client)) in found.records:
            return ClientName(question.name, is_verified=True)
    return next((ClientName(name, is_verified=False) for name in _names(answer)), None)


def _names(answer: LookupAnswer) -> list[str]:
    names: list[str] = []
    for text in answer.records if isinstance(answer, Texts) else ():
        try:
            names.append(str(Domain.parse(text)))
        except SyntaxViolation:
            continue  # no host has such a name
    return names[:_MAX_NAMES]
