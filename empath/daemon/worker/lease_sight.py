"""
lease_sight - what one lease sees of its destination

The lease run adds what each message met.  At the end of the lease it becomes a LeaseReport, from which
policy/concurrency works out how many connections the destination gets.
"""

from empath.daemon.worker.transport.carrier import HostAttempt
from empath.mail.outcome import Outcome, Stage
from empath.mail.reply import EnhancedStatus
from empath.policy.concurrency import LeaseReport

_NO_SESSION = frozenset((Stage.CONNECT, Stage.GREETING, Stage.EHLO))
_LOST = EnhancedStatus(4, 4, 2)


class LeaseSight:
    """Counts sessions and failures. `failure` is what was said when the last message reached no host."""

    def __init__(self) -> None:
        self.failure: str | None = None
        self._sessions = 0
        self._failures = 0

    @property
    def has_session(self) -> bool:
        """Whether a message of the lease had a session."""
        return self._sessions > 0

    @property
    def report(self) -> LeaseReport:
        """The sum."""
        return LeaseReport(self._sessions, self._failures, is_unreachable=self.failure is not None)

    def add(self, tried: list[HostAttempt], *, is_reached: bool) -> None:
        """Count one message, which was *tried* at these hosts. *is_reached*: one of them gave a session."""
        if is_reached:
            self.failure = None
            self._sessions += 1
            self._failures += _has_loss(tried)
        elif any(answer.outcome is Outcome.DEFERRED for answer in tried[-1].answers):
            # Counted once: the lease's other messages get the same answer without being tried.
            self._failures += self.failure is None
            self.failure = tried[-1].answers[0].said.reply.escaped()


def is_refused_session(tried: list[HostAttempt]) -> bool:
    """Whether all recipients are deferred because no host gave a session; a DNS that fails is no such case."""
    return all(
        answer.said.stage in _NO_SESSION and answer.outcome in (Outcome.DEFERRED, Outcome.NEXT_HOST)
        for host_attempt in tried
        for answer in host_attempt.answers
    )


def is_unproved(tried: list[HostAttempt]) -> bool:
    """Whether each host was there, and gave no session because of TLS."""
    return all(answer.said.stage is Stage.TLS for host_attempt in tried for answer in host_attempt.answers)


def _has_loss(tried: list[HostAttempt]) -> bool:
    """Whether a session ended without a reply: lost, or timed out. Loops: every message comes here."""
    for host_attempt in tried:
        for answer in host_attempt.answers:
            stage, reply = answer.said
            if not reply.is_from_host and reply.enhanced == _LOST and stage not in _NO_SESSION:
                return True
    return False
