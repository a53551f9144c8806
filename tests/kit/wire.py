"""
wire - second opinions about octets: the meaning of content, the form of replies

Written in the words of the RFC, one octet or line after the other, to judge the faster code of the sessions.
"""

import re

MAX_REPLY_LINE_OCTETS = 512  # RFC 5321 §4.5.3.1.5, with CRLF
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])([ -])[ -~]*\r\n")
_LINE_END = re.compile(rb"\r{0,65}\n")
_LENIENT_END = re.compile(rb"[\r\n]\.[\r\n]")


def content_of(wire: bytes) -> tuple[bytes, bool]:
    """The meaning of the octets behind 354: content up to the end of data, and whether that was there."""
    wire = b"\r\n" + wire
    end = wire.find(b"\r\n.\r\n")
    text = wire[2 : end + 2] if end >= 0 else wire[2:]
    content, at, is_line_start = bytearray(), 0, True
    while at < len(text):
        if (line_end := _LINE_END.match(text, at)) is not None:
            at = line_end.end()
            content += b"\r\n"
            is_line_start = True
            continue
        if not (is_line_start and text[at : at + 1] == b"."):
            content += b" " if text[at] == 0x0D else text[at : at + 1]
        is_line_start = False
        at += 1
    return bytes(content), end >= 0


def lines_of(octets: bytes, *, is_whole: bool = True) -> bytes:
    """The meaning of octets that came in chunks: lines, the last of them with an end if the message is whole."""
    content, at = bytearray(), 0
    while at < len(octets):
        line_end = _LINE_END.match(octets, at)
        if line_end is not None:
            content += b"\r\n"
            at = line_end.end()
            continue
        content += b" " if octets[at] == 0x0D else octets[at : at + 1]
        at += 1
    if is_whole and content and not content.endswith(b"\n"):
        returns = len(octets) - len(octets.rstrip(b"\r"))
        content = content[: len(content) - min(returns, 64)] + b"\r\n"
    return bytes(content)


def reply_codes(octets: bytes) -> list[int]:
    """
    The codes of whole replies in *octets*, RFC 5321 §4.2.

    Raises:
        AssertionError: a line without CRLF, over 512 octets, with a control character, or with another code than the
        lines before it; a reply without its last line.
    """
    codes: list[int] = []
    open_code = 0
    for line in octets.splitlines(keepends=True):
        match = _REPLY_LINE.fullmatch(line)
        assert match is not None, f"no line of a reply: {line!r}"
        assert len(line) <= MAX_REPLY_LINE_OCTETS
        code = int(match[1])
        assert open_code in (0, code), f"two codes in one reply: {octets!r}"
        open_code = code if match[2] == b"-" else 0
        if not open_code:
            codes.append(code)
    assert open_code == 0, f"a reply without its end: {octets!r}"
    return codes


def may_smuggle(wire: bytes) -> bool:
    """Whether a lenient server might see an end of data in *wire* elsewhere than at its end."""
    return _LENIENT_END.search(b"\r\n" + wire[:-5]) is not None or not (b"\r\n" + wire).endswith(b"\r\n.\r\n")
