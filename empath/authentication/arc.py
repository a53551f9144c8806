"""
arc - what hosts on the way say about a message before they changed it, RFC 8617

THEORY
    Each host adds a set of three fields with one number: what it found (ARC-Authentication-Results), a signature over
    the message as it left (ARC-Message-Signature), and a seal over all sets (ARC-Seal).  The chain holds if the newest
    signature does, and all seals.
    `verify_arc` is a generator as verify_dkim is.

RULES
    A chain of more than fifty sets, or with a field too much, is refused before anything of it is checked.
    c= left out means relaxed, and a message signature need not cover From, as the test suite of the working group has
    it.
"""

from base64 import b64encode
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from empath.authentication.canonical import Canon, Digests, SignedFields, relaxed, without_signature
from empath.authentication.signature import (
    Signature,
    instance_of,
    parse_message_signature,
    parse_seal,
    read_tags,
    time_fault,
)
from empath.authentication.signing_key import SigningKey
from empath.authentication.verify import Result, fault_before_key, judge, signed_octets
from empath.errors import SyntaxViolation
from empath.mail.lookup import LookupAnswer, Question

MAX_SETS: Final = 50  # RFC 8617 §4.2.1
_RESULTS: Final = b"arc-authentication-results"
_MESSAGE: Final = b"arc-message-signature"
_SEAL: Final = b"arc-seal"
_KINDS: Final = (_RESULTS, _MESSAGE, _SEAL)
_CRLF: Final = b"\r\n"


class ArcSet(NamedTuple):
    """One set: the places of its fields in the header, and what its signatures are."""

    results: int
    message: int
    seal: int
    message_signature: Signature
    seal_signature: Signature


class Chain(NamedTuple):
    """
    What became of the chain of a message.

    Shape: result is NONE, PASS, FAIL or TEMPERROR, why empty for a pass; sealers are the domains of its seals, the
    oldest first, empty where its form is wrong; last is the highest number of a set; is_closed says that a host has
    already sealed it as failed, so nobody adds a set.
    """

    result: Result
    why: str = ""
    sealers: tuple[str, ...] = ()
    last: int = 0
    is_closed: bool = False


@dataclass(slots=True)
class Collected:
    """
    The sets of a header, the oldest first. Shape: fault says what is wrong with their form, and then there are none of
    them; last is the highest number that was seen.
    """

    sets: list[ArcSet] = field(default_factory=list)
    fault: str = ""
    last: int = 0
    is_closed: bool = False


def collect(fields: SignedFields) -> Collected:
    """The sets of a header."""
    count = sum(map(fields.count, _KINDS))
    if not count:
        return Collected()
    if count > MAX_SETS * len(_KINDS):
        return Collected(fault="there are too many sets", last=MAX_SETS)
    found: dict[tuple[bytes, int], tuple[int, dict[str, str]]] = {}
    fault = ""
    for place, name in enumerate(fields.fields.names):
        if name not in _KINDS:
            continue
        octets = fields.fields.octets[place]
        try:
            tags = _instance_tags(octets) if name == _RESULTS else read_tags(octets)
            number = instance_of(tags)
        except SyntaxViolation as exc:
            fault = fault or f"a field of it cannot be read: {exc}"
            continue
        if (name, number) in found:
            fault = fault or f"set {number} has a field twice"
        found[name, number] = (place, tags)
    last = max((number for _, number in found), default=0)
    top = found.get((_SEAL, last))
    collected = Collected(fault=fault, last=last, is_closed=top is not None and top[1].get("cv") == "fail")
    if fault:
        return collected
    try:
        collected.sets = [_set(found, number) for number in range(1, last + 1)]
    except SyntaxViolation as exc:
        collected.fault = str(exc)
    return collected


def verify_arc(
    fields: SignedFields, collected: Collected, digests: Digests, now: float
) -> Generator[Question, LookupAnswer, Chain]:
    """Check the chain of a message; the arguments are those of verify_dkim, and what `collect` gave."""
    sets = collected.sets
    sealers = tuple(each.seal_signature.domain for each in sets)

    def chain(result: Result, why: str = "") -> Chain:
        return Chain(result, why, sealers, collected.last, collected.is_closed)

    if collected.fault:
        return chain(Result.FAIL, collected.fault)
    if not sets:
        return chain(Result.NONE)
    if collected.is_closed:
        return chain(Result.FAIL, "a host before has found it broken")
    newest = sets[-1].message_signature
    early = fault_before_key(newest, digests, now)
    if early is not None:
        return chain(Result.FAIL, f"message signature {len(sets)}: {early.why}")
    late = next((fault for each in sets if (fault := time_fault(each.seal_signature, now))), None)
    if late is not None:
        return chain(Result.FAIL, f"a seal: {late}")
    answers: dict[Question, LookupAnswer] = {}
    checks = [("message signature", len(sets), newest, signed_octets(fields, sets[-1].message, newest))]
    checks += [
        ("seal", number, sets[number - 1].seal_signature, _sealed_octets(fields, sets[:number]))
        for number in range(len(sets), 0, -1)
    ]
    for what, number, signature, data in checks:
        if signature.question not in answers:
            answers[signature.question] = yield signature.question
        found = judge(signature, data, answers[signature.question])
        if found.result is not Result.PASS:
            result = Result.TEMPERROR if found.result is Result.TEMPERROR else Result.FAIL
            return chain(result, f"{what} {number}: {found.why}")
    return chain(Result.PASS)


