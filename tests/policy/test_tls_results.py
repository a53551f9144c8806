"""What a report about TLS says of an attempt."""

import pytest

from empath.policy.tls_results import TlsResult, fetch_result, tls_result

SELF = "certificate verify failed: self-signed certificate"
NAME = "certificate verify failed: Hostname mismatch"
FELL = "none by built-in; TLS failed before"
NO_TLSA = "dane by a TLSA look-up that failed"
UNKNOWN = "the TLSA records of mx are not known: x"
STS = "verify by the MTA-STS policy 1 of a.test"
TRIED = "may by the MTA-STS policy 1 of a.test, in mode testing"
UNLISTED = f"{TRIED}, which does not name the host"
DANE = "dane by TLSA records of mx.a.test"
MAY = "may by built-in"


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ((MAY, "TLSv1.3", None, "end-of-data", "250 Ok"), ("no-policy-found", "")),
        ((STS, "TLSv1.3", None, "rcpt", "550 no"), ("sts", "")),
        ((DANE, "TLSv1.3", None, "end-of-data", "250 Ok"), ("tlsa", "")),
        (("encrypt by TLSA records of mx.a.test, of which none is usable", "TLSv1.3", None, "mail", ""), ("tlsa", "")),
        ((MAY, None, None, "end-of-data", "250 Ok"), ("no-policy-found", "starttls-not-supported")),
        ((STS, None, None, "tls", "451 4.7.4 STARTTLS is required"), ("sts", "starttls-not-supported")),
        ((MAY, None, "x refused STARTTLS: 454", "mail", "250"), ("no-policy-found", "starttls-not-supported")),
        ((STS, None, "x: certificate has expired", "tls", ""), ("sts", "certificate-expired")),
        ((STS, None, NAME, "tls", ""), ("sts", "certificate-host-mismatch")),
        ((STS, None, "the certificate is for b, and not for a", "tls", ""), ("sts", "certificate-host-mismatch")),
        ((STS, None, SELF, "tls", ""), ("sts", "certificate-not-trusted")),
        ((DANE, None, "the certificate matches no TLSA record", "tls", ""), ("tlsa", "validation-failure")),
        ((FELL, None, "the handshake failed", "mail", ""), ("no-policy-found", "validation-failure")),
        ((NO_TLSA, None, None, "tls", UNKNOWN), ("tlsa", "dnssec-invalid")),
        ((STS, None, None, "tls", "451 4.7.0 the policy does not name the host mx"), ("sts", "validation-failure")),
        ((TRIED.replace("may", "verify"), "TLSv1.3", None, "end-of-data", "250 Ok"), ("sts", "")),
        ((TRIED, "TLSv1.3", SELF, "end-of-data", "250 Ok"), ("sts", "certificate-not-trusted")),
        ((TRIED, None, None, "end-of-data", "250 Ok"), ("sts", "starttls-not-supported")),
        ((UNLISTED, "TLSv1.3", None, "end-of-data", "250 Ok"), ("sts", "validation-failure")),
        ((UNLISTED, None, None, "end-of-data", "250 Ok"), ("sts", "validation-failure")),
    ],
)  # fmt: skip
def test_evidence_becomes_a_result(evidence, expected):
    """
    RFC 8460 §4.3. What has no type of its own is validation-failure, with its words.
    """
    found = tls_result(*evidence)
    assert isinstance(found, TlsResult)
    assert expected == (found.kind, found.result)
    assert bool(found.reason) == (found.result not in ("", "starttls-not-supported") or evidence[2] is not None)


@pytest.mark.parametrize(
    ("policy", "stage"),
    [(MAY, "connect"), (MAY, "greeting"), (STS, "dns"), (UNLISTED, "connect"), ("none by UNIX socket", "mail")],
)
def test_without_a_host_or_a_wish_for_tls_there_is_no_session(policy, stage):
    """
    A host that is down has no fault of TLS.
    """
    assert tls_result(policy, None, None, stage, "451 x") is None


@pytest.mark.parametrize(
    ("words", "is_syntax", "result"),
    [
        ("not a field: 'hello'", True, "sts-policy-invalid"),
        ("certificate verify failed: Hostname mismatch", False, "sts-webpki-invalid"),
        ("mta-sts.a.test: HTTP status 404", False, "sts-policy-fetch-error"),
    ],
)
def test_a_policy_that_cannot_be_read_has_a_result_of_its_own(words, is_syntax, result):
    """
    RFC 8460 §4.3.2.2.
    """
    assert TlsResult("sts", result, words) == fetch_result(words, is_syntax=is_syntax)
