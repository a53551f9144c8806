"""Replies of the next hop become rows: fates, attempts, notices, and the time of the next attempt."""

import pytest

from tests.e2e.service import PORT, address
from tests.kit.peer import END_OF_DATA, GREETING, ScriptedPeer
from tests.kit.waiting import eventually


def brief(attempts):
    """Address, outcome, stage, and code with enhanced code of each attempt."""
    return [(*row[:3], row[3][:9]) for row in attempts]


def test_recipients_of_one_message_have_each_their_fate(service, way):
    """
    250, 450 and 550 to RCPT: DATA is for one recipient, each has an attempt, and only the failure is reported.
    """
    domain, peer = way
    peer.reply_to_recipient(f"later@{domain}", "450 4.2.1 Busy").reply_to_recipient(f"no@{domain}", "550 5.1.1 Who?")
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org>", f"<later@{domain}>", f"<no@{domain}>", f"<yes@{domain}>")
        service.wait_status(ulid, "deferred", "bounced", "delivered")
        [message] = peer.wait_for_messages(1)
    assert (f"yes@{domain}",) == message.recipients
    expected = [
        (f"later@{domain}", "deferred", "rcpt", "450 4.2.1"),
        (f"no@{domain}", "bounced", "rcpt", "550 5.1.1"),
        (f"yes@{domain}", "delivered", "end-of-data", "250 2.0.0"),
    ]
    assert expected == brief(service.attempts(ulid))
    report = service.wait_for("report_queued", queue_id=ulid)
    assert ("failure", 1, "a@example.org") == (report["kind"], report["recipients"], report["to"])


def test_an_edit_from_a_bare_shell_wakes_delivery(service, way):
    """
    The sqlite3 of the system sets next_retry_at to now; only the waiting recipient is tried again.
    """
    domain, peer = way
    peer.reply_to_recipient(f"later@{domain}", "450 4.2.1 Busy", "250 2.1.5 Ok")
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org>", f"<later@{domain}>", f"<yes@{domain}>")
        service.wait_status(ulid, "deferred", "delivered")
        service.shell(
            f"UPDATE _recipient SET next_retry_at = unixepoch() WHERE domain = '{domain}' AND status = 'deferred'"
        )
        service.wait_status(ulid, "delivered", "delivered")
        messages = peer.wait_for_messages(2)
    assert [(f"yes@{domain}",), (f"later@{domain}",)] == [message.recipients for message in messages]
    assert messages[0].content == messages[1].content
    assert [(1,), (2,)] == service.rows("SELECT attempts FROM _recipient WHERE domain = ? ORDER BY attempts", domain)


def test_an_order_to_retry_wakes_delivery(service, way):
    """
    The peer was down and is up again; its mail need not wait an hour.
    """
    domain, peer = way
    with service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        service.wait_status(ulid, "deferred")
    assert [(f"b@{domain}", "deferred", "connect", "451 4.4.1")] == brief(service.attempts(ulid))
    with peer:
        service.order("retry", "--id", ulid)
        service.wait_status(ulid, "delivered")
    [attempt, _] = service.rows(
        "SELECT host, decided_status, decided_next_retry_at > started_at + 2000 FROM _attempt WHERE destination = ?",
        f"smtp:{peer.host}:{peer.port}",
    )
    assert (peer.host, "deferred", 1) == attempt


@pytest.mark.parametrize("is_reset", [False, True])
def test_a_connection_that_is_lost_after_the_final_dot_defers(service, way, is_reset):
    """
    RFC 5321 §4.5.5: the peer may have it, and a duplicate is better than a loss. No other host is tried.
    """
    domain, peer = way
    with peer.drop_at(END_OF_DATA, is_reset=is_reset), service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        service.wait_status(ulid, "deferred")
    assert [(f"b@{domain}", "deferred", "end-of-data", "451 4.4.2")] == brief(service.attempts(ulid))
    [event] = service.named("delivery_in_doubt", queue_id=ulid)
    assert ("warning", 1, f"{peer.host}:{peer.port}") == (event["level"], event["recipients"], event["host"])


