"""What replies say beyond the fate: classes, shaping and suppression, by rows that a bare shell writes."""

from tests.kit.waiting import eventually


def test_a_rule_of_a_bare_shell_suspends_a_destination(service, way):
    """
    The rule acts within a second, the class stands with the attempt, and the log says what happened.
    """
    domain, peer = way
    service.shell(
        "INSERT INTO shaping_rule (class, text, action, duration) VALUES ('rate', 'marked-e2e', 'suspend', '10m')"
    )
    peer.reply_to_recipient(f"later@{domain}", "450 4.7.0 too many messages, marked-e2e")
    sent = []
    with peer, service.client() as client:

        def is_known():
            sent.append(client.mail("<a@example.org>", f"<later@{domain}>"))
            service.wait_status(sent[-1], "deferred")
            return service.rows("SELECT 1 FROM queue WHERE id = ? AND class = 'rate'", sent[-1])

        eventually(is_known, "the rule")
    ulid = sent[-1]
    shaped = service.wait_for("shaped", action="suspend")
    assert (shaped["destination"],) == service.rows("SELECT destination FROM queue WHERE id = ?", ulid)[0]
    assert [("rate", "rate")] == service.rows(
        "SELECT q.class, a.class FROM queue AS q JOIN attempt AS a ON a.id = q.id WHERE q.id = ?", ulid
    )
    [(is_suspended,)] = service.rows(
        "SELECT suspended_until_unix > unixepoch() + 500 FROM destination WHERE destination = ?", shaped["destination"]
    )
    assert 1 == is_suspended


def test_a_suppressed_address_gets_no_more_mail(service, way):
    """
    Mail that waits bounces without asking a host, and its sender hears it; new mail is refused at RCPT.
    """
    domain, peer = way
    peer.reply_to_recipient(f"gone@{domain}", "450 4.2.1 Busy")
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org>", f"<gone@{domain}>")
        service.wait_status(ulid, "deferred")
        service.shell(f"INSERT INTO suppression (address, reason) VALUES ('gone@{domain}', 'left the company')")

        def has_bounced():
            service.shell(f"UPDATE queue SET next_retry_at = 'now' WHERE id = '{ulid}' AND status = 'deferred'")
            return service.recipients(ulid) == [(f"gone@{domain}", "bounced")]

        eventually(has_bounced)
        last = "SELECT host, stage, class, text FROM attempt WHERE id = ? ORDER BY attempt_id DESC LIMIT 1"
        assert [(None, "local", "suppressed", "550 5.7.1 suppressed: left the company")] == service.rows(last, ulid)
        assert "failure" == service.wait_for("report_queued", queue_id=ulid)["kind"]

        client.say("MAIL FROM:<a@example.org>")
        refused = eventually(lambda: [reply for reply in [client.say(f"RCPT TO:<Gone@{domain}>")] if reply[0] == "5"])
        assert ["550 5.7.1 suppressed: left the company"] == refused
    service.shell(f"DELETE FROM suppression WHERE address = 'gone@{domain}'")
