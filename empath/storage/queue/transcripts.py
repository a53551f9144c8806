"""
transcripts - what was said in sessions that failed, as rows that people may read

Processes write what a second brought in one commit.  The housekeeper removes what is too much or too old: clients have
a bound of their own, so that a flood of theirs leaves what hosts said.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from empath.storage.engine import Session
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

MOST_OCTETS: Final = 4_096  # of a dialogue: a row is one page of the database, or two
CLIENT_TRANSCRIPTS: Final = Kept(
    "transcripts.expired", "transcripts.forget", "transcripts.number_of_clients", "transcripts.first_client_to_go"
)
HOST_TRANSCRIPTS: Final = Kept(
    "transcripts.expired", "transcripts.forget", "transcripts.number_of_hosts", "transcripts.first_host_to_go"
)


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """A dialogue that failed. Shape: as the columns of _transcript in sql/sqlite/schema.sql."""

    at: float
    stage: str
    reply: str
    ulid: str | None = None
    destination: str | None = None
    host: str | None = None
    listener: str | None = None
    client_address: str | None = None
    account: str | None = None
    sender: str | None = None
    dialogue: str = ""


class KeepTranscripts(Write):
    """Add rows."""

    def __init__(self, transcripts: Sequence[TranscriptRow]) -> None:
        super().__init__()
        self.rows = len(transcripts)
        self._transcripts = transcripts

    def run(self, session: Session) -> None:
        session.run_each("transcripts.add", [asdict(row) for row in self._transcripts])
