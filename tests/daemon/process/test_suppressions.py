"""Which addresses are suppressed, as one process sees it."""

import pytest

from empath.daemon.process.shared_reader import SharedReader
from empath.daemon.process.suppressions import Suppressions
from empath.errors import StorageFailure
from empath.policy.suppression import Suppressed
from tests.kit.queue import Queue, write

ADD = "INSERT INTO suppression (address, reason) VALUES ('@a.test', 'gone')"


class Clock:
    """Monotonic seconds."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "queue.db")
    queue.close()
    return queue


def test_a_row_acts_within_a_second(queue):
    """
    Until then nothing is looked up for an address.
    """
    clock = Clock()
    seen = Suppressions(SharedReader(queue.engine.open_reader), clock)
    assert (False, {}) == (seen.is_any, seen.find(["ann@a.test"]))
    write(queue.path, ADD)
    assert not seen.is_any
    clock.now += 1.0
    assert seen.is_any
    assert {"ann@a.test": Suppressed("@a.test", "gone", None)} == seen.find(["ann@a.test", "bob@b.test"])


def test_mail_goes_its_usual_way_while_the_rows_cannot_be_read(queue):
    """
    A list that is not there must not stop all mail.
    """
    fails = True

    class Reader:
        def value(self, name, bindings):
            return 1

        def rows(self, name, bindings):
            raise StorageFailure("disk")

    def open_reader():
        if fails:
            raise StorageFailure("disk")
        return Reader()

    clock = Clock()
    seen = Suppressions(SharedReader(open_reader), clock)
    assert (False, {}) == (seen.is_any, seen.find(["ann@a.test"]))
    fails = False
    clock.now += 1.0
    assert (True, {}) == (seen.is_any, seen.find(["ann@a.test"]))
