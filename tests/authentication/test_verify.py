"""Signatures over messages: vectors, and what is hostile in them."""

from base64 import b64encode
from hashlib import sha256

import pytest

from empath.authentication.canonical import BodyForm, Canon
from empath.authentication.verify import (
    MAX_SIGNATURES,
    DkimResult,
    Result,
    signatures_of,
    verify_dkim,
    wanted_forms,
)
from empath.mail.lookup import Addresses, Failed, Kind, Question, Texts
from tests.authentication.kit import (
    MESSAGE,
    NOW,
    TAGS,
    TEXTS,
    digests_of,
    fields_of,
    judged,
    signed,
    with_signature,
)
from tests.kit.cases import in_one_test
from tests.kit.vectors import cases, driven, vectors

RSA = TEXTS["r._domainkey.example.com"]


def results(found):
    """The results by their words."""
    return [str(each.result) for each in found]


@in_one_test("case", cases("dkim-judged"))
def test_signatures_are_judged_as_the_standards_say(case):
    """
    RFC 6376, 8301 and 8463, by hand; one result for each signature.
    """
    found = judged(case["message"].encode("latin-1"), case["txt"])
    assert case["results"] == results(found)
    assert [bool(why) for why in case["why"]] == [bool(each.why) for each in found]


@in_one_test("case", cases("dkim-signed"))
def test_signatures_of_other_programs_hold(case):
    """
    Made by Mail::DKIM and dkimpy, of odd messages in all forms.
    """
    message = case["fields"] + vectors("dkim-signed")["messages"][case["message"]]
    assert [case["result"]] == results(judged(message.encode("latin-1")))


@pytest.mark.parametrize("case", cases("dkim-rfc"))
def test_the_examples_of_the_standards_hold(case):
    """
    RFC 6376 A.2 and RFC 8463 A.3.
    """
    assert case["results"] == results(judged(case["message"].encode("latin-1"), vectors("dkim-rfc")["txt"]))


@pytest.mark.parametrize(
    ("tags", "result", "why"),
    [
        (b"v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=r; h=to:subject", "permerror", "From is not signed"),
        (TAGS + b"; i=example.com", "permerror", "i= is no identity"),
        (TAGS + b"; t=" + b"1" * 5000, "permerror", "t= is no number"),
        (TAGS + b"; t=100; x=99", "permerror", "x= is before t="),
        (TAGS + b"; x=100", "permerror", "it has expired"),
        (TAGS + b"; l=", "permerror", "l= is no number"),
        (TAGS + b"; z=" + b"x" * 20_000, "permerror", "it is longer than 16384 octets"),
        (TAGS + b"; bh=!", "permerror", "it is no base64"),
        (TAGS + b";;", "permerror", "a part of it is no tag"),
        (TAGS.replace(b"rsa-sha256", b"rsa-sha1"), "permerror", "a= is no known algorithm"),
        (TAGS.replace(b"c=relaxed/relaxed", b"c=x"), "permerror", "c= is no known form"),
        (TAGS.replace(b"d=example.com", b"d=-x.com"), "permerror", "d= is no name"),
        (TAGS.replace(b"s=r;", b"s=;"), "permerror", "s= is missing"),
        (TAGS.replace(b"s=r;", b"s=" + b"r." * 120 + b"r;"), "permerror", "s= and d= together are too long for a name"),
        (TAGS.replace(b"a=rsa", b"a=ed25519"), "permerror", "the key is of another type"),
        (TAGS + b"; q=dns/txt:http; x=1900000000; t=1700000000", "pass", ""),
    ],
)
def test_a_signature_that_cannot_be_checked(tags, result, why):
    """
    Each of these was a crash or a pass in some verifier.
    """
    [found] = judged(with_signature(tags))
    assert (result, why) == (found.result, found.why)


def test_what_is_known_of_a_signature():
    """
    For the field with the results, and for alignment.
    """
    [first, second] = judged(signed(expires_at=NOW + 60))
    assert (Result.PASS, "example.com", 2048) == (first.result, first.domain, first.key_bits)
    assert first.signature is not None
    assert ("r", 8, NOW + 60) == (first.signature.selector, len(first.signature.mark), first.signature.expires_at)
    assert (Result.PASS, 256) == (second.result, second.key_bits)
    [unreadable] = judged(b"DKIM-Signature: x\r\n" + MESSAGE)
    assert unreadable.domain is None


def test_a_strict_key_is_for_its_own_domain():
    """
    t=s, RFC 6376 §3.6.1.
    """
    texts = {"r._domainkey.example.com": f"{RSA}; t=s:y"}
    [other] = judged(with_signature(TAGS + b"; i=joe@sub.example.com"), texts)
    assert (Result.PERMERROR, "i= is outside of the domain of the key") == (other.result, other.why)
    [own] = judged(with_signature(TAGS + b"; i=joe@EXAMPLE.com"), texts)
    assert (Result.PASS, True) == (own.result, own.is_testing)


