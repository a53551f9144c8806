"""doctor_lists - whether blocklists name the addresses that mail leaves from"""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from empath.mail.lookup import Addresses, Failed
from empath.policy.dnsbl import Blocklist, asked_of, is_refusal
from empath.policy.health import Diagnosis, Level

if TYPE_CHECKING:
    from empath.net.resolver import Resolver

_WITHIN_S: Final = 3.0


def diagnose_lists(resolver: "Resolver", zones: Sequence[str], addresses: Sequence[str]) -> Iterator[Diagnosis]:
    """Ask the blocklists *zones* about each address that mail leaves from."""
    pairs = [(zone, address) for zone in zones for address in addresses]
    questions = [asked_of(zone, ipaddress.ip_address(address)) for zone, address in pairs]
    answers = resolver.look_up(questions, _WITHIN_S) if questions else []
    for (zone, address), answer in zip(pairs, answers, strict=True):
        records = answer.records if isinstance(answer, Addresses) else ()
        if any(map(is_refusal, records)) or isinstance(answer, Failed):
            why = answer.why if isinstance(answer, Failed) else f"it answers {', '.join(records)} to this resolver"
            remedy = "ask by a name server of your own: lists refuse those that many share"
            yield Diagnosis("blocklist", Level.WARNING, f"{zone} says nothing of {address}: {why}", remedy)
        elif any(map(Blocklist(zone).counts, records)):
            found = f"{zone} lists {address} as {', '.join(records)}"
            yield Diagnosis(
                "blocklist", Level.WARNING, found, f"see the site of {zone} for the reason, and how to leave it"
            )
        else:
            yield Diagnosis("blocklist", Level.OK, f"{zone} does not list {address}")
