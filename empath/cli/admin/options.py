"""
options - the options of the verbs of empath-admin

`selecting` adds the filters to a verb: the same options for all verbs, passed on as a Selection.
"""

import functools
import math
import os
import pwd
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from empath.cli.admin.output import NAME
from empath.errors import SyntaxViolation, UsageError
from empath.mail.status import FINAL
from empath.policy.authorship import Author, statement_of_command
from empath.policy.replies.bounce_class import BounceClass
from empath.policy.units import parse_duration
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import READERS, Selection

VerbFunction = Callable[..., None]
Decorator = Callable[[VerbFunction], VerbFunction]

ARGUMENTS: Final = "empath.arguments"  # the words of the command line, in `meta` of the first context
_MAX_WHO: Final = 150  # characters; the audit takes 200
_MAX_WAIT_S: Final = 86_400.0


class ParsedType(click.ParamType[Any]):
    """A value for one of Empath's parsers. An error of the parser is a usage error."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse."""
        try:
            return self._parse(value)
        except SyntaxViolation as exc:
            self.fail(str(exc), param, ctx)


def _expression(text: str) -> str:
    if not text.strip():
        raise SyntaxViolation("an SQL expression is missing")
    return text


def _part(text: str) -> str:
    if not text:
        raise SyntaxViolation("the text is missing")
    return text


def _message_id(text: str) -> str:
    return f"<{_part(text.removeprefix('<').removesuffix('>'))}>"


def _reference_or_word(text: str) -> Reference | str:
    try:
        return Reference.parse(text)
    except SyntaxViolation:
        return _part(text)


REFERENCE: Final = ParsedType("id", Reference.parse)  # a queue id in either case, or the number of one recipient
_REFERENCE_OR_WORD: Final = ParsedType("id or word", _reference_or_word)
DOMAIN: Final = ParsedType(
    "domain", READERS["domain"]
)  # A-labels, U-labels or a literal; the value is as the queue has it


SENDER: Final = ParsedType("address", READERS["sender"])
RECIPIENT: Final = ParsedType("address", READERS["recipient"])
EXPRESSION: Final = ParsedType("SQL", _expression)
_PART: Final = ParsedType("text", _part)
_MESSAGE_ID: Final = ParsedType("id", _message_id)
DURATION: Final = ParsedType("duration", parse_duration)


def _parse_span(text: str) -> float:
    if not (seconds := parse_duration(text)):
        raise SyntaxViolation(f"must be longer than {text!r}")
    return seconds


SPAN: Final = ParsedType("duration", _parse_span)


def _parse_share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise SyntaxViolation(f"a share is a number from 0 to 1, not {text!r}")
    return share


SHARE: Final = ParsedType("share", _parse_share)


class Whole(click.ParamType[int]):
    """A whole number from *least* to *most*."""

    name = "integer"

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse."""
        try:
            number = int(value)
        except ValueError:
            number = self._least - 1
        if not self._least <= number <= self._most:
            self.fail(f"{value!r} is not a whole number from {self._least} to {self._most}", param, ctx)
        return number


class _Seconds(click.ParamType[float]):
    """A number of seconds, up to a day. An order that waited for ever could not be told from one that hangs."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0.0 <= seconds <= _MAX_WAIT_S:
            self.fail(f"{value!r} is not a number of seconds from 0 to {_MAX_WAIT_S:.0f}", param, ctx)
        return seconds


SECONDS: Final = _Seconds()


def json_option(what: str = "One JSON object.") -> Decorator:
    """The option --json; *what* says its shape in the help."""
    return click.option("--json", "is_json", is_flag=True, help=what)


masked_option: Final = click.option(
    "--masked", "masks", is_flag=True, help="Mask the local parts of addresses, and leave out what people wrote."
)
wait_option: Final = click.option(
    "--wait",
    "wait_s",
    type=SECONDS,
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another process's write lock.",
)
dry_run_option: Final = click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Show what would change, and change nothing. Take no lock."
)
yes_option: Final = click.option("--yes", "-y", "is_sure", is_flag=True, help="Do not ask.")


_HIDDEN_FILTERS: Final = ("sender", "recipient", "reply", "subject", "where")


def refuse_hidden(selection: Selection) -> None:
    """
    Refuse the filters that would tell what --masked hides: who guesses it would see that the guess is right.

    Raises:
        UsageError: there is one.
    """
    given = [f"--{name}" for name in _HIDDEN_FILTERS if getattr(selection, name) is not None]
    if given:
        raise UsageError(f"--masked goes without {', '.join(given)}: an answer would tell what is masked")


class _Status(click.Choice[str]):
    """The statuses that a verb takes. A final one is refused with the place that has such recipients."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse."""
        if value not in self.choices and value in FINAL:
            self.fail(
                f"{value} is a final status; such recipients are in the view history of `empath-admin sql`", param, ctx
            )
        return super().convert(value, param, ctx)


