"""Reports to senders: each is sent once, by a normal message that is routed like any other."""

import email
import itertools
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.service import PORT, Service, address
from tests.kit.peer import ScriptedPeer
from tests.kit.queue import violations, write
from tests.kit.waiting import eventually

NO_SECOND_TRY = '[retry]\nlifetime = "0s"\n'


def blocks(content):
    """Fields of a report: of the message, then of each recipient."""
    found: Any = email.message_from_bytes(content)
    assert "multipart/report" == found.get_content_type()
    return [dict(block.items()) for block in found.get_payload()[1].get_payload()]


def settled(service, ulid):
    """Whether no recipient of a message waits and no report on it is due."""
    return not service.rows(
        "SELECT 1 FROM _message AS m JOIN _recipient AS r USING (message_id)"
        " LEFT JOIN _notice AS n USING (recipient_id)"
        " WHERE ulid = ? AND (r.status IN ('queued', 'leased') OR n.notice_id IS NOT NULL)",
        ulid,
    )


@pytest.fixture
def sender(service):
    """The domain of a sender, and the peer that gets its mail."""
    domain, peer = service.next_way()
    with peer:
        yield domain, peer


def test_one_report_for_all_recipients_that_failed(service, way, sender):
    """
    Recipients of two domains are refused at RCPT: one report has what the sender asked for. The delivered recipient is
    not in it.
    """
    domain, peer = way
    home, inbox = sender
    other, second = service.next_way()
    peer.reply_to_recipient(f"no@{domain}", "550 5.1.1 Who?").reply_to_recipient(f"never@{domain}", "550 5.1.1 Who?")
    second.reply("MAIL", "554 5.7.1 Not you")
    with peer, second, service.client() as client:
        ulid = client.mail(
            f"<s@{home}> RET=HDRS ENVID=QQ+2B1",
            f"<no@{domain}> ORCPT=rfc822;old@{domain}",
            f"<never@{domain}> NOTIFY=NEVER",
            f"<yes@{domain}>",
            f"<r@{other}>",
            content=b"Message-ID: <1@x>\r\nSubject: s\r\n\r\ntext\r\n",
        )
        [report] = inbox.wait_for_messages(1)
    assert ("", (f"s@{home}",)) == (report.reverse_path, report.recipients)
    found: Any = email.message_from_bytes(report.content)
    assert ("<1@x>", "<1@x>", "auto-replied") == (found["References"], found["In-Reply-To"], found["Auto-Submitted"])
    assert "text/rfc822-headers" == found.get_payload()[2].get_content_type()
    message, *recipients = blocks(report.content)
    assert ("dns; mx.example.test", "QQ+1") == (message["Reporting-MTA"], message["Original-Envelope-Id"])
    assert [
        (f"rfc822; old@{domain}", f"rfc822; no@{domain}", "5.1.1", "smtp; 550 5.1.1 Who?"),
        (None, f"rfc822; r@{other}", "5.7.1", "smtp; 554 5.7.1 Not you"),
    ] == sorted(
        (
            (block.get("Original-Recipient"), block["Final-Recipient"], block["Status"], block["Diagnostic-Code"])
            for block in recipients
        ),
        key=lambda row: row[1:],
    )
    eventually(lambda: settled(service, ulid), "settled")
    assert 1 == len(inbox.messages)


def test_five_recipients_at_three_domains_have_each_their_fate_and_one_report(service, names, sender):
    """
    One recipient is accepted, one deferred and one refused; one has no such domain, one a domain without mail. The
    queue has the reasons. The sender gets one report for the three failures.
    """
    home, inbox = sender
    names.mx("all.mx.test", (10, "mx.all.test")).a("mx.all.test", address(223)).mx("null.mx.test", (0, "."))
    peer = ScriptedPeer(address(223), PORT)
    peer.reply_to_recipient("later@all.mx.test", "450 4.2.1 Full").reply_to_recipient(
        "no@all.mx.test", "550 5.1.1 Who?"
    )
    paths = [f"<{name}@all.mx.test>" for name in ("yes", "later", "no")]
    with peer, service.client() as client:
        ulid = client.mail(f"<s@{home}>", *paths, "<r@gone.mx.test>", "<r@null.mx.test>")
        [report] = inbox.wait_for_messages(1)
        eventually(lambda: settled(service, ulid), "settled")
    said = "SELECT recipient, status, last_reply FROM queue WHERE id = ?1 UNION ALL"
    said += " SELECT recipient, status, last_reply FROM history WHERE id = ?1 ORDER BY recipient"
    assert [
        ("later@all.mx.test", "deferred", "450 4.2.1 Full"),
        ("no@all.mx.test", "bounced", "550 5.1.1 Who?"),
        ("r@gone.mx.test", "bounced", "550 5.4.4 "),
        ("r@null.mx.test", "bounced", "556 5.1.10"),
        ("yes@all.mx.test", "delivered", "250 2.0.0 "),
    ] == [
        (recipient, status, reply if recipient[:2] in ("la", "no") else reply[:10])
        for recipient, status, reply in service.rows(said, ulid)
    ]
    _, *failed = blocks(report.content)
    told = sorted((block["Final-Recipient"], block["Action"], block["Status"]) for block in failed)
    assert [
        ("rfc822; no@all.mx.test", "failed", "5.1.1"),
        ("rfc822; r@gone.mx.test", "failed", "5.4.4"),
        ("rfc822; r@null.mx.test", "failed", "5.1.10"),
    ] == told
    assert 1 == len(inbox.messages)
    service.order("delete", "--id", ulid, "--yes")


