"""
dns - a scripted name server over UDP on the loopback interface

What it says is told before, name by name; a name of which nothing was said does not exist.

    with ScriptedDns().mx("example.org", (10, "a.test")).a("a.test", "127.0.0.1") as dns:
        ... resolve through dns.address ...

A name with records of one kind has none of another (NODATA). `asked` are the questions so far.
"""

import socket
import threading
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

_TTL_S = 60


class ScriptedDns:
    """A name server whose every answer is said beforehand. Build, then use as a context manager."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._records: dict[str, dict[str, list[str]]] = {}
        self._codes: dict[tuple[str, str], dns.rcode.Rcode] = {}
        self._silent: set[tuple[str, str]] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    # --- the script

    def mx(self, name: str, *records: tuple[int, str]) -> Self:
        """MX records, each a preference and the name of a host; `(0, ".")` alone is the null MX of RFC 7505."""
        texts = [f"{preference} {host.removesuffix('.')}." for preference, host in records]
        self._add(name, "MX", texts)
        return self

    def a(self, name: str, *addresses: str) -> Self:
        """IPv4 addresses; none at all make a name that is there and has no address."""
        self._add(name, "A", list(addresses))
        return self

    def aaaa(self, name: str, *addresses: str) -> Self:
        """IPv6 addresses."""
        self._add(name, "AAAA", list(addresses))
        return self

    def cname(self, name: str, target: str) -> Self:
        """An alias: every question for *name* is answered for *target*, with the CNAME before it."""
        self._add(name, "CNAME", [f"{target}."])
        return self

    def fail(self, name: str, kind: str, code: dns.rcode.Rcode = dns.rcode.SERVFAIL) -> Self:
        """Answer this question with an error."""
        self._codes[name, kind] = code
        return self

    def ignore(self, name: str, kind: str) -> Self:
        """Never answer this question."""
        self._silent.add((name, kind))
        return self

    # --- running

    def __enter__(self) -> Self:
        self._socket.bind(("127.0.0.1", 0))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # An empty datagram is the sign to end: closing a socket wakes nobody who waits on it.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    @property
    def address(self) -> str:
        """`address:port` as `[dns] nameservers` has it."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def _add(self, name: str, kind: str, texts: list[str]) -> None:
        self._records.setdefault(name, {})[kind] = texts

    def _serve(self) -> None:
        while True:
            octets, client = self._socket.recvfrom(4096)
            if not octets:
                return
            query = dns.message.from_wire(octets)
            answer = self._answer(query)
            if answer is not None:
                self._socket.sendto(answer.to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), question.rdtype.name
        self.asked.append((name, kind))
        if (name, kind) in self._silent:
            return None
        answer = dns.message.make_response(query, recursion_available=True)
        if (name, kind) in self._codes:
            answer.set_rcode(self._codes[name, kind])
            return answer
        alias = self._records.get(name, {}).get("CNAME")
        if alias is not None:
            answer.answer.append(dns.rrset.from_text(f"{name}.", _TTL_S, "IN", "CNAME", *alias))
            name = alias[0].removesuffix(".")
        if name not in self._records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts := self._records[name].get(kind):
            # One by one, for within one set dnspython shuffles.
            answer.answer += [dns.rrset.from_text(f"{name}.", _TTL_S, "IN", kind, text) for text in texts]
        return answer
