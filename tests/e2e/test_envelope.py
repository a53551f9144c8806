"""The envelope, from the client to the rows and to the next hop."""

import re

from tests.e2e.service import split_trace


def test_the_received_field_names_the_only_recipient(service, way):
    """
    RFC 5321 §4.4: from, by, with, id, for and the date.
    """
    domain, peer = way
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org>", f"<B.b@{domain}>")
        [message] = peer.wait_for_messages(1)
    expected = (
        r"Received: from client\.example\.test \(\[127\.0\.0\.1\]\)\r\n"
        rf"\tby mx\.example\.test \(Empath\) with ESMTP id {ulid}\r\n"
        rf"\tfor <B\.b@{domain}>;\r\n"
        r"\t\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n"
    )
    assert re.fullmatch(expected.encode(), split_trace(message.content)[0])


def test_the_received_field_names_none_of_several_recipients(service, way):
    """
    One of them may be a blind copy. The word for HELO is SMTP, RFC 3848.
    """
    domain, peer = way
    with peer, service.client(verb="HELO") as client:
        client.mail("<a@example.org>", f"<b@{domain}>", f"<c@{domain}>")
        [message] = peer.wait_for_messages(1)
    trace = split_trace(message.content)[0]
    assert (0, 0, 1) == (trace.count(b"for <"), trace.count(domain.encode()), trace.count(b"(Empath) with SMTP id"))
    assert ("b@" + domain, "c@" + domain) == message.recipients


def test_a_recipient_that_is_given_twice_gets_one_copy(service, way):
    """
    The spelling of its domain does not matter. The case of the local part does: only its host may interpret it.
    """
    domain, peer = way
    given = [f"<b@{domain}>", f"<b@{domain.upper()}>", f"<b@{domain}.>", f"<B@{domain}>", f"<b@{domain}>"]
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org>", *given)
        [message] = peer.wait_for_messages(1)
        service.wait_status(ulid, "delivered", "delivered")
    assert [f"B@{domain}", f"b@{domain}"] == [address for address, _ in service.recipients(ulid)]
    assert {f"B@{domain}", f"b@{domain}"} == set(message.recipients)


def test_the_null_reverse_path_stays_null(service, way):
    """
    RFC 5321 §4.5.5: a report must never be answered.
    """
    domain, peer = way
    with peer, service.client() as client:
        ulid = client.mail("<>", f"<b@{domain}>", "<c@here.test>")
        [message] = peer.wait_for_messages(1)
        service.wait_status(ulid, "delivered", "delivered")
    assert message.mail.startswith("MAIL FROM:<> ")
    [stored] = service.in_maildir(ulid)
    assert stored.startswith(b"Return-Path: <>\r\n")


def test_quoted_local_parts_arrive_in_their_meaning(service, way):
    """
    They have quotes only where the grammar needs them.
    """
    domain, peer = way
    with peer, service.client() as client:
        given = (rf'<"a b"@{domain}>', rf'<"a\"b\\"@{domain}>', rf'<"plain"@{domain}>', rf'<"x@y"@{domain}>')
        client.mail(r'<"a\ b"@example.org>', *given)
        [message] = peer.wait_for_messages(1)
    assert '"a b"@example.org' == message.reverse_path
    expected = {rf'"a b"@{domain}', rf'"a\"b\\"@{domain}', f"plain@{domain}", rf'"x@y"@{domain}'}
    assert expected == set(message.recipients)


def test_source_routes_are_stripped(service, way):
    """
    RFC 5321 §4.1.1.3, appendix C.
    """
    domain, peer = way
    with peer, service.client() as client:
        client.mail("<@one.test,@two.test:a@example.org>", f"<@one.test,@two.test:b@{domain}>")
        [message] = peer.wait_for_messages(1)
    assert ("a@example.org", (f"b@{domain}",)) == (message.reverse_path, message.recipients)


def test_postmaster_without_a_domain_is_the_configured_one(service):
    """
    RFC 5321 §4.5.1, in any case.
    """
    with service.client() as client:
        ulid = client.mail("<a@example.org>", "<PostMaster>")
        service.wait_status(ulid, "delivered")
    assert [("admin@example.test", "delivered")] == service.recipients(ulid)


def test_international_addresses_go_on_as_they_are(service, way):
    """
    RFC 6531: the local part in UTF-8, the domain in A-labels, with SMTPUTF8 in MAIL.
    """
    domain, peer = way
    with peer, service.client() as client:
        ulid = client.mail("<jürgen@bücher.example> SMTPUTF8", f"<用户@{domain}>")
        [message] = peer.wait_for_messages(1)
        service.wait_status(ulid, "delivered")
    assert "jürgen@xn--bcher-kva.example" == message.reverse_path
    assert (f"用户@{domain}",) == message.recipients
    assert " SMTPUTF8" in message.mail
    trace = split_trace(message.content)[0].decode()
    assert " with UTF8SMTP id " in trace
    assert f"for <用户@{domain}>;" in trace


def test_what_needs_smtputf8_bounces_where_it_is_not_offered(service, way):
    """
    RFC 6531 §3.2. A notice is left.
    """
    domain, peer = way
    with peer.extensions("PIPELINING", "8BITMIME"), service.client() as client:
        ulid = client.mail("<a@example.org> SMTPUTF8", f"<用户@{domain}>")
        service.wait_status(ulid, "bounced")
    [(_, outcome, _, text)] = service.attempts(ulid)
    assert ("bounced", "553 5.6.7") == (outcome, text[:9])


def test_dsn_parameters_are_kept_and_passed_to_a_host_that_offers_dsn(service, way):
    """
    RFC 3461 §5.2.1: they are unchanged, because that host will report.
    """
    domain, peer = way
    notify = "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;B+2Bx@old.example"
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org> RET=HDRS ENVID=QQ314+2B", f"<b@{domain}> {notify}")
        [message] = peer.wait_for_messages(1)
    assert message.mail.endswith(" RET=HDRS ENVID=QQ314+2B")
    assert (f"RCPT TO:<b@{domain}> {notify}",) == message.rcpts
    rows = service.rows(
        "SELECT dsn_return, envelope_id, notify, original_recipient FROM _message JOIN _recipient USING (message_id)"
        " WHERE ulid = ?",
        ulid,
    )
    assert [("HDRS", "QQ314+2B", "SUCCESS,FAILURE", "rfc822;B+2Bx@old.example")] == rows


def test_dsn_parameters_are_not_said_to_a_host_that_does_not_offer_dsn(service, way):
    """
    It would refuse the command.
    """
    domain, peer = way
    with peer.extensions("8BITMIME"), service.client() as client:
        client.mail("<a@example.org> RET=FULL ENVID=x", f"<b@{domain}> NOTIFY=NEVER")
        [message] = peer.wait_for_messages(1)
    assert ("MAIL FROM:<a@example.org>", (f"RCPT TO:<b@{domain}>",)) == (message.mail, message.rcpts)


def test_an_envelope_of_many_domains_goes_each_its_way(service):
    """
    One message has one copy of its content, and a transaction for each next hop.
    """
    (one, first), (two, second) = service.next_way(), service.next_way()
    with first, second, service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{one}>", f"<c@{two}>", f"<d@{one}>", "<e@here.test>")
        [here] = first.wait_for_messages(1)
        [there] = second.wait_for_messages(1)
        service.wait_status(ulid, *["delivered"] * 4)
    assert ((f"b@{one}", f"d@{one}"), (f"c@{two}",)) == (here.recipients, there.recipients)
