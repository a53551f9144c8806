"""
xtext - how ENVID and ORCPT write octets that SMTP cannot carry as they are, RFC 3461 §4 and RFC 6533 §3
"""

import re
from typing import Final

# RFC 3461 §4.2, §4.4: the decoded value is printable US-ASCII, so "+0A" cannot end a field of a report's header.
XCHAR: Final = r"[!-*,-<>-~]|\+(?:[2-6][0-9A-F]|7[0-9A-E])"
_CODED = re.compile(r"\+([0-9A-F]{2})")


def from_xtext(text: str) -> str:
    """Decode xtext; a "+" that begins no code stands for itself."""
    return _CODED.sub(lambda match: chr(int(match[1], 16)), text)


def utf8_addr_xtext(text: str) -> str:
    """*text* in ASCII: each character beyond it as `\\x{HEX}`, RFC 6533 §3."""
    return "".join(c if c.isascii() else f"\\x{{{ord(c):X}}}" for c in text)
