"""
calls - call the hooks of the modules, and let no module do harm

THEORY
    Each call has the deadline of its module, and may raise whatever it likes.  A call that fails is counted and
    logged, and its module's `on_failure` answers in its place.  After several failures of one hook in a row the module
    is switched off: it is no longer called, and `on_failure` answers for it at once, until a reload makes a new
    process.  So a module that must see all mail lets none pass unseen, and one that may be left out costs nothing.

    A module that blocks the process cannot be interrupted.  `watchdog` reports it; the call counts as failed when it
    returns.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import gevent

from empath.daemon.process.module_calls.metadata import Metadata
from empath.errors import EmpathError
from empath.mail.reply import EnhancedStatus, Reply
from empath.modules.edits import EDITS, MAX_EDITS, Edit
from empath.modules.hooks import EDITING, OBSERVERS, Context, Delivery
from empath.modules.loading import LoadedModule
from empath.policy.limits.refusal_log import RefusalMeter
from empath.telemetry.occurrence import Emitter, traceback_text, words_of
from empath.telemetry.occurrences.process import ModuleFailed, ModuleSwitchedOff, ModuleSwitchedOn

FAILURES: Final = 5  # in a row, after which a module is switched off
_MAX_TEXT: Final = 400  # characters of a reply
UNAVAILABLE: Final = Reply.of("451 4.3.0 A filter of this host is not available, try again later")
_BY_HOOK: Final = {
    "connect": Reply.of("421 4.3.0 A filter of this host is not available, try again later"),
    "starttls": Reply.of("454 4.3.0 A filter of this host is not available, try again later"),
    "auth": Reply.of("454 4.3.0 A filter of this host is not available, try again later"),
}


class CallFailed(EmpathError):
    """A call failed. `exception` has its traceback, if there is one."""

    def __init__(self, text: str, exception: str | None = None) -> None:
        super().__init__(text)
        self.exception = exception


@dataclass(slots=True)
class Standing:
    """
    What is known of a module in this process.

    Shape: in_a_row counts the failures of each hook since its last success: a hook that always fails is found, though
    others of the module succeed in between.
    """

    module: LoadedModule
    calls: int = 0
    failures: int = 0
    in_a_row: Counter[str] = field(default_factory=Counter)
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class ModuleEdit:
    """An edit, and the hook of the module that wants it. The hook has succeeded once the edit is carried out."""

    module: Standing
    hook: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class Answer:
    """What the modules say together. Shape: reply refuses, and then there are no edits; None: they do not refuse."""

    reply: Reply | None
    edits: tuple[ModuleEdit, ...] = ()


class ModuleCalls:
    """The calls of one process."""

    def __init__(
        self,
        modules: Sequence[LoadedModule],
        emit: Emitter,
        meter: RefusalMeter,
        record_off: Callable[[tuple[str, ...]], object],
    ) -> None:
        """*meter* bounds the lines of the log; *record_off* gets the names of all that are off, and must not wait."""
        self.standings = [Standing(module) for module in modules]
        self._emit = emit
        self._meter = meter
        self._record_off = record_off
        names = dict.fromkeys(name for module in modules for name in module.hooks)
        self._by_hook: Mapping[str, Sequence[Standing]] = {
            name: [each for each in self.standings if name in each.module.hooks] for name in names
        }

    def switch_on(self, name: str) -> None:
        """Call the module *name* again."""
        for standing in self.standings:
            if standing.module.wanted.name == name and standing.is_off:
                standing.is_off = False
                standing.in_a_row.clear()
                self._emit(ModuleSwitchedOn(module=name))

    def has(self, hook: str) -> bool:
        """Whether a module has this hook."""
        return hook in self._by_hook

    def ask(self, hook: str, context: Context | Delivery | None, metadata: Metadata, **more: object) -> Answer:
        """Call *hook* of each module, up to the first that refuses."""
        edits: list[ModuleEdit] = []
        for standing in self._by_hook.get(hook, ()):
            try:
                reply, wanted = self._said(standing, hook, context, metadata, more)
            except CallFailed as exc:
                metadata.restore()
                reply, wanted = self.fail(standing, hook, exc), ()
            if reply is not None:
                return Answer(reply)
            edits += [ModuleEdit(standing, hook, edit) for edit in wanted]
        return Answer(None, tuple(edits))

    def fail(self, standing: Standing, hook: str, error: CallFailed) -> Reply | None:
        """Count a failure; the reply in place of the module's, None if the session goes on without."""
        if not standing.is_off:
            self._count(standing, hook, error)
        if hook in OBSERVERS or not standing.module.wanted.answers_451:
            return None
        return _BY_HOOK.get(hook, UNAVAILABLE)

    def _said(
        self,
        standing: Standing,
        hook: str,
        context: Context | Delivery | None,
        metadata: Metadata,
        more: Mapping[str, object],
    ) -> tuple[Reply | None, Sequence[Edit]]:
        if standing.is_off:
            raise CallFailed("it is switched off")
        result = _call(standing, hook, {"context": context, "settings": standing.module.settings, **more})
        try:
            metadata.keep()
        except EmpathError as exc:
            raise CallFailed(str(exc)) from exc
        said = _read(result, hook)
        if not said[1]:
            standing.in_a_row[hook] = 0
        return said

    def _count(self, standing: Standing, hook: str, error: CallFailed) -> None:
        name = standing.module.wanted.name
        standing.failures += 1
        standing.in_a_row[hook] += 1
        if self._meter.admit(f"module:{name}", time.monotonic()):
            self._emit(ModuleFailed(module=name, hook=hook, error=str(error), exception=error.exception))
        if standing.in_a_row[hook] >= FAILURES:
            standing.is_off = True
            answer = UNAVAILABLE.escaped() if standing.module.wanted.answers_451 else "none: mail passes without it"
            self._emit(ModuleSwitchedOff(module=name, failures=standing.failures, answer=answer))
            self._record_off(tuple(each.module.wanted.name for each in self.standings if each.is_off))


