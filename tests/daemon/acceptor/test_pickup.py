"""Mail that local programs leave in a directory."""

import os
import time
from dataclasses import replace
from typing import Any, cast

import gevent
import pytest

from empath.daemon.acceptor.pickup import Pickup
from empath.errors import StorageFailure
from empath.mail.identity import QueueId, Timestamp
from empath.net.stream import Deadlines
from empath.policy.access import Role
from empath.storage.drop import DropEnvelope, DropRecipient, Split, dropped, open_drop, write_drop

CONTENT = b"Subject: x\r\nBcc: z@example.test\r\n\r\n.body\r\n"


class Known:
    """A reader of a queue that has the messages in `ids`."""

    def __init__(self):
        self.ids = set()
        self.asked = 0

    def value(self, name, bindings):
        self.asked += 1
        assert "accept.is_known" == name
        return int(bindings["ulid"] in self.ids)


class Place:
    """A directory with its pickup."""

    def __init__(self, directory, context):
        self.directory = directory
        directory.mkdir()
        self.context = replace(context, address="pickup")
        self.known = Known()
        self.now = 0.0
        deadlines = Deadlines()
        self._watch = gevent.spawn(deadlines.run)
        self._pickup = Pickup(directory, self.context, cast(Any, self.known), deadlines, clock=lambda: self.now)

    def leave(self, *recipients, sender="me@example.test", content=CONTENT, uid=None):
        queue_id = QueueId.make(Timestamp(time.time()), os.urandom(10))
        envelope = DropEnvelope(sender, tuple(map(DropRecipient, recipients)))
        write_drop(self.directory, queue_id, envelope, content, uid=uid)
        return str(queue_id)

    def look(self):
        self._pickup.look()
        return self.context.writer.messages

    def names(self):
        return dropped(self.directory, limit=100)

    def close(self):
        self._watch.kill()


@pytest.fixture
def make_place(tmp_path, make_context):
    """Makes a pickup directory in front of a writer that the test controls."""
    places = []

    def make(**settings):
        place = Place(tmp_path / "drop", make_context(role=Role.SUBMISSION, **settings))
        places.append(place)
        return place

    yield make
    for place in places:
        place.close()


def test_a_message_is_taken_in_under_its_own_id(make_place):
    """
    The owner of the file is its account; what a submission server adds is added, and Bcc is taken out.
    """
    place = make_place()
    queue_id = place.leave("a@example.test", "b@example.test")
    [message] = place.look()
    assert (queue_id, f"uid-{os.getuid()}", "pickup") == (str(message.queue_id), message.account, message.listener)
    assert ["a@example.test", "b@example.test"] == [str(r.address) for r in message.envelope.recipients]
    assert b"Subject: x\r\n\r\n.body\r\n" == message.content
    assert b"Message-ID: " in message.added_fields
    assert [] == place.names()


def test_a_message_that_the_queue_knows_is_not_taken_twice(make_place):
    """
    The process was killed between the commit and the removal of the file.
    """
    place = make_place()
    place.known.ids.add(place.leave("a@example.test"))
    assert ([], []) == (place.look(), place.names())


def test_a_message_that_cannot_be_stored_waits(make_place):
    """
    A full disk loses nothing. It is tried again, at longer and longer intervals.
    """
    place = make_place()
    place.leave("a@example.test")
    place.context.writer.error = StorageFailure("disk full")
    assert [] == place.look()
    assert 1 == len(place.names())
    place.context.writer.error = None
    assert [] == place.look()  # its time has not come
    place.now = 1.0
    assert 1 == len(place.look())
    assert [] == place.names()


def test_a_refused_recipient_is_reported_to_the_sender(make_place):
    """
    The others get the mail. The report goes the same way, with the null sender.
    """
    place = make_place(routes='"example.test" = "discard:"')
    place.leave("a@example.test", "b@nowhere.test")
    assert [] == place.look()  # split in two, so that a failure to leave the report loses neither
    assert 2 == len(place.names())
    [message] = place.look()
    assert ["a@example.test"] == [str(r.address) for r in message.envelope.recipients]
    _, report = place.look()
    assert (True, ["me@example.test"]) == (
        report.envelope.reverse_path.is_null, [str(r.address) for r in report.envelope.recipients],
    )  # fmt: skip
    assert b"b@nowhere.test" in report.content
    assert b"multipart/report" in report.content
    assert [] == place.names()


def test_a_refused_message_without_a_sender_is_kept(make_place):
    """
    Nobody would hear of it, and there must be no report about a report.
    """
    place = make_place(routes='"example.test" = "discard:"')
    queue_id = place.leave("b@nowhere.test", sender="")
    assert ([], []) == (place.look(), place.names())
    assert [f"{queue_id}.mail"] == os.listdir(place.directory / "refused")


