"""past - the index of past mail for tests: made of a queue at once, as the housekeeper makes it round by round"""

import time
from pathlib import Path
from typing import Final

from empath.storage.queue.past import first_mark, step
from empath.storage.queue.retention import Cutoffs, ForgetRecipients
from empath.storage.sqlite.track import TrackWriter, track_path
from tests.kit.queue import Queue

_LATER: Final = 4e9  # than anything here


def track_writer(queue: Path) -> TrackWriter:
    """The write side of the index of the queue at *queue*, opened."""
    writer = TrackWriter(track_path(queue), deadline_s=0.0, sleep=time.sleep)
    writer.open()
    return writer


def index(queue: Queue) -> Path:
    """Bring the index of *queue* up to date, and return its file."""
    reader, writer = queue.engine.open_reader(), track_writer(queue.path)
    mark = writer.mark()
    if mark is None:
        mark = first_mark(reader)
        writer.begin(mark, keep_up_to=0)
    is_last = False
    while not is_last:
        found = step(reader, mark)
        writer.add(found.entries, found.mark)
        mark, is_last = found.mark, found.is_last
    writer.close()
    reader.close()
    return track_path(queue.path)


def forget_recipients(queue: Queue, *recipient_ids: int) -> None:
    """Let the retention of *queue* remove recipients that have ended."""
    queue.write("DELETE FROM _notice WHERE recipient_id IN (SELECT value FROM json_each(?))", str([*recipient_ids]))
    queue.run(
        ForgetRecipients(recipient_ids, Cutoffs.at(_LATER, delivered_s=0.0, final_s=0.0, content_s=0.0, audit_s=0.0))
    )
