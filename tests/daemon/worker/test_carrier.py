"""The octets to send of one message, wherever they are stored."""

import errno
import hashlib
import os
from pathlib import Path

import gevent
import pytest

from empath.daemon.worker.transport.carrier import Body
from empath.errors import ContentGone, StorageFailure
from empath.mail.identity import QueueId
from empath.storage.queue.accept import INLINE
from empath.storage.spool import SpoolFile, locate

ADDED = b"Received: here\r\n"
CONTENT = b"Subject: x\r\n\r\n" + b"y" * 300_000


def body(content: bytes | None, spool: Path, locator: str) -> Body:
    """The accepted message, with *content* in the place of the stored content."""
    return Body(content, spool, locator, len(ADDED + CONTENT), hashlib.sha256(CONTENT).hexdigest(), ADDED)


@pytest.fixture
def bodies(tmp_path: Path) -> list[Body]:
    """The same message in memory and in a file."""
    file = SpoolFile(tmp_path, "mx", QueueId("0" * 26))
    file.write(CONTENT)
    file.complete()
    file.close()
    return [body(CONTENT, tmp_path, INLINE), body(None, tmp_path, file.locator)]


def test_the_added_fields_come_first_and_the_content_follows(bodies: list[Body]) -> None:
    """
    Before a file they are a piece of their own: to join them would copy the content.
    """
    in_row, in_file = (list(body.pieces()) for body in bodies)
    assert [ADDED + CONTENT] == in_row
    assert (ADDED, CONTENT) == (in_file[0], b"".join(in_file[1:]))
    for body in bodies:
        assert list(body.pieces()) == gevent.spawn(list, body.pieces_in_hub()).get()


def test_content_without_added_fields_goes_on_as_it_is(tmp_path: Path) -> None:
    """
    Reports of our own and messages of an older version have no added fields.
    """
    assert [CONTENT] == list(Body(CONTENT, tmp_path, INLINE, len(CONTENT)).pieces())


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT + b"z", CONTENT.replace(b"y", b"z", 1)])
def test_f17_damaged_content_ends_in_an_error_and_not_in_a_dot(
    tmp_path: Path, bodies: list[Body], damaged: bytes
) -> None:
    """
    A truncated file used to be sent up to its end, and recorded as delivered.
    """
    locate(tmp_path, str(bodies[1].locator)).write_bytes(damaged)
    for one in (body(damaged, tmp_path, INLINE), bodies[1]):
        with pytest.raises(ContentGone):
            list(one.pieces())
        with pytest.raises(ContentGone):
            gevent.spawn(list, one.pieces_in_hub()).get()


def test_f17_only_a_file_that_is_not_there_is_gone(
    tmp_path: Path, bodies: list[Body], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A process without a free descriptor used to hold spooled mail for ever.
    """

    def exhausted(*_arguments: object, **_more: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", exhausted)
        with pytest.raises(StorageFailure) as passing:
            list(bodies[1].pieces())
    assert not isinstance(passing.value, ContentGone)

    locate(tmp_path, str(bodies[1].locator)).unlink()
    with pytest.raises(ContentGone):
        list(bodies[1].pieces())
