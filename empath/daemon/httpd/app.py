"""
app - what is served, and where
"""

from collections.abc import Callable
from typing import Final

import falcon

_TEXT: Final = "text/plain; version=0.0.4"
Exposed = Callable[[str], tuple[bytes, str]]


class Metrics:
    """`GET /metrics`: all metrics, in the format that the client asks for."""

    def __init__(self, exposed: Exposed) -> None:
        self._exposed = exposed

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a scrape."""
        response.data, response.content_type = self._exposed(request.get_header("Accept") or _TEXT)


def make_app(exposed: Exposed) -> "falcon.App[falcon.Request, falcon.Response]":
    """The application. Its errors are JSON with a title and a description, as falcon has them."""
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App()
    app.add_route("/metrics", Metrics(exposed))
    return app
