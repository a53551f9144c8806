"""
tls_results - what a report about TLS says of an attempt: the policy in force, and how TLS failed, RFC 8460 §4

It reads the evidence that an attempt leaves (`tls_policy`, `tls_failure`, the stage and the reply), one table each.

RULES
    An attempt that reached no host, or whose setting was no TLS, is no session of TLS.
    A failed attempt to read the file of a policy is one failed session (§4.3.2.2), however many mails wait for it.
    A policy of MTA-STS counts in mode `testing` as in mode `enforce`: what failed is told, though the mail went on.
"""

import re
from typing import Final, NamedTuple

TLSA: Final = "tlsa"
STS: Final = "sts"
NONE: Final = "no-policy-found"
_KINDS: Final = (("MTA-STS policy ", STS), ("TLSA ", TLSA))
_NOT_REACHED: Final = ("dns", "connect", "greeting", "local")
_NO_TLS: Final = "none by "
_NOT_OFFERED: Final = "starttls-not-supported"
_UNLISTED: Final = "does not name the host"
_MOST_REASON: Final = 200
_CERTIFICATE: Final = re.compile(r"certificate.verify.failed", re.IGNORECASE)
# What the words of a failure mean; the first that fits counts.
_FAILURES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), result)
    for pattern, result in (
        (r"refused STARTTLS", _NOT_OFFERED),
        (r"TLSA records of .* are not known", "dnssec-invalid"),
        (r"has expired|not yet valid", "certificate-expired"),
        (r"mismatch|certificate is for .* and not for", "certificate-host-mismatch"),
        (r"self.signed|unable to get|unable to verify|certificate.verify.failed", "certificate-not-trusted"),
    )
)


class TlsResult(NamedTuple):
    """Shape: kind is the type of the policy; result the type of the failure, empty for none; reason words for it."""

    kind: str
    result: str = ""
    reason: str = ""


def tls_result(policy: str, version: str | None, failure: str | None, stage: str, reply: str) -> TlsResult | None:
    """What an attempt says; the arguments are as in the view `attempt`. None: it was no session of TLS."""
    kind = next((kind for words, kind in _KINDS if words in policy), NONE)
    if failure:
        return TlsResult(kind, _type_of(failure), failure[:_MOST_REASON])
    if _UNLISTED in policy and stage not in _NOT_REACHED:
        return TlsResult(kind, "validation-failure", policy[:_MOST_REASON])
    if version is not None:
        return TlsResult(kind)
    if stage in _NOT_REACHED or policy.startswith(_NO_TLS):
        return None
    if stage == "tls" and kind != NONE and (match := _first(reply)) is not None:
        return TlsResult(kind, match, reply[:_MOST_REASON])
    if _UNLISTED in reply:
        return TlsResult(kind, "validation-failure", reply[:_MOST_REASON])
    return TlsResult(kind, _NOT_OFFERED)


def fetch_result(words: str, *, is_syntax: bool) -> TlsResult:
    """
    What a failed attempt to read the file of a policy says; *is_syntax* tells that it was read and is no policy.
    """
    if is_syntax:
        result = "sts-policy-invalid"
    else:
        result = "sts-webpki-invalid" if _CERTIFICATE.search(words) else "sts-policy-fetch-error"
    return TlsResult(STS, result, words[:_MOST_REASON])


def _type_of(words: str) -> str:
    return _first(words) or "validation-failure"


def _first(words: str) -> str | None:
    return next((result for pattern, result in _FAILURES if pattern.search(words)), None)
