"""
sendmail - leave a message for the server, as the program `sendmail` takes it

Cron, PHP, git and mail readers call it.  The message comes by standard input, the recipients by the command line or,
with -t, by the header.  The message is durable when the command ends with 0, also while the server is
stopped.  Called as `mailq` it lists the queue; called as `newaliases` it says that there is nothing to build.
"""

import os
import pwd
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn, TypeVar

import click

from empath import __version__
from empath.cli.common import lenient_configuration, open_queue, run_process
from empath.config import Config
from empath.errors import ConfigError, StorageFailure, SyntaxViolation, UsageError
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.identity import QueueId, Timestamp
from empath.mail.printable import printable
from empath.mail.status import RecipientStatus
from empath.mail.xtext import to_xtext
from empath.message.mailbox_list import mailboxes
from empath.message.qualify import qualified
from empath.message.submission import LocalHeader, before_lone_dot, display_name, with_crlf
from empath.smtp.server.limits import ServerLimits
from empath.storage.admin.records import LiveRecipient
from empath.storage.admin.selection import Selection
from empath.storage.drop import DropEnvelope, DropRecipient, write_drop

T = TypeVar("T")
NAME: Final = "empath-sendmail"
_CONFIG: Final = Path("/etc/empath/empath.toml")
_PAGE: Final = 1000
_NOTIFY: Final = ("NEVER", "SUCCESS", "FAILURE", "DELAY")
_ENVELOPE_ID_CHARACTERS: Final = 100  # RFC 3461 §4.4
_DAYS: Final = "%a %b %d %H:%M:%S"


