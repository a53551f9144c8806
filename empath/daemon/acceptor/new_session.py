"""
new_session - of which class a session is: with filters, with modules, with both, or plain

A listener without filters has plain sessions though another one has filters; modules are for all listeners.  Neither is
loaded where none is configured.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.session import ReceivingSession
from empath.daemon.process.runtime import Runtime
from empath.policy.limits.refusal_log import RefusalMeter

if TYPE_CHECKING:
    from empath.daemon.process.module_calls.calls import ModuleCalls

NewSession = Callable[..., ReceivingSession]


def new_sessions(runtime: Runtime, refusals: RefusalMeter, *, has_filters: bool) -> NewSession:
    """What makes the sessions of a process; *refusals* bounds the lines of the log."""
    plain: NewSession = ReceivingSession
    filtered: NewSession = ReceivingSession
    if runtime.modules:
        from empath.daemon.acceptor.modules.session import ModuleSession  # noqa: PLC0415 - only what is configured

        calls = _module_calls(runtime, refusals)
        plain = partial(ModuleSession, calls)
        if has_filters:
            from empath.daemon.acceptor.milters.with_modules import MilterModuleSession  # noqa: PLC0415 - the same

            filtered = partial(MilterModuleSession, calls)
    elif has_filters:
        from empath.daemon.acceptor.milters.session import MilterSession  # noqa: PLC0415 - the same

        filtered = MilterSession
    if not has_filters:
        return plain

    def new_session(context: ListenerContext, *rest: Any, **named: Any) -> ReceivingSession:
        return (filtered if context.milters else plain)(context, *rest, **named)

    return new_session


def _module_calls(runtime: Runtime, refusals: RefusalMeter) -> "ModuleCalls":
    from empath.daemon.process.module_calls.calls import ModuleCalls  # noqa: PLC0415 - only what is configured
    from empath.daemon.process.module_calls.switch import ModuleSwitch  # noqa: PLC0415 - the same
    from empath.daemon.process.module_calls.watchdog import Watchdog  # noqa: PLC0415 - the same

    late_s = max(module.wanted.deadline_s for module in runtime.modules)
    Watchdog(runtime.emit, late_s).start()
    switch = ModuleSwitch(runtime)
    calls = ModuleCalls(runtime.modules, runtime.emit, refusals, switch.record)
    runtime.keep(partial(switch.run, calls))
    return calls
