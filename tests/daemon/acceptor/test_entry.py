"""What a session finds out about a client before the banner, with a scripted name server."""

from ipaddress import ip_address

import pytest

from empath.daemon.acceptor.entry import EntryChecks, Findings
from empath.mail.lookup import Kind
from empath.net.dns_cache import CachingResolver
from empath.net.resolver import DnsResolver
from empath.policy.access import Role
from empath.policy.client_name import ClientName
from empath.policy.dnsbl import Blocklist, BlocklistPolicy, asked_of
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import Accepted, BlocklistUnusable, Refused
from tests.daemon.acceptor.kit import emitter_to
from tests.kit.dns import ScriptedDns
from tests.kit.waiting import DEADLINE_S

CLIENT = "192.0.2.1"
ADDRESS = ip_address(CLIENT)
IN_ZEN, IN_GOOD = (asked_of(zone, ADDRESS).name for zone in ("zen.test", "good.test"))
LISTS = BlocklistPolicy(((Blocklist("zen.test"), 2), (Blocklist("good.test"), -1)), threshold=2)


@pytest.fixture
def names():
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def heard():
    """What was reported."""
    return []


@pytest.fixture
def make_checks(names, heard):
    """Makes the checks of a listener."""
    emit = Emitter("acceptor-1", (lambda _, what: heard.append(what),))

    def make(blocklists=LISTS, wants_name=True, within_s=DEADLINE_S, greet_delay_s=0.0):
        asker = DnsResolver((names.address,), timeout_s=within_s, try_timeout_s=within_s)
        return EntryChecks(
            CachingResolver(asker, question_s=within_s),
            emit,
            blocklists=blocklists,
            wants_name=wants_name,
            within_s=within_s,
            greet_delay_s=greet_delay_s,
        )

    return make


def test_a_client_that_no_list_names_is_welcome(make_checks, names):
    assert Findings() == make_checks().examine(ADDRESS, is_trusted=False)
    assert {(IN_ZEN, "A"), (IN_GOOD, "A"), ("1.2.0.192.in-addr.arpa", "PTR")} == {*names.asked}


def test_a_client_over_the_threshold_is_refused_with_the_words_of_the_list(make_checks, names):
    names.a(IN_ZEN, "127.0.0.2").txt(IN_ZEN, "https://zen.test/?192.0.2.1")
    refusal = make_checks().examine(ADDRESS, is_trusted=False).refusal
    assert "550 5.7.1 Client [192.0.2.1] is blocked by zen.test: https://zen.test/?192.0.2.1" == str(refusal)


def test_a_list_of_good_hosts_saves_a_client(make_checks, names):
    names.a(IN_ZEN, "127.0.0.2").a(IN_GOOD, "127.0.0.2")
    assert None is make_checks().examine(ADDRESS, is_trusted=False).refusal
    assert 0 == names.count(IN_ZEN, "TXT")


def test_no_list_is_asked_about_a_trusted_client(make_checks, names):
    names.a(IN_ZEN, "127.0.0.2")
    assert Findings() == make_checks().examine(ADDRESS, is_trusted=True)
    assert 0 == names.count(IN_ZEN, "A")


@pytest.mark.parametrize("fail", ["fail", "garble", "lame", "ignore"])
def test_a_list_that_does_not_answer_refuses_no_client(make_checks, names, fail):
    """
    All zones share one deadline.
    """
    getattr(names, fail)(IN_ZEN, *(() if fail == "lame" else ("A",)))
    checks = make_checks(within_s=0.3)
    assert Findings() == checks.examine(ADDRESS, is_trusted=False)


def test_the_answer_is_kept_as_long_as_the_list_says(make_checks, names):
    """
    A client that comes ten times a minute costs one question.
    """
    names.a(IN_ZEN, "127.0.0.2").negative_ttl(60)
    checks = make_checks(wants_name=False)
    for _ in range(3):
        checks.examine(ADDRESS, is_trusted=False)
    assert [1, 1, 1] == [names.count(IN_ZEN, "A"), names.count(IN_ZEN, "TXT"), names.count(IN_GOOD, "A")]


def test_a_list_that_refuses_to_answer_is_reported_once(make_checks, names, heard):
    names.a(IN_ZEN, "127.255.255.254")
    checks = make_checks()
    for _ in range(3):
        assert None is checks.examine(ADDRESS, is_trusted=False).refusal
    assert [BlocklistUnusable(zone="zen.test", answer="127.255.255.254")] == heard


