"""
sign - a signature over a message, RFC 6376 §5

Header and body are signed in relaxed form, so that a signature bears what hosts on the way do to blanks and folds.
A field that is signed once more than it is there cannot be added later: a reader who shows the last of two From fields
sees the signed one or a broken signature.
"""

import base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from empath.authentication.canonical import BodyForm, Canon, SignedFields, relaxed
from empath.authentication.signing_key import SigningKey

SIGNED_FORM: Final = BodyForm(Canon.RELAXED)  # the form of a body whose hash a signature of ours has
SEALED: Final = (  # none of these may be added to a signed message
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
)  # fmt: skip
KEPT: Final = (  # signed if they are there; lists and readers add them in good faith, RFC 8058 §4
    b"sender", b"content-disposition", b"list-unsubscribe", b"list-unsubscribe-post", b"list-id", b"list-help",
    b"list-subscribe", b"list-post", b"list-owner", b"list-archive", b"auto-submitted",
    b"resent-from", b"resent-to", b"resent-cc", b"resent-date", b"resent-message-id", b"resent-sender",
)  # fmt: skip
_COVERED: Final = frozenset((*SEALED, *KEPT))
_MOST_OF_A_NAME: Final = 20  # so often a field may be there and be signed
_MOST_KNOWN: Final = 40  # fields of a header whose names are remembered: a hostile one has thousands
_NAMES_OCTETS: Final = 70
_VALUE_OCTETS: Final = 72
_CRLF: Final = b"\r\n"


def names_to_sign(fields: SignedFields) -> tuple[bytes, ...]:
    """The names of the fields that a signature of this header covers, one as often as it is to be signed."""
    there = tuple([name for name in fields.fields.names if name in _COVERED])
    return _names(there) if len(there) <= _MOST_KNOWN else _names.__wrapped__(there)


@lru_cache(maxsize=256)  # the mail of one program has the same fields
def _names(there: tuple[bytes, ...]) -> tuple[bytes, ...]:
    names: list[bytes] = []
    for name in SEALED:
        names += [name] * (min(there.count(name), _MOST_OF_A_NAME) + 1)
    for name in KEPT:
        names += [name] * min(there.count(name), _MOST_OF_A_NAME)
    return tuple(names)


def sign(
    fields: SignedFields,
    body: bytes,
    keys: Sequence[tuple[str, SigningKey]],
    *,
    domain: str,
    names: Sequence[bytes],
    now: int,
    expires_at: int | None = None,
) -> bytes:
    """
    A DKIM-Signature field with each key.

    Args:
        fields: the header.
        body: SHA-256 of the body in SIGNED_FORM.
        keys: selectors with their private keys, whose public parts are the records of these at *domain*.
        domain: who takes responsibility.
        names: of the fields to sign.
        now: the instant, in whole seconds.
        expires_at: the instant after which the signatures say nothing.
    """
    chosen = fields.chosen(names, Canon.RELAXED)
    instants = b"t=%d;" % now if expires_at is None else b"t=%d; x=%d;" % (now, expires_at)
    common = b"\r\n %b\r\n h=%b;\r\n bh=%b;\r\n b=" % (instants, _in_words(tuple(names)), base64.b64encode(body))
    signed: list[bytes] = []
    for selector, key in keys:
        said = (key.algorithm.encode(), domain.encode(), selector.encode())
        field = b"DKIM-Signature: v=1; a=%b; c=relaxed/relaxed;\r\n d=%b; s=%b;" % said + common
        signed += (field, _in_lines(base64.b64encode(key.sign(chosen + relaxed(field).removesuffix(_CRLF)))), _CRLF)
    return b"".join(signed)


@lru_cache(maxsize=256)  # as many as there are of `_names`; a name is there 21 times at most
def _in_words(names: tuple[bytes, ...]) -> bytes:
    """The value of an h=, a line for so many names as have room."""
    lines = [b""]
    for name in names:
        if len(lines[-1]) + len(name) > _NAMES_OCTETS:
            lines.append(b"")
        lines[-1] += name + b":"
    return b"\r\n ".join(lines).removesuffix(b":")


def _in_lines(text: bytes) -> bytes:
    """The value of a b= that begins a line."""
    first = _VALUE_OCTETS - len(b"b=")
    rest = (text[start : start + _VALUE_OCTETS] for start in range(first, len(text), _VALUE_OCTETS))
    return b"\r\n ".join((text[:first], *rest))