class _Sendmail(click.Command):
    """The command; its mode may come from the name by which it was called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # -bs and -oi are one word each, and -q may stand alone.
        return super().parse_args(ctx, [word if word != "-q" else "-qall" for word in args])


def _ignored(*names: str, is_flag: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options of sendmail that have no meaning here."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for name in reversed(names):
            # The names that click makes of -x and -X are the same.
            option = click.option(
                name, f"ignored_{ord(name[1])}", is_flag=is_flag, expose_value=False, help="Taken and ignored."
            )
            command = option(command)
        return command

    return add


@click.command(cls=_Sendmail, context_settings={"help_option_names": ["--help"], "ignore_unknown_options": False})
@click.option("-t", "from_header", is_flag=True, help="Take the recipients from To, Cc and Bcc.")
@click.option("-i", "ignores_dot", is_flag=True, help="A line with a single dot does not end the message.")
@click.option("-f", "sender", metavar="ADDRESS", help="Envelope sender. Default: the user at the hostname.")
@click.option("-r", "sender_too", metavar="ADDRESS", help="The same as -f.")
@click.option("-F", "full_name", metavar="NAME", help="Name in the From field, if the message has none.")
@click.option("-b", "mode", default="m", metavar="MODE", help="m: send (default); s: SMTP on standard input; p: list.")
@click.option("-o", "options", multiple=True, metavar="OPTION", help="-oi as -i; all others are taken and ignored.")
@click.option("-O", "long_options", multiple=True, metavar="NAME=VALUE", help="IgnoreDots=true as -i; others: ignored.")
@click.option("-N", "notify", metavar="WHEN", help="Reports wanted: never, or some of success,failure,delay.")
@click.option("-R", "returned", metavar="WHAT", help="What a report returns: full or hdrs.")
@click.option("-V", "envelope_id", metavar="ID", help="Envelope id for reports.")
@click.option("-B", "body", metavar="TYPE", help="7bit or 8bitmime. Default: as the message is.")
@click.option("-C", "config", metavar="FILE", type=click.Path(path_type=Path), help="The configuration.")
@click.option("-q", "flush", metavar="WHEN", help="Ends at once: the server looks at its queue by itself.")
@_ignored("-v", "-n", "-m", "-U", "-G", "-c", "-x", is_flag=True)
@_ignored("-h", "-L", "-X", "-p", "-A", "-d", "-e")
@click.option("-I", "builds_aliases", is_flag=True, help="The same as -bi.")
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
@click.argument("recipients", nargs=-1)
@click.pass_context
def sendmail(context: click.Context, /, **given: Any) -> None:
    """Send the message on standard input to RECIPIENTS. Options are those of sendmail(8)."""
    context.ensure_object(dict)["config"] = given["config"] or Path(os.environ.get("EMPATH_CONFIG") or _CONFIG)
    modes = {"m": _send, "s": _speak, "p": _list, "i": _say_aliases, "d": _refuse_daemon, "D": _refuse_daemon}
    if given["flush"] is not None:
        return
    mode = modes.get("i" if given["builds_aliases"] else given["mode"])
    if mode is None:
        raise UsageError(f"-b{given['mode']}: no such mode; there are -bm, -bs, -bp and -bi")
    mode(context, given)


def _send(context: click.Context, given: dict[str, Any]) -> None:
    config = lenient_configuration(context)
    directory = _directory(config)
    envelope = _Options(config, given)
    long = [option.lower().replace(" ", "") for option in given["long_options"]]
    ignores_dot = given["ignores_dot"] or "i" in given["options"] or "ignoredots=true" in long
    recipients = [_recipient(word, config) for text in given["recipients"] for word in _words(text)]
    if not recipients and not given["from_header"]:
        raise UsageError("no recipients: name them, or use -t to take them from the header")
    content = _read(_standard_input(), config, ends_at_dot=not ignores_dot)
    header = LocalHeader(content)
    if given["from_header"]:
        try:
            recipients += [_recipient(word, config) for word in header.recipients()]
        except SyntaxViolation as exc:
            raise SyntaxViolation(f"the header: {exc}") from exc
        if not recipients:
            raise SyntaxViolation("no recipients: the header has none in To, Cc or Bcc")
    if not header.has(b"from"):
        content = envelope.from_field(given["full_name"]) + (b"\r\n" if header.is_headerless else b"") + content
    content = qualified(content, str(config.hostname))
    _leave(directory, config, envelope, tuple(dict.fromkeys(recipients)), content)


def _leave(
    directory: Path, config: Config, options: "_Options", recipients: Sequence[str], content: bytes
) -> list[QueueId]:
    at_once = config.limits.recipients
    ids = []
    for first in range(0, len(recipients), at_once):
        queue_id = QueueId.make(Timestamp(time.time()), os.urandom(10))
        write_drop(directory, queue_id, options.envelope(recipients[first : first + at_once], content), content)
        ids.append(queue_id)
    return ids


class _Options:
    """The sender and the parameters of the envelope that the command line gives."""

    def __init__(self, config: Config, given: dict[str, Any]) -> None:
        self._hostname = str(config.hostname)
        self._user = _user_name()
        text = given["sender_too"] if given["sender"] is None else given["sender"]
        self._reverse_path = self._sender(text)
        self._notify = _notify(given["notify"])
        self._return = _choice("-R", given["returned"], {"full": DsnReturn.FULL, "hdrs": DsnReturn.HEADERS})
        self._body = _choice("-B", given["body"], {"7bit": BodyType.SEVEN_BIT, "8bitmime": BodyType.EIGHT_BIT_MIME})
        self._envelope_id = _envelope_id(given["envelope_id"])

    def envelope(self, recipients: Sequence[str], content: bytes) -> DropEnvelope:
        """The envelope for some of the recipients."""
        body = BodyType.SEVEN_BIT if content.isascii() else BodyType.EIGHT_BIT_MIME
        return DropEnvelope(
            self._reverse_path,
            tuple(DropRecipient(recipient, self._notify) for recipient in recipients),
            self._body or body,
            not all(path.isascii() for path in (self._reverse_path, *recipients)),
            self._return,
            self._envelope_id,
        )

    def from_field(self, full_name: str | None) -> bytes:
        """A From field for a message without one."""
        address = self._reverse_path or f"{self._user}@{self._hostname}"
        name = display_name(os.fsencode(full_name or ""))
        return (f"From: {name} <{address}>" if name else f"From: {address}").encode() + b"\r\n"

    def _sender(self, text: str | None) -> str:
        if text is None:
            text = self._user
        try:
            path = "" if text.strip() in ("", "<>") else _only(_mailboxes(text))
            if path and "@" not in path:
                path = f"{path}@{self._hostname}"
            return str(ReversePath.parse(path, is_lenient=True))
        except SyntaxViolation as exc:
            raise SyntaxViolation(f"the sender is not an address: {text!r}") from exc


def _speak(context: click.Context, _given: dict[str, Any]) -> None:
    from empath.cli.sendmail_session import LocalSession  # noqa: PLC0415 - few calls need it

    config = lenient_configuration(context)
    directory = _directory(config)
    limits = ServerLimits(message_octets=config.limits.message_octets, recipients=config.limits.recipients)
    session = LocalSession(str(config.hostname), str(config.postmaster), limits, directory)
    session.run(_standard_input(), sys.stdout.buffer)


def _list(context: click.Context, _given: dict[str, Any]) -> None:
    """The queue in the form of other mail servers, which scripts read."""
    config = lenient_configuration(context)
    octets = messages = 0
    for message_id, group in groupby(_live(config), key=lambda recipient: recipient.id):
        recipients = list(group)
        first = recipients[0]
        if not messages:
            click.echo("-Queue ID-                  --Size-- ----Arrival Time---- -Sender/Recipient-------")
        mark = (
            "!"
            if all(r.status == RecipientStatus.HELD for r in recipients)
            else "*"
            if _is_under_way(recipients)
            else " "
        )
        at = time.strftime(_DAYS, time.localtime(first.received_at))
        click.echo(f"{message_id}{mark} {first.size_octets:>8} {at:<20}  {printable(first.sender or 'MAILER-DAEMON')}")
        for recipient in recipients:
            reason = recipient.reason or recipient.last_reply
            if reason:
                click.echo(f"{'':>14}({printable(reason)})")
            click.echo(f"{'':>59}{printable(recipient.recipient)}")
        click.echo()
        octets, messages = octets + first.size_octets, messages + 1
    if messages:
        click.echo(f"-- {-(-octets // 1024)} Kbytes in {messages} Request{'s' if messages > 1 else ''}.")
    else:
        click.echo("Mail queue is empty")


def _is_under_way(recipients: Sequence[LiveRecipient]) -> bool:
    return any(recipient.status == RecipientStatus.LEASED for recipient in recipients)


def _live(config: Config) -> Iterator[LiveRecipient]:
    from empath.storage.admin.snapshot import Snapshot  # noqa: PLC0415 - the other modes read no queue

    with Snapshot(open_queue(config)) as snapshot:
        after = 0
        while page := snapshot.list_live(Selection(), after=after, limit=_PAGE, now=time.time()):
            yield from page
            after = page[-1].recipient_id


def _say_aliases(_context: click.Context, _given: dict[str, Any]) -> None:
    click.echo("aliases are rows of the queue database: there is nothing to build")


def _refuse_daemon(_context: click.Context, _given: dict[str, Any]) -> NoReturn:
    raise UsageError("-bd: the server is started by `empathd start`")


def _directory(config: Config) -> Path:
    directory: Path | None = config.pickup.directory
    if directory is None:
        raise ConfigError("no directory in [pickup]: this host takes no mail of local programs")
    return directory


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # the program that calls has closed it
        raise StorageFailure("standard input is closed, and the message would come from there")
    return sys.stdin.buffer


def _read(stream: BinaryIO, config: Config, *, ends_at_dot: bool) -> bytes:
    limit = config.limits.message_octets
    text = stream.read(limit + 1)
    if ends_at_dot:
        text = before_lone_dot(text)
    content = with_crlf(text)
    if len(content) > limit:
        raise SyntaxViolation(f"the message is larger than the {limit} octets that this host takes")
    return content


def _words(text: str) -> list[str]:
    """The addresses of one argument: `a@b, C <c@d>` is a list, too."""
    try:
        return _mailboxes(text) or [text]
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"a recipient is not an address: {text!r}: {exc}") from exc


def _mailboxes(text: str) -> list[str]:
    if not text.isprintable():
        raise SyntaxViolation("it has a control character")
    return mailboxes(text)


def _only(words: list[str]) -> str:
    if len(words) != 1:
        raise SyntaxViolation("one address is needed")
    return words[0]


def _recipient(text: str, config: Config) -> str:
    word = text if not text or "@" in text else f"{text}@{config.hostname}"
    try:
        return str(Address.parse(word, is_lenient=True))
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"a recipient is not an address: {text!r}") from exc


def _notify(text: str | None) -> str | None:
    if text is None:
        return None
    words = [word.strip().upper() for word in text.split(",")]
    if not set(words) <= set(_NOTIFY) or ("NEVER" in words and len(words) > 1):
        raise UsageError("-N: give never, or a list of success, failure and delay")
    return ",".join(dict.fromkeys(words))


def _envelope_id(text: str | None) -> str | None:
    if text is None:
        return None
    encoded = to_xtext(text)
    is_printable = text.isascii() and text.isprintable()
    if not is_printable or not 0 < len(encoded) <= _ENVELOPE_ID_CHARACTERS:
        raise UsageError(f"-V: give printable ASCII, at most {_ENVELOPE_ID_CHARACTERS} characters in xtext")
    return encoded


def _choice(option: str, text: str | None, choices: Mapping[str, T]) -> T | None:
    if text is None:
        return None
    if text.lower() not in choices:
        raise UsageError(f"{option}: give {' or '.join(choices)}")
    return choices[text.lower()]


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def main() -> None:
    """Be the command `empath-sendmail`, or `mailq` or `newaliases` if it was called by that name."""
    called_as = os.path.basename(sys.argv[0])
    if called_as in ("mailq", "newaliases"):
        sys.argv[1:] = ["-bp" if called_as == "mailq" else "-bi", *sys.argv[1:]]
    run_process(sendmail, NAME)


if __name__ == "__main__":
    main()
