"""
kinds - the kinds of children: what each inherits, as a table

Every child inherits the configuration, the instance lock, the life pipe and a pipe to report on (see
`daemon.process.child`). The rest depends on its kind. A new kind of child needs a row here and in
`daemon.process.slots`, a program `empath.daemon.<name>`, and a place among the `PROGRAMS` of `daemon.template`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One kind of child.

    `daemon.process.slots` has the number of its slots. A kind that is woken inherits the eventfd of its own slot, any
    other kind those of all slots that are woken, in order. has_listeners stands for the listening sockets and the
    counts of open connections and the certificates of listeners, meets_hosts for what is shown to hosts that mail goes
    to, hears_deaths for a pipe with the deaths of others, may_ask for the writing end of the pipe through which the
    supervisor is asked, and the file that has the outcome of a reload, serves_http for the listening socket of [http]
    and the file for the state of the service, signs for the keys that sign mail. After a reload, a kind that may linger
    drains for as long as its clients take.
    """

    name: str
    is_woken: bool = False
    has_listeners: bool = False
    meets_hosts: bool = False
    hears_deaths: bool = False
    may_ask: bool = False
    may_linger: bool = False
    serves_http: bool = False
    signs: bool = False


KINDS: Final = (
    Kind("housekeeper", hears_deaths=True, may_ask=True, signs=True),
    Kind("worker", is_woken=True, meets_hosts=True),
    Kind("acceptor", has_listeners=True, may_linger=True, signs=True),
    Kind("httpd", serves_http=True, signs=True),
    Kind("publisher"),
)
_BY_NAME: Final = {kind.name: kind for kind in KINDS}

# Each kind's command line. -P: no module is imported from the working directory.
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    kind.name: (sys.executable, "-P", "-m", f"empath.daemon.{kind.name}") for kind in KINDS
}


def kind_of(slot: str) -> Kind:
    """The kind of *slot*."""
    return _BY_NAME[slot.rpartition("-")[0]]
