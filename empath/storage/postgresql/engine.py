"""
engine - a queue in PostgreSQL

It has what is built of `engine.Engine`: readers, the writer, and the making of the queue. Decision 61 says what is not.
"""

import time
from collections.abc import Callable
from functools import partial

from empath.storage.engine import NewDestination, Sleep
from empath.storage.postgresql.connection import LOCK_S, Connection, connect, location_of
from empath.storage.postgresql.destination_ids import DestinationIds
from empath.storage.postgresql.schema import SCHEMA_VERSION, check_current, prepare
from empath.storage.postgresql.session import TranslatingSession
from empath.storage.postgresql.writer import Writer


class PostgresEngine:
    """
    The queue in *schema* of the database that *conninfo* names, a URL or a string of libpq.

    New destinations get *max_leases* slots.
    """

    has_one_instance = False

    def __init__(self, conninfo: str, *, max_leases: int, schema: str = "empath") -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._max_leases = max_leases
        self._begin_with: Callable[[str], NewDestination] | None = None
        self.location = location_of(conninfo)

    def begin_destinations(self, begin_with: Callable[[str], NewDestination]) -> None:
        """See `engine.Engine`."""
        self._begin_with = begin_with

    def known_schema(self) -> int:
        """See `engine.Engine`."""
        return SCHEMA_VERSION

    def prepare(self) -> None:
        """
        Make the queue if there is none.

        Raises:
            EmpathError: the queue cannot be used; the text says why and what to do.
        """
        connection = connect(self._conninfo, self._schema)
        try:
            prepare(connection, self._schema, self.location)
        finally:
            connection.close()

    def open_reader(self) -> TranslatingSession:
        """See `engine.Engine`."""
        return TranslatingSession(self._connect(), self.location, self._ids())

    def open_writer(self, *, deadline_s: float, notify: Callable[[], object], sleep: Sleep = time.sleep) -> Writer:
        """See `engine.Engine`; *deadline_s* bounds each wait for an edit."""
        connecting = partial(self._connect, deadline_s)
        return Writer(connecting, self.location, self._ids(), notify=notify, deadline_s=deadline_s, sleep=sleep)

    def _connect(self, lock_s: float = LOCK_S) -> Connection:
        connection = connect(self._conninfo, self._schema, lock_s=lock_s)
        try:
            check_current(connection, self.location)
        except BaseException:
            connection.close()
            raise
        return connection

    def _ids(self) -> DestinationIds:
        return DestinationIds(self._max_leases, self._begin_with)
