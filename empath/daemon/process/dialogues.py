"""
dialogues - who listens to the SMTP dialogues of this process

The log does, where the lines of dialogues are wanted at level debug, and live traces do (`live_traces`). While nobody
listens, a session compares one number and keeps no transcript. It asks again when the number has changed, so that who
comes later hears the rest of it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from empath.daemon.process.failed_dialogues import FailedDialogues
from empath.policy.service_part import About, ServicePart
from empath.smtp.transcript import RecentTranscript, Transcript, TranscriptLine
from empath.telemetry.occurrence import Emitter, Occurrence


class Dialogue(NamedTuple):
    """
    Which dialogue it is, for people.

    Shape: peer is the other side; number tells sessions with one client apart, 0 where there is none; destination and
    queue_id are those of the message that goes out.
    """

    peer: str
    number: int = 0
    destination: str | None = None
    queue_id: str | None = None


AsOccurrence = Callable[[Dialogue, TranscriptLine], Occurrence]


class Ear(Protocol):
    """A live trace of a part of the service."""

    part: ServicePart

    def hear(self, dialogue: Dialogue, lines: Sequence[TranscriptLine]) -> None:
        """Take lines of a dialogue. It must neither wait nor raise."""


class Hearing:
    """What those who listen to one dialogue hear: fill `transcript`, and call `tell`."""

    __slots__ = ("_as_occurrence", "_dialogue", "_ears", "_emit", "_recent", "transcript")

    def __init__(
        self,
        dialogue: Dialogue,
        ears: tuple[Ear, ...],
        emit: Emitter,
        as_occurrence: AsOccurrence | None,
        recent: RecentTranscript | None,
    ) -> None:
        """
        *as_occurrence* makes what is logged of a line; None: the log does not want it. *recent* gets the lines, too.
        """
        self.transcript = Transcript()
        self._recent = recent
        self._dialogue = dialogue
        self._ears = ears
        self._emit = emit
        self._as_occurrence = as_occurrence

    def tell(self) -> None:
        """Pass on what the transcript has."""
        lines = self.transcript.take()
        if not lines:
            return
        if self._recent is not None:
            self._recent.extend(lines)
        for ear in self._ears:
            ear.hear(self._dialogue, lines)
        if self._as_occurrence is not None:
            for line in lines:
                self._emit(self._as_occurrence(self._dialogue, line))


class Dialogues:
    """
    Who listens to the dialogues of this process.

    Shape: number changes with those who listen. A dialogue begins with the number `beginning`, which differs from it
    where somebody may listen. failed takes what was said in those that failed, None where that is not kept.
    """

    __slots__ = ("_ears", "_emit", "_has_levels", "_is_debug", "beginning", "failed", "number")

    def __init__(self, emit: Emitter, failed: FailedDialogues | None = None) -> None:
        self.failed = failed
        self.number = 0
        self.beginning = 0
        self._emit = emit
        self._has_levels = False
        self._is_debug = False
        self._ears: tuple[Ear, ...] = ()

    def add(self, ear: Ear) -> None:
        """Let *ear* hear, also what is under way."""
        self._ears = (*self._ears, ear)
        self._changed()

    def remove(self, ear: Ear) -> None:
        """Let *ear* hear no more."""
        self._ears = tuple(each for each in self._ears if each is not ear)
        self._changed()

    def levels_changed(self, *, are_there: bool) -> None:
        """Note that the levels of parts of the service have changed; *are_there* says whether there are any."""
        self._has_levels = are_there
        self._changed()

    def level_is(self, level: str) -> None:
        """Note the level of the whole log."""
        if (level == "debug") != self._is_debug:
            self._is_debug = level == "debug"
            self._changed()

    def recent(self) -> RecentTranscript | None:
        """What a session fills in case that it fails, if that is kept."""
        return None if self.failed is None else RecentTranscript()

    def hearing(
        self,
        dialogue: Dialogue,
        abouts: Sequence[About],
        kind: type[Occurrence],
        as_occurrence: AsOccurrence,
        recent: RecentTranscript | None = None,
    ) -> Hearing | None:
        """
        What there is to fill for a dialogue about *abouts*, if anybody listens; the log writes *kind* of it, and
        *recent* gets its lines.
        """
        ears = tuple(ear for ear in self._ears if any(ear.part.covers(about) for about in abouts))
        is_logged = any(self._emit.wants_about(kind, about) for about in abouts)
        if not ears and not is_logged:
            return None
        return Hearing(dialogue, ears, self._emit, as_occurrence if is_logged else None, recent)

    def _changed(self) -> None:
        self.number += 1
        is_heard = self._is_debug or self._has_levels or bool(self._ears)
        self.beginning = self.number - 1 if is_heard else self.number


def unheard() -> Dialogues:
    """The dialogues of a program in which nobody can listen, such as a test."""
    return Dialogues(Emitter("", (), lambda _: False, lambda _, __: False))
