"""Queue ids and instants."""

from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.identity import QueueId, Timestamp
from tests.kit import strategies

AT = Timestamp(1732278615.5)


@given(queue_id=strategies.queue_ids)
def test_a_queue_id_survives_its_text_form(queue_id):
    """
    People may type it in lower case.
    """
    assert [queue_id] * 2 == [QueueId.parse(text) for text in (str(queue_id), str(queue_id).lower())]


@given(early=strategies.timestamps, late=strategies.timestamps, randomness=st.binary(min_size=10, max_size=10))
def test_queue_ids_sort_by_arrival(early, late, randomness):
    """
    To the millisecond: listings and file names rely on it.
    """
    early, late = sorted((early, late))
    assert QueueId.make(early, randomness).text <= QueueId.make(late, randomness).text


def test_a_queue_id_is_a_ulid():
    """
    48 bits of milliseconds, then 80 random ones, in the digits of Crockford, the most significant first.
    """
    assert "01JD9XKZECYVVZHYFTZFYFVZQZ" == str(QueueId.make(AT, bytes(range(246, 256))))
    assert "00000000000000000000000000" == str(QueueId.make(Timestamp(0), bytes(10)))
    assert "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" == str(QueueId.make(Timestamp((2**48 - 0.5) / 1000), b"\xff" * 10))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01JD9QW8QRXXXXXXXXXXXXXXX",
        "01JD9QW8QRXXXXXXXXXXXXXXXXX",
        "81JD9QW8QRXXXXXXXXXXXXXXXX",
        "01JD9QW8QRXXXXXXXXXXXXXXXU",
        "01JD9QW8QRXXXXXXXXXXXXXXX\n",
        "ß1JD9QW8QRXXXXXXXXXXXXXXX",
    ],
)
def test_what_is_no_queue_id_is_refused(text):
    """
    An id becomes part of a file name.
    """
    with pytest.raises(SyntaxViolation):
        QueueId.parse(text)


def test_an_instant_has_one_form_for_each_reader():
    """
    SQL, command output and mail have their own forms, all in UTC.
    """
    expected = ("2024-11-22 12:30:15", "2024-11-22T12:30:15Z", "Fri, 22 Nov 2024 12:30:15 +0000")
    assert expected == (AT.text(), AT.iso8601(), AT.date_time())


def test_an_instant_beyond_all_years_has_a_form_for_the_log():
    """
    A person can write any number into the queue. One of 1e300 ended the housekeeper at each start.
    """
    assert "9999-12-31T23:59:59Z" == Timestamp(1e300).iso8601()
    assert "0001-01-01T00:00:00Z" == Timestamp(-1e300).iso8601()
    assert "0033-04-03T15:00:00Z" == Timestamp(-61117750800.0).iso8601()  # strftime leaves the zeros out


@given(at=st.builds(Timestamp, st.integers(0, 253402300799)))
def test_a_date_time_is_read_back_by_others(at):
    """
    The standard library reads RFC 5322 §3.3, too.
    """
    assert at == parsedate_to_datetime(at.date_time()).timestamp()


def test_an_instant_is_a_number():
    """
    It is stored and compared without conversion.
    """
    assert AT + 1 > AT > 0
