"""
handler - how a request is read: how large its head may be, and where its body ends

A proxy in front of this process and the process itself must agree where a request ends: else a part of one is taken for
the next (request smuggling, RFC 9112, section 11.2). gevent guesses where a head is ambiguous. Here it gets 400.
"""

import re
from email.errors import FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect
from http.client import HTTPException
from typing import Any, Final, cast

import gevent
from gevent.pywsgi import WSGIHandler

MOST_HEAD_OCTETS: Final = 32_768  # without the request line; browsers and proxies send a few thousand
_MOST_DIGITS: Final = 18
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ABSOLUTE: Final = re.compile(r"https?://([^/?#@\\]+)/?([^#]*)", re.IGNORECASE)
_NO_HEADER: Final = (
    *(FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect),
    MissingHeaderBodySeparatorDefect,  # a line without a colon: what comes behind it would count as the body
)


class _Head:
    """The lines of one head, up to a bound."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines
        self._left = MOST_HEAD_OCTETS

    def readline(self, limit: int) -> bytes:
        """
        The next line.

        Raises:
            ValueError: the head is too long, or there is a CR or NUL in it, which programs read differently.
        """
        line: bytes = self._lines.readline(min(limit, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise ValueError(f"a head has at most {MOST_HEAD_OCTETS} octets")
        if b"\r" in line.removesuffix(b"\n").removesuffix(b"\r") or b"\0" in line:
            raise ValueError("a head has a CR or NUL in a line")
        return line


class Handler(WSGIHandler):
    """Reads the requests of one connection."""

    def MessageClass(self, rfile: Any, *args: Any) -> Any:
        """The header fields of a request."""
        headers = super().MessageClass(cast("Any", _Head(rfile)), *args)
        _check(headers)
        return headers

    def read_request(self, raw_requestline: str) -> Any:
        """
        Read a head.

        Raises:
            ValueError: it is none. gevent prints any other exception, so that a client could fill the log of the host.
        """
        try:
            is_read = super().read_request(raw_requestline)
        except (LookupError, OSError, HTTPException) as exc:
            raise ValueError(str(exc)) from exc
        absolute = _ABSOLUTE.fullmatch(self.path or "")
        if (
            absolute is not None
        ):  # clients of a proxy send it; its host counts whatever Host says, RFC 9112, section 3.2.2
            del self.headers["Host"]
            self.headers["Host"], self.path = absolute[1], f"/{absolute[2]}"
        return is_read

    def handle_error(self, kind: Any, error: Any, trace: Any) -> None:
        """
        Answer what went wrong under way.

        A client that went away, or that did not read its answer in time, gets none. gevent would print a traceback, and
        wait for it once more.
        """
        if issubclass(kind, OSError | gevent.Timeout | gevent.GreenletExit):
            self.close_connection = True
        else:
            super().handle_error(kind, error, trace)

    def _connection_upgrade_requested(self) -> bool:
        return False  # a body has its length whatever the client would like to speak next


def _check(headers: Any) -> None:
    """
    See that all programs read *headers* alike.

    Raises:
        ValueError: they may not.
    """
    if any(isinstance(defect, _NO_HEADER) for defect in headers.defects):
        raise ValueError("a line of the head is no header field")
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or "\n" in value:
            raise ValueError("a header field has another name than a token, or goes on in the next line")
    codings, lengths = headers.get_all("Transfer-Encoding", []), headers.get_all("Content-Length", [])
    if codings and ([each.strip().lower() for each in codings] != ["chunked"] or lengths):
        raise ValueError("the length of the body is not clear")
    if lengths and not (len(lengths) == 1 and lengths[0].isascii() and lengths[0].strip().isdigit()):
        raise ValueError("the length of the body is not a number")
    if lengths and len(lengths[0].strip()) > _MOST_DIGITS:
        raise ValueError("the body is too long")
    if len(headers.get_all("Host", [])) > 1:
        raise ValueError("there is more than one Host")
