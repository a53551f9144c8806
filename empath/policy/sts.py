"""
sts - MTA-STS policies: what a domain demands of TLS with its hosts, RFC 8461

THEORY
    A TXT record names the version of a policy, and the policy itself is a small file that its domain serves over HTTPS.
    A policy that was read once holds until its max_age is over, whatever fails meanwhile: an attacker who can suppress
    the record or the file must not be able to turn TLS off.  A record with another id asks for a new look at the file.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from empath.errors import SyntaxViolation
from empath.policy.hosts.addresses import is_host_name
from empath.policy.tls_demand import NO_STS, StsFinding, StsMode

MOST_OCTETS: Final = 64 * 1024  # of the file, RFC 8461 §3.3
MOST_PATTERNS: Final = 200
POLICY_PATH: Final = "/.well-known/mta-sts.txt"
LONGEST_AGE_S: Final = 31_557_600  # RFC 8461 §3.2
RECHECK_S: Final = 600.0  # after which the record is looked up again
RETRY_S: Final = 300.0  # after which a fetch that failed is tried again, RFC 8461 §3.3
RENEW_S: Final = 86_400.0  # age at which a policy is fetched again though its id is the same

_VERSION: Final = "STSv1"
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_FIELD: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*?)[ \t]*")
_AGE: Final = re.compile(r"[0-9]{1,10}")


def record_name(domain: str) -> str:
    """The name of the TXT record of *domain*."""
    return f"_mta-sts.{domain}"


def policy_host(domain: str) -> str:
    """The host that serves the policy of *domain*."""
    return f"mta-sts.{domain}"


def policy_url(domain: str) -> str:
    """Where *domain* serves its policy."""
    return f"https://{policy_host(domain)}{POLICY_PATH}"


def record_of(policy: "StsPolicy") -> str:
    """The TXT record of a domain that has *policy*."""
    return f"v={_VERSION}; id={policy.own_id};"


def read_record(texts: Iterable[str]) -> str | None:
    """The id in the TXT records of a domain; None where there is not exactly one record of MTA-STS, RFC 8461 §3.1."""
    records = [text for text in texts if text.startswith(f"v={_VERSION};") or text == f"v={_VERSION}"]
    if len(records) != 1:
        return None
    for field in records[0].split(";")[1:]:
        name, _, value = field.strip(" \t").partition("=")
        if name.strip(" \t") == "id":
            found = value.strip(" \t")
            return found if _ID.fullmatch(found) else None
    return None


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """
    The content of a policy.

    Shape: patterns are host names in lower case, or `*.` and one; at least one unless mode is NONE.
    """

    mode: StsMode
    max_age_s: int
    patterns: tuple[str, ...] = ()

    @classmethod
    def parse(cls, octets: bytes) -> "StsPolicy":
        """
        Read the file. Of a field that is there twice the first counts, but for `mx`; unknown fields are skipped, and so
        are empty lines and a byte order mark: an editor must not turn off what the policy demands.

        Raises:
            SyntaxViolation: it is not a policy that this host knows; the text is a clause.
        """
        try:
            text = octets.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            raise SyntaxViolation("it is not UTF-8") from exc
        fields: dict[str, str] = {}
        patterns: dict[str, None] = {}
        for line in filter(None, (each.strip("\r \t") for each in text.split("\n"))):
            match = _FIELD.fullmatch(line)
            if match is None:
                raise SyntaxViolation(f"not a field: {line[:60]!r}")
            name, value = match.groups()
            if name == "mx":
                patterns[parse_pattern(value)] = None
            else:
                fields.setdefault(name, value)
        return cls(*_checked(fields, tuple(patterns)))

    @property
    def octets(self) -> bytes:
        """The file, RFC 8461 §3.2."""
        hosts = (f"mx: {pattern}" for pattern in self.patterns)
        lines = (f"version: {_VERSION}", f"mode: {self.mode}", *hosts, f"max_age: {self.max_age_s}")
        return "".join(f"{line}\r\n" for line in lines).encode()

    @property
    def own_id(self) -> str:
        """An id for the record that is another one whenever the file is."""
        return hashlib.sha256(self.octets).hexdigest()[:32]

    def names(self, host: str) -> bool:
        """Whether the policy lists *host*, RFC 8461 §4.1: `*` stands for exactly one label."""
        name = host.lower().removesuffix(".")
        _, _, parent = name.partition(".")
        return name in self.patterns or (bool(parent) and f"*.{parent}" in self.patterns)


def _checked(fields: dict[str, str], patterns: tuple[str, ...]) -> tuple[StsMode, int, tuple[str, ...]]:
    if fields.get("version") != _VERSION:
        raise SyntaxViolation(f"its version is not {_VERSION}")
    try:
        mode = StsMode(fields.get("mode", ""))
    except ValueError as exc:
        raise SyntaxViolation("its mode is not enforce, testing or none") from exc
    age = fields.get("max_age", "")
    if not _AGE.fullmatch(age):
        raise SyntaxViolation("its max_age is not a number")
    if mode is not StsMode.NONE and not patterns:
        raise SyntaxViolation("it names no mx")
    if len(patterns) > MOST_PATTERNS:
        raise SyntaxViolation(f"it names more than {MOST_PATTERNS} mx")
    return mode, min(int(age), LONGEST_AGE_S), patterns


def parse_pattern(text: str) -> str:
    """
    A host that a policy names.

    Raises:
        SyntaxViolation: it is none; the text is a clause.
    """
    pattern = text.lower().removesuffix(".")
    if not is_host_name(pattern.removeprefix("*.")):
        raise SyntaxViolation(f'not a host name, nor "*." and a domain: {text[:60]!r}')
    return pattern


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """
    A policy that was read before.

    Shape: domain as in Question; instants in Unix seconds. checked_at: the last time when the record or the file was
    asked for, whatever came of it; failure is what failed then, empty if nothing did.
    """

    domain: str
    policy_id: str
    policy: StsPolicy
    fetched_at: float
    expires_at: float
    checked_at: float
    failure: str = ""

    def is_in_force(self, now: float) -> bool:
        """Whether it still holds."""
        return now < self.expires_at

    def needs_check(self, now: float) -> bool:
        """Whether the record should be looked up again; a clock that stepped back lets it be, too."""
        return not 0 <= now - self.checked_at < (RETRY_S if self.failure else RECHECK_S)

    def finding(self, host: str) -> StsFinding:
        """What it says of *host*."""
        if self.policy.mode is StsMode.NONE:
            return NO_STS
        words = f"the MTA-STS policy {self.policy_id} of {self.domain}"
        return StsFinding(self.policy.mode, self.policy.names(host), words)


class Step(Enum):
    """What follows from a look at the record."""

    NOTHING = auto()  # there is no policy
    KEEP = auto()  # that of before holds
    FETCH = auto()


def next_step(kept: KeptPolicy | None, texts: Sequence[str] | None, now: float) -> Step:
    """
    What to do. *kept* is in force if there is one; *texts* are the TXT records, none if there are none, None if the
    look-up failed.
    """
    policy_id = read_record(texts) if texts is not None else None
    if policy_id is None:
        return Step.NOTHING if kept is None else Step.KEEP
    if kept is None or kept.policy_id != policy_id:
        return Step.FETCH
    age_s = now - kept.fetched_at
    return Step.FETCH if not 0 <= age_s < min(RENEW_S, kept.policy.max_age_s / 2) else Step.KEEP
