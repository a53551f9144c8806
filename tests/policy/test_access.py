"""Relay control: an untrusted client reaches no foreign domain."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.policy.access import RelayPolicy, Role, is_of_postmaster
from empath.policy.pattern import DomainPattern

INSIDE = ip_address("192.0.2.7")
OUTSIDE = ip_address("198.51.100.7")
POLICY = RelayPolicy(
    [ip_network("192.0.2.0/24"), ip_network("::1/128")],
    [DomainPattern.parse("example.org"), DomainPattern.parse("*.example.net")],
)


def decision(role, client, recipient):
    reply = POLICY.decide(role, client, Address.parse(recipient))
    return None if reply is None else str(reply)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("recipient", ["a@example.org", "a@example.com", "a%b@example.com", "a@[203.0.113.1]"])
def test_a_trusted_client_relays_anywhere(role, recipient):
    """
    This is the purpose of relay.networks.
    """
    assert None is decision(role, INSIDE, recipient)


@pytest.mark.parametrize("role", [Role.MX, Role.INTERNAL])
@pytest.mark.parametrize("recipient", ["a@example.org", "a@EXAMPLE.org", "a@sub.example.net"])
def test_anyone_reaches_a_relay_domain(role, recipient):
    """
    A relay domain accepts mail from the whole Internet.
    """
    assert None is decision(role, OUTSIDE, recipient)


@pytest.mark.parametrize("role", [Role.MX, Role.INTERNAL])
@pytest.mark.parametrize("recipient", ["a@example.com", "a@example.net", "a@[192.0.2.7]", "a@sub.example.org"])
def test_a_stranger_does_not_relay(role, recipient):
    """
    An open relay is found and abused within hours.
    """
    assert "554 5.7.1 Relay access denied" == decision(role, OUTSIDE, recipient)


@pytest.mark.parametrize("recipient", ["a%example.com@example.org", "b!a@example.org", '"a@example.com"@example.org'])
def test_a_stranger_does_not_relay_through_the_next_host(recipient):
    """
    The next host trusts this one; routing in the local part would abuse that trust.
    """
    assert "554 5.7.1 Relay access denied" == decision(Role.MX, OUTSIDE, recipient)


@pytest.mark.parametrize(
    ("recipient", "is_own"),
    [
        ("postmaster@mx.example.test", True),
        ("POSTMASTER@MX.example.test.", True),
        ('"postmaster"@mx.example.test', True),
        ("MAILER-DAEMON@mx.example.test", True),
        ("mailer-daemon@mx.example.test", True),
        ("postmaster@example.test", False),
        ("postmaster@sub.mx.example.test", False),
        ("postmaster@[192.0.2.1]", False),
        ("root@mx.example.test", False),
        ("postmaster+x@mx.example.test", False),
    ],
)
def test_the_postmaster_of_this_host_has_two_names(recipient, is_own):
    """
    RFC 5321 §4.5.1, in any case; MAILER-DAEMON signs the reports, and people answer it.
    """
    assert is_own == is_of_postmaster(Address.parse(recipient), Domain("mx.example.test"))


def test_submission_takes_a_sender_from_trusted_clients_only():
    """
    RFC 6409 §4.3: a client that submits proves its identity first.
    """
    refusal = POLICY.decide_mail(Role.SUBMISSION, OUTSIDE)
    assert ("530 5.7.0 Authentication required", None) == (str(refusal), POLICY.decide_mail(Role.SUBMISSION, INSIDE))


@pytest.mark.parametrize("role", [Role.MX, Role.INTERNAL])
def test_other_roles_take_a_sender_from_anyone(role):
    """
    The recipient decides whether the mail is wanted.
    """
    assert None is POLICY.decide_mail(role, OUTSIDE)


def test_submission_takes_no_recipient_from_a_stranger():
    """
    RCPT is refused, too, should MAIL ever be accepted.
    """
    assert "530 5.7.0 Authentication required" == decision(Role.SUBMISSION, OUTSIDE, "a@example.org")


@pytest.mark.parametrize(
    ("client", "is_trusted"),
    [("::ffff:192.0.2.7", True), ("::1", True), ("::2", False), ("::ffff:198.51.100.7", False), ("192.0.3.1", False)],
)
def test_trust_goes_by_the_address_that_the_client_has(client, is_trusted):
    """
    A dual-stack socket shows an IPv4 client as ::ffff:a.b.c.d.
    """
    assert is_trusted == POLICY.is_trusted(ip_address(client))


@given(
    role=st.sampled_from(Role),
    client=st.ip_addresses(),
    local_part=st.text("ab%!@.", min_size=1, max_size=8),
    domain=st.sampled_from(["example.com", "xexample.org", "example.org.example.com", "example.net"]),
)
def test_no_spelling_of_a_foreign_recipient_opens_the_relay(role, client, local_part, domain):
    """
    An untrusted client gets 5yz for every domain that is not ours.
    """
    reply = POLICY.decide(role, client, Address(local_part, Domain.parse(domain)))
    assert POLICY.is_trusted(client) == (reply is None)


@pytest.mark.parametrize("role", Role)
def test_a_client_that_has_logged_in_relays_anywhere(role):
    """
    RFC 6409 §4.3: wherever it is.
    """
    assert POLICY.decide_mail(role, OUTSIDE, is_logged_in=True) is None
    assert POLICY.decide(role, OUTSIDE, Address.parse("a@example.com"), is_logged_in=True) is None


def test_a_relay_domain_is_known_by_its_pattern():
    """
    Mail to others needs trust.
    """
    policy = RelayPolicy([], [DomainPattern.parse("*.relay.test")])
    assert [True, False] == [policy.is_relay_domain(Domain.parse(name)) for name in ("a.relay.test", "other.test")]
