"""Messages that local programs leave as files."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import CannotCreate, StorageFailure, SyntaxViolation
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.identity import QueueId, Timestamp
from empath.storage.drop import DropEnvelope, DropRecipient, dropped, mend_splits, open_drop, write_drop

ENVELOPE = DropEnvelope(
    "me@example.test",
    (DropRecipient("you@example.test", "NEVER", "rfc822;you@example.test"), DropRecipient("ÿ@example.test")),
    BodyType.EIGHT_BIT_MIME,
    True,
    DsnReturn.HEADERS,
    "x+2B",
)


def _id():
    return QueueId.make(Timestamp(time.time()), os.urandom(10))


def _head(**changed):
    head = {
        "reverse_path": "", "recipients": [{"address": "a@b.test"}], "body_type": "7BIT", "is_smtputf8": False,
        "dsn_return": None, "envelope_id": None, "size": 0, "digest": "",
    }  # fmt: skip
    return json.dumps({**head, **changed}).encode() + b"\n"


def test_what_was_left_is_read_back(tmp_path):
    queue_id = _id()
    path = write_drop(tmp_path, queue_id, ENVELOPE, b"Subject: x\r\n\r\nbody\r\n")
    assert [path.name] == dropped(tmp_path, limit=10)
    drop = open_drop(path, max_octets=100)
    assert (queue_id, ENVELOPE, os.getuid()) == (drop.queue_id, drop.envelope, drop.uid)
    assert b"Subject: x\r\n\r\nbody\r\n" == b"".join(drop.pieces())
    drop.close()


def test_only_the_server_may_say_that_a_file_is_from_another_user(tmp_path):
    """
    It leaves parts of what a user has left. A user who names another one is its sender nevertheless.
    """
    path = write_drop(tmp_path, _id(), ENVELOPE, b"x\r\n", uid=4711)
    own = open_drop(path, max_octets=100)
    if os.geteuid() == 0:
        os.chown(path, 65534, -1)
        foreign = open_drop(path, max_octets=100)
        assert 65534 == foreign.uid
        foreign.close()
    assert 4711 == own.uid
    own.close()


def test_the_oldest_come_first_and_unfinished_files_do_not_count(tmp_path):
    names = [f"01{n:024}.mail" for n in range(5)]
    for name in (*reversed(names), ".01.part", "README"):
        (tmp_path / name).touch()
    assert names[:3] == dropped(tmp_path, limit=3)


def test_a_file_is_for_its_group_and_no_one_else(tmp_path):
    """
    Whatever the umask of the sender: the server must read it, and other users must not.
    """
    before = os.umask(0o077)
    try:
        path = write_drop(tmp_path, _id(), ENVELOPE, b"x\r\n")
    finally:
        os.umask(before)
    assert 0o640 == path.stat().st_mode & 0o777


def test_a_missing_directory_is_one_line(tmp_path):
    with pytest.raises(CannotCreate, match="no such directory"):
        write_drop(tmp_path / "no", _id(), ENVELOPE, b"")


def test_a_name_that_is_taken_is_not_overwritten(tmp_path):
    queue_id = _id()
    (tmp_path / f".{queue_id}.part").touch()
    with pytest.raises(StorageFailure):
        write_drop(tmp_path, queue_id, ENVELOPE, b"")


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "directory", "socket"])
def test_what_is_not_a_plain_file_is_refused(tmp_path, kind):
    """
    Any user may be allowed to write here: a link could lead to another's mail, and a pipe could stop the server.
    """
    path, other = tmp_path / f"{_id()}.mail", tmp_path / "other"
    other.write_bytes(_head())
    if kind == "link":
        path.symlink_to(other)
    elif kind == "hard link":
        path.hardlink_to(other)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        os.mknod(path, 0o140644) if os.geteuid() == 0 else path.mkdir()
    with pytest.raises(SyntaxViolation):
        open_drop(path, max_octets=100)


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"\n", b"{}\n", b"[]\n", b"nothing", b"x" * 2_000_000, b"[" * 100_000 + b"\n",
        _head(size=101), _head(size=-1), _head(size="0"), _head(size=True, digest=1), _head(recipients=[]),
        _head(recipients=[{"address": 1}]), _head(recipients=["x"]), _head(recipients=1), _head(reverse_path=None),
        _head(body_type="BINARYMIME"), _head(dsn_return="x"), _head(is_smtputf8=1), _head(more=1),
        _head(envelope_id=1), _head(recipients=[{"address": "a", "notify": 1}]),
    ],
)  # fmt: skip
def test_a_broken_envelope_is_refused(tmp_path, octets):
    path = tmp_path / f"{_id()}.mail"
    path.write_bytes(octets)
    with pytest.raises(SyntaxViolation):
        open_drop(path, max_octets=100)


@given(st.binary(max_size=300))
def test_no_file_does_worse_than_to_be_refused(tmp_path_factory, octets):
    path = tmp_path_factory.mktemp("drop") / f"{_id()}.mail"
    path.write_bytes(octets)
    with pytest.raises(SyntaxViolation):
        open_drop(path, max_octets=100)


def test_a_name_that_is_no_queue_id_is_refused(tmp_path):
    (tmp_path / "x.mail").write_bytes(_head())
    with pytest.raises(SyntaxViolation):
        open_drop(tmp_path / "x.mail", max_octets=100)


@pytest.mark.parametrize("octets", [-1, 1 << 40])
def test_content_of_another_size_is_refused(tmp_path, octets):
    """
    A file that is not whole, and one with a hole that would take hours to read.
    """
    path = write_drop(tmp_path, _id(), ENVELOPE, b"x" * 100)
    os.truncate(path, path.stat().st_size + octets)
    with pytest.raises(SyntaxViolation):
        open_drop(path, max_octets=100)


@pytest.mark.parametrize("octets", [-1, 1 << 40])
def test_content_that_changes_while_it_is_read_is_refused_at_its_end(tmp_path, octets):
    """
    Its owner may still write to the file.
    """
    path = write_drop(tmp_path, _id(), ENVELOPE, b"x" * 100)
    drop = open_drop(path, max_octets=100)
    os.truncate(path, path.stat().st_size + octets)
    with pytest.raises(SyntaxViolation):
        list(drop.pieces())
    drop.close()


def test_a_name_like_that_of_a_part_is_left_alone(tmp_path):
    for name in (".x.split", ".01.02.split", f".{_id()}.{_id()}.split"):
        (tmp_path / name).write_bytes(b"nonsense")
    mend_splits(tmp_path, max_octets=100)
    assert 3 == len(os.listdir(tmp_path))
    with pytest.raises(StorageFailure):
        mend_splits(tmp_path / "none", max_octets=100)
