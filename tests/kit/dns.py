"""
dns - a scripted name server over UDP and TCP on the loopback interface

The script sets its answers, name by name; any other name does not exist.

    with ScriptedDns().mx("example.org", (10, "a.test")).a("a.test", "127.0.0.1") as dns:
        ... resolve through dns.address ...

With `secure` names it is a validating resolver, as far as its answers show it.

It takes a free port unless it is given one.

A name with records of one kind has none of another (NODATA). `asked` are the questions so far, `by_tcp` those over TCP.
An answer that does not fit into a datagram is truncated there and whole over TCP, as of any server.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

# Addresses of the examples in this suite, which no host of the Internet has (RFC 5737, RFC 3849).
DOCUMENTATION = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
_TTL_S = 60
_MAX_CHAIN = 20  # links of aliases that one answer holds
_CLASSIC_OCTETS = 512  # size of a datagram for a client that announces none
_Reply = Callable[[bytes], None]


class ScriptedDns:
    """A name server with scripted answers. Build it, then use it as a context manager."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.asked: list[tuple[str, str]] = []
        self.by_tcp: list[tuple[str, str]] = []
        self._records: dict[str, dict[str, list[str]]] = {}
        self._bare: set[str] = set()
        self._ttls: dict[str, int] = {}
        self._codes: dict[tuple[str, str], dns.rcode.Rcode] = {}
        self._silent: set[tuple[str, str]] = set()
        self._held: set[tuple[str, str]] = set()
        self._waiting: list[tuple[dns.message.Message, _Reply, int]] = []
        self._lame: set[str] = set()
        self._astray: set[str] = set()
        self._garbled: set[tuple[str, str]] = set()
        self._truncated: set[str] = set()
        self._cut: set[str] = set()
        self._octets: dict[str, tuple[int, bytes, bytes]] = {}
        self._is_signed: dict[str, bool] = {}
        self._bogus: set[tuple[str, str]] = set()
        self.asked_flags: dict[tuple[str, str], tuple[bool, bool]] = {}  # bits AD and DO of the last question
        self._edns_code: dns.rcode.Rcode | None = None
        self._negative_ttl_s: int | None = None
        self._host, self._port = host, port
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._lock = threading.Lock()
        self._is_over = False
        self._datagrams = socket.socket(self._family, socket.SOCK_DGRAM)
        self._listener = socket.socket(self._family, socket.SOCK_STREAM)
        self._threads = [
            threading.Thread(target=body, daemon=True) for body in (self._serve_datagrams, self._serve_streams)
        ]

    # --- the script

    def mx(self, name: str, *records: tuple[int, str]) -> Self:
        """Give MX records, each a preference and the name of a host; `(0, ".")` alone is the null MX of RFC 7505."""
        texts = [f"{preference} {host.removesuffix('.')}." for preference, host in records]
        self._add(name, "MX", texts)
        return self

    def a(self, name: str, *addresses: str) -> Self:
        """Give IPv4 addresses; without any, the name exists and has no address."""
        self._add(name, "A", list(addresses))
        return self

    def aaaa(self, name: str, *addresses: str) -> Self:
        """Give IPv6 addresses."""
        self._add(name, "AAAA", list(addresses))
        return self

    def ptr(self, address: str, *names: str) -> Self:
        """Give names to an address."""
        self._add(ipaddress.ip_address(address).reverse_pointer, "PTR", [f"{name}." for name in names])
        return self

    def txt(self, name: str, *texts: str) -> Self:
        """Give TXT records, each of one string, or of several where it is long."""
        pieces = [[text[at : at + 255] for at in range(0, max(1, len(text)), 255)] for text in texts]
        self._add(name, "TXT", [" ".join(f'"{piece}"' for piece in each) for each in pieces])
        return self

    def long_txt(self, name: str, text: str) -> Self:
        """Give a TXT record of as many strings as *text* needs."""
        self._add(name, "TXT", [" ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))])
        return self

    def cname(self, name: str, target: str) -> Self:
        """
        Give an alias: every question for *name* is answered for *target*, with the CNAMEs before it; loops are kept.
        """
        self._add(name, "CNAME", [f"{target}."])
        return self

    def bare_cname(self, name: str, target: str) -> Self:
        """An alias that is answered alone, as by a server that does not follow it."""
        self._bare.add(name)
        return self.cname(name, target)

    def tlsa(self, name: str, *records: str) -> Self:
        """Give TLSA records, such as "3 1 1 00ff…"."""
        self._add(name, "TLSA", list(records))
        return self

    def secure(self, *names: str) -> Self:
        """
        Sign these zones: answers about names in them, also negative ones, have the bit AD where the client asks by AD
        or DO. An alias into a zone that is not signed makes an answer without AD.
        """
        self._is_signed.update(dict.fromkeys(names, True))
        return self

    def insecure(self, *names: str) -> Self:
        """Zones within signed ones that are not signed."""
        self._is_signed.update(dict.fromkeys(names, False))
        return self

    def bogus(self, name: str, kind: str) -> Self:
        """Fail this question because of a signature, and say so (RFC 8914)."""
        self._bogus.add((name, kind))
        return self.fail(name, kind)

    def ttl(self, name: str, seconds: int) -> Self:
        """Set how long records of this name may be kept; 60 seconds by default."""
        self._ttls[name] = seconds
        return self

    def negative_ttl(self, seconds: int) -> Self:
        """Set by an SOA record how long a negative answer may be kept."""
        self._negative_ttl_s = seconds
        return self

    def fail(self, name: str, kind: str, code: dns.rcode.Rcode = dns.rcode.SERVFAIL) -> Self:
        """Answer this question with an error."""
        self._codes[name, kind] = code
        return self

    def recover(self, name: str, kind: str) -> Self:
        """Undo `fail` and `ignore` for this question."""
        self._codes.pop((name, kind), None)
        self._bogus.discard((name, kind))
        self._silent.discard((name, kind))
        return self

    def ignore(self, name: str, kind: str) -> Self:
        """Never answer this question."""
        self._silent.add((name, kind))
        return self

    def hold(self, name: str, kind: str) -> Self:
        """Hold the answer to this question until `release`."""
        self._held.add((name, kind))
        return self

    def release(self) -> None:
        """Send the answers that were held, and hold no further one."""
        with self._lock:
            self._held.clear()
            waiting, self._waiting = self._waiting, []
        for query, reply, limit in waiting:
            reply(self._answer(query).to_wire(max_size=limit))

    def lame(self, name: str) -> Self:
        """Answer questions for this name with a referral to other servers, as a server that does not know the zone."""
        self._lame.add(name)
        return self

    def go_astray(self, name: str) -> Self:
        """Answer questions for this name with records of another."""
        self._astray.add(name)
        return self

    def garble(self, name: str, kind: str) -> Self:
        """Answer this question with octets that are not a message."""
        self._garbled.add((name, kind))
        return self

    def truncate(self, name: str) -> Self:
        """Answer questions for this name over TCP only."""
        self._truncated.add(name)
        return self

    def cut(self, name: str) -> Self:
        """Like `truncate`, with the records of the answer up to the middle of the last."""
        self._cut.add(name)
        return self.truncate(name)

    def octets(self, name: str, count: int, records: bytes, flags: int = 0x8180) -> Self:
        """Answer questions for this name with the question and then *records* as they are."""
        self._octets[name] = count, flags.to_bytes(2, "big"), records
        return self

    def without_edns(self, code: dns.rcode.Rcode = dns.rcode.FORMERR) -> Self:
        """Answer every question that has an OPT record with an error, as old servers do."""
        self._edns_code = code
        return self

    # --- running

    def __enter__(self) -> Self:
        if self._port:  # one that was used a moment ago
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self._host, self._port))
        self._datagrams.bind(self._listener.getsockname())
        self._listener.listen()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A datagram ends the thread, because closing a socket wakes no thread that waits on it.
        self._is_over = True
        with socket.socket(self._family, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._datagrams.getsockname())
        socket.create_connection(self._listener.getsockname()[:2]).close()
        for thread in self._threads:
            thread.join()
        self._datagrams.close()
        self._listener.close()

    @property
    def address(self) -> str:
        """`address:port` as `[dns] nameservers` has it."""
        host, port, *_ = self._datagrams.getsockname()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def count(self, name: str, kind: str) -> int:
        """The number of times that this was asked."""
        return self.asked.count((name, kind))

    def _add(self, name: str, kind: str, texts: list[str]) -> None:
        self._records.setdefault(name, {})[kind] = texts

    def _serve_datagrams(self) -> None:
        while True:
            octets, client = self._datagrams.recvfrom(4096)
            if self._is_over:
                return
            query = dns.message.from_wire(octets)
            limit = max(query.payload, _CLASSIC_OCTETS)
            self._respond(query, self._reply_to(client), limit)

    def _reply_to(self, client: Any) -> _Reply:
        def reply(answer: bytes) -> None:
            self._datagrams.sendto(answer, client)

        return reply

    def _serve_streams(self) -> None:
        while True:
            stream, _ = self._listener.accept()
            if self._is_over:
                stream.close()
                return
            threading.Thread(target=self._serve_stream, args=(stream,), daemon=True).start()

    def _serve_stream(self, stream: socket.socket) -> None:
        def reply(answer: bytes) -> None:
            stream.sendall(len(answer).to_bytes(2, "big") + answer)

        with stream, stream.makefile("rb") as reader:
            try:
                while head := reader.read(2):
                    query = dns.message.from_wire(reader.read(int.from_bytes(head, "big")))
                    self.by_tcp.append(_key(query))
                    self._respond(query, reply, 65535)
            except OSError:
                pass  # the client is gone

    def _respond(self, query: dns.message.Message, reply: _Reply, limit: int) -> None:
        key = _key(query)
        self.asked.append(key)
        self.asked_flags[key] = bool(query.flags & dns.flags.AD), bool(query.ednsflags & dns.flags.DO)
        with self._lock:
            if key in self._held:
                self._waiting.append((query, reply, limit))
                return
        if key in self._silent:
            return
        if key in self._garbled:
            reply(query.id.to_bytes(2, "big") + b"\x81\x80" + b"\xff" * 20)
            return
        if key[0] in self._octets:
            count, flags, records = self._octets[key[0]]
            query.use_edns(False)
            plain = query.to_wire()
            octets = plain[:2] + flags + b"\0\1" + count.to_bytes(2, "big") + plain[8:] + records
            reply(octets if len(octets) <= limit else plain[:2] + b"\x83\x80" + plain[4:])
            return
        answer = self._answer(query)
        is_datagram = limit < 65535
        if is_datagram and key[0] in self._truncated:
            if key[0] in self._cut:
                answer.flags |= dns.flags.TC
                answer.use_edns(False)
                reply(answer.to_wire()[:-8])
                return
            answer.answer.clear()
            answer.flags |= dns.flags.TC
        try:
            reply(answer.to_wire(max_size=limit))
        except dns.exception.TooBig:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            reply(answer.to_wire(max_size=limit))

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        name, kind = _key(query)
        answer = dns.message.make_response(query, recursion_available=name not in self._lame)
        if self._edns_code is not None and query.edns >= 0:
            answer.use_edns(False)
            answer.set_rcode(self._edns_code)
            return answer
        if (name, kind) in self._codes:
            answer.set_rcode(self._codes[name, kind])
            if (name, kind) in self._bogus and query.edns >= 0:
                answer.use_edns(0, 0, 1232, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS)])
            return answer
        if name in self._lame:
            answer.authority.append(dns.rrset.from_text("test.", _TTL_S, "IN", "NS", "elsewhere.test."))
            return answer
        if name in self._astray:
            answer.answer.append(dns.rrset.from_text("another.test.", _TTL_S, "IN", "A", "192.0.2.99"))
            answer.set_rcode(dns.rcode.NOERROR if name in self._records else dns.rcode.NXDOMAIN)
            return answer
        wants_ad = bool(query.flags & dns.flags.AD or query.ednsflags & dns.flags.DO)
        answer.flags |= dns.flags.AD if wants_ad else 0
        for _ in range(_MAX_CHAIN):
            if not self._is_secure(name):
                answer.flags &= ~dns.flags.AD
            if kind == "CNAME":
                break
            alias = self._records.get(name, {}).get("CNAME")
            if alias is None:
                break
            answer.answer.append(dns.rrset.from_text(f"{name}.", self._ttl(name), "IN", "CNAME", *alias))
            if name in self._bare:
                return answer
            name = alias[0].removesuffix(".")
        if name not in self._records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts := self._records[name].get(kind):
            # One by one, because dnspython shuffles a set.
            answer.answer += [dns.rrset.from_text(f"{name}.", self._ttl(name), "IN", kind, text) for text in texts]
            return answer
        if self._negative_ttl_s is not None:
            soa = f"ns.test. admin.test. 1 3600 600 86400 {self._negative_ttl_s}"
            answer.authority.append(dns.rrset.from_text(".", 86400, "IN", "SOA", soa))
        return answer

    def _is_secure(self, name: str) -> bool:
        """Whether the closest zone that the script names is signed."""
        while name:
            if name in self._is_signed:
                return self._is_signed[name]
            name = name.partition(".")[2]
        return False

    def _ttl(self, name: str) -> int:
        return self._ttls.get(name, _TTL_S)


def _key(query: dns.message.Message) -> tuple[str, str]:
    question = query.question[0]
    return question.name.to_text(omit_final_dot=True).lower(), question.rdtype.name
