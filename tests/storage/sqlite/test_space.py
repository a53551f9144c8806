"""test_space - the space of deleted rows goes back to the disk"""

from empath.storage.sqlite.space import ReturnPages, unused_octets
from tests.kit.queue import Queue, write


def test_free_pages_go_back_to_the_disk(queue: Queue) -> None:
    """
    A queue that once filled its disk must not refuse mail for ever.
    """
    reader = queue.engine.open_reader()
    write(queue.path, "INSERT INTO _content VALUES (999, zeroblob(?))", 3 * 1024 * 1024)
    write(queue.path, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = queue.path.stat().st_size
    write(queue.path, "DELETE FROM _content WHERE message_id = 999")
    assert unused_octets(reader) >= 3 * 1024 * 1024

    works = 0
    while unused_octets(reader):
        queue.run(ReturnPages())
        works += 1

    assert works > 1
    write(queue.path, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert queue.path.stat().st_size <= size - 3 * 1024 * 1024
    reader.close()
