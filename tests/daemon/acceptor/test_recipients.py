"""Sessions where not every recipient exists, and aliases replace some."""

import gevent
import pytest

from empath.daemon.process.recipients import recipients_of
from empath.daemon.process.shared_reader import SharedReader
from empath.daemon.process.suppressions import Suppressions
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.policy.access import Role
from empath.policy.limits.refusal_log import RefusalMeter
from empath.storage.admin.recipients import AddAlias, ListRecipients
from empath.storage.sqlite.engine import SqliteEngine
from tests.daemon.acceptor.test_modules import Host
from tests.kit.queue import Queue, write
from tests.modules.conftest import load  # noqa: F401 - a fixture

FROM = b"MAIL FROM:<a@b.test>\r\n"
CONFIGURED = """[relay]
domains = ["any.test", "listed.test", "filed.test"]
[recipients]
"any.test" = "any"
"listed.test" = "listed"
"filed.test" = "listed:list"
[aliases]
enabled = true"""


METER = RefusalMeter(per_second=100, per_client=20)


def no_verifier():
    return pytest.fail("nothing is to be verified")


@pytest.fixture
def queue(tmp_path):
    directory = tmp_path / "rows"
    directory.mkdir()
    made = Queue(directory / "queue.db")
    yield made
    made.close()


@pytest.fixture
def emitted():
    return []


@pytest.fixture
def context(make_context, tmp_path, queue, emitted):
    """A listener of role mx whose rules and aliases are in a real queue."""
    (tmp_path / "list").write_text("# people\nAnn@filed.test  OK\n\n")
    context = make_context(CONFIGURED, '"*" = "discard:"\n"nowhere.test" = "mx"', role=Role.MX)
    reader = SharedReader(SqliteEngine(queue.path, max_leases=20).open_reader)
    context.recipients = recipients_of(context.config, reader, emitted.append, METER, no_verifier)
    return context


@pytest.fixture
def client(context, visit):
    client = visit(context, host="192.0.2.7")
    client.hear()
    client.say(b"EHLO c.test\r\n")
    client.say(FROM)
    return client


@pytest.fixture
def alias(queue):
    """Adds an alias."""
    return lambda pattern, *targets: queue.run(AddAlias(pattern, targets, who="test"))


def rcpt(client, address, more=""):
    return client.say(f"RCPT TO:<{address}>{more}\r\n".encode())


def accepted(context, client):
    """The message that the client sends now."""
    assert b"354" == client.say(b"DATA\r\n")[:3]
    assert b"250" == client.say(b"Subject: x\r\n\r\nx\r\n.\r\n")[:3]
    return context.writer.messages[-1]


def addresses(message):
    return [str(recipient.address) for recipient in message.envelope.recipients]


def test_an_unknown_recipient_is_refused_at_rcpt(client, queue):
    """
    Otherwise a report would go to the sender later, who is often forged.
    """
    queue.run(ListRecipients(["ann@listed.test"], who="test"))
    for address, reply in (
        ("ANN@listed.test", b"250 2.1.5 Ok\r\n"),
        ("ann+news@listed.test", b"250 2.1.5 Ok\r\n"),
        ("bob@listed.test", b"550 5.1.1 No such recipient here\r\n"),
        ("ann@filed.test", b"250 2.1.5 Ok\r\n"),
        ("bob@filed.test", b"550 5.1.1 No such recipient here\r\n"),
        ("bob@any.test", b"250 2.1.5 Ok\r\n"),
    ):
        assert reply == rcpt(client, address), address


def test_the_postmaster_of_a_domain_is_always_known(context, client):
    """
    RFC 5321 §4.5.1: the mail goes to the postmaster of this host if the domain has none.
    """
    assert b"250 2.1.5 Ok\r\n" == rcpt(client, "Postmaster@listed.test")
    assert [str(context.config.postmaster)] == addresses(accepted(context, client))