def test_notify_never_is_silent(service, way, sender):
    """
    H3: the status is final without a report.
    """
    domain, peer = way
    home, inbox = sender
    peer.reply("RCPT", "550 5.1.1 Who?")
    with peer, service.client() as client:
        ulid = client.mail(f"<s@{home}>", f"<a@{domain}> NOTIFY=NEVER", f"<b@{domain}> NOTIFY=SUCCESS,DELAY")
        service.wait_status(ulid, "bounced", "bounced")
    assert settled(service, ulid)
    assert [] == inbox.messages


def test_parameters_of_dsn_are_passed_on(service, way):
    """
    D2: a host that offers DSN gets them, in xtext as they came. That host then reports, and Empath reports no success.
    """
    domain, peer = way
    peer.extensions("PIPELINING", "DSN")
    with peer, service.client() as client:
        client.mail(
            "<s@example.org> RET=FULL ENVID=a+2Bb", f"<r@{domain}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;R+2B@{domain}"
        )
        peer.wait_for_messages(1)
    said = [command for session in peer.sessions for command in session.commands]
    assert any("RET=FULL ENVID=a+2Bb" in command for command in said), said
    assert any(f"NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;R+2B@{domain}" in command for command in said), said


def test_d2_a_success_is_relayed_at_a_host_without_dsn(service, way, sender):
    """
    RFC 3461 §5.2.2: nobody else will tell the sender. The header of the original comes back, although it has been
    delivered to all.
    """
    domain, peer = way
    home, inbox = sender
    peer.extensions("PIPELINING")
    with peer, service.client() as client:
        content = b"Subject: s\r\n\r\ntext\r\n"
        ulid = client.mail(f"<s@{home}> RET=FULL ENVID=a+2Bb", f"<r@{domain}> NOTIFY=SUCCESS", content=content)
        [report] = inbox.wait_for_messages(1)
        eventually(lambda: settled(service, ulid), "settled")
    message, recipient = blocks(report.content)
    assert ("a+b", "relayed", "2.0.0") == (
        message["Original-Envelope-Id"], recipient["Action"], recipient["Status"]
    )  # fmt: skip
    found: Any = email.message_from_bytes(report.content)
    assert ("text/rfc822-headers", True) == (
        found.get_payload()[2].get_content_type(), b"Subject: s" in report.content
    )  # fmt: skip
    assert [(None,)] == service.rows("SELECT content_locator FROM _message WHERE ulid = ?", ulid)


def test_a_return_by_order_is_reported_with_its_reason(service, way, sender):
    """
    I5: with the reply of the last deferral.
    """
    domain, peer = way
    home, inbox = sender
    with peer.reply("RCPT", "450 4.2.1 Busy"), service.client() as client:
        ulid = client.mail(f"<s@{home}>", f"<r@{domain}>")
        service.wait_status(ulid, "deferred")
        service.shell(f"UPDATE queue SET status = 'expired' WHERE id = '{ulid}'")
        [report] = inbox.wait_for_messages(1)
    [_, recipient] = blocks(report.content)
    assert ("failed", "4.2.1") == (recipient["Action"], recipient["Status"])
    assert "X-Empath; administratively expired (last reply: 450 4.2.1 Busy)" == recipient["Diagnostic-Code"].replace(
        "\r\n", ""
    )


def test_a_report_that_fails_is_discarded(service, way):
    """
    H6: a mail to the postmaster for each of them could become a flood. The log has a line.
    """
    domain, peer = way
    peer.reply("RCPT", "550 5.1.1 Who?")
    with peer, service.client() as client:
        ulid = client.mail(f"<s@{domain}>", f"<r@{domain}>")
        report = service.wait_for("report_queued", queue_id=ulid)["report"]
        discarded = service.wait_for("report_discarded", queue_id=report)
    assert ("", 1) == (discarded["sender"], discarded["recipients"])


def test_mail_to_the_double_bounce_address_is_discarded(service):
    """
    H6: it is accepted from anyone, because a refusal would cause one more report. Other mailboxes of this host are not
    relayed to.
    """
    with service.client() as client:
        ulid = client.mail("<>", "<Double-Bounce@MX.example.test>")
    service.wait_status(ulid, "delivered")
    assert [] == list(service.in_maildir(ulid))


