"""
trial_mail - a form that sends one mail, to see that the way of mail works

The mail goes the way of one that a program sends by the API, with the same checks, and needs a token that may do that.
One of the role inject reads nothing: it sees the form and what became of its mail at once, and no other page.
"""

import json
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

import falcon

from empath.daemon.httpd.console.form import read_form
from empath.daemon.httpd.console.layout import NAVIGATION, TEST_MAIL, rendered
from empath.daemon.httpd.console.login import COOKIE
from empath.daemon.httpd.console.pages import Page
from empath.daemon.httpd.console.sources import Sources
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.injection.injector import Outcome
from empath.daemon.httpd.problems import Problem
from empath.mail.words import instant
from empath.policy.api_token import Token, TokenRole

TakeMail = Callable[[bytes, Token, falcon.Request], Outcome]  # the JSON of a request, as the API has it

_FIELDS: Final = ("from", "to", "subject")
_NEEDED: Final = "A test mail needs a token of the role inject or admin."
_ONLY: Final = {TEST_MAIL: NAVIGATION[TEST_MAIL]}  # the menu of a token that reads nothing


class TrialMailPage(Page):
    """`/console/test-mail`: the form, and what became of the mail."""

    readers: ClassVar[tuple[TokenRole, ...]] = (TokenRole.READ, TokenRole.INJECT)

    def __init__(self, sources: Sources, guard: Guard, take: TakeMail, postmaster: str) -> None:
        super().__init__(sources, TEST_MAIL)
        self._guard = guard
        self._take = take
        self._postmaster = postmaster

    def on_get(self, request: falcon.Request, response: falcon.Response, **_keys: str) -> None:
        """Answer with the form."""
        given = {"from": self._postmaster, "to": self._postmaster, "subject": f"Test of {self._sources.node}"}
        self._show(request, response, given)

    on_head = on_get

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Send the mail."""
        form = read_form(request)
        given = {name: form.get(name, "") for name in _FIELDS}
        try:
            token = self._guard.admit(request, request.cookies.get(COOKIE), TokenRole.INJECT)
        except Problem as problem:
            response.status = problem.status
            self._show(request, response, given, words=f"{problem.said}. {_NEEDED}")
            return
        try:
            outcome = self._take(self._mail(given, token), token, request)
        except Problem as problem:
            response.status = problem.status
            self._show(request, response, given, words=problem.said)
            return
        if not any(result.id for result in outcome.results):
            response.status = falcon.HTTP_422
        self._show(request, response, given, results=outcome.results)

    def _mail(self, given: dict[str, str], token: Token) -> bytes:
        text = f"{token.name} sent this from the console of {self._sources.node} at {instant(time.time())}.\n"
        mail = {"from": given["from"], "to": [given["to"]], "subject": given["subject"], "text": text}
        return json.dumps(mail).encode()

    def _show(self, request: falcon.Request, response: falcon.Response, given: dict[str, str], **values: Any) -> None:
        token: Token | None = getattr(request.context, "token", None)  # an open console asks for none
        reads = token is None or token.role.includes(TokenRole.READ)
        response.content_type = falcon.MEDIA_HTML
        page = {"words": "", "results": (), "given": given, "at": time.time(), "query": {}, "title": "Test mail"}
        page |= {"reads": reads} | ({} if reads else {"navigation": _ONLY})
        response.text = rendered(TEST_MAIL, here=TEST_MAIL, node=self._sources.node, **(page | values))


def add_trial_mail(
    app: "falcon.App[Any, Any]", sources: Sources, guard: Guard, take: TakeMail, postmaster: str
) -> None:
    """Add the page to an *app* that has the console; *take* takes mail as the API does."""
    app.add_route(f"/console/{TEST_MAIL}", TrialMailPage(sources, guard, take, postmaster))
