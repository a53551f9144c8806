"""
form - what a person sends by a form of the console
"""

from typing import Final
from urllib.parse import parse_qs

import falcon

from empath.daemon.httpd.body import read_body
from empath.daemon.httpd.problems import Problem

_MAX_OCTETS: Final = 64 * 1024
_MAX_FIELDS: Final = 50


def read_form(request: falcon.Request) -> dict[str, str]:
    """
    The fields of a form of this console, the empty ones, too.

    Raises:
        Problem: a page of another site sent it, or it is too long.
    """
    origin = request.get_header("Origin")
    if origin is None or origin.partition("://")[2] != request.netloc:  # a proxy may speak TLS for this host
        raise Problem(403, "the form of another site, or of no site")
    octets = read_body(request, _MAX_OCTETS + 1)
    if len(octets) > _MAX_OCTETS:
        raise Problem(413, f"a form has at most {_MAX_OCTETS} octets")
    try:
        given = parse_qs(octets.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as exc:
        raise Problem(400, f"a form has at most {_MAX_FIELDS} fields") from exc
    return {name: values[-1].strip() for name, values in given.items()}
