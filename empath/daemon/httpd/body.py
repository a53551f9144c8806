"""
body - the body of a request
"""

import falcon

from empath.daemon.httpd.problems import Problem


def read_body(request: falcon.Request, most: int) -> bytes:
    """
    The first *most* octets of the body.

    Raises:
        Problem: the client went away, or sent less than it said.
    """
    try:
        octets: bytes = request.bounded_stream.read(most)
    except OSError as exc:
        raise Problem(400, "the body is shorter than its Content-Length, or came too slowly") from exc
    return octets
