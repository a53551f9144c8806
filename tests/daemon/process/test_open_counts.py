"""The counts of open connections that acceptors share."""

from ipaddress import ip_address

import pytest

from empath.daemon.process.open_counts import MOST_ROWS, OpenCountsFile, SharedCounts

ONE, TWO = ip_address("192.0.2.1"), ip_address("2001:db8::")
MX = "192.0.2.200:25"


@pytest.fixture
def file() -> OpenCountsFile:
    return OpenCountsFile()


def test_each_acceptor_sees_the_connections_of_all(file: OpenCountsFile) -> None:
    """
    To a client they are one server.
    """
    first, second = (SharedCounts(file.fd, file.take_row()) for _ in range(2))
    key = first.client_key("", ONE)
    assert [1, 2, 3] == [counts.add(key, 1) for counts in (first, second, first)]
    assert key == second.client_key("", ONE)
    assert 2 == second.add(key, -1)
    assert (2, 2, 0) == (first.total(key), second.total(key), first.total(first.client_key("", TWO)))


def test_the_connections_of_an_acceptor_end_with_it(file: OpenCountsFile) -> None:
    """
    It may be killed, and its clients must not be counted for ever.
    """
    rows = [file.take_row() for _ in range(3)]
    first, second, third = (SharedCounts(file.fd, row) for row in rows)
    key = first.listener_key(MX)
    for counts in (first, second, second, third):
        counts.add(key, 1)
    file.clear_row(rows[1])
    assert (2, 2) == (first.total(key), third.total(key))
    again = SharedCounts(file.fd, file.take_row())
    assert 3 == again.add(key, 1)


def test_scopes_and_listeners_have_numbers_of_their_own(file: OpenCountsFile) -> None:
    counts = SharedCounts(file.fd, file.take_row())
    keys = {counts.client_key("", ONE), counts.client_key(MX, ONE), counts.client_key("", TWO), counts.listener_key(MX)}
    assert [1, 1, 1, 1] == [counts.add(key, 1) for key in keys]


def test_each_run_hashes_by_a_key_of_its_own(file: OpenCountsFile) -> None:
    """
    Otherwise a client could choose an address that is counted with the one of a victim.
    """
    other = OpenCountsFile()
    addresses = [ip_address(f"192.0.2.{number}") for number in range(8)]
    columns = [
        [SharedCounts(each.fd, each.take_row()).client_key("", address) for address in addresses]
        for each in (file, other)
    ]
    assert columns[0] != columns[1]


def test_there_is_a_bound_on_acceptors(file: OpenCountsFile) -> None:
    """
    Many reloads in an hour may leave many acceptors that drain. A reload is refused then, and says so.
    """
    rows = [file.take_row() for _ in range(MOST_ROWS)]
    with pytest.raises(BlockingIOError, match="256 acceptors live"):
        file.take_row()
    file.clear_row(rows[7])
    assert 7 == file.take_row()
