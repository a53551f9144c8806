"""session_needs - what a session with a host must be: TLS, proof of the host, a login"""

import secrets
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from typing import Final

from empath.policy.tls_demand import NO_TLS, HostDemand, TlsLevel
from empath.smtp.client.opening import Opening, TlsUse
from empath.smtp.sasl.client import ClientLogin

_NONCE_OCTETS: Final = 18


@dataclass(frozen=True, slots=True)
class SessionNeeds:
    """
    What a session with a host must be: messages with different needs share none.

    Shape: login is the name and password for the host, None where this host does not log in; may_log_in_clear says that
    these may go over a connection without TLS. Equal needs have the same number: each message looks for a connection,
    and a number is compared at no cost.
    """

    demand: HostDemand = NO_TLS
    login: ClientLogin | None = None
    may_log_in_clear: bool = False
    number: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        login = self.login and (self.login.username, self.login.password, tuple(self.login.mechanisms))
        object.__setattr__(self, "number", _number_of(self.demand, login, self.may_log_in_clear))

    def opening(self, bindings: Mapping[str, bytes], *, is_secured: bool) -> Opening:
        """What comes before the first transaction; the arguments are of TLS that came before the greeting."""
        login = self.login
        if login is not None:
            login = replace(login, nonce=secrets.token_urlsafe(_NONCE_OCTETS))
        level = self.demand.level
        use = TlsUse.NEVER if level is TlsLevel.NONE else TlsUse.IF_OFFERED
        return Opening(
            tls=TlsUse.REQUIRED if self.demand.is_mandatory else use,
            is_secured=is_secured,
            bindings=bindings,
            for_requiretls=self.demand.needs_requiretls,
            login=login,
            may_log_in_clear=self.may_log_in_clear,
        )


_numbers = count()


@lru_cache(maxsize=10_000)
def _number_of(*_needs: Hashable) -> int:
    """The number of these needs. Those that were forgotten get another one: their connections end when they idle."""
    return next(_numbers)


NO_NEEDS: Final = SessionNeeds()
