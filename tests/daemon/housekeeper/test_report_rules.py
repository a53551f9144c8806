"""
Which reports a sender gets, for any recipients, NOTIFY= and fates, against the rules of RFC 3461 as `heard` has them.

The path is the real one from the answers of hosts to the octets of the reports: Settling, the queue and the Reporter.
"""

import email
import itertools
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.daemon.process.shared_reader import SharedReader
from empath.daemon.worker.reply_rules import ReplyRules
from empath.daemon.worker.settling import Settling
from empath.daemon.worker.transport.carrier import Answer, HostAttempt
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import Recipient
from empath.mail.fate import Attempt, Said
from empath.mail.identity import Timestamp
from empath.mail.outcome import Handover, Outcome, Stage
from empath.storage.queue.accept import Accept
from empath.storage.queue.put_back import EndLease
from empath.storage.write import Write
from empath.telemetry.subscribers import emitter
from tests.daemon.housekeeper.test_reporter import Bench
from tests.kit.queue import T0, said_by_host, violations

LATE_S, TOO_LATE_S = 5 * 3600, 6 * 24 * 3600  # after acceptance
times = itertools.count(int(T0), 10 * 24 * 3600)  # no example is before another one
EVENTS = ("SUCCESS", "FAILURE", "DELAY")
lists = st.sets(st.sampled_from(EVENTS), min_size=1).map(lambda events: ",".join(sorted(events)))
notifies = st.none() | st.just("NEVER") | lists


@dataclass(frozen=True)
class Course:
    """What happens to one recipient: perhaps a delay, then its end; "waiting" for none yet, "expanded" at once."""

    notify: str | None
    is_delayed: bool
    end: str


ANSWERS = {
    "delivered": (Outcome.DELIVERED, "250 2.0.0 Ok", Handover.FINAL),
    "relayed": (Outcome.DELIVERED, "250 2.0.0 Ok", Handover.RELAYED),
    "passed on": (Outcome.DELIVERED, "250 2.0.0 Ok", Handover.REPORTING),
    "bounced": (Outcome.BOUNCED, "550 5.1.1 Who?", Handover.RELAYED),
    "expired": (Outcome.DEFERRED, "451 4.2.1 Later", Handover.RELAYED),
}
ends = st.sampled_from([*ANSWERS, "waiting"])
courses = st.builds(Course, notifies, st.booleans(), ends) | st.just(Course("SUCCESS,FAILURE", False, "expanded"))


def heard(course: Course, *, clears_delays: bool) -> list[tuple[str, str, str]]:
    """
    RFC 3461 §4.1 and §5.2.1 to §5.2.7, by hand: kind, Action and class of Status of each report, in their order.

    Without NOTIFY=, the host may report delays (§4.1), and this one does.
    """
    wanted = {"FAILURE", "DELAY"} if course.notify is None else set(course.notify.split(","))
    reports = []
    if course.is_delayed and "DELAY" in wanted:
        reports.append(("delay", "delayed", "4"))
    match course.end:
        case "bounced" if "FAILURE" in wanted:
            reports.append(("failure", "failed", "5"))
        case "expired" if "FAILURE" in wanted:
            reports.append(("failure", "failed", "4"))
        case "delivered" | "relayed" | "expanded" if "SUCCESS" in wanted:
            reports.append(("success", course.end, "2"))
        case "delivered" | "relayed" | "passed on" if clears_delays and course.is_delayed and "DELAY" in wanted:
            reports.append(("success", "delivered" if course.end == "delivered" else "relayed", "2"))
    return reports


def told(content: bytes) -> tuple[str, list[tuple[str, str, str]]]:
    """Kind of a report, then recipient, Action and class of Status of each block."""
    report: Any = email.message_from_bytes(content)
    _, status, original = report.get_payload()
    assert ("multipart/report", "auto-replied") == (report.get_content_type(), report["Auto-Submitted"])
    blocks = status.get_payload()[1:]
    kinds = {"failed": "failure", "delayed": "delay"}
    [kind] = {kinds.get(block["Action"], "success") for block in blocks}
    whole = "message/rfc822" if kind == "failure" else "text/rfc822-headers"  # H4
    assert whole == original.get_content_type()
    assert (kind == "delay") == any("Will-Retry-Until" in block for block in blocks)
    return kind, [(b["Final-Recipient"].removeprefix("rfc822; "), b["Action"], b["Status"][0]) for b in blocks]


