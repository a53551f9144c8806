"""
report_post - hand a report to a server by HTTPS, RFC 8460 §5.4

The address of the server must be public: a domain must not make this host talk to its own network.
"""

from collections.abc import Collection
from typing import Final

import gevent

from empath.daemon.housekeeper.domain_reporter import TLS_TYPE
from empath.mail.lookup import Addresses, Kind, Question
from empath.mail.url import parse_secure_url
from empath.net.dns_cache import CachingResolver
from empath.net.http_client import HttpEndpoint, HttpFailed, HttpRequest
from empath.policy.access import Network
from empath.policy.hosts.addresses import is_within, known

_WITHIN_S: Final = 30.0
_GRACE_S: Final = 5.0
_LOOKUP_S: Final = 10.0
_MOST_OCTETS: Final = 4_096  # of an answer, which nobody reads
_OK: Final = range(200, 300)


def post_report(resolver: CachingResolver, allowed: Collection[Network], url: str, file: bytes) -> None:
    """
    Send *file* to *url*; *allowed* are networks whose addresses count as public.

    Raises:
        HttpFailed: the server did not take it.
    """

    def addresses_of(name: str) -> list[str]:
        answers = resolver.look_up([Question(name, Kind.A), Question(name, Kind.AAAA)], _LOOKUP_S)
        found = [address for each in answers if isinstance(each, Addresses) for address in each.records]
        usable = [address for address in found if not known(address).flaw or is_within(address, allowed)]
        if not usable:
            why = "it has no public address" if found else f"its address is not known: {answers[0]}"
            raise HttpFailed(f"{name}: {why}", has_connected=False)
        return usable

    endpoint = HttpEndpoint(parse_secure_url(url), addresses_of=addresses_of)
    request = HttpRequest("POST", (("Content-Type", TLS_TYPE), ("User-Agent", "Empath")), (file,), len(file))
    with gevent.Timeout(_WITHIN_S + _GRACE_S, HttpFailed(f"{url}: timed out")):
        answer = endpoint.ask(request, timeout_s=_WITHIN_S, most_octets=_MOST_OCTETS, status_counts=True)
    if answer.status not in _OK:
        raise HttpFailed(f"{url}: HTTP status {answer.status}")
