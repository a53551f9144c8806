"""
redaction - what a record says of people is kept, masked, made a pseudonym, or dropped

RULES
    To redact what is redacted changes nothing, so that a sweep need not know what it has seen.
    A reply or a reason is text that may quote addresses: these are redacted as addresses are.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, assert_never

from empath.policy.forgetting import MOST_DEPTH, keyed_name


class Way(StrEnum):
    """What happens to a value."""

    KEEP = "keep"
    MASK = "mask"  # its beginning stays, or its network
    HMAC = "hmac"  # the same value gives the same digits, and nobody without the key can try out which
    DROP = "drop"


class Kind(StrEnum):
    """What a value is."""

    ADDRESS = "address"  # or the name of an account
    TEXT = "text"
    JSON = "json"
    SUBJECT = "subject"
    CLIENT = "client"  # address or name of a client
    PLAIN = "plain"  # says nothing of people


_PREFIXES: Final = {4: 24, 6: 48}  # of networks that stand for an IP address
_REDACTED: Final = re.compile(r"(?:hmac|forgotten)-[0-9a-f]{16}")
# Each part is bounded, so that a long text without a mailbox takes no more than its length times that.
_MAILBOX: Final = re.compile(
    r"""(?:"(?:[^"\\]|\\.){1,254}"|[^\s<>()\[\],;:"@]{1,254})@(?:[\w.-]{0,252}\w|\[[^\s\[\]@]{1,254}\])"""
)
_MORE: Final = "…"


@dataclass(frozen=True, slots=True)
class Redaction:
    """What happens to addresses, subjects and clients; *key* makes pseudonyms."""

    addresses: Way = Way.KEEP
    subjects: Way = Way.KEEP
    clients: Way = Way.KEEP
    key: bytes = field(default=b"", repr=False)

    @property
    def changes_nothing(self) -> bool:
        """Whether all is kept."""
        return self.addresses is self.subjects is self.clients is Way.KEEP

    def left(self, kind: Kind, value: str) -> str:
        """What is left of *value*; of JSON see `left_of`."""
        match kind:
            case Kind.ADDRESS:
                return self._address(value)
            case Kind.TEXT | Kind.JSON:
                return (
                    value if self.addresses is Way.KEEP else _MAILBOX.sub(lambda found: self._address(found[0]), value)
                )
            case Kind.SUBJECT:
                return self._word(value, self.subjects)
            case Kind.CLIENT:
                return self._client(value)
            case Kind.PLAIN:
                return value
            case _:
                assert_never(kind)

    def left_of(self, value: Any, kinds: Mapping[str, Kind], depth: int = 0) -> Any:
        """
        What is left of *value*, as JSON is read; *kinds* are those of members, and all other text is text.

        Deeper than MOST_DEPTH nothing is kept.
        """
        if isinstance(value, str):
            return self.left(Kind.TEXT, value)
        if depth > MOST_DEPTH:
            return None
        if isinstance(value, Mapping):
            return {
                name: self.left(kinds[name], each)
                if name in kinds and isinstance(each, str)
                else self.left_of(each, kinds, depth + 1)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.left_of(each, kinds, depth + 1) for each in value]
        return value

    def _address(self, text: str) -> str:
        local_part, at, domain = text.rpartition("@")
        name = local_part if at else domain
        if not name or _REDACTED.fullmatch(name):  # the null path, or all of a domain
            return text
        match self.addresses:
            case Way.KEEP:
                return text
            case Way.MASK if name[1:] == _MORE or name == _MORE:  # it is masked
                return text
            case Way.MASK:
                return f"{name[0]}{_MORE}{at}{domain if at else ''}"
            case Way.HMAC:
                return f"hmac-{keyed_name(text, self.key)}{at}{domain if at else ''}"
            case Way.DROP:
                return ""
            case _:
                assert_never(self.addresses)

    def _word(self, text: str, way: Way) -> str:
        if not text or _REDACTED.fullmatch(text):
            return text
        match way:
            case Way.KEEP:
                return text
            case Way.MASK:
                return f"{text[0]}{_MORE}"
            case Way.HMAC:
                return f"hmac-{keyed_name(text, self.key)}"
            case Way.DROP:
                return ""
            case _:
                assert_never(way)

    def _client(self, text: str) -> str:
        if self.clients is Way.MASK:
            try:
                address = ipaddress.ip_address(text)
            except ValueError:
                return text if "/" in text else self._word(text, self.clients)
            return str(ipaddress.ip_network((address, _PREFIXES[address.version]), strict=False))
        return self._word(text, self.clients)
