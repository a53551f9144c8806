"""The form of a message over which signatures are made."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.authentication.canonical import (
    ArrivingBody,
    BodyForm,
    BodyHash,
    Canon,
    SignedFields,
    relaxed,
    without_signature,
)
from empath.message.fields import Fields
from tests.kit.strategies import pieces
from tests.kit.vectors import cases

BODIES = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b" ", b"\t", b"a", b"\xe4", b"  b", b"\r\n\r\n"])).map(
    b"".join
)


def body_of(case):
    """The body of a case of the vectors."""
    if case["body"] is not None:
        return case["body"].encode("latin-1")
    return b"".join(text.encode("latin-1") * times for text, times in case["pieces"])


def digest(body, canon, limit=None, step=None):
    """The digest of *body*, fed in steps."""
    found = BodyHash(BodyForm(canon, limit))
    step = step or len(body) or 1
    for start in range(0, len(body), step):
        found.feed(body[start : start + step])
    return found.finish()


@pytest.mark.parametrize("canon", Canon)
@pytest.mark.parametrize("case", cases("dkim-body"))
def test_the_hash_of_a_body_is_that_of_others(case, canon):
    """
    Vectors that dkimpy agrees with.
    """
    body = body_of(case)
    for step in [None, 7, *([1, 2, 3] if len(body) < 1000 else [])]:
        assert case[canon] == b64encode(digest(body, canon, step=step).sha256).decode()


@given(st.data(), BODIES, st.sampled_from(Canon), st.sampled_from([None, 0, 1, 5, 1000]))
def test_the_cuts_change_nothing(data, body, canon, limit):
    """
    A network cuts where it likes.
    """
    whole = digest(body, canon, limit)
    found = BodyHash(BodyForm(canon, limit))
    for piece in data.draw(pieces(body)):
        found.feed(piece)
    assert whole == found.finish()


@given(BODIES)
def test_the_relaxed_form_is_that_of_the_rule(body):
    """
    RFC 6376 §3.4.4, by the letter: line by line.
    """
    import hashlib
    import re

    lines = [re.sub(rb"[ \t]+", b" ", line).removesuffix(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    expected = b"".join(line + b"\r\n" for line in lines)
    assert (hashlib.sha256(expected).digest(), len(expected)) == digest(body, Canon.RELAXED)[:2]


@pytest.mark.parametrize("step", [None, 1])
@pytest.mark.parametrize(("limit", "octets", "is_cut"), [(0, 0, True), (3, 3, True), (6, 6, False), (7, 6, False)])
def test_a_limit_cuts_the_form(limit, octets, is_cut, step):
    """
    l= counts octets of the form, RFC 6376 §3.5. Empty lines at the end are not of it.
    """
    import hashlib

    assert (hashlib.sha256(b"text\r\n"[:limit]).digest(), octets, is_cut) == digest(
        b"text \r\n\r\n", Canon.RELAXED, limit, step
    )


def test_several_forms_are_hashed_at_once():
    """
    One pass over the body.
    """
    forms = [BodyForm(Canon.SIMPLE), BodyForm(Canon.RELAXED), BodyForm(Canon.RELAXED, 2)]
    body = ArrivingBody(forms)
    body.feed(b"a  b\r")
    body.feed(b"\n")
    assert {form: digest(b"a  b\r\n", *form) for form in forms} == body.finish()


@pytest.mark.parametrize(
    ("field", "form"),
    [
        (b"SUBJect: AbC\r\n", b"subject:AbC\r\n"),
        (b"SUBJect : Your Name\t  \r\n", b"subject:Your Name\r\n"),
        (b"A:\t B \r\n\t C\r\n", b"a:B C\r\n"),
        (b"A:\r\n", b"a:\r\n"),
        (b"A: b\nc\r\n", b"a:b\nc\r\n"),
        (b"A: b", b"a:b\r\n"),
    ],
)
def test_the_relaxed_form_of_a_field(field, form):
    """
    RFC 6376 §3.4.2, and a bare LF stays.
    """
    assert form == relaxed(field)


@pytest.mark.parametrize(
    ("field", "form"),
    [
        (b"DKIM-Signature: a=1; b=xyz\r\n", b"DKIM-Signature: a=1; b="),
        (b"DKIM-Signature: b = x\r\n y ; bh=abc\r\n", b"DKIM-Signature: b =; bh=abc"),
        (b"DKIM-Signature: bh=b=; c=1\r\n", b"DKIM-Signature: bh=b=; c=1"),
        (b"DKIM-Signature: z=b=1\r\n", b"DKIM-Signature: z=b=1"),
        (b"DKIM-Signature", b"DKIM-Signature"),
    ],
)
def test_only_the_value_of_the_signature_is_left_out(field, form):
    """
    RFC 6376 §3.7.
    """
    assert form == without_signature(field)


def test_the_last_of_several_fields_is_chosen_first():
    """
    RFC 6376 §5.4.2; a name for which no field is left stands for its absence.
    """
    fields = SignedFields(Fields.of(b"A: 1\r\nB: 2\r\nstray\r\nA:  3"))
    assert b"a:3\r\nb:2\r\na:1\r\n" == fields.chosen([b"a", b"b", b"b", b"a", b"a", b"c", b""], Canon.RELAXED)
    assert b"A:  3\r\n" == fields.chosen([b"a"], Canon.SIMPLE)
    assert b"B: 2\r\n" == fields.chosen([b"b"], Canon.SIMPLE)
    assert (2, 0) == (fields.count(b"a"), fields.count(b"c"))
