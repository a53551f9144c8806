"""kit - a report of DMARC with every kind of row, and whether XML has the form of the RFC"""

import shutil
import subprocess
from pathlib import Path

import pytest

from empath.message.aggregate.dmarc import DmarcReport, DmarcRow

SCHEMA = Path(__file__).with_name("dmarc-2.0.xsd")
POLICY = {"p": "reject", "sp": "none", "np": "reject", "fo": "1:d", "adkim": "r", "aspf": "s", "testing": "n"}
ROWS = (
    DmarcRow(
        *("192.0.2.1", 3, "pass", "pass", "fail", "a.test", "b.test"),
        dkim_results=(("a.test", "s1", "pass"), ("esp.test", "x", "fail")),
        spf_domain="b.test",
        spf_result="softfail",
    ),
    DmarcRow("2001:db8::1", 1, "none", "fail", "fail", "x.a.test", "", "local_policy", 'a list <&> "of" ours'),
)
REPORT = DmarcReport(
    org_name="Ours & Co",
    email="dmarc@ours.test",
    report_id="a.test.86400@mx.ours.test",
    begin_at=86_400,
    end_at=172_800,
    domain="a.test",
    policy=POLICY,
    rows=ROWS,
    contact="https://ours.test/",
    error="2 messages are left out",
)


def check_form(octets: bytes) -> None:
    """Compare with the schema, where there is a program for that."""
    program = shutil.which("xmllint")
    if program is None:
        pytest.skip("needs xmllint, of libxml2-utils")
    command = [program, "--nonet", "--noout", "--schema", str(SCHEMA), "-"]
    found = subprocess.run(command, input=octets, capture_output=True, check=False)
    assert 0 == found.returncode, found.stderr.decode()