def test_d3_an_alias_keeps_the_address_that_the_client_gave(context, client, alias):
    alias("ann@listed.test", "ann+x@any.test")
    rcpt(client, "Ann@listed.test")
    [recipient] = accepted(context, client).envelope.recipients
    assert "ann+x@any.test" == str(recipient.address)
    assert ("Ann@listed.test", "rfc822;Ann@listed.test") == (str(recipient.written), recipient.original_recipient)


def test_d3_a_given_original_recipient_stays(context, client, alias):
    alias("ann@listed.test", "ann@any.test")
    rcpt(client, "ann@listed.test", " ORCPT=rfc822;first@else.test NOTIFY=SUCCESS,FAILURE")
    message = accepted(context, client)
    [recipient] = message.envelope.recipients
    assert ("SUCCESS,FAILURE", "rfc822;first@else.test") == (recipient.notify, recipient.original_recipient)
    assert () == message.expanded


def test_d2_several_targets_give_a_report_that_the_alias_was_expanded(context, client, alias):
    """
    RFC 3461 §5.2.7.3: it is the one report of success.
    """
    alias("team@any.test", "ann@any.test", "bob@any.test")
    rcpt(client, "team@any.test", " NOTIFY=SUCCESS,FAILURE")
    message = accepted(context, client)
    assert ["ann@any.test", "bob@any.test"] == addresses(message)
    assert {"FAILURE"} == {recipient.notify for recipient in message.envelope.recipients}
    [expanded] = message.expanded
    assert ("team@any.test", "SUCCESS,FAILURE") == (str(expanded.address), expanded.notify)


def test_a_catch_all_takes_what_nothing_else_takes(context, client, alias, queue):
    queue.run(ListRecipients(["ann@listed.test"], who="test"))
    alias("@listed.test", "rest@any.test")
    alias("bob@listed.test", "bob@any.test")
    alias("@any.test", "@else.test")
    for user in ("ann@listed.test", "bob@listed.test", "eve@listed.test", "eve@any.test"):
        assert b"250" == rcpt(client, user)[:3]
    # bob@any.test is a target: the catch-all of any.test is not asked.
    assert ["ann@listed.test", "bob@any.test", "rest@any.test", "eve@else.test"] == addresses(accepted(context, client))


def test_an_alias_that_cannot_be_used_keeps_the_mail_with_the_client(client, alias, emitted):
    alias("a@any.test", "b@any.test")
    alias("b@any.test", "a@any.test")
    reply = b"451 4.3.5 The alias of this recipient cannot be used, try again later\r\n"
    assert reply == rcpt(client, "a@any.test")
    assert ["the alias of a@any.test leads back to a@any.test"] == [each.error for each in emitted]


def test_rows_that_cannot_be_read_keep_the_mail_with_the_client(context, client, tmp_path, emitted):
    nowhere = SqliteEngine(tmp_path / "nowhere" / "queue.db", max_leases=20)
    context.recipients = recipients_of(
        context.config, SharedReader(nowhere.open_reader), emitted.append, context.refusals, no_verifier
    )
    assert b"451 4.3.0 Recipients cannot be looked up, try again later\r\n" == rcpt(client, "ann@listed.test")


def test_the_aliases_of_one_message_have_ten_thousand_targets_at_most(client, alias):
    for number in range(11):
        alias(f"all{number}@any.test", *(f"u{number}.{each}@any.test" for each in range(1000)))
    replies = [rcpt(client, f"all{number}@any.test") for number in range(11)]
    assert [b"250"] * 10 == [reply[:3] for reply in replies[:10]]
    assert b"452 4.5.3 Too many recipients in the aliases of this message\r\n" == replies[10]


def test_without_rules_and_aliases_nothing_is_looked_up(make_context, emitted):
    config = make_context('[recipients]\n"any.test" = "any"').config
    assert (
        recipients_of(
            config, SharedReader(lambda: pytest.fail("a reader was opened")), emitted.append, METER, no_verifier
        )
        is None
    )


