"""
problems - what is wrong with a request, as RFC 9457 has it
"""

import json
import re
from http import HTTPStatus
from typing import Any, Final

import falcon

from empath.config.refusals import OF_REQUESTS, code_of, with_codes
from empath.errors import EmpathError
from empath.storage.refusals import code_of as code_of_view
from empath.storage.refusals import with_code

_TYPE: Final = "application/problem+json"
_CODED: Final = re.compile(r"\[(E-[A-Z-]+-\d{3})\]$")


class Problem(falcon.HTTPError):
    """A refusal with a status, a title of that status, and a sentence that says what to do."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(status, title=HTTPStatus(status).phrase, description=detail, headers=headers)
        self.more: dict[str, Any] = more

    @property
    def said(self) -> str:
        """The sentence with its code, for a person."""
        return f"{self.description} [{_code_of(str(self.description))}]"


def explained(error: EmpathError) -> str:
    """What *error* says, with its code, for a person."""
    return with_codes(error, with_code(str(error)))


def write_problem(_request: falcon.Request, response: falcon.Response, error: falcon.HTTPError) -> None:
    """Write *error*, one of falcon or a Problem, whatever the client accepts."""
    phrase = HTTPStatus(error.status_code).phrase
    title = error.title or phrase
    record = {
        "type": "about:blank",
        "title": phrase if title.startswith(f"{error.status_code} ") else title,  # as falcon has it
        "status": error.status_code,
        **({"detail": error.description} if error.description else {}),
        "code": _code_of(error.description or ""),
        **(error.more if isinstance(error, Problem) else {}),
    }
    response.content_type = _TYPE
    response.data = json.dumps(record).encode()
    response.cache_control = ["no-store"]


def _code_of(words: str) -> str:
    if coded := _CODED.search(words):
        return coded[1]
    return code_of_view(words) or code_of(words, OF_REQUESTS)
