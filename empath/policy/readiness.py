"""
readiness - whether the service is ready for mail, from what is known of its parts

Each part has one diagnosis. The service is ready while none of them is an error; a warning says that less is left than
there should be. Beats are compared with each other, and only the newest with the clock: while nothing can be written,
the database is to blame and not each process.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from empath.policy.health import Diagnosis, Level, missing_processes

WRITTEN_S: Final = 5.0  # greatest age of the newest commit; each process commits a beat every two seconds
BEHIND_S: Final = 10.0  # a process whose newest beat is older than the newest of all by this much is silent
_MEND_PROCESSES: Final = "`empathd status` says whether it runs: start it, or see `process_…` in the log"
STALE_S: Final = 15.0  # a check that has not ended for this long, and its own time, has no result any more


@dataclass(frozen=True, slots=True)
class Result:
    """The diagnosis of one part, and the seconds since it was made."""

    diagnosis: Diagnosis
    age_s: float


def judge_writes(newest_at: float | None, now: float) -> Diagnosis:
    """Whether the queue can be written; *newest_at* is the instant of the newest beat that was committed."""
    if newest_at is None:
        return Diagnosis("database", Level.ERROR, "no process has written to it", "see `empathd status` and the log")
    age_s = max(0.0, now - newest_at)
    if age_s > WRITTEN_S:
        remedy = "a program keeps the queue locked, the disk is full, or the service is down: see the log"
        return Diagnosis("database", Level.ERROR, f"no commit for {age_s:.0f} s", remedy)
    return Diagnosis("database", Level.OK, f"a commit {age_s:.0f} s ago")


def judge_processes(beats: Sequence[tuple[str, float]], wanted: Iterable[str]) -> Diagnosis:
    """
    Whether each kind of process is at work. *beats* are slots and the instants of their newest beats, in any order, a
    slot perhaps twice; *wanted* names the slots that should be there.
    """
    newest_at = max((at for _, at in beats), default=0.0)
    living = [slot for slot, at in beats if newest_at - at <= BEHIND_S]
    missing = list(missing_processes(wanted, living))
    if missing:
        level = Level.ERROR if any(level is Level.ERROR for level, _ in missing) else Level.WARNING
        return Diagnosis("processes", level, "; ".join(words for _, words in missing), _MEND_PROCESSES)
    number = len(set(living))
    return Diagnosis("processes", Level.OK, f"{number} process{'' if number == 1 else 'es'} at work")


def judge_queue(waiting: int, oldest_s: float, *, most: int | None, longest_s: float | None) -> Diagnosis:
    """Whether *waiting* recipients, and the age of the oldest live message, are within the configured bounds."""
    beyond = []
    if most is not None and waiting > most:
        beyond.append(f"{waiting} recipients wait, more than {most}")
    if longest_s is not None and oldest_s > longest_s:
        beyond.append(f"the oldest message is {oldest_s:.0f} s old, more than {longest_s:.0f} s")
    if beyond:
        remedy = "see `empath-admin stats`; the bounds are those of [health]"
        return Diagnosis("queue", Level.ERROR, "; ".join(beyond), remedy)
    return Diagnosis("queue", Level.OK, f"{waiting} recipients wait")


def worst_of(subject: str, found: Sequence[Diagnosis]) -> Diagnosis:
    """One diagnosis for *found*, of the same part: as bad as the worst of them, and with the words of all as bad."""
    level = max((each.level for each in found), key=list(Level).index, default=Level.OK)
    equal = [each for each in found if each.level is level]
    remedies = dict.fromkeys(each.remedy for each in equal if each.remedy)
    return Diagnosis(subject, level, "; ".join(each.found for each in equal), "; ".join(remedies))


def refreshed(result: Result | None, subject: str, waited_s: float, stale_s: float) -> Result:
    """*result* as it may be shown: that of a check that does not end has nothing to say. None: there was no round."""
    if result is None:
        return Result(Diagnosis(subject, Level.ERROR, "was not checked yet"), waited_s)
    if result.age_s > stale_s:
        found = f"the check has not ended for {result.age_s:.0f} s"
        return Result(Diagnosis(subject, Level.ERROR, found, "see the log"), result.age_s)
    return result


def is_ready(results: Mapping[str, Result]) -> bool:
    """Whether no part has an error."""
    return all(each.diagnosis.level is not Level.ERROR for each in results.values())


def readiness_record(results: Mapping[str, Result]) -> dict[str, Any]:
    """What programs get, as JSON: the state, and for each part its own, the reason and the age of the result."""
    return {
        "status": "ready" if is_ready(results) else "not ready",
        "components": {
            name: {
                "status": each.diagnosis.level.value,
                "reason": each.diagnosis.found,
                "remedy": each.diagnosis.remedy,
                "age_s": round(each.age_s, 1),
            }
            for name, each in results.items()
        },
    }


def readiness_words(results: Mapping[str, Result]) -> str:
    """A line for people: `ready`, or what is wrong."""
    wrong = [f"{name}: {each.diagnosis.found}" for name, each in results.items() if not is_ready({name: each})]
    return f"not ready: {'; '.join(wrong)}" if wrong else "ready"
