"""
policies - what domains say of TLS with their hosts: policies of MTA-STS, records of policies and reports, bare keys

Promises: a text is read or refused, without another exception; what is read is bounded; a policy that was read is
written and read again as the same; no octets are the key of an issuer.
"""

from empath.authentication.report_uris import MOST_URIS, parse_uris
from empath.errors import SyntaxViolation
from empath.mail.lookup import TlsaRecord
from empath.policy.dane_match import matches
from empath.policy.sts import LONGEST_AGE_S, MOST_PATTERNS, StsPolicy, read_record
from empath.policy.tlsrpt import MOST_URIS as MOST_OF_TLSRPT
from empath.policy.tlsrpt import read_wish
from tests.fuzz.case import Case
from tests.kit.chains import NOW, issue

LEAF = issue("leaf", issue("root", is_ca=True, key=1), names=("mx.test",), key=3)


def check(case: Case) -> list[str]:
    """
    Judge one case; returns what it reached, for the driver to tell new from old.

    Raises:
        AssertionError: a promise is broken.
    """
    file, record, wish, key = (*case.turns, *[b""] * 4)[:4]
    reached = []
    try:
        policy = StsPolicy.parse(file)
    except SyntaxViolation as exc:
        reached.append(str(exc)[:20])
    else:
        assert policy == StsPolicy.parse(policy.octets), "a policy changes when it is written"
        assert len(policy.patterns) <= MOST_PATTERNS
        assert 0 <= policy.max_age_s <= LONGEST_AGE_S
        reached.append(f"policy {policy.mode}")
    texts = record.decode("latin-1").split("\n")
    reached.append("record" if read_record(texts) else "no record")
    found = read_wish(wish.decode("latin-1").split("\n"))
    assert found is None or max(len(found.addresses), len(found.urls)) <= MOST_OF_TLSRPT
    assert len(parse_uris(wish.decode("latin-1"))) <= MOST_URIS
    reached.append("no wish" if found is None else f"wish {bool(found.addresses)} {bool(found.urls)}")
    anchor = TlsaRecord(2, 1, 0, key)
    assert matches([anchor], [LEAF.der, key], ("mx.test",), NOW.timestamp()) is None, "a key that nobody has"
    return reached
