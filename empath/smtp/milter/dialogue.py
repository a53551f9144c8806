"""
dialogue - one connection to a filter, without the connection

THEORY
    `negotiate` opens it, and `agree` takes the answer.  After that `ask` gives the octets for each stage, and the
    filter answers each that `awaits` an answer, in the order of the stages.  `receive` takes what has arrived, and
    `next_answer` reads it by the stage for which it is.

RULES
    What a filter may not say at a stage is an error of the filter, and nothing after it is read.
"""

from collections.abc import Mapping
from typing import Final

from empath.errors import SyntaxViolation
from empath.smtp.milter.agreement import Agreement, offer
from empath.smtp.milter.answers import Answer, Verdict, is_change, read_answer
from empath.smtp.milter.flags import ALL_STEPS, STAGES, Stage, Step
from empath.smtp.milter.packets import Packet, PacketReader
from empath.smtp.milter.requests import known_values, macros

_OF_SESSION: Final = (Stage.CONNECT, Stage.HELO)


class Dialogue:
    """What is said to one filter, and what it says."""

    __slots__ = ("_agreement", "_offered", "_reader")

    def __init__(self, offered: Step = ALL_STEPS) -> None:
        self._offered = offered
        self._reader = PacketReader()
        self._agreement: Agreement | None = None

    @property
    def agreement(self) -> Agreement:
        """What was agreed on."""
        if self._agreement is None:
            raise RuntimeError("nothing was agreed on with the filter")
        return self._agreement

    @property
    def has_more(self) -> bool:
        """Whether octets have come that belong to no answer so far."""
        return not self._reader.is_empty

    def negotiate(self) -> bytes:
        """The first octets."""
        return offer(self._offered)

    def receive(self, octets: bytes) -> None:
        """Take octets of the filter."""
        self._reader.receive(octets)

    def agree(self) -> bool:
        """
        Whether the filter has answered the offer.

        Raises:
            SyntaxViolation: with something else, or with more than was offered.
        """
        packet = self._reader.next_packet()
        if packet is not None:
            self._agreement = Agreement.parse(packet, self._offered)
        return packet is not None

    def ask(self, stage: Stage, data: bytes, values: Mapping[str, str]) -> bytes:
        """The octets that tell the filter of *stage*, after the macros of it; nothing if it does not want them."""
        agreement = self.agreement
        if not agreement.sends(stage):
            return b""
        known = known_values(agreement.macros_of(stage), values)
        return macros(stage, known) + Packet(STAGES[stage].code, data).octets

    def awaits(self, stage: Stage) -> bool:
        """Whether the filter answers *stage*."""
        return self.agreement.sends(stage) and self.agreement.awaits(stage)

    def next_answer(self, stage: Stage) -> Answer | None:
        """
        The next answer to *stage*; None while it is not complete.

        Raises:
            SyntaxViolation: it is none, or the filter may not say it now.
        """
        packet = self._reader.next_packet()
        if packet is None:
            return None
        if is_change(packet) and stage is not Stage.END_OF_MESSAGE:
            raise SyntaxViolation(f"it changes the message before its end, at {stage}")
        answer = read_answer(packet, self.agreement.actions)
        if answer is Verdict.SKIP and not (stage is Stage.BODY and Step.SKIP in self.agreement.steps):
            raise SyntaxViolation(f"it skips what cannot be skipped, at {stage}")
        if answer is Verdict.DISCARD and stage in _OF_SESSION:
            raise SyntaxViolation(f"it discards a message where there is none, at {stage}")
        return answer
