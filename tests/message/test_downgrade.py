"""8-bit content for hosts that accept 7 bits; the email package reads its meaning."""

from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from empath.message import mime
from empath.message.downgrade import Examined, converted, examine
from tests.kit import strategies
from tests.message.test_mime import soups

UMLAUT = b"Gr\xc3\xbc\xc3\x9fe an alle in der weiten Welt"
MIXED = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"

lines = st.sampled_from([
    b"", b".", b"..", b"From x", b"--", b"--x", b"=", b"=41", b"a ", b"a\t", b"plain", b"\x00\x7f", b"x" * 990, UMLAUT,
    b"\xff" * 80, "Привет, мир".encode(), b"\xe4 ", b"\xe4" + b"y" * 200, b"\t\xe4",
])  # fmt: skip
bodies = st.lists(lines, max_size=6).map(lambda ls: b"".join(line + b"\r\n" for line in ls))
types = st.sampled_from(
    [b"", b"Content-Type: text/plain; charset=utf-8\r\n", b'Content-Type: image/x; name="a\r\n b"\r\n']
)
encodings = st.sampled_from(
    [
        b"",
        b"Content-Transfer-Encoding: 8bit\r\n",
        b"content-transfer-encoding:Binary\r\n",
        b"Content-Transfer-Encoding:\r\n",
    ]
)
leaves = st.builds(lambda kind, encoding, body: kind + encoding + b"\r\n" + body, types, encodings, bodies)


@st.composite
def multiparts(draw, parts):
    """A multipart or a message within a message, of such parts; delimiters of different depths differ."""
    inner = draw(st.lists(parts, max_size=3))
    encoding = draw(encodings)
    if draw(st.booleans()):
        return b"Content-Type: message/rfc822\r\n" + encoding + b"\r\nSubject: x\r\n" + b"".join(inner[:1])
    depth = b"d%d" % max([0, *(1 + int(i[i.index(b"boundary=d") + 10 :][:1]) for i in inner if b"boundary=d" in i)])
    kind = draw(st.sampled_from([b"mixed", b"digest", b"alternative"]))
    lead = b"\r\n--" + depth + (b"\r\n\r\nSubject: y\r\n" if kind == b"digest" else b"\r\n")
    framed = b"".join(lead + part for part in inner)
    end = draw(st.sampled_from([b"\r\n--" + depth + b"--\r\n", b"\r\n--" + depth + b"-- \r\nepilogue\r\n", b""]))
    return b"Content-Type: multipart/" + kind + b"; boundary=" + depth + b"\r\n" + encoding + b"\r\npre" + framed + end


messages = st.builds(
    lambda version, part: version + b"Subject: x\r\n" + part,
    st.sampled_from([b"", b"MIME-Version: 1.0\r\n"]),
    st.recursive(leaves, multiparts, max_leaves=6),
)


def convert(content, *pieces):
    """The converted content; there must be no obstacle."""
    found = examine(pieces or [content])
    assert None is found.obstacle
    return b"".join(converted(pieces or [content], found))


def obstacle(content):
    """The reason why it cannot be converted."""
    return examine([content]).obstacle


def meaning(content):
    """Type and decoded octets of every part, and the fields except those about encoding."""
    told: list[list[Any]] = []
    for part in message_from_bytes(content).walk():
        hidden = ("content-transfer-encoding", "mime-version")
        fields = [(name, value) for name, value in part.items() if name.lower() not in hidden]
        frames = [legible(text) for text in (part.preamble, part.epilogue)]
        told.append([part.get_content_type(), fields, frames])
        if part.get_content_maintype() == "multipart":
            if not part.is_multipart():  # no delimiter: readers show all of it
                told[-1].append(part.get_payload())
        elif not part.is_multipart():
            told[-1].append(part.get_payload(decode=True))
    return told


