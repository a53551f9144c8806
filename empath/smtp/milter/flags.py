"""
flags - the numbers and letters of the milter protocol, versions 2 to 6

There is no RFC.  They are those of Sendmail's libmilter (mfapi.h, mfdef.h), which Postfix and all filters share.
"""

from enum import IntFlag, StrEnum
from typing import Final, NamedTuple

VERSION: Final = 6
LEAST_VERSION: Final = 2
BODY_OCTETS: Final = 65_535  # of one packet of the body, in both directions


class Action(IntFlag):
    """What a filter may do to a message, if both sides agree (SMFIF_*)."""

    ADD_FIELDS = 0x1
    CHANGE_BODY = 0x2
    ADD_RECIPIENTS = 0x4
    DELETE_RECIPIENTS = 0x8
    CHANGE_FIELDS = 0x10
    QUARANTINE = 0x20
    CHANGE_SENDER = 0x40
    ADD_RECIPIENTS_WITH_PARAMETERS = 0x80
    CHOOSE_MACROS = 0x100


class Step(IntFlag):
    """What a filter does not want to see or to answer, and other agreements about the dialogue (SMFIP_*)."""

    NO_CONNECT = 0x1
    NO_HELO = 0x2
    NO_MAIL = 0x4
    NO_RCPT = 0x8
    NO_BODY = 0x10
    NO_FIELDS = 0x20
    NO_END_OF_HEADER = 0x40
    UNANSWERED_FIELDS = 0x80
    NO_UNKNOWN = 0x100
    NO_DATA = 0x200
    SKIP = 0x400
    REFUSED_RECIPIENTS = 0x800
    UNANSWERED_CONNECT = 0x1000
    UNANSWERED_HELO = 0x2000
    UNANSWERED_MAIL = 0x4000
    UNANSWERED_RCPT = 0x8000
    UNANSWERED_DATA = 0x1_0000
    UNANSWERED_UNKNOWN = 0x2_0000
    UNANSWERED_END_OF_HEADER = 0x4_0000
    UNANSWERED_BODY = 0x8_0000
    LEADING_BLANKS = 0x10_0000


ALL_ACTIONS: Final = Action(0x1FF)
ALL_STEPS: Final = Step(0x1F_FFFF)


class Stage(StrEnum):
    """What a filter is told, by the name of the log; the values of `STAGES` have the letters."""

    CONNECT = "connect"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    FIELD = "header"
    END_OF_HEADER = "eoh"
    BODY = "body"
    END_OF_MESSAGE = "eom"


class StageRule(NamedTuple):
    """
    How a stage goes over the wire.

    Shape: code is its letter; since is the version that has it; list_number is that of its list of macros, None where
    no macros go before it.
    """

    code: bytes
    left_out: Step
    unanswered: Step
    since: int = LEAST_VERSION
    list_number: int | None = None


NEVER: Final = Step(0)
STAGES: Final = {
    Stage.CONNECT: StageRule(b"C", Step.NO_CONNECT, Step.UNANSWERED_CONNECT, list_number=0),
    Stage.HELO: StageRule(b"H", Step.NO_HELO, Step.UNANSWERED_HELO, list_number=1),
    Stage.MAIL: StageRule(b"M", Step.NO_MAIL, Step.UNANSWERED_MAIL, list_number=2),
    Stage.RCPT: StageRule(b"R", Step.NO_RCPT, Step.UNANSWERED_RCPT, list_number=3),
    Stage.DATA: StageRule(b"T", Step.NO_DATA, Step.UNANSWERED_DATA, since=4, list_number=4),
    Stage.FIELD: StageRule(b"L", Step.NO_FIELDS, Step.UNANSWERED_FIELDS),
    Stage.END_OF_HEADER: StageRule(b"N", Step.NO_END_OF_HEADER, Step.UNANSWERED_END_OF_HEADER, list_number=6),
    Stage.BODY: StageRule(b"B", Step.NO_BODY, Step.UNANSWERED_BODY),
    Stage.END_OF_MESSAGE: StageRule(b"E", NEVER, NEVER, list_number=5),
}
