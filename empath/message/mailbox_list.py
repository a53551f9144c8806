"""
mailbox_list - the mailboxes of a list, as a field of a header or a person gives them, RFC 5322 §3.4

People and programs write names without quotes, commas at the end, and semicolons in place of commas.  All this has one
meaning and is read; what could be read in two ways is refused, so that no recipient is lost without a word.
"""

from empath.errors import SyntaxViolation


def mailboxes(text: str) -> list[str]:
    """
    The mailboxes of a list, without names, comments and groups. Each is text, which need not be an address.

    Raises:
        SyntaxViolation: a quote, a comment or a bracket does not end, something stands behind the brackets, or nothing
            in them.
    """
    found: list[str] = []
    words: list[str] = []  # of the list item under way
    angle: str | None = None  # what its angle brackets have
    quoted = comments = 0
    is_within = False  # angle brackets
    is_literal = False  # whether the item has an opening square bracket
    characters = iter(text + ",")
    for char in characters:
        if char == "\\" and (quoted or comments):
            pair = char + next(characters, "")
            words += [] if comments else [pair]
            continue
        if char == '"' and not comments:
            quoted = not quoted
        elif not quoted and char in "()":
            comments += 1 if char == "(" else -1
            if comments < 0:
                raise SyntaxViolation("a comment has no beginning")
            continue
        elif not quoted and not comments:
            if char == "<" and not is_within and angle is None:
                is_within, words, angle = True, [], ""
                continue
            if char == ">" and is_within:
                is_within, words, angle = False, [], "".join(words).strip()
                continue
            if char == ":" and not is_within and not is_literal:  # the name of a group; not [IPv6:...]
                words = []
                continue
            if char in ",;" and not is_within:
                rest = "".join(words).strip()
                if angle is not None and rest:
                    raise SyntaxViolation("something stands behind the brackets")
                if angle == "":
                    raise SyntaxViolation("nothing stands in the brackets")
                found += [rest if angle is None else angle] if rest or angle is not None else []
                words, angle, is_literal = [], None, False
                continue
            is_literal = is_literal or char == "["
        if not comments:
            words.append(char)
    if quoted or comments or is_within:
        raise SyntaxViolation("a quote, a comment or a bracket has no end")
    return found
