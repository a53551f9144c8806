"""
numbers - up to which number the rows of a table are all there

THEORY
    A row gets its number when it is inserted, and is seen when its transaction commits: the row 7 may come after the
    row 8.  Who reads on from 8 would never see it.

    PostgreSQL locks a table for each transaction that writes it, before the first number is taken and until the commit
    is visible, and the view pg_locks shows to everybody who holds these locks.  So a look reads the last number, and
    then who writes.  Whoever has a lower number and is not seen yet is among these.  When all of them are gone, every
    row up to that number is there for good, or never comes.

    A transaction that a person leaves open holds back what follows the numbers, and nothing else.
"""


class Tail:
    """The end of one table. `settled` is the number up to which its rows are all there."""

    def __init__(self) -> None:
        self.settled = 0
        self._last = 0  # settled as soon as all of `_writers` are gone
        self._writers: frozenset[str] = frozenset()

    def look(self, last: int, writers: frozenset[str]) -> None:
        """Take in the number *last*, and the transactions that wrote the table a moment later."""
        self._writers &= writers
        if self._writers:
            return
        self.settled = max(self.settled, self._last if writers else last)
        self._last, self._writers = last, writers
