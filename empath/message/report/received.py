"""
received - what a report says that another host sends: a delivery status notification, a complaint, or words of its own

THEORY
    RFC 3464 has a part for programs, and so has RFC 5965 for complaints; many hosts write to people only, each in its
    own form (`odd_reports`).  Microsoft complains by the message alone, with a field of its own on top.  What is no
    report of a failure is an answer of a program, such as of someone on holiday.
    The text is read up to a bound, line by line, and each line up to a bound.

RULES
    All of it is the text of strangers.  It is believed only as far as the address goes that it was sent to.
"""

import base64
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply
from empath.message.fields import Fields, unfolded
from empath.message.mime import Part, Step, walk
from empath.message.report.facts import Action
from empath.message.report.odd_reports import FORMS, OddForm

MOST_OCTETS: Final = 256 * 1024  # of a report; the rest is the message that came back
_PART_OCTETS: Final = 64 * 1024  # of a part that is read
_MOST_LINES: Final = 2_000
_LINE_OCTETS: Final = 1_000
_MOST_RECIPIENTS: Final = 100
_MOST_IDS: Final = 20
_WORDS: Final = 400  # characters of a reply
_STATUS_PARTS: Final = ("message/delivery-status", "message/global-delivery-status")
_FEEDBACK: Final = "message/feedback-report"
_HEADERS: Final = ("text/rfc822-headers", "message/global-headers")
_REPLY: Final = re.compile(rb"(?<![0-9.#-])([45][0-9]{2})(?:[ :-]+|$)(?:#?([245]\.[0-9]{1,3}\.[0-9]{1,3})\b[ -]*)?(.*)")
_BARE_STATUS: Final = re.compile(rb"#?\b([45]\.[0-9]{1,3}\.[0-9]{1,3})\b(.*)")
_OUR_ID: Final = re.compile(rb"\(Empath\) with [A-Z0-9]{1,20} id ([0-9A-Z]{26})\b")
_FAILURE_SUBJECT: Final = re.compile(
    rb"undeliver|delivery (status|failure|failed|has failed)|mail delivery failed|returned mail|failure notice"
    rb"|mail system error|nondeliverable|could not be delivered|not delivered",
    re.IGNORECASE,
)
_ANSWERS: Final = (b"auto_reply", b"auto-reply", b"autoreply")
_ANSWER_SUBJECT: Final = re.compile(
    rb"\s*(re|aw|sv|antw|auto(matic)?[ _-]?(reply|response|answer)?|out of (the )?office)\b", re.IGNORECASE
)
_MAIL_SYSTEM: Final = re.compile(  # the author of a report
    rb"daemon|post.?(master|office)|mail.?(delivery|system|admin)|(system|mail).?administrator|microsoftexchange[0-9a-f]{8}"
    rb"|delivery.?(system|subsystem|notification|service)",
    re.IGNORECASE,
)
# The line above the message that came back, whose own words do not count.
_COPY: Final = re.compile(
    rb"^\s*-{3,} *(this is a copy|the body of the message|below this line|enclosed|original message|returned message"
    rb"|message header|unsent message|the header of the original)|^\s*original message (follows|headers)",
    re.IGNORECASE,
)
_COMPLAINED_BY: Final = b"x-hmxmroriginalrecipient"  # of Microsoft: who has complained
_NO_COMPLAINT: Final = ("not-spam", "auth-failure")  # types that tell of no wish to get no mail, RFC 6430 and RFC 6591


class Kind(StrEnum):
    """What a report is about."""

    FAILURE = "failure"
    DELAY = "delay"
    SUCCESS = "success"
    COMPLAINT = "complaint"
    ANSWER = "answer"  # of a program, such as of someone on holiday
    UNKNOWN = "unknown"


