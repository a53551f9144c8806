r"""
bearer - the mechanisms that carry a token of OAuth 2.0: OAUTHBEARER, RFC 7628, and XOAUTH2 of Google and Microsoft

Both send key=value pairs with \x01 between them.  A bad token is first answered by a challenge that says so in JSON,
and the exchange ends with the response to it.
"""

import re
from typing import Final

from empath.errors import SyntaxViolation
from empath.smtp.sasl.prepared import prepared
from empath.smtp.sasl.steps import Challenge, Malformed, Refused, Step, TokenGiven

_TOKEN = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")  # RFC 6750 §2.1
_HEADER = re.compile(r"n,(?:a=([^,]*))?,")  # gs2-header of RFC 5801, without channel binding
_BAD_TOKEN: Final = Challenge(b'{"status":"invalid_token"}')  # RFC 7628 §3.2.2
_BAD_TOKEN_FOR_XOAUTH2: Final = Challenge(b'{"status":"401","schemes":"bearer"}')


class BearerServer:
    """One exchange of OAUTHBEARER or XOAUTH2."""

    __slots__ = ("_is_refused", "_is_standard")

    def __init__(self, *, is_standard: bool) -> None:
        """*is_standard* chooses OAUTHBEARER."""
        self._is_standard = is_standard
        self._is_refused = False

    def respond(self, response: bytes | None) -> Step:
        """See `ServerExchange`."""
        if self._is_refused:
            return Refused()
        if response is None:
            return Challenge(b"")
        try:
            head, *pairs = response.decode().split("\x01")
        except UnicodeDecodeError:
            return Malformed()
        if len(pairs) < 3 or pairs[-2:] != ["", ""]:
            return Malformed()
        name = self._claimed_name(head)
        tokens = [pair.removeprefix("auth=") for pair in pairs if pair.startswith("auth=")]
        token = _TOKEN.fullmatch(tokens[0]) if len(tokens) == 1 else None
        if name is None or token is None:
            return Malformed()
        try:
            return TokenGiven(prepared(name) if name else "", token[1])
        except SyntaxViolation:
            return Refused()

    def refuse(self) -> Step:
        """See `ServerExchange`."""
        self._is_refused = True
        return _BAD_TOKEN if self._is_standard else _BAD_TOKEN_FOR_XOAUTH2

    def _claimed_name(self, head: str) -> str | None:
        """The name before the first pair; None if *head* has another form."""
        if not self._is_standard:
            return head.removeprefix("user=") if head.startswith("user=") else None
        match = _HEADER.fullmatch(head)
        return None if match is None else (match[1] or "").replace("=2C", ",").replace("=3D", "=")
