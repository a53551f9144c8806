"""empath-admin reports."""

import time
from dataclasses import replace

from empath.message.aggregate.dmarc_reading import read_xml
from empath.message.aggregate.tls import read_json
from empath.storage.queue.domain_reports import CloseReport, CountDmarc, Period, due_period
from empath.storage.queue.received_reports import KeepDmarcReport, KeepTlsReport
from empath.storage.queue.tls_counts import CountTls, TlsCount
from tests.cli.admin.kit import AdminTool
from tests.daemon.housekeeper.test_domain_reporter import ROW
from tests.kit.queue import T0, select, write
from tests.message.aggregate.kit import REPORT as DMARC
from tests.message.aggregate.test_tls import REPORT as TLS

PERIOD = Period.around(T0, 86_400)


def counted(tool: AdminTool) -> None:
    """Something is counted for a.test."""
    tool.queue.run(CountDmarc({ROW: 3}, PERIOD))


def test_the_list_has_what_is_counted_and_what_was_sent(tool: AdminTool) -> None:
    """
    An operator sees who got what, and why somebody got nothing.
    """
    counted(tool)
    reader = tool.queue.engine.open_reader()
    period = due_period(reader, PERIOD.end_at + 86_400)
    reader.close()
    assert period is not None
    tool.queue.run(CloseReport(period, None, now=T0, reason="no address takes reports about this domain"))
    tool.queue.run(CountDmarc({ROW: 5}, Period(PERIOD.end_at, PERIOD.end_at + 86_400)))
    new, old = tool.records("reports", "list")
    assert ("open", 5, None) == (new["state"], new["messages"], new["reason"])
    assert ("dropped", 3, "no address takes reports about this domain") == (
        *(old["state"], old["messages"], old["reason"]),
    )
    heads, *rows = tool.lines("reports", "list")
    assert ["NUMBER", "KIND", "DOMAIN", "BEGIN", "STATE", "DUE", "MESSAGES", "TO", "REASON"] == heads.split()
    assert 2 == len(rows)
    assert ["empath-admin: 1 report"] == tool.words("reports", "list", "--limit", "1")
    assert ["empath-admin: 0 reports"] == tool.words("reports", "list", "--kind", "tls")
    assert 3 == len(tool.lines("reports", "list", "--kind", "dmarc"))


def test_a_report_is_shown_before_it_is_sent(tool: AdminTool) -> None:
    """
    It is the file itself, and nothing changes.
    """
    counted(tool)
    found = read_xml("\n".join(tool.lines("reports", "show", "a.test")).encode())
    assert ("a.test", 3) == (found.domain, found.messages)
    result = tool.run("reports", "show", "b.test")
    assert (66, True) == (result.code, "nothing is counted for a report about b.test" in result.err)


def test_a_report_is_made_when_a_person_wants_it(tool: AdminTool) -> None:
    """
    The order is in the audit.
    """
    begin_at = int(time.time()) + 86_400
    tool.queue.run(CountDmarc({ROW: 3}, Period(begin_at, begin_at + 86_400)))
    assert ["the report about a.test is due now"] == tool.lines("reports", "send", "a.test")
    [(due,)] = select(tool.path, "SELECT due_unix FROM report_sent")
    assert due < begin_at
    assert [("report_sent due_unix",)] == select(tool.path, "SELECT what FROM audit WHERE what LIKE 'report_sent%'")
    assert 66 == tool.run("reports", "send", "b.test").code


def test_a_shell_may_change_when_a_report_is_made_and_nothing_else(tool: AdminTool) -> None:
    """
    A report that was sent has no time any more.
    """
    counted(tool)
    tool.queue.close()
    write(tool.path, "UPDATE report_sent SET due_at = '2030-01-01 00:00:00'")
    assert [("2030-01-01 00:00:00",)] == select(tool.path, "SELECT due_at FROM report_sent")
    for statement, words in (
        ("UPDATE report_sent SET due_at = NULL", "due_at takes Unix seconds"),
        ("UPDATE report_sent SET due_at = 'now', due_unix = 2e9", "set due_at or due_unix, not both"),
        ("UPDATE report_sent SET state = 'sent'", "report_sent takes due_at of an open report"),
    ):
        assert words in refused(tool, statement)
    write(tool.path, "DELETE FROM _dmarc_count; UPDATE _report_period SET state = 'sent', closed_at = 1")
    assert "only an open one has a time" in refused(tool, "UPDATE report_sent SET due_at = 'now'")


def refused(tool: AdminTool, statement: str) -> str:
    """Why *statement* is refused."""
    try:
        write(tool.path, statement)
    except Exception as exc:  # noqa: BLE001 - of whatever library
        return str(exc)
    return "it is not"


def test_what_others_report_is_added_up(tool: AdminTool) -> None:
    """
    By who reports, and the domain.
    """
    for number in range(2):
        report = replace(DMARC, report_id=str(number))
        tool.queue.run(KeepDmarcReport(report, sender="", queue_id="1", now=T0))
    tool.queue.run(KeepTlsReport(TLS, sender="", queue_id="1", now=T0))
    found = [tuple(each.values())[:6] for each in tool.records("reports", "received")]
    assert [("dmarc", "a.test", "Ours & Co", 2, 8, 2), ("tls", "a.test", "Ours", 1, 5636, 303)] == found
    assert 3 == len(tool.lines("reports", "received"))
    assert ["empath-admin: 2 reporters"] == tool.words("reports", "received")
    assert ["empath-admin: 1 reporter"] == tool.words("reports", "received", "--kind", "tls")


def test_a_report_about_tls_is_shown(tool: AdminTool) -> None:
    """
    As JSON.
    """
    tool.queue.run(CountTls(None, 0, {}), CountTls(0, 1, {PERIOD: {TlsCount("a.test", "sts", "", "", "", ""): 7}}))
    found = read_json("\n".join(tool.lines("reports", "show", "a.test", "--kind", "tls")).encode())
    assert ("sts", 7) == (found.policies[0].kind, found.sessions)
    assert ["the report about a.test is due now"] == tool.lines("reports", "send", "a.test", "--kind", "tls")
