"""doctor_past - whether the index of past mail is there, and follows the queue"""

import os
from collections.abc import Iterator
from typing import Final

from empath.errors import DamagedQueue, EmpathError
from empath.mail.words import span
from empath.policy.health import Diagnosis, Level
from empath.storage.admin.doctor import explained
from empath.storage.engine import Engine
from empath.storage.past_mail import PastMail
from empath.storage.queue.past import unread_since

_SUBJECT: Final = "past mail"
_LATE_S: Final = 120.0
_MEND_DAMAGED: Final = "remove the file, also while the service runs: it is made again of what the queue knows"
_MEND_LATE: Final = "see track_unkept in the log; after a start it takes a while until all of the queue is in it"


def diagnose_past(
    engine: Engine, past: PastMail, *, is_kept: bool, is_running: bool, now: float
) -> Iterator[Diagnosis]:
    """
    Check the index, which the configuration wants if *is_kept*; without file and wish there is nothing to say.

    *now* is Unix seconds.
    """
    if not is_kept:
        if past.exists:
            found = f"{past.location} has addresses of past mail, and [track] keep is not set: nobody removes old ones"
            yield Diagnosis(_SUBJECT, Level.WARNING, found, "remove it, or set keep = true")
        return
    try:
        if not past.exists:
            found = f"{past.location} is not there yet"
            yield Diagnosis(_SUBJECT, Level.WARNING, found, _MEND_LATE if is_running else "start the service")
            return
        yield _standing(engine, past, is_running=is_running, now=now)
    except DamagedQueue as exc:
        yield Diagnosis(_SUBJECT, Level.WARNING, str(exc), _MEND_DAMAGED)
    except EmpathError as exc:
        yield explained(_SUBJECT, Level.WARNING, exc)


def _standing(engine: Engine, past: PastMail, *, is_running: bool, now: float) -> Diagnosis:
    if not os.access(past.location, os.R_OK | os.W_OK):
        return Diagnosis(_SUBJECT, Level.WARNING, f"{past.location}: this user may not write it", "see its owner")
    mark = past.mark()
    if mark is None:
        return Diagnosis(_SUBJECT, Level.WARNING, f"{past.location} is empty", _MEND_LATE)
    with engine.visiting(None) as visit:
        since = unread_since(visit, mark)
    if is_running and since is not None and since < now - _LATE_S:
        found = f"{past.location} lacks what happened in the last {span(now - since)}"
        return Diagnosis(_SUBJECT, Level.WARNING, found, _MEND_LATE)
    return Diagnosis(_SUBJECT, Level.OK, f"{past.location} follows the queue")
