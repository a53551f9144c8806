"""url - addresses of HTTP endpoints to which this host sends something secret"""

from urllib.parse import SplitResult, urlsplit

from empath.errors import SyntaxViolation

_HERE = ("127.0.0.1", "::1", "localhost")


def parse_secure_url(text: str) -> SplitResult:
    """
    Read an `https:` URL, or an `http:` one of this host: what is sent must not be read on the way.

    Raises:
        SyntaxViolation: *text* is neither, has a user in it, or a character that no URL has.
    """
    words = f"not a URL: {text!r} (use https://host/path, or http:// for 127.0.0.1, [::1] or localhost)"
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SyntaxViolation(words)
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError as exc:
        raise SyntaxViolation(words) from exc
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    if not is_whole or not is_private or "@" in parts.netloc or parts.fragment:
        raise SyntaxViolation(words)
    return parts
