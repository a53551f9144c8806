"""MTA-STS policies of a worker: read over HTTPS, kept as rows."""

from ipaddress import ip_network
from typing import Any

import gevent
import pytest

from empath.daemon.worker.sts_policies import StsPolicies
from empath.errors import QueueBusy
from empath.mail.lookup import Absent, Addresses, Failed, Kind, Texts
from empath.policy.hosts.search import Host
from empath.policy.sts import RECHECK_S, RETRY_S
from empath.policy.tls_demand import NO_STS, StsFinding, StsMode
from empath.storage.queue.sts_policies import find_policy
from empath.telemetry.occurrences.worker import StsHostUnlisted, StsPolicyFailed, StsPolicyRead
from tests.kit import certificates
from tests.kit.http_server import HttpServer, answer
from tests.kit.queue import T0, Queue, write

NAME = "mta-sts.a.test"
LISTED, OTHER = Host("mx.a.test", "192.0.2.1", 25), Host("evil.test", "192.0.2.2", 25)
LOOPBACK = (ip_network("127.0.0.0/8"),)


def policy(mode="enforce", mx="mx.a.test", max_age=100_000):
    """The answer with a policy."""
    text = f"version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {max_age}\r\n"
    return answer(200, text.encode(), Content_Type="text/plain; charset=utf-8")


class Resolver:
    """A resolver with one TXT record of a.test, and the loopback address for its server."""

    def __init__(self):
        self.record: Any = Texts(("v=STSv1; id=1",), 60.0)
        self.address: Any = Addresses(("127.0.0.1",), 60.0)
        self.records: dict[str, Any] = {}  # of other domains
        self.hangs: set[str] = set()  # names of other servers
        self.asked = []

    def look_up(self, questions, within_s):
        self.asked += [(question.name, question.kind) for question in questions]
        answers = {("_mta-sts.a.test", Kind.TXT): self.record, (NAME, Kind.A): self.address}
        answers |= {(f"_mta-sts.{domain}", Kind.TXT): record for domain, record in self.records.items()}
        if questions[0].name in self.hangs:
            gevent.sleep(within_s)
        return [answers.get(question, Absent("NODATA", 60.0)) for question in questions]


class Writer:
    """Writes at once."""

    def __init__(self, queue):
        self._queue = queue
        self.error = None

    def commit(self, write):
        if self.error is not None:
            raise self.error
        self._queue.run(write)
        return write


class Setting:
    """Policies of one worker with all around them; `now` is the clock."""

    def __init__(self, queue, tmp_path):
        self.queue = queue
        self.now = T0
        self.resolver = Resolver()
        self.seen = []
        self.writer = Writer(queue)
        self._ca_file = tmp_path / "ca.pem"
        certificates.authority().cert_pem.write_to_path(str(self._ca_file))
        self.reader = queue.engine.open_reader()

    def worker(self, server, **more):
        """A new worker that reads policies from *server*."""
        more = {"allowed": LOOPBACK, "port": server.port, "ca_file": self._ca_file, **more}
        return StsPolicies(
            self.reader, self.writer.commit, self.resolver, self.seen.append, clock=lambda: self.now, **more
        )

    def finished(self, policies):
        """Wait for what goes on in the background."""
        for looking in list(policies.under_way.values()):
            looking.get(timeout=10)

    @property
    def kinds(self):
        """The types of what was reported."""
        return [type(each) for each in self.seen]


@pytest.fixture
def setting(tmp_path):
    """See Setting."""
    queue = Queue(tmp_path / "queue.db")
    made = Setting(queue, tmp_path)
    yield made
    made.reader.close()
    queue.close()


def serving(*answers, name=NAME):
    """A server with a certificate for *name*."""
    return HttpServer(*answers, context=certificates.server(name).context)


def test_g3_a_policy_is_read_once_and_shared_by_all_workers(setting):
    """
    The first mail waits for it. The row has what it says.
    """
    words = "the MTA-STS policy 1 of a.test"
    with serving(policy()) as server:
        policies = setting.worker(server)
        found = [policies.finding("a.test", host) for host in (LISTED, OTHER)]
        assert found[0] == setting.worker(server).finding("a.test", LISTED)
    assert [StsFinding(StsMode.ENFORCE, True, words), StsFinding(StsMode.ENFORCE, False, words)] == found
    assert ["GET /.well-known/mta-sts.txt HTTP/1.1"] == [call.line for call in server.calls]
    assert [StsPolicyRead(domain="a.test", policy="1", mode="enforce", max_age_s=100_000)] == setting.seen
    assert [("a.test", "1", "mx.a.test", T0 + 100_000)] == setting.queue.select(
        "SELECT domain, policy_id, mx, expires_unix FROM sts_policy"
    )


