"""
doctor_rows - whether the rows of a person have the effect that the configuration lets them have
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from empath.errors import EmpathError
from empath.policy.greylist import GreylistRules, is_client
from empath.policy.health import Diagnosis, Level
from empath.policy.replies.bounce_class import BounceRules
from empath.policy.replies.shaping import ShapingRules
from empath.storage.engine import Engine, Selects
from empath.storage.queue.reply_rules import read_class_rules, read_shaping_rules

_MOST_NAMED: Final = 5


def diagnose_rows(engine: Engine, listed: Sequence[str], greylist: GreylistRules | None) -> Iterator[Diagnosis]:
    """
    Look at the list of recipients for the *listed* domains, at the networks that pass the *greylist*, and at the rules
    about replies.

    A queue that cannot be read is not judged: the checks of the queue say that.
    """
    with suppress(EmpathError), engine.visiting(None) as visit:
        if listed:
            yield _list(visit, listed)
        if greylist is not None:
            yield _greylist(visit, greylist)
        yield _reply_rules(visit)


def _list(visit: Selects, listed: Sequence[str]) -> Diagnosis:
    empty = [domain for domain in listed if visit.value("doctor.has_recipient_in", {"domain": domain}) is None]
    if not empty:
        return Diagnosis("recipient list", Level.OK, "has addresses in each domain that [recipients] lists")
    found = f"has no address in {_some(empty)}: all mail but that of aliases is refused there by 550"
    return Diagnosis("recipient list", Level.WARNING, found, "`empath-admin recipient add` or `import`")


def _greylist(visit: Selects, rules: GreylistRules) -> Diagnosis:
    wrong = [client for (client,) in visit.rows("doctor.clients_let_pass") if not is_client(rules, str(client))]
    if not wrong:
        return Diagnosis("greylist", Level.OK, "each network that passes is one of clients")
    found = f"no client is {_some(wrong)}: networks have the prefix of [greylist], and no bits beyond it"
    remedy = f"insert the right ones, and `DELETE FROM greylist WHERE client = '{wrong[0]}'`"
    return Diagnosis("greylist", Level.WARNING, found, remedy)


def _reply_rules(visit: Selects) -> Diagnosis:
    views = {
        "bounce_rule": BounceRules(read_class_rules(visit).rules()).problems,
        "shaping_rule": ShapingRules(read_shaping_rules(visit).in_force(), longest_s=0.0).problems,
    }
    view, problems = next(((view, found) for view, found in views.items() if found), ("", {}))
    if not problems:
        return Diagnosis("reply rules", Level.OK, "each row of bounce_rule and shaping_rule can be read")
    name, problem = next(iter(problems.items()))
    found = f"{_some([*problems])} of {view} cannot be read, and counts as switched off: {problem}"
    return Diagnosis("reply rules", Level.WARNING, found, f"correct it, or `DELETE FROM {view} WHERE rule = '{name}'`")


def _some(words: Sequence[str]) -> str:
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
