"""
accounts - the back end `accounts`: the rows that `empath-admin account` makes

Hashing a password is dear, so clients have turns: see `Lane`.
"""

import hmac
import os
import time
from typing import Final

from empath.daemon.acceptor.login.lane import Lane
from empath.daemon.process.hub_writer import HubWriter
from empath.errors import QueueBusy, StorageFailure
from empath.policy.login.backend import Backend, BackendUnavailable, LoginPeer, Verdict
from empath.policy.password import DECOY, SALT_OCTETS
from empath.smtp.sasl.mechanisms import Mechanism
from empath.smtp.sasl.scram import ITERATIONS, KEY_OCTETS, ScramKeys
from empath.storage.engine import Reader
from empath.storage.queue.accounts import Account, KeepDecoySecret, RecordUse, find_account

_HASHES_AT_ONCE: Final = 2  # each takes 32 MiB
_MOST_WAITING: Final = 200  # about as many as have their turn within 10 s
_MOST_OF_ONE_CLIENT: Final = 10


class Accounts(Backend):
    """The accounts of the queue, for one process."""

    mechanisms = frozenset({*(each for each in Mechanism if each.has_password or each.has_keys)})

    def __init__(self, reader: Reader, writer: HubWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._lane = Lane(_HASHES_AT_ONCE, _MOST_WAITING, _MOST_OF_ONE_CLIENT)
        self._decoy_secret: bytes | None = None

    def find(self, name: str) -> Account | None:
        """
        The row of an account, with a password or without.

        Raises:
            BackendUnavailable: the queue cannot be read.
        """
        try:
            return find_account(self._reader, name)
        except (QueueBusy, StorageFailure) as exc:
            raise BackendUnavailable(f"accounts: {exc}") from exc

    def check_password(self, name: str, password: str, peer: LoginPeer) -> Verdict:
        """See `Backend`. A disabled account, too, costs a hash."""
        account = self.find(name)
        hashed = DECOY if account is None or account.password_hash is None else account.password_hash
        is_right = self._lane.run(peer, lambda: hashed.matches(password))
        if account is None or account.password_hash is None:
            return Verdict.UNKNOWN
        return Verdict.PROVED if is_right and account.is_enabled else Verdict.WRONG

    def keys_of(self, name: str) -> ScramKeys:
        """
        See `Backend`. A name without an account has keys, too, which nothing proves.

        They are the same each time, and look like those of an account.
        """
        account = self.find(name)
        if account is not None and account.is_enabled and account.scram_keys is not None:
            return account.scram_keys
        salt = hmac.digest(self.decoy_secret(), name.encode(), "sha256")[:SALT_OCTETS]
        return ScramKeys(salt, ITERATIONS, os.urandom(KEY_OCTETS), os.urandom(KEY_OCTETS))

    def record_use(self, name: str, client: str) -> None:
        """Write the instant of a login and its client, if the queue can be written: nothing depends on it."""
        try:
            self._writer.commit(RecordUse(name, client=client, now=time.time()))
        except (QueueBusy, StorageFailure):
            pass

    def decoy_secret(self) -> bytes:
        """
        The secret of this queue for names without an account.

        Raises:
            BackendUnavailable: it cannot be read, or made.
        """
        if self._decoy_secret is None:
            try:
                self._decoy_secret = self._writer.commit(KeepDecoySecret()).secret
            except (QueueBusy, StorageFailure) as exc:
                raise BackendUnavailable(f"accounts: {exc}") from exc
        return self._decoy_secret
