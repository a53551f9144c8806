"""
timeline - the life of one recipient, as the rows tell it: taken, tried, changed, settled
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from empath.mail.printable import printable
from empath.mail.status import FINAL, WAITING, RecipientStatus
from empath.mail.words import span
from empath.storage.admin.listings import Reason
from empath.storage.admin.records import AttemptRow, Message, Recipient
from empath.storage.admin.transcripts import FailedDialogue
from empath.storage.engine import Row

_GOOD: Final = frozenset({RecipientStatus.DELIVERED})
_BAD: Final = FINAL - _GOOD


@dataclass(frozen=True, slots=True)
class Moment:
    """
    One thing that happened, or that is due.

    Shape: at in Unix seconds; mood is good, bad or plain; notes are further facts, each a name and a value; dialogue is
    what was said, a line each.
    """

    at: float
    what: str
    mood: str = "plain"
    words: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    dialogue: str = ""


def life_of(
    message: Message,
    recipient: Recipient,
    changes: list[Row],
    reason: Reason | None,
    now: float,
    *,
    transcripts: Sequence[FailedDialogue] = (),
) -> list[Moment]:
    """
    What happened to *recipient*, oldest first, and what comes next, as it is at *now*; *reason* if it is live;
    *transcripts* are those of the message.
    """
    moments = [_arrival(message)]
    moments += [_attempt(attempt) for attempt in recipient.attempt_log]
    moments += [_change(change) for change in changes]
    moments += [_dialogue(each) for each in transcripts if each.destination == recipient.destination]
    moments.sort(key=lambda moment: moment.at)
    if recipient.settled_at is not None and recipient.status in FINAL:
        words = "" if recipient.attempt_log else _reason(recipient)  # else the last attempt has them
        moments.append(Moment(recipient.settled_at, recipient.status, _mood(recipient.status), words))
    elif recipient.status in WAITING:
        moments.append(_next(recipient, reason, now))
    else:
        moments.append(Moment(now, recipient.status, words=_reason(recipient), notes=_notes(reason)))
    return moments


def _arrival(message: Message) -> Moment:
    notes = [
        ("client", f"{message.client_address} ({message.client_name})"),
        ("account", message.account),
        ("listener", message.listener),
        ("TLS", message.tls_version and f"{message.tls_version} {message.tls_cipher}"),
    ]
    words = "" if message.client_address else "made by this host"
    shown = tuple((name, printable(value)) for name, value in notes if value and message.client_address)
    return Moment(message.received_at, "accepted", words=words, notes=shown)


def _attempt(attempt: AttemptRow) -> Moment:
    status = " ".join(str(part) for part in (attempt.code, attempt.enhanced) if part is not None)
    notes = [
        ("host", " ".join(part for part in (attempt.host, attempt.peer_address) if part)),
        ("stage", attempt.stage),
        ("reply", status),
        ("took", f"{attempt.duration_s:.3f} s"),
        ("connected in", None if attempt.connect_s is None else f"{attempt.connect_s:.3f} s"),
        ("TLS", " ".join(part for part in (attempt.tls_version, attempt.tls_cipher, attempt.tls_peer) if part)),
        ("TLS policy", attempt.tls_policy),
        ("TLS failed", attempt.tls_failure),
        ("DNSSEC", attempt.dnssec),
        ("from", attempt.source),
        ("class", attempt.bounce_class),
    ]
    return Moment(
        attempt.started_at,
        f"attempt: {attempt.outcome.replace('_', ' ')}",
        _mood(attempt.outcome),
        attempt.reply,
        tuple((name, printable(value)) for name, value in notes if value),
    )


def _change(change: Row) -> Moment:
    at, who, what, before, after, statement = change
    words = f"{what}: {_value(before)} to {_value(after)}"
    notes = (("by", printable(str(statement))),) if statement is not None else ()
    return Moment(at, f"changed by {printable(str(who))}", words=printable(words), notes=notes)


def _dialogue(each: FailedDialogue) -> Moment:
    notes = (("host", printable(each.with_whom)), ("stage", each.stage))
    return Moment(each.failed_at, "what was said", words=each.reply, notes=notes, dialogue=each.dialogue)


def _value(value: object) -> str:
    return "nothing" if value is None else str(value)


def _next(recipient: Recipient, reason: Reason | None, now: float) -> Moment:
    due_at = max(recipient.next_retry_at, now if reason is None or reason.until_unix is None else reason.until_unix)
    wait_s = due_at - now
    if reason is not None and reason.blocked_by is not None and reason.until_unix is None:
        words = f"it waits for: {reason.blocked_by}"
    else:
        words = f"the next attempt is due in {span(wait_s)}" if wait_s > 0 else "an attempt is due now"
    lifetime = (("given up", f"in {span(recipient.expires_at - now)}"),)
    return Moment(max(now, due_at), "waiting", words=words, notes=(*_notes(reason), *lifetime))


def _notes(reason: Reason | None) -> tuple[tuple[str, str], ...]:
    """What decides that it waits, and what is known of the next attempt."""
    if reason is None:
        return ()
    notes = (("waits for", reason.blocked_by), ("decided by", reason.rule), ("next attempt", reason.next_attempt))
    return tuple((name, printable(value)) for name, value in notes if value)


def _reason(recipient: Recipient) -> str:
    return printable(recipient.reason or recipient.last_reply or "")


def _mood(word: str) -> str:
    return "good" if word in _GOOD else "bad" if word in _BAD else "plain"
