"""authors - the addresses in a From field, RFC 5322 §3.6.2"""

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.message.header import FIELD_OCTETS


def authors(field: bytes) -> list[Address] | None:
    """
    The addresses of one *field*, given with its name; None where they are not certain.

    That is: the grammar is broken, an address is not one, or the field was cut because it is long.
    """
    if len(field) >= FIELD_OCTETS:
        return None
    try:
        return [Address.parse(text) for text in _mailboxes(field.partition(b":")[2].decode())]
    except (SyntaxViolation, UnicodeDecodeError):
        return None


def _mailboxes(text: str) -> list[str]:
    """
    The mailboxes of a list, without names, comments and groups.

    Raises:
        SyntaxViolation: a quote, a comment or a bracket does not end, or something stands behind the brackets.
    """
    found: list[str] = []
    words: list[str] = []  # of the list item under way
    angle: str | None = None  # what its angle brackets have
    quoted = comments = 0
    is_within = False  # angle brackets
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
            if char == ":" and not is_within:  # the name of a group
                words = []
                continue
            if char in ",;" and not is_within:
                rest = "".join(words).strip()
                if angle is not None and rest:
                    raise SyntaxViolation("something stands behind the brackets")
                found += [rest if angle is None else angle] if rest or angle is not None else []
                words, angle = [], None
                continue
        if not comments:
            words.append(char)
    if quoted or comments or is_within:
        raise SyntaxViolation("a quote, a comment or a bracket has no end")
    return found
