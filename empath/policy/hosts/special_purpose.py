"""
special_purpose - addresses that no mail host of the Internet has

The rows are what IANA's registries have as not globally reachable, and the blocks that are assigned to no hosts, as of
2025: iana-ipv4-special-registry and iana-ipv6-special-registry (RFC 6890, RFC 8190), multicast, and ipv6-address-space,
where 2000::/3 alone is global unicast (RFC 4291 §2.4).  The first row that holds an address names it.

An IPv6 address that leads to an IPv4 host through a translator or a tunnel is judged as that host: a zone must not
reach 10.0.0.1 by another spelling.
"""

import ipaddress
from functools import lru_cache
from typing import Final

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NETWORKS: Final = tuple(
    (ipaddress.ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "unspecified"),  # RFC 791 §3.2
        ("10.0.0.0/8", "private"),  # RFC 1918
        ("100.64.0.0/10", "shared address space"),  # RFC 6598
        ("127.0.0.0/8", "loopback"),  # RFC 1122 §3.2.1.3
        ("169.254.0.0/16", "link-local"),  # RFC 3927
        ("172.16.0.0/12", "private"),  # RFC 1918
        ("192.0.0.0/24", "reserved for protocols"),  # RFC 6890 §2.1
        ("192.0.2.0/24", "reserved for documentation"),  # RFC 5737
        ("192.88.99.0/24", "reserved for protocols"),  # RFC 7526
        ("192.168.0.0/16", "private"),  # RFC 1918
        ("198.18.0.0/15", "reserved for benchmarks"),  # RFC 2544
        ("198.51.100.0/24", "reserved for documentation"),  # RFC 5737
        ("203.0.113.0/24", "reserved for documentation"),  # RFC 5737
        ("224.0.0.0/4", "multicast"),  # RFC 5771
        ("240.0.0.0/4", "reserved"),  # RFC 1112 §4, the limited broadcast included
        ("::/128", "unspecified"),  # RFC 4291
        ("::1/128", "loopback"),  # RFC 4291
        ("100::/64", "discarded"),  # RFC 6666
        ("2001::/23", "reserved for protocols"),  # RFC 2928: Teredo, ORCHID, benchmarks
        ("2001:db8::/32", "reserved for documentation"),  # RFC 3849
        ("3fff::/20", "reserved for documentation"),  # RFC 9637
        ("fc00::/7", "private"),  # RFC 4193
        ("fe80::/10", "link-local"),  # RFC 4291
        ("fec0::/10", "private"),  # RFC 3879: site-local
        ("ff00::/8", "multicast"),  # RFC 4291
        ("::/3", "reserved"),  # ::/96 (RFC 4291 §2.5.5.1), 64:ff9b:1::/48 (RFC 8215), 100:0:0:1::/64 (RFC 9780)
        ("4000::/2", "reserved"),  # 5f00::/16 (RFC 9602)
        ("8000::/1", "reserved"),
    )
)
# Where the 32 bits of the IPv4 address begin, counted from the right.
_EMBEDDING: Final = (
    (ipaddress.ip_network("::ffff:0:0/96"), 0),  # RFC 4291 §2.5.5.2
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # RFC 6052 §2.1
    (ipaddress.ip_network("2002::/16"), 80),  # RFC 3056 §2
)


@lru_cache(maxsize=4096)
def reached_by(address: str) -> _Address:
    """The host that *address* leads to: itself, or the IPv4 address within it."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        for network, shift in _EMBEDDING:
            if parsed in network:
                return ipaddress.IPv4Address(int(parsed) >> shift & 0xFFFFFFFF)
    return parsed


@lru_cache(maxsize=4096)
def special_purpose(address: str) -> str:
    """Why no mail host of the Internet has this address, as what it "is"; "" where one may have it."""
    reached = reached_by(address)
    return next((what for network, what in _NETWORKS if reached in network), "")
