"""
problems - what is wrong with a request, as RFC 9457 has it
"""

import json
from http import HTTPStatus
from typing import Any, Final

import falcon

_TYPE: Final = "application/problem+json"


class Problem(falcon.HTTPError):
    """A refusal with a status, a title of that status, and a sentence that says what to do."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(status, title=HTTPStatus(status).phrase, description=detail, headers=headers)
        self.more: dict[str, Any] = more


def write_problem(_request: falcon.Request, response: falcon.Response, error: falcon.HTTPError) -> None:
    """Write *error*, one of falcon or a Problem, whatever the client accepts."""
    phrase = HTTPStatus(error.status_code).phrase
    title = error.title or phrase
    record = {
        "type": "about:blank",
        "title": phrase if title.startswith(f"{error.status_code} ") else title,  # as falcon has it
        "status": error.status_code,
        **({"detail": error.description} if error.description else {}),
        **(error.more if isinstance(error, Problem) else {}),
    }
    response.content_type = _TYPE
    response.data = json.dumps(record).encode()
    response.cache_control = ["no-store"]
