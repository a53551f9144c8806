"""
vectors - test vectors for authentication of mail

Some of them are in tests/vectors/mailauth/. Those of others lie beside the checkout, in shared/vectors/mailauth of a
folder above it; tests that need them are skipped where they are missing.
"""

import json
from collections.abc import Generator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from empath.mail.lookup import Absent, Failed, LookupAnswer, Question, Texts

_TESTS = Path(__file__).parents[1]
_OURS = _TESTS / "vectors" / "mailauth"
_Verdict = TypeVar("_Verdict")


def _beside() -> list[Path]:
    return [folder / "shared" / "vectors" / "mailauth" for folder in _TESTS.parents]


@cache
def vectors(name: str) -> dict[str, Any]:
    """The vectors of one file; an empty list of cases where it is missing."""
    for folder in [_OURS, *_beside()]:
        file = folder / f"{name}.json"
        if file.is_file():
            loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return loaded
    return {"cases": []}


def cases(name: str) -> list[Any]:
    """The cases of one file as parameters, by their ids; a skipped one where the file is missing."""
    found = vectors(name)["cases"]
    if not found:
        reason = f"{name}.json is not in a folder shared/vectors/mailauth above the checkout"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="missing")]
    return [pytest.param(case, id=str(case.get("id", number))) for number, case in enumerate(found)]


def text_answer(texts: Mapping[str, str | None], question: Question) -> LookupAnswer:
    """What vectors say of a name: a text, None for no such name, FAILS for no answer."""
    text = texts.get(question.name)
    if text == "FAILS":
        return Failed("SERVFAIL")
    return Absent("NXDOMAIN", 60.0) if text is None else Texts((text,), 60.0)


def driven(
    search: Generator[Question, LookupAnswer, _Verdict],
    texts: Mapping[str, str | None],
    asked: list[Question] | None = None,
) -> _Verdict:
    """The verdict of a search whose questions *texts* answer; *asked* gets them."""
    try:
        question = next(search)
        while True:
            if asked is not None:
                asked.append(question)
            question = search.send(text_answer(texts, question))
    except StopIteration as end:
        verdict: _Verdict = end.value
        return verdict
