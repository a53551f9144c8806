"""Replies from octets: RFC 5321 §4.2, and the octets of real peers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply
from empath.smtp.client.reply_reader import (
    KEPT_CHARACTERS,
    KEPT_LINES,
    MAX_LINE_OCTETS,
    MAX_REPLY_LINES,
    MAX_REPLY_OCTETS,
    ReplyReader,
)
from tests.kit import strategies


def read(*pieces: bytes) -> list[Any]:
    """All replies in *pieces*, and the text about the first octets that are not a reply."""
    reader = ReplyReader()
    found: list[Any] = []
    for piece in pieces:
        reader.receive(piece)
        try:
            while (reply := reader.next_reply()) is not None:
                found.append(reply)
        except SyntaxViolation as exc:
            return [*found, str(exc)]
    return found


@given(replies=st.lists(strategies.replies(), max_size=4))
def test_a_reply_survives_the_wire(replies):
    """
    Two hosts that run Empath understand each other.
    """
    assert replies == read(b"".join(reply.octets for reply in replies))


@given(data=st.data(), replies=st.lists(strategies.replies(), max_size=3), tail=st.binary(max_size=20))
def test_replies_do_not_depend_on_how_octets_are_cut(data, replies, tail):
    """
    TCP has no message borders.
    """
    octets = b"".join(reply.octets for reply in replies) + tail
    assert read(octets) == read(*data.draw(strategies.pieces(octets)))


LINE = st.sampled_from([
    b"250 2.1.0 Ok\r\n", b"250 Ok\n", b"354 Go ahead\r\n", b"250-more\r\n", b"noise\r\n", b"451 4.2.1 Later", b"\n",
    b"550 5.1.1 " + b"x" * 90 + b"\r\n", b"250 " + b"x" * 400 + b"\r\n",
])  # fmt: skip


@given(pieces=st.lists(st.lists(LINE, max_size=5).map(b"".join), max_size=3))
def test_replies_that_come_together_are_those_that_come_one_by_one(pieces):
    """
    The answers to a group of commands are looked up as one, and mean the same.
    """
    reader = ReplyReader()
    found: list[Any] = []
    for piece in pieces:
        whole = reader.taken_whole(piece)
        if whole is not None:
            found += whole
            continue
        reader.receive(piece)
        try:
            while (reply := reader.next_reply()) is not None:
                found.append(reply)
        except SyntaxViolation as exc:
            found.append(str(exc))
            break
    assert read(*pieces) == found


def test_replies_that_come_together_are_not_taken_behind_a_part_of_one():
    """
    The rest of a reply is none by itself.
    """
    reader = ReplyReader()
    reader.receive(b"250-first\r\n")
    assert reader.next_reply() is None
    assert reader.taken_whole(b"250 last\r\n") is None
    reader.receive(b"250 last\r\n25")
    assert reader.next_reply() == Reply.of("250 first\nlast")
    assert reader.taken_whole(b"0 Ok\r\n") is None


@given(octets=st.binary(max_size=200))
def test_no_octets_make_more_than_a_syntax_violation(octets):
    """
    The peer may be no SMTP server.
    """
    read(octets)


@pytest.mark.parametrize(
    ("octets", "code", "enhanced", "text"),
    [
        (b"250 Ok\r\n", 250, None, "Ok"),
        (b"250\r\n", 250, None, ""),
        (b"250 \r\n", 250, None, ""),
        (b"250 Ok\n", 250, None, "Ok"),
        (b"250 2.1.5 Ok\r\n", 250, "2.1.5", "Ok"),
        (b"250 2.1.5\r\n", 250, "2.1.5", ""),
        (b"250 2.1.5x Ok\r\n", 250, None, "2.1.5x Ok"),
        (b"250 2.01.5 Ok\r\n", 250, None, "2.01.5 Ok"),
        (b"250 5.1.5 Ok\r\n", 250, None, "5.1.5 Ok"),
        (b"250-a\r\n250 b\r\n", 250, None, "a\nb"),
        (b"250-\r\n250\r\n", 250, None, "\n"),
        (b"550-5.1.1 a\r\n550 5.1.1 b\r\n", 550, "5.1.1", "a\nb"),
        (b"550-5.1.1 a\r\n550 b\r\n", 550, None, "5.1.1 a\nb"),
        (b"550-a\r\n550 5.1.1 b\r\n", 550, "5.1.1", "a\nb"),
        (b"550-5.1.2 a\r\n550 5.1.1 b\r\n", 550, "5.1.1", "5.1.2 a\nb"),
        (b"250 a\x00\xff\rb\r\n", 250, None, "a\x00\udcff\rb"),
        ("550 Postfach überfüllt\r\n".encode(), 550, None, "Postfach überfüllt"),
        (b"250 " + b"a" * 2000 + b"\r\n", 250, None, "a" * 2000),
    ],
)
def test_a_reply_is_taken_as_peers_write_it(octets, code, enhanced, text):
    """
    Mail must not fail for a bare LF, long lines, NUL, 8-bit octets, or a status that is missing or of a wrong class.
    """
    status = EnhancedStatus.parse(enhanced) if enhanced else None
    replies = read(octets)
    assert ([Reply(code, status, text)], [True]) == (replies, [reply.is_from_host for reply in replies])


@pytest.mark.parametrize(
    ("octets", "code"),
    [(b"250-a\r\n550 b\r\n", 550), (b"550-a\r\n250 b\r\n", 250), (b"450-a\r\n250-b\r\n421 c\r\n", 421)],
)
def test_of_mixed_codes_the_last_line_decides(octets, code):
    """
    RFC 5321 §4.2.1 lets a client rely on any line; Postfix relies on the last, and peers are tested with Postfix.
    """
    assert [code] == [reply.code for reply in read(octets)]


@pytest.mark.parametrize(
    "octets",
    [b"\r\n", b"Ok\r\n", b"25 Ok\r\n", b"2500 Ok\r\n", b"150 Ok\r\n", b"650 Ok\r\n", b"250_Ok\r\n", b"250-a\r\nb\r\n"],
)
def test_what_is_no_reply_is_refused(octets):
    """
    With pipelining, a guess about one reply would be a guess about all that follow.
    """
    assert ["not a reply"] == [found[:11] for found in read(octets)]


def test_what_is_refused_is_shown_in_short():
    """
    The text goes into a log line.
    """
    assert 100 > len(read(b"x" * 5000 + b"\n")[0])


@pytest.mark.parametrize(
    "octets",
    [
        b"250 " + b"a" * MAX_LINE_OCTETS,
        b"250 " + b"a" * MAX_LINE_OCTETS + b"\r\n",
        b"250-a\r\n" * MAX_REPLY_LINES + b"250 b\r\n",
        (b"250-" + b"a" * 1000 + b"\r\n") * (MAX_REPLY_OCTETS // 1000),
    ],
)
@pytest.mark.parametrize("size", [1000, 1_000_000])
def test_a_reply_without_end_is_refused(octets, size):
    """
    A peer cannot use up memory, however it cuts its octets.
    """
    pieces = [octets[start : start + size] for start in range(0, len(octets), size)]
    assert read(*pieces) in (["a line of over 65536 octets"], ["a reply of over 1048576 octets or 10000 lines"])


def test_a_reply_within_bounds_is_read():
    """
    The bound holds for one reply, not for a session.
    """
    reply = b"250-a\r\n" * (MAX_REPLY_LINES - 1) + b"250 " + b"b" * 60000 + b"\r\n"
    assert [250] * 3 == [found.code for found in read(reply, reply, reply)]


@pytest.mark.parametrize("size", [1000, 10_000_000])
@pytest.mark.parametrize(("words", "count"), [(b"a", 9000), (b"b" * 1000, 900), (b"c" * 65_000, 15)])
def test_of_a_very_long_reply_the_first_line_and_the_last_ones_are_kept(words, count, size):
    """
    Some banners are a page of legal text, and mail must not fail for it. Its memory is bounded.
    """
    octets = b"220-first\r\n" + (b"220-" + words + b"\r\n") * count + b"220-near\r\n220 last\r\n"
    [reply] = read(*(octets[start : start + size] for start in range(0, len(octets), size)))
    lines = reply.text.split("\n")
    assert (220, "first", "near", "last") == (reply.code, lines[0], lines[-2], lines[-1])
    assert (True, True) == (len(lines) <= KEPT_LINES, len(reply.text) <= KEPT_CHARACTERS + KEPT_LINES)


NOISE = [b"\r\n", b"\n", b"ld.so.1: warning: libz.so: not found\r\n", b"220_\r\n"]


@pytest.mark.parametrize("noise", [*NOISE, b"".join(NOISE)])
def test_noise_before_the_first_reply_is_passed_over_where_it_is_allowed(noise):
    """
    A loader or a shell may write lines before the server does.
    """
    reader = ReplyReader(noise_lines=4)
    reader.receive(noise)
    assert (None, False) == (reader.next_reply(), reader.is_midway)
    reader.receive(b"220-a\r\n220 b\r\n\r\n")
    reply = reader.next_reply()
    assert reply is not None
    assert "a\nb" == reply.text
    reader.allow_noise(0)
    with pytest.raises(SyntaxViolation):
        reader.next_reply()


def test_noise_between_and_within_replies_is_passed_over_where_it_is_allowed():
    """
    Without pipelining a host has one answer to give, so a line that is not a reply shifts nothing.
    """
    reader = ReplyReader(noise_lines=4)
    reader.receive(b"220 a\r\n\r\n\r\n250-b\r\nsee http://x.test\r\n\r\n250 c\r\n\x00250 d\r\n")
    replies = [reader.next_reply() for _ in range(4)]
    assert [(220, "a"), (250, "b\nc"), (250, "d")] == [(reply.code, reply.text) for reply in replies if reply]


STRAY = [
    b"\xef\xbb\xbf",
    b"\x00",
    b"\x00\x00 \t",
    b"\xff\xfb\x01\xff\xfd\x1f",
    b"\xff\xfd%\xff\xfb&",
    b"\xff",
    b"\xff\xf1",
    b"\r\x1b",
]


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("noise", [b"", b"ld.so.1: warning\r\n"])
def test_the_first_reply_is_read_behind_stray_octets(stray, noise):
    """
    A byte order mark, NUL or options of telnet. Taken for noise, the banner would be awaited for minutes in vain.
    """
    reader = ReplyReader(noise_lines=4)
    reader.receive(noise + stray + b"220-a\r\n220 b\r\n" + stray + b"250 c\r\n")
    reply = reader.next_reply()
    assert reply is not None
    assert (220, "a\nb") == (reply.code, reply.text)
    reader.allow_noise(0)
    with pytest.raises(SyntaxViolation):
        reader.next_reply()


def test_stray_octets_are_no_way_around_the_noise_limit():
    """
    Another protocol behind them is still another protocol, and reading them takes linear time.
    """
    for octets in (b"\xff\xfb\x01SSH-2.0-x\r\n", b"\x00\r\n" * 5, b"\xff\xfb\x01" * 20_000 + b"x\r\n" * 5):
        reader = ReplyReader(noise_lines=4)
        reader.receive(octets)
        with pytest.raises(SyntaxViolation):
            reader.next_reply()


@pytest.mark.parametrize(
    "noise",
    [
        b"x\r\n" * 5,
        b"x\r\n" * 3 + b"220-a\r\n" + b"x\r\n" * 2,
        b"SSH-2.0-x\r\n",
        b"* OK IMAP4\r\n",
        b"+OK\r\n",
        b"600 a\r\n",
        b"199-a\r\n",
        b"099\r\n",
    ],
)
def test_noise_has_a_bound(noise):
    """
    Another protocol is not noise, and neither is a reply with a code that no reply has: the reader would wait in vain.
    """
    reader = ReplyReader(noise_lines=4)
    reader.receive(noise + b"220 b\r\n")
    with pytest.raises(SyntaxViolation):
        reader.next_reply()


def test_nothing_is_kept_of_what_was_refused():
    """
    The rest may be endless.
    """
    reader = ReplyReader()
    reader.receive(b"250-a\r\nb\r\n250 half")
    with pytest.raises(SyntaxViolation):
        reader.next_reply()
    assert not reader.is_midway


def test_a_reader_knows_whether_half_a_reply_is_there():
    """
    A session that sends a command now would take that half for the beginning of the answer.
    """
    reader = ReplyReader()
    seen = []
    for octets in (b"2", b"50-a\r\n", b"250 b\r", b"\n"):
        reader.receive(octets)
        reader.next_reply()
        seen.append(reader.is_midway)
    assert [True, True, True, False] == seen
