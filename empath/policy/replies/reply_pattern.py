"""
reply_pattern - which replies a rule is about

A pattern has up to five conditions, which must all hold: the stage, the reply code, the enhanced status code, the text
and the provider.  It looks at a reply as the view `attempt` records it, so a rule says the same of a reply that comes
now and of one on record.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.outcome import Stage
from empath.policy.pattern import DomainPattern
from empath.policy.replies.text_pattern import compile_text

MOST_TEXT: Final = 500  # characters of a reply that are searched; rows have no more
_MOST_PROVIDERS: Final = 20

_ENHANCED = re.compile(r"([245*])\.([0-9]{1,3}|\*)\.([0-9]{1,3}|\*)")
_CODE = re.compile(r"[245][0-9x]x|[245][0-9]{2}")


class Heard(NamedTuple):
    """
    One reply, as an attempt records it.

    Shape: stage as in the view `attempt`; code is None for this host's own text, such as of a timeout; enhanced such as
    `4.7.1`, or None; text is escaped and has both in it; host is the name of the host, in lower case, '' without one.
    """

    stage: str
    code: int | None
    enhanced: str | None
    text: str
    host: str


@dataclass(frozen=True, slots=True)
class ReplyPattern:
    """
    Conditions for a reply, each as text; None for any.

    Shape: stage is one of `Stage`; code is three digits, of which the last ones may be `x`; enhanced has a number or
    `*` in each of its three places; text is a pattern of `text_pattern`; provider has patterns of host names, as for
    domains, separated by blanks.
    """

    stage: str | None = None
    code: str | None = None
    enhanced: str | None = None
    text: str | None = None
    provider: str | None = None

    def test(self) -> Callable[[Heard], bool]:
        """
        The condition as a function.

        Raises:
            SyntaxViolation: one of the conditions cannot be read.
        """
        tests = []
        if self.stage is not None:
            tests.append(_stage_test(self.stage))
        if self.code is not None:
            tests.append(_code_test(self.code))
        if self.enhanced is not None:
            tests.append(_enhanced_test(self.enhanced))
        if self.provider is not None:
            tests.append(_provider_test(self.provider))
        if self.text is not None:  # the one that costs most
            tests.append(_text_test(self.text))
        if not tests:
            raise SyntaxViolation("a rule needs a condition: stage, code, enhanced, text or provider")
        if len(tests) == 1:
            return tests[0]
        return lambda heard: all(test(heard) for test in tests)


def _stage_test(text: str) -> Callable[[Heard], bool]:
    if text not in tuple(Stage):
        raise SyntaxViolation(f"not a stage: {text!r} (use {', '.join(Stage)})")
    return lambda heard: heard.stage == text


def _code_test(text: str) -> Callable[[Heard], bool]:
    if not _CODE.fullmatch(text):
        raise SyntaxViolation(f"not a reply code: {text!r} (use three digits such as 550, or 55x or 5xx for all such)")
    digits = text.rstrip("x")
    return lambda heard: heard.code is not None and str(heard.code).startswith(digits)


def _enhanced_test(text: str) -> Callable[[Heard], bool]:
    match = _ENHANCED.fullmatch(text)
    if not match or match.groups() == ("*", "*", "*"):
        raise SyntaxViolation(f"not an enhanced status code: {text!r} (use 5.1.1, or * for any number: *.7.1, 4.7.*)")
    if "*" not in text:
        return lambda heard: heard.enhanced == text
    parts = match.groups()
    if parts[0] == "*" and "*" not in parts[1:]:
        end = text[1:]
        return lambda heard: heard.enhanced is not None and heard.enhanced[1:] == end

    def is_like(heard: Heard) -> bool:
        if heard.enhanced is None:
            return False
        found = heard.enhanced.split(".")
        return all(wanted in ("*", part) for wanted, part in zip(parts, found, strict=True))

    return is_like


def _provider_test(text: str) -> Callable[[Heard], bool]:
    words = text.split()
    if not 0 < len(words) <= _MOST_PROVIDERS:
        raise SyntaxViolation(f"provider has 1 to {_MOST_PROVIDERS} patterns of host names, such as *.example.net")
    patterns = [str(DomainPattern.parse(word)) for word in words]
    if "*" in patterns:
        raise SyntaxViolation("provider takes no *: leave it out for every host")
    names = frozenset(pattern for pattern in patterns if not pattern.startswith("*."))
    suffixes = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*."))
    return lambda heard: heard.host in names or heard.host.endswith(suffixes)


def _text_test(text: str) -> Callable[[Heard], bool]:
    search = compile_text(text).search
    return lambda heard: search(heard.text, 0, MOST_TEXT) is not None