def selecting(statuses: Sequence[str], *, is_order: bool = True, finds_words: bool = False) -> Decorator:
    """
    Give a verb the filters, as its arguments `selection` and `is_all`.

    *statuses* are the values of --status. An order without a filter needs --all; a list does not. Where it
    *finds_words*, the arguments that name no row are its argument `words`.
    """

    def decorate(verb: VerbFunction) -> VerbFunction:
        @functools.wraps(verb)
        def selected(
            *arguments: Any,
            references: tuple[Reference, ...],
            named: tuple[Reference | str, ...],
            domain: str | None,
            sender: str | None,
            recipient: str | None,
            status: str | None,
            older_than_s: float | None,
            destination: str | None,
            where: str | None,
            bounce_class: str | None,
            reply: str | None,
            subject: str | None,
            message_id: str | None,
            newer_than_s: float | None,
            **options: Any,
        ) -> None:
            before = None if older_than_s is None else time.time() - older_than_s
            after = None if newer_than_s is None else time.time() - newer_than_s
            given = tuple(each for each in named if isinstance(each, Reference))
            if finds_words:
                options["words"] = tuple(each for each in named if isinstance(each, str))
            selection = Selection(
                *((*given, *references), domain, sender, recipient, status, destination, before, where),
                bounce_class=bounce_class,
                reply=reply,
                subject=subject,
                message_id=message_id,
                received_after=after,
            )
            verb(*arguments, selection=selection, **options)

        decorated: VerbFunction = selected
        for option in reversed(_filters(statuses, is_order=is_order, finds_words=finds_words)):
            decorated = option(decorated)
        return decorated

    return decorate


def _filters(statuses: Sequence[str], *, is_order: bool, finds_words: bool) -> list[Decorator]:
    every = "All recipients. Required if no other filter is given." if is_order else "All recipients, the default."
    return [
        click.argument(
            "named",
            type=_REFERENCE_OR_WORD if finds_words else REFERENCE,
            nargs=-1,
            metavar="[ID|WORD]..." if finds_words else "[ID]...",
        ),
        click.option(
            "--id",
            "references",
            type=REFERENCE,
            multiple=True,
            metavar="ID",
            help="A queue id (all its recipients) or the number of one recipient. May be given more than once.",
        ),
        click.option("--domain", type=DOMAIN, metavar="DOMAIN", help="Only recipients in this domain."),
        click.option(
            "--sender", type=SENDER, metavar="ADDRESS", help="Only mail from this sender; <> is the null path."
        ),
        click.option("--recipient", type=RECIPIENT, metavar="ADDRESS", help="Only this recipient."),
        click.option("--status", type=_Status(statuses), help="Only recipients with this status."),
        click.option(
            "--older-than",
            "older_than_s",
            type=DURATION,
            metavar="DURATION",
            help="Only mail that was accepted longer ago, such as 2h.",
        ),
        click.option(
            "--newer-than",
            "newer_than_s",
            type=DURATION,
            metavar="DURATION",
            help="Only mail that was accepted since then, such as 1d.",
        ),
        click.option("--destination", metavar="NAME", help="Only recipients with this next hop or queue key."),
        click.option(
            "--class",
            "bounce_class",
            type=click.Choice([str(each) for each in BounceClass]),
            metavar="CLASS",
            help="Only recipients whose last attempt failed in this way, such as quota.",
        ),
        click.option(
            "--reply",
            type=_PART,
            metavar="TEXT",
            help="Only recipients whose last reply has this text, in any case.",
        ),
        click.option(
            "--subject", type=_PART, metavar="TEXT", help="Only mail whose Subject field has this text, in any case."
        ),
        click.option("--message-id", type=_MESSAGE_ID, metavar="ID", help="Only mail with this Message-ID field."),
        click.option(
            "--where",
            type=EXPRESSION,
            metavar="SQL",
            help="Only recipients for whose row this SQL expression is true.",
        ),
        click.option("--all", "is_all", is_flag=True, help=every),
    ]


def who() -> Author:
    """
    The name of the person in the audit: the login name, also under sudo; else the user of the process. Its statement is
    the command line.
    """
    try:
        login = os.getlogin()
    except OSError:  # no terminal
        try:
            login = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            login = str(os.getuid())
    context = click.get_current_context(silent=True)
    arguments = () if context is None else context.find_root().meta.get(ARGUMENTS, ())
    return Author(f"empath-admin:{login[:_MAX_WHO]}", statement_of_command(NAME, arguments) if arguments else None)


def unknown(reference: Reference) -> str:
    """The line for an id that no row has."""
    what = "recipient" if reference.queue_id is None else "message"
    return f"no {what} {reference} in the queue database: it never existed, or its retention is over"
