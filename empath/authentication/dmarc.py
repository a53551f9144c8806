"""
dmarc - whether the author of a message is proven, and what its domain asks for otherwise, RFC 9989

THEORY
    A domain that SPF or DKIM has proven counts if it belongs to the author's: it is the same, or in relaxed mode both
    have the same organizational domain.  That is found by a walk up the tree of names, at most 8 questions, so no list
    of public suffixes is needed.

RULES
    A failure of the DNS is temperror, never fail.
"""

from collections.abc import Generator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from empath.authentication.dmarc_record import STRICTNESS, DmarcPolicy, DmarcRecord, find_record, record_name
from empath.mail.lookup import Absent, Failed, Kind, LookupAnswer, Question, Texts

MAX_AUTHORS: Final = 3  # domains in From; more have no one reading
_LABELS_AFTER_FIRST: Final = 7  # RFC 9989 §4.10
_EXISTENCE: Final = (Kind.A, Kind.AAAA, Kind.MX)  # RFC 9989 §3.2.13


class DmarcResult(StrEnum):
    """RFC 9989 §9.2 and RFC 8601 §2.7.4."""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DmarcVerdict(NamedTuple):
    """
    What was found.

    Shape: author is the domain in From, empty where it has no one reading; record_of the domain whose record counts,
    empty without one; policy is what that record asks for this message, with `t` and `pct` taken into account; aligned
    is the method that proved the author, `spf` or `dkim`, else empty; reason is in printable ASCII. record is the one
    that counts, None without one; proven are the methods that proved the author, all of them only where a report tells
    of it.
    """

    result: DmarcResult
    author: str
    record_of: str = ""
    policy: DmarcPolicy = DmarcPolicy.NONE
    aligned: str = ""
    reason: str = ""
    record: DmarcRecord | None = None
    proven: tuple[str, ...] = ()


Steps = Generator[Question, LookupAnswer, DmarcVerdict]


class DnsFailed(Exception):
    """A question was not answered; the text is a clause."""


def evaluate(
    authors: Sequence[str] | None,
    spf_domain: str | None,
    dkim_domains: Sequence[str],
    *,
    sample: int = 0,
    is_reported: bool = False,
) -> Steps:
    """
    Judge a message by the domains of its *authors*, None without one reading.

    *spf_domain* is the domain that SPF has passed, *dkim_domains* are those of signatures that hold. *sample* 0..99
    decides whether the message is among those that `pct` names. *is_reported*: where the domain wants reports, both
    methods are judged, though one is enough. Of several authors all must be proven, and of those that are not the
    strictest policy counts. An error about one of them does not hide that another is false.
    """
    if not authors or len(authors) > MAX_AUTHORS:
        reason = f"From names more than {MAX_AUTHORS} domains" if authors else "there is no From field with one reading"
        return DmarcVerdict(DmarcResult.PERMERROR, "", reason=reason)
    walks = _Walks(is_reported=is_reported)
    verdicts = []
    for author in authors:
        verdicts.append((yield from _of_author(walks, author, spf_domain, dkim_domains, sample)))
    return gravest(verdicts)


def gravest(verdicts: Sequence[DmarcVerdict]) -> DmarcVerdict:
    """The verdict about a message by those about each of its authors."""
    if len(verdicts) == 1:
        return verdicts[0]
    worst = min(verdicts, key=lambda each: _GRAVEST.index(each.result))
    policies = (each.policy for each in verdicts if each.result is worst.result)
    return worst._replace(policy=max(policies, key=STRICTNESS.index))


_GRAVEST: Final = (
    DmarcResult.PERMERROR, DmarcResult.FAIL, DmarcResult.TEMPERROR, DmarcResult.NONE, DmarcResult.PASS,
)  # fmt: skip


def organizational_domain(domain: str) -> Generator[Question, LookupAnswer, str]:
    """
    The organizational domain of *domain*, RFC 9989 §4.10.2.

    Raises:
        DnsFailed: it is not known.
    """
    return (yield from _Walks().organization(domain))


