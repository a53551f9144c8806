"""
spf - whether a client may send mail of a domain, RFC 7208

THEORY
    A check is a generator: it asks questions of the DNS one after another, is sent the answers, and returns a verdict.
    The record of a domain is foreign text, and so is what its macros take in: each step has a bound.  A record is read
    whole before any of it counts, so that a typing error has the same effect for every client.

RULES
    A failure of the DNS is temperror, never fail.
    The names of the client (`ptr`, `%{p}`) are what its own name servers say.  They must not use up the time for the
    rest of the record, which would then be temperror.
    That a host has no address of IPv6 is no question that finds nothing.  Else a record with three hosts of IPv4 would
    be right for their clients, and an error for those of IPv6.
    A name that cannot be in the DNS (a label of more than 63 octets, octets beyond ASCII) is one that does not exist.
"""

import ipaddress
import re
from collections.abc import Generator
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from empath.authentication.spf_record import (
    MAX_RECORD_OCTETS,
    BadRecord,
    Macro,
    MacroText,
    Mechanism,
    Record,
    parse_explanation,
    parse_record,
)
from empath.mail.lookup import Absent, Addresses, Exchangers, Failed, Kind, LookupAnswer, Question, Texts

Client = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_TERMS: Final = 10  # terms that ask the DNS, RFC 7208 §4.6.4
MAX_VOID: Final = 2  # of their questions may find nothing, RFC 7208 §4.6.4
MAX_NAMES: Final = 10  # exchangers of a domain, and names of a client that are checked
MAX_EXPLANATION: Final = 512
REMEMBERED_OCTETS: Final = 512  # of a record that is read once, RFC 7208 §3.4
_MAX_NAME: Final = 253
_MAX_VALUE: Final = 2 * _MAX_NAME  # characters of an identity that a macro takes in
_VERSION: Final = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_LABELS: Final = re.compile(r"(?:[ -\-/-\[\]-~]{1,63}\.)*[ -\-/-\[\]-~]{1,63}")  # printable, without the backslash
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_UNKNOWN: Final = "unknown"


class SpfResult(StrEnum):
    """RFC 7208 §2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_OF_QUALIFIER: Final = {
    "+": SpfResult.PASS,
    "-": SpfResult.FAIL,
    "~": SpfResult.SOFTFAIL,
    "?": SpfResult.NEUTRAL,
}


class SpfVerdict(NamedTuple):
    """
    What a check found.

    Shape: domain is the one that was asked about, as given; reason is the term that decided, or what is wrong, in
    printable ASCII; explanation is what the domain tells a client that it refuses, at most 512 printable characters,
    empty where it says nothing.
    """

    result: SpfResult
    domain: str
    reason: str = ""
    explanation: str = ""


class OfClient(Question):
    """A question that the client's own name servers answer. A driver gives all of them little time."""

    __slots__ = ()


class Identity(NamedTuple):
    """
    Who says to send.

    Shape: local_part and domain of MAIL FROM, or `postmaster` and the name of HELO; helo is that name.
    """

    local_part: str
    domain: str
    helo: str


class _Error(Exception):
    """The check ends with this result."""

    def __init__(self, result: SpfResult, reason: str) -> None:
        super().__init__(reason)
        self.result = result


Steps = Generator[Question, LookupAnswer, SpfVerdict]


def check_host(client: Client, identity: Identity, *, receiver: str, now: int) -> Steps:
    """
    Check *client*, RFC 7208 §4. *receiver* is the name of this host and *now* Unix seconds, both for explanations.
    """
    if isinstance(client, ipaddress.IPv6Address):
        client = client.ipv4_mapped or client
    return _Check(client, identity, receiver, now).run()


