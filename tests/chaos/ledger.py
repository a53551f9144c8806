"""
ledger - promises and arrivals, recipient by recipient

A run uses each recipient's address once, so the address is the key on both sides.
"""

import threading
from collections import Counter
from enum import Enum, auto


class Answer(Enum):
    """The answer that a client got for its mail."""

    TAKEN = auto()  # 250 after the final dot
    REFUSED = auto()  # another reply, or the connection ended before the content was sent
    UNKNOWN = auto()  # the connection ended after the content


class Ledger:
    """Both sides. Any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answers: dict[str, Answer] = {}
        self.arrivals: Counter[str] = Counter()
        self.damaged: list[str] = []  # what is wrong with content that arrived

    def answer(self, recipients: list[str], answer: Answer) -> None:
        """Note the answer of a client for its mail to *recipients*."""
        with self._lock:
            self.answers.update(dict.fromkeys(recipients, answer))

    def arrive(self, recipients: list[str], damage: str | None) -> None:
        """Note a mail for *recipients* at a next hop; *damage* says what is wrong with its content."""
        with self._lock:
            self.arrivals.update(recipients)
            if damage is not None:
                self.damaged.append(damage)

    def count(self, answer: Answer) -> int:
        """The number of recipients with this answer."""
        with self._lock:
            return sum(found is answer for found in self.answers.values())

    def lost(self) -> list[str]:
        """Promised recipients without mail."""
        return sorted(r for r, answer in self.answers.items() if answer is Answer.TAKEN and not self.arrivals[r])

    def unasked(self) -> list[str]:
        """Recipients that got a mail although its client got a refusal."""
        return sorted(r for r in self.arrivals if self.answers.get(r) is Answer.REFUSED)

    def twice(self) -> dict[str, int]:
        """Recipients with more than one copy, and the number of their extra copies."""
        return {r: count - 1 for r, count in self.arrivals.items() if count > 1}
