"""process - what a process of any kind reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import DurationS, ErrorText, HookName, ModuleName, Traceback


@occurrence("error")
class LogKept(Occurrence):
    """The log file could not be opened again; the old one stays in use."""

    error: ErrorText


@occurrence("error")
class LogAstray(Occurrence):
    """The log file could not be opened. The lines of this process go to standard error until it can be opened."""

    error: ErrorText


@occurrence("warning")
class LogFound(Occurrence):
    """The log file could be opened at last. Earlier lines of this process went to standard error."""


@occurrence("error")
class LogLinesLost(Occurrence):
    """
    The log can be written again. This process has dropped lines: the disk was full, the pipe was not read, or the
    syslog server was not there.
    """

    lines: Annotated[int, "number of lines that are missing"]
    output: Annotated[str | None, "`syslog`, where the syslog server lacks them"] = None


@occurrence("warning")
class RulesUnread(Occurrence):
    """The rules of destinations could not be read. Those read before stay in force until they can be."""

    error: ErrorText


@occurrence("warning")
class TranscriptsUnkept(Occurrence):
    """The view `transcript` cannot be written; what was said in sessions that failed meanwhile is lost."""

    error: ErrorText


@occurrence("critical")
class ProcessFailed(Occurrence):
    """A resource of the process failed for good. The process ends, and the supervisor starts another."""

    error: ErrorText


@occurrence("critical")
class ProcessCrashed(Occurrence):
    """A bug in Empath ended the process."""

    error: ErrorText
    exception: Traceback


@occurrence("warning")
class ProcessEndUnrecorded(Occurrence):
    """The process could not record its end in the queue; the housekeeper will."""

    error: ErrorText


@occurrence("warning")
class QueueLocked(Occurrence):
    """Another program holds the write lock of the queue. The start of the process waits until the lock is free."""

    error: ErrorText


@occurrence("warning")
class BeatFailed(Occurrence):
    """The process could not write its beat. After 20 seconds without one it sends no more mail."""

    error: ErrorText


@occurrence("critical")
class TakenForDead(Occurrence):
    """The housekeeper took this process for dead and released its leases. The process ends with exit code 75."""


@occurrence("warning")
class OrderObeyed(Occurrence):
    """An order that came by INSERT INTO control was carried out."""

    verb: Annotated[str, "order"]
    argument: Annotated[str | None, "argument of the order, if it has one"]
    who: Annotated[str | None, "person that gave the order"]
    result: Annotated[str, "outcome"]


@occurrence("warning")
class MetricsUnserved(Occurrence):
    """This process cannot give its metrics to the process `httpd`, which leaves them out. Mail goes on."""

    file: Annotated[str, "path of the socket"]
    error: ErrorText


@occurrence("info")
class TraceBegan(Occurrence):
    """Somebody sees dialogues of a part of the service, by `empath-admin trace` or the console."""

    part: Annotated[str, "client, destination or message, and which"]
    for_s: Annotated[int, "seconds after which it ends by itself"]
    who: Annotated[str, "person or token, as far as known"]


@occurrence("info")
class TraceEnded(Occurrence):
    """A live trace is over in this process."""

    part: Annotated[str, "client, destination or message, and which"]
    who: Annotated[str, "person or token, as far as known"]
    lines: Annotated[int, "number of lines that were seen"]
    left_out: Annotated[int, "number of lines that came too fast"]
    reason: Annotated[str, "why it ended"]


@occurrence("warning")
class TracesUnserved(Occurrence):
    """This process cannot offer live traces of its dialogues. Mail goes on."""

    file: Annotated[str, "path of the socket"]
    error: ErrorText


@occurrence("debug", area="dns")
class DnsAnswered(Occurrence):
    """A question to the name servers has its answer. Answers that are kept from before have no line."""

    name: Annotated[str, "name that was looked up"]
    kind: Annotated[str, "type of record, such as MX"]
    status: Annotated[str, "`found`, `NXDOMAIN`, `NODATA`, or why there is no answer"]
    answer: Annotated[str | None, "records, at most 500 characters of them"]
    duration_s: DurationS


@occurrence("warning", area="dns")
class NameServersKept(Occurrence):
    """The file of the system's name servers cannot be used. Those of its last content, if any, stay in use."""

    error: ErrorText


@occurrence("warning", area="dns")
class StaleAnswerUsed(Occurrence):
    """
    The name servers fail, and an answer that has expired serves. Only the first of a minute in a process is logged.
    """

    name: Annotated[str, "name that was looked up"]
    kind: Annotated[str, "type of record, such as MX"]
    error: ErrorText


@occurrence("warning")
class AliasUnusable(Occurrence):
    """
    The aliases of a recipient lead in a circle, go too far, or have a target that cannot be used. A client gets 451; a
    report goes to the address itself.
    """

    recipient: Annotated[str, "forward path as it was given"]
    error: ErrorText


@occurrence("error", area="modules")
class ModuleFailed(Occurrence):
    """A call of a module of [modules] failed or took too long, and its `on_failure` answered."""

    module: ModuleName
    hook: HookName
    error: ErrorText
    exception: Annotated[str | None, "traceback"]


@occurrence("critical", area="modules")
class ModuleSwitchedOff(Occurrence):
    """
    A module failed several times in a row and is no longer called in this process. A reload or `empath-admin modules
    enable` tries it again.
    """

    module: ModuleName
    failures: Annotated[int, "number of its failures in this process"]
    answer: Annotated[str, "what clients hear in its place"]


@occurrence("info", area="modules")
class ModuleSwitchedOn(Occurrence):
    """A person had a module called again that was switched off."""

    module: ModuleName


@occurrence("error", area="modules")
class ModulesUnrecorded(Occurrence):
    """The view `process` does not show that a module is switched off: the queue could not be written."""

    error: ErrorText


@occurrence("critical", area="modules")
class ModuleBlocks(Occurrence):
    """A module blocks the process: it computes, or waits in a way that stops every session."""

    module: ModuleName
    hook: HookName
    exception: Traceback


@occurrence("warning")
class TracesUnexported(Occurrence):
    """
    The collector of [tracing] does not take spans. They wait, bounded, and this process tries again; mail goes on.
    `empath_trace_spans_total` counts those that were dropped.
    """

    error: ErrorText


@occurrence("info")
class TracesExported(Occurrence):
    """The collector takes spans again."""

    dropped: Annotated[int, "spans that were dropped so far"]