def test_recipients_that_must_wait_keep_no_other_waiting(make_place):
    """
    The 101st recipient is one too many for the context of this test.
    """
    place = make_place(recipients=100)
    place.leave(*(f"r{n}@example.test" for n in range(101)))
    assert [] == place.look()  # split in two
    assert 2 == len(place.names())
    assert [1, 100] == sorted(len(message.envelope.recipients) for message in place.look())
    assert [] == place.names()


def test_the_parts_of_a_message_are_from_the_user_that_left_it(make_place):
    """
    The server owns the files of the parts, and its account is not that of the sender.
    """
    place = make_place(recipients=100)
    place.leave(*(f"r{n}@example.test" for n in range(101)), uid=4711)
    assert [] == place.look()  # split in two
    assert ["uid-4711"] * 2 == [message.account for message in place.look()]


@pytest.mark.parametrize("steps", range(4))
def test_a_split_that_a_crash_cuts_off_doubles_no_mail_and_loses_none(make_place, steps):
    """
    The process died between the two files and the removal of the first: the next start had all of them.
    """
    place = make_place(recipients=100)
    place.leave(*(f"r{n}@example.test" for n in range(101)))
    path = place.directory / place.names()[0]
    drop = open_drop(path, max_octets=100_000)
    others = frozenset(drop.envelope.recipients[:50])
    split = Split(path, drop, others, lambda: QueueId.make(Timestamp(time.time()), os.urandom(10)))
    for step in [split.write_part, split.shorten, split.release][:steps]:
        step()
    drop.close()
    for _ in range(4):
        place.look()
    messages = place.context.writer.messages
    addresses = [str(each.address) for message in messages for each in message.envelope.recipients]
    assert sorted(f"r{n}@example.test" for n in range(101)) == sorted(addresses)
    assert {f"uid-{os.getuid()}"} == {message.account for message in messages}
    assert [] == os.listdir(place.directory)


def test_a_file_that_is_no_message_is_set_aside_and_stops_no_other(make_place):
    place = make_place()
    (place.directory / "00000000000000000000000000.mail").write_bytes(b"nonsense")
    (place.directory / "00000000000000000000000001.mail").symlink_to("/etc/passwd")
    place.leave("a@example.test")
    assert 1 == len(place.look())
    assert 2 == len(os.listdir(place.directory / "refused"))


def test_a_truncated_file_is_never_sent(make_place):
    place = make_place()
    queue_id = place.leave("a@example.test")
    file = place.directory / f"{queue_id}.mail"
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 2)
    assert [] == place.look()
    assert [file.name] == os.listdir(place.directory / "refused")


def test_a_file_with_a_hole_at_its_end_is_never_read(make_place):
    """
    It takes no room on the disk, and would keep the server reading for hours.
    """
    place = make_place()
    file = place.directory / f"{place.leave('a@example.test')}.mail"
    os.truncate(file, 1 << 40)
    assert [] == place.look()
    assert [file.name] == os.listdir(place.directory / "refused")


def test_any_number_of_refused_recipients_is_reported(make_place):
    """
    A client of the network is sent away after some errors; here nobody would hear of the rest.
    """
    place = make_place(routes='"example.test" = "discard:"')
    place.leave(*(f"r{n}@nowhere.test" for n in range(50)))
    assert [] == place.look()
    [report] = place.look()
    assert 50 == report.content.count(b"Final-Recipient: ")


def test_new_files_come_before_those_that_were_put_off(make_place):
    """
    A user may leave any number of files that cannot be accepted now. Few of them are tried in one look, unless one of
    them is accepted.
    """
    place = make_place()
    old = [place.leave("a@example.test") for _ in range(30)]
    place.context.writer.error = StorageFailure("disk full")
    assert [] == place.look()
    assert 30 == place.known.asked
    place.now = 1.0
    assert [] == place.look()
    assert 30 + 10 == place.known.asked
    new = place.leave("a@example.test")
    place.context.writer.error = None
    assert [new, *sorted(old)[10:]] == [str(message.queue_id) for message in place.look()]


def test_a_file_that_another_process_took_is_no_failure(make_place):
    place = make_place()
    place.leave("a@example.test")
    open_drop(place.directory / place.names()[0], max_octets=1000).close()
    os.unlink(place.directory / place.names()[0])
    assert [] == place.look()


def test_nothing_is_moved_through_a_link_that_a_user_made(make_place, tmp_path):
    """
    The server may run as root, and the link may lead to any directory. The file stays, and is tried again.
    """
    place = make_place()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (place.directory / "refused").symlink_to(elsewhere)
    (place.directory / "00000000000000000000000000.mail").write_bytes(b"nonsense")
    place.leave("a@example.test")
    assert 1 == len(place.look())
    assert ([], ["00000000000000000000000000.mail"]) == (os.listdir(elsewhere), place.names())
