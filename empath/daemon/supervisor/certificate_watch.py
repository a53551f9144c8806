"""certificate_watch - whether the files of certificates have changed since the plan in force read them"""

from empath.daemon.process.tls_files import Marks, tls_marks
from empath.daemon.supervisor.plan import Plan

_NEVER = float("inf")


class CertificateWatch:
    """
    Looks at the files every *look_s* seconds.

    A change counts once the files are the same in two looks: whoever renews a certificate writes several. Files that
    were tried and found unusable are not tried again until they change.
    """

    def __init__(self, look_s: float) -> None:
        self._look_s = look_s
        self._look_at = 0.0
        self._before: Marks = ()
        self._tried: Marks = ()

    def due_at(self, plan: Plan) -> float:
        """The instant of the next look, in monotonic seconds."""
        has_files = any(fd is not None for fd in (plan.tls_fd, plan.signing_fd, plan.client_fd))
        return self._look_at if has_files else _NEVER

    def has_change(self, plan: Plan, now: float) -> bool:
        """Whether the files that *plan* names should be tried now."""
        if now < self.due_at(plan):
            return False
        self._look_at = now + self._look_s
        marks = tls_marks(plan.config)
        is_settled, self._before = marks == self._before, marks
        if not is_settled or marks in (plan.tls_marks, self._tried):
            return False
        self._tried = marks
        return True