def legible(frame):
    """The 7-bit lines of a preamble or epilogue. They must stay, because no program shows the other lines."""
    return frame and [line if line.isascii() and "=E4" not in line else "" for line in frame.split("\n")]


def as_it_was(content):
    """Encoding and body, unchanged, of every part without 8-bit octets."""
    parts = [part for part in message_from_bytes(content).walk() if not part.is_multipart()]
    return [(part["content-transfer-encoding"], part.get_payload()) for part in parts]


def without_unknown(told):
    """Leave out the type that a message without a type gets."""
    return [
        [kind, [field for field in fields if field != ("Content-Type", "text/plain; charset=unknown-8bit")], *rest]
        for kind, fields, *rest in told
    ]


@given(data=st.data(), content=messages)
def test_what_was_converted_means_the_same(data, content):
    """
    Decoded it is the same, part by part, and it has no 8-bit octet, however it was cut.
    """
    result = convert(content, *data.draw(strategies.pieces(content)))
    assert result.isascii()
    assert meaning(content) == without_unknown(meaning(result))
    before, after = as_it_was(content), as_it_was(result)
    untouched = [place for place, (_, body) in enumerate(before) if body.isascii()]
    assert [before[place] for place in untouched] == [after[place] for place in untouched]
    assert all(len(line) <= 998 for line in result.split(b"\r\n"))


@given(content=soups)
def test_a_message_of_any_structure_means_the_same_or_has_an_obstacle(content):
    """
    No order of headers and delimiters may mislead the conversion.
    """
    found = examine([content])
    assume(found.obstacle is None)
    result = b"".join(converted([content], found))
    assert (True, meaning(content)) == (result.isascii(), without_unknown(meaning(result)))


@given(content=messages.filter(bytes.isascii) | strategies.contents.filter(bytes.isascii))
def test_what_is_ascii_stays_as_it_is(content):
    """
    Every octet stays, for any structure.
    """
    assert content == convert(content)


def test_text_becomes_quoted_printable_and_the_rest_of_the_message_stays():
    """
    The labels of its containers change, too: RFC 2045 §6.4 allows no 8bit around 7-bit parts.
    """
    content = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"--b\r\nContent-transfer-encoding:  8BIT\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + UMLAUT + b" \r\n\r\n--b\r\n\r\nplain \r\n--b\r\nContent-Type: text/html\r\n\r\n\xe4\xe4 <b>\r\n--b--\r\nend"
    )  # fmt: skip
    assert (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n"
        b"MIME-Version: 1.0\r\n\r\n--b\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        b"Gr=C3=BC=C3=9Fe an alle in der weiten Welt=20\r\n\r\n--b\r\n\r\nplain \r\n"
        b"--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n5OQgPGI+\r\n--b--\r\nend"
    ) == convert(content)


def test_a_message_that_says_nothing_of_itself_is_labelled():
    """
    RFC 1428 §3: its character set is unknown.
    """
    assert (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe an alle in der weiten Welt\r\n"
    ) == convert(b"Subject: x\r\n\r\n" + UMLAUT + b"\r\n")


@pytest.mark.parametrize("part", [b"", b"Content-Type: image/x\r\nContent-Transfer-Encoding: binary\r\n"])
def test_a_large_body_is_converted_in_pieces(part):
    """
    The conversion never holds all of it, even if a line is very long.
    """
    content = part + b"\r\n" + (b"\xe4" + b"x" * 20) * 20_000 + b"\r\nend \xe4\r\n" * 3
    pieces = [content[at : at + 100_000] for at in range(0, len(content), 100_000)]
    result = list(converted(pieces, examine(pieces)))
    assert max(map(len, result)) < 200_000
    assert [content[len(part) + 2 :]] == [told[-1] for told in meaning(b"".join(result))]


