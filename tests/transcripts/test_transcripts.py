r"""
Dialogues with the server session, one text file for each line of behaviour.

    # why
    limits: errors=3          fields of ServerLimits that differ from the default
    without: DSN              extensions that the session does not offer
    auth: PLAIN LOGIN         mechanisms that the session offers; none: the client has authenticated
    forbids: TAKE             first words that end the session, instead of the usual ones
    names: clients            the client may speak for others
    tls: optional             STARTTLS is offered; `required` where mail needs it
    bare-lf: reject           a bare LF ends the session
    reads: leniently          as for the roles internal and submission
    C: EHLO client.example    the client sends a line; consecutive lines arrive in one piece
    c: DATA\r\n               the client sends just these octets
    C!                        the client closes
    S: 503 5.5.1 ...          the server says this line; `...` stands for any words
    M: Subject: hello         a line of the message accepted in this turn; `M~` is an empty message
    T: secured                the handshake of TLS ends; the session begins anew
    X: quit                   the session is closed, for this reason

In a client's line, \r \n \0 \\ and \xHH are octets and {a*3000} repeats one character. The client sends lines above the
first S before the banner. The driver refuses nobody@ for good, later@ for now, and the sender full@.
Whatever the mechanism, it challenges with "go on", takes the response "secret" for proof, and refuses any other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from empath.mail.reply import Reply
from empath.smtp.server.events import (
    AuthOffered,
    AuthResponded,
    Closed,
    ContentEnded,
    ContentRefused,
    MailOffered,
    RecipientOffered,
)
from empath.smtp.server.extensions import (
    ALL,
    KNOWN,
    XCLIENT,
    XFORWARD,
    Extension,
    Extensions,
    Security,
    authentication,
)
from empath.smtp.server.limits import ServerLimits
from tests.kit.cases import in_one_test
from tests.kit.conversation import LIMITS, WITHIN_TLS, Conversation, cut

HERE = Path(__file__).parent
ACCEPTED = Reply.of("250 2.0.0 Ok")
VERDICTS = {
    "nobody": Reply.of("550 5.1.1 No such user"),
    "later": Reply.of("450 4.2.1 Not now"),
    "full": Reply.of("452 4.3.1 Insufficient system storage"),
}
ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.))|\{(.)\*([0-9]+)\}")
SIMPLE = {b"r": b"\r", b"n": b"\n", b"0": b"\0", b"\\": b"\\"}


@dataclass
class Turn:
    """What the client does, and all that follows."""

    octets: bytes = b""
    is_hang_up: bool = False
    replies: list[str] = field(default_factory=list)
    message: list[bytes] | None = None
    reason: str | None = None
    is_secured: bool = False


def parse(path: Path) -> tuple[Conversation, list[Turn]]:
    """The session of a transcript, and its turns."""
    limits, turns, was_client, is_lenient = LIMITS, [Turn()], False, False
    absent, security = ["STARTTLS", "REQUIRETLS"], Security.OPTIONAL
    more: list[Extension] = []
    forbidden = ALL.forbidden
    for line in path.read_text(encoding="utf-8").split("\n"):
        mark, text = line[:2], line[3:]
        is_client = mark in ("C:", "c:", "C!")
        if is_client and not was_client and (turns[-1].replies or turns[-1].reason or len(turns) > 1):
            turns.append(Turn())
        was_client = is_client or (was_client and not mark)
        turn = turns[-1]
        match mark:
            case "C:":
                turn.octets += octets(text) + b"\r\n"
            case "c:":
                turn.octets += octets(text)
            case "C!":
                turn.is_hang_up = True
            case "S:":
                turn.replies.append(text)
            case "M:":
                turn.message = [*(turn.message or []), octets(text)]
            case "M~":
                turn.message = []
            case "X:":
                turn.reason = text
            case "li":
                pairs = dict(pair.split("=") for pair in line.partition(": ")[2].split())
                limits = replace(limits, **{name: int(value) for name, value in pairs.items()})
            case "wi":
                absent += line.partition(": ")[2].split()
            case "tl":
                absent.remove("STARTTLS")
                security = Security(line.partition(": ")[2])
            case "T:":
                turn.is_secured = True
            case "au":
                more = [authentication(tuple(line.split()[1:]))]
            case "fo":
                forbidden = frozenset(line.split()[1:])
            case "na":
                more = [XCLIENT, XFORWARD]
            case "re":
                is_lenient = True
            case _:
                assert mark in ("", "# ", "#", "ba"), f"{path.name}: {line!r}"
    takes_bare_lf = "\nbare-lf: reject\n" not in path.read_text(encoding="utf-8")
    offered = tuple(extension for extension in KNOWN if extension.ehlo not in absent)
    return driver(
        limits, Extensions((*offered, *more), forbidden=forbidden, security=security), is_lenient, takes_bare_lf
    ), turns


def octets(text: str) -> bytes:
    def unescape(match: re.Match[bytes]) -> bytes:
        if match[3]:
            return match[3] * int(match[4])
        return bytes.fromhex(match[1].decode()) if match[1] else SIMPLE[match[2]]

    return ESCAPE.sub(unescape, text.encode())


def driver(limits: ServerLimits, extensions: Extensions, is_lenient: bool, takes_bare_lf: bool) -> Conversation:
    def judge_sender(event):
        address = event.reverse_path.address
        return VERDICTS.get(address.local_part if address else "", ACCEPTED)

    def judge_recipient(event):
        address = event.forward_path.address
        return VERDICTS.get(address.local_part if address else "", ACCEPTED)

    def judge_response(event):
        if event.response is None:
            return Reply.of("334 Z28gb24=")
        return Reply.of("235 2.7.0 Ok" if event.response == b"secret" else "535 5.7.8 No")

    return Conversation(
        limits,
        {
            MailOffered: judge_sender,
            RecipientOffered: judge_recipient,
            AuthOffered: judge_response,
            AuthResponded: judge_response,
        },
        extensions,
        is_lenient=is_lenient,
        takes_bare_lf=takes_bare_lf,
    )


def messages(events) -> Iterator[bytes]:
    """Each accepted message."""
    content = b""
    for event in events:
        content += getattr(event, "octets", b"")
        if isinstance(event, ContentEnded):
            yield content
        if isinstance(event, ContentEnded | ContentRefused):
            content = b""


def matches(expected: str, line: str) -> bool:
    return line.startswith(expected[:-3]) if expected.endswith("...") else expected == line


def play(path: Path, is_octet_by_octet: bool) -> None:
    conversation, turns = parse(path)
    accepted: list[bytes] = []
    for turn in turns:
        seen = len(conversation.events)
        pieces = cut(turn.octets, range(len(turn.octets)) if is_octet_by_octet else ())
        replies = conversation.say(*pieces)
        if turn.is_hang_up:
            replies += conversation.hang_up()
        if turn.is_secured:
            conversation.secure(WITHIN_TLS)
        lines = replies.decode().split("\r\n")[:-1]
        assert len(turn.replies) == len(lines), (turn, lines)
        for expected, line in zip(turn.replies, lines, strict=True):
            assert matches(expected, line), (turn, lines)
        if turn.message is not None:
            accepted.append(b"".join(line + b"\r\n" for line in turn.message))
        assert accepted == list(messages(conversation.events))
        closed = [event.reason for event in conversation.events[seen:] if isinstance(event, Closed)]
        assert ([turn.reason] if turn.reason else []) == closed
        assert bool(closed) == conversation.session.is_closed


PATHS = sorted(HERE.glob("*.txt"))


@in_one_test("path", PATHS, ids=lambda path: path.stem)
def test_the_dialogue_goes_as_written(path):
    """
    The first line of the file says why.
    """
    play(path, is_octet_by_octet=False)


@in_one_test("path", PATHS, ids=lambda path: path.stem)
def test_the_dialogue_goes_as_written_octet_by_octet(path):
    """
    TCP has no message borders.
    """
    play(path, is_octet_by_octet=True)
