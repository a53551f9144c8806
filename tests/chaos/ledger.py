"""
ledger - promises and arrivals, recipient by recipient

A recipient's address is used once in a run, so it is the key of both sides.
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
    """Both sides; any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answers: dict[str, Answer] = {}
        self.arrivals: Counter[str] = Counter()
        self.damaged: list[str] = []  # what is wrong with content that came

    def answer(self, recipients: list[str], answer: Answer) -> None:
        """A client heard this of its mail to *recipients*."""
        with self._lock:
            self.answers.update(dict.fromkeys(recipients, answer))

    def arrive(self, recipients: list[str], damage: str | None) -> None:
        """A next hop took a mail for *recipients*; *damage* says what is wrong with its content."""
        with self._lock:
            self.arrivals.update(recipients)
            if damage is not None:
                self.damaged.append(damage)

    def count(self, answer: Answer) -> int:
        """Recipients whose mail was answered so."""
        with self._lock:
            return sum(found is answer for found in self.answers.values())

    def lost(self) -> list[str]:
        """Promised recipients without mail."""
        return sorted(r for r, answer in self.answers.items() if answer is Answer.TAKEN and not self.arrivals[r])

    def unasked(self) -> list[str]:
        """Recipients that got a mail that was refused to its client."""
        return sorted(r for r in self.arrivals if self.answers.get(r) is Answer.REFUSED)

    def twice(self) -> dict[str, int]:
        """Recipients that got more than one copy, and how many they got beyond it."""
        return {r: count - 1 for r, count in self.arrivals.items() if count > 1}
