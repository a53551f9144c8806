"""
dkim - messages with signatures and seals of any form, and key records of any form

The first turn is the header, the last one the body; turns between them are texts of the DNS. The choices say how often
the middle of the header is repeated, which text answers which question, and how the body is cut.

Promises: there is a result for each signature that is looked at, and one for the chain; a bounded number of questions;
the result does not depend on the cuts; a message that is signed here passes; and the time is in proportion to the size.
"""

from collections.abc import Generator
from random import Random
from typing import TypeVar

from empath.authentication.arc import MAX_SETS, Collected, collect, verify_arc
from empath.authentication.arriving import ArrivingMessage
from empath.authentication.canonical import BodyForm, Digests, SignedFields
from empath.authentication.sign import SIGNED_FORM, names_to_sign, sign
from empath.authentication.verify import MAX_SIGNATURES, Result, signatures_of, verify_dkim, wanted_forms
from empath.mail.lookup import Absent, Failed, LookupAnswer, Question, Texts
from tests.authentication.kit import NOW, TEXTS, key
from tests.fuzz.case import Case

_REPEATED_OCTETS = 200_000
_LIMIT = 1_000_000
_Verdict = TypeVar("_Verdict")


def message(case: Case) -> tuple[bytes, bytes]:
    """The header and the body of a case."""
    header, body = case.turns[0], case.turns[-1] if len(case.turns) > 1 else b""
    lines = header.split(b"\r\n")
    if len(lines) > 2 and case.choices % 16 == 0:
        middle = b"".join(line + b"\r\n" for line in lines[1:-1])
        header = lines[0] + b"\r\n" + middle * (_REPEATED_OCTETS // len(middle) + 1) + lines[-1]
    if header and not header.endswith(b"\r\n"):
        header += b"\r\n"
    return header.replace(b"\r\n\r\n", b"\r\n"), body


def check(case: Case) -> list[str]:
    """
    Judge one case; returns what it reached, for the driver to tell new from old.

    Raises:
        AssertionError: a promise is broken.
    """
    header, body = message(case)
    if header.startswith(b"\r\n"):
        header = b""
    whole = header + b"\r\n" + body
    random = Random(case.choices)
    fields, digests = _arrived(whole, len(whole) or 1)
    cut_fields, cut_digests = _arrived(whole, random.choice([1, 2, 7, 100]) if len(whole) < 5_000 else 4_096)
    assert digests == cut_digests, "the cuts matter"
    assert fields.fields.octets == cut_fields.fields.octets
    texts = [*(turn.decode("latin-1") for turn in case.turns[1:-1]), *filter(None, TEXTS.values())]
    asked: list[Question] = []
    results = _driven(verify_dkim(fields, digests, NOW), texts, random, asked)
    assert len(results) == min(MAX_SIGNATURES, fields.count(b"dkim-signature")), "a signature without a result"
    collected = collect(fields)
    chain = _driven(verify_arc(fields, collected, digests, NOW), texts, random, asked)
    assert (chain.result is Result.NONE) == (collected == Collected())
    assert len(asked) <= MAX_SIGNATURES + MAX_SETS + 1, "too many questions"
    _check_signing(fields, whole)
    return [*(f"{each.result} {each.why}" for each in results), f"chain {chain.result} {chain.why}"]


def _arrived(whole: bytes, step: int) -> tuple[SignedFields, Digests]:
    shown: list[SignedFields] = []

    def wanted(fields: SignedFields) -> list[BodyForm]:
        shown.append(fields)
        signatures = [each for _, each in signatures_of(fields) if not isinstance(each, str)]
        signatures += [each.message_signature for each in collect(fields).sets[-1:]]
        return [*wanted_forms(signatures), SIGNED_FORM]

    arriving = ArrivingMessage(_LIMIT, [wanted])
    for start in range(0, len(whole), step):
        arriving.feed(whole[start : start + step], is_headerless=False)
    arriving.finish()
    return shown[0], arriving.digests


def _driven(
    search: Generator[Question, LookupAnswer, _Verdict], texts: list[str], random: Random, asked: list[Question]
) -> _Verdict:
    try:
        question = next(search)
        while True:
            asked.append(question)
            known = TEXTS.get(question.name)
            drawn = (Texts((random.choice(texts),), 1.0), Failed("SERVFAIL"), Absent("NXDOMAIN", 1.0))
            answer = Texts((known,), 1.0) if known and random.random() < 0.7 else random.choice(drawn)
            question = search.send(answer)
    except StopIteration as end:
        verdict: _Verdict = end.value
        return verdict


def _check_signing(fields: SignedFields, whole: bytes) -> None:
    if not fields.count(b"from") or whole.startswith((b" ", b"\t")):  # such text gets an empty line before it
        return
    digest = _arrived(whole, len(whole))[1][SIGNED_FORM].sha256
    names = names_to_sign(fields)
    signed = sign(fields, digest, [("e", key("e"))], domain="example.com", names=names, now=NOW) + whole
    again, digests = _arrived(signed, len(signed))
    result = _driven(verify_dkim(again, digests, NOW), ["x"], _Sure(), [])[0]
    assert result.result is Result.PASS, f"what was signed does not hold: {result.why}"


class _Sure(Random):
    """Draws the known text."""

    def random(self) -> float:
        return 0.0
