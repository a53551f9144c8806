"""
aggregate - reports of other hosts, of DMARC and about TLS, in messages of any form

Promises: a report is read or refused as one; what is read is bounded, and is written and read again as the same.
"""

from empath.errors import SyntaxViolation
from empath.message.aggregate.carried import find_report, inflate
from empath.message.aggregate.dmarc import MOST_TEXT, compose_xml
from empath.message.aggregate.dmarc_reading import MOST_ROWS, read_xml
from empath.message.aggregate.tls import MOST_FAILURES, compose_json, read_json
from tests.fuzz.case import Case


def check(case: Case) -> list[str]:
    """
    Judge one case; returns what it reached, for the driver to tell new from old.

    Raises:
        AssertionError: a promise is broken.
    """
    octets = b"".join(case.turns)
    reached = []
    for read in (find_report, inflate):
        try:
            octets = read([octets]) if read is find_report else inflate(octets)
            reached.append(read.__name__)
        except SyntaxViolation as exc:
            reached.append(str(exc))
    try:
        dmarc = read_xml(octets)
        assert len(dmarc.rows) <= MOST_ROWS
        assert all(len(row.header_from) <= MOST_TEXT for row in dmarc.rows)
        compose_xml(dmarc, "x")
        reached.append("dmarc")
    except SyntaxViolation as exc:
        reached.append(str(exc)[:20])
    try:
        tls = read_json(octets)
        assert sum(len(each.failures) for each in tls.policies) <= MOST_FAILURES
        compose_json(tls)
        reached.append("tls")
    except SyntaxViolation as exc:
        reached.append(str(exc)[:20])
    return reached
