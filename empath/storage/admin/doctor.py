"""
doctor - whether the queue and its place are fit for the service

The checks create and change nothing.  Each gives a Diagnosis, also if something is missing.
"""

import time
from collections.abc import Container, Iterator, Sequence
from typing import Final

from empath.errors import DamagedQueue, EmpathError, MissingInput, ServiceUnavailable
from empath.mail.identity import Timestamp
from empath.policy.health import SILENCE_S, Diagnosis, Level, missing_processes
from empath.storage.admin.pauses import Pauses, find_pauses, remedy
from empath.storage.engine import Engine, Selects

_SKEW_S: Final = 60.0
_LOOKS: Final = 4  # a transaction that each of them finds is a long one
_LOOK_S: Final = 0.25
_RELEASED: Final = 1_750_000_000.0  # 2025-06-15, an instant before the release of this version
_MEND_REMOVED: Final = "read about queue_gone in TROUBLESHOOTING before you stop Empath"
_MEND_DAMAGED: Final = (
    "`empath-admin fsck` says what is damaged; restore a backup, and look at the disk and its kernel log"
)
_MEND_MISSING: Final = "see the log for why; `empathd reload` if the file asks for more processes than before"
_HELD: Final = """`empath-admin list --where "status = 'held' AND reason NOT LIKE 'administratively %'"`"""
_MEND_CLOCK: Final = "set the clock and keep it synchronized, for example by `timedatectl set-ntp true`"


def diagnose_queue(
    engine: Engine,
    user: str | None,
    *,
    wanted_octets: int,
    log_limit_octets: int,
    is_running: bool | None,
    slots: Sequence[str],
    now: float,
) -> Iterator[Diagnosis]:
    """
    Check the engine, the place, the disk and the database of the queue.

    *user* owns the queue when root starts Empath; *is_running* is None where that cannot be told; *slots* are those of
    the processes that should live; *now* is Unix seconds.
    """
    yield from engine.diagnose_place(user, wanted_octets=wanted_octets, log_limit_octets=log_limit_octets)
    yield _clock(now)
    try:
        with engine.visiting(None) as visit:
            yield Diagnosis("queue", Level.OK, f"{engine.location}: can be read")
            yield engine.diagnose_schema(visit)  # first, because the others read its tables
            yield _future(visit, now)
            yield from _beats(visit, is_running=is_running, slots=slots, now=now)
            yield from _modules(visit)
            yield from _pauses(visit, now)
            yield from _breakers(visit, now)
            yield _held(visit)
            yield engine.diagnose_editors(visit)
            yield engine.diagnose_free_pages(visit)
            own = {pid for _, pid, _ in visit.rows("doctor.beats")}
        yield from _transactions(engine, own)
    except MissingInput as exc:
        if is_running:
            found = f"{engine.location} was removed, though the service runs: MAIL is refused, nothing is delivered"
            yield Diagnosis("queue", Level.ERROR, found, _MEND_REMOVED)
        else:
            yield explained("queue", Level.WARNING, exc)
    except ServiceUnavailable:
        pass  # the engine: see diagnose_place
    except DamagedQueue as exc:
        yield Diagnosis("queue", Level.ERROR, str(exc), _MEND_DAMAGED)
    except EmpathError as exc:
        yield explained("queue", Level.ERROR, exc)


def explained(subject: str, level: Level, error: EmpathError) -> Diagnosis:
    """An error as a diagnosis: the text after its last semicolon is the remedy."""
    found, _, remedy = str(error).rpartition("; ")
    return Diagnosis(subject, level, found, remedy) if found else Diagnosis(subject, level, remedy, "see the log")


def _transactions(engine: Engine, own: Container[int]) -> Iterator[Diagnosis]:
    """Programs with a transaction that is open for some time; *own* are pids of the service, which has short ones."""
    open_now = {each for each in engine.transactions() if each.pid not in own}
    for _ in range(_LOOKS if open_now else 0):
        time.sleep(_LOOK_S)
        open_now &= engine.transactions()
    for each in sorted(open_now):
        held = (
            "the write lock: all clients and workers wait" if each.is_writing else "a read transaction: the log grows"
        )
        found = f"{each.program} (pid {each.pid}) has {held}"
        yield Diagnosis("transactions", Level.WARNING, found, "let it end its transaction, or end the program")
    if not open_now:
        yield Diagnosis("transactions", Level.OK, "no other program has one open for long")


