"""A chain of seals: what breaks it, and what retention may do."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.seal import (
    LEAF_OCTETS,
    Head,
    Kept,
    Redacted,
    Sealed,
    Span,
    before_redaction,
    digest_of_redacted,
    faults_of_chain,
    faults_of_heads,
    faults_of_rows,
    leaves_of,
    sealed,
)

YOUNG = Kept(0.0, 0.0)
OLD = Kept(9e9, 9e9)


def leaf(number):
    """A leaf that no other number has."""
    return bytes([number]) * LEAF_OCTETS


def chain():
    """Two seals: over rows 1 and 2 of the audit and attempt 1, and over attempts 2 and 3."""
    one = sealed(1, 1e9, Span(0, 2, 2), Span(0, 1, 1), leaves=leaf(1) + leaf(2) + leaf(11), previous="")
    two = sealed(2, 1e9 + 1, Span(2, 2, 0), Span(1, 3, 2), leaves=leaf(12) + leaf(13), previous=one.digest)
    return one, two


def rows(*numbers, first=0):
    """Rows that are there, with their leaves."""
    return [Sealed(number, leaf(first + number)) for number in numbers]


def _replaced(seal, **changes):
    """*seal* as somebody changed it, who cannot compute its digest anew."""
    return type(seal)(**{name: getattr(seal, name) for name in seal.__slots__} | changes)


def test_a_chain_that_nobody_touched_has_no_fault():
    """
    Nor has one whose first seals are gone.
    """
    one, two = chain()
    assert [] == [*faults_of_chain(None, one), *faults_of_chain(one, two), *faults_of_chain(None, two)]
    assert [] == [*faults_of_rows(one, rows(1, 2), rows(1, first=10), YOUNG)]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sealed_at": 5.0}, "seal 2 was changed: its digest is not that of what it holds"),
        ({"leaves": leaf(9) * 2}, "seal 2 was changed: its digest is not that of what it holds"),
        ({"digest": "0" * 64}, "seal 2 was changed: its digest is not that of what it holds"),
    ],
)
def test_a_seal_that_was_changed_is_found(changes, fault):
    """
    Its digest covers all of it.
    """
    one, two = chain()
    assert fault in [*faults_of_chain(one, _replaced(two, **changes))]


def test_a_seal_with_too_few_leaves_is_found():
    """
    Also if its digest was made for them.
    """
    assert [*faults_of_chain(None, sealed(1, 1.0, Span(0, 2, 2), Span(0, 0, 0), leaves=leaf(1), previous=""))]


def test_a_seal_that_is_missing_or_made_anew_is_found():
    """
    The next one does not follow it any more.
    """
    one, two = chain()
    other = sealed(1, 1e9, one.audit, one.attempts, leaves=leaf(7) + leaf(2) + leaf(11), previous="")
    third = sealed(4, 2e9, Span(2, 2, 0), Span(3, 3, 0), leaves=b"", previous=two.digest)
    apart = sealed(2, 1e9, Span(7, 7, 0), Span(1, 1, 0), leaves=b"", previous=one.digest)
    begun = sealed(1, 1e9, Span(0, 0, 0), Span(0, 0, 0), leaves=b"", previous="0" * 64)
    follows = "seal 2 does not follow seal 1: one of them was changed"
    assert [follows] == [*faults_of_chain(other, two)] == [*faults_of_chain(one, apart)]
    assert ["seals 3 to 3 are missing"] == [*faults_of_chain(two, third)]
    assert ["seal 1 was changed: nothing comes before it"] == [*faults_of_chain(None, begun)]


def test_rows_that_were_changed_or_added_are_named():
    """
    The first few of many are.
    """
    one, two = chain()
    changed = [Sealed(1, leaf(1)), Sealed(2, leaf(99))]
    assert ["audit row 2 was changed or added after seal 1"] == [
        *faults_of_rows(one, changed, rows(1, first=10), YOUNG)
    ]
    many = [Sealed(number, leaf(50 + number)) for number in range(7)]
    assert ["attempts 0, 1, 2, 3, 4 and 2 more were changed or added after seal 2"] == [
        *faults_of_rows(two, [], many, YOUNG)
    ]


def test_rows_may_only_be_missing_once_retention_may_have_removed_them():
    """
    Earlier it is a gap.
    """
    one, _ = chain()
    gaps = [
        "1 of the rows of seal 1 (audit row 1 to 2) are missing",
        "1 of the rows of seal 1 (attempt 1 to 1) are missing",
    ]
    assert gaps == [*faults_of_rows(one, rows(2), [], YOUNG)]
    assert [] == [*faults_of_rows(one, rows(2), [], OLD)]


def test_heads_that_were_written_down_fit():
    """
    A head of a seal that retention has removed says nothing.
    """
    one, two = chain()
    found = {2: two.digest}
    assert [] == [*faults_of_heads([Head(2, two.digest), Head(1, one.digest)], found, 2)]
    assert ["seal 3 is missing, and was there when its head was written down"] == [
        *faults_of_heads([Head(3, one.digest)], found, 2)
    ]
    assert ["seal 2 is another one than when its head was written down: what it seals was replaced"] == [
        *faults_of_heads([Head(2, one.digest)], found, 2)
    ]


def test_a_head_is_read_as_it_is_written():
    """
    Capitals and blanks around it do no harm.
    """
    head = Head(12, chain()[0].digest)
    assert head == Head.parse(f" {str(head).upper()} ")


@pytest.mark.parametrize(
    "text", ["", "12", f"x:{'0' * 64}", f"1:{'0' * 63}", f"1:{'g' * 64}", f"{'1' * 19}:{'0' * 64}"]
)
def test_other_text_is_no_head(text):
    """
    One line says what a head is.
    """
    with pytest.raises(SyntaxViolation, match="not a head"):
        Head.parse(text)


def redacted(order, before, after):
    """A redaction of row 1 of the audit."""
    return Redacted("audit", 1, order, leaf(before), leaf(after))


def test_a_redacted_row_leads_back_to_its_seal():
    """
    Over as many redactions as there were, whatever their order in the table; one that a seal came after is not needed.
    """
    one, _ = chain()
    known, _ = leaves_of(one)
    twice = [redacted(9, 50, 51), redacted(8, 1, 50)]
    assert Sealed(1, leaf(1)) == before_redaction(Sealed(1, leaf(51)), known, twice)
    assert Sealed(1, leaf(1)) == before_redaction(Sealed(1, leaf(1)), known, twice)


def test_a_changed_row_does_not_lead_back():
    """
    Neither does one whose way begins at a row that was never sealed.
    """
    one, _ = chain()
    known, _ = leaves_of(one)
    assert Sealed(1, leaf(60)) == before_redaction(Sealed(1, leaf(60)), known, [redacted(8, 1, 50)])
    assert Sealed(1, leaf(50)) == before_redaction(Sealed(1, leaf(50)), known, [redacted(8, 40, 50)])


def test_the_digest_of_redactions_depends_on_each():
    """
    Their order makes no difference, and neither does the number of the row that has the digest.
    """
    rows = [redacted(8, 1, 50), redacted(8, 2, 51)]
    assert digest_of_redacted(rows) == digest_of_redacted([each._replace(order=0) for each in reversed(rows)])
    assert digest_of_redacted(rows) != digest_of_redacted(rows[:1])
