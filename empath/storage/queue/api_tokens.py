"""api_tokens - the tokens of programs that use the HTTP API, as the process that serves it reads and touches them"""

from empath.errors import SyntaxViolation
from empath.policy.api_token import Token, TokenRole, parse_networks
from empath.storage.engine import Reader, Session
from empath.storage.write import Write


def read_tokens(reader: Reader) -> tuple[Token, ...]:
    """
    All tokens. One whose networks a person has spoilt is left out: it lets nobody in.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    found = []
    for name, role, networks, digest, expires_at, last_used_at, account in reader.rows("api_tokens.secrets"):
        try:
            allowed = parse_networks(networks)
        except SyntaxViolation:
            continue
        found.append(Token(name, TokenRole(role), allowed, digest, expires_at, last_used_at or 0.0, account))
    return tuple(found)


class RecordTokenUse(Write):
    """The token *name* was used by *client* at *now*."""

    def __init__(self, name: str, *, client: str, now: float) -> None:
        super().__init__()
        self._row = {"name": name, "client": client, "now": now}

    def run(self, session: Session) -> None:
        session.run("api_tokens.record_use", self._row)


class RecordTokenRefusal(Write):
    """Record in the audit that the token of *client* was refused for *reason*."""

    def __init__(self, client: str, reason: str) -> None:
        super().__init__()
        self._row = {"client": client, "reason": reason}

    def run(self, session: Session) -> None:
        session.run("api_tokens.record_refusal", self._row)
