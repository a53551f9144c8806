"""Reports of DMARC: as they are written, and as they are read. RFC 9990."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.message.aggregate.dmarc import DmarcReport, DmarcRow, compose_xml
from empath.message.aggregate.dmarc_reading import MOST_ROWS, read_xml
from tests.message.aggregate.kit import REPORT, ROWS, check_form

WHOLE = compose_xml(REPORT, "Empath 1")
FAILS = replace(ROWS[0], spf_result="fail")
# As big hosts write it: RFC 7489, another order, other namespaces, and elements of their own.
OLD = b"""<?xml version="1.0" encoding="UTF-8" ?>
<feedback xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <report_metadata>
    <date_range><end>1700003599</end><begin>1700000000</begin></date_range>
    <report_id> 42 </report_id><org_name>big.test</org_name><email>noreply@big.test</email>
  </report_metadata>
  <policy_published><domain>A.test</domain><adkim>r</adkim><p>none</p><pct>100</pct><x:y xmlns:x="u">1</x:y>
  </policy_published>
  <record>
    <row><source_ip>192.0.2.7</source_ip><count>12</count>
      <policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>pass</spf></policy_evaluated></row>
    <identifiers><header_from>a.test</header_from></identifiers>
    <auth_results><spf><domain>a.test</domain><result>pass</result></spf></auth_results>
    <x:row xmlns:x="u"><x:count>7</x:count></x:row>
  </record>
