"""What is demanded of TLS with a host: every level, with every finding and need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.lookup import Security, TlsaRecord
from empath.mail.protocol import Protocol
from empath.policy.dane import TlsaFindings, TlsaState
from empath.policy.hosts.search import Host, HostLookups, socket_host
from empath.policy.routing import SocketRoute
from empath.policy.tls_demand import (
    NO_STS,
    HostDemand,
    MessageNeeds,
    StsFinding,
    StsMode,
    TlsDemand,
    TlsLevel,
    demand_for,
)

DIGITS = "ab" * 32
RECORD = TlsaRecord(3, 1, 1, b"x" * 32)
BY_MX = Host("mx.test", "192.0.2.1", 25, 10, lookups=HostLookups(Security.INSECURE, Security.INSECURE, "", "x.test"))
SIGNED = Host("mx.test", "192.0.2.1", 25, 10, lookups=HostLookups(Security.SECURE, Security.SECURE, "", "x.test"))
FIXED = Host("relay.test", "192.0.2.1", 587, lookups=HostLookups(Security.SECURE))
LEVELS = [TlsDemand(level) for level in TlsLevel if level is not TlsLevel.FINGERPRINT]
SETTINGS = [*LEVELS, TlsDemand(TlsLevel.FINGERPRINT, (DIGITS,))]
DANE = {
    TlsaState.NONE: TlsaFindings(TlsaState.NONE, why="none"),
    TlsaState.USABLE: TlsaFindings(TlsaState.USABLE, (RECORD,), "base.test", ("base.test", "x.test")),
    TlsaState.UNUSABLE: TlsaFindings(TlsaState.UNUSABLE, (), "base.test"),
    TlsaState.FAILED: TlsaFindings(TlsaState.FAILED, why="SERVFAIL"),
}
LISTED = StsFinding(StsMode.ENFORCE, True, "MTA-STS policy of x.test")
UNLISTED = StsFinding(StsMode.ENFORCE, False, "MTA-STS policy of x.test")
TRIED = StsFinding(StsMode.TESTING, True, "MTA-STS policy of x.test")
TRIED_UNLISTED = StsFinding(StsMode.TESTING, False, "MTA-STS policy of x.test")
NONE, MAY, ENCRYPT, VERIFY = TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT, TlsLevel.VERIFY


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_is_written_as_it_is_read(setting):
    assert setting == TlsDemand.parse(str(setting))


@pytest.mark.parametrize(
    "text",
    [
        f"fingerprint:{DIGITS}",
        f"fingerprint:SHA256:{DIGITS.upper()}",
        f"fingerprint:sha256={DIGITS}",
        f"fingerprint:SHA256:{':'.join(['AB'] * 32)}",
    ],
)
def test_a_fingerprint_has_the_forms_of_openssl_and_postfix(text):
    assert TlsDemand(TlsLevel.FINGERPRINT, (DIGITS,)) == TlsDemand.parse(text)


def test_a_fingerprint_may_be_one_of_several():
    """
    The next certificate is known before it replaces the present one.
    """
    assert (DIGITS, "cd" * 32) == TlsDemand.parse(f"fingerprint:{DIGITS}, {'cd' * 32}").fingerprints


@pytest.mark.parametrize("text", ["", "must", "fingerprint", "fingerprint:", "fingerprint:SHA1:ab", "MAY", " may"])
def test_other_text_is_no_setting(text):
    with pytest.raises(SyntaxViolation):
        TlsDemand.parse(text)


@pytest.mark.parametrize("level", [NONE, MAY, ENCRYPT])
def test_a_level_without_a_proof_is_taken_as_it_is(level):
    demand = demand_for(TlsDemand(level), "built-in", BY_MX, dane=DANE[TlsaState.USABLE], sts=UNLISTED)
    assert (level, "built-in", ()) == (demand.level, demand.origin, demand.names)
    assert level is ENCRYPT or not demand.is_mandatory


def test_a_certificate_is_for_the_domain_or_for_the_host():
    assert ("x.test", "mx.test") == demand_for(TlsDemand(VERIFY), "", BY_MX).names
    assert ("relay.test",) == demand_for(TlsDemand(VERIFY), "", FIXED).names
    assert demand_for(TlsDemand(VERIFY), "", FIXED).is_proved_by_authority


def test_a_fingerprint_is_that_of_the_setting():
    demand = demand_for(SETTINGS[-1], "", BY_MX)
    assert (TlsLevel.FINGERPRINT, (DIGITS,), True) == (demand.level, demand.fingerprints, demand.is_mandatory)


@pytest.mark.parametrize("level", [TlsLevel.DANE, TlsLevel.DANE_OR_STS])
def test_g2_usable_records_must_match(level):
    demand = demand_for(TlsDemand(level), "", SIGNED, dane=DANE[TlsaState.USABLE], sts=UNLISTED)
    assert (
        HostDemand(
            TlsLevel.DANE,
            "TLSA records of base.test",
            names=("base.test", "x.test"),
            records=(RECORD,),
            server_name="base.test",
        )
        == demand
    )


@pytest.mark.parametrize("level", [TlsLevel.DANE, TlsLevel.DANE_OR_STS])
def test_g2_unusable_records_ask_for_tls_without_a_proof(level):
    demand = demand_for(TlsDemand(level), "", SIGNED, dane=DANE[TlsaState.UNUSABLE], sts=LISTED)
    assert (ENCRYPT, "TLSA records of base.test, of which none is usable") == (demand.level, demand.origin)


@pytest.mark.parametrize("level", [TlsLevel.DANE, TlsLevel.DANE_OR_STS])
def test_g2_a_look_up_that_failed_keeps_the_mail(level):
    """
    To take it for "no records" would let an attacker remove the demand.
    """
    demand = demand_for(TlsDemand(level), "", SIGNED, dane=DANE[TlsaState.FAILED], sts=LISTED)
    assert "451 4.7.5 the TLSA records of mx.test are not known: SERVFAIL" == str(demand.refusal)


@pytest.mark.parametrize("dane", [None, DANE[TlsaState.NONE]])
@pytest.mark.parametrize("level", [TlsLevel.DANE, TlsLevel.STS, TlsLevel.DANE_OR_STS])
def test_g3_without_a_policy_tls_is_optional(level, dane):
    demand = demand_for(TlsDemand(level), "built-in", BY_MX, dane=dane)
    assert (MAY, f"{level} by built-in, which found nothing to enforce") == (demand.level, demand.origin)


@pytest.mark.parametrize("level", [TlsLevel.STS, TlsLevel.DANE_OR_STS])
def test_g3_an_enforced_policy_asks_for_a_certificate_of_the_host(level):
    """
    RFC 8461 §4.1: for the host, and not for the domain.
    """
    demand = demand_for(TlsDemand(level), "", BY_MX, sts=LISTED)
    assert (VERIFY, ("mx.test",), None) == (demand.level, demand.names, demand.refusal)


@pytest.mark.parametrize("level", [TlsLevel.STS, TlsLevel.DANE_OR_STS])
def test_g3_a_host_that_the_policy_does_not_name_gets_no_mail(level):
    demand = demand_for(TlsDemand(level), "", BY_MX, sts=UNLISTED)
    assert "451 4.7.0 MTA-STS policy of x.test does not name the host mx.test" == str(demand.refusal)


@pytest.mark.parametrize("level", [TlsLevel.STS, TlsLevel.DANE_OR_STS])
def test_g3_a_policy_in_test_is_tried(level):
    """
    RFC 8461 §5: what would fail is found out, and no mail waits because of it.
    """
    demand = demand_for(TlsDemand(level), "", BY_MX, sts=TRIED)
    assert "verify by MTA-STS policy of x.test, in mode testing" == str(demand)
    assert (True, ("mx.test",), None) == (demand.is_on_trial, demand.names, demand.refusal)
    optional = demand.optional()
    assert "may by MTA-STS policy of x.test, in mode testing" == str(optional)
    assert (False, (), "mx.test") == (optional.is_on_trial, optional.names, optional.server_name)
    assert demand_for(TlsDemand(level), "", BY_MX, MessageNeeds(is_overdue=True), sts=TRIED).optional().may_fall_back


def test_g3_a_host_that_a_policy_in_test_does_not_name_is_not_tried():
    demand = demand_for(TlsDemand(TlsLevel.STS), "", BY_MX, sts=TRIED_UNLISTED)
    assert "may by MTA-STS policy of x.test, in mode testing, which does not name the host" == str(demand)
    assert (False, None) == (demand.is_on_trial, demand.refusal)


def test_g3_requiretls_is_no_trial():
    demand = demand_for(TlsDemand(TlsLevel.STS), "", SIGNED, MessageNeeds(requires_tls=True), sts=TRIED)
    assert ("verify by REQUIRETLS of the message", False) == (str(demand), demand.is_on_trial)
    assert ("x.test", "mx.test") == demand.names


@pytest.mark.parametrize("level", [TlsLevel.DANE, TlsLevel.STS, TlsLevel.DANE_OR_STS])
@pytest.mark.parametrize("dane", [DANE[TlsaState.USABLE], DANE[TlsaState.FAILED]])
def test_g4_tls_required_no_lowers_what_others_demand(level, dane):
    """
    RFC 8689 §3: such as a report about the failure of TLS.
    """
    demand = demand_for(TlsDemand(level), "built-in", SIGNED, MessageNeeds(False), dane=dane, sts=UNLISTED)
    assert (MAY, None) == (demand.level, demand.refusal)
    assert f"TLS-Required: No, instead of {level} by built-in" == demand.origin


@pytest.mark.parametrize("setting", [TlsDemand(ENCRYPT), TlsDemand(VERIFY), SETTINGS[-1]])
def test_g4_tls_required_no_does_not_lower_what_the_operator_demands(setting):
    assert demand_for(setting, "", BY_MX, MessageNeeds(False)) == demand_for(setting, "", BY_MX)


@pytest.mark.parametrize("level", [NONE, MAY, ENCRYPT])
def test_g4_requiretls_asks_for_a_certificate(level):
    demand = demand_for(TlsDemand(level), "", SIGNED, MessageNeeds(True))
    assert (VERIFY, ("x.test", "mx.test"), True) == (demand.level, demand.names, demand.needs_requiretls)
    assert "verify by REQUIRETLS of the message" == str(demand)
    assert "mx.test" == demand.server_name


def test_g4_requiretls_does_not_believe_an_unsigned_mx_record():
    """
    RFC 8689 §4.2.1: an attacker that answers for the domain has a certificate for a name of its own.
    """
    assert ("x.test",) == demand_for(TlsDemand(), "", BY_MX, MessageNeeds(True)).names
    assert ("relay.test",) == demand_for(TlsDemand(), "", FIXED, MessageNeeds(True)).names


@pytest.mark.parametrize(
    ("setting", "dane"), [(TlsDemand(VERIFY), None), (TlsDemand(TlsLevel.DANE), DANE[TlsaState.USABLE])]
)
def test_g4_requiretls_leaves_a_demand_that_proves_the_host(setting, dane):
    demand = demand_for(setting, "", SIGNED, MessageNeeds(True), dane=dane)
    plain = demand_for(setting, "", SIGNED, dane=dane)
    assert (plain.level, plain.names, True) == (demand.level, demand.names, demand.needs_requiretls)


def test_a_socket_of_this_host_needs_no_tls():
    """
    Not even for REQUIRETLS: nothing leaves this host.
    """
    host = socket_host(SocketRoute("/run/lmtp", Protocol.LMTP))
    assert HostDemand(NONE, "UNIX socket") == demand_for(TlsDemand(VERIFY), "", host, MessageNeeds(True))


def test_g4_a_store_needs_no_requiretls():
    host = Host("127.0.0.1", "127.0.0.1", 24, protocol=Protocol.LMTP)
    demand = demand_for(TlsDemand(), "", host, MessageNeeds(True))
    assert (MAY, False, "") == (demand.level, demand.needs_requiretls, demand.server_name)


@given(
    setting=st.sampled_from(SETTINGS),
    needs=st.builds(MessageNeeds, st.sampled_from([True, False, None]), st.booleans()),
    has_login=st.booleans(),
    findings=st.tuples(
        st.sampled_from([None, *DANE.values()]),
        st.sampled_from([NO_STS, LISTED, UNLISTED, TRIED, TRIED_UNLISTED]),
    ),
    host=st.sampled_from([BY_MX, SIGNED, FIXED]),
)
def test_g1_mail_goes_in_the_clear_after_a_failure_only_where_tls_is_optional(
    setting, needs, has_login, findings, host
):
    """
    Never young mail, never after DANE, MTA-STS or REQUIRETLS, and never with a login.
    """
    dane, sts = findings
    demand = demand_for(setting, "", host, needs, dane=dane, sts=sts, has_login=has_login)
    is_optional = (demand.level is MAY or demand.is_on_trial) and demand.refusal is None
    assert demand.may_fall_back == (is_optional and needs.is_overdue and not has_login)
    assert not (demand.may_fall_back and needs.requires_tls is True)
    assert needs.requires_tls is not True or demand.is_mandatory


def test_a_demand_that_falls_back_says_so():
    demand = demand_for(TlsDemand(), "built-in", BY_MX, MessageNeeds(is_overdue=True))
    assert "none by built-in; TLS failed before" == str(demand.in_clear())
