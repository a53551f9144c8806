"""What the system's list of locks says, read in pieces while it changes."""

import os

from empath.storage.sqlite.openers import FileLock, file_in_locks, file_locks, together
from tests.kit.queue import Queue

LINES = (
    b"1: POSIX  ADVISORY  WRITE 11 fd:00:1 0 0\n",
    b"2: FLOCK  ADVISORY  WRITE 12 fd:00:2 0 EOF\n",
    b"2: -> FLOCK  ADVISORY  WRITE 13 fd:00:2 0 EOF\n",
    b"3: POSIX  ADVISORY  READ 14 fd:00:3 128 128\n",
)
FIRST, LAST = FileLock(11, False, "fd:00:1", 0), FileLock(14, True, "fd:00:3", 128)


def test_a_lock_that_moved_between_two_pieces_is_found():
    """
    A look at a long list missed it now and then, and a queue whose files were removed was opened.
    """
    looks = iter([[LINES[0], LINES[1]], [LINES[0], *LINES[1:3], LINES[3]], [LINES[1], LINES[3]]])
    assert {FIRST, LAST} == together(lambda: next(looks))


def test_a_list_in_one_piece_is_looked_at_once():
    """
    It is of one instant.
    """
    looks = iter([[b"".join(LINES)]])
    assert {FIRST, LAST} == together(lambda: next(looks))


def test_no_locks_are_no_locks():
    """
    So it is in a container that has just begun.
    """
    assert frozenset() == together(list)


def test_the_connections_of_this_process_are_in_the_list(queue: Queue):
    """
    The form is that of the kernel of this host.
    """
    queue.accept()
    queue.select("SELECT 1 FROM _message")
    database = file_in_locks(queue.path)
    assert {os.getpid()} == {lock.pid for lock in file_locks() if lock.file == database}
