"""
credentials - secrets in settings, in commands and in requests, which are masked where people may read these

A secret is known by the name of what has it, such as `password` or `api_key`, or by its place in a URL.
"""

import re
from typing import Any, Final

MASK: Final = "…"
_SECRET: Final = re.compile(
    r"((pass|password|passphrase|passwd|pwd|secret|token|credential|authorization|bearer)s?"
    r"|(api|private|secret|access|signing|shared|encryption|hmac)[_-]?keys?)$",
    re.I,
)
_USER_INFO: Final = re.compile(r"(?<=://)[^/?#\s]+(?=@)")
_IN_QUERY: Final = re.compile(r"(?<=[?&;])([^=&;#\s]*)=([^&;#\s]+)")


def is_secret(name: str) -> bool:
    """Whether what is called *name* has a secret."""
    return _SECRET.search(name) is not None


def without_credentials(value: Any, name: str = "") -> Any:
    """*value*, a tree of dictionaries and lists called *name*, with its secrets masked."""
    if isinstance(value, dict):
        return {key: without_credentials(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_credentials(inner, name) for inner in value]
    if not isinstance(value, str):
        return MASK if is_secret(name) and value is not None and not isinstance(value, bool) else value
    if is_secret(name) and value:
        return MASK
    return _IN_QUERY.sub(_masked_word, _USER_INFO.sub(MASK, value)) if "://" in value else value


def _masked_word(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if is_secret(found[1]) else found[0]
