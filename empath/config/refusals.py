"""
refusals - the sentences by which the program refuses, and the page of each

Sentences are in the code, where something is refused. refusals.txt, beside this module, gives them codes: a paragraph
is a code, the sentences that have it, why the program refuses, and what to do. `…` stands for what only a run knows. A
sentence of `…` alone is the last resort of its area: its words come from the system or from another program.

A code stays when its sentences get better words, and is never given to others. Nothing of this is read before something
is refused. Sentences of views have codes of their own, see empath/storage/refusals.py.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from empath.errors import EmpathError

GAP: Final = "…"
# The areas that have a last resort, by the exit code of the errors that they are for.
AREAS: Final = {
    64: "COMMAND", 65: "DATA", 66: "MISSING", 69: "RUN", 70: "FAULT", 73: "CREATE", 74: "DISK", 75: "BUSY", 77: "RIGHT",
    78: "CONFIG",
}  # fmt: skip
OF_REQUESTS: Final = "REQUEST"  # the area of what is refused over HTTP
_OF_VALUES: Final = "E-VALUE-"
_CODE: Final = re.compile(r"E-[A-Z]+-\d{3}")
_CODED: Final = re.compile(r"\[E-[A-Z]+(?:-[A-Z]+)*-\d{3}\]$")


class Refusal(NamedTuple):
    """The page of one code."""

    code: str
    sentences: tuple[str, ...]
    why: str
    remedy: str


def parsed(text: str) -> Iterator[Refusal]:
    """
    The pages in the text of refusals.txt.

    Raises:
        ValueError: a paragraph has another form.
    """
    for paragraph in text.strip().split("\n\n"):
        code, *sentences, why, remedy = paragraph.split("\n")
        if not (_CODE.fullmatch(code) and sentences and why.startswith("why: ") and remedy.startswith("do: ")):
            raise ValueError(f"not a code, its sentences, why and do: {paragraph}")
        yield Refusal(code, tuple(sentences), why.removeprefix("why: "), remedy.removeprefix("do: "))


@cache
def refusals() -> Mapping[str, Refusal]:
    """All pages by their codes, in the order of the file."""
    text = resources.files("empath").joinpath("config", "refusals.txt").read_text(encoding="utf-8")
    return {each.code: each for each in parsed(text)}


def is_last_resort(sentence: str) -> bool:
    """Whether it has no word of its own."""
    return not any(character.isalpha() for character in sentence)


def code_of(words: str, area: str) -> str:
    """
    The code of the refusal that says *words*: of the longest sentence that they end with, else the last one of *area*.

    A sentence about a value goes before the one that says where the value was given.
    """
    found = max(_candidates(words), default=None)
    return (
        found[2]
        if found
        else next(
            each.code
            for each in refusals().values()
            if each.code[2:-4] == area and any(map(is_last_resort, each.sentences))
        )
    )


def _candidates(words: str) -> Iterator[tuple[bool, int, str]]:
    for each in refusals().values():
        for sentence in each.sentences:
            if not is_last_resort(sentence) and _ends_with(words, sentence):
                yield each.code.startswith(_OF_VALUES), len(sentence) - sentence.count(GAP), each.code


def _ends_with(words: str, sentence: str) -> bool:
    """Whether *sentence*, with something for each `…`, is all of *words*, or what stands there behind a colon."""
    first, *others = sentence.split(GAP)
    place = 0 if words.startswith(first) else words.find(f": {first}") + 2
    if place == 1:
        return False
    if not others:
        return words.endswith(first)
    place += len(first)
    *middle, last = others
    for piece in middle:
        at = words.find(piece, place)
        if at < 0:
            return False
        place = at + len(piece)
    return words.endswith(last) and len(words) - len(last) >= place


def with_codes(error: EmpathError, text: str) -> str:
    """*text*, what *error* says, with a code behind each line that has none yet."""
    area = AREAS.get(error.exit_code, AREAS[EmpathError.exit_code])
    return "\n".join(
        line if _CODED.search(line) or not line else f"{line} [{code_of(line, area)}]" for line in text.split("\n")
    )
