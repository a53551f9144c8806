"""errors - sql/refusals.txt and the tables of docs/errors.md, from the sentences of the triggers"""

from collections.abc import Mapping

from empath.storage.queries import script
from empath.storage.refusals import FILE, WHY, Refusal, codes_in, refusals, renewed


def file() -> str:
    """The codes, with one for each new sentence."""
    return renewed(script(FILE))


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    codes = codes_in(file())
    return {"errors": "\n\n".join(_section(area, codes) for area in sorted({code[2:-4] for code in codes.values()}))}


def _section(area: str, codes: Mapping[str, str]) -> str:
    lines = [
        f"| `{code}` | {sentence.replace('|', chr(92) + '|')} | {_refused(refusals()[sentence])} |"
        for sentence, code in sorted(codes.items(), key=lambda pair: pair[1])
        if code[:-4] == f"E-{area}"
    ]
    return "\n".join(
        [f"### E-{area}", "", WHY[area], "", "| code | what is said | what was asked for |", "|---|---|---|", *lines]
    )


def _refused(refusal: Refusal) -> str:
    """The statements, without the columns, which the sentence names."""
    asked = dict.fromkeys(f"{statement.split()[0]} on `{view}`" for view, statement in refusal.views)
    return ", ".join(asked) or "any change"
