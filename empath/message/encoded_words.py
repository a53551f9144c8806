"""
encoded_words - header text as people read it

A sender names the charset of each word, and may name any: one that does not exist, whose name is no ASCII, or that
gives what is no text.
"""

from email.errors import MessageError
from email.header import decode_header, make_header


def decoded(text: str) -> str:
    """*text* with its encoded words decoded, RFC 2047; as it is where they cannot be, or give no Unicode text."""
    if "=?" not in text:
        return text
    try:
        words = str(make_header(decode_header(text)))
        words.encode()  # half of a surrogate pair is in no UTF-8
    except (MessageError, LookupError, ValueError):
        return text
    return words
