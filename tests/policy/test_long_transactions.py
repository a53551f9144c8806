"""Who has had a transaction open for long."""

from empath.policy.long_transactions import LONG_READ_S, LONG_WRITE_S, Holder, LongTransactions

READER, WRITER = Holder(7, "sqlite3", False), Holder(8, "python3", True)


def test_who_is_found_by_each_look_is_named_once() -> None:
    """
    A reader after a minute, a writer after ten seconds.
    """
    long = LongTransactions()
    assert [] == long.look([READER, WRITER], 100.0)
    assert [(WRITER, LONG_WRITE_S)] == long.look([WRITER, READER], 100.0 + LONG_WRITE_S)
    assert [(READER, LONG_READ_S)] == long.look([READER, WRITER], 100.0 + LONG_READ_S)
    assert [] == long.look([READER, WRITER], 1000.0)


def test_who_is_not_found_begins_anew() -> None:
    """
    Its transaction ended in between.
    """
    long = LongTransactions()
    long.look([WRITER], 0.0)
    long.look([], 5.0)
    assert [] == long.look([WRITER], 10.0)
    assert [(WRITER, 10.0)] == long.look([WRITER], 20.0)
    long.look([], 21.0)
    long.look([WRITER], 22.0)
    assert [(WRITER, 10.0)] == long.look([WRITER], 32.0)