SIGNED = (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary="s"; micalg=x\r\n\r\n--s\r\n\r\n%b\r\n--s--\r\n'
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"DKIM-Signature: x\r\n\r\n\xe4\r\n", "it is signed"),
        (b"arc-message-signature: x\r\n\r\n\xe4\r\n", "it is signed"),
        (SIGNED % b"\xe4", "it is signed"),
        (SIGNED.replace(b"/signed", b"/encrypted") % b"\xe4", "it is encrypted"),
        (b"Content-Type: message/partial\r\n\r\n\xe4\r\n", "a message/partial cannot be encoded"),
        (b"Subject: \xe4\r\n\r\nx\r\n", "8-bit octets are in a header"),
        (b"Subject: \xe4", "8-bit octets are in a header"),
        (MIXED + b"\r\n--b\r\nContent-Disposition: x; filename=\xe4\r\n\r\n", "8-bit octets are in a header"),
        (MIXED + b"\r\n\xe4\r\n--b\r\nX: \xe4\r\n\r\n", "8-bit octets are in a header"),
        (SIGNED.replace(b"--s\r\n", b"\xe4\r\n--s\r\n", 1) % b"x", "it is signed"),
        (MIXED + b"\r\n--c\r\n\r\n\xe4\r\n--c--\r\n", "a multipart has no part"),
        (MIXED + b"\r\n\xe4 a=b\r\n", "a multipart has no part"),
        (MIXED + b"\r\n\xe4\r\n--b--\r\n", "a multipart has no part"),
        (MIXED + b"\r\n\xe4\r\n--b--\r\n\xe4\r\n", "a multipart has no part"),
        (
            MIXED + b"\r\n--b\r\n" + MIXED.replace(b"=b", b"=c") + b"\r\n--d\r\n\r\n\xe4\r\n--d--\r\n--b--\r\n",
            "a multipart has no part",
        ),
        (b"Content-Type: message/external-body\r\n\r\n\xe4\r\n", "a message/external-body cannot be encoded"),
        (b"Content-Type: multipart/mixed\r\n\r\n\xe4\r\n", "a multipart has no boundary that can be read"),
        (b"no field\r\n\r\n\xe4\r\n", "a header can be read in more than one way"),
        (
            b"Content-Transfer-Encoding: base64\r\n\r\n\xe4\r\n",
            "8-bit octets are in a part that says it is encoded",
        ),
        (
            b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: x-uue\r\n\r\n\r\n\xe4\r\n",
            "8-bit octets are in a part that says it is encoded",
        ),
        (b"Content-Type: message/rfc822\r\n\r\n" * (mime.MAX_DEPTH + 1), "its parts are nested more than 100 deep"),
    ],
)
def test_what_cannot_be_converted_without_harm_has_an_obstacle(content, why):
    """
    The words of the obstacle tell a person what to change.
    """
    assert why == obstacle(content)


@pytest.mark.parametrize(
    "content",
    [
        b"DKIM-Signature: x\r\n\r\nplain\r\n",
        SIGNED % b"plain",
        MIXED + b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nDKIM-Signature: x\r\n\r\n\xe4\r\n--b--\r\n",
        MIXED + b"\r\n--b\r\n" + SIGNED % b"plain" + b"--b\r\n\r\n\xe4\r\n--b--\r\n",
    ],
)
def test_a_signature_that_does_not_cover_what_changes_is_no_obstacle(content):
    """
    A signed part next to it stays unchanged. The signature of a forwarded message is broken already, or does not
    matter.
    """
    assert None is obstacle(content)
    assert convert(content).isascii()


def report(kind, status):
    """A multipart/report of another host, with a status part of that kind."""
    return (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n"
        b"--b\r\nContent-Type: message/" + kind + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + status + b"\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--b--\r\n"
    )  # fmt: skip


STATUS = b"Reporting-MTA: dns; x.test\r\n\r\nFinal-Recipient: rfc822; z@x.test\r\nDiagnostic-Code: smtp; 550 "


