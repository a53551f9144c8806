"""
token - what the answer of an introspection endpoint says about a bearer token, RFC 7662 §2.2

The answer is remembered for a while, so that each mail of a busy client does not cost a question.  A token that its
issuer revokes may log in until then.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from empath.errors import SyntaxViolation
from empath.smtp.sasl.prepared import prepared

MOST_TOKENS: Final = 10_000

_KEEP_S: Final = 60.0
_KEEP_REFUSED_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Who a token is for, None for a bad one, and the instant, in Unix seconds, until which the answer holds."""

    name: str | None
    until: float


def read_answer(members: Mapping[str, Any], claim: str, now: float) -> TokenAnswer:
    """Read the *members* of an answer; *claim* is the one that names the account."""
    bad = TokenAnswer(None, now + _KEEP_REFUSED_S)
    name, expires_at = members.get(claim), members.get("exp")
    if members.get("active") is not True or not isinstance(name, str):
        return bad
    until = now + _KEEP_S
    if isinstance(expires_at, int | float):
        if expires_at <= now:
            return bad
        until = float(min(until, expires_at))  # in this order: JSON has integers that no float holds
    try:
        return TokenAnswer(prepared(name), until)
    except SyntaxViolation:
        return bad


class TokenCache:
    """The answers of one process, by a digest of the token: no token stays in memory."""

    __slots__ = ("_answers", "_most")

    def __init__(self, most: int = MOST_TOKENS) -> None:
        self._answers: OrderedDict[bytes, TokenAnswer] = OrderedDict()
        self._most = most

    def find(self, digest: bytes, now: float) -> TokenAnswer | None:
        """The answer that still holds."""
        answer = self._answers.get(digest)
        # One that holds for longer than any may is from before the clock stepped back.
        if answer is not None and not now < answer.until <= now + _KEEP_S:
            del self._answers[digest]
            return None
        return answer

    def keep(self, digest: bytes, answer: TokenAnswer) -> None:
        """Remember an answer; the oldest goes where there are too many."""
        self._answers[digest] = answer
        self._answers.move_to_end(digest)
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)
