"""Which session a message needs: the setting of its destination, what it asks for, and how old it is."""

import time
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from empath.config import load_config
from empath.daemon.process.client_access import client_access
from empath.daemon.worker.session_rules import SessionRules, session_rules
from empath.daemon.worker.transport.sessions import LeaseSessions
from empath.daemon.worker.transport.smtp import SmtpCarrier
from empath.mail.lookup import TlsaRecord
from empath.mail.outcome import Outcome
from empath.policy.dane import TlsaFindings, TlsaState
from empath.policy.destinations.rulebook import RuleRow
from empath.policy.destinations.settings import BUILT_IN
from empath.policy.hosts.search import Host
from empath.policy.routing import MxRoute, SmtpRoute
from empath.policy.tls_demand import MessageNeeds, StsFinding, StsMode, TlsDemand, TlsLevel
from tests.daemon.worker.test_delivery import job_of, message
from tests.daemon.worker.test_tls import client_tls
from tests.kit import certificates
from tests.kit.peer import HANDSHAKE, ScriptedPeer
from tests.kit.process import configuration

HOST = Host("mx.test", "192.0.2.1", 25)
FOUND = TlsaFindings(TlsaState.USABLE, (TlsaRecord(3, 1, 1, b"x" * 32),), "mx.test")


NO_POLICIES: Any = SimpleNamespace(finding=None)


class Finder:
    """Gives the hosts, and the TLSA records of one."""

    def __init__(self, *hosts):
        self.hosts, self.asked = hosts or (HOST,), 0

    def find(self, route, domain):
        return self.hosts

    def tlsa(self, host):
        self.asked += 1
        return FOUND


def sessions(level, finder=None, **rules: Any):
    """The sessions of a lease with one level."""
    return LeaseSessions(
        SessionRules(tls_of=lambda *_: (TlsDemand(level), "test"), **rules), finder or Finder(), "mx.test"
    )


def test_g2_tlsa_records_are_looked_up_once_and_only_where_dane_is_asked():
    """
    A look-up for each message would slow all mail down.
    """
    finder = Finder()
    of_dane = sessions(TlsLevel.DANE, finder)
    demands = [of_dane.session_for(HOST, MessageNeeds(), BUILT_IN).demand for _ in range(3)]
    assert ([TlsLevel.DANE] * 3, 1) == ([demand.level for demand in demands], finder.asked)
    sessions(TlsLevel.VERIFY, finder).session_for(HOST, MessageNeeds(), BUILT_IN)
    assert 1 == finder.asked


def test_a_rule_of_tls_acts_within_a_lease(tmp_path):
    """
    Twenty messages to a slow host take minutes, and none may go in the clear against a rule.
    """
    runtime = fake_runtime(tmp_path)
    of_lease = LeaseSessions(session_rules(runtime, NO_POLICIES), Finder(), "mx.test")
    levels = []
    for rows in ((), (RuleRow(7, "mx.test", "tls", "encrypt"),), (RuleRow(7, "mx.test", "tls", "verify"),)):
        runtime.rules.book = runtime.config.rule_book(rows)
        settings = runtime.rules.book.of_destination("mx.test")
        levels.append(of_lease.session_for(HOST, MessageNeeds(), settings).demand.level)
    assert [TlsLevel.MAY, TlsLevel.ENCRYPT, TlsLevel.VERIFY] == levels


def test_g3_the_policy_of_the_domain_is_asked_where_sts_is_asked():
    finding = StsFinding(StsMode.ENFORCE, True, "MTA-STS policy of x.test")
    found = sessions(TlsLevel.STS, sts_of=lambda domain, host: finding).session_for(HOST, MessageNeeds(), BUILT_IN)
    assert "verify by MTA-STS policy of x.test" == str(found.demand)


@pytest.mark.parametrize(("age_s", "is_overdue"), [(10, False), (50, True), (4000, True)])
def test_g1_a_message_is_overdue_once_its_first_retry_delay_is_over(tmp_path, age_s, is_overdue):
    """
    With its jitter: 48 to 72 seconds.
    """
    runtime = fake_runtime(tmp_path)
    leased = message(1)
    leased.received_at = time.time() - age_s
    of_lease = LeaseSessions(session_rules(runtime, NO_POLICIES), Finder(), "mx.test")
    assert MessageNeeds(None, is_overdue) == of_lease.needs_of(leased, time.time())


def fake_runtime(tmp_path, text="", *rows):
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, text))
    config = load_config(file)
    runtime: Any = SimpleNamespace(
        config=config,
        rules=SimpleNamespace(book=config.rule_book(rows)),
        client_access=client_access(config, {}),
    )
    return runtime


def test_a_level_comes_from_the_file_or_a_row_and_says_so(tmp_path):
    """
    A row comes before the file.
    """
    text = '[destinations."mx.test"]\ntls = "encrypt"\nretry = "10s"'
    row = RuleRow(7, "mx.test", "tls", "verify")
    rules = session_rules(fake_runtime(tmp_path, text), NO_POLICIES)
    assert (TlsDemand(TlsLevel.ENCRYPT), '[destinations."mx.test"]') == rules.tls_of("mx.test", ())
    assert 8.0 == rules.first_delay_s_of("mx.test", ())
    assert (TlsDemand(), "built-in") == rules.tls_of("other.test", ())
    rules = session_rules(fake_runtime(tmp_path, text, row), NO_POLICIES)
    assert (TlsDemand(TlsLevel.VERIFY), "rule 7 for mx.test") == rules.tls_of("mx.test", ())


