"""
recipients - the rows that say which addresses exist and where their mail goes instead
"""

from collections.abc import Sequence

from empath.policy.recipients import MOST_TARGETS
from empath.storage.engine import Reader, Session
from empath.storage.write import Write


def find_targets(reader: Reader, patterns: Sequence[str]) -> list[str]:
    """
    The targets of the first of *patterns* that is an alias; *patterns* has one to three.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    exact, without_tag, domain = [*patterns, None, None][:3]
    keys = {"exact": exact, "without_tag": without_tag, "domain": domain, "limit": len(patterns) * (MOST_TARGETS + 1)}
    found = reader.rows("recipients.targets", keys)
    for pattern in patterns if found else ():
        if targets := [target for each, target in found if each == pattern]:
            return targets
    return []


def is_listed(reader: Reader, spellings: Sequence[str]) -> bool:
    """
    Whether the list has an address in one of its one or two *spellings*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    keys = {"exact": spellings[0], "without_tag": spellings[-1]}
    return bool(reader.rows("recipients.listed", keys))


def find_verification(reader: Reader, address: str, now: float) -> bool | None:
    """
    Whether the next host takes the folded *address*; None if that is not known at *now*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = reader.value("verifications.find", {"address": address, "now": now})
    return None if found is None else bool(found)


class KeepVerification(Write):
    """Remember what a host said of the folded *address*."""

    def __init__(self, address: str, *, is_known: bool, reply: str, expires_at: float) -> None:
        super().__init__()
        self._row = {"address": address, "is_known": int(is_known), "reply": reply, "expires_at": expires_at}

    def run(self, session: Session) -> None:
        session.run("verifications.keep", self._row)