class Reported(NamedTuple):
    """
    What a report says of one recipient.

    Shape: recipient is its address as it stands there, None where it is not named; reply is made of the status and the
    words of the report, None for a complaint or an answer.
    """

    kind: Kind
    recipient: str | None
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class ReceivedReport:
    """
    A report. Shape: reported has one entry or more; reporter is the host or program that sends it, form the name of the
    row that has read it, `dsn` or `arf`; senders are the reverse-paths of the message that it is about, queue_ids the
    ids that this software has given it.
    """

    reported: tuple[Reported, ...]
    reporter: str | None = None
    form: str | None = None
    feedback_type: str | None = None
    senders: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()


def read_report(pieces: Iterable[bytes]) -> ReceivedReport:
    """Read a message that may be a report: its first MOST_OCTETS, in pieces of any size."""
    found = _Parts()
    try:
        for step, part, octets in walk(_first(pieces)):
            found.take(step, part, octets)
    except SyntaxViolation:
        pass  # what was read before counts
    return found.report()


def _first(pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = MOST_OCTETS
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


@dataclass(slots=True)
class _Parts:
    """The parts of a report that say something."""

    header: Fields | None = None
    status: bytes = b""
    feedback: bytes = b""
    inner: bytes = b""  # header of the message that came back
    text: bytes = b""  # of the first parts for people
    _open: Part | None = None
    _kind: str = ""
    _octets: bytearray = field(default_factory=bytearray)

    def take(self, step: Step, part: Part, octets: bytes) -> None:
        if step is Step.HEADER:
            self._close()
            if part.parent is None:
                self.header = part.fields
            elif part.parent.type == "message/rfc822" and not self.inner:
                self.inner = b"".join(part.fields.octets)
            self._open, self._kind = part, part.type
        elif step is Step.BODY and part is self._open and len(self._octets) < _PART_OCTETS:
            self._octets += octets

    def _close(self) -> None:
        if self._open is None:
            return
        octets = _decoded(bytes(self._octets), self._open.encoding)
        if self._kind in _STATUS_PARTS:
            self.status = self.status or octets
        elif self._kind == _FEEDBACK:
            self.feedback = self.feedback or octets
        elif self._kind in _HEADERS:
            self.inner = self.inner or octets
        elif self._kind.startswith("text/") and len(self.text) < _PART_OCTETS and not self.inner:
            self.text += octets
        self._open = None
        self._octets.clear()

    def report(self) -> ReceivedReport:
        self._close()
        header = self.header or Fields([])
        inner = Fields.of(_cut(self.inner))
        if self.feedback or _COMPLAINED_BY in inner:
            return _complaint(self.feedback, inner, header)
        senders = tuple(_paths(inner.values(b"return-path")[:_MOST_IDS]))
        ids = tuple(_ids(inner))
        if self.status:
            reporter, reported = _of_status(self.status)
            if reported:
                return ReceivedReport(reported, reporter, "dsn", None, senders, ids)
        lines = _lines(self.text)
        lines = lines[: next((at for at, line in enumerate(lines) if _COPY.search(line)), len(lines))]
        form = next((each for each in FORMS if any(each.mark.search(line) for line in lines)), None)
        if form is not None:
            reported = _of_form(form, lines, header)
            return ReceivedReport(reported, _sender_of(header), form.name, None, senders, ids)
        kind = _kind_of(header)
        reply = _first_reply(lines) if kind is Kind.FAILURE else None
        named = _failed_recipients(header) if kind is Kind.FAILURE else []
        reported = tuple(Reported(kind, each, reply) for each in named) or (Reported(kind, None, reply),)
        return ReceivedReport(reported, _sender_of(header), None, None, senders, ids)


def _complaint(octets: bytes, inner: Fields, header: Fields) -> ReceivedReport:
    """RFC 5965 §3, perhaps without a part for programs."""
    fields = Fields.of(_cut(octets))
    kind = _word(fields.find(b"feedback-type"))
    named = fields.values(b"original-rcpt-to") + fields.values(b"removal-recipient") or inner.values(_COMPLAINED_BY)
    addresses = dict.fromkeys(each for value in named[:_MOST_RECIPIENTS] if (each := _bracketed(value)))
    what = Kind.UNKNOWN if kind in _NO_COMPLAINT else Kind.COMPLAINT
    reported = tuple(Reported(what, each, None) for each in addresses)
    senders = _paths([*fields.values(b"original-mail-from"), *inner.values(b"return-path")][:_MOST_IDS])
    return ReceivedReport(
        reported or (Reported(what, None, None),),
        _word(fields.find(b"reporting-mta")) or _word(fields.find(b"user-agent")) or _sender_of(header),
        "arf" if octets else "microsoft",
        kind or "abuse",
        tuple(senders),
        tuple(_ids(inner)),
    )


def _of_status(octets: bytes) -> tuple[str | None, tuple[Reported, ...]]:
    """RFC 3464 §2: groups of fields, of which the first is about the message."""
    groups = [Fields.of(_cut(each)) for each in re.split(rb"\r\n[ \t]*\r\n", octets, maxsplit=_MOST_RECIPIENTS + 1)]
    reporter = _typed(groups[0].find(b"reporting-mta")) if groups else None
    found = []
    for fields in groups[: _MOST_RECIPIENTS + 1]:
        named = [_typed(fields.find(name)) for name in (b"original-recipient", b"final-recipient")]
        recipient = next((each for each in named if each and "@" in each), next(filter(None, named), None))
        action = _first_word(fields.find(b"action"))
        if recipient is None and action is None:
            continue
        status = _first_word(fields.find(b"status")) or ""
        kind = _kind_of_action(action, status)
        diagnostic = unfolded(fields.find(b"diagnostic-code") or b"").partition(b";")[2].strip()
        found.append(Reported(kind, recipient, _reply(diagnostic, status, kind)))
    return reporter, tuple(found)


def _kind_of_action(action: str | None, status: str) -> Kind:
    if action == Action.DELAYED:
        return Kind.DELAY
    if action in (Action.DELIVERED, Action.RELAYED, Action.EXPANDED):
        return Kind.SUCCESS
    return Kind.FAILURE if action == Action.FAILED or status.startswith("5") else Kind.UNKNOWN


def _of_form(form: OddForm, lines: list[bytes], header: Fields) -> tuple[Reported, ...]:
    kind = Kind.DELAY if form.is_delay else Kind.FAILURE
    found: dict[str, list[bytes]] = {}
    current: list[bytes] | None = None
    is_after_mark = False
    for line in lines:
        if not is_after_mark and form.mark.search(line):
            is_after_mark = True
        if not is_after_mark:
            continue
        if form.end is not None and form.end.search(line):
            break
        match = form.recipient.search(line)
        address = next((each for each in match.groups() if each), None) if match else None
        if match is not None and address is not None and len(found) < _MOST_RECIPIENTS:
            current = found.setdefault(_text(address), [])
            current.append(line[match.end() :])
        elif current is not None:
            current.append(line)
    if not found:
        found = dict.fromkeys(_failed_recipients(header), lines)
    if not found:
        return (Reported(kind, None, _first_reply(lines) or _reply(b"", "", kind)),)
    # A program that groups its words below the last recipient means all of them.
    return tuple(
        Reported(kind, address, _first_reply(own) or _first_reply(lines) or _reply(_first_words(own), "", kind))
        for address, own in found.items()
    )


def _failed_recipients(header: Fields) -> list[str]:
    """Those that Exim, and hosts which follow it, name in the header, too."""
    named = unfolded(header.find(b"x-failed-recipients") or b"").split(b",")
    return [_text(each.strip()) for each in named[:_MOST_RECIPIENTS] if b"@" in each]


def _kind_of(header: Fields) -> Kind:
    """What a message is that no form fits."""
    automatic = (header.find(b"auto-submitted") or b"").lower()
    precedence = (header.find(b"precedence") or b"").lower()
    is_answer = automatic.startswith(b"auto-replied") or precedence in _ANSWERS or b"x-autoreply" in header
    subject = header.find(b"subject") or b""
    # Programs answer to the sender, too, under the subject of the message; only a mail system reports.
    is_from_system = _MAIL_SYSTEM.search(header.find(b"from") or b"daemon") is not None
    is_report = is_from_system and precedence not in _ANSWERS and _ANSWER_SUBJECT.match(subject) is None
    if is_report and _FAILURE_SUBJECT.search(subject):
        return Kind.FAILURE
    return Kind.ANSWER if is_answer or b"x-autorespond" in header else Kind.UNKNOWN


def _first_reply(lines: list[bytes]) -> Reply | None:
    """The reply in the first line that has one: with a code first, else with a status alone."""
    for line in lines:
        match = _REPLY.search(line)
        if match is not None:
            return _made(int(match[1]), _text(match[2] or b""), match[3])
    for line in lines:
        match = _BARE_STATUS.search(line)
        if match is not None:
            status = _text(match[1])
            return _made(550 if status[0] == "5" else 450, status, match[2])
    return None


def _reply(words: bytes, status: str, kind: Kind) -> Reply | None:
    """A reply of the fields of a group, or of words without a code."""
    if kind is Kind.SUCCESS:
        return None
    match = _REPLY.search(words)
    if match is not None:
        return _made(int(match[1]), _text(match[2] or b"") or status, match[3])
    is_for_good = status.startswith("5") or (kind is Kind.FAILURE and not status.startswith("4"))
    return _made(550 if is_for_good else 450, status, words)


def _made(code: int, status: str, words: bytes) -> Reply:
    try:
        enhanced = EnhancedStatus.parse(status)
    except SyntaxViolation:
        enhanced = None
    if enhanced is not None and enhanced.klass != code // 100:
        enhanced = None
    text = _text(words).strip(" -:;)]'\"")[:_WORDS]
    return Reply(code, enhanced, text, is_from_host=True)


def _first_words(lines: list[bytes]) -> bytes:
    """The first line that says something: one that ends in a colon announces the next."""
    said = [line.strip() for line in lines if line.strip(b" \t:")]
    return next((line for line in said if not line.endswith(b":")), said[0] if said else b"")


def _lines(octets: bytes) -> list[bytes]:
    return [line[:_LINE_OCTETS] for line in octets.replace(b"\r\n", b"\n").split(b"\n", _MOST_LINES)[:_MOST_LINES]]


def _decoded(octets: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        octets = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
        octets = base64.b64decode(octets[: len(octets) - len(octets) % 4])
    elif encoding == "quoted-printable":
        octets = quopri.decodestring(octets)
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _cut(octets: bytes) -> bytes:
    """A header section with lines that end, of the size of a part."""
    return octets[:_PART_OCTETS].strip(b"\r\n") + b"\r\n" if octets.strip() else b""


def _ids(inner: Fields) -> list[str]:
    found = (match for value in inner.values(b"received")[:50] for match in _OUR_ID.findall(unfolded(value)))
    return list(dict.fromkeys(each.decode() for each in found))[:_MOST_IDS]


def _paths(values: list[bytes]) -> list[str]:
    return [each for value in values if (each := _bracketed(value))]


def _bracketed(value: bytes) -> str | None:
    """The address in a value, with or without brackets."""
    text = _text(unfolded(value)).strip()
    inside = text.partition("<")[2].partition(">")[0] if "<" in text else text
    return inside[:_LINE_OCTETS].strip() or None


def _typed(value: bytes | None) -> str | None:
    """The value of a field `type; text`, RFC 3464 §2.1.2."""
    if value is None:
        return None
    head, semicolon, rest = unfolded(value).partition(b";")
    return _bracketed(rest if semicolon else head)


def _word(value: bytes | None) -> str | None:
    return None if value is None else _text(unfolded(value)).strip().lower()[:100] or None


def _first_word(value: bytes | None) -> str | None:
    """The value without the comment that some hosts write behind it."""
    word = _word(value)
    return word and re.split(r"[\s(;]", word, maxsplit=1)[0]


def _sender_of(header: Fields) -> str | None:
    value = header.find(b"from")
    return None if value is None else _bracketed(value)


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")
