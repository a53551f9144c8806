"""
orders - a person's orders to recipients: first how many it is about, then the order, then the way back

An order is a form of this console, sent by a browser that shows a token of the role operate. The first answer is a
rehearsal, which changes nothing: it says what the order would do. The second form does it.
"""

import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import falcon

from empath.daemon.httpd.console.form import author, read_form
from empath.daemon.httpd.console.layout import rendered
from empath.daemon.httpd.console.login import COOKIE
from empath.daemon.httpd.console.sources import FILTERS, Sources, selected
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.problems import Problem, explained
from empath.errors import EmpathError, MissingInput, ServiceUnavailable, SyntaxViolation, UsageError
from empath.policy.api_token import TokenRole
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.records import Change, Effect, Reference
from empath.storage.admin.selection import Selection
from empath.storage.admin.steering import Steering

_WRITE_DEADLINE_S: Final = 5.0
_MOST_SHOWN: Final = 20
_MOST_UNDONE: Final = 1000  # recipients whose numbers the form of the way back carries
OFFERED: Final = {
    Verb.RETRY: "Try now",
    Verb.HOLD: "Hold",
    Verb.RELEASE: "Release",
    Verb.DELETE: "Cancel",
}
_WAY_BACK: Final = {
    Verb.HOLD: (Verb.RELEASE, "Release them again"),
    Verb.RELEASE: (Verb.HOLD, "Hold them again"),
    Verb.DELETE: (Verb.UNDELETE, "Queue them again"),
}
_FIELDS: Final = frozenset({"verb", "sure", "numbers", *FILTERS})
_WRONG: Final = (UsageError, SyntaxViolation, MissingInput, ValueError)
_DONE: Final = frozenset({Effect.CHANGED, Effect.ORDERED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What an order did, or would do: how many recipients met each effect, and the first of them.

    Shape: failure says why the order ended before its end; what it did until then stays.
    """

    effects: Counter[Effect]
    first: list[Change]
    changed: list[int]  # numbers of recipients that changed, up to one more than a form carries
    failure: str = ""

    @property
    def matched(self) -> int:
        """How many recipients it is about."""
        return self.effects.total()

    @property
    def done(self) -> int:
        """How many change."""
        return sum(self.effects[effect] for effect in _DONE)


class Orders:
    """`POST /console/order`: a rehearsal, or the order itself where the form says `sure`."""

    def __init__(self, sources: Sources, guard: Guard) -> None:
        self._sources = sources
        self._guard = guard

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with a page that says what the order does."""
        form = read_form(request)
        try:
            token = self._guard.admit(request, request.cookies.get(COOKIE), TokenRole.OPERATE)
        except Problem as problem:
            words = f"{problem.said}. An order needs a token of the role operate."
            self._answer(response, "error", title="No order was given", words=words)
            response.status = problem.status
            return
        is_sure = "sure" in form
        try:
            verb = Verb(form.get("verb", ""))
            selection = _selection(form)
            if verb not in OFFERED and not (verb is Verb.UNDELETE and selection.references):
                raise UsageError("the console has no such order; empath-admin has")
            order = Order(verb, author(token, request, form), time.time())
            found = self._sources.read(partial(_carried_out, self._sources, order, selection, is_sure=is_sure))
        except (EmpathError, ValueError) as exc:
            words = explained(exc if isinstance(exc, EmpathError) else UsageError("there is no such order"))
            self._answer(response, "error", title="No order was given", words=words)
            response.status = falcon.HTTP_400 if isinstance(exc, _WRONG) else falcon.HTTP_503
            return
        if found.failure:
            response.status = falcon.HTTP_503
        self._answer(
            response,
            "order",
            title=f"{OFFERED.get(verb, 'Queue again')}: {_stage(found, is_sure=is_sure)}",
            verb=verb,
            verbs=OFFERED,
            found=found,
            is_sure=is_sure,
            form={name: value for name, value in form.items() if name != "sure"},
            way_back=_WAY_BACK.get(verb) if is_sure and 0 < found.done <= _MOST_UNDONE else None,
        )

    def _answer(self, response: falcon.Response, template: str, **values: object) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.text = rendered(template, here="queue", node=self._sources.node, at=time.time(), query={}, **values)


def _stage(found: Outcome, *, is_sure: bool) -> str:
    if found.failure:
        return "not finished"
    return "done" if is_sure else "look first"


def _selection(form: dict[str, str]) -> Selection:
    """
    The recipients of a form: those of its numbers, or those of its filters.

    Raises:
        UsageError: it has what no form of the console has. Without a condition it would be about the whole queue.
        SyntaxViolation: a number is none.
    """
    for name, value in form.items():
        if name not in _FIELDS:
            raise UsageError(f"a form of the console has no field {name[:50]!r}")
        if not value:
            raise UsageError(f"the field {name} is empty")
    if "numbers" not in form:
        return selected(form)
    if form.keys() & set(FILTERS):
        raise UsageError("a form has numbers or filters, and not both")
    references = tuple(map(Reference.parse, form["numbers"].split()))
    return Selection(references=references)


def _carried_out(sources: Sources, order: Order, selection: Selection, *, is_sure: bool) -> Outcome:
    """
    What the order did, or would do.

    Raises:
        EmpathError: it did nothing, or is a rehearsal.
    """
    found = Outcome(Counter(), [], [])
    with Steering(sources.engine, order, selection, deadline_s=_WRITE_DEADLINE_S if is_sure else None) as steering:
        try:
            for page in steering.changes():
                found.effects.update(change.effect for change in page)
                found.first.extend(page[: _MOST_SHOWN - len(found.first)])
                changed = [change.recipient_id for change in page if change.effect in _DONE]
                found.changed.extend(changed[: _MOST_UNDONE + 1 - len(found.changed)])
                if sources.is_ending():
                    raise ServiceUnavailable("the service ends or reloads; give the order again")
        except EmpathError as exc:
            if not (is_sure and found.matched):
                raise
            return replace(found, failure=str(exc))
    return found
