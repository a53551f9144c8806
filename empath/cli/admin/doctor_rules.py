"""doctor_rules - whether the rules of destinations can have an effect"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from empath.config import Config
from empath.config.doubtful import doubt_of_destination_rule
from empath.config.workable.delivering import obstacle_to_rule
from empath.errors import EmpathError
from empath.policy.destinations.rulebook import DestinationPattern
from empath.policy.health import Diagnosis, Level
from empath.storage.engine import Engine
from empath.storage.queue.destination_rules import rules_in_force

_SUBJECT: Final = "rules"


def diagnose_rules(config: Config, engine: Engine, now: float) -> Iterator[Diagnosis]:
    """
    Look at the rows of destination_rule that are in force at *now*, in Unix seconds; those of the file are in `check`.

    A queue that cannot be read is not judged: the checks of the queue say that.
    """
    with suppress(EmpathError):
        with engine.visiting(None) as visit:
            rows = rules_in_force(visit, now)
        book = config.rule_book(rows)
        unusable = {each.row.rule_id: each.words for each in book.unusable}
        for number, words in unusable.items():
            yield _found(number, Level.ERROR, f"rule {number} is left out: {words}")
        doubtful = 0
        for row in rows:
            if row.rule_id in unusable:
                continue
            if words := obstacle_to_rule(config, row.setting, row.value):
                doubtful += 1
                yield _found(row.rule_id, Level.ERROR, f"rule {row.rule_id} for {row.pattern} cannot work: {words}")
                continue
            words = doubt_of_destination_rule(config, book, DestinationPattern.parse(row.pattern), row.setting)
            if words:
                doubtful += 1
                yield _found(row.rule_id, Level.WARNING, f"rule {row.rule_id} for {row.pattern} has no effect: {words}")
        if not unusable and not doubtful:
            number = len(rows)
            yield Diagnosis(_SUBJECT, Level.OK, f"{number} rule{'s' if number != 1 else ''} of destinations in force")


def _found(number: int, level: Level, words: str) -> Diagnosis:
    return Diagnosis(_SUBJECT, level, words, f"run `empath-admin rule delete {number}`, and set another")
