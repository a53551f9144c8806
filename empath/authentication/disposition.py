"""
disposition - what is done with a message by what was found out about it

RULES
    In this order:

    1. Only mail that DMARC finds to be false, or that has no one author, is treated other than by a tag.  An error of
       the DNS never is: an outage would have mail refused.
    2. Mail that a trusted host has changed on its way is tagged: all seals of its chain of ARC are of trusted hosts,
       and the first of them says that DMARC has passed.  That never helps a message without one author: anybody can add
       a second From field to one that was sealed.
    3. What the domain asks for: nothing is done for `none`.  A message without an author counts as one of a domain that
       asks to reject, because anybody may stand in it.
    4. The setting of the listener is the most that is done; `quarantine` is never a refusal.
    5. Rows of authentication_override make it milder: of those that fit the mildest counts.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from empath.authentication.authres import says
from empath.authentication.dmarc import DmarcResult, DmarcVerdict
from empath.authentication.dmarc_record import DmarcPolicy
from empath.authentication.findings import Findings
from empath.authentication.spf import Client, SpfResult
from empath.authentication.verify import Result
from empath.mail.reply import EnhancedStatus, Reply

_MAX_EXPLANATION: Final = 150
_MAX_TEXT: Final = 450  # with the codes a line of at most 512 octets, RFC 5321 §4.5.3.1.5
_POLICY: Final = EnhancedStatus(5, 7, 1)
_FALSE: Final = (DmarcResult.FAIL, DmarcResult.PERMERROR)


class Action(StrEnum):
    """What may be done, from mild to strict."""

    TAG = "tag"
    QUARANTINE_ROUTE = "quarantine-route"
    HOLD = "hold"
    REJECT = "reject"


_STRICTNESS: Final = tuple(Action)


class Disposition(NamedTuple):
    """What is done, and why: in words, for the log and for people."""

    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What holds for a listener.

    Shape: most is the strictest that it does; has_quarantine: there is a route for mail in quarantine; sealers are the
    domains of trusted hosts, in lower case.
    """

    most: Action = Action.TAG
    has_quarantine: bool = False
    sealers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, dmarc: str, sealers: frozenset[str], *, has_quarantine: bool) -> "Rules":
        """The rules of a listener whose setting `dmarc` is *dmarc*."""
        return cls(Action.TAG if dmarc == "none" else Action(dmarc), has_quarantine, sealers)


class Overrides:
    """Rows of the view `authentication_override`. One that cannot be read has no effect."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self._domains: dict[str, Action] = {}
        self._networks: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str, Action]] = []
        for pattern, at_most in rows:
            try:
                self._networks.append((ipaddress.ip_network(pattern, strict=False), pattern, Action(at_most)))
            except ValueError:
                self._domains[pattern] = Action(at_most)

    def find(self, client: Client, authors: Sequence[str]) -> tuple[str, Action] | None:
        """The mildest row for mail of *client* and *authors*; of a domain the most exact pattern counts."""
        found = [(pattern, action) for network, pattern, action in self._networks if client in network]
        found += [row for author in authors if (row := self._of_domain(author)) is not None]
        return min(found, key=lambda each: _STRICTNESS.index(each[1]), default=None)

    def _of_domain(self, domain: str) -> tuple[str, Action] | None:
        names = [domain]
        rest = domain
        while (rest := rest.partition(".")[2]) != "":
            names.append(f"*.{rest}")
        return next(((name, self._domains[name]) for name in names if name in self._domains), None)


def dispose(findings: Findings, rules: Rules, override: tuple[str, Action] | None = None) -> Disposition:
    """What is done with a message; *override* is the row that fits it."""
    dmarc = findings.dmarc
    if dmarc is None or dmarc.result not in _FALSE:
        return Disposition(Action.TAG, "" if dmarc is None else dmarc.reason)
    why = _why(dmarc)
    sealer = _trusted_sealer(findings, rules.sealers)
    if sealer is not None:
        return Disposition(Action.TAG, f"{why}, but {sealer} is trusted to have passed it on")
    asked = DmarcPolicy.REJECT if dmarc.result is DmarcResult.PERMERROR else dmarc.policy
    if asked is DmarcPolicy.NONE or rules.most is Action.TAG:
        return Disposition(Action.TAG, why)
    action: Action = rules.most
    if action is Action.REJECT and asked is DmarcPolicy.QUARANTINE:
        action = Action.QUARANTINE_ROUTE
    if override is not None and _STRICTNESS.index(override[1]) < _STRICTNESS.index(action):
        action, why = override[1], f"{why}, but authentication_override has {override[0]}"
    if action is Action.QUARANTINE_ROUTE and not rules.has_quarantine:
        return Disposition(Action.TAG, f"{why}, and there is no quarantine_route")
    return Disposition(action, why)


def refusal(findings: Findings, disposition: Disposition) -> Reply:
    """The reply to a message that is refused, RFC 7372 and RFC 9989 §8.2."""
    spf, dmarc = findings.sent_from.of_sender, findings.dmarc
    has_failed = spf is not None and spf.result is SpfResult.FAIL
    status = EnhancedStatus(5, 7, (26 if findings.dkim else 23) if has_failed and not findings.signed_by else 1)
    if dmarc is None or not dmarc.author:
        return Reply(550, _POLICY, f"The author of this message is not certain: {disposition.reason}")
    text = f"Neither SPF nor DKIM proves {dmarc.author}, and its DMARC policy asks to refuse such mail"
    if spf is not None and spf.explanation:
        text += f"; {spf.domain} says: {spf.explanation[:_MAX_EXPLANATION]}"
    return Reply(550, status, text[:_MAX_TEXT])


def _why(dmarc: DmarcVerdict) -> str:
    if dmarc.result is DmarcResult.PERMERROR:
        return dmarc.reason
    return f"{dmarc.author} asks for {dmarc.policy}: {dmarc.reason}"


def _trusted_sealer(findings: Findings, trusted: frozenset[str]) -> str | None:
    chain = findings.arc
    if findings.authors is None or chain is None or chain.result is not Result.PASS:
        return None
    if not trusted.issuperset(chain.sealers):
        return None
    return chain.sealers[-1] if says(findings.first_results, "dmarc", "pass") else None
