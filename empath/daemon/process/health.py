"""
health - the checks of the service: one for each component, the same for httpd and for `empath-admin health`

Each check looks for real: it connects to the listeners, reads what was committed, asks the name servers, opens the log.
None of them writes. A check may block its thread; who runs it sees to that. `policy.readiness` judges.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property, partial
from ipaddress import ip_address
from typing import Final

from empath.config.hosts import trusts_resolver
from empath.config.model import Config
from empath.config.tables.receiving import Listener
from empath.config.tables.tls import TlsMode
from empath.daemon.process.slots import FOR_MAIL, slots
from empath.errors import EmpathError
from empath.mail.lookup import Failed, Kind, Question
from empath.mail.status import WAITING
from empath.net.resolver import DnsResolver
from empath.net.smtp_probe import ProbeTarget, greeting_of
from empath.policy.health import Diagnosis, Level
from empath.policy.limits.session import wanted_space_octets
from empath.policy.readiness import judge_processes, judge_queue, judge_writes, worst_of
from empath.storage.admin.records import Stats
from empath.storage.engine import Engine, Selects

_GREETING_S: Final = 5.0
_DNS_S: Final = 5.0
_SELF: Final = b"PROXY UNKNOWN\r\n"  # the header of a proxy that speaks for itself
_MEND_LISTENER: Final = "`empathd status` says whether it runs: start it, or see the log and `empathd reload`"


class HealthChecks:
    """
    The checks of the service of *config*.

    *reading* opens the queue *engine*; *read_stats* counts what is in it, None if that is not known yet.
    """

    def __init__(
        self,
        config: Config,
        engine: Engine,
        *,
        reading: Callable[[], AbstractContextManager[Selects]],
        read_stats: Callable[[], Stats | None],
    ) -> None:
        self._config = config
        self._engine = engine
        self._reading = reading
        self._read_stats = read_stats

    @cached_property
    def components(self) -> tuple[str, ...]:
        """What is looked at, in the order of the answer."""
        health = self._config.health
        left_out = {*health.without, *(() if health.has_bounds else ("queue",))}
        return tuple(name for name in _CHECKS if name not in left_out)

    def longest_s(self, component: str) -> float:
        """The longest time that the check of *component* takes by itself."""
        if component == "listeners":
            return max(map(self._greeting_s, self._config.listeners))
        return _DNS_S if component == "dns" else 0.0

    def run(self, component: str) -> Diagnosis:
        """Check one component. A check that fails is an error of its component."""
        try:
            return _CHECKS[component](self)
        except EmpathError as exc:
            return Diagnosis(component, Level.ERROR, str(exc))
        except OSError as exc:
            return Diagnosis(component, Level.ERROR, exc.strerror or str(exc))

    def _listeners(self) -> Diagnosis:
        unknown = Diagnosis("listener", Level.ERROR, "a check crashed", "report it with what is at standard error")
        found = dict.fromkeys(range(len(self._config.listeners)), unknown)

        def look(number: int, listener: Listener) -> None:
            found[number] = diagnose_answer(self._config, listener)

        # The slowest of them counts, not their sum. In a process that is patched a thread is a greenlet.
        looks = [threading.Thread(target=look, args=each, daemon=True) for each in enumerate(self._config.listeners)]
        for each in looks:
            each.start()
        for each in looks:
            each.join()
        return worst_of("listeners", [*found.values()])

    def _database(self) -> Diagnosis:
        self._engine.check_place()
        return judge_writes(max((at for _, at in self._beats()), default=None), time.time())

    def _processes(self) -> Diagnosis:
        wanted = [slot for slot in slots(self._config) if slot.rpartition("-")[0] in FOR_MAIL]
        return judge_processes(self._beats(), wanted)

    def _beats(self) -> list[tuple[str, float]]:
        with self._reading() as queue:
            return [(slot, beat_at) for slot, _, beat_at in queue.rows("doctor.beats")]

    def _dns(self) -> Diagnosis:
        answer = self._resolver.ask(Question(str(self._config.hostname).lower(), Kind.A), _DNS_S)
        if isinstance(answer, Failed):
            remedy = "see [dns] nameservers and /etc/resolv.conf; mail by MX waits until they answer"
            return Diagnosis("dns", Level.ERROR, answer.why, remedy)
        return Diagnosis("dns", Level.OK, "the name servers answer")

    @cached_property
    def _resolver(self) -> DnsResolver:
        dns = self._config.dns
        return DnsResolver(
            tuple(map(str, dns.nameservers)),
            timeout_s=dns.timeout_s,
            try_timeout_s=dns.try_timeout_s,
            with_dnssec=dns.dnssec != "off",
            is_trusted=partial(trusts_resolver, self._config),
            only_trusted=dns.dnssec == "enforce",
        )

    def _queue(self) -> Diagnosis:
        stats = self._read_stats()
        if stats is None:
            return Diagnosis("queue", Level.ERROR, "was not read yet", "wait; see `queue_unread` in the log")
        oldest = stats.oldest_received_at
        return judge_queue(
            sum(stats.recipients[status.value] for status in WAITING),
            0.0 if oldest is None else max(0.0, time.time() - oldest),
            most=self._config.health.queue_depth,
            longest_s=self._config.health.queue_age_s,
        )

    def _disk(self) -> Diagnosis:
        config = self._config
        found = self._engine.diagnose_place(
            config.process.user,
            wanted_octets=wanted_space_octets(config.queue.reserve_octets, config.largest_message_octets),
            log_limit_octets=config.queue.wal_limit_octets,
        )
        return worst_of("disk", [each for each in found if each.subject in ("place", "disk", "wal")])

    def _log(self) -> Diagnosis:
        file = self._config.log.file
        if file is None:
            server = self._config.log.syslog
            return Diagnosis("log", Level.OK, f"it goes to {'standard error' if server is None else server}")
        mend = f"see the log at standard error; mend {file}, then send SIGUSR1 to the supervisor"
        try:
            fd = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as exc:
            return Diagnosis("log", Level.ERROR, f"{file}: {exc.strerror}", mend)
        try:
            room = os.fstatvfs(fd)
        finally:
            os.close(fd)
        if room.f_blocks and not room.f_bavail:
            return Diagnosis("log", Level.ERROR, f"{file}: no room on its disk", "make room")
        return Diagnosis("log", Level.OK, f"{file} can be written")

    def _greeting_s(self, listener: Listener) -> float:
        return _GREETING_S + listener.greet_delay_s + self._config.timeouts.look_up_s


_CHECKS: Final[Mapping[str, Callable[[HealthChecks], Diagnosis]]] = {
    "listeners": HealthChecks._listeners,
    "database": HealthChecks._database,
    "processes": HealthChecks._processes,
    "dns": HealthChecks._dns,
    "queue": HealthChecks._queue,
    "disk": HealthChecks._disk,
    "log": HealthChecks._log,
}


def diagnose_answer(config: Config, listener: Listener) -> Diagnosis:
    """Whether *listener* greets a client, or this host as a proxy if it is one of *config*."""
    target = ProbeTarget(listener.address, is_tls=listener.tls is TlsMode.IMPLICIT, opening=partial(_opening, listener))
    try:
        line = greeting_of(target, _GREETING_S + listener.greet_delay_s + config.timeouts.look_up_s)
    except PermissionError as exc:  # of a UNIX socket
        found = f"this user may not connect to {listener.text}: {exc.strerror}"
        return Diagnosis("listener", Level.WARNING, found, "look as root, or as the user that owns the queue")
    except OSError as exc:
        found = f"{listener.text} does not answer: {exc.strerror or exc}"
        return Diagnosis("listener", Level.ERROR, found, _MEND_LISTENER)
    if not line.startswith(b"220"):
        found = f"{listener.text} answers without a greeting 220"
        return Diagnosis("listener", Level.WARNING, found, "see the log: perhaps a limit of connections is reached")
    return Diagnosis("listener", Level.OK, f"{listener.text} answers")


def _opening(listener: Listener, own_address: str) -> bytes:
    is_proxy = any(ip_address(own_address) in network for network in listener.proxy_protocol)
    return _SELF if is_proxy else b""
