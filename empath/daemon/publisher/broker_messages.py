"""
broker_messages - an event as message brokers get it, and what all of them are asked with
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from empath.config.tables.event_brokers import LoginBroker
from empath.daemon.publisher.said import Said
from empath.mail.printable import printable
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict

GRACE_S: Final = 2.0  # after which a wait ends that no deadline of the library ended
IDLE_S: Final = 30.0  # after which a connection is not used again: the broker may have left it
_MOST_WORDS: Final = 200


class Message(NamedTuple):
    """
    One message.

    Shape: key is the same each time the event is sent, and that of no other event of any queue; body is a JSON object.
    """

    event: Event
    key: str
    body: bytes


def messages_of(events: Sequence[Event], queue: str) -> list[Message]:
    """*events* of the queue with the key *queue*."""
    return [Message(event, f"{queue}-{event.event_id}", json.dumps(record_of(event)).encode()) for event in events]


def password_of(broker: LoginBroker) -> str | None:
    """
    The password in the file of *broker*; None if it has no login.

    Raises:
        ValueError: see `secret_in`.
    """
    return None if broker.password_file is None else secret_in(broker.password_file)


def secret_in(file: Path) -> str:
    """
    The line in *file*.

    Raises:
        ValueError: it cannot be read, or is empty.
    """
    try:
        found = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ValueError(f"{file}: {getattr(exc, 'strerror', None) or exc}") from exc
    if not found:
        raise ValueError(f"{file}: it is empty")
    return found


def failed(error: BaseException | str, verdict: Verdict = Verdict.FAILED) -> Said:
    """That the broker did not take events, in printable words."""
    words = error if isinstance(error, str) else str(error) or type(error).__name__
    return Said(verdict, printable(" ".join(words.split())[:_MOST_WORDS]))
