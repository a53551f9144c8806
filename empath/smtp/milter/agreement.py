"""
agreement - what both sides agree on before anything else

The mail server offers a version, what a filter may do, and which steps it can leave out.  The filter answers with what
it takes of that, and perhaps with the macros that it wants.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from empath.errors import SyntaxViolation
from empath.smtp.milter.flags import (
    ALL_ACTIONS,
    ALL_STEPS,
    LEAST_VERSION,
    STAGES,
    VERSION,
    Action,
    Stage,
    Step,
)
from empath.smtp.milter.packets import Packet

CODE: Final = b"O"
_NUMBERS: Final = 12  # octets of the version, the actions and the steps
_NUMBER: Final = 4
_MOST_MACROS: Final = 100  # of one list
_MACRO = re.compile(r"\{[!-z|~]{1,100}\}|[!-z|~]{1,100}")
_STAGE_OF_LIST: Final = {rule.list_number: stage for stage, rule in STAGES.items() if rule.list_number is not None}
# What Postfix sends where a filter asks for nothing else, and the names of the client.
USUAL_MACROS: Final[Mapping[Stage, tuple[str, ...]]] = MappingProxyType(
    {
        Stage.CONNECT: (
            "j", "_", "{daemon_name}", "{daemon_addr}", "{daemon_port}", "{client_addr}", "{client_name}",
            "{client_ptr}", "v",
        ),
        Stage.HELO: ("{tls_version}", "{cipher}", "{cipher_bits}", "{cert_subject}", "{cert_issuer}"),
        Stage.MAIL: (
            "i", "{auth_type}", "{auth_authen}", "{auth_author}", "{mail_addr}", "{mail_host}", "{mail_mailer}",
        ),
        Stage.RCPT: ("i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"),
        Stage.DATA: ("i",),
        Stage.END_OF_HEADER: ("i",),
        Stage.END_OF_MESSAGE: ("i",),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agreement:
    """What holds for one connection. Shape: macros has the lists that the filter chose; the others are the usual."""

    version: int
    actions: Action
    steps: Step
    macros: Mapping[Stage, tuple[str, ...]]

    @classmethod
    def parse(cls, packet: Packet, steps: Step = ALL_STEPS) -> "Agreement":
        """
        Read the answer of a filter to the offer of all actions and *steps*.

        Raises:
            SyntaxViolation: it is not one, or takes what was not offered.
        """
        numbers, lists = packet.data[:_NUMBERS], packet.data[_NUMBERS:]
        if packet.code != CODE or len(numbers) < _NUMBERS:
            raise SyntaxViolation("its first packet is not an answer to the offer")
        version, taken, left = (int.from_bytes(numbers[at : at + _NUMBER], "big") for at in range(0, _NUMBERS, _NUMBER))
        if not LEAST_VERSION <= version <= VERSION:
            raise SyntaxViolation(f"it speaks version {version} of the protocol, not {LEAST_VERSION} to {VERSION}")
        for numbered, offered, name in ((taken, int(ALL_ACTIONS), "actions"), (left, int(steps), "steps")):
            if numbered & ~offered:  # of numbers: the complement of a flag has the known ones only
                raise SyntaxViolation(f"it wants {name} that were not offered: {numbered & ~offered:#x}")
        actions = Action(taken)
        return cls(version, actions, Step(left), _lists(lists) if Action.CHOOSE_MACROS in actions else {})

    def sends(self, stage: Stage) -> bool:
        """Whether the filter is told about *stage*."""
        rule = STAGES[stage]
        return self.version >= rule.since and not self.steps & rule.left_out

    def awaits(self, stage: Stage) -> bool:
        """Whether it answers *stage*."""
        return not self.steps & STAGES[stage].unanswered

    def macros_of(self, stage: Stage) -> tuple[str, ...]:
        """The names of the macros that it gets before *stage*, as they go over the wire."""
        return self.macros.get(stage, USUAL_MACROS.get(stage, ()))


def offer(steps: Step = ALL_STEPS) -> bytes:
    """The first packet of a connection: the newest version, all actions, and *steps*."""
    return Packet(CODE, b"".join(number.to_bytes(_NUMBER, "big") for number in (VERSION, ALL_ACTIONS, steps))).octets


def _lists(octets: bytes) -> Mapping[Stage, tuple[str, ...]]:
    found: dict[Stage, tuple[str, ...]] = {}
    while octets:
        number, (names, end, octets) = octets[:_NUMBER], octets[_NUMBER:].partition(b"\0")
        stage = _STAGE_OF_LIST.get(int.from_bytes(number, "big"))
        if stage is None or not end:
            raise SyntaxViolation("a list of macros that belongs to no stage, or has no end")
        found[stage] = tuple(map(_macro, names.decode("ascii", "replace").replace(",", " ").split()))
        if len(found[stage]) > _MOST_MACROS:
            raise SyntaxViolation(f"a list of more than {_MOST_MACROS} macros")
    return found


def _macro(name: str) -> str:
    if not _MACRO.fullmatch(name):
        raise SyntaxViolation(f"not the name of a macro: {name[:100]!r}")
    return name if len(name) == 1 or name.startswith("{") else f"{{{name}}}"
