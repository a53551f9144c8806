"""dmarc_record - the text of a DMARC record, RFC 9989 §4.7"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

MAX_RECORD_OCTETS: Final = 8_192
_VERSION: Final = "DMARC1"


class DmarcPolicy(StrEnum):
    """What a domain asks for where its mail fails, from mild to strict."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def lowered(self) -> "DmarcPolicy":
        """One step milder, RFC 9989 §4.7 (`t=y`)."""
        return DmarcPolicy.QUARANTINE if self is DmarcPolicy.REJECT else DmarcPolicy.NONE


STRICTNESS: Final = tuple(DmarcPolicy)


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """
    A record that counts.

    Shape: subdomains is `sp`, nonexistent `np`, each with what stands in for it; psd is `y`, `n` or `u`; percent 0..100
    is `pct` of RFC 7489, which many records still have; rua says where reports go, see report_uris; text is all of it.
    """

    policy: DmarcPolicy
    subdomains: DmarcPolicy
    nonexistent: DmarcPolicy
    is_testing: bool = False
    is_spf_strict: bool = False
    is_dkim_strict: bool = False
    psd: str = "u"
    percent: int = 100
    rua: str = field(default="", compare=False)
    text: str = field(default="", compare=False)

    @property
    def published(self) -> dict[str, str]:
        """The elements of a report that say what was published, RFC 9990 §3.1.1.5, in their order."""
        options = record_tags(self.text) or {}
        return {
            "p": str(self.policy),
            "sp": str(self.subdomains),
            "np": str(self.nonexistent),
            "fo": options.get("fo", "0"),
            "adkim": "s" if self.is_dkim_strict else "r",
            "aspf": "s" if self.is_spf_strict else "r",
            "testing": "y" if self.is_testing else "n",
        }


def record_name(domain: str) -> str:
    """The name of the record of *domain*."""
    return f"_dmarc.{domain}"


def find_record(texts: Iterable[str]) -> DmarcRecord | None:
    """The record among TXT records; None where there is not exactly one, or it does not count."""
    found = [tags for text in texts if (tags := _tags(text)) is not None]
    return found[0] if len(found) == 1 and isinstance(found[0], DmarcRecord) else None


def record_tags(text: str) -> dict[str, str] | None:
    """The tags of a record of DMARC but for the first, by their names in lower case; None if the text is none."""
    if len(text) > MAX_RECORD_OCTETS:
        return None
    first, *rest = text.split(";")
    name, _, value = first.partition("=")
    if name.strip(" \t").lower() != "v" or value.strip(" \t") != _VERSION:
        return None
    tags: dict[str, str] = {}
    for pair in rest:
        name, _, value = pair.partition("=")
        tags.setdefault(name.strip(" \t").lower(), value.strip(" \t"))
    return tags


@lru_cache(maxsize=1024)
def _tags(text: str) -> DmarcRecord | str | None:
    """The record; None where the text is no record of DMARC, a text where it is one that does not count."""
    tags = record_tags(text)
    if tags is None:
        return None
    policies = {name: _policy(tags.get(name)) for name in ("p", "sp", "np")}
    if policies["p"] is None or any(policies[name] is None for name in ("sp", "np") if name in tags):
        if not _has_uri(tags.get("rua", "")):
            return "no policy"
        policies = dict.fromkeys(policies, DmarcPolicy.NONE)
    policy = policies["p"] or DmarcPolicy.NONE
    subdomains = policies["sp"] or policy
    return DmarcRecord(
        policy,
        subdomains,
        policies["np"] or subdomains,
        is_testing=tags.get("t", "n").lower() == "y",
        is_spf_strict=tags.get("aspf", "r").lower() == "s",
        is_dkim_strict=tags.get("adkim", "r").lower() == "s",
        psd=tags.get("psd", "u").lower(),
        percent=_percent(tags.get("pct", "")),
        rua=tags.get("rua", ""),
        text=text,
    )


def _policy(text: str | None) -> DmarcPolicy | None:
    try:
        return None if text is None else DmarcPolicy(text.lower())
    except ValueError:
        return None


def _has_uri(text: str) -> bool:
    return any(uri.strip(" \t").lower().startswith("mailto:") for uri in text.split(","))


def _percent(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 100 else 100
