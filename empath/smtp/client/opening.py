"""opening - what comes before the first transaction of a session: TLS, and a login"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from empath.smtp.sasl.client import ClientLogin


class TlsUse(StrEnum):
    """Whether a session begins TLS."""

    NEVER = "never"
    IF_OFFERED = "if-offered"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Opening:
    """
    What comes before the first transaction.

    Shape: is_secured: the connection has been inside TLS since before the greeting, and bindings has the data of its
    channel, see `ClientLogin.begin`. for_requiretls: the first message needs REQUIRETLS, RFC 8689, so a host without
    TLS is one that lacks an extension. may_log_in_clear: the login may go over a connection without TLS.
    """

    tls: TlsUse = TlsUse.NEVER
    is_secured: bool = False
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    for_requiretls: bool = False
    login: ClientLogin | None = None
    may_log_in_clear: bool = False


IN_CLEAR: Final = Opening()
