"""
extensions - what a session offers, as one value

An extension is one entry here: its line in the reply to EHLO, its parameters of MAIL and RCPT, its commands.  The
session and the readers of commands take all of these from `Extensions` and know no extension by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Final

from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.smtp.server import parameters, replies
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.parameters import Parameter
from empath.smtp.server.peer_attributes import XCLIENT_ATTRIBUTES, XFORWARD_ATTRIBUTES
from empath.smtp.server.states import ServerSignal


class Need(StrEnum):
    """What a session must have before it offers an extension."""

    STARTTLS = "a listener with TLS, and a session in the clear"
    TLS = "a session inside TLS"
    TRUST = "a client of a trusted network, or an authenticated one"


@dataclass(frozen=True, slots=True)
class Extension:
    """
    One extension of SMTP.

    Shape: ehlo is its line in the reply to EHLO, with the limits of the session as `{limits.…}`; mail and rcpt have the
    parameters that it adds to these commands, by their keywords; verbs are its commands; refusal answers its parameters
    in a session that does not offer it; need None: every session offers it. Without an ehlo it has no line, and its
    commands and parameters stay known.
    """

    ehlo: str
    mail: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    rcpt: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    verbs: tuple[ServerSignal, ...] = ()
    refusal: Reply = replies.UNKNOWN_PARAMETER
    need: Need | None = None


PIPELINING: Final = Extension("PIPELINING")  # RFC 2920
SIZE: Final = Extension("SIZE {limits.message_octets}", mail={"SIZE": ("size", parameters.read_size)})  # RFC 1870
EIGHT_BIT_MIME: Final = Extension("8BITMIME", mail={"BODY": ("body_type", parameters.read_body_type)})  # RFC 6152
SMTPUTF8: Final = Extension("SMTPUTF8", mail={"SMTPUTF8": ("is_smtputf8", parameters.read_flag)})  # RFC 6531
CHUNKING: Final = Extension("CHUNKING", verbs=(ServerSignal.BDAT,))  # RFC 3030
ENHANCED_STATUS_CODES: Final = Extension("ENHANCEDSTATUSCODES")  # RFC 2034
DSN: Final = Extension(  # RFC 3461
    "DSN",
    mail={"RET": ("dsn_return", parameters.read_dsn_return), "ENVID": ("envelope_id", parameters.read_envelope_id)},
    rcpt={
        "NOTIFY": ("notify", parameters.read_notify),
        "ORCPT": ("original_recipient", parameters.read_original_recipient),
    },
    refusal=replies.DSN_NOT_OFFERED,
)
# For a client that may speak for others.
XCLIENT: Final = Extension(" ".join(("XCLIENT", *XCLIENT_ATTRIBUTES)), verbs=(ServerSignal.XCLIENT,))
XFORWARD: Final = Extension(" ".join(("XFORWARD", *XFORWARD_ATTRIBUTES)), verbs=(ServerSignal.XFORWARD,))

STARTTLS: Final = Extension("STARTTLS", verbs=(ServerSignal.STARTTLS,), need=Need.STARTTLS)  # RFC 3207


@lru_cache(maxsize=64)
def authentication(mechanisms: tuple[str, ...]) -> Extension:
    """
    AUTH with *mechanisms*, RFC 4954.

    Without a mechanism it is for a client that has authenticated: it may say AUTH= in MAIL, and cannot say AUTH again.
    """
    return Extension(
        " ".join(("AUTH", *mechanisms)) if mechanisms else "",
        mail={"AUTH": ("submitter", parameters.read_submitter)},
        verbs=(ServerSignal.AUTH,),
    )


LIMITS: Final = Extension("LIMITS {limits.announced}")  # RFC 9422
DELIVERBY: Final = Extension(  # RFC 2852
    "DELIVERBY {limits.deliver_by_s}", mail={"BY": ("deliver_by", parameters.read_deliver_by)}
)
MT_PRIORITY: Final = Extension(  # RFC 6710
    "MT-PRIORITY", mail={"MT-PRIORITY": ("mt_priority", parameters.read_mt_priority)}
)
REQUIRETLS: Final = Extension(  # RFC 8689
    "REQUIRETLS", mail={"REQUIRETLS": ("requires_tls", parameters.read_flag)}, need=Need.TLS
)


@lru_cache(maxsize=64)
def future_release(hold_s: int, latest: str) -> Extension:
    """FUTURERELEASE, RFC 4865: mail may be held for *hold_s* seconds, or until the instant *latest*."""
    return Extension(
        f"FUTURERELEASE {hold_s} {latest}",
        mail={"HOLDFOR": ("hold", parameters.read_hold_for), "HOLDUNTIL": ("hold", parameters.read_hold_until)},
    )


# Every other extension that needs no words of the listener, in the order of the EHLO reply.
KNOWN: Final = (
    *(PIPELINING, SIZE, EIGHT_BIT_MIME, SMTPUTF8, ENHANCED_STATUS_CODES, DSN, CHUNKING),
    *(LIMITS, DELIVERBY, MT_PRIORITY, STARTTLS, REQUIRETLS),
)

_GREETINGS: Final = {
    Protocol.SMTP: (ServerSignal.EHLO, ServerSignal.HELO),
    Protocol.LMTP: (ServerSignal.LHLO,),  # RFC 2033 §4.1: the other two must be refused, best with 500
}
_BASIC: Final = (
    *(ServerSignal.MAIL, ServerSignal.RCPT, ServerSignal.DATA, ServerSignal.RSET),
    *(ServerSignal.NOOP, ServerSignal.VRFY, ServerSignal.HELP, ServerSignal.QUIT),
)
FORBIDDEN: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_SPECIFICATIONS: Final = {Protocol.SMTP: "RFC 5321", Protocol.LMTP: "RFC 2033"}
# Known commands that need an extension: without it they are not an error of the client.
_NOT_OFFERED: Final = {
    b"AUTH": ServerSignal.NOT_OFFERED,
    b"BDAT": ServerSignal.BDAT_NOT_OFFERED,
    b"EXPN": ServerSignal.NOT_OFFERED,
    b"STARTTLS": ServerSignal.NOT_OFFERED,
}


class Security(StrEnum):
    """What TLS has to do with the session."""

    OPTIONAL = "optional"
    REQUIRED = "required"  # commands that concern mail wait for TLS
    ACTIVE = "active"


# RFC 3207 §4: where TLS is required, EHLO, NOOP, QUIT, STARTTLS and what has no effect are obeyed before it.
_VERBS: Final[Mapping[Security, Mapping[bytes, ServerSignal]]] = {
    Security.OPTIONAL: {},
    Security.REQUIRED: dict.fromkeys((b"AUTH", b"MAIL", b"RCPT", b"DATA", b"VRFY", b"EXPN"), ServerSignal.TLS_NEEDED),
    Security.ACTIVE: {b"STARTTLS": ServerSignal.TLS_ACTIVE},
}


@dataclass(frozen=True, slots=True)
class Extensions:
    """
    The extensions that one session offers, the protocol that it speaks, and the words that end it.

    It is costly to make: take it from `offered_with`.

    Shape: verbs has the signal of each known command by its word in upper case; mail and rcpt have the parameters of
    these commands by keyword, or the reply that refuses a parameter of an extension that is not offered; help is the
    reply to HELP; forbidden has first words in upper case, of clients that do not speak SMTP: a browser, or a proxy
    that an attacker controls, sends line after line until one of them is a command.
    """

    offered: tuple[Extension, ...] = KNOWN
    protocol: Protocol = Protocol.SMTP
    forbidden: frozenset[str] = FORBIDDEN
    security: Security = Security.OPTIONAL
    verbs: Mapping[bytes, ServerSignal] = field(init=False, repr=False, compare=False)
    mail: Mapping[str, Parameter | Reply] = field(init=False, repr=False, compare=False)
    rcpt: Mapping[str, Parameter | Reply] = field(init=False, repr=False, compare=False)
    help: Reply = field(init=False, repr=False, compare=False)
    _lines: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive what the session looks up."""
        commands = (
            *_GREETINGS[self.protocol],
            *_BASIC,
            *chain.from_iterable(extension.verbs for extension in self.offered),
        )
        mail: dict[str, Parameter | Reply] = {}
        rcpt: dict[str, Parameter | Reply] = {}
        for extension in KNOWN:
            mail |= dict.fromkeys(extension.mail, extension.refusal)
            rcpt |= dict.fromkeys(extension.rcpt, extension.refusal)
        for extension in self.offered:
            mail |= extension.mail
            rcpt |= extension.rcpt
        # RFC 2034 §4: these lines have no enhanced status codes.
        lines = [extension.ehlo for extension in self.offered if extension.ehlo]
        derived = {
            "verbs": {
                **_NOT_OFFERED,
                **{command.encode(): command for command in commands},
                **_VERBS[self.security],
                **{word.encode(): ServerSignal.FORBIDDEN for word in sorted(self.forbidden)},
            },
            "mail": mail,
            "rcpt": rcpt,
            "help": Reply.of(f"214 2.0.0 {' '.join(commands)}; see {_SPECIFICATIONS[self.protocol]}"),
            "_lines": "".join(f"250-{line}\r\n" for line in lines[:-1])
            + "".join(f"250 {line}\r\n" for line in lines[-1:]),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def added_to(self, greeting: bytes, limits: ServerLimits) -> bytes:
        """Give *greeting*, the reply to EHLO, with one more line for each extension, RFC 5321 §4.1.1.1."""
        if not self._lines:
            return greeting
        last_line = greeting.rfind(b"\n", 0, -1) + 1
        return greeting[: last_line + 3] + b"-" + greeting[last_line + 4 :] + _filled_in(self._lines, limits)


@lru_cache(maxsize=64)
def _filled_in(lines: str, limits: ServerLimits) -> bytes:
    return lines.format(limits=limits).encode()


ALL: Final = Extensions()


@lru_cache(maxsize=64)
def offered_with(
    fulfilled: frozenset[Need],
    mechanisms: tuple[str, ...] | None = None,
    protocol: Protocol = Protocol.SMTP,
    forbidden: frozenset[str] = FORBIDDEN,
    security: Security = Security.OPTIONAL,
    *,
    names_clients: bool = False,
    holds: tuple[int, str] | None = None,
) -> Extensions:
    """
    Give the extensions that a session offers whose needs *fulfilled* are fulfilled, in the order of `KNOWN`.

    *mechanisms* as for `authentication`; None: the session has no AUTH. *forbidden* as for `Extensions`.
    *names_clients* says that the client may speak for others. *holds* as for
    `future_release`, which trusted clients may use; None: no client may.
    """
    offered = [each for each in KNOWN if each.need is None or each.need in fulfilled]
    if holds is not None and Need.TRUST in fulfilled:
        offered.append(future_release(*holds))
    if mechanisms is not None:
        offered.append(authentication(mechanisms))
    if names_clients:
        offered += (XCLIENT, XFORWARD)
    return Extensions(tuple(offered), protocol, forbidden, security)
