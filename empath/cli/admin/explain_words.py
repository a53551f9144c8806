"""
explain_words - the answer of `explain`, as people read it

The first line says why the mail is not delivered now and when it goes next.  A word of blocked_by has one sentence; the
view says what decides it.
"""

import json
from collections import Counter
from typing import Final

import click

from empath.cli.admin.explained import Explained, Way
from empath.cli.admin.output import Column, write_pairs, write_table
from empath.cli.admin.routing import write_hosts
from empath.cli.admin.transcript import write_dialogues
from empath.mail.printable import printable
from empath.mail.words import count, instant, path, span
from empath.policy.destinations.rulebook import Decision, Layer
from empath.policy.limits.delivery import ALL
from empath.policy.sts import KeptPolicy
from empath.storage.admin.explanation import MOST_SHOWN, BucketState, DestinationState, LastAttempt, Settled, Waiting
from empath.storage.admin.pauses import resume_command

_RECIPIENTS: Final = (
    *(Column("RECIPIENT"), Column("STATUS"), Column("WAITS-FOR"), Column("UNTIL", 1), Column("TRIES", 2)),
    *(Column("ADDRESS", 0, 20), Column("WHY", 1, 20)),
)
_SETTLED: Final = (
    Column("RECIPIENT"),
    Column("STATUS"),
    Column("AT", 1),
    Column("ADDRESS", 0, 20),
    Column("REPLY", 1, 20),
)
_ATTEMPTS: Final = (
    *(Column("AT"), Column("OUTCOME"), Column("STAGE", 2), Column("HOST", 1, 12), Column("TLS", 3, 12)),
    Column("REPLY", 0, 16),
)
_ANSWERS: Final = (
    *(Column("NAME", 0, 20), Column("TYPE"), Column("STATUS"), Column("DNSSEC", 2), Column("EXPIRES", 2)),
    *(Column("ANSWER", 0, 20), Column("FAILURE", 1, 12)),
)
# What each word of blocked_by means. {until} is an instant with the time that is left, {rule} what decides.
_SENTENCES: Final = {
    None: "is due, and a worker takes it in its turn",
    "delivery": "is being delivered now: {rule}",
    "hold": "is on hold ({rule}), until `empath-admin release {number}`",
    "freeze": "waits because all delivery is frozen ({rule}); `empath-admin thaw` ends that",
    "suspension": "waits because {destination} is suspended until {until}; to end that: {resume}",
    "hours": "waits for the hours of {destination}, until {until} ({rule})",
    "warm-up": "waits for room in the plan of a new source address, until {until} ({rule})",
    "breaker": "waits because {destination} gave no session; the next try is {until} ({rule})",
    "probe": "waits for the message that tries {destination} first ({rule})",
    "rate": "waits for the {rule}, until {until}",
    "sender rate": "waits for the {rule}, until {until}",
    "concurrency": "waits for a connection to {destination}: {rule}",
    "retry": "waits for its next try {until}, after {rule}",
    "not due": "is not due before its next try {until}",
    "no worker": "is due, but no worker runs: `empathd status` says why",
    "bound": "is due, but the row of {destination} is wrong: `empath-admin fsck --repair` mends it",
}

# The same of several recipients; the others are "held back by" the word.
_SHORT: Final = {
    None: "due, a worker takes them in their turn",
    "delivery": "being delivered now",
    "hold": "on hold",
    "freeze": "waiting because all delivery is frozen",
    "retry": "waiting for the next try",
    "not due": "not due yet",
    "no worker": "due, but no worker runs",
}


def answer(found: Explained) -> str:
    """The first line."""
    if not found.waiting:
        return _nothing_waits(found)
    if len(found.waiting) == 1:
        [only] = found.waiting
        return f"{path(only.recipient)} {_sentence(only, found.at)}"
    words = Counter(each.blocked_by for each in found.waiting)
    parts = []
    for word, number in words.most_common():
        soonest = min(
            (each for each in found.waiting if each.blocked_by == word), key=lambda one: one.blocked_until or 0
        )
        parts.append(f"{number} {_short(soonest, found.at)}")
    most = "the first " if len(found.waiting) == MOST_SHOWN else ""
    return printable(f"{most}{count(len(found.waiting), 'recipient')} of {found.target}: {'; '.join(parts)}")


