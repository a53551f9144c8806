"""
senders - what the DNS and a message say of who sent it: records of SPF and DMARC, From, the fields of others, SRS

Promises: every text is read or refused, without another exception; the DNS is asked a bounded number of questions; what
this host writes of foreign text is one field, and nobody else's result stands in it.
"""

import ipaddress
import re

from empath.authentication import srs
from empath.authentication.author import author_domains
from empath.authentication.authres import MethodResult, authserv_id, results_field
from empath.authentication.dmarc import evaluate
from empath.authentication.spf import Identity, check_host
from empath.mail.lookup import Question
from tests.fuzz.case import Case
from tests.kit.zones import Zone, run

_MOST_QUESTIONS = 130
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)')
_CLIENTS = ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1")
_SECRET = b"secret"


def check(case: Case) -> list[str]:
    """
    Judge a message whose texts are the turns.

    Raises:
        AssertionError: a promise is broken.
    """
    texts = [turn.decode("utf-8", "replace") for turn in (*case.turns, *[b""] * 5)][:5]
    spf, included, dmarc, author, foreign = texts
    client = ipaddress.ip_address(_CLIENTS[case.choices % len(_CLIENTS)])
    zone: Zone = {
        "a.example": {"TXT": [spf], "A": ["192.0.2.1"], "MX": [(0, "a.example")]},
        "e.a": {"TXT": [included]},
        "b.example": {"TXT": [included]},
        client.reverse_pointer: {"PTR": ["a.example"]},
        "_dmarc.a.example": {"TXT": [dmarc]},
        "_dmarc.example": {"TXT": [dmarc, foreign]},
    }
    asked: list[Question] = []
    verdict = run(
        check_host(client, Identity(foreign, "a.example", foreign), receiver="mx.example", now=0), zone, asked
    )
    domains = author_domains([b"From: " + author.encode()])
    judged = run(evaluate(domains, "b.a.example", [foreign]), zone, asked)
    assert len(asked) < _MOST_QUESTIONS, "too many questions"
    assert verdict.reason.isprintable(), "a reason that is not printable"
    result = MethodResult("spf", verdict.result, foreign, verdict.reason, [("smtp.mailfrom", foreign)])
    field = results_field("mx.example", [result]).decode()
    assert 1 == _TEXT.sub("", field.replace("\r\n\t", " ")).count("spf="), "a result of somebody else"
    assert "\r\n" not in field.removesuffix("\r\n").replace("\r\n\t", ""), "more than one field"
    back = srs.reverse(srs.forward(foreign, "a.example", _SECRET, 1), [_SECRET], 1)
    whose = authserv_id(foreign.encode())
    return [verdict.result, judged.result, str(domains is None), str(whose is None), str(back is None)]
