"""dkim_keys - what a person does to the keys that sign mail"""

from collections.abc import Sequence

from empath.authentication.signing_key import SigningKey
from empath.errors import MissingInput, UsageError
from empath.storage.admin.records import DkimKey
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


class AddDkimKeys(Write):
    """
    Add keys of *domain*, each a selector with its private key in PEM. They wait for their records in the DNS.

    Raises:
        UsageError: there is a key of one of these selectors.
    """

    def __init__(self, domain: str, keys: Sequence[tuple[str, bytes]], *, who: str, now: float) -> None:
        super().__init__()
        self._domain = domain
        self._keys = [(selector, pem, SigningKey.parse(pem)) for selector, pem in keys]
        self._who = who
        self._now = now

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for selector, pem, key in self._keys:
                row = {"domain": self._domain, "selector": selector}
                if session.rows("dkim_keys.exists", row):
                    raise UsageError(f"{self._domain} has a key {selector!r}; take another selector")
                more = {"algorithm": str(key.algorithm), "record": key.record, "private_key": pem.decode()}
                session.insert("dkim_keys.insert", {**row, **more, "now": self._now})
                session.run("dkim_keys.record_insert", {"name": f"{selector}._domainkey.{self._domain}"})


class BeginSigning(Write):
    """Have *keys* sign, in place of those of the same domains and algorithms."""

    def __init__(self, keys: Sequence[DkimKey], *, who: str) -> None:
        super().__init__()
        self._keys = keys
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for key in self._keys:
                row = {"domain": key.domain, "selector": key.selector}
                if session.rows("dkim_keys.waits", row):  # another one may have been faster
                    session.run("dkim_keys.begin", row)
                    session.run("dkim_keys.retire_others", {**row, "algorithm": key.algorithm})


class RemoveDkimKey(Write):
    """
    Remove a key.

    Raises:
        MissingInput: there is no such key.
    """

    def __init__(self, domain: str, selector: str, *, who: str) -> None:
        super().__init__()
        self._row = {"domain": domain, "selector": selector}
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            if not session.rows("dkim_keys.exists", self._row):
                names = "{selector!r} of {domain}".format(**self._row)
                raise MissingInput(f"no key {names} in the queue; `empath-admin dkim list` shows all")
            session.run("dkim_keys.remove", self._row)


def all_dkim_keys(engine: Engine) -> list[DkimKey]:
    """
    Every key in the queue, by domain.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [DkimKey(**record) for record in visit.records("dkim_keys.all")]
