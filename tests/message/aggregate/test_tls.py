"""Reports about TLS: as they are written, and as they are read. RFC 8460."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.message.aggregate.tls import (
    MOST_FAILURES,
    TlsFailure,
    TlsPolicyResult,
    TlsReport,
    compose_json,
    read_json,
)

REPORT = TlsReport(
    org_name="Ours",
    contact="tls@ours.test",
    report_id="a.test.86400@mx.ours.test",
    begin_at=86_400,
    end_at=172_800,
    policies=(
        TlsPolicyResult(
            *("sts", "a.test", 5326, 303),
            lines=("version: STSv1", "mode: enforce", "mx: *.a.test", "max_age: 86400"),
            mx=("*.a.test",),
            failures=(
                TlsFailure("certificate-expired", 100, "mx1.a.test", "192.0.2.1", "203.0.113.58", "expired"),
                TlsFailure("starttls-not-supported", 203),
            ),
        ),
        TlsPolicyResult("no-policy-found", "a.test", 7, 0),
    ),
)
WHOLE = compose_json(REPORT)
# The example of RFC 8460, Appendix B, as hosts vary it.
EXAMPLE = b"""{
  "organization-name": "Company-X",
  "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
  "contact-info": "sts-reporting@company-x.example",
  "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
  "policies": [{
    "policy": {
      "policy-type": "sts",
      "policy-string": ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
      "policy-domain": "Company-Y.example",
      "mx-host": "*.mail.company-y.example"
    },
    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
    "failure-details": [{
      "result-type": "certificate-expired",
      "sending-mta-ip": "2001:db8:abcd:0012::1",
      "receiving-mx-hostname": "mx1.mail.company-y.example",
      "failed-session-count": 100
    }, {
      "result-type": "validation-failure",
      "failed-session-count": 3,
      "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED",
      "additional-information": "https://reports.company-x.example/"
    }]
  }]
}"""


def test_what_we_write_we_read():
    """
    All of it.
    """
    assert REPORT == read_json(WHOLE)
    assert 5326 + 303 + 7 == REPORT.sessions


def test_a_report_has_the_form_of_the_rfc():
    """
    RFC 8460 §4.4: names, types, and a period that ends a second before the next begins.
    """
    whole = json.loads(WHOLE)
    assert {"start-datetime": "1970-01-02T00:00:00Z", "end-datetime": "1970-01-02T23:59:59Z"} == whole["date-range"]
    first, second = whole["policies"]
    assert ["*.a.test"] == first["policy"]["mx-host"]
    assert {"total-successful-session-count": 5326, "total-failure-session-count": 303} == first["summary"]
    assert {"result-type": "starttls-not-supported", "failed-session-count": 203} == first["failure-details"][1]
    assert {"policy-type": "no-policy-found", "policy-domain": "a.test"} == second["policy"]


def test_the_example_of_the_rfc_is_read():
    """
    Its mx-host is a text here, as the RFC's own example has it.
    """
    found = read_json(EXAMPLE)
    [policy] = found.policies
    assert ("Company-X", 1_459_468_800, 1_459_555_200) == (found.org_name, found.begin_at, found.end_at)
    assert ("sts", "company-y.example", 5326, 303, ("*.mail.company-y.example",)) == (
        *(policy.kind, policy.domain, policy.successes, policy.failed, policy.mx),
    )
    assert ("validation-failure", 3, "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED") == (
        *(policy.failures[1].result, policy.failures[1].sessions, policy.failures[1].reason),
    )


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"{", "it is not JSON"),
        (b"\xff{}", "it is not JSON"),
        (b"[" * 100_000, "it is nested too deep"),
        (b'{"a":' * 100_000, "it is nested too deep"),
        (b'{"policies": [' + b"{}," * 500_000 + b"{}]}", "it has too many values"),
        (b"{" + b",".join([b'"a":1'] * 250_001) + b"}", "it has too many values"),
        (b"[]", "it lacks its report-id"),
        (b"{}", "it lacks its report-id"),
        (b'{"report-id": 7}', "it lacks its report-id"),
        (b'{"report-id": "1"}', "its start-datetime is no instant"),
        (EXAMPLE.replace(b"2016-04-01T00:00:00Z", b"x"), "its start-datetime is no instant"),
        (EXAMPLE.replace(b"5326", b'"5326"'), "its total-successful-session-count is not a number"),
        (EXAMPLE.replace(b"5326", b"true"), "its total-successful-session-count is not a number"),
        (EXAMPLE.replace(b"5326", b"-1"), "its total-successful-session-count is not a number"),
        (EXAMPLE.replace(b"5326", b"1" + b"0" * 10 + b"1"), "its total-successful-session-count is not a number"),
        (EXAMPLE.replace(b"5326", b"1" + b"0" * 5_000), "its total-successful-session-count is not a number"),
        (EXAMPLE.replace(b"5326", b"53.26"), "its total-successful-session-count is not a number"),
    ],
)
def test_what_is_no_report_is_refused(octets, words):
    """
    The file is that of a stranger.
    """
    with pytest.raises(SyntaxViolation) as raised:
        read_json(octets)
    assert words == str(raised.value)


def test_what_is_of_another_type_is_passed_over():
    """
    The rest of the report tells enough.
    """
    whole = json.loads(EXAMPLE)
    whole["policies"] = ["x", {**whole["policies"][0], "policy": 7, "failure-details": [7]}]
    whole["organization-name"] = ["x"]
    whole["date-range"]["start-datetime"] = "2016-04-01T00:00:00"
    found = read_json(json.dumps(whole).encode())
    assert ("", 1_459_468_800) == (found.org_name, found.begin_at)
    assert TlsPolicyResult("", "", 5326, 303) == found.policies[0]


def test_a_long_number_is_not_converted():
    """
    The time for one grows with the square of its digits, and nothing else in the process goes on meanwhile.
    """
    numbers = b",".join([b"9" * 4_000] * 2_000)
    began = time.process_time()
    assert 5326 == read_json(EXAMPLE.replace(b'{\n  "org', b'{"x": [' + numbers + b'], "org')).policies[0].successes
    assert time.process_time() - began < 0.2


def test_a_policy_without_a_summary_has_no_numbers():
    """
    There is nothing to count.
    """
    with pytest.raises(SyntaxViolation):
        read_json(EXAMPLE.replace(b'"summary"', b'"x"'))


def test_a_number_that_is_zero_may_be_missing():
    """
    Programs that write JSON from other forms leave it out.
    """
    assert 0 == read_json(EXAMPLE.replace(b"total-failure-session-count", b"x")).policies[0].failed
    with pytest.raises(SyntaxViolation):
        read_json(EXAMPLE.replace(b"total-failure-session-count", b"x").replace(b"total-successful", b"y"))


def test_failures_beyond_the_bound_are_counted():
    """
    A report of a million failures fills no table.
    """
    whole = json.loads(EXAMPLE)
    whole["policies"][0]["failure-details"] = [{"result-type": "x", "failed-session-count": 2}] * (MOST_FAILURES + 3)
    found = read_json(json.dumps(whole).encode())
    assert (MOST_FAILURES, 6) == (len(found.policies[0].failures), found.left_out)


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=6))
def test_a_damaged_report_is_read_or_refused(start, end, put):
    """
    Nothing else may come of it.
    """
    try:
        read_json(WHOLE[:start] + put + WHOLE[end:])
    except SyntaxViolation:
        pass