def _clock(now: float) -> Diagnosis:
    shown = Timestamp(now).iso8601()
    if now < _RELEASED:
        return Diagnosis("clock", Level.ERROR, f"{shown} is before the release of this version", _MEND_CLOCK)
    return Diagnosis("clock", Level.OK, shown)


def _future(visit: Selects, now: float) -> Diagnosis:
    newest = visit.value("doctor.newest_received")
    if newest is not None and newest > now + _SKEW_S:
        found = f"a message was received {newest - now:.0f} s in the future: the clock was set back"
        return Diagnosis("received", Level.WARNING, found, f"{_MEND_CLOCK}; that message is not due before then")
    return Diagnosis("received", Level.OK, "no message is from the future")


def _beats(visit: Selects, *, is_running: bool | None, slots: Sequence[str], now: float) -> Iterator[Diagnosis]:
    living = visit.rows("doctor.beats")
    if is_running is None:
        fresh = [slot for slot, _, beat_at in living if now - beat_at <= SILENCE_S]
        found = f"{len(fresh)} of {len(living)} processes gave a sign of life in the last {SILENCE_S:.0f} s"
        yield Diagnosis("beats", Level.OK, found)
        return
    if not is_running:
        if living:
            found = f"{len(living)} processes ended without recording it"
            yield Diagnosis("beats", Level.WARNING, found, "start the service: it releases what they held")
        return
    silent = [(slot, pid, now - beat_at) for slot, pid, beat_at in living if now - beat_at > SILENCE_S]
    for slot, pid, age_s in silent:
        found = f"the last sign of life of {slot} (pid {pid}) is {age_s:.0f} s old"
        yield Diagnosis("beats", Level.ERROR, found, "see the log; if it stays silent run `empathd restart`")
    missing = list(missing_processes(slots, [slot for slot, _, _ in living]))
    for level, found in missing:
        yield Diagnosis("beats", level, found, _MEND_MISSING)
    if not silent and not missing:
        yield Diagnosis("beats", Level.OK, f"{len(living)} processes live")


def _modules(visit: Selects) -> Iterator[Diagnosis]:
    """The diagnosis of modules that failed too often; without one there is nothing to say."""
    for slot, names in visit.rows("doctor.modules_off"):
        found = f"{slot} has switched off after failures: {names}"
        yield Diagnosis("modules", Level.ERROR, found, "see module_failed in the log, repair it, then `empathd reload`")


def _pauses(visit: Selects, now: float) -> Iterator[Diagnosis]:
    """The diagnosis of pauses. A pause is an order, so it is a warning."""
    pauses = find_pauses(visit, now)
    if pauses.frozen_since is not None:
        found = f"frozen since {pauses.frozen_since}: nothing goes out"
        yield Diagnosis("delivery", Level.WARNING, found, "run `empath-admin thaw`")
    for each in pauses.suspensions:
        why = f" ({each.reason})" if each.reason else ""
        found = f"{each.destination} is suspended until {Timestamp(each.suspended_until).iso8601()}{why}"
        yield Diagnosis("delivery", Level.WARNING, found, remedy(each.destination, each.reason))
    more = pauses.suspended - len(pauses.suspensions)
    if more:
        found = f"{more} more destinations are suspended"
        yield Diagnosis("delivery", Level.WARNING, found, "see suspended_until in the view destination")
    if pauses == Pauses(None):
        yield Diagnosis("delivery", Level.OK, "not frozen, and no destination is suspended")


def _breakers(visit: Selects, now: float) -> Iterator[Diagnosis]:
    """The diagnosis of destinations that give no session; without one there is nothing to say."""
    [(count, name, failure)] = visit.rows("doctor.open_breakers", {"now": now})
    if count:
        more = f" and {count - 1} more" if count > 1 else ""
        found = f"mail for {name}{more} waits, because connections fail: {failure or 'no session'}"
        mend = "see blocked_by in the view destination; `empath-admin flush` tries at once"
        yield Diagnosis("destinations", Level.WARNING, found, mend)


def _held(visit: Selects) -> Diagnosis:
    """The diagnosis of recipients that Empath gave up to a person; a hold that was ordered needs no word."""
    [(count, reason)] = visit.rows("admin.held_by_empath")
    if not count:
        return Diagnosis("recipients", Level.OK, "Empath holds no recipient by itself")
    found = f"Empath holds {count} recipient{'s' if count != 1 else ''} by itself: {reason}"
    return Diagnosis("recipients", Level.WARNING, found, f"see {_HELD}, then `release` or `bounce` them")
