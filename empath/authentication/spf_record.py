"""
spf_record - the text of an SPF record, RFC 7208 §4.6 and §12

Every pattern here takes time in proportion to the text.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation

MAX_RECORD_OCTETS: Final = 8_192  # RFC 7208 §3.4 advises 450
_MOST_PARTS: Final = 128  # labels of a name, RFC 7208 §7.3
_MAX_DIGITS: Final = 3

_MODIFIER: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_DIRECTIVE: Final = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9]*)([:/].*)?", re.DOTALL)
_MACRO: Final = re.compile(r"\{([SLODIPHCRTVslodiphcrtv])([0-9]*)([rR]?)([.\-+,/_=]*)\}")
_ONLY_IN_EXPLANATIONS: Final = frozenset("crt")
_ESCAPES: Final = {"%": "%", "_": " ", "-": "%20"}
_TOP_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"0|[1-9][0-9]{0,2}")
_WITH_TARGET: Final = frozenset({"include", "a", "mx", "ptr", "exists"})
_NEEDS_TARGET: Final = frozenset({"include", "exists"})
_WITH_PREFIX: Final = frozenset({"a", "mx"})


class BadRecord(SyntaxViolation):
    """The record is none; the text says why."""


class Macro(NamedTuple):
    """
    Shape: letter in lower case; delimiters is a pattern, at which the value is split, keep 1..128 how many of the parts
    from the right count.
    """

    letter: str
    is_escaped: bool
    is_split: bool
    keep: int
    is_reversed: bool
    delimiters: str


MacroText = tuple[str | Macro, ...]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Shape: name in lower case; network is that of ip4 and ip6; target None is the domain of the record."""

    name: str
    target: MacroText | None = None
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    prefix4: int = 32
    prefix6: int = 128


