"""Modules at delivery: what they hear, what they may refuse, and what their failures cost."""

import json
from typing import Any

import pytest

from empath.daemon.process.module_calls.calls import FAILURES, ModuleCalls
from empath.daemon.worker.hooks import DeliveryHooks
from empath.daemon.worker.lease_run import LeaseRun
from empath.errors import QueueBusy, WriteRefused
from empath.mail.outcome import Outcome
from empath.mail.reply import Reply
from empath.policy.hosts.search import Host, NoHost
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.routing import MxRoute, SmtpRoute
from empath.storage.queue.lease import Lease
from empath.storage.queue.settle import Settle
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import ModuleFailed, ModuleSwitchedOff
from tests.daemon.worker.test_delivery import FakeCarrier, dispatch, message  # noqa: F401 - a fixture
from tests.modules.conftest import load  # noqa: F401 - a fixture

DELIVERED, DEFERRED, BOUNCED, NEXT_HOST = Outcome
TAKEN, LATER, NEVER = Reply.of("250 2.0.0 Ok"), Reply.of("451 4.2.1 Later"), Reply.of("550 5.1.1 No")
WATCHER = """
seen = []
@hookimpl
def attempt(context, recipients): seen.append(("attempt", context.queue_id, context.metadata, recipients))
@hookimpl
def success(context, result): seen.append(("success", result.recipient, result.status, result.reply))
@hookimpl
def failure(context, result): seen.append(("failure", result.recipient, result.status, result.reply))
"""


class Worker:
    """The leases of a worker with modules, and what these report."""

    def __init__(self, dispatch, *modules):  # noqa: F811
        self.told: list[Any] = []
        self.off: list[Any] = []
        emit = Emitter("worker-1", (lambda _, what: self.told.append(what),))
        meter = RefusalMeter(per_second=1000, per_client=1000)
        self.calls = ModuleCalls(modules, emit, meter, self.off.append)
        self.hooks = dispatch.hooks = DeliveryHooks(self.calls)
        self.dispatch = dispatch
        self.writer = dispatch.runtime.writer

    def run(self, carrier, *messages):
        """Run a lease of *messages*; the statuses of the recipients."""
        self.dispatch.choose_carrier = lambda route, destination: carrier
        LeaseRun(self.dispatch, Lease(3, "discard:", False, list(messages))).run()
        return self.writer.fates()

    def of(self, kind):
        return [what for what in self.told if isinstance(what, kind)]


@pytest.fixture
def worker(dispatch, load):  # noqa: F811
    """Makes a worker with the modules of these sources."""

    def make(*sources, **more):
        return Worker(dispatch, *(load(source, **more) for source in sources))

    return make


def seen(worker):
    """What WATCHER has heard."""
    return worker.calls.standings[0].module.hooks["attempt"].function.__globals__["seen"]


def test_modules_hear_of_the_attempt_and_of_each_result_with_the_metadata_of_reception(worker):
    """
    Whatever process received the message, and however long ago.
    """
    made = worker(WATCHER)
    leased = message(1, 3)
    leased.metadata = json.dumps({"score": 7})
    fates = made.run(FakeCarrier([[(0, DELIVERED, TAKEN), (1, DEFERRED, LATER), (2, BOUNCED, NEVER)]]), leased)
    assert [(10, "delivered"), (11, "deferred"), (12, "bounced")] == fates
    addresses = ("r0@a.test", "r1@a.test", "r2@a.test")
    assert [
        ("attempt", leased.queue_id, {"score": 7}, addresses),
        ("success", "r0@a.test", "delivered", "250 2.0.0 Ok"),
        ("failure", "r1@a.test", "deferred", "451 4.2.1 Later"),
        ("failure", "r2@a.test", "bounced", "550 5.1.1 No"),
    ] == seen(made)


@pytest.mark.parametrize(
    ("reply", "status"), [("451 4.7.1 Not before nine", "deferred"), ("550 5.7.1 Never", "bounced")]
)
def test_a_refusal_takes_the_place_of_the_attempt(worker, reply, status):
    """
    No host is asked. The result has the module's reply.
    """
    made = worker(f'@hookimpl\ndef attempt(): return Reply.of("{reply}")')
    carrier = FakeCarrier()
    assert [(10, status)] == made.run(carrier, message(1))
    assert [] == carrier.jobs
    [settle] = made.writer.of(Settle)
    assert [("local", reply)] == [(str(fate.said.stage), str(fate.said.reply)) for fate in settle.fates]


