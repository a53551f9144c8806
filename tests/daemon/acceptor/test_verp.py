"""Sessions of accounts whose mail gets a sender for each recipient, and those that bring reports about it."""

import pytest

from empath.daemon.acceptor.onward import onward
from empath.daemon.process.secrets import verp_of
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import Recipient
from empath.mail.identity import QueueId
from empath.policy.access import Role
from empath.policy.login.account import LoggedIn

CONFIGURED = """[relay]
domains = ["own.example"]
[verp]
domain = "bounces.example"
secrets_file = "verp.secrets"
accounts = ["news"]
[feedback]
address = "fbl@far.example\""""
STRANGER = "192.0.2.7"


@pytest.fixture
def context(make_context):
    context = make_context(CONFIGURED, role=Role.MX)
    context.verp = verp_of(context.config, {"verp": (b"a secret of this host",)})
    return context


@pytest.fixture
def send(context, visit):
    """Sends a message; gives its recipients with the senders that they get, and the destinations."""

    def send(*recipients, account=None, sender="news@own.example"):
        client = visit(context, host=STRANGER, account=None if account is None else LoggedIn(account, None))
        client.hear()
        for line in ("EHLO c.test", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{each}>" for each in recipients), "DATA"):
            answer = client.say(line.encode() + b"\r\n")
            if not answer.startswith((b"2", b"3")):
                return answer
        assert client.say(b"Subject: x\r\n\r\nx\r\n.\r\n").startswith(b"250 ")
        message = context.writer.messages[-1]
        return {str(each.address): each.sent_as for each in message.envelope.recipients}, message.destinations

    return send


def test_each_recipient_of_an_account_gets_a_sender_of_its_own(send, context):
    """
    A report to it is taken from anybody, and is read by a worker.
    """
    sent, _ = send("ann@far.example", "bob@far.example", "in@own.example", account="news")
    assert sent["in@own.example"] is None
    assert sent["ann@far.example"] != sent["bob@far.example"]
    address = Address.parse(sent["ann@far.example"])
    assert "bounces.example" == str(address.domain)
    assert ({str(address): None}, ("feedback:",)) == send(str(address), sender="")
    router = context.config.router
    assert "feedback:" == router.decide_for_domain(address.domain).destination("bounces.example")


@pytest.mark.parametrize(("account", "sender"), [("other", "news@own.example"), ("news", "")])
def test_other_mail_keeps_its_sender(send, account, sender):
    assert {"ann@far.example": None} == send("ann@far.example", account=account, sender=sender)[0]


def test_every_account_may_be_meant(send, context):
    context.config.verp.__dict__["accounts"] = ("*",)
    assert send("ann@far.example", account="other")[0]["ann@far.example"].startswith("bounces+")


@pytest.mark.parametrize("local", ["bounces+x", "bounces+AAAAAAAAAAAA=01M8PC4VJYQKTGRH502JS35RRZ=far.example=ann"])
def test_a_report_to_a_forged_sender_is_refused(send, local):
    """
    Else anybody could have the address of a stranger suppressed.
    """
    assert send(f"{local}@bounces.example", sender="").startswith(b"550 5.1.1 ")


def test_complaints_are_taken_from_anybody(send):
    assert ({"FBL@far.example": None}, ("feedback:",)) == send("FBL@far.example", sender="loop@provider.example")


def test_the_postmaster_of_the_domain_is_that_of_this_host(send, context):
    assert [str(context.config.postmaster)] == list(send("postmaster@bounces.example", sender="")[0])


def test_an_address_that_only_looks_like_the_one_for_complaints_is_refused(send, context):
    """
    The sign of Kelvin is a K in lower case, for Python. The route is found by letters of ASCII, so such mail would be
    relayed.
    """
    context.config.feedback.__dict__["address"] = Address.parse("kind@far.example")
    assert ("feedback:",) == send("Kind@far.example")[1]
    assert not context.config.is_for_feedback(Address.parse("\u212aind@far.example"))


@pytest.mark.parametrize(
    ("address", "destination", "is_of_user", "is_changed"),
    [
        ("ann@far.example", "far.example", True, True),
        ("ann@far.example", "smtp:relay.example:25", True, True),
        ("ann@far.example", "far.example", False, False),
        ("ann@far.example", "pipe:archive", True, False),
        ("bob@near.example", "near.example", True, False),
        ("bob@near.example", "smtp:relay.example:25", True, True),
        ("in@own.example", "smtp:relay.example:25", True, False),
    ],
)
def test_a_destination_may_ask_for_such_senders(make_context, address, destination, is_of_user, is_changed):
    """
    By the domain or by the next hop, for mail of users, whoever sends it. The mail of strangers that is forwarded keeps
    its sender, who is told of failures.
    """
    rules = '[destinations."far.example"]\nverp = true\n[destinations."smtp:relay.example:25"]\nverp = true'
    context = make_context(f"{CONFIGURED}\n{rules}")
    context.verp = verp_of(context.config, {"verp": (b"a secret of this host",)})
    recipient, queue_id = Recipient(Address.parse(address)), QueueId.parse("01M8PC4VJYQKTGRH502JS35RRZ")
    sender = ReversePath.parse("news@own.example")
    found = onward(context, [recipient], sender, queue_id, None, destinations=[destination], is_of_user=is_of_user)
    assert [is_changed] == [each.sent_as is not None for each in found.recipients]
