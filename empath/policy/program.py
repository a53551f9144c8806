"""
program - what a program gets as arguments, and what its end means for the mail

The arguments are a list, and no shell reads them.  The meanings of exit codes are those of sysexits.h, as pipe(8) of
Postfix has them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply

PLACEHOLDERS: Final = ("recipient", "local_part", "domain", "sender", "queue_id")
_OF_RECIPIENT: Final = ("recipient", "local_part", "domain")
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_]+)\}")
_STATUS: Final = re.compile(r"([45]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")
_MAX_WORDS: Final = 300  # characters of a program's output in a reply
_TEMPFAIL: Final = 75

# Enhanced status and words of each code of sysexits.h.
_MEANINGS: Final[Mapping[int, tuple[str, str]]] = {
    64: ("5.3.0", "command line usage error"),
    65: ("5.6.0", "data format error"),
    66: ("5.3.0", "cannot open input"),
    67: ("5.1.1", "user unknown"),
    68: ("5.1.2", "host name unknown"),
    69: ("5.3.0", "service unavailable"),
    70: ("5.3.0", "internal software error"),
    71: ("5.3.0", "system resource problem"),
    72: ("5.3.0", "critical system file missing"),
    73: ("5.2.0", "cannot create user output file"),
    74: ("5.3.0", "input/output error"),
    _TEMPFAIL: ("4.3.0", "temporary failure"),
    76: ("5.5.0", "remote error in protocol"),
    77: ("5.7.0", "permission denied"),
    78: ("5.3.5", "local configuration error"),
    # What a shell or env says of a program that it could not start: a mistake of the configuration, not of the mail.
    126: ("4.3.5", "a program cannot be executed"),
    127: ("4.3.5", "a program was not found"),
}


class ProgramEnd(NamedTuple):
    """
    How a program ended.

    Shape: status is its exit code, or minus the number of the signal that ended it; output is the beginning of what it
    wrote; stopped says why this host ended it, empty if it did not.
    """

    status: int
    output: bytes = b""
    stopped: str = ""


def check_arguments(arguments: Sequence[str]) -> None:
    """
    Check the arguments of a setting.

    Raises:
        SyntaxViolation: there is no program, it is not an absolute path, or a placeholder is unknown.
    """
    if not arguments:
        raise SyntaxViolation("needs the path of a program")
    if not arguments[0].startswith("/") or _PLACEHOLDER.search(arguments[0]):
        raise SyntaxViolation(f"not the absolute path of a program: {arguments[0]!r}")
    for argument in arguments:
        if not argument.isprintable():
            raise SyntaxViolation(f"has a control character: {argument!r}")
        for name in _PLACEHOLDER.findall(argument):
            if name not in PLACEHOLDERS:
                known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
                raise SyntaxViolation(f"unknown placeholder {{{name}}} (known are {known})")


def arguments_for(arguments: Sequence[str], sender: str, recipients: Sequence[str], queue_id: str) -> list[str]:
    """
    The arguments for one run. One that has a placeholder of the recipient is there once for each of *recipients*.

    Raises:
        SyntaxViolation: an argument would begin with the "-" of an address, and be taken for an option.
    """
    whole = {"sender": sender, "queue_id": queue_id}
    found = [arguments[0]]
    for argument in arguments[1:]:
        names = _PLACEHOLDER.findall(argument)
        for recipient in recipients if any(name in _OF_RECIPIENT for name in names) else recipients[:1]:
            local_part, _, domain = recipient.rpartition("@")
            values = whole | {"recipient": recipient, "local_part": local_part, "domain": domain}
            filled = _PLACEHOLDER.sub(lambda match, values=values: values[match[1]], argument)  # type: ignore[misc]
            if filled.startswith("-") and argument.startswith("{"):
                raise SyntaxViolation(f"{filled!r} begins with a dash, as an option does")
            found.append(filled)
    return found


def reply_of(name: str, end: ProgramEnd) -> Reply:
    """
    What the end of the program *name* means for its recipients: 0 delivers; 75, a signal and an end by this host defer;
    any other code bounces. An enhanced status at the beginning of the output takes the place of that of the code.
    """
    words = _words(end.output)
    if end.stopped:
        return Reply.of(f"451 4.3.0 pipe {name}: {end.stopped}")
    if end.status < 0:
        return Reply.of(f"451 4.3.0 pipe {name}: ended by signal {-end.status}{_after(words)}")
    if end.status == 0:
        return Reply.of(f"250 2.0.0 delivered to pipe {name}{_after(words)}")
    status, meaning = _MEANINGS.get(end.status, ("5.3.0", f"exit code {end.status}"))
    said = _STATUS.match(words)
    if said is not None:
        status, meaning, words = said[1], words[said.end() :] or meaning, ""
    enhanced = EnhancedStatus.parse(".".join(str(int(part)) for part in status.split(".")))
    return Reply(451 if enhanced.klass == 4 else 550, enhanced, f"pipe {name}: {meaning}{_after(words)}")


def _after(words: str) -> str:
    return f": {words}" if words else ""


def _words(output: bytes) -> str:
    """The first line that says something, in printable text."""
    text = output.decode("utf-8", "replace").strip()
    line = text.split("\n", 1)[0].strip()
    return "".join(each if each.isprintable() else "?" for each in line)[:_MAX_WORDS]
