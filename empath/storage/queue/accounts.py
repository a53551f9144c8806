"""accounts - the rows of those who may submit mail by logging in, as a server needs them"""

import os
from dataclasses import dataclass, field

from empath.errors import SyntaxViolation
from empath.policy.password import PasswordHash
from empath.policy.senders import Senders
from empath.smtp.sasl.scram import ScramKeys
from empath.storage.engine import Reader, Session
from empath.storage.write import Write

_SECRET_OCTETS = 32


@dataclass(frozen=True, slots=True)
class Account:
    """
    One account.

    Shape: password_hash and scram_keys are None where another back end proves who it is; the rates are as a person
    wrote them, such as 100/1h; last_used_at is Unix seconds, 0 before the first login; last_client is the IP address
    of that login.
    """

    name: str
    is_enabled: bool
    senders: Senders
    message_rate: str | None
    recipient_rate: str | None
    password_hash: PasswordHash | None = field(repr=False)
    scram_keys: ScramKeys | None = field(repr=False)
    last_used_at: float
    last_client: str | None


class RecordUse(Write):
    """The account *name* logged in from *client* at *now*."""

    def __init__(self, name: str, *, client: str, now: float) -> None:
        super().__init__()
        self._row = {"name": name, "client": client, "now": now}

    def run(self, session: Session) -> None:
        session.run("accounts.record_use", self._row)


class KeepDecoySecret(Write):
    """Make the secret for names that have no account, unless there is one; `secret` has it after the commit."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = b""
        self._new = os.urandom(_SECRET_OCTETS)

    def run(self, session: Session) -> None:
        session.run("accounts.keep_decoy_secret", {"secret": self._new.hex()})
        self.secret = bytes.fromhex(str(session.value("accounts.decoy_secret")))


def find_account(reader: Reader, name: str) -> Account | None:
    """
    The account *name*, which is in the spelling of SASLprep.

    A row with words that a person has spoilt allows less, never more: no sender, or no login.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    rows = reader.rows("accounts.find", {"name": name})
    if not rows:
        return None
    [(status, senders, message_rate, recipient_rate, password_hash, scram_keys, last_used_at, last_client)] = rows
    try:
        allowed = Senders.parse(senders)
    except SyntaxViolation:
        allowed = Senders.parse("")
    try:
        hashed = None if password_hash is None else PasswordHash.parse(password_hash)
        keys = None if scram_keys is None else ScramKeys.parse(scram_keys)
    except SyntaxViolation:
        hashed = keys = None
    is_enabled = status == "enabled"
    rates = message_rate, recipient_rate
    return Account(name, is_enabled, allowed, *rates, hashed, keys, last_used_at or 0.0, last_client)
