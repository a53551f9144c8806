"""
forgetting - an address gives way to a pseudonym, in every form in which records have it

THEORY
    The pseudonym of an address is made with a key of the queue's own.  So all records of one person keep belonging
    together, an interrupted run can go on, and who has the records without the key cannot try out whose they are.
    The domain stays: hosts and destinations are recorded by it.

    Replies, reports and rewritten senders quote an address in other forms: as xtext (RFC 3461 §4), and with `=` for
    `@` on either side, as SRS and VERP write it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from hmac import digest
from typing import Any, Final

from empath.mail.address import Address
from empath.mail.xtext import to_xtext
from empath.policy.recipients import folded

_DIGITS: Final = 16  # of a pseudonym, hexadecimal
# What cannot stand before or after an address without being a part of it.  A dot may end a sentence.
_BEFORE: Final = r"(?<![\w.+!#$%&'*?^`{|}~-])"
_BEFORE_PART: Final = r"(?<![\w.-])"
_AFTER_DOMAIN: Final = r"(?![\w-]|\.\w)"
_AFTER_LOCAL: Final = r"(?![\w.-])"
_CODED: Final = re.compile(r"""[+= "\\]+""")  # what xtext and quotes write otherwise
MOST_DEPTH: Final = 50  # of JSON that is looked through


def keyed_name(address: str, key: bytes) -> str:
    """16 hexadecimal digits for *address*, whatever the case of its letters, by *key*."""
    return digest(key, folded(address).encode(), sha256).hex()[:_DIGITS]


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
        return tuple(_CODED.split(folded(self.address.local_part)))

    def is_named(self, text: str | None) -> bool:
        """Whether *text* is the address, and nothing else."""
        return text is not None and folded(text) == folded(str(self.address))

    def left_out(self, text: str) -> str:
        """*text* with the pseudonym wherever it has the address."""
        return self._forms.sub(self._instead, text)

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
    def _forms(self) -> re.Pattern[str]:
        text = str(self.address)
        written, domain = text.rpartition("@")[0], re.escape(str(self.address.domain))
        locals_ = "|".join(
            re.escape(each) for each in dict.fromkeys((written, self.address.local_part, to_xtext(written)))
        )
        return re.compile(
            rf"(?P<plain>{_BEFORE}(?:{locals_})@{domain}{_AFTER_DOMAIN})"
            rf"|(?P<turned>{_BEFORE_PART}{domain}=(?:{locals_}){_AFTER_LOCAL})"
            rf"|(?P<equals>{_BEFORE_PART}(?:{locals_})={domain}{_AFTER_DOMAIN})",
            re.IGNORECASE,
        )

    def _instead(self, found: re.Match[str]) -> str:
        local_part, _, domain = self.pseudonym.rpartition("@")
        forms = {"plain": self.pseudonym, "turned": f"{domain}={local_part}", "equals": f"{local_part}={domain}"}
        return forms[str(found.lastgroup)]
