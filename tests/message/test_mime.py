"""The walk over the parts of a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.message import mime
from empath.message.mime import Part, Step, walk
from tests.kit import strategies

SOUP = [
    b"", b"--a", b"--a--", b"--b", b"--b-- ", b"--c", b"text", b"t\xe4xt", b" folded", b"X-Y: z", b"no field",
    b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=a", b"Content-Type: multipart/digest; boundary=c",
    b'Content-Type: multipart/signed; boundary="b"', b"content-type : message/rfc822", b"Content-Type: nonsense",
    b'Content-Type: text/plain; name="; boundary=a"', b"Content-Transfer-Encoding: 8bit",
    b"Content-Transfer-Encoding: base64",
]  # fmt: skip
soups = st.lists(st.sampled_from(SOUP), max_size=30).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


def is_within_bounds(content):
    """Whether the walk goes to the end."""
    try:
        return bool(steps(content))
    except SyntaxViolation:
        return False


def steps(content, *pieces):
    """Each step with the number of its part and its octets."""
    return [(step, part.number, octets) for step, part, octets in walk(pieces or [content])]


def root(*lines):
    """The message as the walk reads its header."""
    part = Part(0, None, is_message=True)
    for line in lines:
        part.add(line + b"\r\n")
    part.read()
    return part


@given(data=st.data(), content=(soups | strategies.contents | st.binary()).filter(is_within_bounds))
def test_nothing_is_lost_and_nothing_is_added(data, content):
    """
    The steps put together are the content, however it was cut.
    """
    given_back = []
    for step, part, octets in walk(data.draw(strategies.pieces(content))):
        if step is Step.HEADER:
            given_back += part.fields.octets
        given_back.append(octets)
    assert content == b"".join(given_back)


@given(data=st.data(), content=soups.filter(is_within_bounds))
def test_steps_do_not_depend_on_how_content_was_cut(data, content):
    """
    Spool files are read in pieces of a size of their own.
    """
    assert steps(content) == steps(content, *data.draw(strategies.pieces(content)))


def test_parts_within_parts():
    """
    A part ends where an outer one ends, even without its own delimiter. The digest holds messages.
    """
    content = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\npreamble\r\n"
        b"--a\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSubject: x\r\n\r\nbody\r\n"
        b"--a \t\r\nX: y\r\n--a--\r\nepilogue\r\n"
    )
    assert [
        (Step.HEADER, 0, b"\r\n"),
        (Step.FRAME, 0, b"preamble\r\n"),
        (Step.FRAME, 0, b"--a\r\n"),
        (Step.HEADER, 1, b"\r\n"),
        (Step.FRAME, 1, b"--b\r\n"),
        (Step.HEADER, 2, b"\r\n"),
        (Step.HEADER, 3, b"\r\n"),
        (Step.BODY, 3, b"body\r\n"),
        (Step.FRAME, 0, b"--a \t\r\n"),
        (Step.HEADER, 4, b""),
        (Step.FRAME, 0, b"--a--\r\n"),
        (Step.FRAME, 0, b"epilogue\r\n"),
    ] == steps(content)


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        (b"multipart/mixed; boundary=a", b"a"),
        (b'Multipart/Mixed;boundary="a b" ;x=y;', b"a b"),
        (b'multipart/mixed;\r\n\tname="; boundary=x"; Boundary="a\\"b"', b'a"b'),
        (b'multipart/mixed; boundary="a "', b"a"),
        (b"multipart/mixed; boundary=a; Boundary=a", b"a"),
        (b'multipart/mixed; boundary="a" charset=utf-8; x=y', b"a"),
        (b"multipart/mixed; boundary=a\r\n charset=utf-8", b"a"),
        (b"multipart/mixed; boundary=----=_Part_(1)/2:3; x=y", b"----=_Part_(1)/2:3"),
        (b"multipart/mixed (x); boundary=a b (comment) ; x=y", b"a b"),
        (b"multipart/mixed; boundary=a (b", b"a (b"),
        (b'multipart/mixed;\r\n boundary="=_alternative\r\n 005A_="', b"=_alternative 005A_="),
        (b"text/plain; boundary=a", None),
    ],
)
def test_the_boundary_is_read_as_its_writers_wrote_it(value, boundary):
    """
    RFC 2045 §5.1: parameters in any order and case, quoted or not.
    """
    part = root(b"Content-Type: " + value)
    assert (boundary, False) == (part.boundary, part.is_ambiguous)


@pytest.mark.parametrize(
    "fields",
    [
        [b"Content-Type: multipart/mixed"],
        [b"Content-Type: multipart/mixed; boundary="],
        [b'Content-Type: multipart/mixed; boundary=" "'],
        [b"Content-Type: multipart/mixed; boundary=a; boundary=b"],
        [b'Content-Type: multipart/mixed; boundary="a\r\n\tb"'],
        [b'Content-Type: multipart/mixed; boundary="a\r\n  b"'],
        [b'Content-Type: multipart/mixed; boundary="a \r\n b"'],
        [b'Content-Type: multipart/mixed; boundary=a"b"'],
        [b'Content-Type: multipart/mixed; boundary="a'],
        [b"Content-Type: multipart/mixed; boundary*0=a"],
        [b"Content-Type: multipart; boundary=a"],
        [b"Content-Type: text/plain", b"Content-Type: multipart/mixed; boundary=a"],
        [b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: 7bit"],
        [b"From a Tue"],
    ],
)
def test_what_others_may_read_otherwise_is_ambiguous(fields):
    """
    A conversion must not change the meaning of content for another reader.
    """
    part = root(*fields)
    assert (True, None) == (part.is_ambiguous, part.boundary)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([b"Content-Type: text"], ("text/plain", None, "")),
        ([b'Content-Type: (a \\) "b) text/html (c)'], ("text/html", None, "")),
        ([b"Content-Type: text/plain", b"Content-Type: text/html"], ("text/plain", None, "")),
        ([b'Content-Type: multipart/mixed; boundary="a(b)" (c (d))'], ("multipart/mixed", b"a(b)", "")),
        ([b"Content-Type: multipart/mixed; boundary=a"] * 2, ("multipart/mixed", b"a", "")),
        (
            [b"Content-Type: multipart/mixed; boundary=a", b"Content-Transfer-Encoding: base64"],
            ("multipart/mixed", b"a", ""),
        ),
        ([b"Content-Transfer-Encoding: 8bits"], ("text/plain", None, "")),
        ([b"Content-Transfer-Encoding: 8bit (as it is)"], ("text/plain", None, "")),
        ([b"Content-Transfer-Encoding: utf-8; x=y"], ("text/plain", None, "")),
        ([b"Content-Transfer-Encoding: 8bit", b"Content-Transfer-Encoding: 7bit"], ("text/plain", None, "")),
        ([b'Content-Transfer-Encoding: "Base64" (x)'] * 2, ("text/plain", None, "base64")),
        ([b"Content-Transfer-Encoding: x-uuencode"], ("text/plain", None, "x-uuencode")),
    ],
)
def test_a_harmless_label_is_read_as_what_it_means(fields, expected):
    """
    RFC 2045 §5.1 allows comments, §5.2 has the default, and a label without an encoding means the octets themselves.
    """
    part = root(*fields)
    assert (False, *expected) == (part.is_ambiguous, part.type, part.boundary, part.encoding)


@pytest.mark.parametrize("line", [b"no field\r\n", b"t\xe4xt: a\r\n", b"end"])
def test_a_part_may_begin_without_header_and_blank_line(line):
    """
    Readers show its first line as text.
    """
    head = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    assert [(Step.HEADER, 1, b""), (Step.BODY, 1, line)] == steps(head + b"--a\r\n" + line)[-2:]


@pytest.mark.parametrize(
    ("kind", "line"),
    [(b"mixed", b" folded"), (b"mixed", b": x"), (b"mixed", b"From a Tue"), (b"digest", b"no field")],
)
def test_a_first_line_that_may_belong_to_a_header_leaves_the_part_ambiguous(kind, line):
    """
    Readers differ in what they take for a header.
    """
    content = b"Content-Type: multipart/" + kind + b"; boundary=a\r\n\r\n--a\r\n" + line + b"\r\n\r\n"
    assert [True] == [part.is_ambiguous for step, part, _ in walk([content]) if (step, part.number) == (Step.HEADER, 1)]


def test_an_unreadable_type_in_a_digest_is_ambiguous():
    """
    Readers differ in whether the default there is a message.
    """
    content = b"Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\nContent-Type: text\r\n\r\n"
    [part] = {part for _, part, _ in walk([content]) if part.number == 1}
    assert (True, "message/rfc822") == (part.is_ambiguous, part.type)


def test_an_encoded_message_is_no_message_to_be_walked():
    """
    Its header is in base64.
    """
    content = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: Base64 \r\n\r\nU3ViamVjdDogeA==\r\n"
    assert [(Step.HEADER, 0, b"\r\n"), (Step.BODY, 0, b"U3ViamVjdDogeA==\r\n")] == steps(content)


def test_a_very_long_line_comes_in_pieces():
    """
    Memory must not grow without a line end. A CR at the border waits for its LF.
    """
    content = b"\r\n" + b"x" * 200_000 + b"\r\n--a\r\n"
    pieces = [content[:70_000], content[70_000:200_003], content[200_003:]]
    assert b"\r" == pieces[1][-1:]
    found = [octets for _, _, octets in steps(content, *pieces)]
    assert (content, [b"\r\n", 69_998, 130_002, b"\r\n", b"--a\r\n"]) == (
        b"".join(found),
        [found[0], len(found[1]), len(found[2]), found[3], found[4]],
    )


def test_very_long_labels_are_not_read():
    """
    A megabyte of parentheses or parameters would cost a second.
    """
    part = root(b"Content-Type: multipart/mixed; boundary=a; " + b";" * 20_000)
    assert (True, "text/plain", None) == (part.is_ambiguous, part.type, part.boundary)


def test_a_long_field_is_one_field():
    """
    This holds even if it comes in pieces.
    """
    field = b"X-Long: " + b"x" * 200_000 + b"\r\n"
    *_, (_, part, _) = walk([field[:100_000], field[100_000:], b"Y: z\r\n\r\n"])
    assert [field, b"Y: z\r\n"] == part.fields.octets


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"X: " + b"x" * mime.MAX_HEADER_OCTETS + b"\r\n\r\n", "a header of more than"),
        (b"Content-Type: message/rfc822\r\n\r\n" * (mime.MAX_DEPTH + 1), "nested more than"),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n" * mime.MAX_PARTS, "more than"),
        *(
            (b"Content-Type: multipart/mixed; boundary=" + outer + b"\r\n\r\n--" + outer + b"\r\n"
             b"Content-Type: multipart/mixed; boundary=" + inner + b"\r\n\r\n", "told apart")
            for outer, inner in ((b"a", b"a"), (b"a--", b"a"), (b"a", b"a--"))
        ),
    ],
)  # fmt: skip
def test_what_is_beyond_bounds_is_refused(content, words):
    """
    Memory and time are bounded for any content.
    """
    with pytest.raises(SyntaxViolation, match=words):
        steps(content)
