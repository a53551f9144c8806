"""The rows of the greylist, and how an operator changes them."""

from dataclasses import replace

import pytest

from empath.policy.greylist import Entry, GreylistRules, Note, Triple
from empath.storage.queue.greylist import NoteTry, find_entries
from empath.storage.queue.sweep import GREYLIST, outdated
from empath.storage.sqlite.engine import SqliteEngine
from tests.kit.queue import T0, Queue
from tests.kit.sqlites import SQLITES, Sqlite

RULES = GreylistRules(delay_s=300, window_s=2000, lifetime_s=9000, auto_allow=2, ipv4_prefix=24, ipv6_prefix=64)
NET = "192.0.2.0/24"
TRIPLE = Triple(NET, "a@b.test", "c@d.test")
OTHER = Triple(NET, "", "c@d.test")
PERMITTED = "INSERT INTO greylist (client) VALUES ('192.0.2.0/24')"


@pytest.fixture(params=SQLITES)
def sqlite(request: pytest.FixtureRequest) -> Sqlite:
    """One SQLite, then the other."""
    made: Sqlite = request.param
    return made


def known(queue: Queue, triple: Triple = TRIPLE, at: float = 100_000) -> tuple[Entry | None, Entry | None]:
    reader = SqliteEngine(queue.path, max_leases=20).open_reader()
    try:
        return find_entries(reader, triple, T0 + at)
    finally:
        reader.close()


def note(queue: Queue, what: Note, at: float, triple: Triple = TRIPLE) -> None:
    queue.run(NoteTry(RULES, triple, what, T0 + at))


def forget(queue: Queue, at: float, most: int = 100) -> list[str]:
    """Remove what is outdated; the senders that are left."""
    reader = SqliteEngine(queue.path, max_leases=20).open_reader()
    while (forgetting := outdated(reader, GREYLIST, T0 + at, most=most)) is not None:
        queue.run(forgetting)
    reader.close()
    return [sender for (sender,) in queue.select("SELECT sender FROM greylist ORDER BY sender")]


def test_a_first_try_is_one_row(queue: Queue) -> None:
    assert (None, None) == known(queue)
    note(queue, Note.FIRST_TRY, 0)
    assert (Entry(T0 + 300, T0 + 2000, 0), None) == known(queue)
    assert (None, None) == known(queue, OTHER)


def test_a_first_try_that_another_process_wrote_keeps_its_time(queue: Queue) -> None:
    """
    Two acceptors may both see no row.
    """
    note(queue, Note.FIRST_TRY, 0)
    note(queue, Note.FIRST_TRY, 1)
    assert Entry(T0 + 300, T0 + 2000, 0) == known(queue)[0]


def test_a_row_from_before_the_clock_stepped_back_begins_anew(queue: Queue) -> None:
    """
    Else mail would wait until the clock comes there again, for years after a boot with a wrong one.
    """
    note(queue, Note.FIRST_TRY, 50_000)
    assert (None, None) == known(queue, at=0)
    note(queue, Note.FIRST_TRY, 0)
    assert Entry(T0 + 300, T0 + 2000, 0) == known(queue, at=0)[0]


def test_a_row_that_is_over_begins_anew(queue: Queue) -> None:
    note(queue, Note.FIRST_TRY, 0)
    note(queue, Note.DELIVERY, 400)
    note(queue, Note.FIRST_TRY, 9400)
    assert Entry(T0 + 9700, T0 + 11400, 0) == known(queue)[0]


def test_a_client_passes_after_its_deliveries(queue: Queue) -> None:
    for at, triple in ((0, TRIPLE), (0, OTHER)):
        note(queue, Note.FIRST_TRY, at, triple)
    note(queue, Note.DELIVERY, 400)
    assert (Entry(T0 + 300, T0 + 9400, 1), Entry(None, T0 + 9400, 1)) == known(queue)
    note(queue, Note.DELIVERY, 500, OTHER)
    assert Entry(T0 + 500, T0 + 9500, 2) == known(queue)[1]
    note(queue, Note.CLIENT_DELIVERY, 4500)
    assert (Entry(T0 + 300, T0 + 9400, 1), Entry(T0 + 500, T0 + 13500, 3)) == known(queue)


def test_a_client_whose_time_is_over_is_counted_anew(queue: Queue) -> None:
    for _ in range(2):
        note(queue, Note.DELIVERY, 0)
    note(queue, Note.DELIVERY, 9000)
    assert Entry(None, T0 + 18000, 1) == known(queue)[1]


