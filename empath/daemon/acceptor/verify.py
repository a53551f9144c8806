"""
verify - asks the next host whether it takes a recipient, and remembers the answer

A question has one deadline in all.  Sessions that wait for the same address share it, and one destination is asked a
few questions at once.  An answer that says nothing of the address is not remembered.
"""

import time
from collections.abc import Callable
from contextlib import suppress

import gevent
from gevent.lock import BoundedSemaphore

from empath.config import Config
from empath.daemon.process.hub_writer import HubWriter
from empath.daemon.process.rules import Rules
from empath.errors import EmpathError
from empath.mail.address import Address
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.net.next_hop import HostFinder, hosts_of
from empath.net.stream import Deadlines, Stream, StreamClosed, StreamTimeout
from empath.policy.hosts.search import Host, NoHost
from empath.policy.recipients import RecipientRule, folded
from empath.policy.router import SentBy
from empath.policy.routing import HostRoute, ListRoute
from empath.smtp.client.probe import Probe
from empath.storage.engine import Reader
from empath.storage.queue.recipients import KeepVerification, find_verification

UNKNOWN = Reply.of("550 5.1.1 The next host does not know this recipient")
UNVERIFIED = Reply.of("450 4.4.3 This recipient cannot be verified now, try again later")
_MOST_HOSTS = 3
_MOST_WAIT_S = 5.0


class _Slots(BoundedSemaphore):
    """The questions to one destination that may be under way; it lasts as long as it has users."""

    users = 0


class Verifier:
    """The questions of one process."""

    def __init__(
        self,
        config: Config,
        rules: Rules,
        finder: HostFinder,
        deadlines: Deadlines,
        writer: HubWriter,
        *,
        clock: Callable[[], float] = time.time,
        most_wait_s: float = _MOST_WAIT_S,
    ) -> None:
        """*clock* gives Unix seconds. *most_wait_s* is the time of one host, where there are others."""
        self._config = config
        self._rules = rules
        self._settings = config.verification
        self._finder = finder
        self._deadlines = deadlines
        self._writer = writer
        self._clock = clock
        self._most_wait_s = most_wait_s
        self._under_way: dict[str, gevent.Greenlet[..., bool | None]] = {}
        self._slots: dict[str, _Slots] = {}

    def refusal(self, reader: Reader, address: Address, rule: RecipientRule) -> Reply | None:
        """
        The refusal of an *address* that the next host does not take, or that cannot be verified now; None if it does.

        Raises:
            QueueBusy, StorageFailure: what is remembered cannot be read.
        """
        key = folded(str(address))
        is_known = find_verification(reader, key, self._clock())
        if is_known is None:
            probe = self._under_way.get(key)
            if probe is None:
                probe = self._under_way[key] = gevent.spawn(self._asked, key, address, rule)
            with suppress(gevent.Timeout):
                is_known = probe.get(timeout=self._settings.deadline_s)
        return UNVERIFIED if is_known is None else None if is_known else UNKNOWN

    def _asked(self, key: str, address: Address, rule: RecipientRule) -> bool | None:
        """Whether the next host takes *address*; None if it does not say."""
        try:
            ends_at = time.monotonic() + self._settings.deadline_s
            answer = self._answer(address, rule, ends_at)
            if answer is None or answer.code // 100 == 4:
                return None
            is_known = answer.code // 100 == 2
            lifetime_s = self._settings.known_lifetime_s if is_known else self._settings.unknown_lifetime_s
            expires_at = self._clock() + lifetime_s
            keep = KeepVerification(key, is_known=is_known, reply=answer.escaped(), expires_at=expires_at)
            with suppress(EmpathError):  # it is asked again then
                self._writer.commit(keep)
            return is_known
        finally:
            del self._under_way[key]

    def _answer(self, address: Address, rule: RecipientRule, ends_at: float) -> Reply | None:
        route = self._rules.router.decide(str(address), address.domain, SentBy()).route
        if rule.lmtp is not None:
            destination = str(rule.lmtp)
        elif isinstance(route, HostRoute | ListRoute):
            destination = route.destination(str(address.domain))
        else:
            return Reply.of("250 2.1.5 Delivered by this host")
        slots = self._slots.setdefault(destination, _Slots(self._settings.probes))
        slots.users += 1
        is_ours = False
        try:
            is_ours = slots.acquire(timeout=max(0.0, ends_at - time.monotonic()))
            if not is_ours:
                return None
            if rule.lmtp is not None:
                hosts: tuple[Host, ...] | NoHost = (
                    Host(rule.lmtp.host, rule.lmtp.host, rule.lmtp.port, protocol=Protocol.LMTP),
                )
            else:
                assert isinstance(route, HostRoute | ListRoute)
                hosts = hosts_of(self._finder, route, destination)
            hosts = () if isinstance(hosts, NoHost) else hosts[:_MOST_HOSTS]
            for place, host in enumerate(hosts, start=1):
                now = time.monotonic()
                is_last = place == len(hosts)  # a silent one must not use up the time of the others
                until = ends_at if is_last else now + min((ends_at - now) / 2, self._most_wait_s)
                answer = self._answer_of(host, address, ends_at=until)
                if answer is not None and answer.code // 100 != 4:
                    return answer
            return None
        finally:
            if is_ours:
                slots.release()
            slots.users -= 1
            if not slots.users:
                del self._slots[destination]

    def _answer_of(self, host: Host, address: Address, *, ends_at: float) -> Reply | None:
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            return None
        probe = Probe(str(self._config.hostname), address, is_lmtp=host.protocol is Protocol.LMTP)
        try:
            stream = Stream.connect(host.address, host.port, deadlines=self._deadlines, timeout_s=left_s)
            try:
                stream.deadline_at = ends_at
                while probe.answer is None:
                    probe.receive(stream.receive())
                    if octets := probe.octets_to_send():
                        stream.send(octets)
            finally:
                stream.close()
        except (StreamClosed, StreamTimeout):
            return probe.answer
        return probe.answer
