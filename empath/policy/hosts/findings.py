"""
findings - what a search for hosts found, and why each exchanger is tried or not

Delivery needs only the hosts.  A finding tells of every exchanger whether it is tried, and why not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from empath.mail.lookup import Absent, Addresses, Failed, Kind, Question
from empath.policy.hosts.addresses import is_host_name, literal_of
from empath.policy.hosts.search import Host, HostSearch, Verdict


class ExchangerFate(StrEnum):
    """Whether an exchanger, or one of its addresses, is tried, or why not."""

    TRIED = "tried"  # in the order that the finding says
    SPARE = "spare"  # usable, and beyond the five of one attempt
    OURS = "ours"  # ourselves: mail would come back
    DROPPED = "dropped"  # no better than ourselves
    REFUSED = "refused"  # not of the Internet, and not allowed
    ABSENT = "absent"  # has no address
    FAILED = "failed"  # a look-up had no answer
    NO_HOST = "no-host"  # a name that no host can have
    NOT_ASKED = "not-asked"  # there were hosts enough before it


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One address of one exchanger, or an exchanger without one.

    Shape: order from 1, None for what is not tried; address None where there is none; ttl_s seconds; why a few words.
    """

    order: int | None
    preference: int
    host: str
    address: str | None
    ttl_s: float | None
    fate: ExchangerFate
    why: str


def findings(search: HostSearch, hosts: Sequence[Host]) -> list[Finding]:
    """All of a *search* that is over, best first; *hosts* are those that it gave, in their order."""
    orders = {(host.name, host.address): order for order, host in enumerate(hosts, 1)}
    found = [finding for exchanger in search.exchangers for finding in _of(search, *exchanger, orders)]
    return sorted(found, key=lambda finding: (finding.preference, finding.order or len(hosts) + 1))


def _of(search: HostSearch, preference: int, name: str, orders: dict[tuple[str, str], int]) -> Iterator[Finding]:
    def finding(fate: ExchangerFate, why: str, address: str | None = None, ttl_s: float | None = None) -> Finding:
        order = orders.get((name, address)) if address is not None else None
        return Finding(order, preference, name, address, ttl_s, fate, why)

    def weighed(address: str, ttl_s: float | None) -> Finding:
        verdict, why = search.judge(address)
        if verdict is Verdict.OWN:
            return finding(ExchangerFate.OURS, why, address, ttl_s)
        if is_no_better:
            return finding(ExchangerFate.DROPPED, "no better than ourselves", address, ttl_s)
        if verdict is Verdict.REFUSED:
            return finding(ExchangerFate.REFUSED, why, address, ttl_s)
        return finding(ExchangerFate.TRIED if (name, address) in orders else ExchangerFate.SPARE, why, address, ttl_s)

    is_no_better = search.loop_at is not None and preference >= search.loop_at
    answers = [search.answers.get(Question(name, kind)) for kind in (Kind.A, Kind.AAAA)]
    if search.is_own_name(name):
        yield finding(ExchangerFate.OURS, "own name")
    elif search.literal is not None:
        yield weighed(search.literal, None)
    elif not is_host_name(name):
        yield finding(
            ExchangerFate.NO_HOST, "not the name of a host" if literal_of(name) is None else "an address, not a name"
        )
    elif answers == [None, None]:
        if is_no_better:
            yield finding(ExchangerFate.DROPPED, "no better than ourselves")
        else:
            yield finding(ExchangerFate.NOT_ASKED, "hosts enough before it")
    else:
        for kind, answer in zip((Kind.A, Kind.AAAA), answers, strict=True):
            if isinstance(answer, Addresses):
                yield from (weighed(address, answer.ttl_s) for address in answer.records)
            elif isinstance(answer, Failed):
                yield finding(ExchangerFate.FAILED, f"{kind} look-up failed: {answer.why}")
        absent = [answer for answer in answers if isinstance(answer, Absent)]
        if len(absent) == len(answers):
            yield finding(ExchangerFate.ABSENT, absent[0].why, None, absent[0].ttl_s)