class Directive(NamedTuple):
    """Shape: qualifier is one of `+-~?`; text is the term as it stands, in printable ASCII."""

    qualifier: str
    mechanism: Mechanism
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is well formed. redirect is None where `all` stands, which makes it of no effect."""

    directives: tuple[Directive, ...]
    redirect: MacroText | None
    explanation: MacroText | None


def parse_record(text: str) -> Record:
    """
    Read a record that begins with its version.

    Raises:
        BadRecord: it has an error anywhere.
    """
    if len(text) > MAX_RECORD_OCTETS:
        raise BadRecord(f"it is longer than {MAX_RECORD_OCTETS} octets")
    if not text.isascii() or not text.isprintable():
        raise BadRecord("it has octets that are not printable ASCII")
    directives: list[Directive] = []
    modifiers: dict[str, MacroText] = {}
    for term in filter(None, text.split(" ")[1:]):
        if (match := _MODIFIER.fullmatch(term)) is not None:
            name, value = match[1].lower(), match[2]
            if name in ("redirect", "exp"):
                if name in modifiers:
                    raise BadRecord(f"{name} stands twice")
                modifiers[name] = _domain_spec(value)
            else:
                _macro_text(value, in_explanation=True)
            continue
        match = _DIRECTIVE.fullmatch(term)
        if match is None:
            raise BadRecord(f"not a term: {term[:40]}")
        qualifier, name, rest = match.groups()
        directives.append(Directive(qualifier or "+", _mechanism(name.lower(), rest or ""), term[:80]))
    has_all = any(each.mechanism.name == "all" for each in directives)
    return Record(tuple(directives), None if has_all else modifiers.get("redirect"), modifiers.get("exp"))


def parse_explanation(text: str) -> MacroText:
    """
    Read the text that explains a refusal.

    Raises:
        BadRecord: it has an error in it.
    """
    return _macro_text(text, in_explanation=True)


def _mechanism(name: str, rest: str) -> Mechanism:
    if name == "all" and not rest:
        return Mechanism(name)
    if name in ("ip4", "ip6") and rest.startswith(":"):
        return Mechanism(name, network=_network(name, rest[1:]))
    if name not in _WITH_TARGET:
        raise BadRecord(f"not a mechanism: {name[:40]}{rest[:40]}")
    prefix4, prefix6 = 32, 128
    if name in _WITH_PREFIX:
        rest, prefix4, prefix6 = _prefixes(rest)
    if not rest.startswith(":"):
        if rest or name in _NEEDS_TARGET:
            raise BadRecord(f"{name} needs a domain")
        return Mechanism(name, prefix4=prefix4, prefix6=prefix6)
    return Mechanism(name, _domain_spec(rest[1:]), prefix4=prefix4, prefix6=prefix6)


def _prefixes(rest: str) -> tuple[str, int, int]:
    """Take `/24//64` off the end; a slash before anything else is part of the domain."""
    prefix4, prefix6 = 32, 128
    head, slashes, digits = rest.rpartition("//")
    if slashes and (digits.isdigit() or not digits):
        rest, prefix6 = head, _prefix(digits, 128)
    head, slashes, digits = rest.rpartition("/")
    if slashes and (digits.isdigit() or not digits):
        rest, prefix4 = head, _prefix(digits, 32)
    return rest, prefix4, prefix6


def _prefix(digits: str, most: int) -> int:
    if not _PREFIX.fullmatch(digits) or int(digits) > most:
        raise BadRecord(f"not a length of a prefix: {digits[:40]}")
    return int(digits)


def _network(name: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    address, slash, digits = text.partition("/")
    try:
        if name == "ip4":
            bits = _prefix(digits, 32) if slash else 32
            return ipaddress.IPv4Network((int(ipaddress.IPv4Address(address)), bits), strict=False)
        if "%" in address:
            raise BadRecord(f"not an address: {address[:60]}")
        bits = _prefix(digits, 128) if slash else 128
        return ipaddress.IPv6Network((int(ipaddress.IPv6Address(address)), bits), strict=False)
    except ipaddress.AddressValueError as exc:
        raise BadRecord(f"not an address: {address[:60]}") from exc


def _domain_spec(text: str) -> MacroText:
    found = _macro_text(text, in_explanation=False)
    last = found[-1] if found else ""
    if isinstance(last, str) and not text.endswith(("%%", "%_", "%-")):
        label = last.removesuffix(".").rpartition(".")
        if not label[1] or not _TOP_LABEL.fullmatch(label[2]) or label[2].isdigit():
            raise BadRecord(f"not a name: {text[:60]}")
    return found


def _macro_text(text: str, *, in_explanation: bool) -> MacroText:
    pieces: list[str | Macro] = []
    literal: list[str] = []
    at = 0
    while (percent := text.find("%", at)) >= 0:
        literal.append(text[at:percent])
        escape = _ESCAPES.get(text[percent + 1 : percent + 2])
        if escape is not None:
            literal.append(escape)
            at = percent + 2
            continue
        match = _MACRO.match(text, percent + 1)
        if match is None:
            raise BadRecord(f"not a macro: {text[percent : percent + 20]}")
        if any(literal):
            pieces.append("".join(literal))
        literal = []
        pieces.append(_macro(*match.groups(), in_explanation=in_explanation))
        at = match.end()
    literal.append(text[at:])
    if any(literal):
        pieces.append("".join(literal))
    return tuple(pieces)


def _macro(letter: str, digits: str, reverse: str, delimiters: str, *, in_explanation: bool) -> Macro:
    name = letter.lower()
    if name in _ONLY_IN_EXPLANATIONS and not in_explanation:
        raise BadRecord(f"the macro {letter} is for explanations")
    keep = _MOST_PARTS
    if digits:
        significant = digits.lstrip("0")
        if not significant or len(digits) > _MAX_DIGITS:
            raise BadRecord(f"not a number of labels: {digits[:20]}")
        keep = min(int(significant), _MOST_PARTS)
    pattern = f"[{re.escape(delimiters or '.')}]"
    is_split = bool(digits or reverse or delimiters)
    return Macro(name, letter.isupper(), is_split, keep, bool(reverse), pattern)