def test_a_policy_that_is_over_at_once_is_not_read_for_each_mail(setting):
    """
    Some domains end a policy by a max_age of zero. All mail to them would wait for the file.
    """
    with serving(policy(max_age=0), policy()) as server:
        policies = setting.worker(server)
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode
        for _ in range(3):
            setting.now += 10
            assert NO_STS == policies.finding("a.test", LISTED)
        assert 1 == len(server.calls)
        setting.now += RETRY_S
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode


def test_g3_a_domain_without_a_record_has_no_policy(setting):
    """
    No server is asked, and the record not again for a while. A literal has none.
    """
    setting.resolver.record = Absent("NXDOMAIN", 60.0)
    with serving(policy()) as server:
        policies = setting.worker(server)
        assert [NO_STS] * 4 == [policies.finding(each, LISTED) for each in ("a.test", "a.test", "[192.0.2.1]", "")]
        assert 1 == len(setting.resolver.asked)
        setting.resolver.record = Texts(("v=STSv1; id=1",), 60.0)
        setting.now += RETRY_S
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode


@pytest.mark.parametrize(
    ("octets", "name", "error", "result"),
    [
        (answer(404), NAME, "HTTP status 404", "sts-policy-fetch-error"),
        (answer(301, Location="https://mta-sts.a.test/x"), NAME, "HTTP status 301", "sts-policy-fetch-error"),
        (answer(200, b"version: STSv1", Content_Type="text/html"), NAME, "not text/plain", "sts-policy-fetch-error"),
        (answer(200, b"x" * 70_000, Content_Type="text/plain"), NAME, "too long", "sts-policy-fetch-error"),
        (answer(200, b"hello", Content_Type="text/plain"), NAME, "not a field", "sts-policy-invalid"),
        (b"", NAME, "without response", "sts-policy-fetch-error"),
        (policy(), "a.test", "certificate verify failed", "sts-webpki-invalid"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
            NAME,
            "read length must be",
            "sts-policy-fetch-error",
        ),
    ],
)
def test_g3_a_policy_that_cannot_be_read_is_none(setting, octets, name, error, result):
    """
    Mail goes as without one, the log says why, and so does a report to the domain, once for each attempt to read it.
    """
    with serving(octets, name=name) as server:
        policies = setting.worker(server, is_reported=True)
        assert [NO_STS, NO_STS] == [policies.finding("a.test", LISTED) for _ in range(2)]
    [failed] = setting.seen
    assert (StsPolicyFailed, False) == (type(failed), failed.is_kept)
    assert error in failed.error
    counted = setting.queue.select("SELECT kind, result, host, reason, sessions FROM _tls_count")
    assert [("sts", result, "", failed.error, 1)] == counted
    assert [("tls", "a.test", 1, 1)] == setting.queue.select(
        "SELECT kind, domain, messages, row_count FROM _report_period"
    )


@pytest.mark.parametrize(
    ("address", "error"),
    [
        (Addresses(("127.0.0.1",), 60.0), "mta-sts.a.test: it has no public address"),
        (Failed("SERVFAIL"), "mta-sts.a.test: its address is not known"),
    ],
)
def test_a_server_without_a_public_address_is_not_asked(setting, address, error):
    """
    A domain must not make this host talk to its own network.
    """
    setting.resolver.address = address
    with serving(policy()) as server:
        assert NO_STS == setting.worker(server, allowed=()).finding("a.test", LISTED)
    assert [] == server.calls
    assert error in setting.seen[0].error


def kept(setting):
    """Id and failure of the row."""
    row = find_policy(setting.reader, "a.test")
    return row and (row.policy_id, row.failure)


