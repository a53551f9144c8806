"""
feedback - reports of any form about mail that went out, and senders by VERP of any form

The turns together are a message. The choices say how it is cut, and whether the middle of it is repeated.

Promises: there is one recipient or more, and a bounded number; replies have the class of their code, and words that fit
into a row; the result does not depend on the cuts; nothing that this host has not given out is believed; and the time
is in proportion to the size.
"""

from random import Random

from empath.authentication.verp import Verp
from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.message.report.received import ReceivedReport, read_report
from tests.fuzz.case import SEPARATOR, Case

_REPEATED_OCTETS = 300_000
_MOST_RECIPIENTS = 101
_VERP = Verp(Domain("bounces.example"), (b"a secret of this host",))


def check(case: Case) -> list[str]:
    """
    Judge one case; returns what it reached, for the driver to tell new from old.

    Raises:
        AssertionError: a promise is broken.
    """
    octets = b"".join(case.turns).replace(SEPARATOR, b"").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if case.choices % 8 == 0 and octets:
        head, end, body = octets.partition(b"\r\n\r\n")
        octets = head + end + body * (_REPEATED_OCTETS // (len(body) + 1) + 1)
    random = Random(case.choices)
    report = _read(octets, len(octets) or 1)
    assert report == _read(octets, random.choice([1, 3, 100]) if len(octets) < 5_000 else 4_096), "the cuts matter"
    assert 0 < len(report.reported) <= _MOST_RECIPIENTS, "too many recipients, or none"
    for each in report.reported:
        if each.reply is not None:
            assert each.reply.klass in (4, 5), "a reply of another kind"
            assert len(each.reply.escaped()) <= 500
            assert each.reply.enhanced is None or each.reply.enhanced.klass == each.reply.klass
    _check_senders(case, report)
    return [f"{report.form} {each.kind} {each.recipient is None} {each.reply is None}" for each in report.reported[:5]]


def _read(octets: bytes, step: int) -> ReceivedReport:
    return read_report(octets[start : start + step] for start in range(0, len(octets), step))


def _check_senders(case: Case, report: ReceivedReport) -> None:
    named = [*report.senders, *(each.recipient or "" for each in report.reported)]
    for text in (*named, case.turns[0][:200].decode("utf-8", "replace")):
        try:
            address = Address(Address.parse(text).local_part, Domain("bounces.example"))
        except SyntaxViolation:
            address = Address(text.encode("ascii", "replace").decode(), Domain("bounces.example"))
        assert _VERP.read(address, 1_800_000_000.0) is None, "a sender that was not given out"
