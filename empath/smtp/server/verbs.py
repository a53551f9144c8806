"""
verbs - what each command of a client says, and how many of them there were

A command is read into the event that the driver answers, or into the reply.  `ServerSession` decides by the table
whether a command is obeyed at all; only then it is read here.
"""

from collections.abc import Callable
from typing import Final

from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.command import read_auth, read_greeting, read_mail, read_recipient
from empath.smtp.server.content import ChunkReader
from empath.smtp.server.events import ClientNamed, DataOffered, Event, OriginNamed, StartTls
from empath.smtp.server.extensions import Extensions
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.peer_attributes import XCLIENT_ATTRIBUTES, XFORWARD_ATTRIBUTES, read_attributes
from empath.smtp.server.states import ServerSignal

# The first recipients over the limit cost no error: a list server that sends too many shall return with the rest.
_FREE_OVERSHOOT: Final = 1000


class Verbs:
    """
    The readers of one session's commands, and what they count.

    `errors` counts refusals with 5yz and other misuse since the last accepted message. A 4yz is a problem of this host
    and does not count.
    """

    __slots__ = (
        "_chunks", "_extensions", "_hostname", "_is_lenient", "_is_smtputf8", "_junk", "_limits", "_overshoot",
        "_recipients", "errors",
    )  # fmt: skip

    def __init__(self, hostname: str, limits: ServerLimits, extensions: Extensions, *, is_lenient: bool) -> None:
        """Parameters as in `ServerSession`."""
        self.errors = 0
        self._hostname = hostname
        self._limits = limits
        self._extensions = extensions
        self._is_lenient = is_lenient
        self._chunks: ChunkReader | None = None  # from the first chunk of a transaction to the last
        self._recipients = 0
        self._overshoot = 0
        self._is_smtputf8 = False
        self._junk = 0

    def _ehlo(self, argument: str) -> Event | Reply:
        return read_greeting("EHLO", argument, self._is_lenient)

    def _helo(self, argument: str) -> Event | Reply:
        return read_greeting("HELO", argument, self._is_lenient)

    def _auth(self, argument: str) -> Event | Reply:
        return read_auth(argument)

    def _xclient(self, argument: str) -> Event | Reply:
        found = read_attributes(argument, XCLIENT_ATTRIBUTES)
        return found if isinstance(found, Reply) else ClientNamed(found)

    def _xforward(self, argument: str) -> Event | Reply:
        found = read_attributes(argument, XFORWARD_ATTRIBUTES)
        return found if isinstance(found, Reply) else OriginNamed(found)

    def _lhlo(self, argument: str) -> Event | Reply:
        return read_greeting("LHLO", argument, self._is_lenient)

    def _mail(self, argument: str) -> Event | Reply:
        event = read_mail(argument, self._extensions, self._limits.message_octets, self._is_lenient)
        self._is_smtputf8 = not isinstance(event, Reply) and event.is_smtputf8
        return event

    def _rcpt(self, argument: str) -> Event | Reply:
        event = read_recipient(argument, self._extensions, self._is_smtputf8, self._is_lenient)
        if self._recipients < self._limits.recipients or isinstance(event, Reply):
            return event
        self._overshoot += 1
        if self._overshoot > _FREE_OVERSHOOT:
            self.errors += 1
        return replies.TOO_MANY_RECIPIENTS

    def _data(self, argument: str) -> Event | Reply:
        return replies.NO_ARGUMENT_ALLOWED if argument else DataOffered()

    def _bdat(self, argument: str) -> Event | Reply:
        return self._bdat_last(argument) if argument.strip("0") else replies.EMPTY_CHUNK

    def _bdat_last(self, _argument: str) -> Event | Reply:
        return DataOffered() if self._chunks is None else replies.CHUNK_OK

    def _rset(self, argument: str) -> Event | Reply:
        self._count_junk()
        return replies.NO_ARGUMENT_ALLOWED if argument else replies.OK

    def _noop(self, _argument: str) -> Event | Reply:
        self._count_junk()
        return replies.OK

    def _vrfy(self, argument: str) -> Event | Reply:
        self._count_junk()
        return replies.CANNOT_VERIFY if argument else replies.ARGUMENT_NEEDED

    def _help(self, _argument: str) -> Event | Reply:
        self._count_junk()  # the only bound on the number of these long replies to one read
        return self._extensions.help

    def _starttls(self, argument: str) -> Event | Reply:
        return replies.NO_ARGUMENT_ALLOWED if argument else StartTls()

    def _quit(self, _argument: str) -> Event | Reply:
        return Reply.of(f"221 2.0.0 {self._hostname} closing connection")

    def _count_junk(self) -> None:
        self._junk += 1
        if self._junk > self._limits.junk:
            self.errors += 1

    def _count_recipient(self) -> None:
        self._recipients += 1

    def _forgive(self) -> None:
        self.errors = self._junk = 0


def _always(reply: Reply) -> Callable[[Verbs, str], Reply]:
    return lambda _session, _argument: reply


READERS: Final[dict[ServerSignal, Callable[[Verbs, str], Event | Reply]]] = {
    ServerSignal.EHLO: Verbs._ehlo,
    ServerSignal.HELO: Verbs._helo,
    ServerSignal.AUTH: Verbs._auth,
    ServerSignal.XCLIENT: Verbs._xclient,
    ServerSignal.XFORWARD: Verbs._xforward,
    ServerSignal.LHLO: Verbs._lhlo,
    ServerSignal.MAIL: Verbs._mail,
    ServerSignal.RCPT: Verbs._rcpt,
    ServerSignal.DATA: Verbs._data,
    ServerSignal.BDAT: Verbs._bdat,
    ServerSignal.BDAT_LAST: Verbs._bdat_last,
    ServerSignal.RSET: Verbs._rset,
    ServerSignal.NOOP: Verbs._noop,
    ServerSignal.VRFY: Verbs._vrfy,
    ServerSignal.HELP: Verbs._help,
    ServerSignal.QUIT: Verbs._quit,
    ServerSignal.STARTTLS: Verbs._starttls,
    ServerSignal.NOT_OFFERED: _always(replies.NOT_OFFERED),
    ServerSignal.TLS_NEEDED: _always(replies.TLS_NEEDED),
    ServerSignal.TLS_ACTIVE: _always(replies.TLS_ACTIVE),
    # A chunk of unknown length follows. Its octets must not be read as commands, so these replies end the session.
    ServerSignal.BDAT_NOT_OFFERED: _always(replies.BDAT_NOT_OFFERED),
    ServerSignal.BDAT_MALFORMED: _always(replies.BDAT_MALFORMED),
    ServerSignal.UNKNOWN: _always(replies.UNKNOWN_COMMAND),
    ServerSignal.FORBIDDEN: _always(replies.FORBIDDEN),
}
