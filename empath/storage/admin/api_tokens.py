"""api_tokens - what a person does to the tokens of programs that use the HTTP API"""

from empath.errors import MissingInput, UsageError
from empath.policy.api_token import TokenRole
from empath.storage.admin.records import Token
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


class AddToken(Write):
    """
    Add a token of which *digest* is kept.

    Raises:
        UsageError: there is one of this name.
        MissingInput: there is no such account.
    """

    def __init__(
        self,
        name: str,
        role: TokenRole,
        *,
        networks: str,
        digest: str,
        expires_at: float | None,
        who: str,
        now: float,
        account: str | None = None,
    ) -> None:
        super().__init__()
        self._who = who
        self._row = {
            "name": name, "role": str(role), "networks": networks, "digest": digest, "now": now,
            "expires_at": expires_at, "account": account,
        }  # fmt: skip

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            if session.rows("api_tokens.exists", {"name": self._row["name"]}):
                raise UsageError(f"the token {self._row['name']!r} exists; revoke it, or take another name")
            account = self._row["account"]
            if account is not None and not session.rows("accounts.find", {"name": account}):
                raise MissingInput(f"no account {account!r}; `empath-admin account list` shows all")
            session.insert("api_tokens.insert", self._row)
            session.run("api_tokens.record_insert", {"name": self._row["name"], "role": self._row["role"]})


class RevokeToken(Write):
    """
    Remove a token, which is of no use from the commit on.

    Raises:
        MissingInput: there is no such token.
    """

    def __init__(self, name: str, *, who: str) -> None:
        super().__init__()
        self._name = name
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            if not session.rows("api_tokens.exists", {"name": self._name}):
                raise MissingInput(f"no token {self._name!r}; `empath-admin token list` shows all")
            session.run("api_tokens.remove", {"name": self._name})


def all_tokens(engine: Engine) -> list[Token]:
    """
    Every token, by name.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [Token(**record) for record in visit.records("api_tokens.all")]
