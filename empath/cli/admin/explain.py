"""
explain - explain: why mail is not delivered now, when it goes next, and what decides that

What mail waits for comes from the view `explanation`, which reads what a lease reads.  Routes and settings come from
the configuration and the rows, as a worker decides them.  Nothing is asked of the network without --ask.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import click

from empath.cli.admin import explain_words, output
from empath.cli.admin.explained import Explained, Way
from empath.cli.admin.options import RECIPIENT, REFERENCE, json_option, masked_option, unknown
from empath.cli.admin.output import NAME
from empath.cli.admin.routing import hop_hosts
from empath.cli.admin.rule import decision_record
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.cli.pauses import pause_words
from empath.config import Config
from empath.errors import MissingInput, SyntaxViolation, UsageError
from empath.mail.domain import parse_domain, parse_stored
from empath.mail.identity import Timestamp
from empath.policy.destinations.rulebook import RuleBook
from empath.policy.masking import masked_record
from empath.policy.router import RouteDecision, Router, SentBy
from empath.policy.routing import HostRoute, ListRoute, route_text
from empath.storage.admin import explanation as storage
from empath.storage.admin.pauses import find_pauses
from empath.storage.admin.records import Reference
from empath.storage.admin.short_ids import whole
from empath.storage.admin.tracking import trace_id
from empath.storage.admin.transcripts import failed_dialogues
from empath.storage.engine import Selects
from empath.storage.queue.destination_rules import rules_in_force
from empath.storage.queue.sts_policies import find_policy

_MOST_DESTINATIONS: Final = 3


@click.command()
@config_option()
@click.argument("target", metavar="ID|ADDRESS|DOMAIN")
@click.option("--ask", "is_asked", is_flag=True, help="Ask the DNS for the hosts, too.")
@masked_option
@json_option("One JSON object.")
@click.pass_context
def explain(context: click.Context, target: str, *, is_asked: bool, masks: bool, is_json: bool) -> None:
    """
    Say why mail is not delivered now, and when it goes next.

    The argument is a queue id, the number of a recipient, the address of a recipient, a domain, or a destination such
    as smtp:192.0.2.1:25. The first line is the answer. Below it are the route and what decides it, the limits and who
    holds them, the hosts as far as the queue knows them, what is demanded of TLS, and the last replies.
    """
    if masks and "@" in target:
        raise UsageError("--masked takes no address: an answer would tell what is masked")
    config = lenient_configuration(context)
    if any(target == listener.text for listener in config.listeners):
        words = f"{target} is a listener: `empath-admin limit show {target}` says what its clients may do, and why"
        raise UsageError(words)
    now = time.time()
    with open_queue(config).visiting(None) as visit, visit.one_instant():
        found = _explained(config, visit, target, now)
    if is_asked:
        found = replace(found, ways=[_asked(config, way) for way in found.ways])
    if masks:
        found = masked_record(found)
    if is_json:
        output.write_json(_record(found))
    else:
        explain_words.write(found)
    say(NAME, pause_words(found.pauses))


def _explained(config: Config, selects: Selects, target: str, now: float) -> Explained:
    book = config.rule_book(rules_in_force(selects, now))
    looked = _Look(config, selects, book, config.router_by(book), now)
    if "@" in target:
        return looked.address(_parsed(RECIPIENT, target))
    if target.isalnum() and not target.isalpha():
        return looked.message(whole(selects, _parsed(REFERENCE, target)))
    return looked.destination(target)


def _parsed(kind: click.ParamType[Any], text: str) -> Any:
    return kind.convert(text, None, click.get_current_context())


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the queue, by one configuration."""

    config: Config
    selects: Selects
    book: RuleBook
    router: Router
    now: float

    def message(self, reference: Reference) -> Explained:
        """All recipients of a message, or the one that is named."""
        ulid = storage.message_of(self.selects, reference)
        by = None if ulid is None else storage.sent_by(self.selects, ulid)
        if by is None:
            raise MissingInput(unknown(reference))
        waiting = storage.waiting_of(self.selects, reference)
        settled = storage.settled_of(self.selects, reference)
        found = self._all(str(reference), waiting, settled, by)
        return replace(
            found,
            trace_id=trace_id(self.selects, reference),
            transcripts=failed_dialogues(self.selects, message=str(ulid)),
        )

    def address(self, address: str) -> Explained:
        """The mail for one address."""
        waiting = storage.waiting_for_address(self.selects, address)
        found = self._all(address, waiting, [], None)
        if not found.ways:
            found = replace(found, ways=[self._way_of_address(address, SentBy())])
        return replace(
            found,
            suppressed_by=storage.suppressed_by(self.selects, address, self.now),
            transcripts=failed_dialogues(self.selects, destination=found.ways[0].destination),
        )

    def destination(self, name: str) -> Explained:
        """The mail for a domain, or for a destination."""
        if self._is_next_hop(name):
            ways, domain = [self._way(name, name, None)], None
            if ways[0].state is None:
                raise MissingInput(f"no destination {name} in the queue database; `empath-admin stats` names some")
        else:
            domain = _domain(name)
            decision = self.router.decide_for_domain(parse_stored(domain))
            key = decision.destination(domain)
            ways = [self._way(key, domain, decision)]
            if key != domain:  # mail from before a change of the routes
                before = self._way(domain, domain, decision, key)
                ways += [before] if before.state is not None and before.state.waiting else []
        waiting = [
            each
            for way in ways
            for each in storage.waiting_at(self.selects, way.destination, domain if way.destination != domain else None)
        ]
        pauses = find_pauses(self.selects, self.now, ways[0].destination)
        said = failed_dialogues(self.selects, destination=ways[0].destination)
        return Explained(name, self.now, waiting[: storage.MOST_SHOWN], [], ways, pauses, transcripts=said)

    @staticmethod
    def _is_next_hop(name: str) -> bool:
        return (":" in name or "," in name) and not name.startswith("[")

    def _all(
        self, target: str, waiting: list[storage.Waiting], settled: list[storage.Settled], by: SentBy | None
    ) -> Explained:
        ways: dict[str, Way] = {}
        for each in waiting:
            if each.destination not in ways and len(ways) < _MOST_DESTINATIONS:
                sender = by or storage.sent_by(self.selects, each.id) or SentBy(each.sender)
                ways[each.destination] = self._way_of_recipient(each, sender)
        frozen = find_pauses(self.selects, self.now, waiting[0].destination if waiting else "")
        return Explained(target, self.now, waiting, settled, list(ways.values()), frozen)

    def _way_of_recipient(self, each: storage.Waiting, by: SentBy) -> Way:
        decision = self.router.decide(each.recipient, parse_stored(each.domain), by)
        leads_to = decision.destination(each.domain)
        moved = None if leads_to == each.destination else leads_to
        return self._way(each.destination, each.domain, decision, moved)

    def _way_of_address(self, address: str, by: SentBy) -> Way:
        domain = _domain(address.rpartition("@")[2])
        decision = self.router.decide(address, parse_stored(domain), by)
        key = decision.destination(domain)
        return self._way(key, domain, decision)

    def _way(self, name: str, domain: str, decision: RouteDecision | None, leads_to: str | None = None) -> Way:
        state = storage.state_of(self.selects, name, self.now)
        exchangers = tuple((state.exchangers or "").split()) if state is not None else ()
        buckets = [bucket.name for bucket in self.book.buckets(name, exchangers)]
        return Way(
            destination=name,
            domain=domain,
            route=None if decision is None or decision.route is None else route_text(decision.route),
            decided_by="-" if decision is None else str(decision.layer),
            pattern=None if decision is None else decision.pattern,
            leads_to=leads_to,
            state=state,
            decisions=self.book.explain(name, domain if domain != name else None, exchangers),
            buckets=storage.buckets_of(self.selects, [*buckets, "all"]),
            answers=storage.answers_about(self.selects, _names(name, exchangers)),
            sts_policy=find_policy(self.selects, domain),
        )


