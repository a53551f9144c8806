"""accounts - what a person does to the accounts that may submit mail"""

import os
from collections.abc import Mapping

from empath.errors import MissingInput, UsageError
from empath.policy.password import SALT_OCTETS, PasswordHash
from empath.policy.senders import Senders
from empath.smtp.sasl.scram import ScramKeys
from empath.storage.admin.records import Account
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


class Secrets:
    """What is kept of a prepared password."""

    def __init__(self, password: str) -> None:
        """Hash it for both kinds of mechanism; takes a tenth of a second."""
        self.columns = {
            "password_hash": str(PasswordHash.of(password, os.urandom(SALT_OCTETS))),
            "scram_keys": str(ScramKeys.of(password, os.urandom(SALT_OCTETS))),
        }


class ChangeAccount(Write):
    """
    A change of the account *name* in the name of *who*.

    Raises:
        MissingInput: there is no such account.
    """

    def __init__(self, name: str, *, who: str) -> None:
        super().__init__()
        self.name = name
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            if not self.change(session):
                raise MissingInput(f"no account {self.name!r}; `empath-admin account list` shows all")

    def change(self, session: Session) -> bool:
        """Change the row; False if there is none."""
        raise NotImplementedError


class AddAccount(ChangeAccount):
    """
    Add an account; without *secrets* another back end proves who it is.

    Raises:
        UsageError: there is one of this name.
    """

    def __init__(self, name: str, senders: Senders, secrets: Secrets | None, *, who: str, now: float) -> None:
        super().__init__(name, who=who)
        columns = {"password_hash": None, "scram_keys": None} if secrets is None else secrets.columns
        self._row = {"name": name, "senders": str(senders), "now": now, **columns}
        self._row["password_set_at"] = None if secrets is None else now

    def change(self, session: Session) -> bool:
        """Add the row."""
        if session.rows("accounts.find", {"name": self.name}):
            raise UsageError(f"the account {self.name!r} exists; `account passwd` and `account allow` change it")
        session.insert("accounts.insert", self._row)
        session.run("accounts.record_change", {"name": self.name, "what": "account", "after": "enabled"})
        return True


class SetPassword(ChangeAccount):
    """Set the password of an account."""

    def __init__(self, name: str, secrets: Secrets, *, who: str, now: float) -> None:
        super().__init__(name, who=who)
        self._row = {"name": name, "now": now, **secrets.columns}

    def change(self, session: Session) -> bool:
        """Replace the secrets."""
        changed = session.run("accounts.set_password", self._row)
        session.run("accounts.record_change", {"name": self.name, "what": "account password", "after": "set"})
        return changed == 1


class SetStatus(ChangeAccount):
    """Enable or disable an account."""

    def __init__(self, name: str, status: str, *, who: str) -> None:
        super().__init__(name, who=who)
        self._status = status

    def change(self, session: Session) -> bool:
        """Change the status."""
        if not session.rows("accounts.find", {"name": self.name}):
            return False
        session.run("accounts.set_status", {"name": self.name, "status": self._status})
        return True


class AllowSenders(ChangeAccount):
    """Let an account send as *added* too, and no longer as *removed*; `senders` has them after the change."""

    def __init__(self, name: str, added: Senders, removed: Senders, *, who: str) -> None:
        super().__init__(name, who=who)
        self.senders = ""
        self._added = added
        self._removed = removed

    def change(self, session: Session) -> bool:
        """Change the list."""
        found = session.rows("accounts.find", {"name": self.name})
        if not found:
            return False
        words = dict.fromkeys((*str(found[0][1]).split(), *self._added.words))
        self.senders = " ".join(word for word in words if word not in self._removed.words)
        session.run("accounts.set_senders", {"name": self.name, "senders": self.senders})
        return True


class SetRates(ChangeAccount):
    """Set the *rates* of an account, by column; None is the configured one. `rates` has both after the change."""

    def __init__(self, name: str, rates: Mapping[str, str | None], *, who: str) -> None:
        super().__init__(name, who=who)
        self.rates: dict[str, str | None] = {}
        self._given = rates

    def change(self, session: Session) -> bool:
        """Change the rates that are given."""
        found = session.rows("accounts.find", {"name": self.name})
        if not found:
            return False
        self.rates = {"message_rate": found[0][2], "recipient_rate": found[0][3], **self._given}
        session.run("accounts.set_rates", {"name": self.name, **self.rates})
        return True


class RemoveAccount(ChangeAccount):
    """Remove an account. The mail that it has submitted stays."""

    def change(self, session: Session) -> bool:
        """Remove the row."""
        if not session.rows("accounts.find", {"name": self.name}):
            return False
        session.run("accounts.remove", {"name": self.name})
        return True


def all_accounts(engine: Engine) -> list[Account]:
    """
    Every account, by name.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [
            Account(**record | {"has_password": bool(record["has_password"])})
            for record in visit.records("accounts.all")
        ]
