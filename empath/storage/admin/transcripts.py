"""transcripts - what was said in sessions that failed, as it is shown"""

from dataclasses import dataclass
from typing import Final

from empath.storage.engine import Selects

MOST_OF_MESSAGE: Final = 5  # that are shown with it


@dataclass(frozen=True, slots=True)
class FailedDialogue:
    """A row of the view transcript. Shape: failed_at in Unix seconds; the rest as its columns."""

    transcript_id: int
    failed_at: float
    id: str | None
    destination: str | None
    host: str | None
    listener: str | None
    client: str | None
    account: str | None
    sender: str | None
    stage: str
    reply: str
    dialogue: str

    @property
    def with_whom(self) -> str:
        """The other side."""
        return self.host or f"{self.client or '-'} at {self.listener}"


def failed_dialogues(
    selects: Selects,
    *,
    number: int | None = None,
    message: str | None = None,
    destination: str | None = None,
    client: str | None = None,
    limit: int = 1,
) -> list[FailedDialogue]:
    """
    Up to *limit* dialogues that failed, the newest first: of a *number*, about a *message* by its queue id, with the
    hosts of a *destination*, or with a *client* by its IP address.
    """
    keys = {"number": number, "id": message, "destination": destination, "client": client, "limit": limit}
    return [FailedDialogue(*row) for row in selects.rows("transcripts.last", keys)]
