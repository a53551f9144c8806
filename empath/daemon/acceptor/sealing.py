"""
sealing - which mail is sealed by ARC when it is accepted, and by which key

A seal is one for a whole message: where one of its recipients is elsewhere, the copies that stay here are sealed, too.
Nothing that fails here delays mail: it goes on without a seal.
"""

import time
from collections.abc import Callable
from typing import Final

from empath.authentication.arc import Chain
from empath.authentication.canonical import Digests, SignedFields
from empath.authentication.sealer import Sealed, Sealer, Unsealed
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signer import Signer
from empath.config import Config
from empath.mail.identity import QueueId
from empath.policy.limits.refusal_log import RefusalMeter
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import NotSealed

_SEALED: Final = "sealed"
_NOT_SEALED: Final = "not-sealed"


class Sealing:
    """What [arc] asks for. `counts` are messages by what became of their seal; seals_all: not only forwarded mail."""

    def __init__(
        self,
        config: Config,
        signer: Callable[[], Signer],
        emit: Emitter,
        meter: RefusalMeter,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """*signer* gives the keys of now; *meter* bounds the log; *clock* gives Unix seconds."""
        self.counts: dict[tuple[str, ...], float] = {}
        self._domain = str(config.arc.domain)
        self._selector = config.arc.selector
        self.seals_all = config.arc.seal == "all"
        self._authserv_id = str(config.authentication.authserv_id or config.hostname)
        self._signer = signer
        self._emit = emit
        self._meter = meter
        self._clock = clock

    def seal(
        self, queue_id: QueueId, fields: SignedFields, digests: Digests, chain: Chain | None, results: bytes
    ) -> Sealed | None:
        """
        The set for a message, as `Sealer.seal`; None where there is none, which the log says. *chain* is None for one
        that was not judged.
        """
        found = self._found(fields, digests, chain, results)
        what = _SEALED if isinstance(found, Sealed) else _NOT_SEALED
        self.counts[(what,)] = self.counts.get((what,), 0) + 1
        if isinstance(found, Sealed):
            return found
        if self._meter.admit(f"seal:{found.why}", time.monotonic()):
            self._emit(NotSealed(queue_id=str(queue_id), reason=found.why))
        return None

    def _found(self, fields: SignedFields, digests: Digests, chain: Chain | None, results: bytes) -> Sealed | Unsealed:
        if chain is None or SIGNED_FORM not in digests:
            return Unsealed("its listener does not judge chains: set arc in its table authentication")
        key = self._signer().key_of(self._domain, self._selector)
        if key is None:
            named = self._domain if self._selector is None else f"{self._domain} with the selector {self._selector}"
            return Unsealed(f"there is no key of {named}; see `empath-admin dkim list`")
        return Sealer(self._domain, *key, self._authserv_id).seal(fields, digests, chain, results, self._clock())


def sealing_of(config: Config, signer: Callable[[], Signer], emit: Emitter, meter: RefusalMeter) -> Sealing | None:
    """What [arc] asks for; None where nothing is sealed."""
    return None if config.arc.domain is None else Sealing(config, signer, emit, meter)
