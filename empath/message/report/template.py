"""
template - the words of a report, as a postmaster may write them

A template has a few fields, an empty line, and the text:

    # Words for people. A line that begins with # is left out here.
    Subject: Undelivered mail
    Recipient: <$address>
        $details

    Your message could not be delivered:

    $recipients

Placeholders are those of string.Template: $name or ${name}, and $$ for a dollar sign.  A line is left out if all its
placeholders are empty.  A template is checked as a whole when it is read: it cannot fail when a report is made.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Template
from types import MappingProxyType
from typing import Final

from empath.errors import SyntaxViolation
from empath.message.report.facts import ReportKind

MAX_OCTETS: Final = 64 * 1024

OF_MESSAGE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hostname": "name of this host",
        "queue_id": "id of the message in the queue",
        "arrival": "instant at which it came in",
        "sender": "address that gets the report",
        "subject": "its subject; empty if it has none",
        "message_id": "its Message-ID; empty if it has none",
        "envelope_id": "what the client gave as ENVID, to find the message by; mostly empty",
        "recipients": "all recipients of the report, as `Recipient` shows each; alone on its line",
    }
)
OF_RECIPIENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "address": "address that was delivered to",
        "original": "address that the sender gave, if it is another one",
        "action": "`failed`, `delayed`, `delivered`, `relayed` or `expanded`",
        "status": "status code of RFC 3463, such as `5.1.1`",
        "host": "host that was reached last",
        "reply": "what it said, or what this host found",
        "reason": "why, where no reply says so, such as `administratively bounced`",
        "attempt": "instant of the last attempt",
        "until": "instant until which delivery will be tried; only of a delay",
        "details": "all of that in English sentences",
    }
)
RECIPIENTS: Final = "recipients"
_BUILT_IN: Final = {
    ReportKind.FAILURE: """\
Subject: Undelivered mail returned to sender

This is the mail system of $hostname.

Your message could not be delivered to the recipients named below. It came in on $arrival with\
 the queue id $queue_id.

$recipients

Delivery to them will not be tried again. Please look at the reason given above, correct the address or ask the people\
 who run that mail system, and then send the message again.
""",
    ReportKind.DELAY: """\
Subject: Delayed mail (still being tried)

This is the mail system of $hostname.

Your message has not been delivered yet to the recipients named below. It came in on $arrival with\
 the queue id $queue_id.

$recipients

You do not need to send it again. Delivery will be tried until the time given above, and you will get another report if\
 it fails.
""",
    ReportKind.SUCCESS: """\
Subject: Mail was delivered

This is the mail system of $hostname.

Your message was delivered or passed on to the recipients named below. It came in on $arrival with\
 the queue id $queue_id.

$recipients