def _nothing_waits(found: Explained) -> str:
    if found.settled:
        words = Counter(each.status for each in found.settled)
        parts = ", ".join(f"{number} {status}" for status, number in words.most_common())
        return f"nothing of {found.target} waits: {parts}"
    text = f"no mail for {found.target} waits"
    if found.suppressed_by is not None:
        return f"{text}; new mail is refused, because {found.suppressed_by.address} is suppressed"
    if not found.ways:
        return text
    way = found.ways[0]
    if way.route is None and not way.destination.startswith("no-route:"):
        return text
    if way.route is None:
        return f"{text}; new mail is refused, because no route takes it"
    return f"{text}; new mail goes by {way.route}"


def _sentence(each: Waiting, now: float) -> str:
    text = _SENTENCES[each.blocked_by].format(
        rule=each.rule,
        until=_until(each, now),
        destination=each.destination,
        number=each.recipient_id,
        resume=resume_command(each.destination, None),
    )
    if each.blocked_by == "suspension" and each.rule is not None and ": " in each.rule:
        text += f" ({each.rule.partition(': ')[2]})"
    return printable(text + (f"; {each.next_attempt}" if each.next_attempt else ""))


def _short(each: Waiting, now: float) -> str:
    """What several recipients wait for, with the first instant of theirs."""
    until = "" if each.blocked_until is None else f", the first {_until(each, now)}"
    return f"{_SHORT.get(each.blocked_by, f'held back by {each.blocked_by}')}{until}"


def _until(each: Waiting, now: float) -> str:
    if each.blocked_until is None:
        return "-"
    return f"in {span(each.blocked_until - now)}, at {instant(each.blocked_until)}"


def write(found: Explained) -> None:
    """The answer, then what it follows from."""
    click.echo(answer(found))
    if found.waiting:
        click.echo()
        write_table(_RECIPIENTS, [_recipient(each) for each in found.waiting])
    if found.settled:
        click.echo()
        write_table(_SETTLED, [_settled(each) for each in found.settled])
    if found.suppressed_by is not None:
        row = found.suppressed_by
        click.echo()
        write_pairs(
            [("suppressed", f"{row.address} since {instant(row.created_at)} by {row.source}: {row.reason or '-'}")]
        )
    if found.trace_id is not None:
        click.echo()
        write_pairs([("trace", found.trace_id)])
    for way in found.ways:
        click.echo()
        _write_way(way, found.at)
    logged = [each for each in found.waiting if each.attempt_log][:1]
    for each in logged:
        click.echo()
        write_table(_ATTEMPTS, [_attempt(one) for one in each.attempt_log])
    write_dialogues(found.transcripts)


def _recipient(each: Waiting) -> tuple[object, ...]:
    until = None if each.blocked_until is None else instant(each.blocked_until)
    why = each.rule if each.next_attempt is None else f"{each.rule or 'due'}; {each.next_attempt}"
    return each.recipient_id, each.status, each.blocked_by or "its turn", until, each.attempts, each.recipient, why


def _settled(each: Settled) -> tuple[object, ...]:
    return each.recipient_id, each.status, instant(each.settled_at), each.recipient, each.words


def _attempt(one: LastAttempt) -> tuple[object, ...]:
    return instant(one.started_at), one.outcome, one.stage, one.host or one.peer_address, _tls_of(one), one.reply


def _tls_of(one: LastAttempt) -> str | None:
    if one.tls_version is None:
        return one.tls_failure or one.tls_policy
    return f"{one.tls_version}, {one.tls_peer or 'not proved'}; {one.tls_policy or '-'}"