def test_a_name_that_has_the_address_is_verified(make_checks, names):
    names.ptr(CLIENT, "wrong.test", "mail.test").a("mail.test", CLIENT).a("wrong.test", "192.0.2.7")
    assert Findings(None, ClientName("mail.test", is_verified=True)) == make_checks().examine(ADDRESS, is_trusted=True)


def test_a_name_without_the_address_is_not_verified(make_checks, names):
    names.ptr(CLIENT, "mail.bank.test")
    found = make_checks().examine(ADDRESS, is_trusted=True).name
    assert ClientName("mail.bank.test", is_verified=False) == found


def test_no_name_is_asked_where_none_is_wanted(make_checks, names):
    """
    Half of all clients have name servers that are slow or dead.
    """
    make_checks(wants_name=False).examine(ADDRESS, is_trusted=False)
    assert [] == [kind for _, kind in names.asked if kind == Kind.PTR]


# --- in a session


@pytest.fixture
def context(make_context, make_checks, heard):
    """A listener of role mx that asks for everything."""
    context = make_context(more='[relay]\ndomains = ["d.test"]', role=Role.MX)
    context.emit = emitter_to(heard)
    context.entry = make_checks()
    return context


def test_a_listed_client_reaches_those_who_can_help_it_and_no_one_else(context, visit, names, heard):
    """
    RFC 5321 §4.5.1, RFC 2142 §4: it may write that the list is wrong. Other domains stay closed to it.
    """
    names.a(IN_ZEN, "127.0.0.2")
    blocked = b"550 5.7.1 Client [192.0.2.1] is blocked by zen.test\r\n"
    client = visit(context, host=CLIENT)
    assert client.hear().startswith(b"220 ")
    client.say(b"EHLO c.test\r\n")
    assert client.say(b"MAIL FROM:<a@b.test>\r\n").startswith(b"250 ")
    assert blocked == client.say(b"RCPT TO:<c@d.test>\r\n")
    for address in (b"postmaster", b"Postmaster@mx.example.test", b"postmaster@d.test", b"ABUSE@d.test"):
        assert client.say(b"RCPT TO:<%s>\r\n" % address).startswith(b"250 ")
    assert client.say(b"RCPT TO:<postmaster@elsewhere.test>\r\n").startswith(b"554 5.7.1 Relay")
    client.say(b"DATA\r\n")
    assert client.say(b"\r\n.\r\n").startswith(b"250 ")
    refused = [each for each in heard if isinstance(each, Refused)]
    assert ("RCPT", CLIENT, "c@d.test") == (refused[0].stage, refused[0].client, refused[0].recipient)


def test_the_verified_name_is_in_received_and_in_the_log(context, visit, names, heard):
    names.ptr(CLIENT, "mail.test").a("mail.test", CLIENT)
    client = visit(context, host=CLIENT)
    client.hear()
    for octets in (b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n", b"\r\n.\r\n"):
        reply = client.say(octets)
    assert b"250" == reply[:3]
    [message] = context.writer.messages
    assert message.added_fields.startswith(b"Received: from c.test (mail.test [192.0.2.1])\r\n")
    assert ["mail.test"] == [each.ptr for each in heard if isinstance(each, Accepted)]


def test_a_name_that_is_not_verified_is_in_neither(context, visit, names, heard):
    """
    Anyone can give an address any name.
    """
    names.ptr(CLIENT, "mail.bank.test")
    client = visit(context, host=CLIENT)
    client.hear()
    for octets in (b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n", b"\r\n.\r\n"):
        client.say(octets)
    [message] = context.writer.messages
    assert message.added_fields.startswith(b"Received: from c.test ([192.0.2.1])\r\n")
    assert [None] == [each.ptr for each in heard if isinstance(each, Accepted)]


def test_a5_who_speaks_during_the_delay_is_sent_away(context, visit, make_checks):
    """
    A5: programs that send spam do not wait for the banner.
    """
    context.entry = make_checks(blocklists=None, wants_name=False, greet_delay_s=DEADLINE_S)
    client = visit(context, host=CLIENT)
    assert client.say(b"EHLO c.test\r\n").startswith(b"554 5.5.0 ")


def test_a_client_that_waits_is_greeted_after_the_delay(context, visit, make_checks):
    context.entry = make_checks(blocklists=None, wants_name=False, greet_delay_s=0.2)
    assert visit(context, host=CLIENT).hear().startswith(b"220 ")


def test_a_trusted_client_does_not_wait(context, visit, make_checks):
    context.entry = make_checks(blocklists=None, wants_name=False, greet_delay_s=10 * DEADLINE_S)
    assert visit(context, host="127.0.0.1").hear().startswith(b"220 ")
