"""
consumers - the page of events, and a person's orders to those who are told of them

An order is first rehearsed, as one to recipients is: the first answer says what it would do and changes nothing.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import falcon

from empath.daemon.httpd.console.form import author, read_form
from empath.daemon.httpd.console.layout import rendered
from empath.daemon.httpd.console.login import COOKIE
from empath.daemon.httpd.console.pages import Found, Page
from empath.daemon.httpd.console.sources import Sources
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.problems import Problem, explained
from empath.errors import EmpathError, MissingInput, SyntaxViolation, UsageError
from empath.mail.words import count
from empath.policy.api_token import TokenRole
from empath.storage.admin.events import Consumer, SetState, SettleAsides, asides, consumers
from empath.storage.admin.snapshot import Snapshot, carry_out
from empath.storage.write import Write

_WRITE_DEADLINE_S: Final = 5.0
_MOST_DEAD: Final = 100  # dead letters on the page
_SENT_TO: Final = frozenset({"webhook", "sink"})  # kinds that the service sends to
_WRONG: Final = (UsageError, SyntaxViolation, MissingInput)


class _Verb(NamedTuple):
    """
    One order.

    Shape: applies says whether it would change anything; would and did are clauses that go on after the name, with the
    number of events that wait, or of dead letters.
    """

    label: str
    applies: Callable[[Consumer], bool]
    otherwise: str
    would: Callable[[Consumer], str]
    did: str
    write: Callable[[str, str], Write]
    back: str = ""


VERBS: Final = {
    "pause": _Verb(
        "Pause",
        lambda each: each.state == "active",
        "is not active",
        lambda each: f"would get nothing more. {count(each.lag, 'event')} would wait, as long as [events] keeps them",
        "gets nothing more for now. Events wait for it as long as [events] keeps them",
        lambda name, who: SetState(name, who=who, state="paused"),
        "resume",
    ),
    "resume": _Verb(
        "Resume",
        lambda each: each.state != "active",
        "is active",
        lambda each: f"would get events again, and first {count(each.lag, 'event')} that wait",
        "gets events again",
        lambda name, who: SetState(name, who=who, state="active"),
        "pause",
    ),
    "again": _Verb(
        "Send dead letters again",
        lambda each: each.dead > 0,
        "has no dead letters",
        lambda each: f"would be sent {count(each.dead, 'dead letter')} again",
        "is sent its dead letters again",
        lambda name, who: SettleAsides(consumer=name, is_drop=False, who=who),
    ),
    "skip": _Verb(
        "Skip dead letters",
        lambda each: each.dead > 0,
        "has no dead letters",
        lambda each: f"would never get {count(each.dead, 'event')}. There is no way back",
        "never gets what were its dead letters",
        lambda name, who: SettleAsides(consumer=name, is_drop=True, who=who),
    ),
}


def _offered(consumer: Consumer) -> dict[str, str]:
    """The orders that would change something, with their labels."""
    is_sent_to = consumer.kind in _SENT_TO
    return {name: verb.label for name, verb in VERBS.items() if is_sent_to and verb.applies(consumer)}


class EventsPage(Page):
    """The last events, who is told of them, and what they refused."""

    template = "events"

    def read(self, snapshot: Snapshot, request: falcon.Request, now: float) -> Found:
        """One page of events, and all consumers."""
        found = snapshot.ask(consumers)
        dead = snapshot.ask(partial(asides, consumer=None, state="dead")) if any(each.dead for each in found) else []
        return {
            "listing": snapshot.page(self._name, request.get_param("from")),
            "consumers": [(each, _offered(each)) for each in found],
            "dead": dead[:_MOST_DEAD],
            "all_dead": len(dead),
        }


class ConsumerOrders:
    """`POST /console/consumer`: a rehearsal, or the order itself where the form says `sure`."""

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
            verb = VERBS.get(form.get("verb", ""))
            if verb is None:
                raise UsageError("there is no such order")
            name = form.get("consumer", "")
            order = partial(self._carried_out, verb, name, author(token, request, form), is_sure=is_sure)
            words = self._sources.read(order)
        except EmpathError as exc:
            self._answer(response, "error", title="No order was given", words=explained(exc))
            response.status = falcon.HTTP_400 if isinstance(exc, _WRONG) else falcon.HTTP_503
            return
        self._answer(
            response,
            "consumer",
            title=f"{verb.label}: {'done' if is_sure else 'look first'}",
            consumer=name,
            verb=form["verb"],
            label=verb.label,
            words=words,
            is_sure=is_sure,
            back=(verb.back, VERBS[verb.back].label) if verb.back else None,
        )

    def _carried_out(self, verb: _Verb, name: str, who: str, *, is_sure: bool) -> str:
        """
        What the order did, or would do.

        Raises:
            EmpathError: it did nothing, and would do nothing.
        """
        with Snapshot(self._sources.engine) as snapshot:
            consumer = next((each for each in snapshot.ask(consumers) if each.name == name), None)
        if consumer is None:
            raise MissingInput(f"no consumer {name[:100]!r}")
        if consumer.kind not in _SENT_TO:
            raise UsageError(f"{name} is no endpoint and no sink: it takes events itself")
        if not verb.applies(consumer):
            raise UsageError(f"{name} {verb.otherwise}")
        if not is_sure:
            return f"{name} {verb.would(consumer)}."
        carry_out(self._sources.engine, verb.write(name, who), deadline_s=_WRITE_DEADLINE_S)
        return f"{name} {verb.did}."

    def _answer(self, response: falcon.Response, template: str, **values: object) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.text = rendered(template, here="events", node=self._sources.node, at=time.time(), query={}, **values)
