"""Chains of seals: the suite of the working group, chains of our own, and hostile ones."""

import pytest

from empath.authentication.arc import MAX_SETS, Chain, collect, seal, verify_arc
from empath.authentication.canonical import BodyForm, Canon
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signing_key import SigningKey
from empath.authentication.verify import Result
from empath.mail.lookup import Question
from empath.message.fields import Fields
from tests.authentication.kit import MESSAGE, NOW, TEXTS, digests_of, fields_of, key
from tests.kit.cases import in_one_test
from tests.kit.vectors import cases, driven, vectors

NAMES = [b"from", b"to", b"subject", b"date"]


def judged(message, texts=None, asked=None, now=NOW):
    """What becomes of the chain of *message*."""
    fields = fields_of(message)
    collected = collect(fields)
    forms = [collected.sets[-1].message_signature.body_form] if collected.sets else []
    digests = digests_of(message, *forms)
    return driven(verify_arc(fields, collected, digests, now), TEXTS if texts is None else texts, asked)


def sealed(message, chain=None, selector="r", now=NOW):
    """*message* with one more set; its chain is judged if it is not given."""
    chain = chain or judged(message)
    return (
        seal(
            fields_of(message),
            digests_of(message, SIGNED_FORM)[SIGNED_FORM].sha256,
            chain,
            key=key(selector),
            domain="example.com",
            selector=selector,
            authserv_id="mx.example.com",
            results=b"spf=pass smtp.mailfrom=a@b.example",
            names=NAMES,
            now=now,
        )
        + message
    )


@in_one_test("case", cases("arc-validate"))
def test_the_suite_of_chains(case):
    """
    171 chains of the working group.
    """
    assert case["cv"] == judged(case["message"].encode("latin-1"), vectors("arc-validate")["txt"]).result


@pytest.mark.parametrize("case", cases("arc-sign"))
def test_the_suite_of_seals(case):
    """
    The same octets as others, but for folds.
    """
    suite, message = vectors("arc-sign"), case["message"].encode("latin-1")
    fields, ours = fields_of(message), case["authserv_id"].encode() + b";"
    told = [value for value in fields.fields.values(b"authentication-results") if value.startswith(ours)]
    made = seal(
        fields,
        digests_of(message, SIGNED_FORM)[SIGNED_FORM].sha256,
        judged(message, suite["txt"]),
        key=SigningKey.parse(suite["private_key"].encode()),
        domain=suite["domain"],
        selector=suite["selector"],
        authserv_id=case["authserv_id"],
        results=b"; ".join(b" ".join(value.partition(b";")[2].split()) for value in told),
        names=case["signed"].encode().split(b":"),
        now=case["timestamp"],
    )

    def parts(text):
        return {"".join(part.split()) for part in text.split(";")}

    for name in ("ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"):
        assert parts(case[name]) == parts((Fields.of(made).find(name.lower().encode()) or b"").decode())


def test_chains_of_our_own_hold():
    """
    Four hosts, of which two have keys of Ed25519; the keys are asked for once.
    """
    message = MESSAGE
    for selector in "rere":
        message = sealed(message, selector=selector)
    asked: list[Question] = []
    chain = judged(message, asked=asked)
    assert Chain(Result.PASS, "", ("example.com",) * 4, 4) == chain
    assert 2 == len(asked)


def test_a_chain_that_was_broken_is_sealed_as_broken_and_then_closed():
    """
    RFC 8617 §5.1.2: the last seal covers its own set, and nobody adds another.
    """
    broken = sealed(MESSAGE).replace(b"text", b"other")
    chain = judged(broken)
    assert (Result.FAIL, "message signature 1: the body has changed", 1) == (chain.result, chain.why, chain.last)
    message = sealed(broken)
    chain = judged(message)
    assert (Result.FAIL, "a host before has found it broken", True, 2) == (
        chain.result,
        chain.why,
        chain.is_closed,
        chain.last,
    )
    assert message == sealed(message)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda m: m.replace(b"Subject: s", b"Subject: t"), "message signature 2: the header has changed"),
        (lambda m: m.replace(b"spf=pass", b"spf=fail"), "seal 2: the header has changed"),
        (lambda m: m.replace(b"cv=none", b"cv=pass"), "seal 1: cv= is not none"),
        (lambda m: m.replace(b"cv=pass", b"cv=none"), "seal 2: cv= is not pass"),
        (lambda m: m.replace(b"cv=none", b"cv=fail"), "seal 1: the chain goes on after it failed"),
        (lambda m: m.replace(b"ARC-Seal:", b"X:", 1), "set 2 is not whole"),
        (lambda m: b"ARC-Seal: i=2; a=b\r\n" + m, "set 2 has a field twice"),
        (lambda m: b"ARC-Seal: i=51; a=b\r\n" + m, "a field of it cannot be read: i= is not 1 to 50"),
        (
            lambda m: b"ARC-Authentication-Results: mx.example.com\r\nARC-Seal: x\r\n" + m,
            "a field of it cannot be read: i= is not its first part",
        ),
        (lambda m: m.replace(b";\r\n i=2;", b";i=2 ;", 1), "seal 2: the header has changed"),
        (lambda m: m.replace(b"a=rsa", b"h=from; a=rsa", 1), "seal 2: a seal has no h= or bh="),
        (lambda m: m.replace(b"h=from", b"h=arc-seal:from", 1), "message signature 2: it signs an ARC-Seal"),
        (lambda m: m.replace(b"t=1800000000", b"t=1900000000", 1), "a seal: it is of the future"),
    ],
)
def test_a_chain_that_does_not_hold(change, why):
    """
    Each says what is wrong.
    """
    chain = judged(change(sealed(sealed(MESSAGE))))
    assert (Result.FAIL, why) == (chain.result, chain.why)


def test_thousands_of_sets_are_refused_before_they_are_read():
    """
    They took 36 s of the processor in another verifier.
    """
    sets = (
        b"ARC-Seal: i=%d; x\r\nARC-Message-Signature: i=%d; x\r\nARC-Authentication-Results: i=%d; x\r\n" % (n, n, n)
        for n in range(2_000)
    )
    message = b"".join(sets) + MESSAGE
    assert Chain(Result.FAIL, "there are too many sets", (), MAX_SETS) == judged(message)
    assert message == sealed(message)


def test_no_answer_for_a_key_is_no_broken_chain():
    """
    And no seal is put on what is unknown.
    """
    message = sealed(MESSAGE)
    chain = judged(message, {"r._domainkey.example.com": "FAILS"})
    assert (Result.TEMPERROR, "message signature 1: there is no answer for the key") == (chain.result, chain.why)
    assert message == sealed(message, chain)


def test_a_form_that_was_not_hashed_is_not_trusted():
    """
    The message signature may ask for a length of its own.
    """
    message = sealed(MESSAGE)
    fields = fields_of(message)
    digests = digests_of(message, BodyForm(Canon.SIMPLE))
    chain = driven(verify_arc(fields, collect(fields), digests, NOW), TEXTS)
    assert "message signature 1: this form of the body is not checked" == chain.why
