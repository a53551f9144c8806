"""
dmarc_reading - an aggregate report of DMARC that another host has sent, RFC 9990 and RFC 7489

THEORY
    Hosts write many dialects: with and without a namespace, or with a prefix that they do not declare, in any order,
    within and with elements of their own, with names in another encoding than they say, with signs that XML must have
    escaped, and words in capitals.  An element counts by its place and name; all others are passed over, and so is what
    stands behind the report.

RULES
    The file is that of a stranger.  It has a bound of elements, depth and text, and so has each tag: the parser gives
    all attributes of one at once, and nothing else in this process goes on meanwhile.  A document type, which is where
    entities and other files come from, ends the reading: no report has one.
"""

import re
from collections.abc import Callable
from typing import Any, Final
from xml.parsers import expat

from empath.errors import SyntaxViolation
from empath.mail.printable import printable
from empath.message.aggregate.dmarc import MOST_TEXT, DmarcReport, DmarcRow

MOST_ROWS: Final = 10_000
_MOST_ELEMENTS: Final = 500_000
_MOST_DEPTH: Final = 20
_MOST_SIGNATURES: Final = 10  # of one row
_MOST_DIGITS: Final = 15  # of an instant
_MOST_COUNT_DIGITS: Final = 10  # the sum of all rows of all reports is a number that a database can have
_PIECE_OCTETS: Final = 16 * 1024  # which the parser is given at once
_MOST_TAG_OCTETS: Final = 64 * 1024  # of a tag, a comment and what else the parser must have whole
_ROOT: Final = ("feedback",)
_RECORD: Final = ("feedback", "record")
_POLICY: Final = ("p", "sp", "np", "adkim", "aspf", "testing", "t", "pct", "fo")
# Where a value stands within a record, and what it is called here.
_OF_RECORD: Final = {
    ("row", "source_ip"): "source_ip",
    ("row", "count"): "count",
    ("row", "policy_evaluated", "disposition"): "disposition",
    ("row", "policy_evaluated", "dkim"): "dkim",
    ("row", "policy_evaluated", "spf"): "spf",
    ("row", "policy_evaluated", "reason", "type"): "reason",
    ("row", "policy_evaluated", "reason"): "reason",  # of hosts that write no type within it
    ("row", "policy_evaluated", "reason", "comment"): "comment",
    ("identifiers", "header_from"): "header_from",
    ("identifiers", "envelope_from"): "envelope_from",
}
_OTHER_ENCODING: Final = re.compile(
    rb"\xff\xfe|\xfe\xff|<\0|\0<|<\?xml[^>]{0,100}encoding\s{0,9}=\s{0,9}[\"'](?!utf-?(?:8|16)[\"'])", re.IGNORECASE
)
_SIGNATURE: Final = ("auth_results", "dkim")
_SPF: Final = ("auth_results", "spf")
_OTHER_WORDS: Final = {"hardfail": "fail", "unknown": "temperror", "error": "temperror"}  # RFC 7489, appendix C
_HELO: Final = "helo"  # a scope that does not count for DMARC
_CONTROL: Final = bytes(octet for octet in range(0x20) if octet not in b"\t\n\r")
_NO_CONTROL: Final = bytes.maketrans(_CONTROL, b"?" * len(_CONTROL))
_BARE_SIGN: Final = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-f]{1,6});)", re.IGNORECASE)
_BARE_ADDRESS: Final = re.compile(rb"<([^<>\s/\"'=]{1,64}@[^<>\s/\"'=]{1,255})>")  # no name has such a sign
_MOST_MENDED: Final = 10_000


def read_xml(octets: bytes) -> DmarcReport:
    """
    Read a file. Rows beyond MOST_ROWS are counted in `left_out`.

    Raises:
        SyntaxViolation: it is no report; the text is a clause that calls it "it".
    """
    return _Reading().read(octets)


