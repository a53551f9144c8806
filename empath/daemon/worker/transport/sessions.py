"""
sessions - which session each message of a lease needs with each host

The demand for TLS and the login are worked out once for each host of a lease and each kind of message, and not for each
message; anew after a change of the rules, because a lease to a slow host takes minutes.  Where neither the DNS nor a
policy of the domain has a say, the leases of a worker share them.
"""

from empath.daemon.worker.session_needs import SessionNeeds
from empath.daemon.worker.session_rules import SessionRules
from empath.mail.protocol import Protocol
from empath.net.next_hop import HostFinder
from empath.policy.destinations.settings import DestinationSettings
from empath.policy.hosts.search import Host
from empath.policy.tls_demand import NO_STS, MessageNeeds, TlsDemand, demand_for
from empath.storage.queue.lease import LeasedMessage


class LeaseSessions:
    """The sessions of one lease."""

    def __init__(self, rules: SessionRules, finder: HostFinder, destination: str) -> None:
        self._rules = rules
        self._finder = finder
        self._destination = destination
        self._overdue_from: float | None = None
        self._settings: DestinationSettings | None = None  # those by which `_found` was worked out
        self.exchangers: tuple[str, ...] = ()  # names of the MX hosts, once they are known
        self._found: dict[tuple[str, int, Protocol, MessageNeeds], SessionNeeds] = {}

    def needs_of(self, message: LeasedMessage, now: float) -> MessageNeeds:
        """The kind of *message* at *now*."""
        if self._overdue_from is None:
            self._overdue_from = self._rules.first_delay_s_of(self._destination, self.exchangers)
        is_overdue = now - message.received_at >= self._overdue_from
        return _KINDS[message.requires_tls, is_overdue]

    def session_for(self, host: Host, needs: MessageNeeds, settings: DestinationSettings) -> SessionNeeds:
        """What a session with *host* must be for a message of that kind, by the *settings* of its destination."""
        if settings is not self._settings:  # each rule book has objects of its own
            self._settings = settings
            self._found.clear()
        key = (host.address, host.port, host.protocol, needs)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._look_up(host, needs, settings)
        return found

    def _look_up(self, host: Host, needs: MessageNeeds, settings: DestinationSettings) -> SessionNeeds:
        at = (host.name, host.address, host.port, host.protocol, host.is_tls, host.preference, host.lookups)
        key, known = (self._destination, *at, needs), self._rules.known
        found = known.get(key)
        if found is not None and found[0] is settings:
            return found[1]
        setting, origin = self._rules.tls_of(self._destination, self.exchangers)
        worked_out = self._work_out(host, needs, setting, origin)
        if not setting.asks_dane and not setting.asks_sts:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[key] = settings, worked_out
        return worked_out

    def _work_out(self, host: Host, needs: MessageNeeds, setting: TlsDemand, origin: str) -> SessionNeeds:
        rules = self._rules
        login = rules.login_of(host)
        demand = demand_for(
            *(setting, origin, host, needs),
            dane=self._finder.tlsa(host) if setting.asks_dane else None,
            sts=rules.sts_of(host.lookups.domain, host) if setting.asks_sts else NO_STS,
            has_login=login is not None,
        )
        if login is None:
            return SessionNeeds(demand)
        return SessionNeeds(demand, login.login, login.may_go_in_clear)


_MOST_KNOWN = 10_000
_KINDS = {
    (requires_tls, is_overdue): MessageNeeds(requires_tls, is_overdue)
    for requires_tls in (True, False, None)
    for is_overdue in (True, False)
}
