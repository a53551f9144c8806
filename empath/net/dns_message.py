"""
dns_message - octets of a name server as a message, at a bounded cost

THEORY
    dnspython makes a hash of each record. For a record with a name of many labels this takes 2 ms, and by compression
    (RFC 1035 §4.1.4) 65,535 octets hold thousands of such records: seconds of the processor for one answer, in which a
    process does nothing else. So a look over the octets comes first. It adds up what dnspython would do, in units of
    some 200 ns, and an answer that costs too much is refused.

    Only types that Empath reads are in this count. Records of any other type or class lose both before dnspython sees
    them: otherwise it would import a module for each, and read names in places that are unknown here.

    A TLSA record with a digest of the wrong size makes dnspython refuse the whole answer. It is a record all the same
    (RFC 7672 §2.2): it gets a type of digest that nobody knows, so it counts, and is of no use.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype

MAX_RECORDS: Final = 1_024
MAX_WEIGHT: Final = 600_000  # some 0.15 s of the processor
LIGHT: Final = 20_000  # weight of an answer that keeps the other greenlets waiting for a few milliseconds
_RECORD_WEIGHT: Final = 300
_MAX_STEPS: Final = 255  # labels and pointers of one name, RFC 1035 §2.3.4
_MAX_OPTION_OCTETS: Final = 1_024  # of the OPT record, RFC 6891
_HEADER_OCTETS: Final = 12
_OPAQUE: Final = struct.pack("!HH", 65280, dns.rdataclass.IN)  # type for private use
_NAMES: Final = {  # type -> where the names of its data begin, and how many follow each other
    dns.rdatatype.A: (0, 0),
    dns.rdatatype.AAAA: (0, 0),
    dns.rdatatype.NS: (0, 1),
    dns.rdatatype.CNAME: (0, 1),
    dns.rdatatype.SOA: (0, 2),
    dns.rdatatype.MX: (2, 1),
    dns.rdatatype.PTR: (0, 1),
    dns.rdatatype.TXT: (0, 0),
    dns.rdatatype.TLSA: (0, 0),
}
_DIGEST_OCTETS: Final = {1: 32, 2: 64}  # of TLSA records, by their matching type, RFC 6698 §2.1.3
_NO_DIGEST: Final = 255  # a matching type that no digest has
_TEXT_WEIGHT: Final = 3  # of each octet of a TXT record, which may be a string of its own
dns.rdata.from_wire(dns.rdataclass.IN, "TYPE65280", b"", 0, 0)  # dnspython looks for a module only the first time

Run = Callable[..., Any]
"""Calls a function with arguments and returns its value, perhaps in a thread."""


class TooLarge(dns.exception.FormError):
    """The answer would take too long to read."""


def read_message(octets: bytes, run: Run) -> dns.message.Message:
    """
    The message, only its head and question if it is truncated. A heavy one is read by *run*.

    Raises:
        dns.exception.DNSException: it is none, or it costs too much.
    """
    weighing = _Weighing(octets)
    try:
        weighing.weigh()
    except (IndexError, struct.error) as exc:
        raise dns.exception.FormError from exc
    is_light = weighing.weight <= LIGHT
    found = _parsed(bytes(weighing.octets)) if is_light else run(_parsed, bytes(weighing.octets))
    if isinstance(found, dns.message.Message):
        return found
    raise dns.exception.FormError from found


def _parsed(octets: bytes) -> dns.message.Message | Exception:
    try:
        return dns.message.from_wire(octets, question_only=_is_truncated(octets))
    except Exception as exc:  # noqa: BLE001 - dnspython has no common class for what octets can do
        return exc


def _is_truncated(octets: bytes | bytearray) -> bool:
    """Whether the records may end anywhere, so that there is no sense in reading them."""
    return bool(octets[2] << 8 & dns.flags.TC)


class _Weighing:
    """One look over *octets*, which become those that dnspython may read."""

    def __init__(self, octets: bytes) -> None:
        self.octets = bytearray(octets)
        self.weight = 0

    def weigh(self) -> None:
        """
        Add up the weight.

        Raises:
            TooLarge: there is more than there may be.
            dns.exception.FormError, IndexError, struct.error: the octets are no message.
        """
        questions, *each = struct.unpack_from("!4H", self.octets, 4)
        records = 0 if _is_truncated(self.octets) else sum(each)
        if questions + records > MAX_RECORDS:
            raise TooLarge
        at = _HEADER_OCTETS
        for _ in range(questions):
            at = self._name(at) + 4
        for _ in range(records):
            at = self._record(at)

    def _record(self, at: int) -> int:
        at = self._name(at)
        kind, group, _ttl, size = struct.unpack_from("!HHIH", self.octets, at)
        data = at + 10
        self._add(_RECORD_WEIGHT)
        if kind == dns.rdatatype.OPT:
            if size > _MAX_OPTION_OCTETS:
                raise TooLarge
        elif kind not in _NAMES or group != dns.rdataclass.IN:
            self.octets[at : at + 4] = _OPAQUE
        else:
            if kind == dns.rdatatype.TXT:
                self._add(_TEXT_WEIGHT * size)
            elif kind == dns.rdatatype.TLSA and _DIGEST_OCTETS.get(self.octets[data + 2], size - 3) != size - 3:
                self.octets[data + 2] = _NO_DIGEST
            first, count = _NAMES[kind]
            name_at = data + first
            for _ in range(count):
                name_at = self._name(name_at)
        return data + int(size)

    def _name(self, at: int) -> int:
        """Weigh the name at *at*; returns where it ends."""
        end = 0
        for steps in range(1, _MAX_STEPS):
            size = self.octets[at]
            if size == 0:
                self._add(steps * steps)
                return end or at + 1
            if size < 0x40:
                at += size + 1
            elif size >= 0xC0:
                end = end or at + 2
                at = (size & 0x3F) << 8 | self.octets[at + 1]
            else:
                break
        raise dns.exception.FormError

    def _add(self, weight: int) -> None:
        self.weight += weight
        if self.weight > MAX_WEIGHT:
            raise TooLarge
