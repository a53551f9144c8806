"""Reports of other hosts, as rows."""

import json
from dataclasses import replace

from empath.message.aggregate.dmarc import compose_xml
from empath.message.aggregate.dmarc_reading import MOST_ROWS, read_xml
from empath.message.aggregate.tls import MOST_FAILURES, read_json
from empath.storage.queue.received_reports import RECEIVED, KeepDmarcReport, KeepTlsReport, ReceivedBounds
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0
from tests.message.aggregate.kit import REPORT as DMARC
from tests.message.aggregate.test_tls import REPORT as TLS
from tests.message.aggregate.test_tls import WHOLE as WHOLE_TLS


def kept(report=DMARC, queue_id="1", now=T0, **more):
    """The work for a report of DMARC."""
    return KeepDmarcReport(report, sender="dmarc@big.test", queue_id=queue_id, now=now, **more)


def test_a_report_of_dmarc_is_a_row_for_each_result(queue):
    """
    The view has what the report said.
    """
    queue.run(kept())
    columns = "domain, org_name, source_ip, messages, disposition, dkim, spf, reason, header_from, author"
    assert [
        ("a.test", "Ours & Co", "192.0.2.1", 3, "pass", "pass", "fail", "", "a.test", None),
        ("a.test", "Ours & Co", "2001:db8::1", 1, "none", "fail", "fail", "local_policy", "x.a.test", None),
    ] == queue.select(f"SELECT {columns} FROM dmarc_report ORDER BY source_ip")
    assert [(4, 1)] == queue.select("SELECT messages, failed FROM _received_report")


def test_a_report_about_tls_is_a_row_for_each_result(queue):
    """
    Sessions without a failure are a row, too.
    """
    work = KeepTlsReport(TLS, sender="tls@big.test", queue_id="1", now=T0)
    queue.run(work)
    assert "a.test" == work.domain
    assert [
        ("a.test", "sts", "", 5326, ""),
        ("a.test", "sts", "certificate-expired", 100, "mx1.a.test"),
        ("a.test", "sts", "starttls-not-supported", 203, ""),
        ("a.test", "no-policy-found", "", 7, ""),
    ] == queue.select("SELECT policy_domain, policy_type, result, sessions, host FROM tls_report")
    assert [(5636, 303)] == queue.select("SELECT messages, failed FROM _received_report")


def test_a_report_without_policies_is_kept(queue):
    """
    A host may have seen nothing.
    """
    queue.run(KeepTlsReport(replace(TLS, policies=()), sender="", queue_id="1", now=T0))
    assert [("", 0)] == queue.select("SELECT domain, messages FROM _received_report")


def test_the_same_report_counts_once(queue):
    """
    A host that is not sure sends it again; so does a worker that dies.
    """
    first, second, other = kept(), kept(), kept(replace(DMARC, report_id="2"))
    for work in (first, second, other):
        queue.run(work)
    assert (False, True, False) == (first.is_known, second.is_known, other.is_known)
    assert [(4,)] == queue.select("SELECT count(*) FROM dmarc_report")


def test_reports_of_two_days_may_have_one_id(queue):
    """
    Some hosts make it of what does not change from day to day.
    """
    days = [kept(replace(DMARC, begin_at=begin, end_at=begin + 86_400)) for begin in (86_400, 172_800)]
    for work in days:
        queue.run(work)
    assert [False, False] == [work.is_known for work in days]
    assert [(8,)] == queue.select("SELECT sum(messages) FROM dmarc_report")


def test_the_message_says_whether_its_author_is_proven(queue):
    """
    Anybody may write a report in the name of others.
    """
    queue.run(queue.new_accept("a.test"))
    [(queue_id,)] = queue.select("SELECT ulid FROM _message")
    queue.write("""UPDATE _message SET authentication = '{"dmarc": "pass", "author": "big.test"}'""")
    queue.run(kept(queue_id=queue_id))
    assert [("big.test",)] == queue.select("SELECT DISTINCT author FROM dmarc_report")


def test_there_is_a_bound(queue):
    """
    The oldest report goes; rows without a place are counted.
    """
    bounds = ReceivedBounds(reports=2, rows=3)
    for number in range(3):
        queue.run(kept(replace(DMARC, report_id=str(number)), now=T0 + number, bounds=bounds))
    assert [("1", 1, 1), ("2", 0, 2)] == queue.select(
        "SELECT report_id, left_out, row_count FROM _received_report ORDER BY report_id"
    )
    assert [(3,)] == queue.select("SELECT count(*) FROM _received_dmarc")


def test_old_reports_are_forgotten_with_their_rows(queue):
    """
    After the time that [dmarc_reports] keep says.
    """
    queue.run(kept(), KeepTlsReport(TLS, sender="", queue_id="1", now=T0))
    reader = queue.engine.open_reader()
    assert outdated(reader, RECEIVED, T0 - 1) is None
    work = outdated(reader, RECEIVED, T0)
    reader.close()
    assert work is not None
    queue.run(work)
    for table in ("_received_report", "_received_dmarc", "_received_tls"):
        assert [] == queue.select(f"SELECT * FROM {table}")


ODD = "\U000e0001" * 300  # each is ten characters where it is shown


def test_the_largest_reports_are_kept(queue):
    """
    A bound of the table that a report can pass would have its mail tried for days.
    """
    lines = [f"mx: {'a' * 240}"] * 50
    tls = json.loads(WHOLE_TLS) | {"organization-name": ODD, "report-id": ODD}
    first = tls["policies"][0]
    first["policy"] |= {"policy-domain": ODD, "policy-string": lines}
    first["summary"] = dict.fromkeys(first["summary"], 10**10)
    tls["policies"] = [first] * 20
    queue.run(KeepTlsReport(read_json(json.dumps(tls).encode()), sender="", queue_id="1", now=T0))
    xml = compose_xml(replace(DMARC, org_name="x", report_id="y"), "x").replace(b">x<", f">{ODD}<".encode())
    xml = xml.replace(b">y<", f">{ODD}<".encode()).replace(b"<count>3<", b"<count>9999999999<")
    xml = xml.replace(b"<domain>a.test<", f"<domain>{ODD}<".encode())
    queue.run(kept(read_xml(xml)))
    assert [(255, 255)] * 2 == queue.select("SELECT length(org_name), length(report_id) FROM _received_report")
    [(policy,)] = queue.select("SELECT policy FROM _received_report WHERE kind = 'tls'")
    assert [lines[:32]] == json.loads(policy)


def test_the_sum_of_all_that_is_kept_is_a_number():
    """
    SQL gives an error instead of a sum that is too large, and the list of reporters would be gone.
    """
    bounds = ReceivedBounds()
    assert bounds.reports * MOST_ROWS * 10**10 < 2**63
    assert bounds.reports * 2 * (1_000 + MOST_FAILURES) * 10**10 < 2**63
