"""explained - what `explain` has found about one target"""

from dataclasses import dataclass, field

from empath.cli.admin.routing import HopHost
from empath.policy.destinations.rulebook import Decision
from empath.policy.sts import KeptPolicy
from empath.storage.admin import explanation as storage
from empath.storage.admin.pauses import Pauses
from empath.storage.admin.transcripts import FailedDialogue


@dataclass(frozen=True, slots=True)
class Way:
    """
    Where mail goes, and what holds there.

    Shape: destination is the key under which mail waits; route is None where no route takes the mail; leads_to is the
    destination to which the routes lead now, if that is another one. state is None where the queue knows nothing of it.
    decisions has every setting with what gave it; hosts what the DNS says now, None if it was not asked.
    """

    destination: str
    domain: str
    route: str | None
    decided_by: str
    pattern: str | None
    leads_to: str | None
    state: storage.DestinationState | None
    decisions: list[Decision]
    buckets: list[storage.BucketState]
    answers: list[storage.KnownAnswer]
    sts_policy: KeptPolicy | None
    hosts: list[HopHost] | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """
    All that is known of one target.

    Shape: waiting has its live recipients and settled those that met their end, both up to a limit; ways has a few of
    their destinations, or that of the target. suppressed_by is about the address of a target that is one,
    trace_id about a message. transcripts has the last dialogue with a host that failed, if one did lately.
    """

    target: str
    at: float
    waiting: list[storage.Waiting]
    settled: list[storage.Settled]
    ways: list[Way]
    pauses: Pauses
    suppressed_by: storage.SuppressedBy | None = None
    trace_id: str | None = None
    transcripts: list[FailedDialogue] = field(default_factory=list)
