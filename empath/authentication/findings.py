"""
findings - what is found out about a message, in the order in which it is found out

THEORY
    SPF is asked about when MAIL comes, for the sender and for the name in HELO.  Signatures and chains come when the
    content is there, and DMARC last, because it needs both.  Each step is a generator of questions, and a driver gives
    each its own share of questions and time: what a stranger's name servers waste in one step, the next does not lack.
"""

from collections.abc import Generator, Mapping
from typing import Final, NamedTuple

import orjson

from empath.authentication.arc import Chain, collect, verify_arc
from empath.authentication.author import author_domains
from empath.authentication.authres import MethodResult
from empath.authentication.canonical import BodyForm, Digests, SignedFields
from empath.authentication.dmarc import MAX_AUTHORS, DmarcResult, DmarcVerdict, evaluate
from empath.authentication.signature import Signature
from empath.authentication.spf import Client, Identity, SpfResult, SpfVerdict, check_host
from empath.authentication.verify import DkimResult, Result, fault_before_key, signatures_of, verify_dkim, wanted_forms
from empath.mail.address import ReversePath
from empath.mail.lookup import LookupAnswer, Question

_FROM: Final = b"from"


class Wanted(NamedTuple):
    """What is to be found out."""

    spf: bool = True
    dkim: bool = True
    arc: bool = True
    dmarc: bool = True

    @property
    def body(self) -> bool:
        """Whether the body must be hashed."""
        return self.dkim or self.arc


class SentFrom(NamedTuple):
    """
    What SPF says. Shape: sender is the text form of the reverse-path, empty for the null one; helo is the name that the
    client gave; of_helo is None where that is no name of the DNS, of_sender is that of the name for the null path.
    """

    client: str
    sender: str
    helo: str
    of_helo: SpfVerdict | None = None
    of_sender: SpfVerdict | None = None


class Findings(NamedTuple):
    """
    What is known.

    Shape: authors are the domains in From, None where it has no one reading; dkim has a result for each signature,
    None where none was asked for; arc and dmarc likewise; first_results is the field of the first set of the chain,
    where the chain holds and its newest signature covers From.
    """

    sent_from: SentFrom
    authors: tuple[str, ...] | None = None
    dkim: tuple[DkimResult, ...] | None = None
    arc: Chain | None = None
    dmarc: DmarcVerdict | None = None
    first_results: bytes = b""

    @property
    def signed_by(self) -> list[str]:
        """The domains of the signatures that hold, each once."""
        return _domains_with(self, Result.PASS)


def check_sender(
    client: Client, path: ReversePath, helo: str, *, receiver: str, now: int
) -> Generator[Question, LookupAnswer, SentFrom]:
    """
    Ask SPF about the sender and about the name in HELO, RFC 7208 §2.3 and §2.4.

    The sender comes first, because a stranger's name servers must not use up the time of those of the sender.
    """
    of_sender = None
    if path.address is not None:
        identity = Identity(path.address.local_part, str(path.address.domain), helo)
        of_sender = yield from check_host(client, identity, receiver=receiver, now=now)
    of_helo = yield from check_host(client, Identity("postmaster", helo, helo), receiver=receiver, now=now)
    return SentFrom(str(client), str(path), helo, of_helo, of_sender or of_helo)


def body_forms(fields: SignedFields, wanted: Wanted) -> list[BodyForm]:
    """The forms in which the body of a message with the header *fields* must be hashed."""
    found = [each for _, each in signatures_of(fields) if isinstance(each, Signature)] if wanted.dkim else []
    sets = collect(fields).sets if wanted.arc else []
    return wanted_forms([*found, *(each.message_signature for each in sets[-1:])])


def key_questions(fields: SignedFields, digests: Digests, *, now: float) -> list[Question]:
    """The questions for the keys of all signatures that may hold: a driver that asks them at once waits once."""
    signatures = [each for _, each in signatures_of(fields) if isinstance(each, Signature)]
    return [*dict.fromkeys(each.question for each in signatures if fault_before_key(each, digests, now) is None)]


def check_content(
    wanted: Wanted, sent_from: SentFrom, fields: SignedFields, digests: Digests, *, now: float
) -> Generator[Question, LookupAnswer, Findings]:
    """
    Check signatures and chains.

    Args:
        fields: the header of the message.
        digests: of the forms of its body that `body_forms` has named.
    """
    header = fields.fields
    authors = author_domains([header.octets[place] for place in fields.places(_FROM)])
    dkim: tuple[DkimResult, ...] | None = None
    if wanted.dkim:
        dkim = tuple((yield from verify_dkim(fields, digests, now)))
    arc, first_results = None, b""
    if wanted.arc:
        collected = collect(fields)
        arc = yield from verify_arc(fields, collected, digests, now)
        if arc.result is Result.PASS and _FROM in collected.sets[-1].message_signature.names:
            first_results = header.octets[collected.sets[0].results]
    return Findings(sent_from, authors, dkim, arc, None, first_results)


def by_author(known: Findings) -> list[Findings]:
    """
    *known* for each domain in From. A driver judges each with its own share of questions and time, so that what one of
    them wastes the others do not lack.
    """
    authors = known.authors or ()
    if not 1 < len(authors) <= MAX_AUTHORS:
        return [known]
    return [known._replace(authors=(author,)) for author in authors]