class _Reading:
    """One file on its way through the parser."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._elements = 0
        self._values: dict[tuple[str, ...], str] = {}  # outside of records, the first of each place
        self._record: dict[str, str] = {}
        self._signature: dict[str, str] = {}
        self._spf: dict[str, str] = {}  # the result under way
        self._spf_of_record: dict[str, str] = {}
        self._signatures: list[tuple[str, str, str]] = []
        self._rows: list[DmarcRow] = []
        self._left_out = 0
        self._root: int | None = None  # how many elements the report stands in
        self._is_over = False

    def read(self, octets: bytes) -> DmarcReport:
        """See `read_xml`."""
        encoding = None
        if _OTHER_ENCODING.match(octets) is None:
            octets, encoding = _mended(octets), "utf-8"
        parser: Any = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parse: Callable[[bytes, bool], object] = parser.Parse
        try:
            for at in range(0, len(octets), _PIECE_OCTETS):
                parse(octets[at : at + _PIECE_OCTETS], False)
                if at - parser.CurrentByteIndex > _MOST_TAG_OCTETS:
                    raise SyntaxViolation("it has too long a tag")
            parse(b"", True)
        except expat.ExpatError as exc:
            if not self._is_over:
                raise SyntaxViolation(f"it is not XML: {exc}") from exc
        except (LookupError, ValueError) as exc:
            raise SyntaxViolation(f"it is in an encoding that is not known: {exc}") from exc
        return self._report()

    def _begin(self, name: str, _attributes: object) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._path) >= _MOST_DEPTH:
            raise SyntaxViolation("it has too many elements, or too deep ones")
        name = name.rpartition(":")[2]
        if self._root is None and (name,) == _ROOT:
            self._root = len(self._path)
        self._path.append(name)
        self._text.clear()
        self._length = 0

    def _take(self, text: str) -> None:
        if self._length < MOST_TEXT:
            self._text.append(text)
            self._length += len(text)

    def _end(self, _name: str) -> None:
        path = () if self._is_over else tuple(self._path[self._root :])
        self._path.pop()
        text = printable(" ".join("".join(self._text).split())[:MOST_TEXT])[:MOST_TEXT]
        self._text.clear()
        if path == _RECORD:
            self._end_record()
        elif path[:2] == _RECORD:
            self._end_within_record(path[2:], text)
        elif path == _ROOT:
            self._is_over = True
        elif path[:1] == _ROOT and text:
            self._values.setdefault(path[1:], text)

    def _end_within_record(self, path: tuple[str, ...], text: str) -> None:
        if path == _SIGNATURE:
            if len(self._signatures) < _MOST_SIGNATURES:
                found = self._signature
                self._signatures.append((found.get("domain", ""), found.get("selector", ""), found.get("result", "")))
            self._signature = {}
        elif path[:2] == _SIGNATURE:
            self._signature.setdefault(path[-1], text.lower())
        elif path == _SPF:
            if not self._spf_of_record or self._spf_of_record.get("scope") == _HELO:
                self._spf_of_record = self._spf
            self._spf = {}
        elif path[:2] == _SPF:
            self._spf.setdefault(path[-1], _OTHER_WORDS.get(text.lower(), text.lower()))
        elif path in _OF_RECORD and text:
            name = _OF_RECORD[path]
            self._record.setdefault(name, text if name == "comment" else text.lower())

    def _end_record(self) -> None:
        record, signatures = self._record, tuple(self._signatures)
        record |= {f"spf_{name}": self._spf_of_record.get(name, "") for name in ("domain", "result")}
        self._record, self._signatures, self._spf_of_record = {}, [], {}
        messages = _number(record.pop("count", ""), "count", _MOST_COUNT_DIGITS)
        if len(self._rows) >= MOST_ROWS:
            self._left_out += messages
            return
        named = {"source_ip": "", "disposition": "none", "dkim": "fail", "spf": "fail", "header_from": "", **record}
        self._rows.append(DmarcRow(messages=messages, dkim_results=signatures, **named))

    def _report(self) -> DmarcReport:
        values = self._values
        domain = values.get(("policy_published", "domain"), "")
        report_id = values.get(("report_metadata", "report_id"), "")
        if not domain or not report_id:
            raise SyntaxViolation("it lacks the domain or its report_id")
        begin_at, end_at = (
            _number(values.get(("report_metadata", "date_range", name), ""), name) for name in ("begin", "end")
        )
        policy = {
            name: values[("policy_published", name)].lower() for name in _POLICY if ("policy_published", name) in values
        }
        return DmarcReport(
            org_name=values.get(("report_metadata", "org_name"), ""),
            email=values.get(("report_metadata", "email"), ""),
            report_id=report_id,
            begin_at=begin_at,
            end_at=end_at,
            domain=domain.lower(),
            policy=policy,
            rows=tuple(self._rows),
            contact=values.get(("report_metadata", "extra_contact_info"), ""),
            error=values.get(("report_metadata", "error"), ""),
            left_out=self._left_out,
        )


def _mended(octets: bytes) -> bytes:
    """
    A file in UTF-8 without octets that are none, without control characters and without the brackets of an address;
    `&` stands for itself where it begins no entity.
    """
    octets = octets.decode("utf-8", "replace").encode().translate(_NO_CONTROL)
    return _BARE_ADDRESS.sub(rb"\1", _BARE_SIGN.sub(b"&amp;", octets, _MOST_MENDED), _MOST_MENDED)


def _refuse_doctype(*_: object) -> None:
    raise SyntaxViolation("it has a document type, which no report needs")


def _number(text: str, name: str, most_digits: int = _MOST_DIGITS) -> int:
    digits = text.partition(".")[0]
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= most_digits):
        raise SyntaxViolation(f"its {name} is not a number")
    return int(digits)