def _domain(text: str) -> str:
    try:
        return str(parse_domain(text))
    except SyntaxViolation as exc:
        raise UsageError(
            f"{text!r} is neither a queue id of 26 characters, a recipient's number, an address, nor a domain"
        ) from exc


def _names(destination: str, exchangers: Sequence[str]) -> list[str]:
    """Names that the DNS was asked about for the hosts of a destination."""
    hop = destination.partition(":")[2].rpartition(":")[0] if ":" in destination else destination
    return list(dict.fromkeys([hop, *exchangers, *(f"_25._tcp.{name}" for name in exchangers)]))


def _asked(config: Config, way: Way) -> Way:
    book = _rules(config)
    chosen = config.router_by(book).decide_for_domain(parse_stored(way.domain)).route
    if not isinstance(chosen, HostRoute | ListRoute):
        return replace(way, hosts=[])
    return replace(way, hosts=hop_hosts(config, chosen, way.domain))


def _rules(config: Config) -> RuleBook:
    with open_queue(config).visiting(None) as visit:
        return config.rule_book(rules_in_force(visit, time.time()))


def _record(found: Explained) -> dict[str, object]:
    """*found* for JSON."""
    record: dict[str, object] = {
        "target": found.target,
        "answer": explain_words.answer(found),
        "at": Timestamp(found.at).iso8601(),
        "frozen_since": found.pauses.frozen_since,
        "recipients": found.waiting,
        "settled": found.settled,
        "suppressed_by": found.suppressed_by,
        "trace_id": found.trace_id,
        "transcripts": found.transcripts,
        "destinations": [_way_record(way) for way in found.ways],
    }
    return record


def _way_record(way: Way) -> dict[str, object]:
    policy = way.sts_policy
    return {
        "destination": way.destination, "domain": way.domain, "route": way.route, "decided_by": way.decided_by,
        "pattern": way.pattern, "leads_to": way.leads_to, "state": way.state,
        "settings": [decision_record(each) for each in way.decisions], "buckets": way.buckets, "dns": way.answers,
        "sts_policy": None if policy is None else explain_words.policy_words(policy), "hosts": way.hosts,
    }  # fmt: skip


VERBS: Final = (explain,)
