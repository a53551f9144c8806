"""
greylist - who must come again: the decision for a sender that no one here has heard from

A program that sends spam seldom tries a second time.  So the first mail of a client, a sender and a recipient that have
not met gets a 4yz reply, and passes when it comes again after a delay.  A client that has come again several times
passes from then on, whatever it sends.  Both are rows, which an operator can see and change.

A client is a network, since the next try of a large provider comes from another host.  Of a sender the parts that
change from mail to mail are left out: what follows a "+", and numbers, as mailing lists have in their return paths.
"""

import ipaddress
import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from empath.mail.address import Address, ReversePath
from empath.mail.reply import EnhancedStatus, Reply
from empath.policy.access import ClientAddress, Network, plain_address

ANY: Final = "*"  # sender and recipient of the row that stands for all mail of a client
_NUMBER: Final = re.compile(r"\b[0-9]+\b")
_COUNT_S: Final = 3600.0  # shortest time between two deliveries that count
_AGAIN: Final = EnhancedStatus(4, 7, 1)


@dataclass(frozen=True, slots=True)
class GreylistRules:
    """
    How long things take, in seconds, and what counts as one client.

    Shape: delay_s until a second try passes, window_s until the first try is forgotten, lifetime_s until one that has
    passed is; auto_allow is the number of deliveries after which a client passes, 0 for never; most_first_tries is how
    many first tries of one client are remembered.
    """

    delay_s: float
    window_s: float
    lifetime_s: float
    auto_allow: int
    ipv4_prefix: int
    ipv6_prefix: int
    most_first_tries: int = 1_000


class Triple(NamedTuple):
    """Who writes to whom. Shape: client is a network; sender may be empty, for the null reverse-path."""

    client: str
    sender: str
    recipient: str


class Entry(NamedTuple):
    """
    What is known of a triple, or of a client.

    Shape: instants in Unix seconds; passes_at None: not yet, it takes more deliveries; expires_at None: never.
    """

    passes_at: float | None
    expires_at: float | None
    hits: int


class Note(StrEnum):
    """What is to be written about the decision."""

    NOTHING = "nothing"
    FIRST_TRY = "first try"
    DELIVERY = "a delivery that counts, for the triple and for the client"
    CLIENT_DELIVERY = "a delivery of a client that passes"


class Judgement(NamedTuple):
    """A decision. Shape: wait_s is None for a mail that passes."""

    wait_s: float | None
    note: Note


def is_client(rules: GreylistRules, text: str) -> bool:
    """Whether *text* is the network of some client, as a row has it."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return False
    return network.prefixlen == (rules.ipv4_prefix if network.version == 4 else rules.ipv6_prefix)


def network_of(rules: GreylistRules, client: ClientAddress) -> Network:
    """The network that *client* counts as."""
    client = plain_address(client)
    prefix = rules.ipv4_prefix if client.version == 4 else rules.ipv6_prefix
    return ipaddress.ip_network((client, prefix), strict=False)


def triple_of(rules: GreylistRules, client: ClientAddress, reverse_path: ReversePath, recipient: Address) -> Triple:
    """What *client*, *reverse_path* and *recipient* count as."""
    return Triple(str(network_of(rules, client)), _without_what_changes(reverse_path.address), str(recipient).lower())


def judge(rules: GreylistRules, now: float, triple: Entry | None, client: Entry | None) -> Judgement:
    """Decide by the entries of the triple and of its client, where there are any."""
    if client is not None and _is_alive(client, now) and client.passes_at is not None and client.passes_at <= now:
        return Judgement(None, Note.CLIENT_DELIVERY if _counts(rules, client, now) else Note.NOTHING)
    if triple is None or not _is_alive(triple, now) or triple.passes_at is None:
        return Judgement(rules.delay_s, Note.FIRST_TRY)
    if now < triple.passes_at:
        return Judgement(triple.passes_at - now, Note.NOTHING)
    return Judgement(None, Note.DELIVERY if _counts(rules, triple, now) else Note.NOTHING)


def refusal(wait_s: float) -> Reply:
    """The reply to a mail that must come again."""
    return Reply(451, _AGAIN, f"Greylisted, try again in {math.ceil(wait_s)} seconds")


def _is_alive(entry: Entry, now: float) -> bool:
    return entry.expires_at is None or entry.expires_at > now


def _counts(rules: GreylistRules, entry: Entry, now: float) -> bool:
    """
    Whether a delivery is written: the first one, and then one an hour. Each write moves the expiry, which so tells when
    the last one was.
    """
    if entry.expires_at is None:
        return False
    rest_s = min(_COUNT_S, rules.lifetime_s / 2)
    return entry.hits == 0 or entry.expires_at <= now + rules.lifetime_s - rest_s


def _without_what_changes(sender: Address | None) -> str:
    if sender is None:
        return ""
    local_part = sender.local_part.lower().partition("+")[0] or sender.local_part.lower()
    return f"{_NUMBER.sub('#', local_part)}@{sender.domain}"
