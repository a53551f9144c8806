"""
dns - the table [dns]: look-ups, and which hosts are acceptable
"""

from typing import Literal

from empath.config.fields import AllowedNetwork, Count, Nameserver, OwnHost, Seconds, Wait
from empath.config.reading import setting
from empath.config.tables.table import Table


class Dns(Table):
    """Look-ups in the DNS, and which hosts are acceptable."""

    nameservers: tuple[Nameserver, ...] = setting([])
    """Resolvers to ask, with a port if it is not 53: "127.0.0.1:5353". None: those of /etc/resolv.conf."""

    timeout_s: Wait = setting("10s", "timeout")
    """Wait for one look-up, over all resolvers and tries."""

    try_timeout_s: Wait = setting("3s", "try_timeout")
    """Wait for the answer of one resolver; then the next one is asked, or the same again."""

    attempt_timeout_s: Wait = setting("30s", "attempt_timeout")
    """Wait for all look-ups of one delivery. A look-up without an answer by then counts as failed."""

    stale_s: Seconds = setting("1h", "stale_time")
    """Time for which an expired answer still serves while the resolvers fail. "0s": not at all. "Does not exist" and
    TLSA records never serve so."""

    cache_rows: Count = setting(10_000)
    """Most answers in the view dns_cache, which workers share. The first to expire go."""

    dnssec: Literal["off", "log", "enforce"] = setting("off")
    """Use of DNSSEC, which a validating resolver checks. "off": none is asked for, so DANE never applies. "log":
    answers are asked for with it, each attempt records what is known, and DANE can apply. "enforce": also, no resolver
    is asked that is not trusted, and no expired answer is used where a resolver failed for what may be a forgery."""

    trusted: tuple[AllowedNetwork, ...] = setting([])
    """Networks of resolvers whose word about DNSSEC (the bit AD) counts, besides those on this host. Nobody may be able
    to change packets on the way to them."""

    own_hosts: tuple[OwnHost, ...] = setting([])
    """Names and addresses of this host besides its hostname and the addresses of its interfaces, such as the outside of
    an address translation or a proxy. Empath does not send mail to itself when an MX names one of them."""

    allowed_networks: tuple[AllowedNetwork, ...] = setting([])
    """Networks outside the public Internet where the hosts of an MX may be, such as "10.0.0.0/8" or "127.0.0.0/8".
    Without this setting no mail goes to loopback, private, link-local, shared, multicast, unspecified or reserved
    addresses from the DNS. A route to a fixed host needs no permission."""