class _Check:
    """One check. Its counts are those of all records that it reads."""

    def __init__(self, client: Client, identity: Identity, receiver: str, now: int) -> None:
        self._client = client
        self._identity = identity
        if max(map(len, identity)) > _MAX_VALUE:
            self._identity = Identity(*(text[-_MAX_VALUE:] for text in identity))
        self._receiver = receiver
        self._now = now
        self._terms = 0
        self._void = 0
        self._names: tuple[str, ...] | None = None  # those of the client that the DNS confirms
        self._reason = ""
        self._explained_by: tuple[str, MacroText] | None = None

    def run(self) -> Steps:
        domain = self._identity.domain
        name = domain.lower().removesuffix(".")
        if "." not in name or name.startswith("[") or not _is_name(name):
            return SpfVerdict(SpfResult.NONE, domain, "not a name in the DNS")
        try:
            result = yield from self._judge(name)
        except _Error as exc:
            return SpfVerdict(exc.result, domain, str(exc))
        explanation = ""
        if result is SpfResult.FAIL and self._explained_by is not None:
            try:
                explanation = yield from self._explain(*self._explained_by)
            except _Error:  # a macro in it found too little
                pass
        return SpfVerdict(result, domain, self._reason, explanation)

    def _judge(self, domain: str) -> Generator[Question, LookupAnswer, SpfResult]:
        """Evaluate the record of *domain*, and of those to which it redirects."""
        is_redirected = False
        while True:
            record = yield from self._record_of(domain)
            if record is None:
                if is_redirected:  # RFC 7208 §6.1
                    raise _Error(SpfResult.PERMERROR, f"{domain} has no record")
                self._reason = f"{domain} has no record"
                return SpfResult.NONE
            for directive in record.directives:
                if (yield from self._matches(directive.mechanism, domain)):
                    self._reason = directive.text
                    self._explained_by = None if record.explanation is None else (domain, record.explanation)
                    return _OF_QUALIFIER[directive.qualifier]
            if record.redirect is None:
                self._reason = "no term matches"
                return SpfResult.NEUTRAL
            self._count_term()
            domain = yield from self._expanded(record.redirect, domain)
            if not _is_name(domain):
                raise _Error(SpfResult.PERMERROR, "redirect to what is not a name")
            is_redirected = True

    def _record_of(self, domain: str) -> Generator[Question, LookupAnswer, Record | None]:
        answer = yield Question(domain, Kind.TXT)
        texts = self._checked(answer, f"TXT of {domain}")
        found = [text for text in texts.records if _VERSION.match(text)] if isinstance(texts, Texts) else []
        if not found:
            return None
        if len(found) > 1:
            raise _Error(SpfResult.PERMERROR, f"{domain} has {len(found)} records")
        record = _parsed(found[0])
        if isinstance(record, str):
            raise _Error(SpfResult.PERMERROR, f"record of {domain}: {record}")
        return record

    def _matches(self, mechanism: Mechanism, domain: str) -> Generator[Question, LookupAnswer, bool]:
        match mechanism.name:
            case "all":
                return True
            case "ip4" | "ip6":
                assert mechanism.network is not None
                return self._client in mechanism.network
        self._count_term()
        target = domain
        if mechanism.target is not None:
            target = yield from self._expanded(mechanism.target, domain)
        match mechanism.name:
            case "include":
                return (yield from self._includes(target))
            case "a":
                return (yield from self._has_address(target, mechanism))
            case "mx":
                return (yield from self._has_exchanger(target, mechanism))
            case "ptr":
                names = yield from self._client_names()
                return any(name == target or name.endswith(f".{target}") for name in names)
            case _:
                answer = yield from self._ask(target, Kind.A)
                return isinstance(answer, Addresses)

    def _includes(self, target: str) -> Generator[Question, LookupAnswer, bool]:
        if not _is_name(target):
            raise _Error(SpfResult.PERMERROR, "include of what is not a name")
        result = yield from self._judge(target)
        if result is SpfResult.NONE:
            raise _Error(SpfResult.PERMERROR, f"{target} is included and has no record")
        return result is SpfResult.PASS

    def _has_address(self, name: str, mechanism: Mechanism) -> Generator[Question, LookupAnswer, bool]:
        answer = yield from self._ask(name, Kind.A if self._client.version == 4 else Kind.AAAA)
        if not isinstance(answer, Addresses):
            return False
        bits = mechanism.prefix4 if self._client.version == 4 else mechanism.prefix6
        shift = self._client.max_prefixlen - bits
        wanted = int(self._client) >> shift
        return any(int(ipaddress.ip_address(each)) >> shift == wanted for each in answer.records)

    def _has_exchanger(self, name: str, mechanism: Mechanism) -> Generator[Question, LookupAnswer, bool]:
        answer = yield from self._ask(name, Kind.MX)
        if not isinstance(answer, Exchangers):
            return False
        if len(answer.records) > MAX_NAMES:
            raise _Error(SpfResult.PERMERROR, f"{name} has more than {MAX_NAMES} exchangers")
        for _, exchanger in answer.records:
            if exchanger and (yield from self._has_address(exchanger, mechanism)):
                return True
        return False

    def _client_names(self) -> Generator[Question, LookupAnswer, tuple[str, ...]]:
        """The names of the client whose addresses have it, RFC 7208 §5.5; a failure is none."""
        if self._names is None:
            answer = yield OfClient(self._client.reverse_pointer, Kind.PTR)
            if isinstance(answer, Absent):
                self._count_void(f"PTR of {self._client}")
            kind = Kind.A if self._client.version == 4 else Kind.AAAA
            names = []
            for name in answer.records[:MAX_NAMES] if isinstance(answer, Texts) else ():
                found = (yield OfClient(name, kind)) if _is_name(name) else None
                if isinstance(found, Addresses) and str(self._client) in found.records:
                    names.append(name)
            self._names = tuple(names)
        return self._names

    def _ask(self, name: str, kind: Kind) -> Generator[Question, LookupAnswer, LookupAnswer]:
        """Ask for the sake of a term."""
        text = f"{kind} of {name}"
        if not _is_name(name):
            self._count_void(text)
            return Absent("NXDOMAIN", 0)
        answer = self._checked((yield Question(name, kind)), text)
        if isinstance(answer, Absent) and (kind is not Kind.AAAA or answer.why == "NXDOMAIN"):
            self._count_void(text)
        return answer

    @staticmethod
    def _checked(answer: LookupAnswer, text: str) -> LookupAnswer:
        if isinstance(answer, Failed):
            raise _Error(SpfResult.TEMPERROR, f"{text}: {answer.why}")
        return answer

    def _count_term(self) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise _Error(SpfResult.PERMERROR, f"more than {MAX_TERMS} terms ask the DNS")

    def _count_void(self, text: str) -> None:
        self._void += 1
        if self._void > MAX_VOID:
            raise _Error(SpfResult.PERMERROR, f"more than {MAX_VOID} questions find nothing, the last {text}")

    def _explain(self, domain: str, name: MacroText) -> Generator[Question, LookupAnswer, str]:
        """What the domain says to a client that it refuses, RFC 7208 §6.2; nothing where anything is wrong."""
        target = yield from self._expanded(name, domain)
        if not _is_name(target):
            return ""
        answer = yield Question(target, Kind.TXT)
        if not isinstance(answer, Texts) or len(answer.records) != 1:
            return ""
        try:
            text = parse_explanation(answer.records[0][:MAX_RECORD_OCTETS])
        except BadRecord:
            return ""
        explanation = yield from self._text_of(text, domain)
        explanation = explanation[:MAX_EXPLANATION]
        return explanation if explanation.isascii() and explanation.isprintable() else ""

    def _expanded(self, text: MacroText, domain: str) -> Generator[Question, LookupAnswer, str]:
        """The name that *text* stands for, cut on the left to what the DNS takes, RFC 7208 §7.3."""
        pieces: list[str] = []
        size = 0
        for piece in reversed(text):
            expanded = piece if isinstance(piece, str) else (yield from self._expansion(piece, domain))
            pieces.append(expanded)
            size += len(expanded)
            if size > _MAX_VALUE:  # what stands before it cannot be in the name any more
                break
        name = "".join(reversed(pieces)).lower().removesuffix(".")
        while len(name) > _MAX_NAME:
            name = name[-_MAX_NAME - 1 :].partition(".")[2]
        return name

    def _text_of(self, text: MacroText, domain: str) -> Generator[Question, LookupAnswer, str]:
        pieces: list[str] = []
        size = 0
        for piece in text:
            pieces.append(piece if isinstance(piece, str) else (yield from self._expansion(piece, domain)))
            size += len(pieces[-1])
            if size > MAX_EXPLANATION:
                break
        return "".join(pieces)

    def _expansion(self, macro: Macro, domain: str) -> Generator[Question, LookupAnswer, str]:
        value = yield from self._value(macro.letter, domain)
        if macro.is_split:
            parts = re.split(macro.delimiters, value)
            if macro.is_reversed:
                parts.reverse()
            value = ".".join(parts[-macro.keep :])
        if not macro.is_escaped:
            return value
        octets = value.encode(errors="replace")
        return "".join(chr(octet) if chr(octet) in _UNRESERVED else f"%{octet:02X}" for octet in octets)

    def _value(self, letter: str, domain: str) -> Generator[Question, LookupAnswer, str]:
        client, identity = self._client, self._identity
        match letter:
            case "s":
                return f"{identity.local_part}@{identity.domain}"
            case "l":
                return identity.local_part
            case "o":
                return identity.domain
            case "d":
                return domain
            case "i":
                return str(client) if client.version == 4 else ".".join(client.exploded.replace(":", "").upper())
            case "p":
                return (yield from self._one_name(domain))
            case "v":
                return "in-addr" if client.version == 4 else "ip6"
            case "h":
                return identity.helo
            case "c":
                return str(client)
            case "r":
                return self._receiver
            case _:
                return str(self._now)

    def _one_name(self, domain: str) -> Generator[Question, LookupAnswer, str]:
        """A name of the client: the domain itself, else one below it, else any, RFC 7208 §7.3."""
        names = yield from self._client_names()
        below = [name for name in names if name.endswith(f".{domain}")]
        return domain if domain in names else (*below, *names, _UNKNOWN)[0]


def _is_name(name: str) -> bool:
    return len(name) <= _MAX_NAME and _LABELS.fullmatch(name) is not None


def _parsed(text: str) -> Record | str:
    """The record, or what is wrong with it. A long one takes a hundred times its size, and is not remembered."""
    return _remembered(text) if len(text) <= REMEMBERED_OCTETS else _read(text)


def _read(text: str) -> Record | str:
    try:
        return parse_record(text)
    except BadRecord as exc:
        return str(exc)


_remembered: Final = lru_cache(maxsize=512)(_read)
