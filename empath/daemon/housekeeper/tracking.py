"""
tracking - the index of past mail follows the queue

The index is a help for people and no record. So whatever is wrong with it, mail goes on: the log says once that it is
not written, and once that it is again. A damaged file is put aside, and the next round makes it anew.
"""

import time
from functools import partial
from typing import Final

from gevent.monkey import get_original

from empath.daemon.housekeeper.rounds import rest
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.errors import DamagedQueue, EmpathError, StorageFailure
from empath.storage.engine import Reader
from empath.storage.open import open_past_mail_writer
from empath.storage.past_mail import Mark, PastMailWriter
from empath.storage.queue.past import first_mark, kept_up_to, step
from empath.telemetry.occurrences.housekeeper import TrackBegun, TrackDamaged, TrackKept, TrackUnkept

_LOCK_S: Final = 2.0  # wait for a shell that has the write lock of the index
_ROUND_S: Final = 2.0  # of one round, so that the duty after it is not late
_COMPARED: Final = 200


class Tracking:
    """The duty, and the file that it keeps open."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader
        self._is_on = runtime.config.track.is_kept
        self._failure: str | None = None
        self._mark: Mark | None = None  # None: the file is to be opened, or looked at anew
        sleep = get_original("time", "sleep")  # the patched one would make a hub in the thread
        self._file: PastMailWriter = open_past_mail_writer(runtime.config.queue.path, deadline_s=_LOCK_S, sleep=sleep)

    def follow(self) -> None:
        """Bring the index up to date, as far as one round takes, and remove what is too old or too much."""
        if not self._is_on:
            return
        try:
            self._follow()
        except DamagedQueue as exc:
            self._mark = None
            self._put_aside(exc)
        except EmpathError as exc:
            self._mark = None
            self._fail(str(exc))
        else:
            if self._failure is not None:
                self._failure = None
                self._runtime.emit(TrackKept(file=self._file.location))

    def _follow(self) -> None:
        self._check_space()
        if in_thread(self._file.open):
            self._mark = None
        if self._mark is None:
            self._mark = self._begin()
        ends_at = time.monotonic() + _ROUND_S
        is_going = True
        while is_going:
            found = step(self._reader, self._mark)
            if found.mark != self._mark:
                oldest = time.time() - self._kept_s()
                entries = [entry for entry in found.entries if entry.received_at >= oldest]
                in_thread(partial(self._file.add, entries, found.mark))
                self._mark = found.mark
            is_going = not found.is_last and time.monotonic() < ends_at and rest(self._runtime)
        is_going = True
        while is_going:
            most = self._runtime.config.track.rows
            now = time.time()
            gone = in_thread(partial(self._file.trim, now - self._kept_s(), most, now=now))
            is_going = gone > 0 and time.monotonic() < ends_at and rest(self._runtime)

    def _begin(self) -> Mark:
        """The mark to go on from: of the file if it is one of this queue, else that of the beginning."""
        known = in_thread(self._file.mark)
        first = first_mark(self._reader)
        if known is None:
            in_thread(partial(self._file.begin, first, keep_up_to=0))
            self._runtime.emit(TrackBegun(file=self._file.location, kept=0))
            return first
        newest = in_thread(partial(self._file.newest, known.recipients, _COMPARED))
        kept = kept_up_to(self._reader, known, newest)
        if kept is None:
            return known
        in_thread(partial(self._file.begin, first, keep_up_to=kept))
        self._runtime.emit(TrackBegun(file=self._file.location, kept=kept))
        return first

    def _kept_s(self) -> float:
        config = self._runtime.config
        redacted_after_s = config.audit.redaction.after_s
        kept_s = config.track.retention_s
        return kept_s if redacted_after_s is None else min(kept_s, redacted_after_s)

    def _check_space(self) -> None:
        try:
            free = self._runtime.engine.free_octets()
        except OSError as exc:
            raise StorageFailure(f"{self._file.location}: {exc.strerror}") from exc
        if free < self._runtime.config.queue.reserve_octets:
            words = f"the disk has {free // 1_048_576} MiB free, less than [queue] reserve"
            raise StorageFailure(f"{self._file.location}: {words}")

    def _put_aside(self, error: DamagedQueue) -> None:
        try:
            aside = in_thread(self._file.renew)
        except EmpathError as exc:
            self._fail(str(exc))
        else:
            self._runtime.emit(TrackDamaged(file=self._file.location, aside=aside, error=error.damage))

    def _fail(self, error: str) -> None:
        if error != self._failure:
            self._failure = error
            self._runtime.emit(TrackUnkept(file=self._file.location, error=error))