</feedback>
"""


def test_a_report_has_the_form_of_the_rfc():
    """
    Programs of others check it.
    """
    check_form(WHOLE)
    check_form(compose_xml(replace(REPORT, contact="", error=""), "Empath 1"))


def test_what_we_write_we_read():
    """
    Text of strangers stays what it was.
    """
    assert REPORT == read_xml(WHOLE)
    assert 4 == REPORT.messages


def test_reports_of_before_are_read():
    """
    Most hosts still send the form of RFC 7489.
    """
    expected = DmarcReport(
        *("big.test", "noreply@big.test", "42", 1_700_000_000, 1_700_003_599, "a.test"),
        policy={"p": "none", "adkim": "r", "pct": "100"},
        rows=(DmarcRow("192.0.2.7", 12, "none", "fail", "pass", "a.test", spf_domain="a.test", spf_result="pass"),),
    )
    assert expected == read_xml(OLD)
    assert expected == read_xml(OLD.decode().replace("UTF-8", "UTF-16").encode("utf-16"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<feedback", b'<feedback xsi:noNamespaceSchemaLocation="dmarc.xsd"'),
        (b"<feedback", b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><feedback'),
        (b"</feedback>", b"</feedback></xs:schema>"),
        (b"</feedback>", b"</feedback>\0\0 and words"),
        (b"</feedback>", b"</feedback><feedback><report_metadata><error>x</error></report_metadata></feedback>"),
    ],
)
def test_dialects_of_others_are_read(before, after):
    """
    Prefixes that are not declared, a schema around the report that does not end, and octets behind it.
    """
    assert REPORT == read_xml(WHOLE.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"dmarc@ours.test", b"<dmarc@ours.test>", REPORT),
        (b"Ours &amp; Co", b"Ours & Co", REPORT),
        (b"Ours &amp; Co", b"A&B &nbsp; &#38; &lt;C", replace(REPORT, org_name="A&B &nbsp; & <C")),
        (b"Ours &amp; Co", b"Ours\0 Co\x0b", replace(REPORT, org_name="Ours? Co?")),
        (b'encoding="UTF-8"', b'encoding="utf-16"', REPORT),
        (b"<dkim>pass</dkim>", b"<dkim>Pass</dkim>", REPORT),
        (b"<disposition>pass<", b"<disposition>PASS<", REPORT),
        (b"<header_from>a.test", b"<header_from>A.Test", REPORT),
        (b"<result>softfail<", b"<result>SoftFail<", REPORT),
        (b"<p>reject", b"<p>Reject", REPORT),
        (b"<result>softfail<", b"<result>HardFail<", replace(REPORT, rows=(FAILS, ROWS[1]))),
        (b"<spf>\n", b"<spf><domain>mx.b.test</domain><scope>helo</scope><result>none</result></spf><spf>\n", REPORT),
        (b"</auth_results>", b"<spf><domain>c.test</domain><result>pass</result></spf></auth_results>", REPORT),
    ],
)
def test_what_others_write_amiss_is_read_as_they_mean_it(before, after, expected):
    """
    Brackets around an address, signs that are not escaped, control characters, the encoding that a library of .NET
    names, words in capitals, and a result for the name in HELO.
    """
    assert before in WHOLE
    assert expected == read_xml(WHOLE.replace(before, after, 1))


def test_a_reason_may_have_no_type_within_it():
    octets = re.sub(rb"<reason>.*?</reason>", b"<reason>local_policy</reason>", WHOLE, flags=re.DOTALL)
    assert ("local_policy", "") == (read_xml(octets).rows[1].reason, read_xml(octets).rows[1].comment)


def test_a_file_of_signs_grows_little():
    octets = b"<feedback>" + b"&" * 1_000_000
    began_s = time.process_time()
    with pytest.raises(SyntaxViolation):
        read_xml(octets)
    assert time.process_time() - began_s < 2


def test_a_report_within_a_schema_is_read():
    whole = WHOLE.replace(b"<feedback", b'<xs:schema xmlns:xs="x"><feedback', 1)
    whole = whole.replace(b"</feedback>", b"</feedback><feedback><record/></feedback></xs:schema>")
    assert REPORT == read_xml(whole)


def test_names_in_another_encoding_are_read():
    """
    Names of organizations come from files that are older than the report.
    """
    assert "Soci\ufffdt\ufffd" == read_xml(WHOLE.replace(b"Ours &amp; Co", b"Soci\xe9t\xe9")).org_name
    text = WHOLE.decode().partition("?>")[2].replace("Ours &amp; Co", "Société")
    for encoding, head in (("windows-1252", '<?xml version="1.0" encoding="windows-1252"?>'), ("utf-16", "")):
        assert "Société" == read_xml((head + text).encode(encoding)).org_name


def test_control_characters_of_strangers_do_not_break_it():
    """
    XML has no form for them.
    """
    row = replace(ROWS[0], header_from="a\x00\x1b\ud800\ufffe.test", comment="x" * 1000, reason="other")
    octets = compose_xml(replace(REPORT, rows=(row,)), "Empath 1")
    check_form(octets)
    found = read_xml(octets).rows[0]
    assert ("a????.test", 255) == (found.header_from, len(found.comment))


def test_text_that_steers_a_terminal_is_escaped():
    """
    A person sees it in a shell.
    """
    assert "a\\u202e" == read_xml(WHOLE.replace(b"Ours &amp; Co", "a\u202e".encode())).org_name


UNKNOWN = b'<?xml version="1.0" encoding="x-no"?><feedback/>'
BOMB = b'<!DOCTYPE f [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;">]><feedback>&b;</feedback>'


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (BOMB, "it has a document type, which no report needs"),
        (b'<!DOCTYPE f SYSTEM "file:///etc/passwd"><feedback/>', "it has a document type, which no report needs"),
        (b"<feedback>" + b"<a>" * 30, "it has too many elements, or too deep ones"),
        (b"<feedback>" + b"<a/>" * 600_000, "it has too many elements, or too deep ones"),
        (b"<feedback " + b" ".join(b"a%x=''" % number for number in range(20_000)) + b"/>", "it has too long a tag"),
        (b"<" + b"a" * 1_000_000 + b"/>", "it has too long a tag"),
        (b"<feedback><!--" + b" " * 1_000_000 + b"--></feedback>", "it has too long a tag"),
        (b"<feedback>", "it is not XML: no element found: line 1, column 10"),
        (b"", "it is not XML: no element found: line 1, column 0"),
        (b"<feedback>&a;</feedback>", "it lacks the domain or its report_id"),
        (
            UNKNOWN,
            "it is in an encoding that is not known: unknown encoding: x-no",
        ),
        (b"<feedback/>", "it lacks the domain or its report_id"),
        (b"<html><body>no</body></html>", "it lacks the domain or its report_id"),
        (WHOLE.replace(b"<count>3<", b"<count>-3<"), "its count is not a number"),
        (WHOLE.replace(b"<count>3<", b"<count>" + b"9" * 11 + b"<"), "its count is not a number"),
        (WHOLE.replace(b"<begin>86400<", b"<begin>x<"), "its begin is not a number"),
    ],
)
def test_what_is_no_report_is_refused(octets, words):
    """
    The file is that of a stranger: entities, depth and size must cost nothing.
    """
    with pytest.raises(SyntaxViolation, match="it") as raised:
        read_xml(octets)
    assert words == str(raised.value)


def test_long_text_is_no_long_tag():
    """
    Hosts put blanks between elements, and stories into them; both come in pieces.
    """
    blanks = b" \n" * 200_000
    assert read_xml(WHOLE) == read_xml(WHOLE.replace(b"<record>", blanks + b"<x>" + b"y" * 400_000 + b"</x><record>"))


def test_rows_beyond_the_bound_are_counted():
    """
    A report of a million rows fills no table.
    """
    record = WHOLE[WHOLE.index(b"<record>") : WHOLE.index(b"</record>") + 9]
    found = read_xml(WHOLE.replace(b"</feedback>", record * MOST_ROWS + b"</feedback>"))
    assert (MOST_ROWS, 2 * 3) == (len(found.rows), found.left_out)


def test_signatures_beyond_the_bound_are_left_out():
    """
    One row may have any number.
    """
    one = b"<dkim><domain>d</domain></dkim>"
    found = read_xml(WHOLE.replace(b"</auth_results>", one * 50 + b"</auth_results>", 1))
    assert (10, ("d", "", "")) == (len(found.rows[0].dkim_results), found.rows[0].dkim_results[-1])


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=6))
def test_a_damaged_report_is_read_or_refused(start, end, put):
    """
    Nothing else may come of it.
    """
    try:
        read_xml(WHOLE[:start] + put + WHOLE[end:])
    except SyntaxViolation:
        pass


def test_the_schema_is_beside_this_file():
    """
    The comparison would be skipped without a word.
    """
    assert Path(__file__).with_name("dmarc-2.0.xsd").is_file()
