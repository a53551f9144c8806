"""
forgetting - an address gives way to a pseudonym, in every form in which records have it

THEORY
    The pseudonym of an address is made with a key of the queue's own.  So all records of one person keep belonging
    together, an interrupted run can go on, and who has the records without the key cannot try out whose they are.
    The domain stays: hosts and destinations are recorded by it.

    Replies, reports and rewritten senders quote an address in other forms: as xtext (RFC 3461 §4), with numbers for
    characters beyond ASCII (RFC 6533 §3), with U-labels, in quotes, as a part of a URL, and with `=` for `@` on either
    side, as SRS and VERP write it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from hmac import digest
from typing import Any, Final
from urllib.parse import quote

from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.xtext import to_utf8_addr_unitext, to_xtext, utf8_addr_xtext
from empath.policy.recipients import folded

_DIGITS: Final = 16  # of a pseudonym, hexadecimal
# What cannot stand before or after an address without being a part of it.  A dot may end a sentence.
_BEFORE: Final = r"(?<![\w.+!#$%&'*?^`{|}~-])"
_BEFORE_PART: Final = r"(?<![\w.-])"
_AFTER_NUMBER: Final = "(?<=[0-9]-)"  # as mailing lists write VERP: list-return-12-user=domain
_BEFORE_URL: Final = rf"(?:{_BEFORE}|(?<=%[23][02ACD]))"  # what begins with a quote, blank, colon, "<" or "=" in a URL
_AFTER_DOMAIN: Final = r"(?![\w-]|\.\w)"
_AFTER_LOCAL: Final = r"(?![\w.-])"
_CODED: Final = re.compile(r"[^A-Za-z0-9_.~-]+")  # what xtext, quotes, URLs or other letters write otherwise
MOST_DEPTH: Final = 50  # of JSON that is looked through


def keyed_name(address: str, key: bytes) -> str:
    """16 hexadecimal digits for *address*, whatever the case of its letters, by *key*."""
    return digest(key, folded(address).encode(), sha256).hex()[:_DIGITS]


@dataclass(frozen=True, slots=False)
class Forms:
    """The forms in which texts have *address*; *stand_in*, an address in the same domain, takes its place in each."""

    address: Address
    stand_in: str

    def replaced(self, text: str) -> str:
        """*text* with the stand-in wherever it has the address."""
        return self._forms.sub(self._instead, text)

    def is_whole(self, text: str) -> bool:
        """Whether *text* is the address, and nothing else."""
        found = self._forms.fullmatch(text)
        return found is not None and found.lastgroup == "plain"

    @cached_property
    def _forms(self) -> re.Pattern[str]:
        domain, bare = self.address.domain, self.address.local_part
        locals_ = [*_spellings((str(self.address).rpartition("@")[0], f'"{bare}"', bare))]
        locals_ += [to_xtext(each) for each in locals_]
        domains = [str(domain), *(_spellings((domain.u_labels,)) if isinstance(domain, Domain) else ())]
        in_urls, own, at = _any(quote(each, safe="") for each in locals_), _any(locals_), _any(domains)
        return re.compile(
            rf"(?P<plain>{_BEFORE}{own}@{at}{_AFTER_DOMAIN})"
            rf"|(?P<turned>{_BEFORE_PART}{at}={own}{_AFTER_LOCAL})"
            rf"|(?P<equals>(?:{_BEFORE_PART}|{_AFTER_NUMBER}){own}={at}{_AFTER_DOMAIN})"
            rf"|(?P<url>{_BEFORE_URL}{in_urls}%40{_any(quote(each, safe='') for each in domains)}{_AFTER_DOMAIN})",
            re.IGNORECASE,
        )

    def _instead(self, found: re.Match[str]) -> str:
        local_part, _, domain = self.stand_in.rpartition("@")
        forms = {"plain": self.stand_in, "turned": f"{domain}={local_part}", "equals": f"{local_part}={domain}"}
        return forms.get(str(found.lastgroup), f"{local_part}%40{quote(domain, safe='')}")


@dataclass(frozen=True, slots=False)
class Forgotten:
    """An address that is to be forgotten; *key* makes its pseudonym."""

    address: Address
    key: bytes = field(repr=False)

    @cached_property
    def name(self) -> str:
        """What stands for the address where even its domain would say too much."""
        return keyed_name(str(self.address), self.key)

    @cached_property
    def pseudonym(self) -> str:
        """What takes the place of the address: an address in the same domain."""
        return f"forgotten-{self.name}@{self.address.domain}"

    @property
    def parts(self) -> tuple[str, ...]:
        """Folded texts that each text with the address in it has in this order, whatever the form."""
        return tuple(_CODED.split(folded(unicodedata.normalize("NFC", self.address.local_part))))

    def is_named(self, text: str | None) -> bool:
        """Whether *text* is the address, and nothing else."""
        if text is None or folded(text) == folded(str(self.address)):
            return text is not None
        return self._forms.is_whole(text)

    def left_out(self, text: str) -> str:
        """*text* with the pseudonym wherever it has the address."""
        return self._forms.replaced(text)

    def left_out_of(self, value: Any, depth: int = 0) -> Any:
        """The same for each text in *value*, as JSON is read; deeper than MOST_DEPTH nothing is kept."""
        if isinstance(value, str):
            return self.left_out(value)
        if depth > MOST_DEPTH:
            return None
        if isinstance(value, Mapping):
            return {self.left_out(name): self.left_out_of(each, depth + 1) for name, each in value.items()}
        if isinstance(value, list):
            return [self.left_out_of(each, depth + 1) for each in value]
        return value

    @cached_property
    def _forms(self) -> Forms:
        return Forms(self.address, self.pseudonym)


def _spellings(texts: Iterable[str]) -> Iterable[str]:
    """Each of *texts* with its letters beyond ASCII composed, taken apart, and as numbers."""
    for text in texts:
        for form in ("NFC", "NFD"):
            letters = unicodedata.normalize(form, text)
            unitext = to_utf8_addr_unitext(letters)
            yield from (letters, unitext, utf8_addr_xtext(unitext))


def _any(texts: Iterable[str]) -> str:
    """An expression for each of *texts*, the longest first."""
    return f"(?:{'|'.join(map(re.escape, sorted({*texts}, key=lambda text: (-len(text), text))))})"
