"""listening - somebody who listens to the dialogues of a process"""

from collections.abc import Callable, Sequence

from empath.daemon.process.dialogues import Dialogue, Dialogues, unheard
from empath.policy.service_part import About, ServicePart
from empath.smtp.transcript import TranscriptLine
from empath.telemetry.occurrence import Emitter, Occurrence


class Listener:
    """Hears a part of the service. Shape: heard has each line with its dialogue."""

    def __init__(self, scope: str, pattern: str, dialogues: Dialogues | None = None) -> None:
        self.part = ServicePart.parse(scope, pattern)
        self.dialogues = dialogues or unheard()
        self.heard: list[tuple[Dialogue, TranscriptLine]] = []

    def hear(self, dialogue: Dialogue, lines: Sequence[TranscriptLine]) -> None:
        """Keep the lines."""
        self.heard += [(dialogue, line) for line in lines]

    def begin(self) -> None:
        """Listen from now on."""
        self.dialogues.add(self)

    def end(self) -> None:
        """Listen no more."""
        self.dialogues.remove(self)

    @property
    def lines(self) -> list[str]:
        """What was said, with the speakers."""
        return [f"{line.speaker}: {line.text}" for _, line in self.heard]


def logging(seen: list[Occurrence], wants: Callable[[About], bool]) -> Dialogues:
    """Dialogues whose lines the log wants where *wants* says so; they are added to *seen*."""
    emit = Emitter("", (lambda _, what: seen.append(what),), lambda _: True, lambda _, about: wants(about))
    dialogues = Dialogues(emit)
    dialogues.levels_changed(are_there=True)
    return dialogues