You do not need to do anything.
""",
}
_USUAL_RECIPIENT: Final = ("<$address>", "    $details")
_USUAL_WITHOUT_MESSAGE: Final = ("The message itself is no longer kept here, so it is not attached.",)
_FIELD = re.compile(r"([A-Za-z-]+):(.*)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class ReportTemplate:
    """
    The words of one kind of report.

    Shape: text has one line `$recipients`, as does no other part; all placeholders are known. recipient is how one
    recipient is shown; without_message is added to a report that has no part of the original.
    """

    subject: str
    text: tuple[str, ...]
    recipient: tuple[str, ...] = _USUAL_RECIPIENT
    without_message: tuple[str, ...] = _USUAL_WITHOUT_MESSAGE

    @classmethod
    def parse(cls, octets: bytes, file: str) -> "ReportTemplate":
        """
        Read the content of *file*.

        Raises:
            SyntaxViolation: it is not a template; the text begins with `file:line:`.
        """
        return _Parser(octets, file).template()


def built_in_source(kind: ReportKind) -> str:
    """The text from which the built-in template of *kind* is read, to begin another one with."""
    recipient = "\n".join(_USUAL_RECIPIENT)
    fields = f"Recipient: {recipient}\nWithout-Message: {_USUAL_WITHOUT_MESSAGE[0]}\n"
    subject, _, text = _BUILT_IN[kind].partition("\n")
    return f"{subject}\n{fields}{text}"


class TemplateSet:
    """The templates of this host. Shape: by kind and language tag in lower case, empty for any language."""

    def __init__(self, templates: Mapping[tuple[ReportKind, str], ReportTemplate] | None = None) -> None:
        self._templates = {} if templates is None else templates

    def find(self, kind: ReportKind, languages: tuple[str, ...] = ()) -> ReportTemplate:
        """
        The template for a sender that reads *languages*, the best first: `de-at` finds that of `de`, too.

        The text that is built in is English, so whoever reads English gets it rather than one in the next language.
        """
        for language in languages:
            tag = language
            while tag:
                found = self._templates.get((kind, tag))
                if found is not None:
                    return found
                if tag == "en":
                    return self._usual(kind)
                tag = tag.rpartition("-")[0]
        return self._usual(kind)

    def _usual(self, kind: ReportKind) -> ReportTemplate:
        return self._templates.get((kind, "")) or BUILT_IN[kind]


class _Parser:
    """Reads one file."""

    def __init__(self, octets: bytes, file: str) -> None:
        self._file = file
        self._number = 0  # of the line that is looked at
        self._lines = self._decoded(octets).removesuffix("\n").split("\n")

    def template(self) -> ReportTemplate:
        fields, text = self._fields(), self._text()
        if not "".join(fields.get("subject", ())).strip():
            raise self._fault("the field Subject is missing", 1)
        recipient, without = fields.get("recipient"), fields.get("without-message")
        return ReportTemplate(
            subject=fields["subject"][0],
            text=text,
            recipient=_USUAL_RECIPIENT if recipient is None else recipient,
            without_message=_USUAL_WITHOUT_MESSAGE if without is None else without,
        )

    def _decoded(self, octets: bytes) -> str:
        if len(octets) > MAX_OCTETS:
            raise self._fault(f"a template has at most {MAX_OCTETS // 1024} KiB", 1)
        try:
            return octets.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as exc:
            raise self._fault("this line is not UTF-8", 1 + octets.count(b"\n", 0, exc.start)) from exc

    def _each_line(self) -> Iterator[str]:
        """The lines that are left, each as it is looked at."""
        while self._number < len(self._lines):
            self._number += 1
            yield self._lines[self._number - 1]

    def _fields(self) -> dict[str, tuple[str, ...]]:
        fields: dict[str, tuple[str, ...]] = {}
        name = ""
        for line in self._each_line():
            known = OF_RECIPIENT if name == "recipient" else OF_MESSAGE
            if not line.strip():
                break
            if line.startswith("#"):
                continue
            if line[0] in " \t":
                if name in ("", "subject"):
                    raise self._fault("this line continues no field that may have several lines")
                fields[name] += (self._checked(line.rstrip(), known),)
                continue
            match = _FIELD.match(line)
            name = match[1].lower() if match else ""
            if name not in ("subject", "recipient", "without-message"):
                raise self._fault("a field is Subject, Recipient or Without-Message; an empty line ends the fields")
            if name in fields:
                raise self._fault("this field is there twice")
            known = OF_RECIPIENT if name == "recipient" else OF_MESSAGE
            assert match is not None
            value = self._checked(match[2].strip(), known)
            fields[name] = (value,) if value else ()
        return fields

    def _text(self) -> tuple[str, ...]:
        text: list[str] = []
        has_recipients = False
        for line in self._each_line():
            is_recipients = line.strip() in (f"${RECIPIENTS}", f"${{{RECIPIENTS}}}")
            has_recipients = has_recipients or is_recipients
            text.append(f"${RECIPIENTS}" if is_recipients else self._checked(line.rstrip(), OF_MESSAGE))
        while text and not text[-1]:
            text.pop()
        if not has_recipients:
            raise self._fault(f"no line of the text is ${RECIPIENTS}, so the report would not say whom it is about")
        return tuple(text)

    def _checked(self, line: str, known: Mapping[str, str]) -> str:
        """*line*, of which all placeholders are *known*."""
        if control := _CONTROL.search(line):
            raise self._fault(f"a control character, {control[0]!r}, may not be in it")
        for match in Template.pattern.finditer(line):
            name = match["named"] or match["braced"]
            if match["invalid"] is not None:
                raise self._fault("a $ begins no placeholder; write $$ for a dollar sign")
            if name is not None and name not in known:
                names = ", ".join(f"${each}" for each in known)
                raise self._fault(f"there is no placeholder ${name} here; there are {names}")
            if name == RECIPIENTS:
                raise self._fault(f"${RECIPIENTS} must be alone on a line of the text")
        return line

    def _fault(self, words: str, line: int | None = None) -> SyntaxViolation:
        return SyntaxViolation(f"{self._file}:{line or self._number}: {words}")


def placeholders(line: str) -> list[str]:
    """The names of the placeholders of *line*, which is one of a template."""
    return [match["named"] or match["braced"] for match in Template.pattern.finditer(line) if match["escaped"] is None]


BUILT_IN: Final = {kind: ReportTemplate.parse(source.encode(), kind) for kind, source in _BUILT_IN.items()}
