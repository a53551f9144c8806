"""supervisor - what the supervisor reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import (
    Address,
    ConfigFile,
    DurationS,
    ErrorText,
    ExitCode,
    Generation,
    Pid,
    Slot,
)

_Setting = str | int | float | bool | list[str]  # a value as the configuration file has it


@occurrence("info")
class SupervisorStarted(Occurrence):
    """The supervisor runs and holds the instance lock."""

    pid: Pid
    version: Annotated[str, "version of Empath"]
    instance: Annotated[str, "ULID of this run"]
    config: ConfigFile


@occurrence("info")
class Listening(Occurrence):
    """A listener is bound."""

    address: Address
    role: Annotated[str, "role of the listener"]


@occurrence("warning")
class NofileLow(Occurrence):
    """The hard limit of open files is lower than the configured limits need."""

    limit: Annotated[int, "hard limit"]
    needed: Annotated[int, "descriptors that one process may need"]


@occurrence("info")
class ProcessStarted(Occurrence):
    """A child process was spawned."""

    slot: Slot
    generation: Generation
    pid: Pid


@occurrence("info")
class ProcessReady(Occurrence):
    """A child process is ready and does its work."""

    slot: Slot
    generation: Generation
    pid: Pid
    duration_s: DurationS


@occurrence("error", event="process_failed")
class ChildFailed(Occurrence):
    """A child process ended before it was ready, and said why."""

    slot: Slot
    generation: Generation
    error: ErrorText
    exit_code: ExitCode


@occurrence("info")
class ProcessExited(Occurrence):
    """A child process has ended."""

    slot: Slot
    generation: Generation
    pid: Pid
    code: Annotated[int | None, "exit code, unless a signal ended it"] = None
    signal: Annotated[str | None, "name of the signal that ended it"] = None
    ordered: Annotated[bool, "whether the supervisor had ended it"]
    age_s: Annotated[float, "seconds since it was spawned"]


@occurrence("warning")
class ProcessDelayed(Occurrence):
    """A child process died young; the next one starts after a pause."""

    slot: Slot
    failures: Annotated[int, "early deaths in a row"]
    delay_s: Annotated[float, "length of the pause in seconds"]


@occurrence("info")
class TemplateReady(Occurrence):
    """The template process has loaded all programs; children are forked from it."""

    pid: Pid
    duration_s: DurationS


@occurrence("warning")
class TemplateEnded(Occurrence):
    """The template process has ended; it is replaced, and children are started by exec until then."""

    pid: Pid
    code: Annotated[int | None, "exit code"]
    signal: Annotated[str | None, "signal that ended it"]
    age_s: Annotated[float, "seconds that it ran"]


@occurrence("warning")
class TemplateRefused(Occurrence):
    """No template process can be started, so children are started by exec."""

    error: ErrorText


@occurrence("warning")
class ForkRefused(Occurrence):
    """The template process could not make a child, which is started by exec instead."""

    slot: Slot
    error: ErrorText


@occurrence("warning")
class ProcessKilled(Occurrence):
    """A child process did not end within the drain time and was killed."""

    slot: Slot
    generation: Generation
    pid: Pid


@occurrence("error")
class ProcessHung(Occurrence):
    """A child process showed no sign of life for too long and was killed; the next one takes its place."""

    slot: Slot
    generation: Generation
    pid: Pid
    silent_s: Annotated[float, "seconds since its last sign of life"]


@occurrence("info")
class ServiceReady(Occurrence):
    """All first children are ready, and the listeners accept connections."""

    duration_s: DurationS


@occurrence("error")
class ServiceFailed(Occurrence):
    """The start failed."""

    error: ErrorText
    exit_code: ExitCode


@occurrence("info")
class ReloadStarted(Occurrence):
    """The new configuration is valid and its listeners are bound; new children start next to the old ones."""

    config: ConfigFile


@occurrence("info")
class CertificatesChanged(Occurrence):
    """Files of certificates or keys have changed. New children with the same configuration present them, as after a
    reload."""


@occurrence("error")
class ReloadRefused(Occurrence):
    """The reload failed and the old configuration stays in force. One line for each finding."""

    finding: Annotated[str, "what is wrong"]


@occurrence("info")
class SettingChanged(Occurrence):
    """A setting has another value since this reload."""

    key: Annotated[str, "key of the setting"]
    before: Annotated[_Setting | None, "old value, if there was one"]
    after: Annotated[_Setting | None, "new value, if there is one"]


@occurrence("info")
class ReloadFinished(Occurrence):
    """All new children are ready, and the old ones drain."""

    duration_s: DurationS
    changes: Annotated[int, "number of settings that changed"]


@occurrence("info")
class LogReopened(Occurrence):
    """The supervisor opened the log file again by its name."""


@occurrence("info")
class StopStarted(Occurrence):
    """The service stops: it takes no more connections and drains."""

    cause: Annotated[str, "signal, the word order (the line before names the person), or what else ended the service"]


@occurrence("info")
class ServiceStopped(Occurrence):
    """The last child process has ended."""

    duration_s: DurationS
    run_s: Annotated[float, "seconds since the start"]
