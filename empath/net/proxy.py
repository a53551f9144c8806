"""
proxy - read the header of a proxy from a connection, and not one octet more

What follows the header belongs to the client: the beginning of TLS, or octets that came before the banner.
"""

import time

from empath.errors import EmpathError, SyntaxViolation
from empath.net.proxy_header import MAX_OCTETS, ProxyHeader, read_proxy_header
from empath.net.stream import Stream, StreamClosed, StreamTimeout


class NoProxyHeader(EmpathError):
    """The proxy did not send a header; the text says what it did."""


def receive_proxy_header(stream: Stream, within_s: float) -> ProxyHeader:
    """
    Wait for the header, for at most *within_s* seconds.

    Raises:
        NoProxyHeader: it did not come whole and in time, or there is something else in its place.
    """
    stream.deadline_at = time.monotonic() + within_s
    taken = b""
    try:
        while True:
            octets = stream.peek(MAX_OCTETS - len(taken))
            if not octets:
                raise NoProxyHeader("the connection was closed before the header of PROXY was complete")
            header = read_proxy_header(taken + octets)
            if header is not None:
                stream.skip(header.size - len(taken))
                stream.deadline_at = None
                return header
            stream.skip(len(octets))
            taken += octets
    except SyntaxViolation as exc:
        raise NoProxyHeader(str(exc)) from exc
    except StreamClosed as exc:
        raise NoProxyHeader(f"the connection broke before the header of PROXY was complete: {exc}") from exc
    except StreamTimeout as exc:
        raise NoProxyHeader(f"the header of PROXY was not complete after {within_s:g} s") from exc