def test_a_wide_alias_lets_other_sessions_run(context, alias):
    """
    A client may ask for it a thousand times in one read. Without a pause the supervisor would take the process for one
    that hangs.
    """
    alias("all@any.test", *(f"u{number}@any.test" for number in range(200)))
    other = gevent.spawn(lambda: "ran")
    assert 200 == len(context.recipients.resolve(Address("all", Domain.parse("any.test"))))
    assert "ran" == other.value


class FullMeter(RefusalMeter):
    """The log has had its lines of this second."""

    def admit(self, client, at_s):
        return False


def test_a_broken_alias_cannot_fill_the_log(context, queue, alias, emitted):
    """
    A client may name it as often as it likes: 451 does not count as an error.
    """
    alias("loop@any.test", "back@any.test")
    alias("back@any.test", "loop@any.test")
    reader = SharedReader(SqliteEngine(queue.path, max_leases=20).open_reader)
    recipients = recipients_of(context.config, reader, emitted.append, FullMeter(1, 1), no_verifier)
    assert recipients is not None
    assert "451" == str(recipients.resolve(Address("loop", Domain.parse("any.test"))))[:3]
    assert [] == emitted


def test_a_message_that_comes_back_to_its_alias_is_refused(client, context, alias):
    """
    The host of a target may have an alias that leads here. Each way round sent a copy to the other targets.
    """
    alias("team@any.test", "ann@any.test", "there@d.test")
    alias("self@any.test", "self@any.test", "ann@any.test")
    rcpt(client, "Team@any.test")
    rcpt(client, "self@any.test")
    first = accepted(context, client)
    back = first.added_fields + first.content
    assert 1 == back.count(b"X-Empath-Expanded: ")
    assert b"Team@" not in back
    for address, reply in (("team@any.test", b"554 5.4.6 "), ("self@any.test", b"250 "), ("bob@any.test", b"250 ")):
        client.say(FROM)
        rcpt(client, address)
        client.say(b"DATA\r\n")
        assert client.say(back + b".\r\n").startswith(reply)


ADDS = """
@hookimpl
def rcpt(recipient): return [AddRecipient("team@any.test"), AddRecipient("ann@any.test")]
"""


def test_a_recipient_that_a_module_adds_is_expanded(context, visit, alias, load):  # noqa: F811
    """
    The next host knows no alias. An alias in a circle is a failure of the edit.
    """
    alias("team@any.test", "ann@any.test", "bob@any.test")
    client = visit(context, host="192.0.2.7", new_session=Host(load(ADDS)).session)
    client.hear()
    client.say(b"EHLO c.test\r\n")
    client.say(FROM)
    rcpt(client, "cleo@any.test")
    assert ["cleo@any.test", "ann@any.test", "bob@any.test"] == addresses(accepted(context, client))
    alias("bob@any.test", "team@any.test")
    client.say(FROM)
    rcpt(client, "cleo@any.test")
    client.say(b"DATA\r\n")
    assert client.say(b"\r\n.\r\n").startswith(b"451 4.3.0 A filter")


@pytest.mark.parametrize(
    ("role", "reply"),
    [(Role.INTERNAL, b"550 5.7.1 suppressed: gone\r\n"), (Role.MX, b"550 5.1.1 No such recipient here\r\n")],
)
def test_a_suppressed_recipient_is_refused(make_context, queue, visit, role, reply):
    """
    The sender learns it at once. The words of another host are for clients of this host's users only.
    """
    write(queue.path, "INSERT INTO suppression (address, reason) VALUES ('ann@any.test', 'gone')")
    context = make_context('[relay]\ndomains = ["any.test"]', role=role)
    context.suppressions = Suppressions(SharedReader(SqliteEngine(queue.path, max_leases=20).open_reader))
    client = visit(context, host="127.0.0.1" if role is Role.INTERNAL else "192.0.2.7")
    client.hear()
    client.say(b"EHLO c.test\r\n")
    client.say(FROM)
    assert reply == client.say(b"RCPT TO:<Ann@any.test>\r\n")
    assert client.say(b"RCPT TO:<bob@any.test>\r\n").startswith(b"250")
    assert client.say(b"RCPT TO:<postmaster>\r\n").startswith(b"250")