class KeptBench(Bench):
    """Keeps a reporter and the rules for replies until *ends*: they would be opened and compiled for each example."""

    def __init__(self, folder: Path, more: str, ends: ExitStack) -> None:
        super().__init__(folder, more)
        self._reporter = ends.enter_context(self.reporter())
        self.reply_rules = ReplyRules(SharedReader(self.queue.engine.open_reader), emitter("worker-1"), lambda: 0.0)

    def report(self, path: Path | None = None) -> None:
        """One round."""
        self._reporter.report()


class Run:
    """One message through its courses."""

    def __init__(self, bench: KeptBench, courses: list[Course], sender: str) -> None:
        self.bench, self.names = bench, {f"r{n}@a.example": course for n, course in enumerate(courses)}
        everyone = {Address.parse(name): course for name, course in self.names.items()}
        plain = [Recipient(a, c.notify) for a, c in everyone.items() if c.end != "expanded"]
        target = Recipient(Address.parse("target@a.example"), "NEVER")
        self.at = next(times)
        message = bench.queue.new_message(at=self.at)
        bench.queue.run(
            Accept(
                message._replace(
                    envelope=message.envelope._replace(
                        reverse_path=ReversePath.parse(sender), recipients=tuple(plain or [target])
                    ),
                    destinations=("a.example",) * (len(plain) or 1),
                    expires_at=Timestamp(self.at + TOO_LATE_S),
                    expanded=tuple(Recipient(a, c.notify) for a, c in everyone.items() if c.end == "expanded"),
                )
            )
        )

    def settle(self, age_s: float, answers: dict[str, tuple[Outcome, str, Handover]]) -> None:
        """Give *answers* at *age_s* to recipients of the message; the others wait on."""
        now = self.at + age_s
        runtime: Any = SimpleNamespace(
            config=self.bench.config,
            rules=SimpleNamespace(book=self.bench.config.rule_book()),
            emit=lambda occurrence: None,
            process_id=self.bench.queue.process_id,
            now=lambda: Timestamp(now),
        )
        for lease in self.bench.queue.lease(now=now):
            writes: list[Write] = []
            for message in lease.messages:
                tried = [
                    HostAttempt(
                        Attempt(lease.destination, now - 1, 1.0, "mx.a.example"),
                        [Answer(each, Said(Stage.END_OF_DATA, said_by_host(answers[each.address][1])), outcome)],
                        handover,
                    )
                    for each in message.recipients
                    if each.address in answers
                    for outcome, _, handover in [answers[each.address]]
                ]
                writes += Settling(runtime, lease, self.bench.reply_rules).settle(message, tried)
            self.bench.queue.run(
                *writes, EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=now)
            )


@pytest.fixture(scope="module", params=[False, True], ids=["usual", "delay_cleared"])
def bench(request, tmp_path_factory):
    with ExitStack() as ends:
        made = KeptBench(
            tmp_path_factory.mktemp("rules"), "[reports]\ndelay_cleared = true\n" if request.param else "", ends
        )
        yield made
    assert {} == violations(made.queue.path)
    made.queue.close()


@given(
    all_courses=st.lists(courses, min_size=1, max_size=5),
    sender=st.sampled_from(["sender@example.test", "sender@example.test", ""]),
)
def test_d2_h3_h5_i3_the_sender_hears_exactly_what_rfc_3461_says(bench, all_courses, sender):
    """
    Nothing is told twice, to the null sender, or of a recipient that asked for silence; and each kind has one report
    for all recipients that it is about.
    """
    bench.queue.write("UPDATE queue SET status = 'cancelled'")  # of the example before
    bench.report()
    before = len(bench.reports())
    run = Run(bench, all_courses, sender)
    run.settle(LATE_S, {name: ANSWERS["expired"] for name, course in run.names.items() if course.is_delayed})
    bench.report()
    run.settle(TOO_LATE_S, {name: ANSWERS[c.end] for name, c in run.names.items() if c.end in ANSWERS})
    bench.report()
    clears = bench.config.reports.delay_cleared
    expected: dict[tuple[str, bool], list[tuple[str, str, str]]] = {}
    for name, course in run.names.items() if sender else ():
        for kind, action, klass in heard(course, clears_delays=clears):
            # What was open at the first look has a report of its own.
            expected.setdefault((kind, action in ("delayed", "expanded")), []).append((name, action, klass))
    found = [told(content) for *_, content in bench.reports()[before:]]
    assert sorted((kind, sorted(blocks)) for (kind, _), blocks in expected.items()) == sorted(
        (kind, sorted(blocks)) for kind, blocks in found
    )
    assert [] == bench.notices()
