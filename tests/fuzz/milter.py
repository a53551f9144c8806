"""
milter - what a filter may send

The first turn answers the offer, each other turn a stage; the number chooses where the stages begin.

Promises: only SyntaxViolation; answers do not depend on how the octets are cut; a change comes at the end of the
message only, and only where it was agreed on; a reply refuses, in printable ASCII.
"""

from empath.errors import SyntaxViolation
from empath.smtp.milter.answers import Answer, Replied, Verdict
from empath.smtp.milter.dialogue import Dialogue
from empath.smtp.milter.flags import Stage
from empath.smtp.milter.requests import known_values, macros
from tests.fuzz.case import Case

STAGES = tuple(Stage)


def check(case: Case) -> list[str]:
    """
    Read all turns at once, and octet by octet.

    Raises:
        AssertionError: a promise is broken.
    """
    whole, cut = _read(case, 1 << 20), _read(case, 1)
    assert whole == cut
    return whole[0]


def _read(case: Case, size: int) -> tuple[list[str], list[Answer]]:
    dialogue = Dialogue()
    first, *turns = case.turns
    reached: list[str] = []
    found: list[Answer] = []
    try:
        for octets in _pieces(first, size):
            dialogue.receive(octets)
        if not dialogue.agree():
            return ["open"], found
        reached.append(f"version {dialogue.agreement.version}")
        for place, turn in enumerate(turns, case.choices):
            stage = STAGES[place % len(STAGES)]
            names = dialogue.agreement.macros_of(stage)
            macros(stage, known_values(names, dict.fromkeys(names, "x"))) if names else b""
            for octets in _pieces(turn, size):
                dialogue.receive(octets)
            while (answer := dialogue.next_answer(stage)) is not None:
                _judge(answer, stage)
                found.append(answer)
                reached.append(f"{stage} {answer.name if isinstance(answer, Verdict) else type(answer).__name__}")
    except SyntaxViolation as exc:
        reached.append(str(exc)[:20])
    return reached, found


def _judge(answer: Answer, stage: Stage) -> None:
    if isinstance(answer, Replied):
        assert answer.reply.klass in (4, 5)
        assert answer.reply.text.replace("\n", "").isprintable()
        assert answer.reply.text.isascii()
        assert len(answer.reply.octets) < 32 * 500
    elif not isinstance(answer, Verdict):
        assert stage is Stage.END_OF_MESSAGE


def _pieces(octets: bytes, size: int) -> list[bytes]:
    return [octets[at : at + size] for at in range(0, len(octets), size)]
