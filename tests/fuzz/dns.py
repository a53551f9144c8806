"""
dns - answers of any name server, from the octets on the wire to the hosts that are tried

The first turn is the part of an answer behind the question. The others are the names and addresses of a zone, from
which the answers to all questions of a search are drawn.

Promises: any octets lead to an answer in words for people; a search ends, asks no question twice and a bounded number
of questions, and gives at most five hosts, none of which is refused or this host; and it takes little time.
"""

import re
import socket
import threading
import time
from collections.abc import Sequence
from ipaddress import ip_address
from random import Random

import dns.exception

from empath.mail.lookup import Absent, Addresses, Exchanger, Exchangers, Failed, Kind, LookupAnswer, Question
from empath.net.dns_cache import CachingResolver
from empath.net.dns_message import TooLarge, read_message
from empath.net.next_hop import NextHops
from empath.net.resolver import MAX_ADDRESSES, MAX_EXCHANGERS, DnsResolver
from empath.policy.hosts.findings import findings
from empath.policy.hosts.search import MAX_HOSTS, HostRules, NoHost
from empath.policy.routing import MxRoute
from tests.fuzz.case import Case

_RULES = HostRules(own_names=frozenset({"mx.us.test"}), own_addresses=frozenset({"8.8.4.4"}))
_WIRE_S = 0.02
_READING_S = 1.0  # many times the cost of the worst answer that is read
_MAX_QUESTIONS = 1 + 2 * (MAX_EXCHANGERS + 1)
_WORDS = re.compile(r"[ -~]+")
_OF_A_PROGRAM = re.compile(r"[a-z][A-Z]|Error|Exception|[<>{}()]")


class _Server:
    """Answers every question with the set octets, by a thread that lives as long as the process."""

    def __init__(self) -> None:
        self.octets = b""
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        host, port = self._socket.getsockname()
        self.resolver = DnsResolver((f"{host}:{port}",), timeout_s=_WIRE_S, try_timeout_s=_WIRE_S)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(4096)
            end = query.index(b"\0", 12) + 5  # end of the question
            head, rest = self.octets[:4].ljust(4, b"\0"), self.octets[4:1200]
            counts = b"\0\1" + b"".join(bytes((0, count)) for count in head[1:])
            self._socket.sendto(query[:2] + b"\x81" + head[:1] + counts + query[12:end] + rest, client)


_servers: list[_Server] = []


class _Zone:
    """Draws the answer to each question from the case, the same each time."""

    def __init__(self, case: Case) -> None:
        self._case = case
        words = [word.decode("latin-1").lower() for turn in case.turns[1:] for word in turn.split()] or ["a.test"]
        self._names = words
        self._addresses = [word for word in words if _is_address(word)] or ["8.8.8.8"]
        self.asked: list[Question] = []

    def ask(self, question: Question, within_s: float) -> LookupAnswer:
        self.asked.append(question)
        random = Random(f"{self._case.choices} {question}")
        ttl_s = random.choice([0.0, 60.0, 1e9])
        kind = random.random()
        if kind < 0.1:
            return Failed("SERVFAIL from 192.0.2.1")
        if kind < 0.2:
            return Absent(random.choice(["NXDOMAIN", "NODATA"]), ttl_s)
        if question.kind is Kind.MX:
            count = random.choice([1, 2, 10, MAX_EXCHANGERS])
            drawn = [(random.randint(0, 9), self._name(random)) for _ in range(count)]
            return Exchangers(tuple(sorted(Exchanger(*each) for each in drawn)), ttl_s)
        family = [address for address in self._addresses if (":" in address) == (question.kind is Kind.AAAA)]
        if not family:
            return Absent("NODATA", ttl_s)
        drawn_addresses = {random.choice(family) for _ in range(random.choice([1, 2, MAX_ADDRESSES]))}
        return Addresses(tuple(sorted(drawn_addresses)), ttl_s)

    def _name(self, random: Random) -> str:
        name = random.choice(self._names)
        return random.choice([name, f"h{random.randint(0, 99)}.{name}", f"h{random.randint(0, 99)}.test"])

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        return [self.ask(question, within_s) for question in questions]


def _is_address(word: str) -> bool:
    try:
        return str(ip_address(word)) == word
    except ValueError:
        return False


def check(case: Case) -> list[str]:
    """
    Judge one case; returns what it reached, for the driver to tell new from old.

    Raises:
        AssertionError: a promise is broken.
    """
    return [*_check_wire(case), *_check_cost(case), *_check_search(case)]


def _check_wire(case: Case) -> list[str]:
    if not _servers:
        _servers.append(_Server())
    [server] = _servers
    server.octets = case.turns[0]
    kind = [Kind.A, Kind.AAAA, Kind.MX][case.choices % 3]
    answer = server.resolver.ask(Question("example.test", kind), _WIRE_S)
    match answer:
        case Failed(why) | Absent(why):
            assert _WORDS.fullmatch(why), why
            assert not _OF_A_PROGRAM.search(why), why
            return [f"wire {why.partition(' from ')[0]}"]
        case Addresses(records):
            assert records == tuple(str(ip_address(record)) for record in records)
            assert len(records) <= MAX_ADDRESSES
        case Exchangers(exchangers):
            assert list(exchangers) == sorted(exchangers)
            assert len(exchangers) <= MAX_EXCHANGERS
    return [f"wire {type(answer).__name__}"]


def _check_cost(case: Case) -> list[str]:
    """Read the first turn as an answer over TCP, of which datagrams hold a small part."""
    counts = b"\0\1" + (case.choices % 65_536).to_bytes(2, "big") + bytes(4)
    octets = b"\0\1\x81\x80" + counts + b"\7example\4test\0\0\x0f\0\1" + case.turns[0][4:]
    began_s = time.process_time()
    try:
        read_message(octets, lambda work, *arguments: work(*arguments))
        reached = "read"
    except TooLarge:
        reached = "too large"
    except dns.exception.DNSException:
        reached = "unreadable"
    assert time.process_time() - began_s < _READING_S
    return [reached]


def _check_search(case: Case) -> list[str]:
    zone = _Zone(case)
    hops = NextHops(zone, lambda: _RULES, timeout_s=5.0, clock=lambda: 0.0, random=Random(case.choices).random)
    search = hops.search(MxRoute(), "x.test")
    assert len(zone.asked) == len(set(zone.asked)) <= _MAX_QUESTIONS, "asked too often"
    hosts = search.hosts(Random(case.choices).random)
    told = findings(search, () if isinstance(hosts, NoHost) else hosts)
    reached = [f"{finding.fate}" for finding in told]
    cached = CachingResolver(zone, question_s=5.0, clock=lambda: 0.0, max_octets=50_000)
    cached.look_up(zone.asked[:20], 5.0)
    assert cached.octets <= 50_000
    if isinstance(hosts, NoHost):
        assert hosts.reply.escaped().isprintable(), hosts.reply
        return [*reached, f"no host {hosts.reply.escaped()[:9]}"]
    assert 1 <= len(hosts) == len({host.address for host in hosts}) <= MAX_HOSTS
    assert {"usable"} == {search.judge(host.address)[0] for host in hosts}
    preferences = {name: preference for preference, name in search.exchangers}
    tried = [preferences[host.name] for host in hosts]
    assert tried == sorted(tried)
    assert search.loop_at is None or tried[-1] < search.loop_at
    return [*reached, f"{len(hosts)} hosts"]