def _call(standing: Standing, hook: str, arguments: Mapping[str, object]) -> Any:
    """
    One call, within its deadline.

    Raises:
        CallFailed: it raised, or took too long.
    """
    module = standing.module
    call, deadline_s = module.hooks[hook], module.wanted.deadline_s
    standing.calls += 1
    began_at = time.monotonic()
    timeout = gevent.Timeout.start_new(deadline_s)
    try:
        result = call.function(*[arguments[name] for name in call.arguments])
    except BaseException as exc:  # a module is code of others: KeyboardInterrupt would end the process
        if exc is timeout:
            raise CallFailed(f"no answer within {deadline_s:g} s") from exc
        raise CallFailed(words_of(exc), traceback_text(exc)) from exc
    finally:
        timeout.close()
    took_s = time.monotonic() - began_at
    if took_s > deadline_s:
        raise CallFailed(f"it blocked the process for {took_s:.1f} s")
    return result


def running_call(frame: Any) -> tuple[str, str] | None:
    """The module and the hook that *frame* or a caller of it runs; None if it runs no module."""
    while frame is not None:
        if frame.f_code is _call.__code__:
            return frame.f_locals["standing"].module.wanted.name, frame.f_locals["hook"]
        frame = frame.f_back
    return None


def _read(result: Any, hook: str) -> tuple[Reply | None, Sequence[Edit]]:
    if result is None or hook in OBSERVERS:
        return None, ()
    if isinstance(result, Reply):
        _hold_refusal(result)
        return result, ()
    edits = [result] if isinstance(result, EDITS) else result
    if not isinstance(edits, list | tuple) or not all(isinstance(edit, EDITS) for edit in edits):
        raise CallFailed(f"it returned {type(result).__name__}, not None, a Reply, or edits")
    if hook not in EDITING:
        raise CallFailed("it returned an edit, which only the hooks mail, rcpt and data may")
    if len(edits) > MAX_EDITS:
        raise CallFailed(f"it returned {len(edits)} edits, at most {MAX_EDITS}")
    return None, edits


def _hold_refusal(reply: Reply) -> None:
    has_types = isinstance(reply.code, int) and isinstance(reply.text, str)
    if not has_types or not isinstance(reply.enhanced, EnhancedStatus | None):
        raise CallFailed("it returned a reply that is not one; Reply.of makes one of its text")
    if not 400 <= reply.code <= 599:
        raise CallFailed(f"it returned the reply {reply}, which is not a refusal")
    is_one_line = reply.text.isprintable() and reply.text.isascii()
    if not is_one_line or len(reply.text) > _MAX_TEXT:
        raise CallFailed(f"the text of its reply is not one line of at most {_MAX_TEXT} characters in ASCII")
    if reply.enhanced is not None and reply.enhanced.klass != reply.klass:
        raise CallFailed(f"the status in its reply {reply} is of another class than the code")
