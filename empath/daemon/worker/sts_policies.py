"""
sts_policies - MTA-STS policies for the destinations whose setting `tls` asks for them

THEORY
    A policy is a row, shared by all workers and kept over restarts.  A worker looks at the row of a domain at most once
    a second, so a row that an operator deletes is forgotten at once.  Only the first mail to a domain waits for its
    policy, and not for long; afterwards the record is looked up and the file is read in the background, while the
    policy of before holds.  One look for a domain serves all mail that waits for it.

    A bounded number of files is read at once.  Where that is reached, a file that has been read for some seconds gives
    its place to one that waits: else a few servers that send an octet a second would keep all policies from being read.

    The address of the server with the file must be public, as that of an exchanger: a domain must not make this host
    talk to its own network.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import gevent
from gevent.lock import BoundedSemaphore

from empath.errors import EmpathError, SyntaxViolation
from empath.mail.lookup import Absent, Addresses, Kind, LookupAnswer, Question, Texts
from empath.net.http_client import HttpAnswer, HttpEndpoint, HttpFailed, HttpRequest
from empath.policy.access import Network
from empath.policy.hosts.addresses import is_within, known
from empath.policy.hosts.search import Host
from empath.policy.sts import (
    MOST_OCTETS,
    RETRY_S,
    KeptPolicy,
    Step,
    StsPolicy,
    next_step,
    policy_url,
    read_record,
    record_name,
)
from empath.policy.tls_demand import NO_STS, StsFinding, StsMode
from empath.policy.tls_results import TlsResult, fetch_result
from empath.storage.engine import Reader
from empath.storage.queue.sts_policies import KeepPolicy, NoteCheck, find_policy
from empath.storage.queue.tls_counts import CountPolicyFailure
from empath.storage.write import Write
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.worker import StsHostUnlisted, StsPolicyFailed, StsPolicyRead

_LOOK_S: Final = 1.0  # for which what a row said counts
_FIRST_WAIT_S: Final = 10.0  # of the first mail to a domain
_FETCH_S: Final = 60.0  # RFC 8461 §3.3
_LOOKUP_S: Final = 20.0
_GRACE_S: Final = 5.0  # after which a wait ends that no deadline of the socket ended
_AT_ONCE: Final = 20  # files read at the same time
_SLOW_S: Final = 5.0  # for which a file keeps its place though others wait
_MOST_KNOWN: Final = 10_000  # domains
_MOST_TOLD: Final = 1_000
_AGENT: Final = (("User-Agent", "empath"),)


class Lookup(Protocol):
    """What is asked of the resolver."""

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        """See net.resolver.Resolver."""


class StsPolicies:
    """The policies of one worker."""

    def __init__(
        self,
        reader: Reader,
        commit: Callable[[Write], object],
        resolver: Lookup,
        emit: Callable[[Occurrence], None],
        *,
        allowed: Sequence[Network] = (),
        clock: Callable[[], float] = time.time,
        port: int = 443,
        ca_file: Path | None = None,
        at_once: int = _AT_ONCE,
        slow_s: float = _SLOW_S,
        is_reported: bool = False,
    ) -> None:
        """
        *commit* makes a write durable. *allowed* are networks that may be asked though they are not public.
        *is_reported* has files that cannot be read counted, for reports about TLS.
        """
        self._reader = reader
        self._commit_write = commit
        self._resolver = resolver
        self._emit = emit
        self._allowed = tuple(allowed)
        self._clock = clock
        self._port = port
        self._ca_file = ca_file
        self._known: dict[str, tuple[float, KeptPolicy | None]] = {}  # until when, and what
        self.under_way: dict[str, gevent.Greenlet[..., KeptPolicy | None]] = {}
        self._places = BoundedSemaphore(at_once)
        self._slow_s = slow_s
        self._is_reported = is_reported
        self._reading: dict[gevent.Greenlet[..., HttpAnswer | EmpathError], float] = {}  # since when, oldest first
        self._told: dict[tuple[str, str, str], None] = {}

    def finding(self, domain: str, host: Host) -> StsFinding:
        """What the policy of *domain* says of *host*. A host that a policy in test does not list is logged."""
        kept = self.find(domain)
        if kept is None:
            return NO_STS
        found = kept.finding(host.name)
        if found.mode is StsMode.TESTING and not found.is_listed:
            self._tell(kept, host)
        return found

    def find(self, domain: str) -> KeptPolicy | None:
        """The policy of *domain* that holds now; None if it has none, or if it cannot be read."""
        if not domain or domain.startswith("["):
            return None
        now = self._clock()
        until, kept = self._known.get(domain, (0.0, None))
        if now < until <= now + RETRY_S:
            return kept if kept is None or kept.is_in_force(now) else None
        try:
            kept = find_policy(self._reader, domain)
        except EmpathError:  # the queue is busy: what was known a second ago is no worse
            return kept if kept is not None and kept.is_in_force(now) else None
        if kept is not None and not kept.is_in_force(now):
            rest_s = RETRY_S - (now - kept.fetched_at)
            if 0 < rest_s <= RETRY_S:  # it was over soon: mail does not wait for the next one again and again
                self._keep(domain, None, rest_s)
                return None
            kept = None
        if kept is not None:
            self._keep(domain, kept, _LOOK_S)
            if kept.needs_check(now):
                self.look(domain, kept)
            return kept
        with suppress(gevent.Timeout):
            return self.look(domain, None).get(timeout=_FIRST_WAIT_S)
        return None

    def look(self, domain: str, kept: KeptPolicy | None) -> "gevent.Greenlet[..., KeptPolicy | None]":
        """A look at the record and the file, in the background."""
        looking = self.under_way.get(domain)
        if looking is None:
            looking = self.under_way[domain] = gevent.spawn(self._looked, domain, kept)
        return looking

    def _looked(self, domain: str, kept: KeptPolicy | None) -> KeptPolicy | None:
        try:
            return self._renewed(domain, kept)
        finally:
            del self.under_way[domain]

    def _renewed(self, domain: str, kept: KeptPolicy | None) -> KeptPolicy | None:
        [answer] = self._resolver.look_up([Question(record_name(domain), Kind.TXT)], _LOOKUP_S)
        texts = answer.records if isinstance(answer, Texts) else () if isinstance(answer, Absent) else None
        failure = ""
        match next_step(kept, texts, self._clock()):
            case Step.FETCH:
                try:
                    return self._fetched(domain, read_record(texts or ()) or "")
                except (HttpFailed, SyntaxViolation) as exc:
                    failure = str(exc)
                    self._count(domain, fetch_result(failure, is_syntax=isinstance(exc, SyntaxViolation)))
                    self._emit(StsPolicyFailed(domain=domain, error=failure, is_kept=kept is not None))
                except EmpathError as exc:  # the queue, or the limits of this process
                    failure = str(exc)
            case Step.KEEP if texts is None or read_record(texts) is None:
                failure = "the TXT record is gone" if texts is not None else f"the TXT record is not known: {answer}"
            case Step.KEEP | Step.NOTHING:
                pass
        if kept is None:
            self._keep(domain, None, RETRY_S)
            return None
        self._commit(NoteCheck(domain, self._clock(), failure))
        return kept

    def _count(self, domain: str, failed: TlsResult) -> None:
        if self._is_reported:
            self._commit(CountPolicyFailure(domain, failed, self._clock()))

    def _fetched(self, domain: str, policy_id: str) -> KeptPolicy:
        parts = urlsplit(policy_url(domain))._replace(netloc=f"mta-sts.{domain}:{self._port}")
        endpoint = HttpEndpoint(parts, ca_file=self._ca_file, addresses_of=self._addresses_of)
        answer = self._read(endpoint)
        if answer.status != 200:  # RFC 8461 §3.3: redirections are not followed
            raise HttpFailed(f"{policy_url(domain)}: HTTP status {answer.status}")
        if answer.fields.get("content-type", "").partition(";")[0].strip().lower() != "text/plain":
            raise HttpFailed(f"{policy_url(domain)}: it is not text/plain")
        policy = StsPolicy.parse(answer.body)
        now = self._clock()
        kept = KeptPolicy(domain, policy_id, policy, now, now + policy.max_age_s, now)
        self._commit(KeepPolicy(kept))
        self._keep(domain, kept, _LOOK_S)
        self._emit(StsPolicyRead(domain=domain, policy=policy_id, mode=str(policy.mode), max_age_s=policy.max_age_s))
        return kept

    def _read(self, endpoint: HttpEndpoint) -> HttpAnswer:
        while not self._places.acquire(timeout=self._next_slow_s()):
            if self._end_slow():
                self._places.acquire()  # that of the slow one, or another: no further one need end
                break
        reading = gevent.spawn(_answer_of, endpoint)
        self._reading[reading] = time.monotonic()
        try:
            answer = reading.get()
        finally:
            self._reading.pop(reading, None)
            self._places.release()
        if isinstance(answer, EmpathError):
            raise answer
        return answer

    def _next_slow_s(self) -> float:
        """Until the file that has been read for the longest time is slow."""
        since = next(iter(self._reading.values()), None)
        return self._slow_s if since is None else max(0.0, since + self._slow_s - time.monotonic())

    def _end_slow(self) -> bool:
        """Let the slowest file give its place to another, if it is slow; whether it is."""
        is_slow = bool(self._reading) and self._next_slow_s() == 0.0
        if is_slow:
            slowest = next(iter(self._reading))
            del self._reading[slowest]
            slowest.kill(HttpFailed("too slow, and other policies wait"), block=False)
        return is_slow

    def _addresses_of(self, name: str) -> list[str]:
        answers = self._resolver.look_up([Question(name, Kind.A), Question(name, Kind.AAAA)], _LOOKUP_S)
        found = [address for each in answers if isinstance(each, Addresses) for address in each.records]
        usable = [address for address in found if not known(address).flaw or is_within(address, self._allowed)]
        if not usable:
            why = "it has no public address" if found else f"its address is not known: {answers[0]}"
            raise HttpFailed(f"{name}: {why}", has_connected=False)
        return usable

    def _commit(self, write: Write) -> None:
        try:
            self._commit_write(write)
        except EmpathError:  # the policy holds in this worker, and is written at the next look; a count is lost
            pass

    def _keep(self, domain: str, kept: KeptPolicy | None, for_s: float) -> None:
        self._known.pop(domain, None)
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[domain] = (self._clock() + for_s, kept)

    def _tell(self, kept: KeptPolicy, host: Host) -> None:
        """Log a host that the policy does not list, once for each policy."""
        key = (kept.domain, kept.policy_id, host.name)
        if key in self._told:
            return
        if len(self._told) >= _MOST_TOLD:
            del self._told[next(iter(self._told))]
        self._told[key] = None
        self._emit(StsHostUnlisted(domain=kept.domain, policy=kept.policy_id, host=host.name))


def _answer_of(endpoint: HttpEndpoint) -> HttpAnswer | EmpathError:
    """Body of a greenlet, which prints what it raises."""
    try:
        with gevent.Timeout(_FETCH_S + _GRACE_S, HttpFailed("timed out")):
            return endpoint.ask(HttpRequest("GET", _AGENT), timeout_s=_FETCH_S, most_octets=MOST_OCTETS)
    except EmpathError as exc:
        return exc