def test_g1_young_and_overdue_mail_of_one_lease(make_pool):
    """
    The host is silent for young mail once its TLS has failed, and takes overdue mail in the clear.
    """
    with ScriptedPeer().secure_with(certificates.server("mx.test").context).drop_at(HANDSHAKE) as peer:
        carrier = SmtpCarrier(
            SmtpRoute(peer.host, peer.port), "mx.test", make_pool(), Finder(Host("mx.test", peer.host, peer.port))
        )
        outcomes = []
        for age_s in (0, 4000, 0, 4000):
            leased = message(1)
            leased.received_at = time.time() - age_s
            outcomes += [answer.outcome for one in carrier.carry(job_of(leased)) for answer in one.answers]
        assert [Outcome.DEFERRED, Outcome.DELIVERED] * 2 == outcomes
        assert 3 == len(peer.sessions)


@pytest.mark.parametrize(
    ("mode", "listed", "delivered_to", "outcomes"),
    [
        (StsMode.ENFORCE, {"good.test"}, [False, True], [Outcome.NEXT_HOST, Outcome.DELIVERED]),
        (StsMode.ENFORCE, set(), [False, False], [Outcome.NEXT_HOST, Outcome.DEFERRED]),
        (StsMode.ENFORCE, {"evil.test"}, [False, False], [Outcome.NEXT_HOST, Outcome.DEFERRED]),
        (StsMode.TESTING, set(), [True, False], [Outcome.DELIVERED]),
        (StsMode.TESTING, {"evil.test"}, [True, False], [Outcome.DELIVERED]),
    ],
)
def test_g3_hosts_that_a_policy_does_not_name_get_no_mail(make_pool, mode, listed, delivered_to, outcomes):
    """
    One that it names must prove its name: the certificate of the first host is for another. If none is left, the mail
    is deferred with 4.7.x.
    """
    context = certificates.server("good.test").context
    with ScriptedPeer().secure_with(context) as evil, ScriptedPeer().secure_with(context) as good:
        pool = make_pool(tls=client_tls())
        rules = SessionRules(
            tls_of=lambda *_: (TlsDemand(TlsLevel.STS), "test"),
            sts_of=lambda _, host: StsFinding(mode, host.name in listed, "MTA-STS policy of x.test"),
        )
        finder = Finder(Host("evil.test", evil.host, evil.port), Host("good.test", good.host, good.port))
        carrier = SmtpCarrier(MxRoute(), "x.test", pool, finder, rules)
        answers = [answer for one in carrier.carry(job_of(message(1))) for answer in one.answers]
        assert (outcomes, delivered_to) == (
            [answer.outcome for answer in answers],
            [bool(peer.messages) for peer in (evil, good)],
        )
        refusals = [str(answer.said.reply)[:8] for answer in answers if answer.outcome is not Outcome.DELIVERED]
        assert ["451 4.7."] * len(refusals) == refusals


@pytest.mark.parametrize(
    ("certificate", "sessions_made", "policy", "words"),
    [
        ("mx.test", 1, "verify", None),
        ("other.test", 2, "may", "mx.test does not prove its identity: the certificate is for other.test"),
        (None, 2, "may", None),
    ],
)
def test_g3_a_policy_in_test_keeps_no_mail_and_leaves_what_failed(make_pool, certificate, sessions_made, policy, words):
    """
    RFC 8460 reports count it. A host that failed is not tried again for the next message.
    """
    with ExitStack() as running:
        peer = ScriptedPeer()
        if certificate is not None:
            peer.secure_with(certificates.server(certificate).context)
        running.enter_context(peer)
        rules = SessionRules(
            tls_of=lambda *_: (TlsDemand(TlsLevel.STS), "test"),
            sts_of=lambda *_: StsFinding(StsMode.TESTING, True, "the MTA-STS policy 1 of x.test"),
        )
        finder = Finder(Host("mx.test", peer.host, peer.port))
        carrier = SmtpCarrier(MxRoute(), "x.test", make_pool(tls=client_tls()), finder, rules)
        attempts = [one for number in (1, 2) for one in carrier.carry(job_of(message(number)))]
        assert [Outcome.DELIVERED] * 2 == [answer.outcome for one in attempts for answer in one.answers]
        assert sessions_made == len(peer.sessions)
        shown = [one.attempt.tls for one in attempts if one.attempt.tls is not None]
        assert [f"{policy} by the MTA-STS policy 1 of x.test, in mode testing"] * 2 == [tls.policy for tls in shown]
        assert [certificate is not None] * 2 == [tls.version is not None for tls in shown]
        assert [words] * 2 == [tls.failure and tls.failure.partition(",")[0] for tls in shown]