@pytest.fixture
def hasty(tmp_path) -> Iterator[Service]:
    """An instance that retries soon, reports delays at once, and tries reports only once."""
    more = (
        '[retry]\njitter = 0.0\ndelay_warning_time = "500ms"\nbounce_lifetime = "0s"\n'
        '[reports]\nwithout_sender = "digest"\ndigest_period = "1s"\n[destinations."*"]\nretry = "1s 7s"\n'
    )
    instance = Service(tmp_path / "hasty", more)
    try:
        yield instance.start()
        assert 0 == instance.stop()
        assert [] == instance.faults()
        assert {} == violations(instance.queue)
    finally:
        instance.clean_up()


def test_a_delay_is_told_of_once_and_a_failure_after_it(hasty):
    """
    I3, and the delays of the destination: one second, then seven; one warning after the second attempt.
    """
    domain, peer = hasty.next_way()
    home, inbox = hasty.next_way()
    peer.reply("RCPT", "450 4.2.1 Busy", "450 4.2.2 Full", "550 5.2.1 Closed")
    with peer, inbox, hasty.client() as client:
        ulid = client.mail(f"<s@{home}>", f"<r@{domain}>")
        hasty.wait_status(ulid, "bounced")
        reports = inbox.wait_for_messages(2)
        eventually(lambda: settled(hasty, ulid), "settled")
    found = [blocks(report.content)[1] for report in reports]
    assert [("delayed", "4.2.2"), ("failed", "5.2.1")] == [(block["Action"], block["Status"]) for block in found]
    assert "Will-Retry-Until" in found[0]
    assert 2 == len(inbox.messages)
    starts = [at for (at,) in hasty.rows("SELECT started_at FROM _attempt AS a JOIN _recipient USING (recipient_id)"
                                         " WHERE domain = ? ORDER BY attempt_id", domain)]  # fmt: skip
    first, second = (later - earlier for earlier, later in itertools.pairwise(starts))
    assert (True, True) == (first >= 1.0, second >= 7.0)


def test_mail_without_a_sender_has_a_lifetime_of_its_own(hasty):
    """
    I2: a lifetime of 0 is exactly one attempt. With the setting "digest", the postmaster gets the last reply.
    """
    domain, peer = hasty.next_way()
    peer.reply("RCPT", "450 4.2.1 Busy")
    with peer, hasty.client() as client:
        ulid = client.mail("<>", f"<r@{domain}>")
        hasty.wait_status(ulid, "expired")
        [mail] = eventually(lambda: list(hasty.delivered()), "the postmaster has a report")
    assert [(f"r@{domain}", "expired", "rcpt")] == [row[:3] for row in hasty.attempts(ulid)]
    assert b"Return-Path: <double-bounce@mx.example.test>" in mail
    assert f"<r@{domain}>\n    450 4.2.1 Busy\n".encode() in mail.replace(b"\r\n", b"\n")


def test_held_mail_is_neither_tried_nor_expired(hasty):
    """
    I4: its age does not matter. Released mail gets one attempt first.
    """
    domain, peer = hasty.next_way()
    with hasty.client() as client, peer.reply("RCPT", "450 4.2.1 Busy"):
        hasty.order("freeze")
        ulid = client.mail("<>", f"<r@{domain}>")
        hasty.shell(f"UPDATE queue SET status = 'held' WHERE id = '{ulid}'")
        hasty.order("thaw")
        other = client.mail("<>", f"<r@{hasty.next_way()[0]}>")
        hasty.wait_status(other, "expired")
        assert ([(f"r@{domain}", "held")], []) == (hasty.recipients(ulid), hasty.attempts(ulid))
        hasty.shell(f"UPDATE queue SET status = 'queued' WHERE id = '{ulid}'")
        hasty.wait_status(ulid, "expired")
    assert 1 == len(hasty.attempts(ulid))


def test_a_kill_of_the_housekeeper_costs_no_report(make_empathd):
    """
    The next housekeeper makes the report, once.
    """
    instance = make_empathd(routes='"no.test" = "smtp://127.0.0.1:1"\n"*" = "maildir:mail"', more=NO_SECOND_TRY).start()
    write(
        instance.queue,
        "CREATE TRIGGER refuse BEFORE INSERT ON _message WHEN new.listener = 'report'"
        " BEGIN SELECT raise(ABORT, 'refused by the test'); END",
    )
    instance.send("r@no.test")
    instance.wait_for("report_failed")
    os.kill(instance.pid_of("housekeeper-1"), signal.SIGKILL)
    instance.wait_for("process_ready", slot="housekeeper-1", generation=2)
    write(instance.queue, "DROP TRIGGER refuse")
    instance.wait_for("report_queued", kind="failure", recipients=1, to="sender@example.test")
    [mail] = eventually(lambda: list(instance.delivered()), "reported")
    assert "rfc822; r@no.test" == blocks(mail)[1]["Final-Recipient"]
    assert 1 == len(instance.named("report_queued"))
