"""
recipients - the rows that say which addresses exist and where their mail goes instead
"""

from collections.abc import Sequence

from empath.policy.recipients import MOST_TARGETS
from empath.storage.engine import Reader


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