def seal(
    fields: SignedFields,
    body: bytes,
    chain: Chain,
    *,
    key: SigningKey,
    domain: str,
    selector: str,
    authserv_id: str,
    results: bytes,
    names: Sequence[bytes],
    now: int,
) -> bytes:
    """
    The three fields of the next set, the newest on top; b"" where none may be added: the chain is closed or has fifty
    sets, or it is unknown whether it holds.

    Args:
        fields: the header as it leaves this host.
        body: SHA-256 of the body as it leaves, in sign.SIGNED_FORM.
        chain: what became of the chain as it came.
        key: the private key, whose public part is the record of *selector* at *domain*.
        domain: who seals.
        selector: the name of the key.
        authserv_id: the name under which this host says what it found.
        results: what it found, as in an Authentication-Results field after the name and the semicolon.
        names: of the fields to sign.
        now: the instant, in whole seconds.
    """
    number = chain.last + 1
    if chain.is_closed or number > MAX_SETS or chain.result is Result.TEMPERROR:
        return b""
    head, common = b"a=" + key.algorithm.encode(), [b"d=" + domain.encode()]
    tail = [b"i=%d" % number, b"s=" + selector.encode(), b"t=%d" % now]
    aar = b"ARC-Authentication-Results: i=%d; %b; %b\r\n" % (number, authserv_id.encode(), results)
    signed = fields.chosen(names, Canon.RELAXED)
    hashes = [b"bh=" + b64encode(body), b"c=relaxed/relaxed"]
    ams = _signed(b"ARC-Message-Signature:", head, [*hashes, *common, b"h=" + b":".join(names), *tail], signed, key)
    older = b"" if chain.result is Result.FAIL else _sets_octets(fields, collect(fields).sets)
    own = relaxed(aar) + relaxed(ams)
    return _signed(b"ARC-Seal:", head, [b"cv=" + chain.result.encode(), *common, *tail], older + own, key) + ams + aar


def _signed(name: bytes, head: bytes, tags: Sequence[bytes], data: bytes, key: SigningKey) -> bytes:
    """A field over *data* and itself, tags in the order of the alphabet; b= is one line, as the test suite has it."""
    before, after = name + b" " + head + b";\r\n b=", b";\r\n " + b";\r\n ".join(tags)
    signature = key.sign(data + relaxed(before + after).removesuffix(_CRLF))
    return before + b64encode(signature) + after + _CRLF


def _sealed_octets(fields: SignedFields, sets: Sequence[ArcSet]) -> bytes:
    """What the seal of the last of *sets* was made of, RFC 8617 §5.1.1."""
    last = sets[-1]
    own = relaxed(without_signature(fields.fields.octets[last.seal])).removesuffix(_CRLF)
    two = fields.form(last.results, Canon.RELAXED) + fields.form(last.message, Canon.RELAXED)
    return _sets_octets(fields, sets[:-1]) + two + own


def _sets_octets(fields: SignedFields, sets: Sequence[ArcSet]) -> bytes:
    return b"".join(fields.form(place, Canon.RELAXED) for each in sets for place in each[:3])


def _set(found: dict[tuple[bytes, int], tuple[int, dict[str, str]]], number: int) -> ArcSet:
    try:
        results, message, seal_field = (found[kind, number] for kind in _KINDS)
    except KeyError as exc:
        raise SyntaxViolation(f"set {number} is not whole") from exc
    try:
        message_signature = parse_message_signature(message[1])
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"message signature {number}: {exc}") from exc
    try:
        seal_signature = parse_seal(seal_field[1])
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"seal {number}: {exc}") from exc
    expected = ("none",) if number == 1 else ("pass",)
    said = seal_field[1].get("cv", "")
    if said not in expected and said != "fail":
        raise SyntaxViolation(f"seal {number}: cv= is not {expected[0]}")
    if said == "fail" and (_SEAL, number + 1) in found:
        raise SyntaxViolation(f"seal {number}: the chain goes on after it failed")
    return ArcSet(results[0], message[0], seal_field[0], message_signature, seal_signature)


def _instance_tags(octets: bytes) -> dict[str, str]:
    """The first tag of the field with results; the rest of it is not a list of tags."""
    first, semicolon, _ = octets.partition(b":")[2][:200].partition(b";")
    if not semicolon:
        raise SyntaxViolation("i= is not its first part")
    return read_tags(b":" + first)
