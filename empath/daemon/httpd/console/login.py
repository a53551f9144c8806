"""
login - a person shows a token once, and the browser from then on

A token that reads sees the console; one that only injects mail sees the form for a test mail, and nothing else.

The cookie is the token.  No script can read it, no other site makes the browser send it, and it ends with the browser.
So a token that is revoked or has expired is of no use to the next request.
"""

import time
from http import HTTPStatus
from typing import Final

import falcon

from empath.daemon.httpd.console.form import read_form
from empath.daemon.httpd.console.layout import TEST_MAIL, rendered
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.problems import Problem
from empath.policy.api_token import TokenRole

COOKIE: Final = "empath_console"
_PATH: Final = "/console"


def forget(response: falcon.Response) -> None:
    """Have the browser forget its token."""
    response.unset_cookie(COOKIE, path=_PATH, same_site="Strict")


class Login:
    """`/console/login`: the form, and what becomes of it."""

    def __init__(self, guard: Guard, node: str) -> None:
        self._guard = guard
        self._node = node

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """Answer with the form."""
        self._show(response, "")

    on_head = on_get

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Let the browser keep a good token; else show the form again, and why. An empty form forgets the token."""
        secret = read_form(request).get("token")
        if not secret:
            forget(response)
            raise falcon.HTTPSeeOther(f"{_PATH}/login")
        try:
            token = self._guard.admit(request, secret, TokenRole.READ, TokenRole.INJECT)
        except Problem as problem:
            response.status = HTTPStatus(problem.status_code)
            self._show(response, f"{problem.description}.")
            return
        origin = request.get_header("Origin") or ""
        is_secure = request.scheme == "https" or origin.startswith("https://")  # a proxy may speak TLS for this host
        response.set_cookie(COOKIE, secret, path=_PATH, http_only=True, secure=is_secure, same_site="Strict")
        response.status = HTTPStatus.SEE_OTHER
        response.location = _PATH if token.role.includes(TokenRole.READ) else f"{_PATH}/{TEST_MAIL}"

    def _show(self, response: falcon.Response, words: str) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.text = rendered(
            "login", title="Log in", here="", node=self._node, words=words, at=time.time(), query={}
        )