def test_g3_a_policy_survives_a_record_and_a_file_that_fail(setting):
    """
    Until its max_age is over. An attacker may suppress both.
    """
    with serving(policy(), answer(500)) as server:
        policies = setting.worker(server)
        policies.finding("a.test", LISTED)
        for record, failure in (
            (Failed("SERVFAIL"), "the TXT record is not known"),
            (Absent("NXDOMAIN", 60.0), "the TXT record is gone"),
            (Texts(("v=STSv1; id=2",), 60.0), "HTTP status 500"),
        ):
            setting.resolver.record = record
            setting.now += RECHECK_S
            assert not policies.finding("a.test", OTHER).is_listed
            setting.finished(policies)
            found = kept(setting)
            assert "1" == found[0]
            assert failure in found[1]
            assert StsMode.ENFORCE is setting.worker(server).finding("a.test", OTHER).mode
        setting.now += 100_000
        setting.resolver.record = Absent("NXDOMAIN", 60.0)
        assert NO_STS == policies.finding("a.test", OTHER)
    assert [StsPolicyRead, StsPolicyFailed] == setting.kinds


def test_g3_a_new_id_asks_for_the_file_again_in_the_background(setting):
    """
    The policy of before holds meanwhile. The same id asks for nothing, and clears what failed before.
    """
    with serving(policy(), policy(mx="new.a.test")) as server:
        policies = setting.worker(server)
        policies.finding("a.test", LISTED)
        setting.now += RECHECK_S
        policies.finding("a.test", LISTED)
        setting.finished(policies)
        assert 1 == len(server.calls)
        setting.resolver.record = Texts(("v=STSv1; id=2",), 60.0)
        setting.now += RECHECK_S
        assert policies.finding("a.test", LISTED).is_listed
        setting.finished(policies)
        assert not policies.finding("a.test", LISTED).is_listed
    assert ("2", "") == kept(setting)


def test_a_policy_that_an_operator_forgets_is_read_again(setting):
    """
    Within a second.
    """
    with serving(policy(), policy(mx="evil.test")) as server:
        policies = setting.worker(server)
        policies.finding("a.test", LISTED)
        write(setting.queue.path, "DELETE FROM sts_policy")
        setting.now += 1.0
        assert policies.finding("a.test", OTHER).is_listed


def test_g3_a_policy_in_test_keeps_no_mail_away(setting):
    """
    A host that it does not list is logged, once.
    """
    with serving(policy("testing")) as server:
        policies = setting.worker(server)
        found = [policies.finding("a.test", host) for host in (LISTED, OTHER, OTHER)]
    assert [(StsMode.TESTING, True), (StsMode.TESTING, False), (StsMode.TESTING, False)] == [
        (each.mode, each.is_listed) for each in found
    ]
    assert [StsPolicyRead, StsHostUnlisted] == setting.kinds


def test_a_policy_holds_though_it_cannot_be_written(setting):
    """
    A full disk must not turn TLS off.
    """
    setting.writer.error = QueueBusy("busy")
    with serving(policy()) as server:
        policies = setting.worker(server)
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode
        assert None is kept(setting)
        setting.now += 0.5
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode


def test_a_file_that_is_slow_gives_its_place_to_another(setting):
    """
    A few servers that answer nothing must not keep all policies from being read.
    """
    setting.resolver.records = {"b.test": Texts(("v=STSv1; id=2",), 60.0)}
    setting.resolver.records["c.test"] = setting.resolver.records["b.test"]
    setting.resolver.hangs = {"mta-sts.b.test", "mta-sts.c.test"}
    with serving(policy()) as server:
        policies = setting.worker(server, at_once=2, slow_s=0.01)
        slow, other = (policies.look(domain, None) for domain in ("b.test", "c.test"))
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode
        assert None is slow.get(timeout=10)
        assert not other.ready()
        other.kill()
    assert {"b.test": "too slow, and other policies wait"} == {
        each.domain: each.error for each in setting.seen if isinstance(each, StsPolicyFailed)
    }


def test_a_policy_that_is_over_soon_is_read_again_after_a_while(setting):
    """
    Else mail would wait for the file again and again. The other workers see by the row that it was read.
    """
    with serving(policy(max_age=30)) as server:
        policies = setting.worker(server)
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode
        setting.now += 40
        assert [NO_STS] * 2 == [each.finding("a.test", LISTED) for each in (policies, setting.worker(server))]
        assert 1 == len(server.calls)
        setting.now += RETRY_S
        assert StsMode.ENFORCE is policies.finding("a.test", LISTED).mode
