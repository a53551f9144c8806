"""
slots - how many processes of each kind a configuration asks for, and the names of their slots

`daemon.supervisor.kinds` says what each kind is; this table is for all that compare what runs with what should.
"""

from collections.abc import Callable, Mapping
from typing import Final

from empath.config.model import Config

# In the order of their start.
COUNTS: Final[Mapping[str, Callable[[Config], int]]] = {
    "housekeeper": lambda _: 1,
    "worker": lambda config: config.delivery.workers,
    "acceptor": lambda config: config.process.acceptors,
    "httpd": lambda config: int(config.http.is_served),
    "publisher": lambda config: int(config.events.has_publisher),
}
_WITHOUT_MAIL: Final = frozenset({"httpd", "publisher"})
FOR_MAIL: Final = tuple(kind for kind in COUNTS if kind not in _WITHOUT_MAIL)  # without these no mail comes or goes


def slots(config: Config) -> tuple[str, ...]:
    """The slots of all children that *config* asks for: `kind-n`, n from 1."""
    return tuple(f"{kind}-{number}" for kind, count in COUNTS.items() for number in range(1, count(config) + 1))
