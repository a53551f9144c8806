"""
replies - any pattern of a rule, and any text of a host

The first turn is the pattern, the second the text, repeated to the length that a row may have.

Promises: a pattern is refused by SyntaxViolation or searches every text in a bounded time of the processor, alone and
with the rules that Empath ships; and the class of a reply is the same when it is asked again.
"""

import time

from empath.errors import SyntaxViolation
from empath.policy.replies.bounce_class import BounceClass, BounceRule, BounceRules
from empath.policy.replies.reply_pattern import MOST_TEXT, Heard, ReplyPattern
from empath.policy.replies.shipped_classes import SHIPPED_CLASSES
from empath.policy.replies.text_pattern import compile_text
from tests.fuzz.case import Case

SEARCH_CPU_S = 0.5  # many times what the worst pattern that is accepted takes
_SHIPPED = BounceRules(SHIPPED_CLASSES)


def check(case: Case) -> list[str]:
    """
    Search the text.

    Raises:
        AssertionError: a promise is broken.
    """
    pattern, *rest = (turn.decode("utf-8", "backslashreplace") for turn in case.turns)
    unit = (rest[0] if rest else "") or "a"
    text = (unit * (MOST_TEXT // len(unit) + 1))[:MOST_TEXT]
    heard = Heard("rcpt", 550, None, text, "mx.example.org")
    shipped = _timed(_SHIPPED, heard)
    try:
        compile_text(pattern)
    except SyntaxViolation as exc:
        return [f"refused {str(exc).rpartition(' has ')[2][:12]}"]
    own = BounceRules([BounceRule("own:1", ReplyPattern(text=pattern), BounceClass.POLICY)])
    assert {} == own.problems
    found = _timed(own, heard)
    assert found is own.class_of(heard)
    return [f"shipped {shipped}", "found" if found is BounceClass.POLICY else "not found"]


def _timed(rules: BounceRules, heard: Heard) -> BounceClass:
    began_s = time.process_time()
    found = rules.class_of(heard)
    spent_s = time.process_time() - began_s
    assert spent_s < SEARCH_CPU_S, f"a search took {spent_s:.2f} s of the processor"
    return found