@pytest.mark.parametrize(
    ("tags", "result"),
    [
        ("d=bücher.example; s=schlüssel", "pass"),
        ("d=BÜCHER.example; s=schlüssel", "pass"),
        ("d=xn--bcher-kva.example; s=schlüssel; i=jürgen@post.bücher.example", "pass"),
        ("d=bücher.example; s=schlüssel; i=@xn--bcher-kva.example", "pass"),
        ("d=bücher.example; s=schlüssel; i=@bucher.example", "permerror"),
        ("d=\u2024.example; s=schlüssel", "permerror"),
        (f"d={'ü' * 500}.example; s=schlüssel", "permerror"),
    ],
)
def test_names_of_a_signature_may_be_in_u_labels(tags, result):
    """
    RFC 8616 §5, and programs that sign so whatever their message is. The DNS and others are told A-labels.
    """
    octets = f"v=1; a=rsa-sha256; c=relaxed/relaxed; h=from; {tags}".encode()
    [found] = judged(with_signature(octets), {"xn--schlssel-95a._domainkey.xn--bcher-kva.example": RSA})
    [other] = judged(with_signature(octets.replace("ü".encode(), b"\xfc")), {})
    assert Result.PERMERROR is other.result
    assert (result, "xn--bcher-kva.example" if result == "pass" else None) == (str(found.result), found.domain)


def test_a_broken_body_costs_no_question():
    """
    The hash of the body is compared before the key is asked for.
    """
    message = signed() + b"more\r\n"
    asked: list[Question] = []
    found = driven(verify_dkim(fields_of(message), digests_of(message), NOW), TEXTS, asked)
    assert ([], ["fail", "fail"]) == (asked, results(found))
    assert "the body has changed" == found[0].why


@pytest.mark.parametrize("length", [0, 3, 5])
def test_a_signature_over_a_part_of_the_body_says_nothing_of_the_whole(length):
    """
    Anybody could write what comes after l=, RFC 6376 §8.2.
    """
    begin = b64encode(sha256(b"text\r\n"[:length]).digest())
    found = judged(with_signature(TAGS + b"; l=%d; bh=%b" % (length, begin)))
    assert [("policy", "l= leaves a part of the body unsigned")] == [(each.result, each.why) for each in found]


def test_the_length_of_the_whole_body_is_no_harm():
    """
    Signers that cannot do without l= give it.
    """
    assert ["pass"] == results(judged(with_signature(TAGS + b"; l=6")))


def test_a_key_is_asked_for_once():
    """
    Many signatures with one key are one question, and there are not many signatures.
    """
    message = signed(selectors="r" * 1000)
    asked: list[Question] = []
    found = driven(verify_dkim(fields_of(message), digests_of(message), NOW), TEXTS, asked)
    assert [Question("r._domainkey.example.com", Kind.TXT)] == asked
    assert ["pass"] * MAX_SIGNATURES == results(found)


def test_only_a_few_forms_of_a_body_are_hashed():
    """
    Eight lengths of a body of 1 MB took 240 ms.
    """
    forms = [BodyForm(Canon.RELAXED, limit) for limit in (1, 2, 3)] + [BodyForm(Canon.SIMPLE)]
    message = b"".join(with_signature(TAGS + b"; l=%d" % n).partition(b"From:")[0] for n in (1, 2, 3)) + MESSAGE
    found = [each for _, each in signatures_of(fields_of(message)) if not isinstance(each, str)]
    assert forms[:2] == wanted_forms(found)
    last = judged(message)[2]
    assert (Result.POLICY, "this form of the body is not checked") == (last.result, last.why)


def test_no_answer_is_no_failed_signature():
    """
    An outage of the DNS must not make DMARC refuse mail.
    """
    [found] = judged(signed(selectors="r"), {"r._domainkey.example.com": "FAILS"})
    assert (Result.TEMPERROR, "there is no answer for the key") == (found.result, found.why)


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Addresses(("192.0.2.1",), 60.0), Result.PERMERROR),
        (Texts(("v=spf1 -all", RSA), 60.0), Result.PASS),
        (Texts(("v=DKIM1; p=", RSA), 60.0), Result.PASS),
        (Texts(("x", "v=DKIM1; p="), 60.0), Result.PERMERROR),
        (Texts((), 60.0), Result.PERMERROR),
        (Failed("SERVFAIL"), Result.TEMPERROR),
    ],
)
def test_odd_answers(answer, result):
    """
    Several records under one name: the first that is a key counts.
    """
    message = signed(selectors="r")
    search = verify_dkim(fields_of(message), digests_of(message), NOW)
    next(search)
    with pytest.raises(StopIteration) as end:
        search.send(answer)
    [found] = end.value.value
    assert isinstance(found, DkimResult)
    assert result == found.result


@pytest.mark.parametrize("message", [b"", b"\r\n", b"DKIM-Signature", b"x\r\n\r\n", b"From: a@b.example\r\n\r\nx"])
def test_mail_without_signatures(message):
    """
    Nothing is found and nothing is asked.
    """
    assert [] == judged(message)


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message.replace(b"Subject: s", b"Subject : s"),
        lambda message: message.replace(b"Subject: s", b"SUBJECT:   s  "),
        lambda message: message.replace(b"Subject: s", b"stray line\r\nSubject: s"),
        lambda message: message.replace(b"text\r\n", b"text  \r\n\r\n\r\n"),
    ],
)
def test_a_relaxed_signature_bears_small_changes(change):
    """
    A blank before a colon, and a line that is no field, made others refuse the whole mail.
    """
    assert ["pass", "pass"] == results(judged(change(signed())))


@pytest.mark.parametrize("field", [b"From: x@evil.example", b"Reply-To: x@evil.example", b"Content-Type: text/html"])
def test_a_field_cannot_be_added_to_a_signed_message(field):
    """
    Signed once more than they are there: a reader may show another From than the signed one.
    """
    message = signed()
    assert ["fail", "fail"] == results(judged(message.replace(b"\r\nTo:", b"\r\n" + field + b"\r\nTo:")))
    assert ["fail", "fail"] == results(judged(field + b"\r\n" + message))
    assert ["pass", "pass"] == results(judged(b"List-Id: <x.example>\r\n" + message))
