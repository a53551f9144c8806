"""keys - the path of keys that leads to a setting, as people write it"""

import re

KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dotted(path: KeyPath) -> str:
    """`limits.recipients`, `relay.networks[1]`, `routes."example.org"`; elements are counted from 1."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{written(part)}" if text else written(part)
    return text


def written(key: str) -> str:
    """*key* as it may be written in the file, in one line."""
    if _BARE.fullmatch(key):
        return key
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + (quoted if quoted.isprintable() else quoted.encode("unicode_escape").decode()) + '"'
