"""
attempt - which host is asked next, and what the replies of several hosts mean together

THEORY
    An attempt asks the hosts of a destination in order.  After each host, the recipients that it neither accepted nor
    refused go on to the next one, until no recipient, no host or no session is left.

RULES
    A host that gave no session is not asked again in the lease while another is left: each message would wait for the
    same silence, and leave the same row.  Once no host gave a session, the lease's other messages get that answer too.
    A soft error outweighs a hard one: a recipient does not bounce because one host lacks an extension, while another
    host, which was silent or said 4yz, may still accept it.
    A host that greets by the name of this host is this host.  Neither it nor any host of the same or a worse preference
    is asked again; the mail bounces only if no better host is left to try later.
    Backups of a list of next hops are asked only while no other host gave a session: then the recipients go on to them,
    and so do the lease's other messages. A domain that says itself that it takes no mail has no use for a backup.
    A host that accepts some recipients and refuses the rest as too many is asked again about the rest at once, in a
    further transaction, as long as each one delivers.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from empath.mail.fate import Said
from empath.mail.lookup import Security
from empath.mail.outcome import Outcome, Stage
from empath.mail.reply import EnhancedStatus, Reply
from empath.policy.classify import LOOP, Meaning, classify, is_lack, is_too_many
from empath.policy.hosts.search import Host, NoHost

MAX_ROUNDS: Final = 100  # transactions of one message with one host
MAX_SESSIONS: Final = 2  # sessions of one attempt in which a host was asked about the mail

_IS_DELIVERED: Final = Meaning.DELIVERED
_DELIVERED: Final = Outcome.DELIVERED
_NO_PRIMARY: Final = EnhancedStatus(4, 4, 4)
_OUR_MISTAKE: Final = EnhancedStatus(4, 3, 5)


def loop_found(host: Host, name: str) -> Reply:
    """What follows for the mail from a host that turned out to be this one: it greets by *name*, which is ours."""
    where = f"{host.name}[{host.address}]:{host.port} greets as {name}"
    if host.preference is None:
        return Reply(451, _OUR_MISTAKE, f"next hop loops back to myself: {where}")
    if host.is_best:
        return Reply(550, LOOP, f"mail loops back to myself: {where}")
    return Reply(451, _NO_PRIMARY, f"unable to find primary relay: {where}")


def outcome_of(said: Said, *, is_last_host: bool = True, is_put_off: bool = False, is_ours: bool = False) -> Outcome:
    """
    The outcome of a reply. *is_put_off*: another host of this attempt may accept the mail later; *is_ours*: a route
    names the host.
    """
    match classify(said, is_ours=is_ours):
        case Meaning.DELIVERED:
            return Outcome.DELIVERED
        case Meaning.NEVER:
            return Outcome.BOUNCED
        case Meaning.OTHER_HOST | Meaning.ONLY_OTHER_HOST if not is_last_host:
            return Outcome.NEXT_HOST
        case Meaning.ONLY_OTHER_HOST if not is_put_off:
            return Outcome.BOUNCED
        case _:
            return Outcome.DEFERRED


def _is_loop(said: Said) -> bool:
    """Whether no host that is not preferred to this one may be asked."""
    reply = said.reply
    return said.stage is Stage.EHLO and not reply.is_from_host and reply.enhanced in (LOOP, _NO_PRIMARY)


class DestinationHosts:
    """
    The hosts of a destination, and the findings of one lease about them.

    `silence` is the answer for every further message once no host is left, or none gave a session. `is_failing` says
    that the last message reached no host. `security` is that of the look-ups that found no host. `silent` has what
    hosts said that gave no session, by address and port.
    `needs_backup` asks for a call of `turn_to_backup` before a further host is asked.
    """

    def __init__(
        self,
        found: tuple[Host, ...] | NoHost,
        *,
        has_backup: bool = False,
        others: Iterable["DestinationHosts"] = (),
    ) -> None:
        """
        *others* are the findings about messages of the lease that need another session: what they say of hosts counts,
        unless it is about TLS.
        """
        self.has_backup = has_backup
        self.is_backup = False  # `hosts` are the backups
        self.needs_backup = has_backup and isinstance(found, NoHost) and found.reply.klass == 4
        self.silent: dict[tuple[str, int], Said] = {}
        self.silence: Said | None = None
        self._take(found)
        for other in others:
            self.silent |= {at: said for at, said in other.silent.items() if said.stage is not Stage.TLS}
        if not self.silent:
            return
        known = [self.silent.get((host.address, host.port)) for host in self.hosts]
        if known and None not in known:
            self.silence = known[-1]
            self.needs_backup = has_backup
            self.is_failing = True

    def turn_to_backup(self, found: tuple[Host, ...] | NoHost) -> None:
        """Ask the backups, *found* now, in place of the hosts that gave no session."""
        self.has_backup = self.needs_backup = False
        self.is_backup = True
        self._take(found)

    @property
    def is_any_soft(self) -> bool:
        """Whether a silent host may take the mail later."""
        return any(classify(said) is not Meaning.ONLY_OTHER_HOST for said in self.silent.values())

    def softened(self, last: Said) -> Said:
        """The answer for further messages after *last*: mail does not bounce while a silent host may take it later."""
        if classify(last) is not Meaning.ONLY_OTHER_HOST:
            return last
        soft = (said for said in self.silent.values() if classify(said) is Meaning.OTHER_HOST)
        return next(soft, last)

    def _take(self, found: tuple[Host, ...] | NoHost) -> None:
        hosts = () if isinstance(found, NoHost) else found
        if self.silent:
            hosts = tuple(host for host in hosts if (host.address, host.port) not in self.silent)
        self.hosts = hosts
        self.security = found.security if isinstance(found, NoHost) else Security.UNCHECKED
        if isinstance(found, NoHost):
            self.silence = Said(Stage.DNS, found.reply)
        elif self.hosts:
            self.silence = None
        self.is_failing = self.silence is not None


class MessageAttempt:
    """
    One message on its way from host to host.

    `host` is the one to ask now about `recipient_ids`; None when every recipient has its outcome.
    """

    def __init__(self, hosts: DestinationHosts, recipient_ids: Iterable[int]) -> None:
        self._hosts = hosts
        left = hosts.hosts
        if hosts.silent:
            left = tuple(host for host in left if (host.address, host.port) not in hosts.silent)
        self._left = deque(left)
        self.recipient_ids = list(recipient_ids)
        # Recipients that a host may yet take, though not now; a silent host was not asked.
        is_put_off = hosts.is_backup or (len(left) < len(hosts.hosts) and hosts.is_any_soft)
        self._put_off = set(self.recipient_ids) if is_put_off else set()
        self._sessions = 0
        self._rounds = 1  # with `host`
        self._passed_on: list[int] = []  # recipients for the next host, from the rounds with this one
        self._is_any_reached = False
        self.host = self._left.popleft() if self._left else None

    def record(self, said: Mapping[int, Said], *, is_reached: bool) -> dict[int, Outcome]:
        """
        Take the replies of `host` for each recipient, and return the outcomes. *is_reached*: the host gave a session.

        A recipient without an outcome needs a further transaction with the same host.
        """
        hosts, host = self._hosts, self.host
        assert host is not None
        meanings = [*map(classify, said.values())]
        if is_reached and not self._passed_on and meanings.count(_IS_DELIVERED) == len(meanings):  # nearly always
            hosts.is_failing = False
            self.recipient_ids, self.host = [], None
            return dict.fromkeys(said, _DELIVERED)
        if is_reached:
            self._is_any_reached = True
            # A session with a host that lacks what every recipient needs ends before MAIL, and costs next to nothing.
            self._sessions += self._rounds == 1 and not all(map(is_lack, said.values()))
        else:
            first = next(iter(said.values()))
            hosts.silent[host.address, host.port] = first
            if _is_loop(first):
                self._left.clear()
                hosts.hosts = hosts.hosts[: hosts.hosts.index(host)]
        is_last = not self._left or self._sessions == MAX_SESSIONS
        hosts.is_failing = not self._is_any_reached
        if is_last and hosts.is_failing:
            hosts.silence = hosts.softened(next(iter(said.values())))
            hosts.needs_backup = hosts.has_backup and classify(hosts.silence) is Meaning.OTHER_HOST
            is_last = not hosts.needs_backup
        is_ours = host.preference is None
        outcomes = {
            number: outcome_of(one, is_last_host=is_last, is_put_off=number in self._put_off, is_ours=is_ours)
            for number, one in said.items()
        }
        delivered = meanings.count(_IS_DELIVERED)
        # A host that delivered nothing is not asked again about those that were too many.
        is_round_left = 0 < delivered < len(outcomes) and self._rounds < MAX_ROUNDS
        rest = [number for number, one in said.items() if is_too_many(one)] if is_round_left else []
        for number in rest:
            del outcomes[number]
        passed_on = [number for number, outcome in outcomes.items() if outcome is Outcome.NEXT_HOST]
        self._put_off.update(n for n in passed_on if classify(said[n]) is not Meaning.ONLY_OTHER_HOST)
        self._passed_on += passed_on
        if rest:
            self._rounds += 1
            self.recipient_ids = rest
            return outcomes
        self._rounds = 1
        self.recipient_ids, self._passed_on = self._passed_on, []
        self.host = self._left.popleft() if self.recipient_ids and self._left else None
        return outcomes

    def go_on(self) -> None:
        """Ask the backups about the recipients that no host has decided about."""
        self._left = deque(self._hosts.hosts)
        self.host = self._left.popleft() if self._left else None
