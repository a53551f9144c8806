"""
signature - the fields that hold a signature over a message, RFC 6376 §3.5, RFC 8617 §4.1

The DKIM-Signature field, and the two fields of ARC that are like it.  A field is read once; what it says of the message
is checked by verify.py and arc.py.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from empath.authentication.canonical import BodyForm, Canon
from empath.authentication.key_record import Algorithm
from empath.authentication.tags import parse_tags, read_base64, read_number, without_blanks
from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.lookup import Kind, Question

FIELD_OCTETS: Final = 16_384  # length up to which a field is read
CLOCK_SKEW_S: Final = 3_600  # so much later than now a signature may say that it was made
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MOST_NAME_OCTETS: Final = 253
_MOST_INSTANCES: Final = 50  # RFC 8617 §4.2.1
_INSTANCE: Final = re.compile(r"[1-9][0-9]?")
_METHOD: Final = "dns/txt"
_ALGORITHMS: Final = {str(each): each for each in Algorithm}  # to call an Enum with a value takes longer
_CANONS: Final = {str(each): each for each in Canon}
_WHOLE: Final = BodyForm(Canon.RELAXED)


class Signature(NamedTuple):
    """
    One signature.

    Shape: domain and selector in lower case, in A-labels; names are those of the signed fields, in lower case, in their
    order; body has the hash of the body, b"" in an ARC-Seal; identity is i= whole, None where it is left out;
    signed_at and expires_at are instants, None where left out; mark is the beginning of b=, which tells several
    signatures of one domain apart.
    """

    algorithm: Algorithm
    domain: str
    selector: str
    value: bytes
    mark: str
    header_canon: Canon = Canon.RELAXED
    body_form: BodyForm = _WHOLE
    body: bytes = b""
    names: tuple[bytes, ...] = ()
    identity: str | None = None
    signed_at: int | None = None
    expires_at: int | None = None

    @property
    def question(self) -> Question:
        """Where its key is, RFC 6376 §3.6.2.1."""
        return Question(f"{self.selector}._domainkey.{self.domain}", Kind.TXT)

    @property
    def identity_domain(self) -> str:
        """The domain of its identity."""
        return self.domain if self.identity is None else _a_labels(self.identity.rpartition("@")[2]).lower()


def read_tags(octets: bytes) -> dict[str, str]:
    """
    The tags of a field, given with its name.

    Raises:
        SyntaxViolation: it is too long, or its value is no list of tags.
    """
    if len(octets) > FIELD_OCTETS:
        raise SyntaxViolation(f"it is longer than {FIELD_OCTETS} octets")
    return parse_tags(octets.partition(b":")[2].decode("latin-1"))


def parse_signature(octets: bytes) -> Signature:
    """
    Read a DKIM-Signature field, given with its name.

    Raises:
        SyntaxViolation: it is none that can be checked.
    """
    tags = read_tags(octets)
    if _needed(tags, "v") != "1":
        raise SyntaxViolation("it has another version")
    identity = tags.get("i")
    header_canon, body_canon = _canon(tags, default="simple")
    signature = _signature(
        tags,
        header_canon=header_canon,
        body_form=BodyForm(body_canon, read_number("l", tags["l"]) if "l" in tags else None),
        body=read_base64(_needed(tags, "bh")),
        names=_names(_needed(tags, "h")),
        identity=identity,
    )
    if _METHOD not in without_blanks(tags.get("q", _METHOD)).split(":"):
        raise SyntaxViolation("q= has no known way to the key")
    if identity is not None and "@" not in identity:
        raise SyntaxViolation("i= is no identity")
    if not f".{signature.identity_domain}".endswith(f".{signature.domain}"):
        raise SyntaxViolation("i= is outside of d=")
    if b"from" not in signature.names:
        raise SyntaxViolation("From is not signed")
    return signature


def parse_message_signature(tags: Mapping[str, str]) -> Signature:
    """
    Read the *tags* of an ARC-Message-Signature.

    Raises:
        SyntaxViolation: it is none that can be checked.
    """
    header_canon, body_canon = _canon(tags, default="relaxed/relaxed")
    signature = _signature(
        tags,
        header_canon=header_canon,
        body_form=BodyForm(body_canon, read_number("l", tags["l"]) if "l" in tags else None),
        body=read_base64(_needed(tags, "bh")),
        names=_names(_needed(tags, "h", may_be_empty=True)),
    )
    if b"arc-seal" in signature.names:
        raise SyntaxViolation("it signs an ARC-Seal")
    return signature


def parse_seal(tags: Mapping[str, str]) -> Signature:
    """
    Read the *tags* of an ARC-Seal.

    Raises:
        SyntaxViolation: it is none that can be checked.
    """
    if "h" in tags or "bh" in tags:
        raise SyntaxViolation("a seal has no h= or bh=")
    return _signature(tags)


def instance_of(tags: Mapping[str, str]) -> int:
    """
    The instance of a field of ARC, RFC 8617 §4.2.1.

    Raises:
        SyntaxViolation: it has none.
    """
    text = tags.get("i", "")
    if _INSTANCE.fullmatch(text) is None or int(text) > _MOST_INSTANCES:
        raise SyntaxViolation(f"i= is not 1 to {_MOST_INSTANCES}")
    return int(text)


def time_fault(signature: Signature, now: float) -> str | None:
    """What the instants of *signature* have against it, None if nothing."""
    if signature.signed_at is not None and signature.signed_at > now + CLOCK_SKEW_S:
        return "it is of the future"
    if signature.expires_at is not None and signature.expires_at < now:
        return "it has expired"
    return None


def _signature(
    tags: Mapping[str, str],
    *,
    header_canon: Canon = Canon.RELAXED,
    body_form: BodyForm = _WHOLE,
    body: bytes = b"",
    names: tuple[bytes, ...] = (),
    identity: str | None = None,
) -> Signature:
    signed_at = read_number("t", tags["t"]) if "t" in tags else None
    expires_at = read_number("x", tags["x"]) if "x" in tags else None
    if signed_at is not None and expires_at is not None and expires_at < signed_at:
        raise SyntaxViolation("x= is before t=")
    domain, selector = _domain_name(tags, "d"), _domain_name(tags, "s")
    if len(selector) + len("._domainkey.") + len(domain) > _MOST_NAME_OCTETS:
        raise SyntaxViolation("s= and d= together are too long for a name")
    value = without_blanks(_needed(tags, "b", may_be_empty=True))
    return Signature(
        algorithm=_algorithm(_needed(tags, "a")),
        domain=domain,
        selector=selector,
        value=read_base64(value),
        mark=value[:8],
        header_canon=header_canon,
        body_form=body_form,
        body=body,
        names=names,
        identity=identity,
        signed_at=signed_at,
        expires_at=expires_at,
    )


def _needed(tags: Mapping[str, str], name: str, *, may_be_empty: bool = False) -> str:
    value = tags.get(name)
    if value is None or not (value or may_be_empty):
        raise SyntaxViolation(f"{name}= is missing")
    return value


def _algorithm(text: str) -> Algorithm:
    algorithm = _ALGORITHMS.get(text)
    if algorithm is None:
        raise SyntaxViolation("a= is no known algorithm")
    return algorithm


def _canon(tags: Mapping[str, str], *, default: str) -> tuple[Canon, Canon]:
    header, _, body = tags.get("c", default).partition("/")
    forms = _CANONS.get(header), _CANONS.get(body or "simple")
    if forms[0] is None or forms[1] is None:
        raise SyntaxViolation("c= is no known form")
    return forms[0], forms[1]


def _domain_name(tags: Mapping[str, str], name: str) -> str:
    text = _a_labels(_needed(tags, name)).lower()
    if len(text) > _MOST_NAME_OCTETS or _NAME.fullmatch(text) is None:
        raise SyntaxViolation(f"{name}= is no name")
    return text


def _a_labels(name: str) -> str:
    """A name as the DNS has it. U-labels are UTF-8, RFC 8616 §5; what is no name stays as it is, and fits nothing."""
    if name.isascii() or len(name) > _MOST_NAME_OCTETS:
        return name
    try:
        return str(Domain.parse(name.encode("latin-1").decode()))
    except (SyntaxViolation, UnicodeDecodeError):
        return name


def _names(value: str) -> tuple[bytes, ...]:
    return tuple(without_blanks(value).lower().encode("latin-1").split(b":"))