def _of_author(walks: "_Walks", author: str, spf_domain: str | None, dkim_domains: Sequence[str], sample: int) -> Steps:
    try:
        found = yield from walks.find_record(author)
        if found is None:
            return DmarcVerdict(DmarcResult.NONE, author, reason=f"no valid DMARC record at {author} or above it")
        record_of, record = found
        policy = yield from _policy(author, record_of, record)
    except DnsFailed as exc:
        return DmarcVerdict(DmarcResult.TEMPERROR, author, reason=str(exc))
    if record.is_testing or sample >= record.percent:
        policy = policy.lowered
    proven = [(domain, "dkim", record.is_dkim_strict) for domain in dkim_domains]
    if spf_domain is not None:
        proven.insert(0, (spf_domain, "spf", record.is_spf_strict))
    failure = ""
    found_methods: dict[str, None] = {}
    for domain, method, is_strict in sorted(proven, key=lambda each: each[0].lower() != author):
        try:
            if method not in found_methods and (
                yield from _is_aligned(walks, author, domain.lower(), is_strict=is_strict)
            ):
                found_methods[method] = None
        except DnsFailed as exc:
            failure = str(exc)
        if found_methods and not (walks.is_reported and record.rua):
            break
    if found_methods:
        methods = (*found_methods,)
        return DmarcVerdict(DmarcResult.PASS, author, record_of, policy, methods[0], record=record, proven=methods)
    if failure:
        return DmarcVerdict(DmarcResult.TEMPERROR, author, record_of, reason=failure, record=record)
    named = ", ".join(f"{method}={domain}" for domain, method, _ in proven)
    reason = f"not aligned: {named}" if named else "neither SPF nor DKIM has passed"
    return DmarcVerdict(DmarcResult.FAIL, author, record_of, policy, reason=reason, record=record)


def _policy(author: str, record_of: str, record: DmarcRecord) -> Generator[Question, LookupAnswer, DmarcPolicy]:
    if record_of == author:
        return record.policy
    if record.nonexistent is record.subdomains:
        return record.subdomains
    for kind in _EXISTENCE:
        answer = yield Question(author, kind)
        if isinstance(answer, Failed):
            raise DnsFailed(f"{kind} of {author}: {answer.why}")
        if not isinstance(answer, Absent):
            return record.subdomains
        if answer.why == "NXDOMAIN":
            break
    return record.nonexistent


def _is_aligned(
    walks: "_Walks", author: str, domain: str, *, is_strict: bool
) -> Generator[Question, LookupAnswer, bool]:
    if domain == author:
        return True
    if is_strict:
        return False
    own = yield from walks.organization(author)
    # No other domain can have this organization. Else a stranger could answer so that the walk of its own fails.
    if domain != own and not domain.endswith(f".{own}"):
        return False
    return own == (yield from walks.organization(domain))


class _Walks:
    """The walks of one message; each name is asked about once."""

    def __init__(self, *, is_reported: bool = False) -> None:
        self.is_reported = is_reported
        self._records: dict[str, DmarcRecord | None] = {}

    def find_record(self, author: str) -> Generator[Question, LookupAnswer, tuple[str, DmarcRecord] | None]:
        """
        The record that counts for *author*, and its domain, RFC 9989 §4.10.1: its own, that of its organizational
        domain, or that of the suffix above it.
        """
        record = yield from self._ask(author)
        if record is not None:
            return author, record
        steps = yield from self._walk(author)
        organization = _organization(author, steps)
        for name, found in steps:
            if name == organization or (found.psd == "y" and organization.endswith(f".{name}")):
                return name, found
        return None

    def organization(self, domain: str) -> Generator[Question, LookupAnswer, str]:
        """The organizational domain, RFC 9989 §4.10.2."""
        return _organization(domain, (yield from self._walk(domain)))

    def _walk(self, domain: str) -> Generator[Question, LookupAnswer, list[tuple[str, DmarcRecord]]]:
        """The records from *domain* up to one that ends the walk."""
        found = []
        for name in _names(domain):
            record = yield from self._ask(name)
            if record is not None:
                found.append((name, record))
                if record.psd in ("y", "n"):
                    break
        return found

    def _ask(self, domain: str) -> Generator[Question, LookupAnswer, DmarcRecord | None]:
        if domain not in self._records:
            answer = yield Question(record_name(domain), Kind.TXT)
            if isinstance(answer, Failed):
                raise DnsFailed(f"TXT of {record_name(domain)}: {answer.why}")
            self._records[domain] = find_record(answer.records) if isinstance(answer, Texts) else None
        return self._records[domain]


def _names(domain: str) -> list[str]:
    """The names of a walk: the domain, then at most seven with at most seven labels."""
    labels = domain.split(".")
    start = max(1, len(labels) - _LABELS_AFTER_FIRST)
    return [domain, *(".".join(labels[at:]) for at in range(start, len(labels)))]


def _organization(domain: str, steps: Sequence[tuple[str, DmarcRecord]]) -> str:
    for name, record in steps:
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            labels = domain.removesuffix(f".{name}")
            return f"{labels.rpartition('.')[2]}.{name}"
    return steps[-1][0] if steps else domain
