"""
dns - the table [dns]: look-ups, and which hosts are acceptable
"""

from empath.config.fields import AllowedNetwork, Nameserver, OwnHost, Wait, setting
from empath.config.tables.table import Table


class Dns(Table):
    """Look-ups in the DNS, and which hosts are acceptable."""

    nameservers: tuple[Nameserver, ...] = setting([])
    """Resolvers to ask, with a port if it is not 53: "127.0.0.1:5353". None: those of the system."""

    timeout_s: Wait = setting("10s", "timeout")
    """Wait for one look-up, over all resolvers and tries."""

    try_timeout_s: Wait = setting("3s", "try_timeout")
    """Wait for the answer of one resolver; then the next one is asked, or the same again."""

    attempt_timeout_s: Wait = setting("30s", "attempt_timeout")
    """Wait for all look-ups of one delivery. What is not known by then counts as a look-up that failed."""

    own_hosts: tuple[OwnHost, ...] = setting([])
    """Names and addresses of this host besides its hostname and the addresses of its interfaces:
    the outside of an address translation, a proxy. Mail that an MX would lead there is not sent to ourselves."""

    allowed_networks: tuple[AllowedNetwork, ...] = setting([])
    """Networks that hosts of an MX may lie in although they are not of the Internet, such as "10.0.0.0/8" or
    "127.0.0.0/8": without this, no mail goes to loopback, private, link-local, shared, multicast, unspecified
    or reserved addresses that the DNS names. A route to a fixed host needs no permission."""
