"""
aliases - any aliases, and an address that they may lead anywhere

The first turn is the address. Each further one is an alias: a line with its pattern, and a line for each target.

Promises: an expansion ends, with recipients or by UnusableAlias; there are at most MOST_TARGETS recipients; and none of
them has an alias, unless it names itself.
"""

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.policy.recipients import (
    MOST_TARGETS,
    Expansion,
    UnusableAlias,
    folded,
    parse_pattern,
    parse_target,
    spellings,
)
from tests.fuzz.case import Case

_MOST_QUESTIONS = 3 * MOST_TARGETS


def check(case: Case) -> list[str]:
    """
    Expand the address.

    Raises:
        AssertionError: a promise is broken.
    """
    first, *rest = (turn.decode("utf-8", "replace") for turn in case.turns)
    table: dict[str, list[str]] = {}
    for text in rest:
        pattern, *targets = text.split("\n")
        try:
            table.setdefault(parse_pattern(pattern), []).extend(targets)
        except SyntaxViolation:
            continue
    try:
        address = Address.parse(first)
    except SyntaxViolation:
        return ["no address"]
    return _expanded(address, table)


def _expanded(address: Address, table: dict[str, list[str]]) -> list[str]:
    expansion, reached = Expansion(address), []
    try:
        while (question := expansion.question) is not None:
            targets = _targets(question, table)
            reached.append(f"{min(len(targets), 3)} targets")
            assert len(reached) <= _MOST_QUESTIONS, "the expansion does not end"
            expansion.answer(targets)
    except UnusableAlias as exc:
        return [
            *reached,
            "circle" if "leads back" in str(exc) else "too far" if "more than" in str(exc) else "no target",
        ]
    assert 0 < len(expansion.recipients) <= MOST_TARGETS
    for each in expansion.recipients:
        targets = _targets(each, table)
        assert not targets or folded(str(each)) in (folded(str(parse_target(text, each))) for text in targets)
    return [*reached, "expanded" if list(expansion.recipients) != [address] else "itself"]


def _targets(address: Address, table: dict[str, list[str]]) -> list[str]:
    return next((table[each] for each in spellings(address, "+") if table.get(each)), [])
