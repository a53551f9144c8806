"""
letters - bodies by which programs send mail, of any form

Promises: a body is read or refused with a sentence, without another exception; what is written is a message with no
other fields than those that were asked for, lines that end in CRLF and are short enough, and a recipient's value is in
no other place than its own.
"""

import json
from typing import Any

from empath.daemon.httpd.api.bodies import read_model
from empath.daemon.httpd.api.message_models import MessageRequest
from empath.daemon.httpd.injection.reading import hold_of, messages_of
from empath.daemon.httpd.problems import Problem
from empath.errors import SyntaxViolation
from empath.message.fields import Fields
from tests.fuzz.case import Case

_OWN = {b"from", b"to", b"cc", b"reply-to", b"subject", b"mime-version", b"content-type", b"content-transfer-encoding"}


def check(case: Case) -> list[str]:
    """
    Read the body that the turns make, and write its messages.

    Raises:
        AssertionError: a promise is broken.
    """
    reached = []
    for turn in case.turns[:5]:
        try:
            asked: Any = read_model(MessageRequest, turn)
            hold_of(asked.send_at)
            _, items = messages_of(asked)
        except (Problem, SyntaxViolation) as exc:
            reached.append(type(exc).__name__)
            continue
        is_raw = asked.raw is not None or asked.raw_base64 is not None
        for item in items[:20]:
            try:
                octets = b"".join(item.pieces())
            except SyntaxViolation:
                reached.append("refused")
                continue
            reached.append("raw" if is_raw else "written")
            if octets and not is_raw:
                _judge(octets, {name.lower().encode() for name in asked.headers})
    return reached


def _judge(octets: bytes, given: set[bytes]) -> None:
    header, _, body = octets.partition(b"\r\n\r\n")
    names = set(Fields.of(header + b"\r\n").names)
    assert names <= _OWN | given, f"fields that nobody asked for: {names - _OWN - given}"
    assert b"\n" not in octets.replace(b"\r\n", b""), "a bare line feed"
    assert b"\r" not in octets.replace(b"\r\n", b""), "a bare carriage return"
    assert max(map(len, octets.split(b"\r\n"))) <= 998, "a line that is too long"
    assert body.isascii(), "a body that a host may have to change"


def body_of(values: dict[str, Any]) -> bytes:
    """The octets of a body."""
    return json.dumps(values).encode()
