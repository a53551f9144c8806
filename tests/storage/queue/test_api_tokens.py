"""Tokens of the HTTP API, as the server reads them, and as people change them by SQL."""

import pytest

from empath.errors import MissingInput, UsageError
from empath.policy.api_token import TokenRole, digest_of
from empath.storage.admin.api_tokens import AddToken, RevokeToken
from empath.storage.queue.api_tokens import RecordTokenRefusal, RecordTokenUse, read_tokens
from tests.kit.queue import T0, Queue, write
from tests.kit.sqlites import SQLITES, Sqlite


def _add(name: str = "monitor", secret: str = "s", networks: str = "192.0.2.0/24") -> AddToken:
    return AddToken(
        name, TokenRole.READ, networks=networks, digest=digest_of(secret), expires_at=T0 + 100, who="test", now=T0
    )


@pytest.fixture
def tokens(queue: Queue) -> Queue:
    """A queue with a token."""
    queue.run(_add())
    return queue


def test_a_token_is_read_and_its_use_recorded(tokens: Queue) -> None:
    """
    One that was not used for a year may go.
    """
    tokens.run(RecordTokenUse("monitor", client="192.0.2.1", now=T0 + 5))
    tokens.run(RecordTokenUse("monitor", client="192.0.2.2", now=T0 + 4))
    reader = tokens.engine.open_reader()
    [found] = read_tokens(reader)
    reader.close()
    assert ("monitor", TokenRole.READ, digest_of("s"), T0 + 100, T0 + 5) == (
        *(found.name, found.role, found.digest, found.expires_at, found.last_used_at),
    )
    assert [("192.0.2.1",)] == tokens.select("SELECT last_client FROM token")


def test_a_token_whose_networks_are_spoilt_lets_nobody_in(tokens: Queue) -> None:
    """
    No networks would mean all of them.
    """
    write(tokens.path, "UPDATE token SET networks = '192.0.2.1/24'")
    reader = tokens.engine.open_reader()
    assert () == read_tokens(reader)
    reader.close()


def test_a_name_is_taken_once_and_can_be_taken_again_after_the_end(tokens: Queue) -> None:
    with pytest.raises(UsageError, match="exists"):
        tokens.done(_add())
    tokens.run(RevokeToken("monitor", who="test"))
    with pytest.raises(MissingInput, match="no token"):
        tokens.done(RevokeToken("monitor", who="test"))
    tokens.run(_add())


def test_each_change_is_in_the_audit(tokens: Queue) -> None:
    """
    So are clients whose tokens were refused.
    """
    for statement in (
        "UPDATE token SET networks = ''",
        f"UPDATE token SET expires_unix = {T0 + 50}",
        "UPDATE token SET expires_at = NULL",
        "UPDATE token SET account = 'shop'",
        "UPDATE token SET account = NULL",
        "DELETE FROM token",
    ):
        write(tokens.path, statement)
    tokens.run(RecordTokenRefusal("192.0.2.9", "no such token"))
    assert [
        ("test", "monitor", "token", None, "read"),
        ("sql", "monitor", "token networks", "192.0.2.0/24", ""),
        ("sql", "monitor", "token expires_unix", T0 + 100, T0 + 50),
        ("sql", "monitor", "token expires_unix", T0 + 50, None),
        ("sql", "monitor", "token account", None, "shop"),
        ("sql", "monitor", "token account", "shop", None),
        ("sql", "monitor", "token", "read", None),
        ("httpd", "192.0.2.9", "token refused", None, "no such token"),
    ] == tokens.select("SELECT who, object, what, before, after FROM audit ORDER BY audit_id")


@pytest.mark.parametrize("sqlite", SQLITES)
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO token (name) VALUES ('x')", "empath-admin token add makes a token"),
        ("UPDATE token SET role = 'admin'", "token takes networks, account and expires_at"),
        ("UPDATE token SET networks = 'everywhere'", "networks takes addresses and networks"),
        ("UPDATE token SET networks = NULL", "networks takes addresses and networks"),
        ("UPDATE token SET account = ''", "account takes the name of an account"),
        ("UPDATE token SET account = X'41'", "account takes the name of an account"),
        ("UPDATE token SET expires_at = 'soon'", "expires_at takes Unix seconds"),
        ("UPDATE token SET expires_at = 'now', expires_unix = 2e9", "not both"),
        ("INSERT INTO _token (name, role, digest, created_at) SELECT name, role, digest, 1 FROM _token", "exists"),
    ],
)
def test_an_impossible_value_is_refused_with_a_sentence(
    tokens: Queue, sqlite: Sqlite, statement: str, words: str
) -> None:
    tokens.close()
    assert words in sqlite(tokens.path, statement)
