"""printable - escape characters that steer a terminal"""


def printable(text: str) -> str:
    r"""
    The text with every character escaped that could steer a terminal, change the direction of writing or end a line.

    Shape: escapes look like `\x1b`, `\n` or `\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
