"""
capabilities - what a peer offers in its answer to EHLO, RFC 5321 §4.1.1.1

Only what the peer said in this session counts; nothing is kept from an earlier session.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from empath.mail.reply import Reply

_BREAK = re.compile(r"[\s=]+")  # Postfix splits at tabs and "=" too, and peers are tested with it
_SIZE = re.compile(r"[0-9]{1,20}", re.ASCII)  # RFC 1870 §4


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    The extensions of one peer.

    Shape: keywords maps each EHLO keyword in upper case to its parameters as they came; size_limit is in octets and
    None where the peer names no limit; mechanisms are those of AUTH, in upper case; is_known is False if another
    session may show more. `NO_CAPABILITIES` is for a peer that knows no EHLO, `UNKNOWN_CAPABILITIES` for one that
    refused it for now.
    """

    keywords: Mapping[str, str] = field(default_factory=dict, hash=False)
    has_pipelining: bool = False
    has_8bitmime: bool = False
    has_smtputf8: bool = False
    has_dsn: bool = False
    has_size: bool = False
    has_starttls: bool = False
    has_requiretls: bool = False
    has_chunking: bool = False
    mechanisms: tuple[str, ...] = ()
    size_limit: int | None = None
    is_known: bool = True

    @property
    def takes_8bit(self) -> bool:
        """Whether content may have 8-bit octets. RFC 6531 §3.1: a host with SMTPUTF8 must take them, too."""
        return self.has_8bitmime or self.has_smtputf8

    @classmethod
    def parse(cls, reply: Reply) -> "Capabilities":
        """
        Read the answer to EHLO. The last of two equal keywords counts, and all of AUTH: some hosts write a second line
        `AUTH=LOGIN` for old clients. A line without a keyword is ignored.
        """
        return _parsed(reply.text)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Capabilities:
    keywords: dict[str, str] = {}
    mechanisms: list[str] = []
    for line in text.split("\n")[1:]:  # the first names the peer
        keyword, *parameters = _BREAK.split(line.strip(), maxsplit=1)
        keywords[keyword.upper()] = "".join(parameters)
        if keyword.upper() == "AUTH":
            mechanisms += "".join(parameters).upper().split()
    size = keywords.get("SIZE", "")
    return Capabilities(
        keywords=MappingProxyType(keywords),
        has_pipelining="PIPELINING" in keywords,
        has_8bitmime="8BITMIME" in keywords,
        has_smtputf8="SMTPUTF8" in keywords,
        has_dsn="DSN" in keywords,
        has_size="SIZE" in keywords,
        has_starttls="STARTTLS" in keywords,
        has_requiretls="REQUIRETLS" in keywords,
        has_chunking="CHUNKING" in keywords,
        mechanisms=tuple(dict.fromkeys(mechanisms)),
        # RFC 1870 §4: 0, or no number, means that there is no fixed limit.
        size_limit=(int(size) or None) if _SIZE.fullmatch(size) else None,
    )


NO_CAPABILITIES: Final = Capabilities()
UNKNOWN_CAPABILITIES: Final = Capabilities(is_known=False)