@pytest.mark.parametrize(
    ("body", "answers_451", "status"),
    [
        ("1 / 0", True, "deferred"),
        ("1 / 0", False, "delivered"),
        ("import gevent; gevent.sleep(60)", True, "deferred"),
        ('return AddRecipient("x@y.test")', True, "deferred"),
        ('return Reply.of("250 2.0.0 Ok")', True, "deferred"),
        ("raise SystemExit", False, "delivered"),
    ],
)
def test_a_module_that_fails_before_the_attempt_is_answered_by_its_default(worker, body, answers_451, status):
    """
    A filter that must see all mail lets none pass unseen; one that may be left out stops none.
    """
    made = worker(f"@hookimpl\ndef attempt():\n  {body}", answers_451=answers_451, deadline_s=0.05)
    assert [(10, status)] == made.run(FakeCarrier([[(0, DELIVERED, TAKEN)]]), message(1))
    assert ["attempt"] == [each.hook for each in made.of(ModuleFailed)]


@pytest.mark.parametrize("body", ["1 / 0", "import gevent; gevent.sleep(60)", "raise KeyboardInterrupt"])
def test_a_module_that_fails_afterwards_changes_no_result(worker, body):
    """
    The fate is on the disk before it is called, so the mail is neither lost nor sent again.
    """
    made = worker(f"@hookimpl\ndef success():\n  {body}", deadline_s=0.05)
    carrier = FakeCarrier([[(0, DELIVERED, TAKEN)]], [[(0, DELIVERED, TAKEN)]])
    assert [(10, "delivered"), (20, "delivered")] == made.run(carrier, message(1), message(2))
    assert ["success"] * 2 == [each.hook for each in made.of(ModuleFailed)]


def test_a_module_that_goes_on_failing_is_switched_off(worker):
    """
    As at reception: it costs no further deadline, and its default still answers.
    """
    made = worker("@hookimpl\ndef attempt(): 1 / 0")
    messages = [message(number) for number in range(1, FAILURES + 2)]
    assert {"deferred"} == {status for _, status in made.run(FakeCarrier(), *messages)}
    [name] = [each.module.wanted.name for each in made.calls.standings]
    assert (FAILURES, 1, [(name,)]) == (len(made.of(ModuleFailed)), len(made.of(ModuleSwitchedOff)), made.off)


def test_what_a_module_writes_at_delivery_is_forgotten(worker):
    """
    Each call gets what was written at reception, not what another call left.
    """
    made = worker(
        """
seen = []
@hookimpl
def attempt(context):
    seen.append(dict(context.metadata))
    context.metadata["more"] = 1
"""
    )
    made.run(FakeCarrier([[(0, DELIVERED, TAKEN)]], [[(0, DELIVERED, TAKEN)]]), message(1), message(2))
    assert [{}, {}] == seen(made)


def test_nothing_is_told_of_a_result_that_the_database_refuses_and_all_of_one_that_waits(worker):
    """
    A recipient whose result is refused is held for a person: it is neither a success nor a failure.
    """
    made = worker(WATCHER)
    made.writer.errors[Settle] = [QueueBusy("locked")]
    made.run(FakeCarrier([[(0, DELIVERED, TAKEN)]]), message(1))
    assert ["attempt", "success"] == [what for what, *_ in seen(made)]
    made.writer.errors[Settle] = [WriteRefused("no"), WriteRefused("no")]
    made.run(FakeCarrier([[(0, DELIVERED, TAKEN)]]), message(2))
    assert ["attempt", "success", "attempt"] == [what for what, *_ in seen(made)]


class Finder:
    """One host, or none."""

    def __init__(self, found):
        self.found = found

    def find(self, route, domain):
        return self.found

    def tlsa(self, host):
        return "tlsa"


def test_a_module_sees_the_hosts_and_may_refuse_them(worker):
    """
    The reply stands for a destination without a host.
    """
    made = worker(
        """
seen = []
@hookimpl
def attempt(): pass
@hookimpl
def dns(domain, hosts):
    seen.append((domain, hosts))
    if domain == "b.test": return Reply.of("450 4.7.1 Not there")
"""
    )
    hosts = (Host("mx.a.test", "192.0.2.1", 25),)
    finder = made.hooks.watching(Finder(hosts))
    assert hosts == finder.find(MxRoute(), "a.test")
    refused = finder.find(SmtpRoute("b.test"), "smtp:b.test:25")
    assert isinstance(refused, NoHost)
    assert "450 4.7.1 Not there" == str(refused.reply)
    assert [(name, (("mx.a.test", "192.0.2.1", 25),)) for name in ("a.test", "b.test")] == seen(made)
    assert "tlsa" == finder.tlsa(hosts[0])


def test_a_search_without_a_host_is_no_matter_for_modules(worker):
    """
    There is nothing to judge.
    """
    made = worker("@hookimpl\ndef dns(): 1 / 0")
    nothing = NoHost(Reply.of("451 4.4.3 no answer"))
    assert nothing is made.hooks.watching(Finder(nothing)).find(MxRoute(), "a.test")
    assert [] == made.told


def test_a_finder_is_watched_only_by_modules_with_that_hook(worker):
    """
    Without it nothing stands between the worker and its finder.
    """
    finder = Finder(())
    assert finder is worker(WATCHER).hooks.watching(finder)
