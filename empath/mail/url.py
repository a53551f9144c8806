"""url - addresses of HTTP endpoints and message brokers to which this host sends something"""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from empath.errors import SyntaxViolation

_USER: Final = re.compile(r"(?<=://)[^/?#\s]*@")
_HERE = ("127.0.0.1", "::1", "localhost")


def parse_secure_url(text: str) -> SplitResult:
    """
    Read an `https:` URL, or an `http:` one of this host: what is sent must not be read on the way.

    Raises:
        SyntaxViolation: *text* is neither, has a user in it, or a character that no URL has.
    """
    words = f"not a URL: {_shown(text)} (use https://host/path, or http:// for 127.0.0.1, [::1] or localhost)"
    parts = _parsed(text, words)
    if not is_private(parts):
        raise SyntaxViolation(words)
    return parts


def parse_url(text: str) -> SplitResult:
    """
    Read an `https:` or `http:` URL.

    Raises:
        SyntaxViolation: *text* is neither, has a user in it, or a character that no URL has.
    """
    return _parsed(text, f"not a URL: {_shown(text)} (use https://host/path or http://host/path)")


def parse_broker_url(text: str, secure: str, clear: str) -> SplitResult:
    """
    Read the URL of a message broker: one with the scheme *secure*, which means TLS, or one of this host with *clear*.

    Raises:
        SyntaxViolation: *text* is neither, has a user or a query in it, or a character that no URL has.
    """
    words = f"not a URL: {_shown(text)} (use {secure}://host, or {clear}:// for 127.0.0.1, [::1] or localhost)"
    parts = _parsed(text, words, (secure, clear))
    if parts.query or not (parts.scheme == secure or is_here(parts.hostname)):
        raise SyntaxViolation(words)
    return parts


def is_private(parts: SplitResult) -> bool:
    """Whether nobody on the way reads what is sent there: by TLS, or to this host."""
    return parts.scheme == "https" or is_here(parts.hostname)


def is_here(host: str | None) -> bool:
    """Whether *host* is a name or an address by which this host reaches itself."""
    return host in _HERE


def _shown(text: str) -> str:
    """*text* for a message, which may go to the log, without the name and the password of a user."""
    return repr(_USER.sub("…@", text))


def _parsed(text: str, words: str, schemes: tuple[str, ...] = ("https", "http")) -> SplitResult:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SyntaxViolation(words)
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError as exc:
        raise SyntaxViolation(words) from exc
    if not is_whole or parts.scheme not in schemes or "@" in parts.netloc or parts.fragment:
        raise SyntaxViolation(words)
    return parts
