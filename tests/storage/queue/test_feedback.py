"""What others report about mail that went out, as rows."""

import pytest

from empath.storage.admin.suppression import AddSuppressions, NewSuppression
from empath.storage.queue.feedback import FEEDBACK, Entry, KeepFeedback
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0, Queue

REPORT = "01M8PC4VJYQKTGRH502JS35RRZ"
ABSENT = "01M8PC4VJYQKTGRH502JS35RR0"


def keep(queue: Queue, entry: Entry, report: str = REPORT) -> KeepFeedback:
    write = KeepFeedback(report, [entry], reporter="mx.far.example", form="dsn", now=T0)
    queue.run(write)
    return write


@pytest.fixture
def sent(queue: Queue) -> str:
    """The id of a message to r1@a.example and r2@b.example."""
    queue.accept("a.example", "b.example")
    [(ulid,)] = queue.select("SELECT ulid FROM _message")
    return str(ulid)


def entry(
    ids: tuple[str, ...], address: str | None, *, is_proven: bool = False, until: float | None = T0 + 60
) -> Entry:
    return Entry("failure", ids, address, is_proven, "bad-mailbox", 550, "5.1.1", "550 5.1.1 no", until)


def rows(queue: Queue) -> list[tuple[object, ...]]:
    return queue.select("SELECT id, recipient_id, recipient, suppressed_unix FROM feedback ORDER BY feedback_id")


def suppressed(queue: Queue) -> list[tuple[object, ...]]:
    return queue.select("SELECT address, source, class, expires_unix FROM suppression")


def test_a_report_finds_its_recipient_and_suppresses_the_address(queue: Queue, sent: str) -> None:
    """
    Hosts write an address in another case. The status of the recipient stays.
    """
    before = queue.select("SELECT status FROM _recipient")
    write = keep(queue, entry((ABSENT, sent), "R1@A.example"))
    assert [(sent, 1, "r1@a.example", T0 + 60)] == rows(queue)
    assert [("r1@a.example", "bounce", "bad-mailbox", T0 + 60)] == suppressed(queue)
    assert [(sent, "r1@a.example", True)] == [tuple(each) for each in write.kept]
    assert before == queue.select("SELECT status FROM _recipient")


def test_a_report_that_is_read_twice_is_kept_once(queue: Queue, sent: str) -> None:
    """
    The worker may have died after the first time. An operator may have removed the row of suppression since.
    """
    keep(queue, entry((sent,), "r1@a.example"))
    queue.write("DELETE FROM suppression")
    assert [] == keep(queue, entry((sent,), "r1@a.example")).kept
    assert 1 == len(rows(queue))
    assert [] == suppressed(queue)


@pytest.mark.parametrize("address", ["other@a.example", None])
def test_a_stranger_is_not_suppressed(queue: Queue, sent: str, address: str | None) -> None:
    """
    The message has no such recipient, or several, of which the report names none.
    """
    keep(queue, entry((sent,), address))
    assert [(None, None, address or "", None)] == rows(queue)
    assert [] == suppressed(queue)


def test_a_sender_by_verp_proves_the_address_after_the_retention(queue: Queue) -> None:
    keep(queue, entry((ABSENT,), "ann@far.example", is_proven=True))
    assert [(ABSENT, None, "ann@far.example", T0 + 60)] == rows(queue)
    assert [("ann@far.example", "bounce", "bad-mailbox", T0 + 60)] == suppressed(queue)


def test_a_complaint_that_names_nobody_is_about_the_only_recipient(queue: Queue) -> None:
    queue.accept("a.example")
    [(ulid,)] = queue.select("SELECT ulid FROM _message")
    complaint = Entry("complaint", (ulid,), None, False, None, None, None, "complaint (abuse)", T0 + 90, "complaint")
    keep(queue, complaint)
    assert [("r1@a.example", "complaint", None, T0 + 90)] == suppressed(queue)


def test_a_row_of_an_operator_stays(queue: Queue, sent: str) -> None:
    queue.run(AddSuppressions([NewSuppression("r1@a.example", "by hand", None, None)], who="test"))
    keep(queue, entry((sent,), "r1@a.example"))
    [(_, source, *_)] = suppressed(queue)
    assert source not in ("bounce", "complaint")


def test_a_later_report_makes_a_suppression_longer_and_not_shorter(queue: Queue, sent: str) -> None:
    for number, until in enumerate((T0 + 60, T0 + 90, T0 + 30)):
        keep(queue, entry((sent,), "r1@a.example", until=until), f"{REPORT[:-1]}{number}")
    assert [T0 + 90] == [expires for *_, expires in suppressed(queue)]


def test_old_rows_go_and_those_that_are_too_many(queue: Queue, sent: str) -> None:
    """
    The oldest go first, and no more than the settings say are kept.
    """
    for number in range(3):
        keep(queue, entry((sent,), "r1@a.example"), f"{REPORT[:-1]}{number}")
    queue.write("UPDATE _feedback SET at = at - 100 WHERE feedback_id = 1")
    reader = queue.engine.open_reader()
    assert outdated(reader, FEEDBACK, T0 - 100, most=9) is not None
    assert outdated(reader, FEEDBACK, T0 - 101, most=3) is None
    surplus = outdated(reader, FEEDBACK, T0 - 101, most=1)
    reader.close()
    assert surplus is not None
    queue.run(surplus)
    assert [(3,)] == queue.select("SELECT feedback_id FROM feedback")
