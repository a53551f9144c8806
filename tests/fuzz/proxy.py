"""
proxy - the octets that a proxy sends in front of a connection

Promises: any octets are a header, the beginning of one, or none; more octets change no answer; a whole header is
bounded, and the octets behind it are not read.
"""

from empath.errors import SyntaxViolation
from empath.net.proxy_header import MAX_OCTETS, ProxyHeader, read_proxy_header
from tests.fuzz.case import Case


def check(case: Case) -> list[str]:
    """
    Read what came, octet by octet up to the limit.

    Raises:
        AssertionError: a promise is broken.
    """
    octets = b"".join(case.turns)
    last: ProxyHeader | str | None = None
    for end in range(min(len(octets), MAX_OCTETS + 1) + 1):
        answer = _answer(octets[:end])
        assert last is None or answer == last
        assert answer is not None or end < MAX_OCTETS
        last = answer
    assert last is None or last == _answer(octets)
    if not isinstance(last, ProxyHeader):
        return [_version(octets), "incomplete" if last is None else last]
    assert 0 < last.size <= MAX_OCTETS
    assert last == _answer(octets[: last.size] + bytes(9))
    return [_version(octets), "no client" if last.client is None else f"client on IPv{last.client.version}"]


def _version(octets: bytes) -> str:
    return "line" if octets.startswith(b"P") else "binary"


def _answer(octets: bytes) -> ProxyHeader | str | None:
    try:
        return read_proxy_header(octets)
    except SyntaxViolation as exc:
        return str(exc)
