"""
verify - which domains take responsibility for a message by a signature over it, RFC 6376 §6

THEORY
    `wanted_forms` says of a header which forms of the body must be hashed while it arrives.  `verify_dkim` is a
    generator: it yields a Question, is sent its answer, and returns a result for each signature.

RULES
    A signature whose body hash is wrong costs no look-up.  A look-up that failed is a temporary error, never a failed
    signature: else an outage of the DNS would have mail refused.
    A signature over the beginning of a body (l=) says nothing of one that goes on after it, RFC 6376 §8.2: the rest
    may be anybody's.
    What one message may cost is bounded: so many signatures, and so many forms of its body.
"""

from collections.abc import Generator
from enum import StrEnum
from functools import lru_cache
from hmac import compare_digest
from typing import Final, NamedTuple

from empath.authentication.canonical import BodyForm, Canon, Digests, SignedFields, without_signature
from empath.authentication.canonical import relaxed as relaxed_form
from empath.authentication.key_record import PublicKey, WeakKey, parse_key
from empath.authentication.signature import Signature, parse_signature, time_fault
from empath.errors import SyntaxViolation
from empath.mail.lookup import Failed, LookupAnswer, Question, Texts

SIGNATURE_FIELD: Final = b"dkim-signature"
MAX_SIGNATURES: Final = 8
MAX_CUT_FORMS: Final = 2  # different lengths of the body that one message may have hashed
_MAX_RECORDS: Final = 3  # of the records under one name; there should be one
_CRLF: Final = b"\r\n"


class Result(StrEnum):
    """What is found out about a message by one way of authentication, in the words of Authentication-Results."""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    POLICY = "policy"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DkimResult(NamedTuple):
    """
    What became of one signature.

    Shape: why is empty for a pass; signature is None where the field cannot be read; key_bits is 0 where no key was
    read; is_testing says that the signer tries things out.
    """

    result: Result
    why: str = ""
    signature: Signature | None = None
    key_bits: int = 0
    is_testing: bool = False

    @property
    def domain(self) -> str | None:
        """The domain that signed, None where the field cannot be read."""
        return None if self.signature is None else self.signature.domain


Lookups = Generator[Question, LookupAnswer, "list[DkimResult]"]


def signatures_of(fields: SignedFields) -> list[tuple[int, Signature | str]]:
    """The first signatures of a header, each with its place and, if it cannot be read, what is wrong instead."""
    octets = fields.fields.octets
    return [(place, _read(octets[place])) for place in fields.places(SIGNATURE_FIELD)[:MAX_SIGNATURES]]


def wanted_forms(signatures: list[Signature]) -> list[BodyForm]:
    """The forms of the body that these *signatures* have hashed, as far as this host hashes them."""
    forms = dict.fromkeys(each.body_form for each in signatures)
    cut = [form for form in forms if form.limit is not None]
    return [form for form in forms if form not in cut[MAX_CUT_FORMS:]]


def verify_dkim(fields: SignedFields, digests: Digests, now: float) -> Lookups:
    """
    Check the signatures of a message.

    Args:
        fields: its header.
        digests: of the forms of its body; a signature of another form is not checked.
        now: the instant.
    """
    results: list[DkimResult] = []
    answers: dict[Question, LookupAnswer] = {}
    for place, signature in signatures_of(fields):
        if isinstance(signature, str):
            results.append(DkimResult(Result.PERMERROR, signature))
            continue
        found = fault_before_key(signature, digests, now)
        if found is None:
            question = signature.question
            if question not in answers:
                answers[question] = yield question
            found = judge(signature, signed_octets(fields, place, signature), answers[question])
        results.append(found)
    return results


def fault_before_key(signature: Signature, digests: Digests, now: float) -> DkimResult | None:
    """What is wrong with *signature* whatever its key is; None if nothing."""
    late = time_fault(signature, now)
    if late is not None:
        return DkimResult(Result.PERMERROR, late, signature)
    form = signature.body_form
    digest = digests.get(form)
    if digest is None:
        return DkimResult(Result.POLICY, "this form of the body is not checked", signature)
    if form.limit is not None and digest.octets < form.limit:
        return DkimResult(Result.PERMERROR, "l= is longer than the body", signature)
    if not compare_digest(digest.sha256, signature.body):
        return DkimResult(Result.FAIL, "the body has changed", signature)
    if digest.is_cut:
        return DkimResult(Result.POLICY, "l= leaves a part of the body unsigned", signature)
    return None


def signed_octets(fields: SignedFields, place: int, signature: Signature) -> bytes:
    """The octets that *signature*, the field at *place*, was made of."""
    own = without_signature(fields.fields.octets[place])
    if signature.header_canon is Canon.RELAXED:
        own = relaxed_form(own).removesuffix(_CRLF)
    return fields.chosen(signature.names, signature.header_canon) + own


def judge(signature: Signature, data: bytes, answer: LookupAnswer) -> DkimResult:
    """The result for *signature* of *data*, with the *answer* to the question for its key."""
    if isinstance(answer, Failed):
        return DkimResult(Result.TEMPERROR, "there is no answer for the key", signature)
    if not isinstance(answer, Texts):
        return DkimResult(Result.PERMERROR, "there is no key", signature)
    try:
        key = _first_key(answer.records, signature)
    except WeakKey as exc:
        return DkimResult(Result.POLICY, str(exc), signature)
    except SyntaxViolation as exc:
        return DkimResult(Result.PERMERROR, str(exc), signature)
    if key.is_strict and signature.identity_domain != signature.domain:
        return DkimResult(Result.PERMERROR, "i= is outside of the domain of the key", signature)
    is_good = key.has_signed(data, signature.value)
    result, why = (Result.PASS, "") if is_good else (Result.FAIL, "the header has changed")
    return DkimResult(result, why, signature, key.bits, key.is_testing)


def _first_key(records: tuple[str, ...], signature: Signature) -> PublicKey:
    """The first record that is a key. Several records under one name are a fault, of which others have no harm."""
    first: SyntaxViolation | None = None
    for record in records[:_MAX_RECORDS]:
        try:
            return parse_key(record, signature.algorithm)
        except SyntaxViolation as exc:
            first = first or exc
    raise first or SyntaxViolation("there is no key")


@lru_cache(maxsize=64)  # it is read when the header has come, and again when the body is there
def _read(octets: bytes) -> Signature | str:
    try:
        return parse_signature(octets)
    except SyntaxViolation as exc:
        return str(exc)
