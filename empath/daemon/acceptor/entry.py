"""
entry - what a listener finds out about a client before the banner

All questions to the DNS go out at the same time, and share one deadline with those that follow from the answers.  What
is not answered in time does not count: a dead name server delays a client, and refuses none.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from empath.mail.lookup import Kind, LookupAnswer, Question, Texts
from empath.mail.reply import Reply
from empath.net.resolver import Resolver
from empath.policy.access import ClientAddress
from empath.policy.client_name import ClientName, address_questions, find_name, name_question
from empath.policy.dnsbl import BlocklistPolicy, Verdict, asked_of, refusal
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import BlocklistUnusable


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found. Shape: refusal is the reply to its recipients; name is None if the client has none."""

    refusal: Reply | None = None
    name: ClientName | None = None


class EntryChecks:
    """
    What one listener wants to know. While it asks, a client that is not trusted waits for the banner, at least for
    `greet_delay_s` seconds.
    """

    def __init__(
        self,
        resolver: Resolver,
        emit: Emitter,
        *,
        blocklists: BlocklistPolicy | None,
        wants_name: bool,
        within_s: float,
        greet_delay_s: float = 0.0,
    ) -> None:
        self.greet_delay_s = greet_delay_s
        self._resolver = resolver
        self._emit = emit
        self._blocklists = blocklists
        self._wants_name = wants_name
        self._within_s = within_s
        self._unusable: set[str] = set()  # zones that are in the log

    def examine(self, client: ClientAddress, *, is_trusted: bool) -> Findings:
        """Ask about *client*; no list is asked about one that *is_trusted*."""
        ends_at = time.monotonic() + self._within_s
        lists = None if is_trusted else self._blocklists
        named_by = name_question(client)
        questions = [*(lists.questions(client) if lists else ()), *((named_by,) if self._wants_name else ())]
        answers = self._ask(questions, ends_at)
        verdict = lists.judge(client, answers) if lists else Verdict(0, None)
        self._report(verdict)
        further = address_questions(client, answers[named_by]) if self._wants_name else []
        zone = verdict.zone if lists and verdict.score >= lists.threshold else None
        if zone is not None:
            further.append(asked_of(zone, client, Kind.TXT))
        answers |= self._ask(further, ends_at)
        return Findings(
            None if zone is None else refusal(client, zone, _reason(answers[asked_of(zone, client, Kind.TXT)])),
            find_name(client, answers[named_by], answers) if self._wants_name else None,
        )

    def _ask(self, questions: Sequence[Question], ends_at: float) -> dict[Question, LookupAnswer]:
        left_s = max(0.0, ends_at - time.monotonic())
        return dict(zip(questions, self._resolver.look_up(questions, left_s), strict=True)) if questions else {}

    def _report(self, verdict: Verdict) -> None:
        for zone, code in verdict.refusing:
            if zone not in self._unusable:
                self._unusable.add(zone)
                self._emit(BlocklistUnusable(zone=zone, answer=code))


def _reason(answer: LookupAnswer) -> str:
    return answer.records[0] if isinstance(answer, Texts) else ""
