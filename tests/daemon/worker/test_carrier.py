"""What goes on of one message, wherever it is stored."""

from pathlib import Path

import gevent
import pytest

from empath.daemon.worker.transport.carrier import Body
from empath.mail.identity import QueueId
from empath.storage.queue.accept import INLINE
from empath.storage.spool import SpoolFile

ADDED = b"Received: here\r\n"
CONTENT = b"Subject: x\r\n\r\n" + b"y" * 300_000


@pytest.fixture
def bodies(tmp_path: Path) -> list[Body]:
    """One message, once in memory and once in a file."""
    file = SpoolFile(tmp_path, "mx", QueueId("0" * 26))
    file.write(CONTENT)
    file.complete()
    return [Body(CONTENT, tmp_path, INLINE, ADDED), Body(None, tmp_path, file.locator, ADDED)]


def test_the_added_fields_come_first_and_the_content_follows(bodies: list[Body]) -> None:
    """
    They are pieces of their own: to join them would copy the content.
    """
    for body in bodies:
        pieces = list(body.pieces())
        assert (ADDED, CONTENT) == (pieces[0], b"".join(pieces[1:]))
        assert pieces == gevent.spawn(list, body.pieces_in_hub()).get()


def test_content_without_added_fields_goes_on_as_it_is(tmp_path: Path) -> None:
    """
    Reports of our own, and messages of an older version.
    """
    assert [CONTENT] == list(Body(CONTENT, tmp_path, INLINE).pieces())
