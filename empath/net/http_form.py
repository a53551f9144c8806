"""http_form - one POST of a form, and the answer as JSON"""

import base64
import io
import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ssl import create_default_context
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from empath.errors import EmpathError

_MAX_ANSWER_OCTETS: Final = 64 * 1024
_MAX_OCTETS: Final = 256 * 1024  # with all headers and interim responses, of which http.client reads any number


class HttpFailed(EmpathError):
    """The server could not be asked, or gave no answer of the expected form; the text is a clause."""

    exit_code = 75  # EX_TEMPFAIL


class _Bounded(io.RawIOBase):
    """What comes from *file*, at most _MAX_OCTETS."""

    def __init__(self, file: io.RawIOBase) -> None:
        self._file = file
        self._left = _MAX_OCTETS

    def readable(self) -> bool:
        """See `io`."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See `io`."""
        count = self._file.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError("the answer is too long")
        return count

    def close(self) -> None:
        """See `io`."""
        self._file.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer that comes to an end."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach()))


class FormEndpoint:
    """
    An endpoint that takes forms, at an `https:` URL, or an `http:` one on this host.

    Certificates are checked. Redirections are not followed: they would carry the form elsewhere.
    """

    def __init__(self, url: str, *, user: str | None, password: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._context = create_default_context() if parts.scheme == "https" else None
        self._headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if user is not None:
            credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {credentials}"

    def post(self, form: Mapping[str, str], *, timeout_s: float) -> dict[str, Any]:
        """
        Send *form*, and return the members of the answer. *timeout_s* bounds each wait.

        Raises:
            HttpFailed: there is no such answer.
        """
        connection = self._connection(timeout_s)
        try:
            connection.request("POST", self._target, urlencode(form).encode(), self._headers)
            answer = connection.getresponse()
            octets = answer.read(_MAX_ANSWER_OCTETS + 1)
        except (OSError, HTTPException, UnicodeError) as exc:  # the last: a name that IDNA does not know
            raise HttpFailed(str(exc) or type(exc).__name__) from exc
        finally:
            connection.close()
        if answer.status != 200:
            raise HttpFailed(f"status {answer.status}")
        if len(octets) > _MAX_ANSWER_OCTETS:
            raise HttpFailed("the answer is too long")
        try:
            members = json.loads(octets)
        except (ValueError, RecursionError) as exc:
            raise HttpFailed("the answer is not JSON") from exc
        if not isinstance(members, dict):
            raise HttpFailed("the answer is not a JSON object")
        return members

    def _connection(self, timeout_s: float) -> HTTPConnection:
        if self._context is None:
            connection = HTTPConnection(self._host, self._port, timeout=timeout_s)
        else:
            connection = HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._context)
        connection.response_class = _Answer
        return connection