def judge_author(
    known: Findings, *, sample: int, is_reported: bool = False
) -> Generator[Question, LookupAnswer, Findings]:
    """
    Ask DMARC about the author; *sample* and *is_reported* as for `dmarc.evaluate`.

    What had no answer counts as an error only where it could have proven the author.  Else anybody could send in the
    name of others with a signature, or a sender, whose name servers do not answer.
    """
    spf = known.sent_from.of_sender
    spf_domain = None if spf is None or spf.result is not SpfResult.PASS else spf.domain
    dmarc = yield from evaluate(known.authors, spf_domain, known.signed_by, sample=sample, is_reported=is_reported)
    if dmarc.result is DmarcResult.FAIL:
        spf_domain = None if spf is None or spf.result is not SpfResult.TEMPERROR else spf.domain
        dkim_domains = _domains_with(known, Result.TEMPERROR)
        if spf_domain is not None or dkim_domains:
            perhaps = yield from evaluate(known.authors, spf_domain, dkim_domains, sample=sample)
            if perhaps.result is not DmarcResult.FAIL:
                words = "SPF or DKIM may have passed: the DNS did not answer"
                dmarc = dmarc._replace(result=DmarcResult.TEMPERROR, reason=words)
    return Findings(known.sent_from, known.authors, known.dkim, known.arc, dmarc, known.first_results)


def examine(
    wanted: Wanted, sent_from: SentFrom, fields: SignedFields, digests: Digests, *, now: float, sample: int
) -> Generator[Question, LookupAnswer, Findings]:
    """Both of these steps in one, for a driver that has time."""
    known = yield from check_content(wanted, sent_from, fields, digests, now=now)
    return (yield from judge_author(known, sample=sample)) if wanted.dmarc else known


def _domains_with(findings: Findings, result: Result) -> list[str]:
    """The domains of the signatures with this *result*, each once."""
    found = [each.domain for each in findings.dkim or () if each.result is result and each.domain is not None]
    return [*dict.fromkeys(found)]


def results_of(findings: Findings, action: str) -> list[MethodResult]:
    """What Authentication-Results says; *action* is what is done with the message."""
    sent_from = findings.sent_from
    found = []
    if sent_from.of_helo is not None:
        found.append(_of_spf(sent_from.of_helo, ("smtp.helo", sent_from.helo)))
    if sent_from.of_sender is not None and sent_from.sender:
        found.append(_of_spf(sent_from.of_sender, ("smtp.mailfrom", sent_from.sender)))
    if findings.dkim is not None:
        found += [_of_signature(each) for each in findings.dkim] or [MethodResult("dkim", "none")]
    if findings.arc is not None:
        about = [("smtp.remote-ip", sent_from.client)]
        found.append(MethodResult("arc", findings.arc.result, findings.arc.why, "", about))
    if findings.dmarc is not None:
        dmarc = findings.dmarc
        author = [("header.from", dmarc.author)] if dmarc.author else []
        found.append(MethodResult("dmarc", dmarc.result, f"p={dmarc.policy} dis={action}", "", author))
    return found


def _of_spf(verdict: SpfVerdict, about: tuple[str, str]) -> MethodResult:
    return MethodResult("spf", verdict.result, verdict.reason, "", [about])


def _of_signature(found: DkimResult) -> MethodResult:
    signature = found.signature
    about = []
    if signature is not None:
        about = [("header.d", signature.domain), ("header.s", signature.selector), ("header.b", signature.mark)]
    return MethodResult("dkim", found.result, "", found.why, about)


def columns_of(findings: Findings, words: Mapping[str, str], action: str, reason: str) -> str:
    """
    The JSON object of the columns of the view `authentication`; those without a value are left out. *words* are those
    of `result_words`.
    """
    sent_from, arc, dmarc = findings.sent_from, findings.arc, findings.dmarc
    columns = {
        **words,
        "author": " ".join(findings.authors or ()),
        "spf_domain": "" if sent_from.of_sender is None else sent_from.of_sender.domain,
        "helo": "" if sent_from.of_helo is None else sent_from.of_helo.result,
        "dkim_domains": " ".join(findings.signed_by),
        "sealers": "" if arc is None else " ".join(arc.sealers),
        "policy": "" if dmarc is None or not dmarc.record_of else dmarc.policy,
        "record_of": "" if dmarc is None else dmarc.record_of,
        "disposition": action,
        "reason": reason,
    }
    return orjson.dumps({name: value for name, value in columns.items() if value}).decode()


def result_words(findings: Findings) -> dict[str, str]:
    """One result for each method that was asked: of several signatures pass if one holds, else that of the first."""
    found: dict[str, str] = {}
    if findings.sent_from.of_sender is not None:
        found["spf"] = findings.sent_from.of_sender.result
    if findings.dkim is not None:
        results = [each.result for each in findings.dkim]
        found["dkim"] = Result.PASS if Result.PASS in results else results[0] if results else Result.NONE
    if findings.arc is not None:
        found["arc"] = findings.arc.result
    if findings.dmarc is not None:
        found["dmarc"] = findings.dmarc.result
    return {method: str(result) for method, result in found.items()}