@pytest.mark.parametrize(
    "kind", [b"delivery-status", b"disposition-notification", b"feedback-report", b"Tracking-Status"]
)
@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"M\xc3\xbcller\r\nX: \xf0\x9f\x93\xa7 y", rb"M\x{FC}ller" + b"\r\nX: " + rb"\x{1F4E7} y"),
        (b"M\xfcller", b"M?ller"),
        (b"x\r\n--b\xc3\xbc", b"x\r\n??b" + rb"\x{FC}"),
        (b"x\r\n--\xfc", b"x\r\n???"),
    ],
)
def test_the_status_of_a_report_becomes_ascii_that_people_can_read(kind, octets, shown):
    """
    RFC 2045 §6.4 and RFC 3464 §2.1 forbid to encode it, and a report that bounces is lost. Programs still find the
    fields. No line of it becomes a delimiter.
    """
    expected = report(kind, STATUS + shown).replace(b": 8bit", b": 7bit")
    expected = expected.replace(b"utf-8\r\n", b"utf-8\r\nContent-Transfer-Encoding: base64\r\n")
    assert expected.replace(b"Gr\xc3\xbc\xc3\x9fe", b"R3LDvMOfZQ==") == convert(report(kind, STATUS + octets))


def test_a_line_of_a_status_does_not_become_too_long():
    """
    RFC 5322 §2.1.1: 998 octets.
    """
    letters = 400
    assert (
        b"\r\n\r\n" + b"?" * letters + b"\r\n"
        == (convert(b"Content-Type: message/delivery-status\r\n\r\n" + b"\xc3\xbc" * letters + b"\r\n")[-letters - 6 :])
    )


@pytest.mark.parametrize("kind", [b"global", b"global-headers", b"global-delivery-status"])
def test_an_internationalized_message_or_report_is_encoded(kind):
    """
    RFC 6532 §3.5 and RFC 6533 lift the ban of RFC 2045 §6.4 for these.
    """
    content = b"Content-Type: message/" + kind + b"\r\n\r\nSubject: Gr\xc3\xbc\xc3\x9fe an alle in der Welt\r\n"
    assert b"Subject: Gr=C3=BC=C3=9Fe an alle in der Welt\r\n" == convert(content).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Transfer-Encoding: 8bits\r\n",
        b"Content-Transfer-Encoding: 8bit (no encoding)\r\n",
        b"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 7bit\r\n",
        b"Content-Type: text\r\n",
        b"Content-Type: text/plain\r\nContent-Type: text/html\r\n",
        b"Content-Type: text/plain (what else)\r\n",
    ],
)
def test_a_harmless_label_does_not_prevent_the_conversion(fields):
    """
    If every reader shows mail in the same way, it must not bounce for sloppy labels.
    """
    result = convert(fields + b"\r\n" + UMLAUT + b"\r\n")
    header, _, body = result.partition(b"\r\n\r\n")
    assert b"Gr=C3=BC=C3=9Fe an alle in der weiten Welt\r\n" == body
    assert 1 == header.count(b"Content-Transfer-Encoding: ")


@pytest.mark.parametrize("label", [b"quoted-printable", b"base64", b"8BIT"])
def test_the_encoding_of_a_multipart_is_replaced(label):
    """
    RFC 2045 §6.4 forbids it there, and readers ignore it.
    """
    before, after = (MIXED + b"Content-Transfer-Encoding: " + each + b"\r\n" for each in (label, b"7bit"))
    part = b"\r\n--b\r\n%b\r\n%b\r\n--b--\r\n"
    encoded = b"Content-Transfer-Encoding: quoted-printable\r\n"
    quoted = b"Gr=C3=BC=C3=9Fe an alle in der weiten Welt"
    assert after + part % (encoded, quoted) == convert(before + part % (b"", UMLAUT))


