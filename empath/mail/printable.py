"""printable - text of strangers, made safe to show"""


def printable(text: str) -> str:
    """
    The text with every character escaped that could steer a terminal, change the direction of writing or end a line.

    Shape: as in `\\x1b`, `\\n` or `\\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
