"""suspension - stop the mail to one destination until an instant, with a reason, and let it go on"""

from empath.storage.admin.selection import require_destination
from empath.storage.admin.steering import acting
from empath.storage.engine import Session
from empath.storage.write import Write


class Suspend(Write):
    """
    Suspend *destination* until an instant, in Unix seconds, or end its suspension where that is None.

    `before` is the suspension that ran until then: its end and its reason, None if there was none.

    Raises:
        MissingInput: there is no such destination.
    """

    def __init__(self, destination: str, until: float | None, *, reason: str | None, who: str, now: float) -> None:
        super().__init__()
        self.before: tuple[float, str | None] | None = None
        self._order = {"destination": destination, "until": until, "reason": reason}
        self._now = now
        self._who = who

    def run(self, session: Session) -> None:
        destination = self._order["destination"]
        require_destination(session, str(destination))
        found = session.rows("orders.suspension", {"destination": destination, "now": self._now})
        self.before = (found[0][0], found[0][1]) if found else None
        with acting(session, self._who):
            session.run("orders.suspend", self._order)