def test_rows_go_when_their_time_is_over_and_the_first_to_expire_when_they_are_too_many(queue: Queue) -> None:
    for number in range(5):
        note(queue, Note.FIRST_TRY, number, TRIPLE._replace(sender=f"{number}@b.test"))
    assert ["2@b.test", "3@b.test", "4@b.test"] == forget(queue, 2001)
    assert ["4@b.test"] == forget(queue, 2001, most=1)


def test_a_flood_of_first_tries_removes_its_own(queue: Queue) -> None:
    """
    750 rows in a second removed the first tries of all others before they could come again.
    """
    rules = replace(RULES, most_first_tries=20)
    other = TRIPLE._replace(client="198.51.100.0/24", sender="other")
    note(queue, Note.FIRST_TRY, 0, other)
    note(queue, Note.FIRST_TRY, 0, TRIPLE._replace(sender="passes"))
    note(queue, Note.DELIVERY, 400, TRIPLE._replace(sender="passes"))
    for number in range(21):
        queue.run(NoteTry(rules, TRIPLE._replace(sender=f"{number:02}"), Note.FIRST_TRY, T0 + 500 + number))
    kept = [sender for (sender,) in queue.select("SELECT sender FROM greylist ORDER BY sender")]
    assert ["*", *(f"{number:02}" for number in range(3, 21)), "other", "passes"] == kept


def test_of_too_many_rows_those_go_whose_client_has_the_most(queue: Queue) -> None:
    note(queue, Note.FIRST_TRY, 0, TRIPLE._replace(client="198.51.100.0/24", sender="other"))
    for number in range(4):
        note(queue, Note.FIRST_TRY, 1 + number, TRIPLE._replace(sender=f"{number}"))
    assert ["3", "other"] == forget(queue, 5, most=2)


def test_what_an_operator_permits_stays(queue: Queue, sqlite: Sqlite) -> None:
    """
    However many rows there are.
    """
    assert "" == sqlite(queue.path, PERMITTED)
    note(queue, Note.FIRST_TRY, 0)
    assert ["*"] == forget(queue, 1, most=1)
    [(passes_at, expires_at)] = queue.select("SELECT passes_unix, expires_at FROM greylist")
    assert (passes_at > T0, None) == (True, expires_at)
    assert [("greylist", "192.0.2.0/24 * *", None)] == queue.select("SELECT what, object, before FROM audit")


def test_a_client_that_an_operator_permits_is_not_counted(queue: Queue, sqlite: Sqlite) -> None:
    note(queue, Note.DELIVERY, 0)
    assert "" == sqlite(queue.path, PERMITTED)
    before = known(queue)[1]
    note(queue, Note.CLIENT_DELIVERY, 4000)
    assert before == known(queue)[1]


def test_an_operator_sets_instants_and_forgets_rows(queue: Queue, sqlite: Sqlite) -> None:
    note(queue, Note.FIRST_TRY, 0)
    assert "" == sqlite(queue.path, f"UPDATE greylist SET passes_unix = {T0 + 1}, expires_at = NULL")
    assert Entry(T0 + 1, None, 0) == known(queue)[0]
    assert "" == sqlite(queue.path, "DELETE FROM greylist WHERE sender = 'a@b.test'")
    assert (None, None) == known(queue)
    about = "192.0.2.0/24 a@b.test c@d.test"
    assert [
        ("greylist", about, T0 + 1, None),
        ("greylist expires_unix", about, T0 + 2000, None),
        ("greylist passes_unix", about, T0 + 300, T0 + 1),
    ] == sorted(queue.select("SELECT what, object, before, after FROM audit"))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE greylist SET hits = 9", "no other column can be set"),
        ("UPDATE greylist SET passes_at = NULL", "passes_at takes Unix seconds"),
        ("UPDATE greylist SET expires_at = 'tomorrow'", "expires_at takes Unix seconds"),
        ("UPDATE greylist SET expires_at = 'now', expires_unix = 2e9", "not both"),
        ("UPDATE greylist SET passes_at = 'now', passes_unix = 2e9", "not both"),
        ("INSERT INTO greylist (client) VALUES ('everyone')", "client takes a network"),
        ("INSERT INTO greylist (client) VALUES ('192.0.2.1')", "client takes a network"),
        ("INSERT INTO greylist (client, sender) VALUES ('192.0.2.0/24', 'a@b.test')", "client alone"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(queue: Queue, sqlite: Sqlite, statement: str, words: str) -> None:
    note(queue, Note.FIRST_TRY, 0)
    assert words in sqlite(queue.path, statement)
