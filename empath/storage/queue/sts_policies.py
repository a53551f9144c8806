"""
sts_policies - the rows of MTA-STS policies
"""

from empath.policy.sts import KeptPolicy, StsPolicy
from empath.policy.tls_demand import StsMode
from empath.storage.engine import Selects, Session
from empath.storage.write import Write


def find_policy(reader: Selects, domain: str) -> KeptPolicy | None:
    """
    The policy of *domain* that was read last, whether it still holds or not.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = reader.rows("sts_policies.find", {"domain": domain})
    if not found:
        return None
    [(policy_id, mode, patterns, max_age_s, fetched_at, expires_at, checked_at, failure)] = found
    policy = StsPolicy(StsMode(mode), max_age_s, tuple(patterns.split()))
    return KeptPolicy(domain, policy_id, policy, fetched_at, expires_at, checked_at, failure or "")


class KeepPolicy(Write):
    """Remember a policy that was read. One of before is replaced."""

    def __init__(self, kept: KeptPolicy) -> None:
        super().__init__()
        self._row = {
            "domain": kept.domain,
            "policy_id": kept.policy_id,
            "mode": str(kept.policy.mode),
            "patterns": " ".join(kept.policy.patterns),
            "max_age_s": kept.policy.max_age_s,
            "fetched_at": kept.fetched_at,
            "expires_at": kept.expires_at,
            "checked_at": kept.checked_at,
        }

    def run(self, session: Session) -> None:
        session.run("sts_policies.keep", self._row)


class NoteCheck(Write):
    """Note that the record or the file of *domain* was looked at, and what failed, empty for nothing."""

    def __init__(self, domain: str, checked_at: float, failure: str = "") -> None:
        super().__init__()
        self._row = {"domain": domain, "checked_at": checked_at, "failure": failure or None}

    def run(self, session: Session) -> None:
        session.run("sts_policies.note_check", self._row)
