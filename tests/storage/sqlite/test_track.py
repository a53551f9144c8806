"""test_track - the index of past mail: what is found by words, and what happens to its file"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import apsw
import pytest

from empath.errors import DamagedQueue, QueueBusy, ServiceUnavailable, StorageFailure, UnusableQueue
from empath.storage.past_mail import Mark, PastEntry, Wanted
from empath.storage.sqlite.track import TrackFile, TrackWriter, check_fts5, match_text
from tests.kit.past import track_writer

SHELL = shutil.which("sqlite3", path="/usr/bin")
MARK = Mark("KEY", 0, 0, 0)
ENTRY = PastEntry(
    recipient_id=1,
    id="01JD3KQ9XWV5N8T2RZC4E6MBHA",
    status="delivered",
    sender="Ann@Shop.example",
    recipient="user@example.com",
    domain="example.com",
    destination="example.com",
    attempts=1,
    host="mx2.example.com 192.0.2.9:25",
    last_reply="250 2.0.0 Ok: queued as 4F2A",
    reason=None,
    received_at=1000.0,
    settled_at=1001.0,
    size=4093,
    subject="Größere Rechnung",
    message_id="<17.x@shop.example>",
    client="198.51.100.7 client.test",
    account=None,
)


@pytest.fixture
def writer(tmp_path: Path) -> TrackWriter:
    """The write side of a new index, with one recipient."""
    made = track_writer(tmp_path / "queue.db")
    made.begin(MARK, keep_up_to=0)
    made.add([ENTRY], MARK)
    return made


def entry(number: int, **other: Any) -> PastEntry:
    """Another recipient."""
    return ENTRY._replace(recipient_id=number, **other)


def numbers(writer: TrackWriter, *words: str, limit: int = 9) -> list[int]:
    """Numbers of the recipients that are found."""
    return [each.recipient_id for each in TrackFile(Path(writer.location)).find(Wanted(words=words), limit)]


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        (["rechnung"], True),
        (["RECHNUNG", "user@example.com"], True),
        (["grossere"], False),  # a letter of its own, and no accent
        (["grö*"], True),
        (["gro*"], True),
        (["rech"], False),
        (["user@example.com", "invoice"], False),
        (["user@shop.example"], False),  # its parts are there, but not one after the other
        (["mx2.example.com"], True),
        (["192.0.2.9"], True),
        (["198.51.100.7"], True),
        (["<17.x@shop.example>"], True),
        (["4F2A"], True),
        (["01jd3kq9xwv5n8t2rzc4e6mbha"], True),
        (['"user" OR NEAR('], False),  # the syntax of FTS5 is none here
        (["-", "rechnung"], True),
        (["_", "📧", "rechnung"], True),  # of which the tokenizer makes no word
    ],
)
def test_all_words_must_be_there(writer: TrackWriter, words: list[str], is_found: bool) -> None:
    """
    Case, accents and what stands between the parts of an address do not matter.
    """
    assert ([1] if is_found else []) == numbers(writer, *words)


def test_whole_values_are_compared_too(writer: TrackWriter) -> None:
    """
    `user@example.com.test` has the words of `user@example.com`.
    """
    file = TrackFile(Path(writer.location))
    writer.add([entry(2, recipient="user@example.com.test", subject=None)], MARK)
    assert [1] == [each.recipient_id for each in file.find(Wanted(recipient="USER@example.com"), 9)]
    assert [2, 1] == numbers(writer, "user@example.com")
    assert [2] == numbers(writer, "user@example.com", limit=1)
    for wanted in (
        Wanted(subject="NICHTS"),
        Wanted(reply="451"),
        Wanted(message_id="<1@a>"),
        Wanted(sender="a@b.test"),
    ):
        assert [] == file.find(wanted, 9)
    assert [1] == [each.recipient_id for each in file.find(Wanted(subject="Rechnung", received_after=1000.0), 9)]
    assert match_text(Wanted(domain="example.com")) is None
    writer.add([entry(3, message_id="bare@id.test")], MARK)
    assert [3] == [each.recipient_id for each in file.find(Wanted(message_id="<bare@id.test>"), 9)]


def test_a_domain_may_be_written_in_u_labels(writer: TrackWriter) -> None:
    """
    The envelope has A-labels, the subject what its author wrote.
    """
    writer.add([entry(1, recipient="ötzi@xn--bcher-kva.example"), entry(2, subject="Bücher.example")], MARK)
    assert [[1], [2, 1], [], [], [2]] == [
        numbers(writer, word)
        for word in ("Ötzi@BÜCHER.example", "bücher.example", "a@bücher.example", "bü@x..", "Bücher*")
    ]


def test_a_row_that_changes_is_found_by_its_new_words_alone(writer: TrackWriter) -> None:
    """
    A change of the status alone leaves the words, and a removed row has none.
    """
    writer.add([entry(1, status="bounced")], MARK)
    assert [1] == numbers(writer, "rechnung")
    writer.add([entry(1, last_reply="550 no such mailbox")], MARK)
    assert ([], [1]) == (numbers(writer, "4F2A"), numbers(writer, "mailbox"))
    assert 1 == writer.trim(2000.0, most=10, now=5000.0)
    assert [] == numbers(writer, "mailbox")
    with apsw.Connection(writer.location) as connection:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def test_rows_that_are_too_old_or_too_many_go(writer: TrackWriter) -> None:
    """
    Those from the future, of a clock that was wrong, keep no other.
    """
    writer.add([entry(2, received_at=9e9), *(entry(number, received_at=1000.0 + number) for number in (3, 4, 5))], MARK)
    assert 2 == writer.trim(1004.0, most=10, now=5000.0)
    assert [5, 4, 2] == numbers(writer, "rechnung")
    assert 2 == writer.trim(0.0, most=1, now=5000.0)
    assert [5] == numbers(writer, "rechnung")
    assert 0 == writer.trim(0.0, most=1, now=5000.0)


def test_many_rows_from_the_future_keep_no_older_one(writer: TrackWriter) -> None:
    """
    More than one look sees.
    """
    writer.trim(2000.0, most=10_000, now=5000.0)
    writer.add([entry(number, received_at=9e9) for number in range(1, 602)], MARK)
    writer.add([entry(602), entry(603, received_at=4000.0)], MARK)
    assert 1 == writer.trim(2000.0, most=10_000, now=5000.0)
    assert [603, 601] == numbers(writer, "rechnung", limit=2)
    assert 500 == writer.trim(2000.0, most=1, now=5000.0)


def test_a_file_that_was_removed_is_made_anew(writer: TrackWriter) -> None:
    """
    A person may do that at any time; what the old one left beside it does not come back.
    """
    assert not writer.open()
    Path(writer.location).unlink()
    assert writer.open()
    assert writer.mark() is None
    assert [] == numbers(writer, "rechnung")


def test_a_file_whose_making_was_cut_off_is_made(tmp_path: Path) -> None:
    """
    WAL mode has written a first page already.
    """
    file = tmp_path / "track.db"
    with apsw.Connection(str(file)) as connection:
        connection.pragma("auto_vacuum", 2)
        connection.pragma("journal_mode", "wal")
    assert file.stat().st_size > 0
    made = track_writer(tmp_path / "queue.db")
    made.begin(MARK, keep_up_to=0)
    assert made.mark() == MARK


def test_a_damaged_file_is_put_aside(writer: TrackWriter, tmp_path: Path) -> None:
    """
    It may be of use to somebody; the next one begins empty.
    """
    writer.close()
    file = Path(writer.location)
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedQueue, match=r"track\.db: it is not a database"):
        writer.open()
    assert ["it is not a database"] == TrackFile(file).damages()
    assert f"{file}-damaged" == writer.renew()
    assert writer.open()
    assert ([], ["track.db", "track.db-damaged"]) == (
        TrackFile(file).damages(),
        sorted(each.name for each in tmp_path.iterdir() if not each.name.endswith(("-wal", "-shm"))),
    )


def test_the_file_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    """
    It is somebody's, and so is one of a later version.
    """
    file = tmp_path / "track.db"
    with apsw.Connection(str(file)) as connection:
        connection.execute("CREATE TABLE own (x)")
    before = file.read_bytes()
    with pytest.raises(UnusableQueue, match="not an index of past mail; move it away"):
        track_writer(tmp_path / "queue.db")
    assert before == file.read_bytes()
    with apsw.Connection(str(file)) as connection:
        connection.pragma("application_id", 0x45545243)
        connection.pragma("user_version", 2)
    with pytest.raises(UnusableQueue, match="of another version of Empath"):
        TrackFile(file).find(Wanted(), 1)
    file.unlink()
    file.mkdir()
    with pytest.raises(UnusableQueue, match="not a file"):
        track_writer(tmp_path / "queue.db")
    with pytest.raises(StorageFailure):
        track_writer(tmp_path / "nowhere" / "queue.db")


def test_a_shell_that_writes_makes_the_writer_wait_no_longer_than_its_deadline(writer: TrackWriter) -> None:
    """
    And what it could not write comes later.
    """
    shell = apsw.Connection(writer.location)
    shell.execute("BEGIN IMMEDIATE")
    with pytest.raises(QueueBusy, match="holds the write lock"):
        writer.add([entry(2)], MARK)
    shell.close()
    writer.add([entry(2)], MARK)
    assert [2, 1] == numbers(writer, "rechnung")


def test_no_octet_of_what_was_overwritten_is_left(writer: TrackWriter) -> None:
    """
    Words stay in old parts of an index until it is merged.
    """
    writer.add([entry(number) for number in range(2, 1500)], MARK)
    writer.close()
    file = Path(writer.location)
    index = TrackFile(file, deadline_s=0.0)
    index.overwrite([each._replace(sender="x@shop.example") for each in index.named("%ann%shop%")])
    left = b"".join(Path(f"{file}{suffix}").read_bytes() for suffix in ("", "-wal") if Path(f"{file}{suffix}").exists())
    assert b"rechnung" in left.lower()
    assert b"ann" not in left.lower()


@pytest.mark.skipif(SHELL is None, reason="Debian's sqlite3 is not installed")
def test_the_shell_of_debian_finds_words(writer: TrackWriter) -> None:
    """
    Its SQLite is older than ours.
    """
    assert SHELL is not None
    statement = "SELECT recipient FROM words('rechn*') AS w JOIN mail ON recipient_id = w.rowid"
    told = subprocess.run([SHELL, "-readonly", writer.location, statement.replace("recipient F", "mail.recipient F")],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert ("user@example.com\n", "") == (told.stdout, told.stderr)


def test_a_library_without_fts5_is_named() -> None:
    """
    Before anything is started.
    """
    check_fts5()
    with pytest.raises(ServiceUnavailable, match=r"needs FTS5, which this SQLite lacks"):
        check_fts5(["ENABLE_FTS4"])


def test_a_mark_is_that_of_its_rows(writer: TrackWriter) -> None:
    """
    Both are in one transaction.
    """
    mark = Mark("KEY", 7, 8, 9)
    writer.add([entry(7), entry(8)], mark)
    assert (mark, [(7, ENTRY.id), (1, ENTRY.id)]) == (writer.mark(), writer.newest(7, 9))
    writer.begin(MARK, keep_up_to=7)
    assert (MARK, [7, 1]) == (writer.mark(), numbers(writer, "rechnung"))
