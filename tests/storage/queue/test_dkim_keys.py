"""Keys that sign mail, as processes read them, and as people change them by SQL."""

import pytest

from empath.errors import MissingInput, UsageError
from empath.storage.admin.dkim_keys import AddDkimKeys, BeginSigning, RemoveDkimKey, all_dkim_keys
from empath.storage.queue.dkim_keys import signing_keys, stamp
from tests.authentication.kit import key
from tests.kit.queue import T0, Queue, write
from tests.kit.sqlites import SQLITES, Sqlite, by_apsw
from tests.kit.vectors import vectors

PEM = {selector: text.encode() for selector, text in vectors("dkim-signed")["private_keys"].items()}


def _add(*selectors: str) -> AddDkimKeys:
    return AddDkimKeys("example.com", [(name, PEM[name[0]]) for name in selectors], who="test", now=T0)


@pytest.fixture
def keys(queue: Queue) -> Queue:
    """A queue with keys that wait."""
    queue.run(_add("r", "e"))
    return queue


def _begin(queue: Queue, *selectors: str) -> None:
    found = [each for each in all_dkim_keys(queue.engine) if each.selector in selectors]
    queue.run(BeginSigning(found, who="test"))


def test_a_key_signs_once_it_is_told_to(keys: Queue) -> None:
    """
    And its successor takes its place, of the same algorithm only.
    """
    reader = keys.engine.open_reader()
    before = stamp(reader)
    assert [] == signing_keys(reader)
    _begin(keys, "r", "e")
    assert [("example.com", "r", PEM["r"]), ("example.com", "e", PEM["e"])] == signing_keys(reader)
    keys.run(_add("r2"))
    _begin(keys, "r2")
    assert ["e", "r2"] == [selector for _, selector, _ in signing_keys(reader)]
    _begin(keys, "r")
    assert ["e", "r2"] == [selector for _, selector, _ in signing_keys(reader)], "one that is retired stays so"
    assert before != stamp(reader)
    reader.close()
    [first, *_] = all_dkim_keys(keys.engine)
    assert ("example.com", "rsa-sha256", key("r").record) == (first.domain, first.algorithm, first.record)


def test_a_selector_is_taken_once(keys: Queue) -> None:
    """
    Receivers may have its record in their caches.
    """
    with pytest.raises(UsageError, match="take another selector"):
        keys.done(_add("e"))
    keys.run(RemoveDkimKey("example.com", "e", who="test"))
    with pytest.raises(MissingInput, match="no key 'e' of"):
        keys.done(RemoveDkimKey("example.com", "e", who="test"))


def test_no_view_shows_a_private_key(keys: Queue) -> None:
    """
    Whoever may read the views cannot sign.
    """
    [row, _] = keys.select("SELECT * FROM dkim_key")
    assert "PRIVATE" not in repr(row)


def test_each_change_is_in_the_audit(keys: Queue) -> None:
    for statement in (
        "UPDATE dkim_key SET state = 'signing' WHERE selector = 'r'",
        "UPDATE dkim_key SET state = 'signing' WHERE selector = 'r'",
        "DELETE FROM dkim_key WHERE selector = 'r'",
    ):
        write(keys.path, statement)
    name = "r._domainkey.example.com"
    assert [
        ("test", name, "dkim_key", None, "waiting"),
        ("test", name.replace("r", "e", 1), "dkim_key", None, "waiting"),
        ("sql", name, "dkim_key state", "waiting", "signing"),
        ("sql", name, "dkim_key", "signing", None),
    ] == keys.select("SELECT who, object, what, before, after FROM audit ORDER BY audit_id")


@pytest.mark.parametrize("sqlite", SQLITES)
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO dkim_key (domain) VALUES ('x')", "empath-admin dkim generate makes a key"),
        ("UPDATE dkim_key SET selector = 'x'", "dkim_key takes state"),
        ("UPDATE dkim_key SET state = 'gone'", "state takes waiting, signing or retired"),
        ("UPDATE dkim_key SET state = NULL", "state takes waiting, signing or retired"),
        (
            "INSERT INTO _dkim_key (domain, selector, algorithm, since, record, private_key, created_at)"
            " SELECT domain, selector, algorithm, since, record, private_key, 1 FROM _dkim_key",
            "a key with this selector exists",
        ),
    ],
)
def test_an_impossible_value_is_refused_with_a_sentence(
    keys: Queue, sqlite: Sqlite, statement: str, words: str
) -> None:
    keys.close()
    assert words in sqlite(keys.path, statement)


@pytest.mark.parametrize("by_sql", SQLITES)
def test_a_key_that_was_removed_is_not_in_the_file(keys: Queue, by_sql: Sqlite) -> None:
    """
    SQLite leaves deleted rows in free pages, which backups have, too.
    """
    line = PEM["r"].splitlines()[1]
    _checkpoint(keys)
    assert line in keys.path.read_bytes()
    by_sql(keys.path, "DELETE FROM dkim_key WHERE selector = 'r'")
    _checkpoint(keys)
    assert line not in keys.path.read_bytes()


def _checkpoint(queue: Queue) -> None:
    by_apsw(queue.path, "PRAGMA wal_checkpoint(PASSIVE)")
