"""config_revisions - which configurations were in force, for people"""

from dataclasses import dataclass

from empath.errors import MissingInput
from empath.storage.engine import Engine


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One configuration: at is Unix seconds, cause is start or reload, hash is the SHA-256 of its text."""

    revision: int
    at: float
    node: str
    cause: str
    who: str
    hash: str
    version: str


def all_revisions(engine: Engine) -> list[RevisionRow]:
    """
    Every revision, the newest first.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [RevisionRow(*row) for row in visit.rows("config_revisions.all")]


def texts_of(engine: Engine, *revisions: int) -> list[str]:
    """
    The texts of *revisions*.

    Raises:
        MissingInput: one of them is not there.
        PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        found = [visit.value("config_revisions.text", {"revision": revision}) for revision in revisions]
    for revision, text in zip(revisions, found, strict=True):
        if text is None:
            raise MissingInput(f"there is no revision {revision}; `empath-admin config list` shows those that are kept")
    return found
