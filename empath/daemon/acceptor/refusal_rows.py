"""
refusal_rows - the refusals of this process, as rows that people may read

Refusals are gathered, and written once a second in one commit: a flood costs no commit each.  The same refusal of the
same client within that second is one row.  Beyond a number of rows the rest is counted by its rule and code alone.
"""

import time
from dataclasses import replace
from typing import Final

import gevent

from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.mail.printable import printable
from empath.mail.reply import Reply
from empath.policy.limits.refusal_rule import rule_of
from empath.storage.queue.refusals import KeepRefusals, RefusalRow
from empath.telemetry.occurrences.acceptor import RefusalsUnlisted

_PERIOD_S: Final = 1.0
_MOST_ROWS: Final = 200  # of one commit; beyond that, refusals are counted by their code
_KEY: Final = ("listener", "client_address", "client_name", "account", "sender", "recipient", "stage", "reply")
_MOST_COUNTS: Final = 100  # rows of those


class RefusalRows:
    """The refusals that are not written yet."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[object, ...], RefusalRow] = {}
        self._is_failing = False

    def note(
        self,
        reply: Reply,
        *,
        client: str,
        listener: str,
        stage: str,
        name: str = "",
        account: str | None = None,
        sender: str | None = None,
        recipient: str | None = None,
    ) -> None:
        """A client got *reply*, a refusal."""
        now = time.time()
        row = RefusalRow(
            first_at=now,
            last_at=now,
            times=1,
            listener=listener,
            client_address=client,
            client_name=printable(name),
            account=account,
            sender=None if sender is None else printable(sender),
            recipient=None if recipient is None else printable(recipient),
            stage=stage,
            rule=rule_of(reply),
            reply=reply.escaped(),
        )
        if not self._add(row, _MOST_ROWS):
            code = f"{reply.code} {reply.enhanced}" if reply.enhanced else str(reply.code)
            nobody = replace(
                row, client_address="", client_name="", account=None, sender=None, recipient=None, reply=code
            )
            self._add(nobody, _MOST_ROWS + _MOST_COUNTS)

    def _add(self, row: RefusalRow, most: int) -> bool:
        key = tuple(getattr(row, name) for name in _KEY)
        before = self._waiting.get(key)
        if before is None and len(self._waiting) >= most:
            return False
        first_at, times = (row.first_at, 0) if before is None else (before.first_at, before.times)
        self._waiting[key] = replace(row, first_at=first_at, times=times + 1)
        return True

    def take(self) -> list[RefusalRow]:
        """What came since the last call."""
        rows = list(self._waiting.values())
        self._waiting.clear()
        return rows

    def run(self, runtime: Runtime) -> None:
        """Body of a greenlet, as long as the process lives."""
        while True:
            gevent.sleep(_PERIOD_S)
            self.write(runtime)

    def write(self, runtime: Runtime) -> None:
        """Commit what came, if anything did. What cannot be written is lost: the log has it."""
        rows = self.take()
        if not rows:
            return
        try:
            runtime.writer.commit(KeepRefusals(rows, time.time()))
            self._is_failing = False
        except EmpathError as exc:
            if not self._is_failing:  # one line each time that it begins
                runtime.emit(RefusalsUnlisted(error=str(exc)))
            self._is_failing = True
