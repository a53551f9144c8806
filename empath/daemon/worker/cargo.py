"""cargo - what a connection is for, as those see it who listen to its dialogue or trace its message"""

from typing import NamedTuple

from empath.daemon.process.dialogues import Dialogue
from empath.daemon.worker.marks import Marks
from empath.policy.service_part import About
from empath.smtp.transcript import SPEAKERS, TranscriptLine
from empath.storage.queue.lease import LeasedMessage
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.worker import HostDialogue


class Cargo(NamedTuple):
    """What a connection is for, for those who listen: one message on its way to a destination."""

    destination: str
    message: LeasedMessage
    marks: Marks | None = None  # to fill, where the message may be traced

    @property
    def queue_id(self) -> str:
        """The queue id of the message."""
        return self.message.queue_id

    @property
    def abouts(self) -> list[About]:
        """What a dialogue of this is about."""
        domains = dict.fromkeys(recipient.domain for recipient in self.message.recipients)
        return [
            About("delivery", destination=self.destination, domain=domain, queue_id=self.message.queue_id)
            for domain in domains
        ]


def as_occurrence(dialogue: Dialogue, line: TranscriptLine) -> Occurrence:
    return HostDialogue(
        queue_id=dialogue.queue_id,
        destination=dialogue.destination or "",
        host=dialogue.peer,
        speaker=SPEAKERS[line.speaker],
        text=line.text,
    )
