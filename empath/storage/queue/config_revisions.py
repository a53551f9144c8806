"""
config_revisions - which configuration was in force when, and what each setting is now

Each process registers with the configuration that it runs by.  The first one with a configuration that is not that of
the newest row makes a new row, and writes the settings anew, in the transaction of its registration.  A process keeps
its configuration for life, so an attempt knows its revision by its process, and costs nothing more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from empath.storage.engine import Session
from empath.storage.write import Write

KEPT: Final = 100  # newest revisions that are kept


SettingRow = tuple[str, str | None, str | None, str]  # name, value, value by default, where the value comes from


@dataclass(frozen=True, slots=True)
class Revision:
    """
    The configuration of a process.

    Shape: text is the whole of it without secrets, hash its SHA-256 in hexadecimal; reading names the reading of the
    file by the supervisor; settings gives each setting, and is called only where the configuration is new.
    """

    text: str
    hash: str
    reading: str
    settings: Callable[[], Iterable[SettingRow]]


class NoteRevision(Write):
    """The number of *revision*, in `number`; it gets a row if the newest one of this node is another."""

    def __init__(self, revision: Revision, *, node: str, instance: str, version: str, now: float) -> None:
        super().__init__()
        self.number = 0
        self._revision = revision
        self._row = {"node": node, "instance": instance, "version": version, "now": now, "reading": revision.reading}

    def run(self, session: Session) -> None:
        late = session.value("config_revisions.known", self._row)
        if late is not None:  # perhaps one that was begun before the last reload
            self.number = late
            return
        found = session.rows("config_revisions.newest", self._row)
        if found and found[0][1:] == (self._revision.hash, self._row["version"]):
            self.number = found[0][0]
            return
        row = {**self._row, "hash": self._revision.hash, "text": self._revision.text}
        self.number = session.insert("config_revisions.insert", row)
        session.run("config_revisions.forget_settings", self._row)
        for name, value, default_value, source in self._revision.settings():
            setting = {"name": name, "value": value, "default_value": default_value, "source": source}
            session.run("config_revisions.insert_setting", {**self._row, **setting})
        session.run("config_revisions.forget_old", {**self._row, "kept": KEPT})