@pytest.mark.parametrize(
    ("parameter", "boundary"),
    [
        (b'"=_alternative\r\n 005A1B2DC12581D4_="', b"=_alternative 005A1B2DC12581D4_="),
        (b"b; boundary=b", b"b"),
        (b'"b" charset=utf-8', b"b"),
        (b"----=_NextPart_(1)/2:3", b"----=_NextPart_(1)/2:3"),
        (b"b c", b"b c"),
    ],
)
def test_a_sloppy_boundary_that_the_delimiters_confirm_is_no_obstacle(parameter, boundary):
    """
    Without a delimiter of that form it is one.
    """
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=" + parameter + b"\r\n\r\n"
    content = head + b"--" + boundary + b"\r\n\r\n" + UMLAUT + b"\r\n--" + boundary + b"--\r\n"
    assert convert(content).startswith(
        head + b"--" + boundary + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    assert "a multipart has no part" == obstacle(content.replace(b"\r\n--", b"\r\n-x"))


def test_a_part_without_a_header_gets_one():
    """
    The label must not become its first line.
    """
    assert (
        MIXED + b"\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"Gr=C3=BC=C3=9Fe an alle in der weiten Welt\r\n--b--\r\n"
    ) == convert(MIXED + b"\r\n--b\r\n" + UMLAUT + b"\r\n--b--\r\n")


def test_8_bit_octets_outside_of_the_parts_are_encoded_there():
    """
    No reader shows the preamble and the epilogue. The parts stay unchanged.
    """
    content = b"\r\nf\xc3\xbcr alte Leser\r\n--b\r\n\r\nplain\r\n--b--\r\nEnde f\xc3\xbcr alle\r\n"
    expected = b"\r\nf=C3=BCr alte Leser\r\n--b\r\n\r\nplain\r\n--b--\r\nEnde f=C3=BCr alle\r\n"
    label = b"Content-Transfer-Encoding: 7bit\r\n"
    assert MIXED + expected == convert(MIXED + content)
    assert MIXED + label + expected == convert(MIXED + label + content)


@pytest.mark.parametrize(
    ("boundary", "line"),
    [
        (b"b", b"\xe4" + b"x" * 72 + b"--b"),
        (b"b", b"\xe4" + b"x" * 200 + b"--b" + b"-" * 300),
        (b"x=E4", b"--x\xe4"),
        (b"x=E4", b"--x\xe4" + b"-=\xe4" * 100),
        (b"=20", b"-- \r\n" + b"x" * 90 + b"\xe4"),
    ],
)
@pytest.mark.parametrize("place", ["part", "preamble"])
def test_no_encoded_line_is_taken_for_a_delimiter(boundary, line, place):
    """
    The sender chooses the boundary, and could make parts that only the recipient sees.
    """
    head = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n'
    lead = b"" if place == "preamble" else b"--" + boundary + b"\r\n\r\n"
    plain = b"text\r\n" * 40
    content = head + lead + plain + line + b"\r\n--" + boundary + b"\r\n\r\nend\r\n--" + boundary + b"--\r\n"
    result = convert(content)
    parts = 1 if place == "preamble" else 2
    assert (parts, True) == (len(message_from_bytes(result).get_payload()), result.isascii())
    assert all(len(each) <= 76 for each in result.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    if place == "part":
        assert [told[-1] for told in meaning(content)] == [told[-1] for told in meaning(result)]


def test_what_is_known_of_headers_does_not_depend_on_the_rest():
    """
    Whether SMTPUTF8 is needed must be known for signed mail, too.
    """
    assert (False, True) == (
        examine([b"DKIM-Signature: x\r\n\r\n\xe4\r\n"]).has_8bit_header,
        examine([b"DKIM-Signature: x\r\nSubject: \xe4\r\n\r\n\xe4\r\n"]).has_8bit_header,
    )
    assert Examined(True, "its parts cannot be told apart", b"", is_signed=True) == examine(
        [MIXED + b"\r\n--b\r\n" + MIXED + b"\r\n"]
    )