def _write_way(way: Way, now: float) -> None:
    decided = {each.setting: each for each in way.decisions}
    write_pairs(
        [
            ("destination", way.destination),
            ("route", way.route or "-"),
            ("decided by", way.decided_by if way.pattern is None else f"{way.decided_by} {way.pattern}"),
            *([("leads to", f"{way.leads_to}: the next attempt moves it there")] if way.leads_to is not None else []),
            *_state(way.state, decided, now),
            *_rates(way, decided, now),
            *_others(decided),
            *_tls(way, decided, now),
        ]
    )
    if way.answers:
        click.echo()
        write_table(
            _ANSWERS,
            [
                (x.name, x.type, x.status, x.dnssec, instant(x.expires_at), _records(x.answer), x.failure)
                for x in way.answers
            ],
        )
    if way.hosts:
        click.echo()
        write_hosts(way.hosts)


def _records(answer: str) -> str:
    return ", ".join(map(str, json.loads(answer)))


def _state(state: DestinationState | None, decided: dict[str, Decision], now: float) -> list[tuple[str, object]]:
    if state is None:
        return [("mail so far", "none, or it is forgotten")]
    pairs: list[tuple[str, object]] = [
        ("waiting", f"{state.waiting}, of which {state.due} due; next at {instant(state.next_retry_at)}"),
    ]
    if state.held:
        pairs.append(("on hold", state.held))
    concurrency = decided.get("concurrency")
    limit = str(state.max_leases) if concurrency is None else f"{concurrency.value} by {concurrency.origin}"
    window = f"; window {state.lease_window}" if state.lease_window < state.max_leases else ""
    pairs.append(("connections", f"{len(state.leases)} of {state.lease_limit}; concurrency {limit}{window}"))
    pairs += [
        ("held by", f"{each.process} since {instant(each.leased_at)}, {count(each.recipients, 'recipient')}")
        for each in state.leases
    ]
    if state.breaker_until is not None:
        what = (
            f"open until {instant(state.breaker_until)}"
            if state.breaker_until > now
            else "half open: one message goes first"
        )
        pairs.append(("breaker", f"{what}, opened {count(state.openings, 'time')}"))
    if state.last_failure is not None:
        pairs.append(("last failure", state.last_failure))
    if state.suspended_until is not None and state.suspended_until > now:
        by = f" by {state.suspended_by}" if state.suspended_by is not None else ""
        why = f": {state.suspended_reason}" if state.suspended_reason else ""
        pairs.append(("suspended", f"until {instant(state.suspended_until)}{by}{why}"))
    if state.exchangers:
        pairs.append(("hosts", state.exchangers))
    return pairs


def _rates(way: Way, decided: dict[str, Decision], now: float) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    rate = decided.get("rate")
    if rate is not None and rate.origin.layer is not Layer.BUILT_IN:
        pairs.append(("rate", f"{rate.value or 'none'} by {rate.origin}"))
    return [*pairs, *(("tokens", _bucket(each, now)) for each in way.buckets if each.full_at > now)]


def _bucket(each: BucketState, now: float) -> str:
    name = "[delivery] rate" if each.name == ALL else each.name
    if each.token_at is not None and each.token_at > now:
        return f"{name}: none until {instant(each.token_at)}"
    return f"{name}: some, full at {instant(each.full_at)}"


def _others(decided: dict[str, Decision]) -> list[tuple[str, object]]:
    shown = ("concurrency", "rate", "route", "tls")
    return [
        (each.setting, f"{each.value or '-'} by {each.origin}")
        for each in decided.values()
        if each.setting not in shown and each.origin.layer is not Layer.BUILT_IN
    ]


def _tls(way: Way, decided: dict[str, Decision], now: float) -> list[tuple[str, object]]:
    tls = decided.get("tls")
    if tls is None:
        return []
    pairs: list[tuple[str, object]] = [("tls", f"{tls.value} by {tls.origin}")]
    if way.sts_policy is not None and way.sts_policy.is_in_force(now):
        pairs.append(("mta-sts", policy_words(way.sts_policy)))
    return pairs


def policy_words(kept: KeptPolicy) -> str:
    """An MTA-STS policy in a line."""
    policy = kept.policy
    failure = f"; the last look failed: {kept.failure}" if kept.failure else ""
    return f"{policy.mode}, mx {' '.join(policy.patterns) or '-'}, until {instant(kept.expires_at)}{failure}"
