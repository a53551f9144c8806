"""Sessions that bring mail for aliases whose target is elsewhere."""

import pytest

from empath.daemon.process.recipients import recipients_of
from empath.daemon.process.secrets import forwarder_of
from empath.mail.address import Address
from empath.policy.access import Role
from empath.policy.limits.refusal_log import RefusalMeter
from empath.storage.admin.recipients import AddAlias
from empath.storage.sqlite.engine import SqliteEngine
from empath.telemetry.occurrences.acceptor import Accepted
from tests.daemon.acceptor.kit import emitter_to
from tests.kit.queue import Queue

CONFIGURED = """[relay]
domains = ["own.example"]
[aliases]
enabled = true
[srs]
domain = "srs.example"
secrets_file = "srs.secrets"
own_domains = ["*.news.example"]"""
SECRETS = {"srs": (b"a secret of this host",)}
STRANGER = "192.0.2.7"


@pytest.fixture
def heard():
    return []


@pytest.fixture
def context(make_context, tmp_path, heard):
    """A listener of role mx with the aliases `away@` and `both@own.example`."""
    (tmp_path / "rows").mkdir()
    queue = Queue(tmp_path / "rows" / "queue.db")
    queue.run(AddAlias("away@own.example", ["ann@far.example"], who="test"))
    queue.run(AddAlias("both@own.example", ["bob@own.example", "ann@far.example"], who="test"))
    context = make_context(CONFIGURED, role=Role.MX)
    reader = SqliteEngine(queue.path, max_leases=20).open_reader()
    context.recipients = recipients_of(
        context.config, reader, heard.append, RefusalMeter(100, 20), lambda: pytest.fail("nothing to verify")
    )
    context.forwarder = forwarder_of(context.config, SECRETS)
    context.emit = emitter_to(heard)
    yield context
    queue.close()


@pytest.fixture
def send(context, visit):
    """Sends a message, and gives its recipients with the senders that their next hosts get."""

    def send(*recipients, sender="joe@a.example", host=STRANGER, header=b"Subject: x"):
        client = visit(context, host=host)
        client.hear()
        for line in ("EHLO c.test", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{each}>" for each in recipients), "DATA"):
            answer = client.say(line.encode() + b"\r\n")
            if not answer.startswith((b"2", b"3")):
                return answer
        answer = client.say(header + b"\r\n\r\nx\r\n.\r\n")
        if not answer.startswith(b"250 "):
            return answer
        message = context.writer.messages[-1]
        return {str(each.address): each.sent_as for each in message.envelope.recipients}

    return send


def test_forwarded_mail_gets_a_sender_of_this_host_and_a_report_its_way_back(send, heard):
    """
    The other target stays in this house, and so does its sender.
    """
    sent = send("both@own.example")
    assert ["ann@far.example", "bob@own.example"] == list(sent)
    assert sent["bob@own.example"] is None
    made = sent["ann@far.example"]
    assert made.startswith("SRS0=")
    assert made.endswith("=a.example=joe@srs.example")
    assert [made] == [each.forwarded_as for each in heard if isinstance(each, Accepted)]
    assert {"joe@a.example": None} == send(made.lower(), sender="")


def test_mail_with_a_sender_that_is_sent_back_is_forwarded_mail_itself(send):
    """
    Some hosts answer with a sender of their own.
    """
    made = send("away@own.example")["ann@far.example"]
    [(back, sent_as)] = send(made, sender="robot@far.example").items()
    assert "joe@a.example" == back
    assert sent_as.endswith("=far.example=robot@srs.example")


@pytest.mark.parametrize(
    ("sender", "host"), [("", STRANGER), ("me@own.example", STRANGER), ("me@x.news.example", STRANGER)]
)
def test_the_null_sender_and_senders_of_this_house_stay(send, sender, host):
    assert {"ann@far.example": None} == send("away@own.example", sender=sender, host=host)


def test_what_a_user_sends_elsewhere_is_not_forwarded(send):
    """
    But what comes in by a gateway of this house, for an alias, is.
    """
    sent = send("eve@far.example", "away@own.example", host="127.0.0.1")
    assert sent["eve@far.example"] is None
    assert sent["ann@far.example"] is not None


@pytest.mark.parametrize("address", ["SRS0=AAAAAAAA=T6=victim.example=joe@srs.example", "srs1=x@srs.example"])
def test_a_forged_sender_is_refused(send, address):
    """
    Otherwise this host would be an open relay.
    """
    for host in (STRANGER, "127.0.0.1"):
        assert send(address, sender="", host=host).startswith(b"550 5.1.1 ")


def test_the_rest_of_the_domain_is_as_it_was(send, context):
    """
    It is no relay domain, but RFC 5321 §4.5.1 has its postmaster reached.
    """
    assert send("joe@srs.example", sender="").startswith(b"554 5.7.1 ")
    assert [str(context.config.postmaster)] == list(send("postmaster@srs.example", sender=""))


def test_an_alias_that_comes_back_ends_at_the_second_pass(send, context):
    """
    The field of the first pass says that the alias was expanded; the other host does not remove it.
    """
    send("away@own.example")
    fields = context.writer.messages[-1].added_fields
    assert b"554 5.4.6 " == send("away@own.example", header=fields.removesuffix(b"\r\n"))[:10]


def test_without_srs_senders_stay(send, context):
    context.forwarder = forwarder_of(context.config, {})
    assert {"ann@far.example": None} == send("away@own.example")


def test_a_day_makes_one_sender(send):
    """
    Hosts that put unknown senders off must see the same one again.
    """
    assert send("away@own.example") == send("away@own.example")


def test_addresses_are_made_of_addresses(send):
    made = Address.parse(send("away@own.example")["ann@far.example"])
    assert "srs.example" == str(made.domain)
