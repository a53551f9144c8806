"""
hooks - the hooks of modules at delivery

    dns       the hosts for a domain were found: a refusal takes them away
    attempt   a message is about to go out: a refusal is the reply for its recipients
    success   a recipient is delivered, and the queue has it so
    failure   an attempt has failed, and the queue has it so

A module that fails, or takes too long, is answered by its `on_failure`, as at reception: "451" defers the mail.  No
module is called between the handover of a message and the commit of its fate: there its delay would become doubt about
the mail.  So `success` and `failure` come after the commit, and a process that is killed in between calls them not at
all.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from empath.daemon.process.module_calls.calls import ModuleCalls
from empath.daemon.process.module_calls.metadata import Metadata
from empath.daemon.process.module_calls.switch import ModuleSwitch
from empath.daemon.process.module_calls.watchdog import Watchdog
from empath.daemon.process.runtime import Runtime
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.modules.hooks import DELIVERING, Delivery, DeliveryResult
from empath.net.next_hop import HostFinder
from empath.policy.dane import TlsaFindings
from empath.policy.hosts.search import Host, NoHost
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.routing import MxRoute, SmtpRoute
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient
from empath.storage.queue.settle import Settle

_LINES_PER_SECOND: Final = 20  # of the log, for all modules together
_LINES_OF_MODULE: Final = 5


class DeliveryHooks:
    """The calls of one worker."""

    def __init__(self, calls: ModuleCalls) -> None:
        self._calls = calls

    def refusal(self, message: LeasedMessage, recipients: Sequence[LeasedRecipient], destination: str) -> Reply | None:
        """What a module has against an attempt now, None if it may be made."""
        if not self._calls.has("attempt"):
            return None
        metadata = Metadata.of(message.metadata)
        context = _delivery(message, destination, metadata)
        addresses = tuple(recipient.address for recipient in recipients)
        return self._calls.ask("attempt", context, metadata, recipients=addresses).reply

    def tell(self, message: LeasedMessage, settled: Settle, destination: str) -> None:
        """Let modules know what became of the recipients of *settled*, which is committed."""
        addresses = {recipient.recipient_id: recipient.address for recipient in message.recipients}
        for fate in settled.fates:
            hook = "success" if fate.status is RecipientStatus.DELIVERED else "failure"
            if not self._calls.has(hook):
                continue
            metadata = Metadata.of(message.metadata)
            reply = fate.said.reply.escaped()
            result = DeliveryResult(addresses[fate.recipient_id], str(fate.status), settled.attempt.host, reply)
            self._calls.ask(hook, _delivery(message, destination, metadata), metadata, result=result)

    def watching(self, finder: HostFinder) -> HostFinder:
        """*finder*, whose hosts modules see before they are used."""
        return _WatchedFinder(finder, self._calls) if self._calls.has("dns") else finder


class _WatchedFinder:
    """A HostFinder that asks the modules about what another one found."""

    def __init__(self, finder: HostFinder, calls: ModuleCalls) -> None:
        self._finder = finder
        self._calls = calls

    def find(self, route: SmtpRoute | MxRoute, domain: str) -> tuple[Host, ...] | NoHost:
        """See HostFinder."""
        found = self._finder.find(route, domain)
        if isinstance(found, NoHost):
            return found
        hosts = tuple((host.name, host.address, host.port) for host in found)
        where = route.host if isinstance(route, SmtpRoute) else domain
        reply = self._calls.ask("dns", None, Metadata(), domain=where, hosts=hosts).reply
        return found if reply is None else NoHost(reply)

    def tlsa(self, host: Host) -> TlsaFindings:
        """See HostFinder."""
        return self._finder.tlsa(host)


def delivery_hooks(runtime: Runtime) -> DeliveryHooks | None:
    """The hooks of the modules of *runtime*; None if no module has one of delivery."""
    modules = [module for module in runtime.modules if not DELIVERING.isdisjoint(module.hooks)]
    if not modules:
        return None
    Watchdog(runtime.emit, max(module.wanted.deadline_s for module in modules)).start()
    switch = ModuleSwitch(runtime)
    calls = ModuleCalls(modules, runtime.emit, RefusalMeter(_LINES_PER_SECOND, _LINES_OF_MODULE), switch.record)
    runtime.keep(partial(switch.run, calls))
    return DeliveryHooks(calls)


def _delivery(message: LeasedMessage, destination: str, metadata: Metadata) -> Delivery:
    return Delivery(
        message.queue_id, destination, message.reverse_path, message.account, message.received_at, metadata.value
    )