@pytest.mark.parametrize("step", [GREETING, "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_connection_that_is_lost_before_defers(service, way, step):
    """
    The stage does not matter.
    """
    domain, peer = way
    with peer.drop_at(step), service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        service.wait_status(ulid, "deferred")
    [(_, outcome, stage, text)] = service.attempts(ulid)
    assert ("deferred", step.lower(), "451 4.4.2") == (outcome, stage, text[:9])


@pytest.mark.parametrize(
    ("step", "reply", "status"),
    [
        (GREETING, "554 5.7.1 Go away", "deferred"),  # no transaction was begun
        ("MAIL", "550 5.7.1 Not you", "bounced"),
        ("MAIL", "451 4.7.1 Later", "deferred"),
        ("RCPT", "552 5.5.3 Too many", "deferred"),  # RFC 5321 §4.5.3.1.10
        ("RCPT", "354 What?", "bounced"),  # 5.5.0: a reply out of place
        ("DATA", "554 5.5.1 No", "bounced"),
        (END_OF_DATA, "552 5.3.4 Too big", "bounced"),
        (END_OF_DATA, "421 4.3.2 Closing", "deferred"),
        (END_OF_DATA, b"250-a\r\n550 b\r\n", "bounced"),  # the last line decides
        (END_OF_DATA, b"\xff\xff\x00 what\r\n451 4.7.1 \xff\x00 Later\r\n", "deferred"),  # noise is passed over
    ],
)
def test_a_refusal_becomes_the_fate_of_its_stage(service, way, step, reply, status):
    """
    RFC 5321 §4.2.1.
    """
    domain, peer = way
    with peer.reply(step, reply), service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        service.wait_status(ulid, status)
    assert [(f"b@{domain}", status)] == [row[:2] for row in service.attempts(ulid)]
    assert service.rows("SELECT last_reply FROM _recipient WHERE domain = ?", domain)[0][0].isprintable()


def test_connections_are_used_again(service, way):
    """
    A backlog goes over fewer connections than it has messages.
    """
    domain, peer = way
    service.order("freeze")
    with service.client() as client:
        for number in range(30):
            client.mail("<a@example.org>", f"<b{number}@{domain}>")
    with peer:
        service.order("thaw")
        messages = peer.wait_for_messages(30, deadline_s=20.0)
        eventually(lambda: not service.rows("SELECT 1 FROM queue WHERE domain = ?", domain), "all settled")
        assert len(peer.sessions) <= 10
    assert {f"b{number}@{domain}" for number in range(30)} == {message.recipients[0] for message in messages}


def test_a_waiting_connection_takes_later_mail_too(service, way):
    """
    A lease leaves its connection to the next one.
    """
    domain, peer = way
    with peer, service.client() as client:
        for _ in range(3):
            service.wait_status(client.mail("<a@example.org>", f"<b@{domain}>"), "delivered")
        assert (1, 3) == (len(peer.sessions), len(peer.messages))


def test_a_waiting_connection_that_the_peer_closed_is_replaced(service, way):
    """
    The attempt does not count as failed.
    """
    domain, peer = way
    with peer.drop_once_answered(END_OF_DATA), service.client() as client:
        ulids = []
        for _ in range(3):
            ulids.append(client.mail("<a@example.org>", f"<b@{domain}>"))
            service.wait_status(ulids[-1], "delivered")
            eventually(lambda: peer.open_sessions == 0, "closed by the peer")
        assert 3 == len(peer.sessions)
    assert [["delivered"]] * 3 == [[outcome for _, outcome, *_ in service.attempts(ulid)] for ulid in ulids]


def test_a_waiting_connection_that_the_peer_took_leave_of_is_replaced(service, way):
    """
    The peer says 421 to MAIL on a connection that had waited.
    """
    domain, peer = way
    with peer.reply("MAIL", "250 Ok", "421 4.4.2 Idle too long", "250 Ok"), service.client() as client:
        for _ in range(2):
            ulid = client.mail("<a@example.org>", f"<b@{domain}>")
            service.wait_status(ulid, "delivered")
        assert (2, 2) == (len(peer.sessions), len(peer.messages))
    assert ["delivered"] == [outcome for _, outcome, *_ in service.attempts(ulid)]


def test_a_peer_that_is_not_used_again_is_not_asked_again(service, way):
    """
    A session out of step may take one mail for another.
    """
    domain, peer = way
    with peer.reply(END_OF_DATA, b"250 Ok\r\n250 Once more\r\n", "250 Ok"), service.client() as client:
        for _ in range(2):
            service.wait_status(client.mail("<a@example.org>", f"<b@{domain}>"), "delivered")
        assert (2, 2) == (len(peer.sessions), len(peer.messages))


def test_the_next_host_is_tried_where_the_first_is_down(service, two_hosts):
    """
    Each host has a row with its address, and with the time to connect if there was a session.
    """
    _, second = two_hosts
    with second, service.client() as client:
        ulid = client.mail("<a@example.org>", "<down@hosts.mx.test>")
        service.wait_status(ulid, "delivered")
    assert [
        ("down@hosts.mx.test", "next_host", "connect", "451 4.4.1"),
        ("down@hosts.mx.test", "delivered", "end-of-data", "250 2.0.0"),
    ] == brief(service.attempts(ulid))
    assert [(f"{address(201)}:2526", 0, "unchanged"), (f"{address(202)}:2526", 1, "delivered")] == service.rows(
        "SELECT peer_address, ifnull(connect_s <= duration_s, 0), decided_status FROM attempt WHERE id = ?",
        ulid,
    )
    [event] = service.named("host_failed", queue_id=ulid)
    assert ("one.hosts.test", "connect", True) == (
        event["host"],
        event["stage"],
        event["reply"].startswith("451 4.4.1"),
    )


def test_only_recipients_that_the_first_host_deferred_go_to_the_next(service, two_hosts):
    """
    RFC 5321 §5.1: the next host is not asked about recipients that were delivered or refused for good.
    """
    first, second = two_hosts
    first.reply_to_recipient("later@hosts.mx.test", "450 4.2.1 Busy")
    first.reply_to_recipient("no@hosts.mx.test", "550 5.1.1 Who?")
    with first, second, service.client() as client:
        ulid = client.mail("<a@example.org>", "<later@hosts.mx.test>", "<no@hosts.mx.test>", "<yes@hosts.mx.test>")
        service.wait_status(ulid, "delivered", "bounced", "delivered")
        [there] = second.wait_for_messages(1)
        [here] = first.wait_for_messages(1)
    assert (("yes@hosts.mx.test",), ("later@hosts.mx.test",)) == (here.recipients, there.recipients)
    assert ["RCPT TO:<later@hosts.mx.test>"] == [c for c in second.sessions[-1].commands if c.startswith("RCPT")]


def test_mail_hosts_are_tried_by_preference(service, names):
    """
    The DNS gives MX records.
    """
    hosts = [address(number) for number in (211, 212, 213)]
    names.mx("by.mx.test", (30, "c.test"), (10, "a.test"), (20, "b.test"))
    names.a("a.test", hosts[0]).a("b.test", hosts[1]).a("c.test", hosts[2])
    with ScriptedPeer(hosts[1], PORT) as peer, ScriptedPeer(hosts[2], PORT) as last, service.client() as client:
        ulid = client.mail("<a@example.org>", "<b@by.mx.test>")
        service.wait_status(ulid, "delivered")
        assert (1, 0) == (len(peer.messages), len(last.sessions))
    assert ["a.test"] == [event["host"] for event in service.named("host_failed", queue_id=ulid)]
    assert [("a.test", "next_host"), ("b.test", "delivered")] == service.rows(
        "SELECT host, outcome FROM _attempt WHERE destination = 'by.mx.test' ORDER BY attempt_id"
    )


@pytest.mark.parametrize(
    ("domain", "status", "reply"),
    [
        ("null.mx.test", "bounced", "556 5.1.10"),
        ("gone.mx.test", "bounced", "550 5.4.4 "),
        ("broken.mx.test", "deferred", "451 4.4.3 "),
    ],
)
def test_what_the_dns_says_becomes_a_fate_without_any_connection(service, names, domain, status, reply):
    """
    RFC 7505 §4.2 for the null MX; a server that fails says nothing about the domain.
    """
    names.mx("null.mx.test", (0, ".")).fail("broken.mx.test", "MX")
    with service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        service.wait_status(ulid, status)
    [(_, outcome, stage, text)] = service.attempts(ulid)
    assert (status, "dns", reply) == (outcome, stage, text[:10])


def test_mail_whose_file_is_gone_is_held_and_the_peer_is_left(service, way):
    """
    A person must look. The connection of the begun transaction is closed, so that the peer accepts no half mail.
    """
    domain, peer = way
    service.order("freeze")
    with service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>", content=b"X: y\r\n\r\n" + b"z" * 400_000 + b"\r\n")
    for file in service.spool.rglob(ulid):
        file.unlink()
    with peer:
        service.order("thaw")
        service.wait_status(ulid, "held")
        eventually(lambda: peer.sessions and peer.open_sessions == 0, "the connection is closed")
        assert [] == peer.messages
    assert [] == service.attempts(ulid)
    [(reason,)] = service.rows("SELECT reason FROM _recipient WHERE domain = ?", domain)
    assert f"no content: {service.spool}/{ulid[-2:]}/{ulid}: No such file or directory" == reason
    assert 1 == len(service.named("content_missing", queue_id=ulid))


def test_a_maildir_gets_no_half_mail_where_the_file_is_gone(service):
    """
    No file is left under tmp, either.
    """
    service.order("freeze")
    with service.client() as client:
        ulid = client.mail("<a@example.org>", "<b@here.test>", content=b"X: y\r\n\r\n" + b"z" * 400_000 + b"\r\n")
    for file in service.spool.rglob(ulid):
        file.unlink()
    service.order("thaw")
    service.wait_status(ulid, "held")
    assert [] == list(service.in_maildir(ulid))
    eventually(lambda: not list(service.maildir.glob("tmp/*")), "nor any other that may be on its way")


def test_a_row_that_no_command_can_carry_is_held(service, way):
    """
    An edit put a line end into an address. The row must neither be sent as a command nor be tried for ever.
    """
    domain, peer = way
    service.order("freeze")
    with service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
    service.shell(f"UPDATE _recipient SET address = 'b' || char(13, 10) || 'QUIT@{domain}' WHERE domain = '{domain}'")
    with peer:
        service.order("thaw")
        service.wait_status(ulid, "held")
        assert not [command for session in peer.sessions for command in session.commands if command == "QUIT@" + domain]
    [(reason,)] = service.rows("SELECT reason FROM _recipient WHERE domain = ?", domain)
    assert reason.startswith("no command can be made of it: ")


def test_a_greeting_is_not_waited_for_by_other_destinations(service, way):
    """
    A silent peer delays only its own mail.
    """
    domain, peer = way
    with peer.hang_at(GREETING), service.client() as client:
        stuck = client.mail("<a@example.org>", f"<b@{domain}>")
        peer.wait_until(lambda: bool(peer.sessions))
        service.wait_status(client.mail("<a@example.org>", "<b@here.test>"), "delivered")
        service.wait_status(stuck, "leased")
    service.wait_status(stuck, "deferred")


def test_a_route_that_changed_moves_queued_mail(service):
    """
    The destination of a row is a cache: a row under a wrong one is corrected, unsent.
    """
    (old, first), (new, second) = service.next_way(), service.next_way()
    service.order("freeze")
    with service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{old}>")
    service.shell(f"UPDATE _recipient SET domain = '{new}', address = 'b@{new}' WHERE domain = '{old}'")
    with first, second:
        service.order("thaw")
        service.wait_status(ulid, "delivered")
        assert ([], 1) == (first.sessions, len(second.messages))
    assert 1 == len(service.named("rerouted", queue_id=ulid))
