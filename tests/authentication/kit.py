"""kit - messages and keys for the tests of signatures"""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache

from empath.authentication.arriving import ArrivingMessage
from empath.authentication.canonical import BodyForm, Canon, Digests, SignedFields, relaxed
from empath.authentication.sign import SIGNED_FORM, names_to_sign, sign
from empath.authentication.signing_key import SigningKey
from empath.authentication.verify import DkimResult, signatures_of, verify_dkim, wanted_forms
from empath.message.fields import Fields
from tests.kit.vectors import driven, vectors

NOW = 1_800_000_000
TEXTS: dict[str, str] = vectors("dkim-signed")["txt"]
MESSAGE = (
    b"From: Joe <joe@example.com>\r\nTo: a@b.example\r\nSubject: s\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700\r\n"
    b"\r\ntext\r\n"
)


@cache
def key(selector: str) -> SigningKey:
    """The private key of a selector at example.com: r is RSA, e is Ed25519."""
    return SigningKey.parse(vectors("dkim-signed")["private_keys"][selector].encode())


def cut(message: bytes) -> tuple[bytes, bytes]:
    """The header and the body of *message*."""
    if message.startswith(b"\r\n"):
        return b"", message[2:]
    header, end, body = message.partition(b"\r\n\r\n")
    return header + b"\r\n" * bool(end), body


def fields_of(message: bytes) -> SignedFields:
    """The header of *message*."""
    return SignedFields(Fields.of(cut(message)[0]))


def digests_of(message: bytes, *forms: BodyForm, step: int = 1000) -> Digests:
    """The digests of *forms* of the body, or of the forms that its signatures have."""

    def wanted(fields: SignedFields) -> list[BodyForm]:
        found = [each for _, each in signatures_of(fields) if not isinstance(each, str)]
        return list(forms) or wanted_forms(found)

    arriving = ArrivingMessage(10_000_000, [wanted])
    for start in range(0, len(message), step):
        arriving.feed(message[start : start + step], is_headerless=False)
    arriving.finish()
    return arriving.digests


def judged(message: bytes, texts: Mapping[str, str | None] | None = None, now: float = NOW) -> list[DkimResult]:
    """What becomes of the signatures of *message*."""
    search = verify_dkim(fields_of(message), digests_of(message), now)
    return driven(search, TEXTS if texts is None else texts)


def signed(message: bytes = MESSAGE, selectors: str = "re", expires_at: int | None = None, now: int = NOW) -> bytes:
    """*message* with a signature for each of *selectors*."""
    fields = fields_of(message)
    digest = digests_of(message, SIGNED_FORM)[SIGNED_FORM].sha256
    keys = [(selector, key(selector)) for selector in selectors]
    names = names_to_sign(fields)
    return sign(fields, digest, keys, domain="example.com", names=names, now=now, expires_at=expires_at) + message


def with_signature(tags: bytes, message: bytes = MESSAGE, private: SigningKey | None = None) -> bytes:
    """*message* with a true signature of RSA that has these *tags*, besides bh= and b=, where they are not there."""
    digest = digests_of(message, SIGNED_FORM)[SIGNED_FORM].sha256
    if b"bh=" not in tags:
        tags += b"; bh=" + b64encode(digest)
    field = b"DKIM-Signature: " + tags + b"; b="
    names = next((tag[2:].split(b":") for tag in tags.replace(b" ", b"").split(b";") if tag.startswith(b"h=")), [])
    data = fields_of(message).chosen(names, Canon.RELAXED) + relaxed(field).removesuffix(b"\r\n")
    return field + b64encode((private or key("r")).sign(data)) + b"\r\n" + message


TAGS = b"v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=r; h=from:to:subject:date"
