"""http_form - one POST of a form, and the answer as JSON"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from empath.net.http_client import HttpEndpoint, HttpFailed, HttpRequest
from empath.net.stream import OutOfResources

__all__ = ["FormEndpoint", "HttpFailed"]

_MAX_ANSWER_OCTETS: Final = 64 * 1024


class FormEndpoint:
    """An endpoint that takes forms, at an `https:` URL, or an `http:` one on this host."""

    def __init__(self, url: str, *, user: str | None, password: str) -> None:
        self._endpoint = HttpEndpoint(urlsplit(url))
        self._fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        if user is not None:
            credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._fields.append(("Authorization", f"Basic {credentials}"))

    def post(self, form: Mapping[str, str], *, timeout_s: float) -> dict[str, Any]:
        """
        Send *form*, and return the members of the answer. *timeout_s* bounds all of it.

        Raises:
            HttpFailed: there is no such answer.
        """
        octets = urlencode(form).encode()
        request = HttpRequest("POST", self._fields, (octets,), len(octets))
        try:
            answer = self._endpoint.ask(request, timeout_s=timeout_s, most_octets=_MAX_ANSWER_OCTETS)
        except OutOfResources as exc:
            raise HttpFailed(str(exc)) from exc
        if answer.status != 200:
            raise HttpFailed(f"status {answer.status}")
        try:
            members = json.loads(answer.body)
        except (ValueError, RecursionError) as exc:
            raise HttpFailed("the answer is not JSON") from exc
        if not isinstance(members, dict):
            raise HttpFailed("the answer is not a JSON object")
        return members
