"""test_accounts - the accounts as the server reads them, and as people change them by SQL"""

import pytest

from empath.policy.senders import Senders
from empath.storage.admin.accounts import AddAccount, Secrets
from empath.storage.queue.accounts import KeepDecoySecret, RecordUse, find_account
from tests.kit.queue import T0, Queue, write
from tests.kit.sqlites import SQLITES, Sqlite

ALICE = "alice@example.org"


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    """Those of the password `pencil`."""
    return Secrets("pencil")


@pytest.fixture
def alice(queue: Queue, secrets: Secrets) -> Queue:
    """A queue with an account."""
    queue.run(AddAccount(ALICE, Senders.parse(ALICE), secrets, who="test", now=T0))
    return queue


def test_an_account_is_found_with_its_secrets(alice: Queue) -> None:
    """
    Either mechanism can check the password.
    """
    found = find_account(alice.engine.open_reader(), ALICE)

    assert found is not None
    assert (True, ALICE, 0.0) == (found.is_enabled, str(found.senders), found.last_used_at)
    assert found.password_hash is not None
    assert found.password_hash.matches("pencil")
    assert found.scram_keys is not None
    assert find_account(alice.engine.open_reader(), "bob") is None


def test_a_spoilt_row_allows_less(alice: Queue) -> None:
    """
    A person may write anything into the private table.
    """
    write(alice.path, "UPDATE _account SET senders = 'alice bob', password_hash = 'x', message_rate = 'many'")

    found = find_account(alice.engine.open_reader(), ALICE)

    assert found is not None
    assert ("", None, None) == (str(found.senders), found.password_hash, found.scram_keys)


def test_the_last_use_is_recorded(alice: Queue) -> None:
    """
    An account that has not been used for years should go.
    """
    alice.run(RecordUse(ALICE, client="192.0.2.1", now=T0 + 5))
    alice.run(RecordUse(ALICE, client="192.0.2.2", now=T0 + 4))

    assert [(T0 + 5, "192.0.2.1")] == alice.select("SELECT last_used_unix, last_client FROM account")


def test_the_secret_for_names_without_an_account_stays(queue: Queue) -> None:
    """
    A salt that changed would tell that the account is not there.
    """
    first, second = KeepDecoySecret(), KeepDecoySecret()
    queue.run(first)
    queue.run(second)

    assert 32 == len(first.secret)
    assert first.secret == second.secret


@pytest.mark.parametrize("sqlite", SQLITES)
def test_plain_sql_changes_status_senders_and_rates(alice: Queue, sqlite: Sqlite) -> None:
    """
    Each change is in the audit, in any shell.
    """
    change = "status = 'disabled', senders = '@a.example *', message_rate = '10/1m', recipient_rate = '100/1d'"
    assert "" == sqlite(alice.path, f"UPDATE account SET {change} WHERE name = '{ALICE}'")

    assert [("disabled", "@a.example *", "10/1m", "100/1d")] == alice.select(
        "SELECT status, senders, message_rate, recipient_rate FROM account"
    )
    assert [
        ("account", None, "enabled"),
        ("account status", "enabled", "disabled"),
        ("account senders", ALICE, "@a.example *"),
        ("account message_rate", None, "10/1m"),
        ("account recipient_rate", None, "100/1d"),
    ] == alice.select(f"SELECT what, before, after FROM audit WHERE object = '{ALICE}' ORDER BY audit_id")
    assert "" == sqlite(alice.path, "DELETE FROM account")
    assert [] == alice.select("SELECT name FROM account")
    assert [("account", "disabled", None)] == alice.select(
        "SELECT what, before, after FROM audit ORDER BY audit_id DESC LIMIT 1"
    )


@pytest.mark.parametrize("sqlite", SQLITES)
@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("UPDATE account SET status = 'off'", "enabled or disabled"),
        ("UPDATE account SET status = NULL", "enabled or disabled"),
        ("UPDATE account SET senders = 'alice'", "separated by blanks"),
        ("UPDATE account SET senders = 'a@b.example \"bob'", "separated by blanks"),
        ("UPDATE account SET senders = NULL", "separated by blanks"),
        ("UPDATE account SET message_rate = 'many'", "100/1h"),
        ("UPDATE account SET recipient_rate = 5", "100/1h"),
        ("UPDATE account SET name = 'bob'", "empath-admin account passwd"),
        ("INSERT INTO account (name) VALUES ('bob')", "empath-admin account add"),
        ("INSERT OR REPLACE INTO _account (name, created_at) VALUES ('alice@example.org', 0.0)", "exists"),
        ("UPDATE _account SET name = 'bob'", "keeps its name"),
    ],
)
def test_what_an_account_cannot_be_is_refused(alice: Queue, sqlite: Sqlite, statement: str, hint: str) -> None:
    """
    The sentence says what to do.
    """
    assert hint in sqlite(alice.path, statement)


def test_no_view_shows_a_secret(alice: Queue) -> None:
    """
    Whoever may read the views need not know them.
    """
    [(hashed, keys)] = alice.select("SELECT password_hash, scram_keys FROM _account")
    shown = repr([alice.select(f"SELECT * FROM {view}") for view in ("account", "audit")])

    assert hashed not in shown
    assert keys not in shown
