"""
form - what a person sends by a form of the console
"""

from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qs

import falcon

from empath.daemon.httpd.body import read_body
from empath.daemon.httpd.problems import Problem
from empath.daemon.process.threads import in_thread
from empath.policy.api_token import Token
from empath.policy.authorship import Author, statement_of_request

_MAX_OCTETS: Final = 64 * 1024
_MAX_FIELDS: Final = 50


def read_form(
    request: falcon.Request, *, most: int = _MAX_OCTETS, verbatim: Collection[str] = frozenset()
) -> dict[str, str]:
    """
    The fields of a form of this console, the empty ones, too; without blanks around a value, but for the *verbatim*.

    Raises:
        Problem: a page of another site sent it, or it is longer than *most* octets.
    """
    origin = request.get_header("Origin")
    if origin is None or origin.partition("://")[2] != request.netloc:  # a proxy may speak TLS for this host
        raise Problem(403, "the form of another site, or of no site")
    octets = read_body(request, most + 1)
    if len(octets) > most:
        raise Problem(413, f"a form has at most {most} octets")
    given = _fields(octets) if len(octets) <= _MAX_OCTETS else in_thread(_fields, octets)
    if given is None:
        raise Problem(400, f"a form has at most {_MAX_FIELDS} fields")
    return {name: values[-1] if name in verbatim else values[-1].strip() for name, values in given.items()}


def author(token: Token, request: falcon.Request, form: dict[str, str]) -> Author:
    """Who gives an order by a *form*, as the audit has it."""
    given = {name: value for name, value in form.items() if value}
    return Author(f"token:{token.name}", statement_of_request("POST", request.path, given))


def _fields(octets: bytes) -> dict[str, list[str]] | None:
    """The values of each field, None if there are too many."""
    try:
        return parse_qs(octets.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return None
