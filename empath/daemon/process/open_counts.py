"""
open_counts - the open connections of all acceptors, in memory that they share

THEORY
    The supervisor makes a memory file, which acceptors inherit.  The file has a row for each acceptor that lives, also
    for those that drain after a reload.  Only its acceptor writes a row, so no lock is needed; each acceptor reads the
    sums of columns.  When an acceptor has ended, however it did, the supervisor clears its row, and its connections
    are gone from the sums.

    A column is the hash of a listener's address or of a client's network.  Two clients may share a column, which then
    counts both.  With a thousand connections in 16,384 columns this refuses a client only if another one of the same
    column has used up the limit.  A secret key of the supervisor's run keeps outsiders from choosing such addresses.

LAYOUT
    Key of the hash, 16 octets; number of rows in use, 4 octets; then the rows. A row has 4 octets a column.
"""

import hashlib
import mmap
import os
from functools import lru_cache
from typing import Final

from empath.policy.access import ClientAddress

_LISTENER_COLUMNS: Final = 1024
_CLIENT_COLUMNS: Final = 16_384
_COLUMNS: Final = _LISTENER_COLUMNS + _CLIENT_COLUMNS
_KEY_OCTETS: Final = 16
_HEAD: Final = 16  # cells of the head: the key takes four, the number of rows the next
_ROWS_CELL: Final = 4
_CELL_OCTETS: Final = 4
MOST_ROWS: Final = 256  # acceptors that live at the same time
_OCTETS: Final = (_HEAD + MOST_ROWS * _COLUMNS) * _CELL_OCTETS


class OpenCountsFile:
    """The supervisor's side: makes the file, and gives each acceptor its row."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("empath-connections", os.MFD_CLOEXEC)
        os.truncate(self.fd, _OCTETS)
        self._memory = mmap.mmap(self.fd, _OCTETS)
        self._memory[:_KEY_OCTETS] = os.urandom(_KEY_OCTETS)
        self._cells = memoryview(self._memory).cast("I")
        self._used: set[int] = set()

    def take_row(self) -> int:
        """
        A row of zeros, for one acceptor.

        Raises:
            BlockingIOError: too many acceptors live; some of them still drain.
        """
        row = next((row for row in range(MOST_ROWS) if row not in self._used), None)
        if row is None:
            raise BlockingIOError(0, f"{MOST_ROWS} acceptors live, most of them drain after a reload")
        self._used.add(row)
        self._set_rows()
        return row

    def clear_row(self, row: int) -> None:
        """The acceptor of *row* has ended."""
        begin = (_HEAD + row * _COLUMNS) * _CELL_OCTETS
        self._memory[begin : begin + _COLUMNS * _CELL_OCTETS] = bytes(_COLUMNS * _CELL_OCTETS)
        self._used.discard(row)
        self._set_rows()

    def _set_rows(self) -> None:
        self._cells[_ROWS_CELL] = max(self._used, default=-1) + 1


class SharedCounts:
    """An acceptor's side: `policy.limits.connections.OpenCounts` of all acceptors. A key is a column."""

    def __init__(self, fd: int, row: int) -> None:
        memory = mmap.mmap(fd, _OCTETS)
        self._key = bytes(memory[:_KEY_OCTETS])
        self._cells = memoryview(memory).cast("I")
        self._own = _HEAD + row * _COLUMNS
        self.client_key = lru_cache(maxsize=4096)(self._client_key)

    def listener_key(self, listener: str) -> int:
        """As in `OpenCounts`."""
        return self._hash(listener) % _LISTENER_COLUMNS

    def add(self, key: int, count: int) -> int:
        """As in `OpenCounts`."""
        self._cells[self._own + key] += count
        return self.total(key)

    def total(self, key: int) -> int:
        """As in `OpenCounts`."""
        cells = self._cells
        if cells[_ROWS_CELL] == 1:  # the usual case: one acceptor, and none that drains
            return cells[_HEAD + key]
        return sum(cells[_HEAD + key : _HEAD + cells[_ROWS_CELL] * _COLUMNS : _COLUMNS])

    def _client_key(self, scope: str, network: ClientAddress) -> int:
        return _LISTENER_COLUMNS + self._hash(f"{scope} {network}") % _CLIENT_COLUMNS

    def _hash(self, text: str) -> int:
        return int.from_bytes(hashlib.blake2b(text.encode(), key=self._key, digest_size=8).digest(), "big")
