"""Rules of destinations that a bare shell writes, and what the running service makes of them."""

from tests.kit.waiting import eventually

RULE = "INSERT INTO destination_rule (pattern, setting, value, reason)"


def test_a_rule_of_a_bare_shell_holds_until_it_is_removed(service, way):
    """
    It acts within a second, on a destination that is there and on one that is new, and is over with its row.
    """
    domain, peer = way
    where = "FROM destination WHERE destination = (SELECT destination FROM queue WHERE id = ?)"
    with peer, service.client() as client:
        peer.reply_to_recipient(f"later@{domain}", "450 4.2.1 Busy")
        ulid = client.mail("<a@example.org>", f"<later@{domain}>")
        service.wait_status(ulid, "deferred")
        [(name, before)] = service.rows(f"SELECT destination, max_leases {where}", ulid)
        service.shell(f"{RULE} VALUES ('{name}', 'concurrency', 3, 'go slow')")
        eventually(lambda: service.rows(f"SELECT max_leases {where}", ulid) == [(3,)])

        service.shell(f"{RULE} VALUES ('{name}', 'not_before', '2033-05-18 03:33:20', 'not yet')")
        closed = [("2033-05-18 03:33:20",)]
        eventually(lambda: service.rows(f"SELECT suspended_until {where}", ulid) == closed)
        waiting = client.mail("<a@example.org>", f"<now@{domain}>")
        assert [(f"now@{domain}", "queued")] == service.recipients(waiting)

        service.shell(f"DELETE FROM destination_rule WHERE pattern = '{name}'")
        service.wait_status(waiting, "delivered")
        eventually(lambda: service.rows(f"SELECT max_leases {where}", ulid) == [(before,)])
        service.shell(f"DELETE FROM queue WHERE id = '{ulid}'")


def test_mail_goes_out_from_the_address_of_its_pool(service, way):
    """
    A pool that there is not defers mail: no other address stands in.
    """
    domain, peer = way
    with peer, service.client() as client:
        first = client.mail("<a@example.org>", f"<first@{domain}>")
        service.wait_status(first, "delivered")
        [(name,)] = service.rows("SELECT DISTINCT destination FROM attempt WHERE id = ?", first)
        service.shell(f"{RULE} VALUES ('{name}', 'source', 'nowhere', NULL)")

        def is_deferred():
            ulid = client.mail("<a@example.org>", f"<user@{domain}>")
            eventually(lambda: service.recipients(ulid)[0][1] in {"delivered", "deferred"})
            return service.recipients(ulid)[0][1] == "deferred" and ulid

        ulid = eventually(is_deferred)
        [(enhanced,)] = service.rows("SELECT enhanced FROM attempt WHERE id = ?", ulid)
        assert "4.3.5" == enhanced
        service.shell(f"DELETE FROM destination_rule WHERE pattern = '{name}'")
        service.shell(f"UPDATE queue SET next_retry_at = '+2 seconds' WHERE id = '{ulid}'")
        service.wait_status(ulid, "delivered")
