"""
offers - the extensions that the sessions of one listener offer

What a session may use depends on its client: whether it is trusted, inside TLS, or may still log in.  The sessions of a
listener have few such cases in common, so each is worked out once a day, because EHLO names an instant of the day.
"""

from empath.config.tables.receiving import Listener
from empath.config.tables.tls import TlsMode
from empath.mail.identity import Timestamp
from empath.policy.timing import day_of, latest_release
from empath.smtp.server.extensions import Extensions, Need, Security, offered_with

_Case = tuple[bool, bool, tuple[str, ...] | None, bool]


class Offers:
    """The extensions of each case."""

    def __init__(self, listener: Listener, hold_s: int) -> None:
        """*hold_s* is the longest time for which a client may have its mail held; 0: none may."""
        self._listener = listener
        self._hold_s = hold_s
        self._day = 0
        self._known: dict[_Case, Extensions] = {}

    def find(
        self,
        now: float,
        *,
        is_trusted: bool,
        is_secured: bool,
        mechanisms: tuple[str, ...] | None,
        names_clients: bool,
    ) -> Extensions:
        """
        The extensions at *now* of a session whose client is trusted, inside TLS, may log in by *mechanisms* (None: it
        cannot log in here), and may speak for other clients.
        """
        day = day_of(Timestamp(now)) if self._hold_s else 0
        if day != self._day:
            self._known.clear()
            self._day = day
        case = (is_trusted, is_secured, mechanisms, names_clients)
        found = self._known.get(case)
        if found is None:
            found = self._known[case] = self._worked_out(*case)
        return found

    def _worked_out(
        self, is_trusted: bool, is_secured: bool, mechanisms: tuple[str, ...] | None, names_clients: bool
    ) -> Extensions:
        fulfilled = {Need.TRUST} if is_trusted else set()
        listener, security = self._listener, Security.OPTIONAL
        if is_secured:
            fulfilled.add(Need.TLS)
            security = Security.ACTIVE
        elif listener.tls.has_starttls:
            fulfilled.add(Need.STARTTLS)
            security = Security.REQUIRED if listener.tls is TlsMode.REQUIRED else Security.OPTIONAL
        return offered_with(
            frozenset(fulfilled),
            mechanisms,
            protocol=listener.protocol,
            forbidden=listener.forbidden,
            security=security,
            names_clients=names_clients,
            holds=(self._hold_s, latest_release(self._day, self._hold_s)) if self._hold_s else None,
        )
