"""
http - the table [http]: the console and the metrics, for people and programs that watch
"""

from typing import Final

from pydantic import Field

from empath.config.fields import AllowedNetwork, FileMode, ListenAddress, Seconds, TracingNetwork
from empath.config.reading import setting
from empath.config.tables.table import Table
from empath.mail.endpoint import Endpoint, UnixSocket

_LOOPBACK: Final = ["127.0.0.0/8", "::1/128"]


class Http(Table):
    """What is served by HTTP: the console, and the metrics of all processes. Without an address nothing is."""

    address: ListenAddress | None = setting(None, example="127.0.0.1:8025")
    """IP address and port, or a UNIX socket, "unix:/run/empath/http". Not set: nothing is served."""

    socket_mode: FileMode = setting("0660")
    """File mode of the UNIX socket: who may write to it may read all that is served."""

    networks: tuple[AllowedNetwork, ...] = setting(_LOOPBACK)
    """Clients that may read metrics and the state of health without a token. Clients of a UNIX socket always may."""

    token_networks: tuple[AllowedNetwork, ...] = setting(_LOOPBACK)
    """Clients that may connect and show a token, for what they may not read without. Any other client gets 403."""

    open_console: bool = Field(False, strict=True)
    """Whether clients of `networks` read the console without a token. It shows senders, recipients and subjects to each
    user of such a host."""

    tls: bool = Field(False, strict=True)
    """Whether clients speak TLS (HTTPS). The certificates are in [tls]."""

    trust_traceparent: tuple[TracingNetwork, ...] = setting([])
    """Clients whose messages go on in the trace that the header field `traceparent` of their request names, see
    [tracing]. They decide which of their messages are traced."""

    key_s: Seconds = setting("1d", "idempotency")
    """How long the answer to a request with an Idempotency-Key is kept, for a program that asks again."""

    @property
    def has_tls(self) -> bool:
        """Whether a certificate is presented."""
        return self.is_served and self.tls

    @property
    def is_served(self) -> bool:
        """Whether there is an address."""
        return self.address is not None

    @property
    def endpoint(self) -> Endpoint | None:
        """The IP address and port; None for a UNIX socket."""
        return self.address if isinstance(self.address, Endpoint) else None

    @property
    def unix_socket(self) -> UnixSocket | None:
        """The UNIX socket, if it listens on one."""
        return self.address if isinstance(self.address, UnixSocket) else None

    @property
    def text(self) -> str:
        """`127.0.0.1:8025`, `[::1]:8025` or `unix:/run/empath/http`."""
        return str(self.address)
