"""
forecasting - the operation of the API that forecasts what a change would do, by the code of empath-admin

It may take seconds, and another thread's work goes on meanwhile. It ends after a time, or when the process does.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from empath.config.forecast_setup import proposed_rule, setup_of
from empath.daemon.httpd.api.changing import read_filter
from empath.daemon.httpd.api.models import Record, WhatIfRequest
from empath.daemon.httpd.api.operation import Backend
from empath.daemon.httpd.api.parameters import LIVE_STATUSES
from empath.daemon.httpd.problems import Problem
from empath.errors import UsageError
from empath.policy.limits.rate import Rate
from empath.policy.retry import parse_steps
from empath.storage.admin.comparison import Compared, Proposal, compare
from empath.storage.admin.json_form import as_json

RATE: Final = Rate(10, 60.0)
_MOST_S: Final = 30.0


def whatif(on: Backend, request: WhatIfRequest, _who: str) -> Record:
    """Forecast the queue as it is, and after the change."""
    now = time.time()
    selection = read_filter(request.filter, LIVE_STATUSES, now)
    if request.hold != (request.all or selection.has_conditions):
        raise UsageError("`hold` goes together with a `filter` or `all`: they select the mail that would be held")
    rules = [
        proposed_rule(on.config, number, each.pattern, each.setting, each.value)
        for number, each in enumerate(request.rules, 1)
    ]
    steps = None if request.retry is None else parse_steps(request.retry)
    proposal = Proposal(
        before=partial(setup_of, on.config),
        after=lambda rows, plans: setup_of(on.config, [*rows, *(each.row for each in rules)], plans, steps),
        hold=selection if request.hold else None,
        share=request.final,
    )
    found = compare(on.engine, proposal, now=now, go_on=go_on_until(time.monotonic() + _MOST_S, on.is_ending))
    record: Record = as_json(found)
    shown = sorted(found.destinations, key=_rank)[: request.show]
    return record | {
        "destinations": as_json(shown),
        "moves": record["moves"][: request.show],
        "more_destinations": len(found.destinations) - len(shown),
        "warnings": [f"{each.row.pattern} {each.row.setting}: {each.words}" for each in rules if each.words],
    }


def _rank(each: Compared) -> tuple[bool, int]:
    """Those that change first, and of these those with the most mail."""
    return each.before == each.after, -max(each.before.recipients, each.after.recipients)


def go_on_until(end: float, is_ending: Callable[[], bool]) -> Callable[[], None]:
    """What raises a Problem after *end*, of the steady clock, or when this process is about to end."""

    def go_on() -> None:
        if time.monotonic() > end:
            words = f"the forecast takes longer than {_MOST_S:.0f} s; `empath-admin whatif` has no such limit"
            raise Problem(503, words)
        if is_ending():
            raise Problem(503, "the service ends or reloads; ask again", headers={"Retry-After": "5"})

    return go_on
