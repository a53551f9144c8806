"""sources - the address that a connection goes out from"""

import random
from collections.abc import Callable, Mapping
from typing import Final

from empath.mail.identity import Timestamp
from empath.mail.reply import Reply
from empath.policy.hosts.search import Host
from empath.policy.sources import SourceAddress, SourcePool


def _no_rests() -> Mapping[str, Timestamp]:
    return {}


class Sources:
    """The pools of the configuration, and the rests of their members."""

    def __init__(
        self,
        pools: Mapping[str, SourcePool],
        rests: Callable[[], Mapping[str, Timestamp]] = _no_rests,
        now: Callable[[], float] = lambda: 0.0,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        """*rests* gives the end of each rest by address; *now* is the wall clock."""
        self._pools = pools
        self._rests = rests
        self._now = now
        self._uniform = uniform

    def choose(self, name: str, host: Host) -> SourceAddress | Reply:
        """The member of the pool called *name* for a connection to *host*, or the reply that stands for the host's."""
        pool = self._pools.get(name)
        if pool is None:
            return Reply.of(f"451 4.3.5 There is no pool {name} in [sources] of this server")
        now = self._now()
        rested = {address for address, until in self._rests().items() if until > now}
        chosen = pool.choose(is_ipv6=":" in host.address, rested=rested, uniform=self._uniform())
        return chosen if isinstance(chosen, SourceAddress) else Reply.of(f"451 4.4.1 {chosen}")

    def is_rested(self, address: str) -> bool:
        """Whether no further mail goes out from *address* for now."""
        until = self._rests().get(address)
        return until is not None and until > self._now()


NO_SOURCES: Final = Sources({})
